"""Section 8.2: what a train chooses, and what its test then runs with."""

from __future__ import annotations

from typing import Any

import pytest

from containers.results import IterationResult
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain
from tests.contract.test_contract_windows import work

SPACE = {"momentum.fast_period": [1, 2, 3], "momentum.slow_period": [4, 8]}


def chosen(train: IterationResult, study: Config) -> dict[str, Any]:
    """Choose from a train's combinations, computed in the test."""
    objective = study.get("objective", {})
    constraints = [
        (c["metric"], c["operator"], c["value"]) for c in objective.get("constraints", ())
    ]
    index = reference.best(
        [combination.metrics for combination in train.iterations],
        objective.get("metric", "sharpe_ratio"),
        objective.get("direction", "max"),
        constraints,
    )
    return dict(train.iterations[index].parameters)


@pytest.mark.parametrize(
    "objective",
    [
        {},
        {"metric": "max_drawdown", "direction": "min"},
        {"metric": "num_trades", "direction": "min"},  # ties
        {"metric": "ruined_at"},  # null everywhere: the first
        {"metric": "total_return",
         "constraints": [{"metric": "max_drawdown", "operator": "<=", "value": 0.12}]},
        {"metric": "total_return",
         "constraints": [{"metric": "num_trades", "operator": "<", "value": 0}]},  # all broken
        {"metric": "win_rate",
         "constraints": [{"metric": "profit_factor", "operator": ">", "value": 0.5}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("sequence", ["train_test", "walk_forward", "k_fold"])
def test_the_best_of_train_is_what_test_runs_with(
    run: Run, study: Config, sequence: str, objective: Config
) -> None:
    study |= {"parameter_space": SPACE, "objective": objective, "k_fold": {"folds": 3},
              "walk_forward": {"train_bars": 25, "test_bars": 15}}  # fmt: skip
    phase = work(run, study, sequence)
    pairs = [phase.iterations] if sequence == "train_test" else [
        i.iterations for i in phase.iterations
    ]  # fmt: skip
    for train, test in pairs:
        assert [dict(c.parameters) for c in train.iterations] == reference.product(SPACE)
        assert {c.window.name for c in train.iterations} == {"combination"}
        best = chosen(train, study)
        assert dict(test.parameters) == dict(train.best_parameters) == best
        index = [dict(c.parameters) for c in train.iterations].index(best)
        one = train.iterations[index]
        assert train.metrics == one.metrics
        assert plain(train.portfolios) == plain(one.portfolios)
        assert train.best_portfolio == one.best_portfolio
        assert dict(train.aggregate_metrics) == reference.aggregate(
            [c.metrics for c in train.iterations]
        )
        (portfolio,) = test.portfolios.values()
        assert dict(portfolio.parameters) == {
            "fast_period": best["momentum.fast_period"],
            "slow_period": best["momentum.slow_period"],
        }
    assert dict(phase.best_parameters) == dict(pairs[-1][0].best_parameters)


def test_test_is_what_its_parameters_give_alone(run: Run, study: Config) -> None:
    study["walk_forward"] = {"train_bars": 25, "test_bars": 15}
    phase = work(run, {**study, "parameter_space": SPACE}, "walk_forward")
    for index, window in enumerate(phase.iterations):
        test = window.iterations[1]
        parameters = {key.split(".")[1]: value for key, value in test.parameters.items()}
        alone = {**study, "strategies": [{"type": "momentum", "parameters": parameters}]}
        without = work(run, alone, "walk_forward").iterations[index].iterations[1]
        assert plain(without.portfolios) == plain(test.portfolios)
        assert without.metrics == test.metrics


def test_without_a_space_train_runs_once(run: Run, study: Config) -> None:
    train, test = work(run, study, "train_test").iterations
    assert train.iterations == test.iterations == ()
    assert (dict(train.best_parameters), dict(test.parameters)) == ({}, {})
    study |= {"parameter_space": SPACE, "parameter_sweep": {"skip": ["momentum"]}}
    train, _ = work(run, study, "train_test").iterations
    assert train.iterations == ()


def test_train_never_sees_the_test(run: Run, study: Config, market: Any, tmp_path: Any) -> None:
    """Change every bar of the test: the choice stays."""
    from tests.contract.market import Bar, bars_of, write_bars

    study |= {"parameter_space": SPACE, "train_test": {"train_ratio": 0.5}}
    before = work(run, study, "train_test")
    bars = bars_of("AAA")
    changed = [*bars[:30], *(Bar(b.label, *(p / 2 for p in b.prices)) for b in bars[30:])]
    write_bars(tmp_path / "AAA_1d.csv", changed)
    study["data"] = {"data_dir": str(tmp_path)}
    after = work(run, study, "train_test")
    assert plain(before.iterations[0]) == plain(after.iterations[0])
    assert before.iterations[1].metrics != after.iterations[1].metrics


def test_the_best_of_several_portfolios_stands_for_a_combination(run: Run, study: Config) -> None:
    study |= {"risk_profiles": [{"type": "aggressive"}, {"type": "conservative"}],
              "parameter_space": {"momentum.fast_period": [1, 2]},
              "objective": {"metric": "total_return"}}  # fmt: skip
    phase = work(run, study, "parameter_sweep")
    for combination in phase.iterations:
        portfolios = list(combination.portfolios.items())
        index = reference.best([p.metrics for _, p in portfolios], "total_return")
        assert combination.best_portfolio == portfolios[index][0]
        assert combination.metrics == portfolios[index][1].metrics
