from __future__ import annotations

import statistics as library
from typing import Any

import numpy as np
import pytest

from containers.results import (
    EquityCurve,
    IterationResult,
    Label,
    PortfolioResult,
    Trade,
    Window,
)
from imperative.analyses import (
    correlation,
    parameter_sensitivity,
    regime_performance,
    strategy_characteristics,
)


def portfolio(*equities: float, strategy: str = "s", trades: tuple[Trade, ...] = ()) -> Any:
    times = np.arange(len(equities), dtype=np.int64)
    curve = EquityCurve(time_ns=times, equity=np.array(equities, np.float64))
    return PortfolioResult(strategy, "p", {}, {}, trades, curve)


def trade(net_profit: float, side: int = 1, bars_held: int = 2) -> Trade:
    return Trade("p", "AAA", side, 1.0, 0, 1, 1.0, 1.0, bars_held, 0.0, net_profit)


def iteration(
    name: str,
    below: tuple[IterationResult, ...] = (),
    parameters: dict[str, Any] | None = None,
    sharpe_ratio: float | None = None,
) -> IterationResult:
    return IterationResult(
        window=Window(name, 0, 1, 0, 0, 1),
        parameters=parameters or {},
        seed=0,
        metrics={"sharpe_ratio": sharpe_ratio},
        iterations=below,
    )


def test_returns_are_told_apart_by_the_label_that_held() -> None:
    labels = {
        "trend": [
            Label(1, "AAA", "up"), Label(2, "BBB", "down"), Label(3, "AAA", "down"),
            Label(5, "AAA", "up"),
        ]
    }  # fmt: skip
    equities = (100.0, 110.0, 121.0, 60.5, 121.0, 133.1)
    found = regime_performance(
        {"p": portfolio(*equities)},
        labels,
        symbol="AAA",
        initial_capital=100.0,
        periods_per_year=4.0,
    )
    regimes = found["p"]["trend"]
    assert list(regimes) == ["up", "down"]
    assert regimes["up"]["samples"] == 3
    assert regimes["up"]["mean_return"] == pytest.approx(0.1)
    assert regimes["up"]["max_drawdown"] == 0.0
    down = regimes["down"]
    assert down["max_drawdown"] == 0.5
    assert down["sharpe_ratio"] == pytest.approx(0.25 / library.stdev([-0.5, 1.0]) * 2)


def test_a_single_sample_has_no_sharpe_ratio_and_one_before_the_first_label_no_regime() -> None:
    labels = {"c": [Label(1, "AAA", "x")]}
    found = regime_performance(
        {"p": portfolio(50.0, 75.0)},
        labels,
        symbol="AAA",
        initial_capital=100.0,
        periods_per_year=252.0,
    )
    assert found["p"]["c"] == {
        "x": {"samples": 1, "mean_return": 0.5, "sharpe_ratio": None, "max_drawdown": 0.0}
    }


def test_sensitivity_looks_at_combinations_at_any_depth() -> None:
    first = iteration("combination", (), {"a.x": 1}, 1.0)
    second = iteration("combination", (), {"a.x": 2})
    third = iteration("combination", (), {"a.x": 1}, 3.0)
    tree = (iteration("window", (iteration("train", (first, second)),)), third)
    found = parameter_sensitivity(tree, "sharpe_ratio")
    assert list(found["a.x"]) == ["1", "2"]
    assert found["a.x"]["1"]["mean"] == 2.0
    assert found["a.x"]["2"]["nulls"] == 1


def test_correlation_is_pearsons() -> None:
    a, b = (100.0, 110.0, 99.0, 120.0), (100.0, 105.0, 104.0, 110.0)
    found = correlation({"a": portfolio(*a), "b": portfolio(*b)}, initial_capital=100.0)
    x, y = (
        [now / before - 1 for before, now in zip((100.0, *curve), curve, strict=False)]
        for curve in (a, b)
    )
    assert found["a"]["b"] == pytest.approx(library.correlation(x, y))
    assert list(found["a"]) == ["b"]
    assert found["b"]["a"] == found["a"]["b"]


def test_correlation_without_variance_or_samples_is_null() -> None:
    flat = portfolio(100.0, 100.0, 100.0)
    found = correlation({"a": flat, "b": portfolio(100.0, 110.0, 90.0)}, initial_capital=100.0)
    assert found["a"]["b"] is None
    short = correlation({"a": portfolio(100.0), "b": portfolio(90.0)}, initial_capital=100.0)
    assert short["a"]["b"] is None


def test_characteristics_are_over_all_portfolios_of_a_strategy() -> None:
    found = strategy_characteristics(
        {
            "s.p": portfolio(1.0, trades=(trade(10.0), trade(-4.0, side=-1, bars_held=5))),
            "s.q": portfolio(1.0, trades=(trade(2.0),)),
            "t.p": portfolio(1.0, strategy="t"),
        }
    )
    assert found["s"] == {
        "num_trades": 3,
        "win_rate": 2 / 3,
        "mean_net_profit": 8.0 / 3,
        "mean_bars_held": 3.0,
        "profit_factor": 3.0,
        "long_trades": 2,
        "short_trades": 1,
    }
    assert found["t"]["num_trades"] == 0
    assert found["t"]["win_rate"] is None
