"""Trees of iterations, run on the small market of eight bars."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.errors import ConfigurationError
from containers.results import (
    IterationResult,
    PhaseResult,
    PlannedIteration,
    Window,
    WorkflowResult,
    units,
)
from imperative import Coordinator, Phase, Sequence, Workflow, load_folder

Work = Callable[..., PhaseResult]
SPACE = {"momentum.fast_period": [1, 2], "momentum.slow_period": [3]}
WALK = {"walk_forward": {"train_bars": 4, "test_bars": 2}}


def made(sequence: str | Sequence, topology: str = "backtest", **settings: Any) -> type[Workflow]:
    phase = Phase(name="one", topology=topology, sequence=sequence, **settings)
    body: Mapping[str, Any] = {"get_phases": lambda self, config: [phase], "name": "made"}
    return type("Made", (Workflow,), dict(body))


@pytest.fixture
def work(config: dict[str, Any], tmp_path: Path) -> Work:
    def work(sequence: str | Sequence, topology: str = "backtest", **settings: Any) -> PhaseResult:
        coordinator = Coordinator(root=tmp_path, workflows={"made": made(sequence, topology)})
        user = {**config, "workflow": "made", **settings}
        result: WorkflowResult = coordinator.run_workflow(user)
        assert result.success, result.error
        [phase] = coordinator.plan_workflow(user).phases
        one = result.phase_results["one"]
        assert phase.units == len(list(units(one.iterations)))
        assert planned(phase.iterations) == ran(one.iterations)
        return one

    return work


def planned(iterations: tuple[PlannedIteration, ...]) -> Any:
    return [(bars(i.window), planned(i.iterations)) for i in iterations for _ in range(i.repeats)]


def ran(iterations: collections.abc.Sequence[IterationResult]) -> Any:
    return [(bars(i.window), ran(i.iterations)) for i in iterations]


def bars(window: Window) -> Window:
    """Leave out the warm-up, which depends on parameters that a plan does not know."""
    return msgspec.structs.replace(window, warmup_bars=0)


def shape(iterations: collections.abc.Sequence[IterationResult]) -> Any:
    found = []
    for iteration in iterations:
        window = iteration.window
        below = [shape(iteration.iterations)] if iteration.iterations else []
        found.append((window.name, window.first_bar, window.last_bar, *below))
    return found


def test_a_walk_forward_is_windows_of_train_and_test(work: Work) -> None:
    walked = work("walk_forward", **WALK)
    assert shape(walked.iterations) == [
        ("window", 0, 5, [("train", 0, 3), ("test", 4, 5)]),
        ("window", 2, 7, [("train", 2, 5), ("test", 6, 7)]),
    ]
    test = walked.iterations[1].iterations[1]
    assert test.window.warmup_bars == 2  # the slow average looks back two bars
    assert walked.iterations[1].window.warmup_bars == 0
    curve = walked.portfolios["momentum.moderate"].equity_curve
    assert curve is not None
    assert len(curve.time_ns) == 4
    assert walked.aggregate_metrics["iterations"] == 2
    assert test.portfolios["momentum.moderate"].equity_curve is None


def test_training_optimises_and_the_test_takes_its_best(work: Work) -> None:
    walked = work("walk_forward", parameter_space=SPACE, **WALK)
    train, test = walked.iterations[0].iterations
    assert [dict(c.parameters) for c in train.iterations] == [
        {"momentum.fast_period": 1, "momentum.slow_period": 3},
        {"momentum.fast_period": 2, "momentum.slow_period": 3},
    ]
    assert test.parameters == train.best_parameters
    assert walked.best_parameters == walked.iterations[-1].iterations[0].best_parameters
    own = test.portfolios["momentum.moderate"].parameters
    assert own["fast_period"] == train.best_parameters["momentum.fast_period"]


def test_a_body_stands_where_a_unit_would(work: Work) -> None:
    nested = work(
        Sequence("monte_carlo", body="walk_forward"),
        parameter_space=SPACE,
        monte_carlo={"iterations": 3},
        **WALK,
    )
    assert nested.sequence == "monte_carlo(walk_forward)"
    assert [i.window.name for i in nested.iterations] == ["sample"] * 3
    assert [i.spawn_key for i in nested.iterations] == [(0,), (1,), (2,)]
    deepest = nested.iterations[2].iterations[0].iterations[0].iterations[0]
    assert (deepest.window.name, deepest.spawn_key) == ("combination", (2,))
    assert (nested.portfolios, nested.best_portfolio) == ({}, None)
    bars = nested.aggregate_metrics["statistics"]["bars"]
    assert nested.metrics["bars"] == bars["mean"] == 4.0


def test_a_body_without_curves_gives_means(work: Work) -> None:
    nested = work(
        Sequence("walk_forward", body="monte_carlo"), monte_carlo={"iterations": 2}, **WALK
    )
    assert nested.portfolios == {}
    assert nested.metrics["bars"] == 2.0
    assert nested.best_portfolio is None


def test_a_fold_trains_on_the_pieces_around_it(work: Work) -> None:
    folded = work("k_fold", k_fold={"folds": 3, "embargo_bars": 1})
    assert shape(folded.iterations) == [
        ("fold", 0, 7, [("train", 3, 7, [("piece", 3, 7)]), ("test", 0, 1)]),
        ("fold", 0, 7, [("train", 0, 7, [("piece", 0, 0), ("piece", 6, 7)]), ("test", 2, 4)]),
        ("fold", 0, 7, [("train", 0, 3, [("piece", 0, 3)]), ("test", 5, 7)]),
    ]


def test_a_sweep_keeps_the_best_and_statistics(work: Work) -> None:
    swept = work("parameter_sweep", parameter_space=SPACE, objective={"metric": "final_equity"})
    best = max(swept.iterations, key=lambda i: i.metrics["final_equity"] or 0.0)
    assert swept.best_parameters == best.parameters
    assert swept.metrics == best.metrics
    assert swept.portfolios["momentum.moderate"].trades is not None
    assert swept.aggregate_metrics["statistics"]["final_equity"]["count"] == 2


def test_parts_of_the_split_run_alone(work: Work) -> None:
    assert shape(work("in_sample").iterations) == [("train", 0, 4)]
    test = work("out_of_sample", risk_profiles=[{"type": "aggressive"}])
    assert shape(test.iterations) == [("test", 5, 7)]
    swept = work(Sequence("in_sample", body="parameter_sweep"), parameter_space=SPACE)
    assert shape(swept.iterations)[0][3] == [("combination", 0, 4)] * 2
    assert swept.best_parameters in ([i.parameters for i in swept.iterations[0].iterations])


def test_the_warm_up_of_all_combinations_is_the_largest_of_them(work: Work) -> None:
    space = {"momentum.slow_period": [2, 4, 3]}
    optimised = work("out_of_sample", "optimization", parameter_space=space)
    assert optimised.iterations[0].window.warmup_bars == 4


def test_all_combinations_in_one_unit_are_those_of_a_sweep(work: Work) -> None:
    swept = work("parameter_sweep", parameter_space=SPACE)
    [unit] = work("single_pass", "optimization", parameter_space=SPACE).iterations
    assert list(unit.portfolios) == ["momentum#0.moderate", "momentum#1.moderate"]
    for place, combination in enumerate(swept.iterations):
        one = combination.portfolios["momentum.moderate"]
        assert unit.portfolios[f"momentum#{place}.moderate"].metrics == one.metrics
    assert unit.best_parameters == swept.best_parameters


def test_a_bootstrap_keeps_times_and_draws_anew(work: Work) -> None:
    drawn = work("monte_carlo", monte_carlo={
        "iterations": 4, "method": "block_bootstrap", "block_bars": 3,
    }, results={"storage": "memory", "directory": "r", "store_full_results": True})  # fmt: skip
    curves = [i.portfolios["momentum.moderate"].equity_curve for i in drawn.iterations]
    assert len({tuple(c.time_ns.tolist()) for c in curves if c is not None}) == 1
    assert len({tuple(c.equity.tolist()) for c in curves if c is not None}) > 1
    assert [dict(i.parameters) for i in drawn.iterations] == [{}] * 4


@pytest.mark.parametrize(
    ("sequence", "settings", "path"),
    [
        ("parameter_sweep", {}, ("parameter_space",)),
        (Sequence("walk_forward", "parameter_sweep"), {"parameter_space": SPACE, **WALK},
         ("parameter_space",)),
        ("walk_forward", {}, ("walk_forward",)),
        (Sequence("walk_forward", "walk_forward"), WALK, ("walk_forward",)),
        ("k_fold", {"k_fold": {"folds": 9}}, ("k_fold",)),
        ("monte_carlo", {"monte_carlo": {"method": "block_bootstrap"}}, ("monte_carlo",)),
        ("train_test", {"train_test": {"train_ratio": 0.01}}, ("train_test",)),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_at_its_section(
    work: Work, sequence: Any, settings: dict[str, Any], path: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        work(sequence, **settings)
    assert caught.value.problems[0].path == path


def test_a_plan_shows_containers_and_combinations(config: dict[str, Any]) -> None:
    coordinator = Coordinator(workflows={"made": made("walk_forward")})
    plan = coordinator.plan_workflow(
        {**config, "workflow": "made", "parameter_space": SPACE, **WALK}
    )
    [phase] = plan.phases
    assert (phase.units, phase.combinations) == (6, 2)
    assert phase.containers[0] == "data/AAA/1d"
    assert phase.containers[-1] == "execution"


OWN = """
from imperative import Iteration, Phase, PhaseSequence, Workflow
from imperative.sequences.windows import Stretch

class Halves(PhaseSequence):
    name = "halves"

    def iterations(self, scope):
        middle = len(scope.span) // 2
        yield Iteration("first", scope.part(Stretch(0, middle - 1), 0))
        yield Iteration("second", scope.part(Stretch(middle, len(scope.span) - 1), 1))

class Mine(Workflow):
    name = "mine"

    def get_phases(self, config):
        return [Phase(name="one", topology="backtest", sequence="halves")]
"""


def test_definitions_of_a_folder_join_the_shipped_ones(
    config: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.py").write_text(OWN, encoding="utf-8")
    coordinator = Coordinator(definitions=load_folder(folder))
    result = coordinator.run_workflow({**config, "workflow": "mine"})
    one = result.phase_results["one"]
    assert shape(one.iterations) == [("first", 0, 3), ("second", 4, 7)]
    assert one.metrics == one.iterations[-1].metrics
    assert one.iterations[-1].window.warmup_bars == 1
