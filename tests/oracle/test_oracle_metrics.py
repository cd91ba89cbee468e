"""Every metric of the oracle, with figures worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.oracle import Backtest

if TYPE_CHECKING:
    from tests.oracle.conftest import RunBacktest

DAY_NS = 86_400 * 10**9
MOMENTUM = {"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}}


def metrics_of(result: Backtest) -> dict[str, float | int | None]:
    (portfolio,) = result.portfolios.values()
    return portfolio.metrics


def test_the_metrics_of_an_open_position(backtest: RunBacktest) -> None:
    # Equity 100 120 90 90: returns 0 0.2 −0.25 0; squares around the mean −0.0125 add up to
    # 0.1025 − 4 × 0.00015625 = 0.101875; downside √(0.0625 ÷ 4) = 0.125
    result = backtest({"A": [10, 12, 9, 9]}, portfolio={"initial_capital": 100})
    metrics = metrics_of(result)
    root, sd = 15.874507866387544, 0.18427787930124  # √252, √(0.101875 ÷ 3)
    annual_return = -0.9986899746  # 0.9 ** 63 − 1
    expected: dict[str, object] = {
        "final_equity": 90.0,
        "total_return": pytest.approx(-0.1),
        "annual_return": pytest.approx(annual_return),
        "annual_volatility": pytest.approx(sd * root),
        "sharpe_ratio": pytest.approx(-0.0125 / sd * root),
        "sortino_ratio": pytest.approx(-1.5874507866387544),
        "max_drawdown": 0.25,
        "calmar_ratio": pytest.approx(annual_return / 0.25),
        "num_trades": 0,
        "win_rate": None,
        "profit_factor": None,
        "expectancy": None,
        "exposure": 1.0,
        "turnover": 1.0,  # 100 over a mean equity of 100
        "total_commission": 0.0,
        "min_cash": 0.0,
        "bars": 4,
        "periods_per_year": 252.0,
        "ruined_at": None,
    }
    assert metrics == expected
    assert list(metrics) == list(expected)


def test_the_metrics_of_closed_trades(backtest: RunBacktest) -> None:
    # Long from 11 to 10, and from 12 to 15 at the end
    result = backtest(
        {"A": [10, 11, 10, 12, 15]},
        strategies=[MOMENTUM],
        risk_profiles=[{"type": "custom", "fixed_quantity": 10}],
        execution={"close_at_end": True, "commission_fixed": 1},
    )
    # −10 − 2 and 30 − 2; four fills of 110 100 120 150; cash after them 889 988 867 1016
    metrics = metrics_of(result)
    assert (metrics["num_trades"], metrics["win_rate"]) == (2, 0.5)
    assert (metrics["profit_factor"], metrics["expectancy"]) == (28 / 12, 8.0)
    assert (metrics["total_commission"], metrics["min_cash"]) == (4.0, 867.0)
    assert metrics["exposure"] == 2 / 5
    # equity 1000 999 988 987 1016
    assert metrics["turnover"] == 480.0 / (4990.0 / 5)
    assert metrics["max_drawdown"] == 1.0 - 987.0 / 1000.0


def test_one_sample_has_no_deviation(backtest: RunBacktest) -> None:
    metrics = metrics_of(backtest({"A": [10]}))
    undefined = [name for name, value in metrics.items() if value is None]
    assert undefined == [
        "annual_volatility",
        "sharpe_ratio",
        "sortino_ratio",
        "calmar_ratio",
        "win_rate",
        "profit_factor",
        "expectancy",
        "ruined_at",
    ]


def test_a_flat_curve_has_a_volatility_but_no_sharpe_ratio(backtest: RunBacktest) -> None:
    metrics = metrics_of(backtest({"A": [10, 10, 10]}))
    assert (metrics["annual_volatility"], metrics["sharpe_ratio"]) == (0.0, None)
    assert (metrics["max_drawdown"], metrics["calmar_ratio"]) == (0.0, None)


def test_trades_without_a_loss_have_no_profit_factor(backtest: RunBacktest) -> None:
    metrics = metrics_of(backtest({"A": [10, 11]}, execution={"close_at_end": True}))
    assert (metrics["win_rate"], metrics["profit_factor"], metrics["expectancy"]) == (
        1.0,
        None,
        100.0,
    )


def test_a_growth_beyond_floating_point_is_null(backtest: RunBacktest) -> None:
    # 2 ** (5000 ÷ 2)
    metrics = metrics_of(backtest({"A": [10, 20]}, metrics={"periods_per_year": 5000}))
    assert (metrics["annual_return"], metrics["calmar_ratio"]) == (None, None)


def test_returns_start_from_the_initial_capital(backtest: RunBacktest) -> None:
    # A commission of 100 in the first slice: returns −0.1 and 0; mean −0.05, sd √(0.005 ÷ 1)
    metrics = metrics_of(
        backtest(
            {"A": [10, 10]},
            risk_profiles=[{"type": "custom", "fixed_quantity": 1}],
            execution={"commission_fixed": 100},
            metrics={"periods_per_year": 1},
        )
    )
    assert metrics["sharpe_ratio"] == pytest.approx(-0.05 / 0.0707106781186548)
    assert metrics["max_drawdown"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("timeframe", "labels", "expected"),
    [
        ("1d", ["2020-01-01"], 252.0),
        ("2d", ["2020-01-01"], 126.0),
        ("1w", ["2020-01-06"], 52.0),
        ("3mo", ["2020-01-01"], 4.0),
        # three bars on two dates, by their labels: 252 × 1.5
        ("1h", ["2020-01-01 22:00", "2020-01-01 23:00", "2020-01-02 00:00"], 378.0),
    ],
)
def test_periods_per_year_follow_the_base_timeframe(
    backtest: RunBacktest, timeframe: str, labels: list[str], expected: float
) -> None:
    result = backtest(
        {f"A_{timeframe}": dict.fromkeys(labels, 10.0)},
        symbols=[{"symbol": "A", "timeframes": [timeframe]}],
    )
    assert metrics_of(result)["periods_per_year"] == expected


def test_the_equity_curve_is_sampled_at_every_update(backtest: RunBacktest) -> None:
    (portfolio,) = backtest({"A": [10, 12]}).portfolios.values()
    first = 18_263 * DAY_NS
    assert portfolio.equity_curve is not None
    assert portfolio.equity_curve.time_ns.tolist() == [first, first + DAY_NS]
    assert portfolio.equity_curve.equity.tolist() == [1000.0, 1200.0]
