"""Units that run side by side come to what they come to one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from containers.components import Components, default_components
from containers.errors import ExecutorError, WorkerError
from containers.events import Bar
from containers.executors import UnitExecutor
from containers.journal import Entry, ErrorRaised, IterationStarted
from containers.results import IterationResult, WorkflowResult
from containers.trading import PortfolioContainer
from imperative import (
    Conclusion,
    Coordinator,
    Iteration,
    Iterations,
    Phase,
    PhaseSequence,
    Scope,
    Sequence,
    Workflow,
)
from imperative.findings import Findings
from imperative.scheduling import UNITS_AHEAD
from imperative.sequences.windows import Stretch
from tests.imperative.shuffled import Shuffled

SPACE = {"momentum.fast_period": [1, 2, 3], "momentum.slow_period": [3, 4]}
WALK = {"walk_forward": {"train_bars": 3, "test_bars": 1}}
FOLDS = {"k_fold": {"folds": 3}}
SAMPLES = {"monte_carlo": {"iterations": 5}}
DRAWN = {"monte_carlo": {"iterations": 5, "method": "block_bootstrap", "block_bars": 2}}
NESTED = Sequence("monte_carlo", Sequence("k_fold", "walk_forward"))


class FirstThenBest(PhaseSequence):
    """Looks at what came before: the second half takes a parameter of the first."""

    name: ClassVar[str] = "first_then_best"

    def iterations(self, scope: Scope) -> Iterations:
        half = len(scope.span) // 2
        first = yield Iteration("first", scope.part(Stretch(0, half - 1), 0))
        period = 1 + int(first.metrics.get("num_trades") or 0) % 3
        changed = scope.changed({"momentum.fast_period": period}, scope.spawn_key)
        yield Iteration("second", changed.part(Stretch(half, len(scope.span) - 1), 1))


class Failing(PhaseSequence):
    """Fails in place of its third iteration, which no plan looks at."""

    name: ClassVar[str] = "failing"
    independent: ClassVar[bool] = True

    def iterations(self, scope: Scope) -> Iterations:
        for _ in range(2):
            yield Iteration("part", scope)
        raise RuntimeError("there is no third")

    def alike(self, scope: Scope) -> int:
        return 3


class Disliking(Conclusion):
    """Fails when it takes its third iteration, or in the end."""

    def __init__(self, third: bool) -> None:
        self._third = third
        self._count = 0

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        self._count += 1
        if self._third and self._count == 3:
            raise RuntimeError("there is no third")

    def findings(self) -> Findings:
        raise RuntimeError("there is no third")


class FailingTake(Failing):
    """Fails when it takes its third iteration."""

    name: ClassVar[str] = "failing_take"
    independent: ClassVar[bool] = True
    third: ClassVar[bool] = True

    def iterations(self, scope: Scope) -> Iterations:
        for _ in range(4):
            yield Iteration("part", scope)

    def conclusion(self, scope: Scope) -> Conclusion:
        return Disliking(self.third)


class FailingEnd(FailingTake):
    """Fails when it says what it comes to."""

    name: ClassVar[str] = "failing_end"
    third: ClassVar[bool] = False


class Frail(PortfolioContainer):
    """Fails on bars that close at 101."""

    def on_bar(self, bar: Bar) -> None:
        super().on_bar(bar)
        if bar.close == 101.0:
            raise ValueError(f"101 at {bar.time_ns}")


FAILING = (Failing, FailingTake, FailingEnd)
FRAIL = msgspec.structs.replace(default_components(), containers={"portfolio": Frail})


def made(sequence: str | Sequence, topology: str = "backtest") -> type[Workflow]:
    phase = Phase(name="one", topology=topology, sequence=sequence)
    body: Mapping[str, Any] = {"get_phases": lambda self, config: [phase], "name": "made"}
    return type("Made", (Workflow,), dict(body))


class Ran(msgspec.Struct):
    """What a run gave back and journalled."""

    result: WorkflowResult
    entries: list[Entry]

    def seen(self) -> Any:
        """Give everything there is to compare, traces by their digests."""
        return msgspec.json.encode(self.result.to_document()), self.entries


Run = Callable[..., Ran]


@pytest.fixture
def run(config: dict[str, Any], tmp_path: Path) -> Run:
    def run(
        sequence: str | Sequence,
        topology: str = "backtest",
        *,
        executor: UnitExecutor | None = None,
        components: Components | None = None,
        **settings: Any,
    ) -> Ran:
        entries: list[Entry] = []
        coordinator = Coordinator(
            root=tmp_path,
            components=components,
            consumers=[entries.append],
            workflows={"made": made(sequence, topology)},
            sequences={"first_then_best": FirstThenBest, **{c.name: c for c in FAILING}},
            executor=executor,
        )
        user = {**config, "workflow": "made", **settings}
        return Ran(coordinator.run_workflow(user), entries)

    return run


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("sequence", "topology", "settings"),
    [
        ("single_pass", "backtest", {}),
        ("walk_forward", "backtest", WALK),
        ("walk_forward", "backtest", {**WALK, "parameter_space": SPACE}),
        ("walk_forward", "optimization", {**WALK, "parameter_space": SPACE}),
        ("k_fold", "backtest", {**FOLDS, "parameter_space": SPACE}),
        ("parameter_sweep", "backtest", {"parameter_space": SPACE}),
        ("monte_carlo", "backtest", SAMPLES),
        ("monte_carlo", "backtest", DRAWN),
        (Sequence("walk_forward", "monte_carlo"), "backtest",
         {**DRAWN, "walk_forward": {"train_bars": 2, "test_bars": 2}}),
        (NESTED, "backtest", {**DRAWN, "k_fold": {"folds": 2}, "parameter_space": SPACE,
                              "walk_forward": {"train_bars": 2, "test_bars": 1}}),
        (Sequence("parameter_sweep", "first_then_best"), "backtest", {"parameter_space": SPACE}),
        ("walk_forward", "signal_generation", WALK),
        ("k_fold", "signal_generation", FOLDS),
    ],
)  # fmt: skip
def test_whatever_order_units_end_in_nothing_changes(
    run: Run, sequence: Any, topology: str, settings: dict[str, Any], seed: int
) -> None:
    alone = run(sequence, topology, **settings)
    assert alone.result.success, alone.result.error
    with Shuffled(seed) as executor:
        assert run(sequence, topology, executor=executor, **settings).seen() == alone.seen()


def test_units_that_are_ahead_are_bounded(run: Run) -> None:
    many = UNITS_AHEAD + 10
    with Shuffled(1, workers=1) as executor:
        run("monte_carlo", executor=executor, monte_carlo={"iterations": many})
        assert executor.most == UNITS_AHEAD


def test_a_test_runs_while_other_windows_train(run: Run) -> None:
    with Shuffled(1) as executor:
        run("walk_forward", executor=executor, walk_forward={"train_bars": 1, "test_bars": 1})
        assert executor.most == 7  # windows: a train, or the test behind it


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("sequence", "settings"),
    [
        ("walk_forward", {"walk_forward": {"train_bars": 1, "test_bars": 1}}),
        ("walk_forward", {"walk_forward": {"train_bars": 2, "test_bars": 1},
                          "parameter_space": SPACE}),
        ("k_fold", {"k_fold": {"folds": 4}, "parameter_space": SPACE}),
        (Sequence("walk_forward", "monte_carlo"),
         {"walk_forward": {"train_bars": 2, "test_bars": 1}, **SAMPLES}),
    ],
)  # fmt: skip
def test_the_first_failure_in_path_order_is_the_phases(
    run: Run, sequence: Any, settings: dict[str, Any], seed: int
) -> None:
    alone = run(sequence, components=FRAIL, **settings)
    error = alone.result.error
    assert error is not None
    assert error.type == "ValueError"
    with Shuffled(seed) as executor:
        found = run(sequence, components=FRAIL, executor=executor, **settings)
    assert found.seen() == alone.seen()
    assert sum(isinstance(entry.record, ErrorRaised) for entry in found.entries) == 1


@pytest.mark.parametrize("name", [sequence.name for sequence in FAILING])
@pytest.mark.parametrize("around", [None, "inside", "outside"])
def test_a_sequence_that_fails_does_so_in_its_place(
    run: Run, name: str, around: str | None
) -> None:
    nested = {
        None: name,
        "inside": Sequence("monte_carlo", name),
        "outside": Sequence(name, "monte_carlo"),
    }
    sequence, settings = nested[around], SAMPLES
    alone = run(sequence, **settings)
    assert alone.result.error is not None
    assert alone.result.error.message == "there is no third"
    for seed in range(3):
        with Shuffled(seed) as executor:
            assert run(sequence, executor=executor, **settings).seen() == alone.seen()


def test_a_unit_that_no_worker_finished_is_the_failure_of_its_phase(run: Run) -> None:
    error = WorkerError("the worker died 3 times")
    with Shuffled(1, lost=lambda item: error if item.keys in ((3,), (1,)) else None) as executor:
        ran = run("monte_carlo", executor=executor, **SAMPLES)
    found = ran.result.error
    assert found is not None
    assert (found.type, found.message) == ("WorkerError", str(error))
    assert found.path == "iteration=0/phase=one/window=1/unit=0"
    [raised] = [entry for entry in ran.entries if isinstance(entry.record, ErrorRaised)]
    assert raised.path[-1] == ("unit", 0)
    assert [e.path[2:] for e in ran.entries if isinstance(e.record, IterationStarted)] == [
        (("window", 0),), (("window", 1),)
    ]  # fmt: skip


def test_an_executor_that_goes_away_is_the_failure_of_the_phase(run: Run) -> None:
    error = ExecutorError("the scheduler is gone")
    with Shuffled(1, lost=lambda item: error if item.keys == (3,) else None) as executor:
        found = run("monte_carlo", executor=executor, **SAMPLES).result.error
    assert found is not None
    assert (found.type, found.path) == ("ExecutorError", "iteration=0/phase=one")


def test_who_says_which_iterations_there_are_says_whether_they_are_independent() -> None:
    class Changed(Failing):
        def iterations(self, scope: Scope) -> Iterations:
            first = yield Iteration("part", scope)
            yield Iteration("part", scope.changed(first.best_parameters, ()))

    class Renamed(Failing):
        name = "renamed"

    assert (Failing.independent, Changed.independent, Renamed.independent) == (True, False, True)
