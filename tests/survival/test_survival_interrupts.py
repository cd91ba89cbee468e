"""Interrupted at a record of the journal, and resumed: nothing is lost, nothing runs twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import Components, default_components
from containers.components.discovery import with_folder
from containers.container import Container, Role
from containers.errors import ConfigurationError
from containers.journal import Entry, LifecycleMoved, UnitExecuted
from containers.storage import is_held
from containers.storage.log import LogReader, LogWriter, recover
from containers.storage.unit_folder import publish
from containers.trading import ExecutionContainer
from tests.survival.failing import sometimes
from tests.survival.observing import ID, Observation, Study, observe
from tests.survival.studies import everything, nested

ENGINES = ("imperative", "declarative")


def interrupting(after: int) -> Callable[[Entry], None]:
    """Give a consumer that interrupts, as Ctrl-C does, at a record."""
    heard = 0

    def hear(entry: Entry) -> None:
        nonlocal heard
        heard += 1
        if heard > after:
            raise KeyboardInterrupt

    return hear


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def whole(engine: str, study: Study, root: Path) -> Observation:
    root.mkdir()
    return observe(engine, study, root)


MOMENTS = (
    ("WorkflowStarted", ""),
    ("LifecycleMoved", "phase=sweep/window=1/unit=0"),
    ("OutputWritten", "phase=sweep"),
    ("UnitExecuted", "phase=folds/window=1/window=0/window=1/window=1/unit=0"),
    ("IterationStarted", "phase=walk/window=1/window=1"),
    ("TopologyBuilt", "branch=wide/iteration=0/phase=backtest/window=0/unit=0"),
    ("ConfigResolved", "iteration=1"),
    ("WorkflowFinished", "branch=wide"),
)
"""Of `everything`: a record, and how its path ends."""


def telling(journal: list[Any]) -> list[int]:
    """Find the first records of `MOMENTS`, and the last of all."""

    def place(kind: str, end: str) -> int:
        for place, entry in enumerate(journal):
            path = "/".join(f"{level}={key}" for level, key in entry["path"])
            if entry["record"]["type"] == kind and path.endswith(end):
                return place
        raise LookupError(f"no {kind} at {end}")

    return [*(place(kind, end) for kind, end in MOMENTS), len(journal) - 1]


def spread(journal: list[Any]) -> list[int]:
    """Give six records from the first to the last."""
    return [number * (len(journal) - 1) // 5 for number in range(6)]


@pytest.mark.parametrize("storage", ["disk", "hybrid"])
@pytest.mark.parametrize(("make", "moments"), [(nested, spread), (everything, telling)])
def test_a_run_interrupted_at_any_record_is_resumed_to_the_same_bits(
    engine: str, make: Any, moments: Any, storage: str, tmp_path: Path
) -> None:
    study = make(tmp_path / "market", storage)
    expected = whole(engine, study, tmp_path / "whole")
    # What is on the disk is the same in both modes, so three moments will do for one of them.
    for after in moments(expected.journal)[:: 3 if storage == "hybrid" else 1]:
        root = tmp_path / str(after)
        root.mkdir()
        with pytest.raises(KeyboardInterrupt):
            observe(engine, study, root, consumers=[interrupting(after)])
        assert not is_held(root / "results" / ID)
        assert observe(engine, study, root, resume=True) == expected


def test_a_run_interrupted_again_and_again_comes_to_its_end(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    expected = whole(engine, study, tmp_path / "whole")
    root = tmp_path / "again"
    root.mkdir()
    for number, after in enumerate(range(5, len(expected.journal), 90)):
        with pytest.raises(KeyboardInterrupt):
            observe(engine, study, root, resume=number > 0, consumers=[interrupting(after)])
    assert observe(engine, study, root, resume=True) == expected


def counting(run: list[str]) -> Components:
    """Give components whose execution containers note that they were started."""

    class Counted(ExecutionContainer):
        def on_start(self) -> None:
            run.append(self.id)
            super().on_start()

    made: dict[str, type[Container]] = {Role.EXECUTION.value: Counted}
    return msgspec.structs.replace(default_components(), containers=made)


def test_no_unit_runs_twice(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    started: list[str] = []
    study = Study(study.config, study.definitions, {"components": counting(started)})
    expected = whole(engine, study, tmp_path / "whole")
    units = len(started)
    moves = sum(
        entry["record"]["type"] == "LifecycleMoved" and entry["record"]["container"] == "execution"
        and entry["record"]["trigger"] == "start"
        for entry in expected.journal
    )  # fmt: skip
    assert units == moves > 10
    root = tmp_path / "cut"
    root.mkdir()
    started.clear()
    finished = 0

    def third(entry: Entry) -> None:
        nonlocal finished
        finished += isinstance(entry.record, UnitExecuted)
        if finished == units // 2 and isinstance(entry.record, LifecycleMoved):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(engine, study, root, consumers=[third])
    before = len(started)
    assert 0 < before < units
    assert observe(engine, study, root, resume=True) == expected
    # The one in which it was interrupted had not come to its end.
    assert len(started) in (units, units + 1)


def test_a_unit_is_kept_before_its_folder_gets_its_name(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    study = nested(tmp_path / "market", monte_carlo={"iterations": 1})
    study = Study(study.config, study.definitions, {"components": counting(started)})
    expected = whole(engine, study, tmp_path / "whole")
    units = len(started)
    started.clear()
    root = tmp_path / "cut"
    root.mkdir()

    def interrupted(final: Path, part: str) -> None:
        if len(started) == 3:
            raise KeyboardInterrupt
        publish(final, part)

    with monkeypatch.context() as patched:
        patched.setattr("containers.storage.phase_store.publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            observe(engine, study, root)
    assert observe(engine, study, root, resume=True) == expected
    assert len(started) == units > 3


def test_a_finished_run_gives_its_result_again_and_runs_nothing(
    engine: str, tmp_path: Path
) -> None:
    started: list[str] = []
    study = everything(tmp_path / "market")
    study = Study(study.config, study.definitions, {"components": counting(started)})
    expected = whole(engine, study, tmp_path / "whole")
    started.clear()
    assert observe(engine, study, tmp_path / "whole", resume=True) == expected
    assert started == []


def test_what_failed_is_tried_again(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    marker = tmp_path / "fail"
    components = sometimes(marker, at=7)
    study = Study(study.config, study.definitions, {"components": components})
    expected = whole(engine, study, tmp_path / "whole")
    root = tmp_path / "failed"
    root.mkdir()
    marker.write_text("0")
    failed = observe(engine, study, root)
    assert not failed.document["success"]
    assert failed.document["error"]["type"] == "BrokenError"
    assert json.loads((root / "results" / ID / "run.json").read_text())["state"] == "failed"
    marker.unlink()
    assert observe(engine, study, root, resume=True) == expected


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"execution": {"slippage_bps": 6, "commission_bps": 2}}, "configuration"),
        ({"random_seed": 1}, "seed"),
        ({"parameter_space": {"momentum.fast_period": [2, 1]}}, "configuration"),
        ({"symbols": ["AAA", "BBB"]}, "data of CCC_1d"),
        ({"results": {"storage": "memory"}}, "memory"),
    ],
)
def test_another_run_is_not_resumed_and_the_difference_is_named(
    engine: str, change: dict[str, Any], named: str, tmp_path: Path
) -> None:
    study = nested(tmp_path / "market")
    root = tmp_path / "run"
    root.mkdir()
    with pytest.raises(KeyboardInterrupt):
        observe(engine, study, root, consumers=[interrupting(60)])
    card = (root / "results" / ID / "run.json").read_bytes()
    other = Study({**study.config, **change}, study.definitions)
    with pytest.raises(ConfigurationError, match=named):
        observe(engine, other, root, resume=True)
    assert (root / "results" / ID / "run.json").read_bytes() == card


def test_other_data_of_the_same_files_are_named(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    root = tmp_path / "run"
    root.mkdir()
    with pytest.raises(KeyboardInterrupt):
        observe(engine, study, root, consumers=[interrupting(60)])
    file = tmp_path / "market" / "CCC_1d.csv"
    text = file.read_text()
    file.write_text(text.replace("100", "101", 1) if "100" in text else text + text)
    assert file.read_text() != text
    with pytest.raises(ConfigurationError, match="the data of CCC_1d are not those of the run"):
        observe(engine, study, root, resume=True)


def test_a_run_of_the_other_engine_is_not_resumed(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    root = tmp_path / "run"
    root.mkdir()
    with pytest.raises(KeyboardInterrupt):
        observe(engine, study, root, consumers=[interrupting(60)])
    (other,) = set(ENGINES) - {engine}
    with pytest.raises(ConfigurationError, match=f"its engine was {engine}, and is {other} now"):
        observe(other, study, root, resume=True)


def test_a_run_that_does_not_exist_is_not_resumed(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    with pytest.raises(ConfigurationError, match="there is no run 'mine'"):
        observe(engine, study, tmp_path, resume=True)


def test_a_record_of_another_unit_is_never_taken(engine: str, tmp_path: Path) -> None:
    study = nested(tmp_path / "market")
    with pytest.raises(KeyboardInterrupt):
        observe(engine, study, tmp_path, consumers=[interrupting(250)])
    log = tmp_path / "results" / ID / "0" / "work" / "units.log"
    places, size = recover(log)
    first, second = sorted(places)[:2]
    content = LogReader(log, places).read(first)
    writer = LogWriter(log, "", size)
    writer.append(second, content)
    writer.close()
    seen = observe(engine, study, tmp_path, resume=True)
    assert not seen.document["success"]
    error = seen.document["error"]
    assert (error["type"], error["path"]) == ("StorageError", "iteration=0/phase=work")
    assert "start a run of its own" in error["message"]


def test_other_code_of_a_component_is_named(engine: str, tmp_path: Path) -> None:
    folder = tmp_path / "components"
    folder.mkdir()
    file = folder / "idle.py"
    file.write_text(
        "from containers.components import BuyAndHold\n\n\n"
        'class Idle(BuyAndHold, frozen=True):\n    type_name = "idle"\n'
    )
    components = with_folder(default_components(), folder)
    study = nested(tmp_path / "market")
    study = Study(study.config, study.definitions, {"components": components})
    with pytest.raises(KeyboardInterrupt):
        observe(engine, study, tmp_path, consumers=[interrupting(60)])
    file.write_text(file.read_text() + "    lookback = 2\n")
    with pytest.raises(ConfigurationError, match="the installed code is not that of the run"):
        observe(engine, study, tmp_path, resume=True)
