"""Section 7.5: `optimization`, all combinations in one topology."""

from __future__ import annotations

import pytest

from containers.errors import ConfigurationError
from containers.journal import Entry, TopologyBuilt
from containers.results import units
from tests.contract import reference
from tests.contract.conftest import Config, Run
from tests.contract.definitions import one_phase
from tests.contract.test_contract_windows import work

SPACE = {"momentum.fast_period": [1, 2], "momentum.slow_period": [4, 8]}


@pytest.fixture(autouse=True)
def _several(study: Config) -> None:
    study["strategies"] = [
        {"type": "momentum", "parameters": {"fast_period": 3, "slow_period": 5}},
        {"type": "buy_and_hold"},
        {"type": "ensemble", "name": "both",
         "parameters": {"members": {"momentum": 1, "buy_and_hold": 0.2}}},
    ]  # fmt: skip
    study["risk_profiles"] = [{"type": "aggressive"}, {"type": "conservative"}]
    study["parameter_space"] = SPACE
    study["walk_forward"] = {"train_bars": 20, "test_bars": 15}


def test_all_combinations_stand_in_one_unit(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    phase = work(run, study, "single_pass", "optimization", journal=journal)
    (unit,) = phase.iterations
    ids = [
        f"{name}#{k}.{profile}"
        for k in range(4)
        for name in ("momentum", "buy_and_hold", "both")
        for profile in ("aggressive", "conservative")
    ]
    assert list(unit.portfolios) == ids
    (built,) = [e.record for e in journal if isinstance(e.record, TopologyBuilt)]
    strategies = [c.id for c in built.containers if c.role == "strategy"]
    assert strategies == [
        f"strategy/{name}#{k}" for k in range(4) for name in ("momentum", "buy_and_hold", "both")
    ]
    routes = {(r.publisher, r.subscriber) for r in built.routes if r.kind == "SIGNAL"}
    assert ("strategy/momentum#2", "strategy/both#2") in routes
    assert ("strategy/momentum#1", "strategy/both#2") not in routes


def test_each_combination_is_a_backtest_with_its_parameters(run: Run, study: Config) -> None:
    unit = work(run, study, "single_pass", "optimization").iterations[0]
    sweep = work(run, study, "parameter_sweep")
    for k, combination in enumerate(sweep.iterations):
        for name, portfolio in combination.portfolios.items():
            strategy, profile = name.split(".")
            ours = unit.portfolios[f"{strategy}#{k}.{profile}"]
            assert ours.metrics == portfolio.metrics
            assert ours.equity_curve is not None
            assert portfolio.equity_curve is not None
            assert ours.equity_curve.equity.tolist() == portfolio.equity_curve.equity.tolist()
            assert [t.net_profit for t in ours.trades or ()] == [
                t.net_profit for t in portfolio.trades or ()
            ]


def test_the_best_portfolio_gives_the_best_parameters(run: Run, study: Config) -> None:
    phase = work(run, study, "single_pass", "optimization")
    ids = list(phase.portfolios)
    best = ids[reference.best([phase.portfolios[i].metrics for i in ids])]
    assert phase.best_portfolio == best
    k = int(best.split("#")[1].split(".")[0])
    assert dict(phase.best_parameters) == reference.product(SPACE)[k]
    assert phase.metrics == phase.portfolios[best].metrics
    assert phase.aggregate_metrics["portfolios"] == 24


def test_a_train_of_it_is_one_unit_and_the_test_a_backtest(run: Run, study: Config) -> None:
    phase = work(run, study, "train_test", "optimization")
    train, test = phase.iterations
    assert (train.iterations, len(train.portfolios)) == ((), 24)
    assert list(test.portfolios) == [
        f"{name}.{profile}"
        for name in ("momentum", "buy_and_hold", "both")
        for profile in ("aggressive", "conservative")
    ]
    assert test.parameters == train.best_parameters == phase.best_parameters
    assert (
        test.portfolios["momentum.aggressive"].parameters["fast_period"]
        == (train.best_parameters["momentum.fast_period"])
    )
    # The same choice as by one unit per combination, when the portfolio that wins is the same.
    walked = work(run, study, "walk_forward", "optimization")
    assert len([u for _, u in units(walked.iterations)]) == 2 * len(walked.iterations)


def test_pieces_of_a_fold_are_units_of_all_combinations(run: Run, study: Config) -> None:
    study["k_fold"] = {"folds": 3}
    phase = work(run, study, "k_fold", "optimization")
    train, test = phase.iterations[1].iterations
    assert [p.window.name for p in train.iterations] == ["piece", "piece"]
    assert all(len(piece.portfolios) == 24 for piece in train.iterations)
    assert len(train.portfolios) == 24
    best = list(train.portfolios)[reference.best([p.metrics for p in train.portfolios.values()])]
    assert train.best_portfolio == best
    k = int(best.split("#")[1].split(".")[0])
    assert dict(train.best_parameters) == reference.product(SPACE)[k] == dict(test.parameters)


def test_random_samples_are_combinations_too(run: Run, study: Config) -> None:
    study["parameter_sweep"] = {"random": {"count": 3}}
    unit = work(run, study, "single_pass", "optimization").iterations[0]
    for k in range(3):
        drawn = reference.drawn(SPACE, {}, 0, k)
        parameters = unit.portfolios[f"momentum#{k}.aggressive"].parameters
        assert parameters["fast_period"] == drawn["momentum.fast_period"]
        assert parameters["slow_period"] == drawn["momentum.slow_period"]


def test_below_a_sweep_there_is_nothing_left(run: Run, study: Config) -> None:
    with pytest.raises(ConfigurationError, match="parameter_space"):
        run(study, definitions=[one_phase("parameter_sweep", "optimization")])
