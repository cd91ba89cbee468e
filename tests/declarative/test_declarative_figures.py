"""Statistics, chains, combinations, noise and resampling, by numbers worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from containers.configuration import ParameterRange, SpaceKey
from containers.data import Bars, MarketData
from containers.data.timeframe import Timeframe
from containers.results import EquityCurve, PortfolioResult, Trade
from declarative.chaining import Piece, chained
from declarative.expressions import ExpressionError
from declarative.resampling import bootstrap_problem, bootstrapped
from declarative.statistics import Figures, statistics, total
from declarative.variations import (
    combinations,
    generator,
    sample,
)
from declarative.views import walk, with_parameters
from declarative.windows import FUNCTIONS, share

DAY = 86_400_000_000_000


def test_statistics_leave_nulls_out_and_count_them() -> None:
    figures = statistics([4, None, 1.0, 2.0, 3.0])
    assert figures == {
        "count": 4, "nulls": 1, "mean": 2.5, "std": math.sqrt(5.0 / 3), "min": 1.0, "max": 4.0,
        "p5": 1.15, "p25": 1.75, "p50": 2.5, "p75": 3.25, "p95": 3.85,
    }  # fmt: skip
    assert all(type(figures[name]) is float for name in ("mean", "min", "max", "p50"))


def test_what_is_undefined_or_overflows_is_null() -> None:
    assert set(statistics([None]).values()) == {0, 1, None}
    assert statistics([2])["std"] is None
    assert statistics([2])["p95"] == 2.0
    huge = statistics([1.7e308, 1.7e308])
    assert (huge["mean"], huge["std"], huge["max"]) == (None, None, 1.7e308)
    assert total([1.0, None]) is None
    assert total([1.7e308, 1.7e308]) is None
    assert total([0.1, 0.2, 0.3]) == 0.1 + 0.2 + 0.3


def test_means_and_statistics_are_of_each_metric() -> None:
    figures = Figures()
    assert figures.statistics() == {"iterations": 0, "statistics": {}}
    figures.add({"a": 1, "b": None})
    figures.add({"a": 2, "b": None, "c": 5})
    assert figures.means() == {"a": 1.5, "b": None, "c": 5.0}
    assert figures.statistics()["iterations"] == 2
    assert figures.statistics()["statistics"]["a"] == statistics([1, 2])
    assert figures.statistics()["statistics"]["c"] == statistics([None, 5])


def trade(exit_time: int, profit: float) -> Trade:
    return Trade("p", "S", 1, 1.0, exit_time - 1, exit_time, 1.0, 1.0, 1, 0.5, profit)


def portfolio(times: Sequence[int], equity: Sequence[float], *trades: Trade) -> PortfolioResult:
    curve = EquityCurve(np.array(times, dtype=np.int64), np.array(equity, dtype=np.float64))
    return PortfolioResult("s", "p", {}, {}, trades, curve)


def test_a_chain_multiplies_the_returns_of_its_windows() -> None:
    first = portfolio([1, 2], [110.0, 121.0], trade(2, 21.0))
    second = portfolio([3, 4], [50.0, 100.0], trade(4, 0.0))
    (chain,) = chained([Piece({"p": first}), Piece({"p": second})], 100.0, 252.0).values()
    assert chain.equity_curve is not None
    one = 100.0 * (1 + (110.0 / 100.0 - 1))
    two = one * (1 + (121.0 / 110.0 - 1))
    three = two * (1 + (50.0 / 100.0 - 1))
    four = three * (1 + (100.0 / 50.0 - 1))
    assert chain.equity_curve.equity.tolist() == [one, two, three, four]
    assert chain.equity_curve.time_ns.tolist() == [1, 2, 3, 4]
    assert chain.trades == (trade(2, 21.0), trade(4, 0.0))
    metrics = chain.metrics
    assert (metrics["num_trades"], metrics["total_commission"], metrics["bars"]) == (2, 1.0, 4)
    assert [metrics[n] for n in ("exposure", "turnover", "min_cash", "ruined_at")] == [None] * 4


def test_a_chain_takes_samples_and_trades_up_to_a_time_and_ends_when_nothing_is_left() -> None:
    cut = portfolio([1, 2, 3], [110.0, 121.0, 130.0], trade(2, 1.0), trade(3, 2.0))
    ruined = portfolio([4, 5], [-10.0, 100.0], trade(4, -110.0), trade(5, 7.0))
    after = portfolio([6], [200.0], trade(6, 100.0))
    pieces = [Piece({"p": cut}, until_ns=3), Piece({"p": ruined}), Piece({"p": after})]
    (chain,) = chained(pieces, 100.0, 252.0).values()
    assert chain.equity_curve is not None
    assert chain.equity_curve.time_ns.tolist() == [1, 2, 4]
    assert chain.trades == (trade(2, 1.0), trade(4, -110.0))


def test_nothing_comes_of_portfolios_without_curves() -> None:
    without = PortfolioResult("s", "p", {}, {}, None, None)
    assert chained([Piece({"p": without})], 100.0, 252.0) == {}
    assert chained([Piece({})], 100.0, 252.0) == {}


def key(name: str, values: Any, *, integer: bool = True) -> SpaceKey:
    bounds = values if isinstance(values, ParameterRange) else None
    listed = None if bounds else tuple(values)
    return SpaceKey(f"s.{name}", "s", (name,), listed, bounds, integer, 1)


def test_combinations_turn_the_last_key_fastest() -> None:
    space = [key("a", [1, 2]), key("b", [3.0, 4.0], integer=False)]
    assert list(combinations(space)) == [
        {"s.a": 1, "s.b": 3.0},
        {"s.a": 1, "s.b": 4.0},
        {"s.a": 2, "s.b": 3.0},
        {"s.a": 2, "s.b": 4.0},
    ]


def test_samples_draw_keys_in_order_from_a_generator_of_their_own() -> None:
    space = [
        key("a", [5, 6, 7]),
        key("b", ParameterRange(0.1, 9.0)),
        key("c", ParameterRange(0, 1), integer=False),
    ]
    for index in range(20):
        draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(3, spawn_key=(index,))))
        expected = {
            "s.a": (5, 6, 7)[int(draws.integers(0, 3))],
            "s.b": max(1, round(float(draws.uniform(0.1, 9.0)))),
            "s.c": float(draws.uniform(0, 1)),
        }
        assert sample(space, generator(3, (index,))) == expected


def market(count: int = 7, symbols: str = "AB", shift: int = 0) -> MarketData:
    streams = []
    for place, symbol in enumerate(symbols):
        ends = np.arange(1, count + 1, dtype=np.int64) * DAY + shift * place
        base = np.linspace(10.0 + place, 20.0, count)
        columns = (base, base + 2, base - 1, base + 1)
        volume = np.arange(count, dtype=np.float64)
        valid = np.ones(count, dtype=np.bool_)
        streams.append(Bars(symbol, Timeframe.parse("1d"), ends, ends, *columns, volume, valid))
    return MarketData(streams)


def test_bars_are_resampled_in_blocks_and_chained_from_the_first_close() -> None:
    source = market()
    made = bootstrapped(source, 3, generator(1, (4,)))
    draws = generator(1, (4,))
    order = [s + k for s in (int(draws.integers(0, 5)) for _ in range(3)) for k in range(3)][:7]
    for bars, new in zip(source.values(), made.values(), strict=True):
        before = bars.open[0]
        previous = float(bars.close[0])
        for index, origin in enumerate(order):
            before = float(bars.close[origin - 1] if origin else bars.open[0])
            high = previous * (float(bars.high[origin]) / before)
            close = previous * (float(bars.close[origin]) / before)
            assert (float(new.high[index]), float(new.close[index])) == (high, close)
            assert new.volume[index] == bars.volume[origin]
            previous = close
        assert new.end_ns.tolist() == bars.end_ns.tolist()


def test_bars_that_cannot_be_resampled_together_are_named() -> None:
    assert bootstrap_problem(market(), 7) is None
    assert bootstrap_problem(market(), 8) == (
        "found block_bars 8, expected at most the 7 bars there are"
    )
    assert "those of B differ from those of A" in str(bootstrap_problem(market(shift=1), 2))


@pytest.mark.parametrize(
    ("count", "ratio", "bars"), [(100, 0.29, 29), (10, 0.7, 7), (1000, 0.001, 1), (3, 1e-9, 0)]
)
def test_a_share_takes_the_ratio_as_it_is_written(count: int, ratio: float, bars: int) -> None:
    assert share(count, ratio) == bars


def test_choose_needs_a_condition() -> None:
    assert FUNCTIONS["choose"](True, 1, 2) == 1
    assert FUNCTIONS["either"](None, 2) == 2
    with pytest.raises(ExpressionError, match="expected true or false"):
        FUNCTIONS["choose"](1, 1, 2)


def test_names_with_dots_are_found_the_longest_first() -> None:
    data = {"a": {"b": 1}, "a.b": {"c": 2}, "list": [{"x": 3}]}
    assert walk(data, ("a", "b", "c")) == (2, 3)
    assert walk(data, ("a", "b")) == ({"c": 2}, 2)
    assert walk(data, ("list", "0", "x")) == (3, 3)
    assert walk(data, ("list", "1", "x")) == ([{"x": 3}], 1)


def test_parameters_are_put_into_copies_of_strategies() -> None:
    strategies = [{"name": "e", "parameters": {"members": {"a.b": 1.0}, "threshold": 0.0}}]
    changed = with_parameters(strategies, {"e.members.a.b": 2.0, "e.threshold": 0.5})
    assert changed[0]["parameters"] == {"members": {"a.b": 2.0}, "threshold": 0.5}
    assert strategies[0]["parameters"] == {"members": {"a.b": 1.0}, "threshold": 0.0}
