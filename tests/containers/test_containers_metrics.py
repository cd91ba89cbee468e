"""Metrics of a portfolio: by hand, every null, and the running form to the last bit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.configuration.names import METRIC_NAMES
from containers.metrics import PortfolioMetrics
from containers.results import Metrics


def figures(
    equities: Sequence[float] = (),
    *,
    initial: float = 100.0,
    years: float = 4.0,
    exposed: int = 0,
    trades: Sequence[float] = (),
) -> Metrics:
    metrics = PortfolioMetrics(initial, years)
    metrics.samples(np.array(equities, np.float64), exposed=exposed)
    for net_profit in trades:
        metrics.trade(net_profit)
    return metrics.figures()


def test_the_metrics_are_those_of_the_contract_in_its_order() -> None:
    assert list(figures()) == [
        "final_equity", "total_return", "annual_return", "annual_volatility", "sharpe_ratio",
        "sortino_ratio", "max_drawdown", "calmar_ratio", "num_trades", "win_rate",
        "profit_factor", "expectancy", "exposure", "turnover", "total_commission", "min_cash",
        "bars", "periods_per_year", "ruined_at",
    ]  # fmt: skip
    assert tuple(figures()) == METRIC_NAMES


def test_returns_by_hand() -> None:
    # 100, 150, 75, 150: returns 1/2, -1/2, 1; mean 1/3; deviations 1/6, -5/6, 2/3, whose squares
    # add up to 1/36 + 25/36 + 16/36 = 42/36; sd = sqrt(42/72). Four periods make a year.
    got = figures([150.0, 75.0, 150.0])
    sd = math.sqrt(42 / 72)
    wanted = {
        "final_equity": 150.0,
        "total_return": 0.5,
        "annual_return": 1.5 ** (4 / 3) - 1,
        "annual_volatility": sd * 2,
        "sharpe_ratio": (1 / 3) / sd * 2,
        "sortino_ratio": (1 / 3) / math.sqrt(0.25 / 3) * 2,
        "max_drawdown": 0.5,
        "calmar_ratio": (1.5 ** (4 / 3) - 1) / 0.5,
        "bars": 3,
        "periods_per_year": 4.0,
    }
    assert {name: got[name] for name in wanted} == pytest.approx(wanted, rel=1e-14)


def test_the_first_return_is_against_the_initial_capital() -> None:
    assert figures([150.0, 150.0])["annual_volatility"] == math.sqrt(0.125) * 2
    assert figures([50.0, 60.0])["max_drawdown"] == 0.5


def test_a_drawdown_is_the_largest_one_from_any_peak() -> None:
    assert figures([200.0, 150.0, 400.0, 280.0, 400.0, 380.0])["max_drawdown"] == 1 - 280.0 / 400.0
    assert figures([100.0, 110.0, 120.0])["max_drawdown"] == 0.0
    assert figures([-50.0])["max_drawdown"] == 1.5


def test_trades_by_hand() -> None:
    got = figures(trades=[30.0, -10.0, 0.0, 20.0, -15.0])
    wanted = {"num_trades": 5, "win_rate": 2 / 5, "profit_factor": 2.0, "expectancy": 5.0}
    assert {name: got[name] for name in wanted} == wanted


def test_fills_by_hand() -> None:
    metrics = PortfolioMetrics(100.0, 4.0)
    metrics.fill(2.0, 30.0, 1.5, 38.5)
    metrics.samples(np.array([110.0, 120.0], np.float64), exposed=1)
    metrics.fill(-2.0, 35.0, 0.5, 108.0)
    metrics.samples(np.array([100.0, 70.0], np.float64), exposed=0)
    got = metrics.figures()
    # (60 + 70) / (400 / 4) = 1.3
    wanted = {"turnover": 1.3, "total_commission": 2.0, "min_cash": 38.5, "exposure": 0.25}
    assert {name: got[name] for name in wanted} == wanted


def test_the_least_cash_is_at_most_the_initial_capital() -> None:
    metrics = PortfolioMetrics(100.0, 4.0)
    metrics.fill(-2.0, 30.0, 0.0, 160.0)
    assert metrics.figures()["min_cash"] == 100.0


def test_the_time_of_ruin_is_reported() -> None:
    metrics = PortfolioMetrics(100.0, 4.0)
    assert metrics.figures()["ruined_at"] is None
    metrics.ruin(1_600_000_000_000_000_000)
    assert metrics.figures()["ruined_at"] == 1_600_000_000_000_000_000


def test_counts_are_integers_and_all_else_is_a_float() -> None:
    metrics = PortfolioMetrics(100.0, 252.0)
    metrics.samples(np.array([150.0, 75.0, 150.0], np.float64), exposed=2)
    metrics.fill(2.0, 30.0, 1.5, 38.5)
    metrics.trade(30.0)
    metrics.trade(-10.0)
    metrics.ruin(7)
    types = {name: type(value) for name, value in metrics.figures().items()}
    whole = {"num_trades", "bars", "ruined_at"}
    assert types == {name: int if name in whole else float for name in METRIC_NAMES}


# --- null -------------------------------------------------------------------------------------

NEEDS_TWO = {"annual_volatility", "sharpe_ratio"}
NEEDS_A_TRADE = {"win_rate", "profit_factor", "expectancy"}


def nulls(got: Metrics) -> set[str]:
    return {name for name, value in got.items() if value is None} - {"ruined_at"}


def test_with_a_gain_and_a_loss_of_everything_nothing_is_null() -> None:
    assert nulls(figures([150.0, 75.0, 150.0], trades=[1.0, -1.0])) == set()


def test_one_sample_has_no_deviation() -> None:
    assert nulls(figures([50.0], trades=[1.0, -1.0])) == NEEDS_TWO


def test_without_samples_there_is_little_to_say() -> None:
    got = figures(trades=[1.0, -1.0])
    assert nulls(got) == NEEDS_TWO | {
        "annual_return", "sortino_ratio", "calmar_ratio", "exposure", "turnover",
    }  # fmt: skip
    assert (got["final_equity"], got["total_return"], got["max_drawdown"]) == (100.0, 0.0, 0.0)


@pytest.mark.parametrize("growth", [1.0, 2.0])
def test_equal_returns_have_a_deviation_of_zero_and_no_sharpe_ratio(growth: float) -> None:
    got = figures([100.0 * growth**k for k in (1, 2, 3)], trades=[1.0, -1.0])
    assert got["annual_volatility"] == 0.0
    # Nor is there a loss to divide by.
    assert nulls(got) == {"sharpe_ratio", "sortino_ratio", "calmar_ratio"}


def test_without_a_loss_there_is_no_sortino_and_no_calmar_ratio() -> None:
    assert nulls(figures([110.0, 150.0], trades=[1.0, -1.0])) == {"sortino_ratio", "calmar_ratio"}


@pytest.mark.parametrize("last", [0.0, -20.0])
def test_an_equity_of_nothing_has_no_annual_return(last: float) -> None:
    got = figures([120.0, last], trades=[1.0, -1.0])
    assert nulls(got) == {"annual_return", "calmar_ratio"}
    assert (got["final_equity"], got["total_return"]) == (last, last / 100.0 - 1)


def test_without_a_trade_there_are_no_trade_figures() -> None:
    got = figures([150.0, 75.0, 150.0])
    assert nulls(got) == NEEDS_A_TRADE
    assert got["num_trades"] == 0


@pytest.mark.parametrize("profits", [[1.0], [1.0, 0.0]])
def test_without_a_losing_trade_there_is_no_profit_factor(profits: list[float]) -> None:
    assert nulls(figures([150.0, 75.0, 150.0], trades=profits)) == {"profit_factor"}


def test_with_losing_trades_alone_the_profit_factor_is_zero() -> None:
    got = figures(trades=[-1.0, 0.0])
    assert (got["profit_factor"], got["win_rate"], got["expectancy"]) == (0.0, 0.0, -0.5)


def test_an_annual_return_that_overflows_is_null() -> None:
    # 1e10 to the power of 252
    got = figures([1e12, 1e12 / 2, 1e12], years=252.0 * 3, trades=[1.0, -1.0])
    assert nulls(got) == {"annual_return", "calmar_ratio"}


def test_figures_that_overflow_are_null_and_never_infinite() -> None:
    got = figures([1e300], initial=1e-300, trades=[1e308, 1e308, -1.0])
    assert {"total_return", "annual_return", "expectancy", "profit_factor"} <= nulls(got)
    assert got["final_equity"] == 1e300
    for value in got.values():
        assert value is None or math.isfinite(value)


def test_a_mean_equity_of_zero_has_no_turnover() -> None:
    metrics = PortfolioMetrics(100.0, 4.0)
    metrics.fill(1.0, 10.0, 0.0, 90.0)
    metrics.samples(np.array([50.0, -50.0], np.float64), exposed=0)
    assert metrics.figures()["turnover"] is None


# --- the running form -------------------------------------------------------------------------

series = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=30)


@given(equities=series, initial=st.floats(1.0, 1e6), years=st.sampled_from([252.0, 52.0, 12.5]))
def test_the_figures_follow_the_formulas_to_the_last_bit(
    equities: list[float], initial: float, years: float
) -> None:
    mean = m2 = squares = total = 0.0
    before = initial
    for count, equity in enumerate(equities, start=1):
        r = equity / before - 1
        d = r - mean
        mean += d / count
        m2 += d * (r - mean)
        squares += min(r, 0.0) * min(r, 0.0)
        total += equity
        before = equity
    n = len(equities)
    got = figures(equities, initial=initial, years=years, exposed=n)
    last = equities[-1]
    assert got["total_return"] == last / initial - 1
    try:
        assert got["annual_return"] == (last / initial) ** (years / n) - 1
    except OverflowError:
        assert got["annual_return"] is None
    if n > 1:
        sd = math.sqrt(m2 / (n - 1))
        assert got["annual_volatility"] == sd * math.sqrt(years)
        assert got["sharpe_ratio"] == ((mean / sd) * math.sqrt(years) if sd else None)
    below = math.sqrt(squares / n)
    assert got["sortino_ratio"] == ((mean / below) * math.sqrt(years) if squares else None)
    peaks = [max(initial, *equities[: k + 1]) for k in range(n)]
    assert got["max_drawdown"] == max(1 - e / p for e, p in zip(equities, peaks, strict=True))
    assert got["exposure"] == 1.0


@given(equities=series.filter(lambda values: len(values) > 1), cut=st.integers(0, 30))
def test_samples_may_come_in_any_number_of_parts(equities: list[float], cut: int) -> None:
    metrics = PortfolioMetrics(100.0, 252.0)
    metrics.samples(np.array(equities[:cut], np.float64), exposed=1)
    metrics.samples(np.array([], np.float64), exposed=0)
    metrics.samples(np.array(equities[cut:], np.float64), exposed=0)
    assert metrics.figures() == figures(equities, years=252.0, exposed=1)


@given(st.lists(st.floats(50.0, 150.0), min_size=2, max_size=30))
def test_the_running_mean_and_deviation_are_those_of_the_textbook(equities: list[float]) -> None:
    returns = [b / a - 1 for a, b in zip([100.0, *equities], equities, strict=False)]
    got = figures(equities, years=1.0)
    assert got["annual_volatility"] == pytest.approx(statistics.stdev(returns), abs=1e-12)


def test_asking_for_figures_changes_nothing() -> None:
    metrics = PortfolioMetrics(100.0, 4.0)
    metrics.samples(np.array([150.0, 75.0], np.float64), exposed=1)
    first = metrics.figures()
    assert metrics.figures() == first
    metrics.samples(np.array([150.0], np.float64), exposed=0)
    assert metrics.figures() == figures([150.0, 75.0, 150.0], exposed=1)


def test_a_figure_whose_divisor_overflows_is_null_and_not_zero() -> None:
    wild = PortfolioMetrics(1.0, 252.0)
    wild.samples(np.array([1e200, 2e200, 1e200], np.float64), exposed=0)
    assert wild.figures()["sharpe_ratio"] is None
    lost = PortfolioMetrics(1.0, 252.0)
    lost.samples(np.array([1.0, -1e200], np.float64), exposed=0)
    assert lost.figures()["sortino_ratio"] is None
    rich = PortfolioMetrics(1.0, 252.0)
    rich.fill(1.0, 1.0, 0.0, 0.0)
    rich.samples(np.array([1e308, 1.5e308], np.float64), exposed=0)
    assert rich.figures()["turnover"] is None
    poor = PortfolioMetrics(1.0, 252.0)
    for profit in (1.0, -1e308, -1e308):
        poor.trade(profit)
    assert poor.figures()["profit_factor"] is None
