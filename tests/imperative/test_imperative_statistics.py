from __future__ import annotations

import math
import statistics as library
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.results import EquityCurve, PortfolioResult, Trade
from imperative.chaining import Chain
from imperative.statistics import MetricTable, statistics

FIGURES = ("mean", "std", "min", "max", "p5", "p25", "p50", "p75", "p95")


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_statistics_are_those_of_published_libraries(values: list[float]) -> None:
    found = statistics(values)
    assert found["mean"] == pytest.approx(library.fmean(values), abs=1e-6)
    assert found["std"] == pytest.approx(library.stdev(values), abs=1e-6)
    for q in (5, 25, 50, 75, 95):
        assert found[f"p{q}"] == pytest.approx(float(np.percentile(values, q)), abs=1e-6)


def test_nulls_are_left_out_and_counted() -> None:
    found = statistics([None, 3, None, 1])
    assert (found["count"], found["nulls"], found["mean"], found["min"]) == (2, 2, 2.0, 1.0)
    assert type(found["min"]) is float


def test_without_values_every_figure_is_null() -> None:
    assert statistics([None]) == {"count": 0, "nulls": 1, **dict.fromkeys(FIGURES)}
    assert statistics([2.0])["std"] is None


def test_what_overflows_is_null() -> None:
    found = statistics([1.7e308, 1.7e308])
    assert (found["mean"], found["std"], found["max"]) == (None, None, 1.7e308)


def test_a_table_has_a_column_per_metric_also_of_one_that_comes_late() -> None:
    table = MetricTable()
    table.add({"b": 1.0, "a": 2.0})
    table.add({"b": 3.0, "c": 5.0})
    aggregate = table.aggregate()
    assert aggregate["iterations"] == 2
    assert list(aggregate["statistics"]) == ["b", "a", "c"]
    assert aggregate["statistics"]["c"]["nulls"] == 1
    assert table.means() == {"b": 2.0, "a": 2.0, "c": 5.0}


def portfolio(*equities: float, start: int = 0, trades: tuple[int, ...] = ()) -> Any:
    times = np.arange(start, start + len(equities), dtype=np.int64)
    made = tuple(
        Trade("p", "AAA", 1, 1.0, start, exit_time, 1.0, 2.0, 1, 0.5, 10.0) for exit_time in trades
    )
    curve = EquityCurve(time_ns=times, equity=np.array(equities, np.float64))
    return PortfolioResult("s", "p", {"start": start}, {}, made, curve)


class Piece(NamedTuple):
    portfolio: PortfolioResult
    stop_ns: int | None = None


def chained(*pieces: Piece) -> PortfolioResult:
    chain = Chain(100.0, 252.0)
    for piece in pieces:
        chain.add(*piece)
    return chain.result()


def equities(found: PortfolioResult) -> list[float]:
    assert found.equity_curve is not None
    return [float(value) for value in found.equity_curve.equity]


def test_curves_are_chained_by_their_returns() -> None:
    found = chained(Piece(portfolio(110.0, 121.0)), Piece(portfolio(50.0, 100.0, start=2)))
    assert equities(found) == pytest.approx([110.0, 121.0, 60.5, 121.0])
    assert found.metrics["total_return"] == pytest.approx(0.21)
    assert found.parameters == {"start": 2}
    for name in ("exposure", "turnover", "min_cash", "ruined_at"):
        assert found.metrics[name] is None


def test_a_window_gives_the_samples_and_trades_before_its_stop() -> None:
    first = portfolio(110.0, 120.0, 130.0, trades=(1, 2))
    found = chained(Piece(first, 2), Piece(portfolio(100.0, start=2)))
    assert equities(found) == pytest.approx([110.0, 120.0, 120.0])
    assert found.trades is not None
    assert [trade.exit_time for trade in found.trades] == [1]
    assert found.metrics["total_commission"] == 0.5
    assert found.metrics["num_trades"] == 1


def test_a_chain_ends_with_the_first_capital_that_is_gone() -> None:
    ruined = portfolio(50.0, -10.0, trades=(1,))
    found = chained(Piece(ruined), Piece(portfolio(200.0, start=2, trades=(2,))))
    assert equities(found)[-1] <= 0
    assert len(equities(found)) == 2
    assert found.trades is not None
    assert [trade.exit_time for trade in found.trades] == [1]
    assert math.isfinite(float(found.metrics["max_drawdown"] or 0.0))


def test_a_portfolio_without_its_curve_cannot_be_chained() -> None:
    bare = PortfolioResult("s", "p", {}, {}, None, None)
    with pytest.raises(ValueError, match="without its curve"):
        chained(Piece(bare))
    with pytest.raises(ValueError, match="no window to chain"):
        chained()
