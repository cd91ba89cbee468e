"""Section 7.7: the shipped workflows, phase by phase."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.journal import Entry, PlanMade
from containers.results import WorkflowResult, units
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain

SPACE = {"momentum.fast_period": [1, 2], "momentum.slow_period": [4, 8]}


@pytest.fixture
def shipped(study: Config) -> Config:
    return {
        **study,
        "walk_forward": {"train_bars": 20, "test_bars": 10},
        "monte_carlo": {"iterations": 3},
        "train_test": {"train_ratio": 0.7},
    }


def planned(run: Run, config: Config) -> tuple[WorkflowResult, list[tuple[Any, ...]]]:
    journal: list[Entry] = []
    result = run(config, journal=journal)
    plan = next(e.record for e in journal if isinstance(e.record, PlanMade))
    return result, [
        (p.name, p.topology, p.sequence, tuple(p.depends_on), tuple(p.conditions), dict(p.inputs))
        for p in plan.phases
    ]


def test_train_test_optimization(run: Run, shipped: Config) -> None:
    shipped |= {"workflow": "train_test_optimization", "parameter_space": SPACE}
    result, plan = planned(run, shipped)
    assert result.success
    assert plan == [("optimize", "backtest", "train_test", (), (), {})]
    assert set(result.phase_results["optimize"].best_parameters) == set(SPACE)


def test_walk_forward_validation(run: Run, shipped: Config) -> None:
    result, plan = planned(run, {**shipped, "workflow": "walk_forward_validation"})
    assert result.success
    assert plan == [("validate", "backtest", "walk_forward", (), (), {})]
    assert len(result.phase_results["validate"].iterations) == 4


def test_signal_generation_and_replay(run: Run, shipped: Config) -> None:
    result, plan = planned(run, {**shipped, "workflow": "signal_generation_and_replay"})
    assert result.success
    assert plan == [
        ("generate", "signal_generation", "single_pass", (), (), {}),
        (
            "replay",
            "signal_replay",
            "single_pass",
            ("generate",),
            (),
            {"signals": "generate.signals"},
        ),
    ]
    direct = run({**shipped, "workflow": "simple_backtest"}).phase_results["backtest"]
    assert plain(result.phase_results["replay"].portfolios) == plain(direct.portfolios)


def profitable(shipped: Config, workflow: str) -> Config:
    """Have figures that hold the conditions: whatever loses money is not allowed to."""
    return {
        **shipped,
        "workflow": workflow,
        "parameter_space": SPACE,
        "objective": {"metric": "total_return"},
    }


def test_research_pipeline(run: Run, shipped: Config) -> None:
    shipped["strategies"] = [
        *shipped["strategies"], {"type": "buy_and_hold", "name": "hold"},
    ]  # fmt: skip
    config = profitable(shipped, "research_pipeline")
    result, plan = planned(run, config)
    assert [(name, *rest[:3]) for name, *rest in plan] == [
        ("sweep", "backtest", "parameter_sweep", ()),
        ("monte_carlo", "backtest", "monte_carlo", ("sweep",)),
        ("walk_forward", "backtest", "walk_forward", ("monte_carlo",)),
        ("regimes", "analysis", "single_pass", ("walk_forward",)),
    ]
    assert [conditions for *_, conditions, _ in plan] == [
        (),
        ("sweep.num_trades >= 1",),
        ("monte_carlo.total_return > 0.0",),
        ("results.walk_forward.metrics.num_trades >= 1",),
    ]
    assert plan[3][5] == {"result": "walk_forward"}
    phases = result.phase_results
    sweep = phases["sweep"]
    assert sweep.outputs == {"best": dict(sweep.best_parameters)}
    if (sweep.metrics["num_trades"] or 0) < 1:
        assert phases["monte_carlo"].status == "skipped"
        return
    monte_carlo = phases["monte_carlo"]
    given = {
        "momentum.fast_period": sweep.best_parameters["momentum.fast_period"],
        "momentum.slow_period": sweep.best_parameters["momentum.slow_period"],
    }
    for index, sample in enumerate(monte_carlo.iterations):
        assert sample.iterations == ()
        assert dict(sample.parameters) == reference.noisy(given, 0.1, 0, index)
    holds = (monte_carlo.metrics["total_return"] or 0.0) > 0.0
    assert (phases["walk_forward"].status == "succeeded") is holds


def test_a_pipeline_stops_at_a_condition_that_does_not_hold(run: Run, shipped: Config) -> None:
    shipped["strategies"] = [
        {"type": "momentum", "parameters": {"fast_period": 70, "slow_period": 90}}
    ]
    config = {**profitable(shipped, "research_pipeline"),
              "parameter_space": {"momentum.slow_period": [80, 90]}}  # fmt: skip
    result = run(config)
    assert result.success
    assert {n: (p.status, p.reason) for n, p in result.phase_results.items()} == {
        "sweep": ("succeeded", None),
        "monte_carlo": ("skipped", "condition not met: sweep.num_trades is 0, needed >= 1"),
        "walk_forward": ("skipped", "dependency 'monte_carlo' was skipped"),
        "regimes": ("skipped", "dependency 'walk_forward' was skipped"),
    }


@pytest.fixture
def ensemble(shipped: Config) -> Config:
    return {
        **shipped,
        "workflow": "adaptive_ensemble",
        "strategies": [
            {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}},
            {"type": "rate_of_change", "parameters": {"lookback": 3}},
            {"type": "ensemble", "name": "both",
             "parameters": {"members": {"momentum": 1, "rate_of_change": 1}}},
        ],
        "classifiers": [{"type": "trend", "parameters": {"fast_period": 2, "slow_period": 5}}],
        "parameter_space": {"momentum.slow_period": [4, 8], "both.members.momentum": [0.5, 2.0]},
        "walk_forward": {"train_bars": 15, "test_bars": 9},
    }  # fmt: skip


def test_adaptive_ensemble(run: Run, ensemble: Config) -> None:
    result, plan = planned(run, ensemble)
    assert result.error is None
    assert [row[:3] for row in plan] == [
        ("sweep", "backtest", "in_sample(walk_forward)"),
        ("regimes", "analysis", "in_sample"),
        ("signals", "signal_generation", "in_sample"),
        ("weights", "signal_replay", "in_sample(parameter_sweep)"),
        ("validation", "backtest", "out_of_sample"),
    ]
    assert [row[3] for row in plan] == [(), ("sweep",), ("sweep",), ("signals",), ("weights",)]
    phases = result.phase_results
    sweep, weights = phases["sweep"], phases["weights"]
    swept = {key for _, u in units(sweep.iterations) for key in u.parameters}
    assert swept == {"momentum.slow_period"}
    assert {u.window.last_bar for _, u in units(sweep.iterations)} <= set(range(42))
    combinations = [dict(c.parameters) for c in weights.iterations[0].iterations]
    assert combinations == [{"both.members.momentum": 0.5}, {"both.members.momentum": 2.0}]
    validation = phases["validation"]
    assert validation.status == "succeeded"
    (test,) = validation.iterations
    assert (test.window.first_bar, test.window.last_bar) == (42, 59)
    best = sweep.best_parameters["momentum.slow_period"]
    assert test.portfolios["momentum.aggressive"].parameters["slow_period"] == best
    members = test.portfolios["both.aggressive"].parameters["members"]
    assert members["momentum"] == weights.best_parameters["both.members.momentum"]
    assert phases["regimes"].aggregate_metrics["regime_performance"]


def test_adaptive_ensemble_needs_an_ensemble(run: Run, ensemble: Config) -> None:
    ensemble["strategies"] = ensemble["strategies"][:2]
    ensemble["parameter_space"] = {"momentum.slow_period": [4, 8]}
    result = run(ensemble)
    assert not result.success
    assert result.error is not None
    assert (result.error.type, result.error.path) == (
        "ConfigurationError",
        "iteration=0/phase=weights",
    )


def test_adaptive_strategy_search(run: Run, shipped: Config) -> None:
    config = {
        **profitable(shipped, "adaptive_strategy_search"),
        "parameter_space": {"momentum.slow_period": [4, 8]},
        "max_iterations": 3,
    }
    result = run(config)
    spaces = [[4, 8], [3, 4, 8, 12], [2, 3, 4, 8, 12, 18]]
    for index, iteration in enumerate(result.iterations):
        search = iteration.phase_results["search"]
        found = [c.parameters["momentum.slow_period"] for c in search.iterations]
        assert found == spaces[index]
        taken = (search.metrics["total_return"] or 0.0) > 0.0
        assert list(iteration.branches) == (["confirmed"] if taken else [])
        if taken:
            confirmed = iteration.branches["confirmed"]
            assert confirmed.workflow == "walk_forward_validation"
            for _, unit in units(confirmed.phase_results["validate"].iterations):
                for portfolio in unit.portfolios.values():
                    assert portfolio.strategy == "momentum"
    sharpes = [i.phase_results["search"].metrics["sharpe_ratio"] for i in result.iterations]
    for value in sharpes[:-1]:
        assert value is not None
        assert value < 1.0
    if len(sharpes) < 3:
        assert sharpes[-1] is None or sharpes[-1] >= 1.0


def test_every_shipped_workflow_is_known_to_both(run: Run, shipped: Config) -> None:
    with pytest.raises(ConfigurationError, match="adaptive_ensemble"):
        run({**shipped, "workflow": "adaptive_ensembl"})
