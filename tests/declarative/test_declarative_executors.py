"""What this engine does with an executor: which units it gets, what it is sent, what it answers."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from containers.errors import ExecutorError, WorkerError
from containers.executors import Shared, UnitExecutor
from containers.journal import Entry, ErrorRaised, IterationStarted
from containers.results import WorkflowResult
from declarative import DeclarativeWorkflowManager
from declarative.tasks import Item

from .conftest import Config


class Recording(UnitExecutor):
    """Runs what it is given at once, in this process, through pickles; some units come to grief."""

    def __init__(self, errors: dict[tuple[int, ...], Exception] | None = None) -> None:
        self.workers = 1
        self.errors = errors or {}
        self.items: list[Item] = []
        self.sizes: list[int] = []
        self.shared = self.released = 0

    def share(self, value: object) -> Shared:
        self.shared += 1
        self._content = pickle.dumps(value)
        return Shared(value, None, None, self._release)

    def _release(self, shared: Shared) -> None:
        del shared
        self.released += 1

    def submit(
        self, function: Callable[[Any, Any], Any], shared: Shared, item: object
    ) -> Future[Any]:
        sent = pickle.dumps(item)
        self.sizes.append(len(sent))
        assert isinstance(item, Item)
        self.items.append(item)
        future: Future[Any] = Future()
        if item.keys in self.errors:
            future.set_exception(self.errors[item.keys])
            return future
        answer = function(pickle.loads(self._content), pickle.loads(sent))
        future.set_result(pickle.loads(pickle.dumps(answer)))
        return future

    def close(self) -> None:
        raise AssertionError("it is the caller's, and not closed by a run")


@pytest.fixture
def run(config: Config, pattern_folder: Callable[..., Path]) -> Callable[..., WorkflowResult]:
    config |= {
        "symbols": ["AAA"],
        "walk_forward": {"train_bars": 10, "test_bars": 10},
        "parameter_space": {"momentum.fast_period": [1, 2]},
        "monte_carlo": {"iterations": 3, "method": "block_bootstrap", "block_bars": 4},
    }

    def run(
        sequence: str, executor: UnitExecutor | None = None, journal: list[Entry] | None = None
    ) -> WorkflowResult:
        patterns = pattern_folder(
            own="kind: workflow\nname: own\n"
            f"phases: [{{name: a, topology: backtest, sequence: {sequence}}}]\n"
        )
        manager = DeclarativeWorkflowManager(
            patterns=patterns,
            consumers=[] if journal is None else [journal.append],
            executor=executor,
        )
        return manager.run_workflow({**config, "workflow": "own"})

    return run


@pytest.mark.parametrize(
    "sequence", ["walk_forward", "{type: monte_carlo, body: walk_forward}", "monte_carlo"]
)
def test_units_that_went_through_a_pickle_come_to_the_same(
    sequence: str, run: Callable[..., WorkflowResult]
) -> None:
    executor, here, there = Recording(), list[Entry](), list[Entry]()
    expected = run(sequence, None, here)
    assert run(sequence, executor, there).to_document() == expected.to_document()
    assert there == here
    assert (executor.shared, executor.released) == (1, 1)


def test_a_phase_of_one_unit_runs_here(run: Callable[..., WorkflowResult]) -> None:
    executor = Recording()
    assert run("single_pass", executor).success
    assert (executor.shared, executor.items) == (0, [])


def test_of_a_bootstrap_its_key_travels_and_not_its_bars(
    run: Callable[..., WorkflowResult],
) -> None:
    executor = Recording()
    run("monte_carlo", executor)
    assert [item.spot.resampled[0].spawn_key for item in executor.items] == [(0,), (1,), (2,)]
    assert max(executor.sizes) < 700


def test_windows_train_side_by_side_before_any_is_tested(
    run: Callable[..., WorkflowResult],
) -> None:
    executor = Recording()
    run("walk_forward", executor)
    begun = [item.keys for item in executor.items]
    tests = [keys for keys in begun if len(keys) == 2]
    assert begun.index((2, 0, 0)) < begun.index((1, 1))
    assert tests == [(0, 1), (1, 1), (2, 1)]


def test_a_unit_that_no_worker_came_to_an_end_with_is_the_failure_of_its_phase(
    run: Callable[..., WorkflowResult],
) -> None:
    lost: dict[tuple[int, ...], Exception] = {
        (1, 0, 1): WorkerError("its worker died 3 times"),
        (2, 0, 0): WorkerError("later"),
    }
    serial, journal = list[Entry](), list[Entry]()
    run("walk_forward", None, serial)
    result = run("walk_forward", Recording(lost), journal)
    error = result.error
    assert error is not None
    assert (error.type, error.message) == ("WorkerError", "its worker died 3 times")
    assert error.path == "iteration=0/phase=a/window=1/window=0/window=1/unit=0"
    begun = [entry for entry in journal if isinstance(entry.record, IterationStarted)]
    assert begun == [e for e in serial if isinstance(e.record, IterationStarted)][: len(begun)]
    assert begun[-1].path[-3:] == (("window", 1), ("window", 0), ("window", 1))
    raised = [entry for entry in journal if isinstance(entry.record, ErrorRaised)]
    assert [entry.path[-1] for entry in raised] == [("unit", 0)]


def test_an_executor_that_goes_away_is_the_failure_of_the_phase(
    run: Callable[..., WorkflowResult],
) -> None:
    gone = Recording({(1, 0, 0): ExecutorError("the scheduler has gone away")})
    error = run("walk_forward", gone).error
    assert error is not None
    assert (error.type, error.path) == ("ExecutorError", "iteration=0/phase=a")
    assert gone.released == 1
