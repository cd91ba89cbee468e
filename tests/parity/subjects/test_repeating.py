"""How far a subject is from itself: for both engines nothing, and any other is told as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.noise import NoiseFloor, is_within
from parity.record import Record
from parity.repeating import repeated
from parity.subjects import Subject, parse_subject, record_of, subject_for
from parity.verdicts import Verdict
from parity.verification import Verification
from parity.verifying import verify
from tests.parity.conftest import HANDMADE, Output
from tests.parity.subjects.test_same_record import config

Parity = Callable[..., Output]
TWO = str(HANDMADE / "two_symbols.yaml")


class Drifting:
    """Ours, its metrics `by` so many parts of 2**52 larger each time."""

    name = "drifting"

    def __init__(self, by: int = 1, channel: Channel = Channel.METRICS) -> None:
        self.runs = 0
        self._by, self._channel = by, channel
        self._engine = subject_for(parse_subject("declarative"))

    def run(self, given: Mapping[str, Any] | Path, root: Path) -> Record:
        record = record_of(self._engine, given, root)
        factor = 1.0 + self.runs * self._by * 2.0**-52
        self.runs += 1
        changed = {
            place: {k: v * factor if isinstance(v, float) else v for k, v in values.items()}
            for place, values in record.channels[self._channel].items()
        }
        return msgspec.structs.replace(record, channels={**record.channels, self._channel: changed})


class Sometimes:
    """Ours, but what `act` does instead in its second run."""

    name = "sometimes"

    def __init__(self, act: Callable[[Record], Record]) -> None:
        self.runs = 0
        self._act = act
        self._engine = subject_for(parse_subject("declarative"))

    def run(self, given: Mapping[str, Any] | Path, root: Path) -> Record:
        self.runs += 1
        record = record_of(self._engine, given, root)
        return self._act(record) if self.runs == 2 else record


def verified(candidate: Subject, tmp_path: Path, runs: int = 2) -> Verification:
    control = subject_for(parse_subject("imperative"))
    return verify([("c", config())], control, [candidate], tmp_path, repeat=runs)


def test_our_engines_are_at_no_distance_from_themselves(tmp_path: Path) -> None:
    verification = verified(subject_for(parse_subject("declarative:storage=disk")), tmp_path, 3)
    assert verification.exit_code == 0
    assert verification.noise == tuple(
        NoiseFloor("c", subject, 3, Verdict.EQUAL)
        for subject in ("imperative", "declarative:storage=disk")
    )


def test_what_later_runs_stored_is_removed(tmp_path: Path) -> None:
    verified(subject_for(parse_subject("declarative:storage=disk")), tmp_path, 3)
    assert {path.name for path in (tmp_path / "0").iterdir()} == {"candidate-0"}


def test_without_repeating_nothing_is_measured(tmp_path: Path) -> None:
    drifting = Drifting()
    verification = verified(drifting, tmp_path, 1)
    assert (verification.exit_code, verification.noise, drifting.runs) == (0, (), 1)


def test_a_subject_that_differs_from_itself_fails_the_run(tmp_path: Path) -> None:
    verification = verified(Drifting(), tmp_path, 4)
    # Its first run agrees with the control in every bit, which is luck.
    assert [pair.ending for pair in verification.pairs] == ["parity", "parity"]
    assert verification.exit_code == 1
    assert verification.holds_back
    ours, floor = verification.noise
    assert ours.verdict is Verdict.EQUAL
    assert (floor.subject, floor.runs, floor.verdict) == ("drifting", 4, Verdict.DIFFERENT)
    assert floor.channels == {Channel.METRICS: Verdict.DIFFERENT}
    assert floor.max_ulp is not None
    assert floor.max_ulp >= 3  # of the last one, which is farthest
    assert floor.first is not None
    assert "phase=backtest" in floor.first.path


def _failing(record: Record) -> Record:
    raise RuntimeError("the second time")


def test_a_subject_that_fails_once_differs_from_itself(tmp_path: Path) -> None:
    verification = verified(Sometimes(_failing), tmp_path)
    assert verification.exit_code == 1
    floor = verification.noise[1]
    assert floor.verdict is Verdict.DIFFERENT
    assert floor.first is not None
    assert (floor.first.path, floor.first.candidate) == ("status", "failed")


def test_a_subject_that_declares_little_and_fails_once_differs_from_itself(tmp_path: Path) -> None:
    def declaring(record: Record) -> Record:
        return msgspec.structs.replace(record, declared=frozenset({Channel.METRICS}))

    class Modest(Sometimes):
        def run(self, given: Mapping[str, Any] | Path, root: Path) -> Record:
            return declaring(super().run(given, root))

    assert (
        verified(Modest(lambda r: msgspec.structs.replace(r, status="failed")), tmp_path).exit_code
        == 1
    )


def test_a_subject_that_fails_alike_each_time_is_at_no_distance(tmp_path: Path) -> None:
    class Failing:
        name = "failing"

        def run(self, given: Mapping[str, Any] | Path, root: Path) -> Record:
            raise RuntimeError("each time")

    first, floor = repeated(
        Failing(), "c", config(), tmp_path / "x", 3, lambda a, b: _outcomes_of(a, b)
    )
    assert first.status == "failed"
    assert floor.verdict is Verdict.EQUAL


def _outcomes_of(left: Record, right: Record) -> Mapping[Channel, ChannelOutcome]:
    from parity.comparison.records import compare_records

    return compare_records(left, right)


def test_a_record_that_cannot_be_compared_differs_from_itself(tmp_path: Path) -> None:
    def spoilt(record: Record) -> Record:
        channels = {**record.channels, Channel.TRADES: {"x": [object()]}}
        return msgspec.structs.replace(record, channels=channels)

    assert verified(Sometimes(spoilt), tmp_path).exit_code == 1


FLOOR = NoiseFloor("c", "s", 2, Verdict.DIFFERENT, {Channel.METRICS: Verdict.DIFFERENT}, 0.5, 4)


def outcome(**fields: Any) -> dict[Channel, ChannelOutcome]:
    return {
        Channel.METRICS: ChannelOutcome(Verdict.DIFFERENT, required=True, **fields),
        Channel.PLAN: ChannelOutcome(Verdict.EQUAL, required=True),
    }


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (outcome(max_abs=0.5, max_ulp=4), True),
        (outcome(max_abs=0.1, max_ulp=1), True),
        (outcome(max_abs=0.6, max_ulp=4), False),
        (outcome(max_abs=0.5, max_ulp=5), False),
        ({Channel.TRADES: ChannelOutcome(Verdict.DIFFERENT, required=True)}, False),
        ({Channel.METRICS: ChannelOutcome(Verdict.EQUAL, required=True)}, False),
        ({}, False),
    ],
)
def test_a_difference_is_within_the_noise_or_beyond_it(
    outcomes: dict[Channel, ChannelOutcome], expected: bool
) -> None:
    assert is_within(outcomes, [FLOOR]) is expected
    assert is_within(outcomes, []) is False


def test_a_difference_within_the_noise_is_told_as_such_and_is_no_pass(tmp_path: Path) -> None:
    drifting = Drifting(by=4)
    drifting.runs = 1  # so the first is off already, and the others are further off
    verification = verified(drifting, tmp_path, 3)
    assert verification.pairs[0].ending == "differs"
    assert verification.is_noise(verification.pairs[0])
    assert verification.exit_code == 1


def test_the_command_runs_each_subject_so_often(
    parity: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("parity.commands.progress.Watch.say", lambda self, what: seen.append(what))
    assert parity("verify", TWO, "--repeat", "2").code == 0
    assert seen[:4] == [
        f"{TWO} · imperative",
        f"{TWO} · imperative · run 2 of 2",
        f"{TWO} · declarative",
        f"{TWO} · declarative · run 2 of 2",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repeat", "1"], "--repeat 1: expected 2 or more: one run differs from nothing"),
        (["--repeat", "0"], "--repeat 0: expected 2 or more"),
        (["--repeat", "-3"], "--repeat -3: expected 2 or more"),
        (["--repeat", "two"], "'two' is not a valid integer"),
    ],
)
def test_too_few_runs_are_wrong_usage(arguments: list[str], message: str, parity: Parity) -> None:
    output = parity("verify", TWO, *arguments)
    assert output.code == 2
    assert message in output.err
