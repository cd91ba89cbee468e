"""Runs that are stored: alike in every mode, kept when they are interrupted, taken up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.errors import ConfigurationError, ExecutorError
from containers.executors import UnitExecutor
from containers.journal import Entry, JournalConsumer, OutputWritten, UnitExecuted
from containers.results import WorkflowResult
from containers.storage import is_held, read_card, result_files
from containers.trading import PortfolioContainer
from imperative import Coordinator, Output, Phase, Ref, Workflow
from tests.imperative.shuffled import AtOnce, Shuffled

SPACE = {"momentum.fast_period": [1, 2], "momentum.slow_period": [3]}
WALK = {"walk_forward": {"train_bars": 3, "test_bars": 1}, "parameter_space": SPACE}
FOLDS = {"k_fold": {"folds": 3}, "parameter_space": SPACE}
SAMPLES = {"monte_carlo": {"iterations": 4}}


class Two(Workflow):
    """A phase to be walked, and one behind it."""

    name = "two"

    def get_phases(self, config: Mapping[str, Any]) -> Any:
        best = Output(Ref("walk.best_parameters"), "best.json")
        return [
            Phase(
                name="walk",
                topology="backtest",
                sequence="walk_forward",
                outputs={"best": best},
            ),
            Phase(
                name="shake",
                topology="backtest",
                sequence="monte_carlo",
                depends_on="walk",
                config={"strategies": Ref("walk.best_strategies")},
            ),
        ]


class Stops:
    """Stops a run at a portfolio, once so many have started. It counts them."""

    def __init__(self) -> None:
        self.after: int | None = None
        self.error: BaseException = KeyboardInterrupt()
        self.units = 0


STOPS = Stops()
"""Of the module, since executors in this process may still pickle what they are given."""


class Stopping(PortfolioContainer):
    """Does what `STOPS` says."""

    def on_start(self) -> None:
        super().on_start()
        if STOPS.units == STOPS.after:
            raise STOPS.error
        STOPS.units += 1


class Ran(msgspec.Struct):
    result: WorkflowResult
    entries: list[Entry]
    folder: Path

    def seen(self) -> Any:
        """Give everything there is to compare."""
        files = {f.relative_to(self.folder).as_posix(): f.read_bytes()
                 for f in result_files(self.folder)}  # fmt: skip
        return msgspec.json.encode(self.result.to_document()), self.entries, files


Run = Callable[..., Ran]


@pytest.fixture
def stops() -> Stops:
    STOPS.__init__()  # type: ignore[misc]  # as new
    return STOPS


@pytest.fixture
def shuffled() -> Iterator[Shuffled]:
    with Shuffled(1) as executor:
        yield executor


@pytest.fixture
def run(config: dict[str, Any], tmp_path: Path, stops: Stops) -> Run:
    components = msgspec.structs.replace(default_components(), containers={"portfolio": Stopping})

    def run(
        place: str = "a",
        *,
        storage: str = "disk",
        full: bool = False,
        resume: bool = False,
        executor: UnitExecutor | None = None,
        hear: JournalConsumer | None = None,
        **settings: Any,
    ) -> Ran:
        entries: list[Entry] = []
        coordinator = Coordinator(
            root=tmp_path / place,
            components=components,
            consumers=[entries.append, *([] if hear is None else [hear])],
            workflows={"two": Two},
            executor=executor,
        )
        results = {"storage": storage, "store_full_results": full}
        user = {**config, "workflow": "two", "results": results, **WALK, **SAMPLES, **settings}
        result = coordinator.run_workflow(user, "run", resume=resume)
        return Ran(result, entries, tmp_path / place / "results/run")

    return run


def plain(ran: Ran) -> Any:
    """Give what is the same in every mode: figures, trades, curves; not where they lie."""
    document = ran.result.to_document()
    entries = [e for e in ran.entries if not isinstance(e.record, OutputWritten)]

    def without_places(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                k: without_places(v)
                for k, v in value.items()
                if k not in ("path", "results_path", "config_digest")
            }
        return [without_places(item) for item in value] if isinstance(value, list) else value

    return without_places(document), len(entries)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("parallel", [False, True])
def test_a_mode_of_storage_decides_where_data_lie_and_not_one_number(
    run: Run, shuffled: Shuffled, full: bool, parallel: bool
) -> None:
    executor = shuffled if parallel else None
    modes = ("memory", "disk", "hybrid")
    seen = [plain(run(mode, storage=mode, full=full, executor=executor)) for mode in modes]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("full", [False, True])
def test_files_are_the_same_side_by_side(run: Run, shuffled: Shuffled, full: bool) -> None:
    alone = run("a", full=full)
    assert alone.result.success, alone.result.error
    assert run("b", full=full, executor=shuffled).seen() == alone.seen()


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("after", [0, 8, 13, 18])
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(
    run: Run, stops: Stops, shuffled: Shuffled, after: int, parallel: bool
) -> None:
    whole = run("whole")
    units, stops.units = stops.units, 0
    stops.after = after
    with pytest.raises(KeyboardInterrupt):
        run("cut", executor=None)
    folder = whole.folder.parents[2] / "cut/results/run"
    assert read_card(folder).state == "running"
    assert not is_held(folder)
    stops.after, stops.units = None, 0
    resumed = run("cut", resume=True, executor=shuffled if parallel else None)
    assert stops.units == units - after
    assert resumed.seen() == whole.seen()
    assert read_card(folder).state == "finished"
    assert [path.name for path in folder.rglob(".*.part")] == []
    again = run("cut", resume=True)
    assert again.seen() == whole.seen()
    assert stops.units == units - after


def test_a_run_interrupted_side_by_side_goes_on_as_if_it_had_not_been(
    run: Run, stops: Stops, shuffled: Shuffled
) -> None:
    whole = run("whole")
    units, heard = stops.units, 0

    def interrupt(entry: Entry) -> None:
        nonlocal heard
        heard += isinstance(entry.record, UnitExecuted)
        if heard == 9:
            raise KeyboardInterrupt

    stops.units = 0
    with pytest.raises(KeyboardInterrupt):
        run("cut", executor=shuffled, hear=interrupt)
    folder = whole.folder.parents[2] / "cut/results/run"
    assert not is_held(folder)
    shuffled.close()
    ran, stops.units = stops.units, 0
    resumed = run("cut", resume=True)
    assert resumed.seen() == whole.seen()
    assert units - ran <= stops.units <= units - 8  # one that ran may have been lost in the thread


def test_units_that_ran_ahead_of_a_lost_executor_are_kept(run: Run, stops: Stops) -> None:
    whole = run("whole")
    units, stops.units = stops.units, 0
    error = ExecutorError("the scheduler is gone")
    with AtOnce(1, lost=lambda item: error if item.keys == (0, 0, 0) else None) as executor:
        lost = run("cut", executor=executor)
    assert lost.result.error is not None
    assert lost.result.error.path == "iteration=0/phase=walk"
    ran, stops.units = stops.units, 0
    assert ran > 5
    assert run("cut", resume=True).seen() == whole.seen()
    assert stops.units == units - ran


def test_a_run_that_failed_goes_on_where_it_failed(
    run: Run, stops: Stops, shuffled: Shuffled
) -> None:
    whole = run("whole")
    units, stops.units = stops.units, 0
    stops.after, stops.error = 7, ValueError("no")
    failed = run("cut", executor=shuffled)
    assert failed.result.error is not None
    assert read_card(failed.folder).state == "failed"
    stops.after, stops.units = None, 0
    assert run("cut", resume=True).seen() == whole.seen()
    assert stops.units == units - 7


def test_a_unit_that_failed_leaves_no_folder(run: Run, stops: Stops) -> None:
    stops.after, stops.error = 7, ValueError("no")
    ran = run()
    assert ran.result.error is not None
    found = {p.relative_to(ran.folder / "0/walk").as_posix() for p in ran.folder.rglob("trace")}
    assert len(found) == 7
    assert not list(ran.folder.rglob(".*.part/trace"))


def test_disk_and_hybrid_may_take_turns(run: Run, stops: Stops) -> None:
    whole = run("whole", storage="hybrid")
    stops.after, stops.units = 6, 0
    with pytest.raises(KeyboardInterrupt):
        run("cut", storage="disk")
    stops.after = None
    resumed = run("cut", storage="hybrid", resume=True)
    assert resumed.seen()[0] == whole.seen()[0]


def test_what_is_not_the_run_any_more_is_refused(run: Run, stops: Stops) -> None:
    run()
    with pytest.raises(ConfigurationError, match="configuration is not that of the run"):
        run(resume=True, execution={"slippage_bps": 1.0})
    with pytest.raises(ConfigurationError, match="seed is 5"):
        run(resume=True, random_seed=5)
    with pytest.raises(ConfigurationError, match="there is no run"):
        run("nowhere", resume=True)
    with pytest.raises(ConfigurationError, match="memory"):
        run(storage="memory", resume=True)
