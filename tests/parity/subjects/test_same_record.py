"""A run in a process of its own has the record that it has in this one, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.journal import Entry
from containers.results import EquityCurve
from containers.trace import Trace
from parity.commands.progress import TELLING
from parity.own import Own
from parity.record import Record
from parity.subjects import parse_subject, record_of, subject_for
from parity.subjects.limits import Limits
from tests.parity.conftest import HANDMADE, ROOT
from tests.parity.subjects.installing import install
from tests.parity.subjects.test_handing_over import alike

LIMITS = Limits(300.0, 2**33, "5m", "8G")
WALK_FORWARD = HANDMADE / "walk_forward" / "walk_forward.yaml"
WORKFLOWS = sorted((ROOT / "fixtures" / "workflows").glob("*.yaml"))

RAISING = """
class Raising:
    type_name = "raising"
    parameters = {}
    indicators = ()

    def decide(self, last, close, values):
        raise RuntimeError(f"no view of {close}")
"""


def config(**changes: Any) -> dict[str, Any]:
    return {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(HANDMADE)},
        "symbols": ["AAA"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}}],
        **changes,
    }


def plain(record: Record) -> dict[str, Any]:
    """Give everything that a record holds but for whose it is and how long it took."""
    fields = msgspec.structs.asdict(record)
    channels = {
        channel.value: {place: _plain(value) for place, value in content.items()}
        for channel, content in fields.pop("channels").items()
    }
    return {**fields, "channels": channels, "subject": None, "duration_s": None}


def _plain(value: Any) -> Any:
    if isinstance(value, Trace):
        return [value.digest, value.events_total, value.dropped, list(value)]
    if isinstance(value, EquityCurve):
        return [value.time_ns, value.equity]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value


def assert_same(spec: str, given: Any, folder: Path, own: Own | None = None) -> Record:
    """Run here and in a process of its own; give the record of the latter."""
    here = record_of(subject_for(parse_subject(spec), own), given, folder / "here")
    there = record_of(subject_for(parse_subject(spec), own, limits=LIMITS), given, folder / "there")
    assert there.subject == here.subject
    left, right = plain(here), plain(there)
    for name, channel in left.pop("channels").items():
        assert alike(channel, right["channels"][name]), name
    right.pop("channels")
    assert alike(left, right), (left, right)
    return there


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_in_memory(engine: str, tmp_path: Path) -> None:
    assert assert_same(engine, config(), tmp_path).status == "succeeded"


def test_on_disk_from_a_file_with_windows(tmp_path: Path) -> None:
    record = assert_same("imperative:storage=disk,trace=standard", WALK_FORWARD, tmp_path)
    assert record.status == "succeeded"


def test_on_workers_that_its_own_process_opens(tmp_path: Path) -> None:
    record = assert_same("declarative:executor=processes:1", config(), tmp_path)
    assert record.executor == "processes:1"


def test_interrupted_and_gone_on_with(tmp_path: Path) -> None:
    spec = "declarative:storage=disk,interrupt=1"
    record = assert_same(spec, WALK_FORWARD, tmp_path)
    assert record.resumed


def test_refused_with_a_place_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("workflow: simple_backtest\nsymbols: [AAA]\nstrategy: []\n")
    record = assert_same("imperative", file, tmp_path)
    assert record.status == "refused"
    assert "bad.yaml:3:1" in str(record.explanation)


def test_failed_in_a_component_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "components"
    folder.mkdir()
    (folder / "raising.py").write_text(RAISING)
    given = config(strategies=[{"type": "raising"}])
    record = assert_same("declarative", given, tmp_path, Own(components=folder))
    assert record.status == "failed"
    assert "no view of 100.0" in str(record.explanation)


def test_interrupted_too_late_is_the_same_failure(tmp_path: Path) -> None:
    record = assert_same("imperative:storage=disk,interrupt=9", config(), tmp_path)
    assert record.status == "failed"
    assert "give interrupt a smaller number" in str(record.explanation)


@pytest.mark.deep  # every one of them takes seconds
@pytest.mark.parametrize("file", WORKFLOWS, ids=[file.stem for file in WORKFLOWS])
def test_every_workflow_of_the_fixtures(file: Path, tmp_path: Path) -> None:
    assert assert_same("declarative:hash_seed=1", file, tmp_path).status == "succeeded"


def test_a_hash_seed_is_the_seed_of_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "import os, sys\n"
        "class Telling:\n"
        "    name = 'telling'\n"
        "    def run(self, config, root):\n"
        "        raise RuntimeError(f\"{os.environ.get('PYTHONHASHSEED')} {hash('a')}\")\n"
        "def make(options):\n"
        "    assert 'hash_seed' not in options\n"
        "    return Telling()\n"
    )
    site = install(tmp_path / "site", "telling", source, {"telling": "telling:make"})
    monkeypatch.syspath_prepend(site)

    subject = subject_for(parse_subject("telling:hash_seed=5"))
    told = [str(record_of(subject, config(), tmp_path / "run").explanation) for _ in range(2)]
    assert "RuntimeError: 5 " in told[0]
    assert told[0] == told[1]


def test_its_progress_is_heard_here(tmp_path: Path) -> None:
    here: list[Entry] = []
    there: list[Entry] = []
    record_of(subject_for(parse_subject("imperative"), watch=here.append), WALK_FORWARD, tmp_path)
    subject = subject_for(parse_subject("imperative"), watch=there.append, limits=LIMITS)
    record_of(subject, WALK_FORWARD, tmp_path)
    assert there == [entry for entry in here if type(entry.record) in TELLING]
    assert len(there) > 5
