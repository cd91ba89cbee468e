from __future__ import annotations

from typing import Any

import numpy as np

from containers.configuration import Constraint, ObjectiveSettings
from containers.results import EquityCurve, PhaseResult, PortfolioResult
from imperative.findings import aggregate, best_portfolio
from imperative.outcome import best_phase


def portfolio(**metrics: Any) -> PortfolioResult:
    curve = EquityCurve(time_ns=np.array([], np.int64), equity=np.array([], np.float64))
    return PortfolioResult("s", "p", {}, metrics, (), curve)


def objective(metric: str = "sharpe_ratio", *, least: bool = False, **limits: float) -> Any:
    constraints = tuple(Constraint(name, "<=", value) for name, value in limits.items())
    return ObjectiveSettings(metric, "min" if least else "max", constraints)


def test_the_best_portfolio_has_the_best_value_and_ties_go_to_the_first() -> None:
    portfolios = {
        "a": portfolio(sharpe_ratio=0.5),
        "b": portfolio(sharpe_ratio=1.5),
        "c": portfolio(sharpe_ratio=1.5),
    }
    assert best_portfolio(portfolios, objective()) == "b"
    assert best_portfolio(portfolios, objective(least=True)) == "a"


def test_null_is_neither_zero_nor_best() -> None:
    portfolios = {"a": portfolio(sharpe_ratio=None), "b": portfolio(sharpe_ratio=-2.0)}
    assert best_portfolio(portfolios, objective()) == "b"
    assert best_portfolio(portfolios, objective(least=True)) == "b"


def test_those_that_break_a_constraint_come_after_all_that_dont_even_null() -> None:
    portfolios = {
        "broken": portfolio(sharpe_ratio=9.0, max_drawdown=0.4),
        "unknown": portfolio(sharpe_ratio=8.0, max_drawdown=None),
        "null": portfolio(sharpe_ratio=None, max_drawdown=0.1),
    }
    limited = objective(max_drawdown=0.3)
    assert best_portfolio(portfolios, limited) == "null"
    del portfolios["null"]
    assert best_portfolio(portfolios, limited) == "broken"


def test_sums_run_over_portfolios_and_the_return_is_that_of_the_sums() -> None:
    held = [
        portfolio(final_equity=110.0, num_trades=0, total_commission=1.5),
        portfolio(final_equity=130.0, num_trades=0, total_commission=2.0),
    ]
    assert aggregate(held, 100.0) == {
        "portfolios": 2,
        "initial_capital": 200.0,
        "final_equity": 240.0,
        "total_return": 240.0 / 200.0 - 1,
        "num_trades": 0,
        "total_commission": 3.5,
    }


def test_a_sum_with_an_undefined_figure_is_null() -> None:
    sums = aggregate([portfolio(final_equity=None, num_trades=0, total_commission=0.0)], 100.0)
    assert (sums["final_equity"], sums["total_return"]) == (None, None)


def test_the_best_phase_is_a_succeeded_one_with_a_value() -> None:
    results = {
        "failed": PhaseResult("failed", "single_pass", "backtest"),
        "null": PhaseResult("succeeded", "single_pass", "backtest", metrics={"sharpe_ratio": None}),
        "good": PhaseResult("succeeded", "single_pass", "backtest", metrics={"sharpe_ratio": -1.0}),
    }
    assert best_phase(results, objective()) == {
        "primary_metric": {"metric": "sharpe_ratio", "value": -1.0},
        "best_phase": "good",
    }
