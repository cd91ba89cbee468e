"""A subject is foreign code: whatever it does is a verdict on it, never green, never a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.errors import ConfigurationError
from parity.channels import ALL, Channel
from parity.record import Record
from parity.records import RecordFolder
from parity.reporting.document import verification_document
from parity.subjects import parse_subject, record_of, subject_for
from parity.verifying import verify
from tests.parity.conftest import HANDMADE

CONFIG: dict[str, Any] = {
    "workflow": "simple_backtest",
    "data": {"data_dir": str(HANDMADE)},
    "symbols": ["AAA"],
    "strategies": [{"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}}],
}


class Evil:
    """Answers with what ``act`` makes of an honest record."""

    name = "evil"

    def __init__(self, act: Callable[[Record], Any]) -> None:
        self._act = act

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Any:
        honest = subject_for(parse_subject("declarative")).run(config, root)
        return self._act(honest)


def changed(**changes: Any) -> Callable[[Record], Record]:
    return lambda record: msgspec.structs.replace(record, **changes)


def with_channel(channel: Any, content: Any) -> Callable[[Record], Record]:
    return lambda record: msgspec.structs.replace(
        record, channels={**record.channels, channel: content}
    )


def raising(error: BaseException) -> Callable[[Record], Any]:
    def act(record: Record) -> Any:
        raise error

    return act


HIDING = {("symbols",): "x", ("strategies",): "x", ("execution",): "x"}

EVIL: dict[str, Callable[[Record], Any]] = {
    "answers with nothing": lambda record: None,
    "answers with another type": lambda record: {"status": "succeeded"},
    "raises": raising(RuntimeError("no")),
    "runs out of memory": raising(MemoryError()),
    "leaves the process": raising(SystemExit(0)),
    "refuses without a problem": raising(ConfigurationError([])),
    "failed, and declares little": changed(status="failed", declared=frozenset({Channel.METRICS})),
    "refused, and declares little": changed(
        status="refused", declared=frozenset({Channel.METRICS})
    ),
    "has a status of its own": changed(status="fine"),
    "has a channel of its own": with_channel("gossip", {}),
    "says it was told everything": changed(told=HIDING),
    "fills a trace with text": with_channel(Channel.TRACE, {"x": "trace"}),
    "fills trades with numbers": with_channel(Channel.TRADES, {"x": 5}),
    "fills equity with objects": with_channel(Channel.EQUITY, {"x": object()}),
    "fills metrics with a list": with_channel(Channel.METRICS, []),
    "fills metrics with NaN": with_channel(Channel.METRICS, {"x": {"sharpe_ratio": float("nan")}}),
    "fills nothing": changed(channels={}, declared=ALL),
}


@pytest.mark.parametrize("act", EVIL.values(), ids=EVIL)
def test_what_a_subject_does_wrong_is_never_green_and_never_a_crash(
    act: Callable[[Record], Any], tmp_path: Path
) -> None:
    control = subject_for(parse_subject("imperative"))
    verification = verify([("c", CONFIG)], control, [Evil(act)], tmp_path / "runs")
    assert verification.exit_code == 1
    folder = RecordFolder.create(tmp_path / "records")
    folder.save(verification, verification_document(verification, str(folder.path)))


def test_an_honest_subject_is_green(tmp_path: Path) -> None:
    control = subject_for(parse_subject("imperative"))
    assert verify([("c", CONFIG)], control, [Evil(lambda r: r)], tmp_path).exit_code == 0


def test_a_subject_that_changes_its_configuration_changes_its_own_copy(tmp_path: Path) -> None:
    class Vandal:
        name = "vandal"

        def run(self, config: Any, root: Path) -> Any:
            config["symbols"].clear()
            raise RuntimeError("done")

    record_of(Vandal(), CONFIG, tmp_path)
    assert CONFIG["symbols"] == ["AAA"]


def test_records_of_subjects_with_one_name_do_not_collide(tmp_path: Path) -> None:
    subject = subject_for(parse_subject("imperative"))
    verification = verify(
        [("c", CONFIG), ("c", CONFIG)], subject, [subject, subject], tmp_path / "runs"
    )
    folder = RecordFolder.create(tmp_path / "records")
    folder.save(verification, verification_document(verification, None))
    assert len(list(folder.path.rglob("record.json"))) == 2 * (1 + 2 + 1)


def test_a_name_that_leads_elsewhere_stays_in_the_folder(tmp_path: Path) -> None:
    control = subject_for(parse_subject("imperative"))
    evil = Evil(changed(subject="../../.."))
    verification = verify([("c", CONFIG)], control, [evil], tmp_path / "runs")
    folder = RecordFolder.create(tmp_path / "records")
    folder.save(verification, verification_document(verification, None))
    outside = [p for p in tmp_path.rglob("record.json") if folder.path not in p.parents]
    assert outside == []


@pytest.mark.parametrize("bad", [{"trace_level": "loud"}, {"results": {"storage": "tape"}}])
def test_what_subjects_are_told_hides_no_mistake_of_the_user(
    bad: dict[str, Any], tmp_path: Path
) -> None:
    verification = verify(
        [("c", {**CONFIG, **bad})],
        subject_for(parse_subject("imperative:storage=memory")),
        [subject_for(parse_subject("declarative:storage=memory"))],
        tmp_path,
    )
    assert verification.exit_code == 2


def test_the_same_failure_in_two_folders_is_the_same(tmp_path: Path) -> None:
    config = {**CONFIG, "strategies": [{"type": "buy_and_hold"}], "results": {"storage": "disk"}}
    for place in ("control", "candidate-0"):
        # A file where the folder of results is to be made: both refuse, each naming its own.
        folder = tmp_path / "0" / place
        folder.mkdir(parents=True)
        (folder / "results").write_text("")
    verification = verify(
        [("c", config)],
        subject_for(parse_subject("imperative")),
        [subject_for(parse_subject("declarative"))],
        tmp_path,
    )
    assert verification.exit_code == 2


def test_traces_with_a_limit_are_compared_at_the_lower_level(tmp_path: Path) -> None:
    config = {**CONFIG, "trace": {"max_events": 20}}
    verification = verify(
        [("c", config)],
        subject_for(parse_subject("imperative")),
        [subject_for(parse_subject("declarative:trace=standard"))],
        tmp_path,
    )
    assert verification.exit_code == 0
    assert verification.pairs[0].channels[Channel.TRACE].compared > 0


def test_results_go_to_the_subjects_folder_whatever_the_configuration_says(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "elsewhere"
    config = {**CONFIG, "results": {"storage": "disk", "directory": str(elsewhere)}}
    control = subject_for(parse_subject("imperative"))
    candidate = subject_for(parse_subject("declarative"))
    assert verify([("c", config)], control, [candidate], tmp_path / "runs").exit_code == 0
    assert not elsewhere.exists()
