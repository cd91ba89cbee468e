"""Indicators: values worked out by hand, plain loops over the whole past, and the same bits."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from containers.components import (
    ArrayIndicator,
    Atr,
    Ema,
    Highest,
    Lowest,
    ReturnStd,
    Roc,
    Rsi,
    Sma,
    Std,
)
from containers.data import Bars, Timeframe
from containers.events import Bar


class Row(NamedTuple):
    high: float
    low: float
    close: float


Make: TypeAlias = Callable[[int], ArrayIndicator]
Values: TypeAlias = list[float | None]

WINDOWED: list[Make] = [Sma, Std, Highest, Lowest, Roc, ReturnStd]
SMOOTHED: list[Make] = [Ema, Atr, Rsi]
ALL = [*WINDOWED, *SMOOTHED]
FAR = Row(high=1e9, low=1e-9, close=0.0)  # what a row is where only the close may matter


def closing(*closes: float) -> list[Row]:
    return [FAR._replace(close=close) for close in closes]


def bar(row: Row) -> Bar:
    # The open matters to none.
    return Bar(0, 0, "data/AAA/1d", None, "AAA", "1d", 1e99, row.high, row.low, row.close, None)


def bars(rows: Sequence[Row]) -> Bars:
    ends = np.arange(len(rows), dtype=np.int64)
    high, low, close = (np.array([row[i] for row in rows], dtype=np.float64) for i in range(3))
    return Bars(
        symbol="AAA",
        timeframe=Timeframe.parse("1d"),
        label_ns=ends,
        end_ns=ends,
        open=np.full(len(rows), 1e99),
        high=high,
        low=low,
        close=close,
        volume=np.zeros(len(rows)),
        volume_valid=np.zeros(len(rows), dtype=np.bool_),
    )


def stepped(indicator: ArrayIndicator, rows: Sequence[Row]) -> tuple[Any, Values]:
    state, answers = indicator.initial, []
    for row in rows:
        state, value = indicator.step(state, bar(row))
        answers.append(value)
    return state, answers


def values(indicator: ArrayIndicator, rows: Sequence[Row]) -> Values:
    return stepped(indicator, rows)[1]


def bits(values: Values) -> list[bytes | None]:
    return [None if value is None else struct.pack("<d", value) for value in values]


prices = st.one_of(
    st.floats(min_value=0.01, max_value=1e4),
    st.sampled_from([0.1, 10.01, 99.99]),  # often equal to one another
    st.floats(min_value=5e-324, max_value=1.7976931348623157e308),
)


@st.composite
def bar_rows(draw: st.DrawFn, max_size: int = 14) -> list[Row]:
    rows = []
    for _ in range(draw(st.integers(1, max_size))):
        one, other, close = draw(prices), draw(prices), draw(prices)
        rows.append(Row(max(one, other), min(one, other), close))
    return rows


# --- by hand ----------------------------------------------------------------------------------


def test_sma_is_the_mean_of_the_last_closes_and_null_while_warming_up() -> None:
    # (1 + 2 + 6) / 3 = 3, (2 + 6 + 7) / 3 = 5, (6 + 7 + 2) / 3 = 5
    assert values(Sma(3), closing(1.0, 2.0, 6.0, 7.0, 2.0)) == [None, None, 3.0, 5.0, 5.0]


def test_std_is_the_population_deviation_of_the_last_closes() -> None:
    # 2 4 4 4 5 5 7 9: mean 5, squares 9 1 1 1 0 0 4 16 = 32, 32 / 8 = 4, root 2
    rows = closing(2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)
    assert values(Std(8), rows) == [None] * 7 + [2.0]
    # 1 5: mean 3, squares 4 4, 8 / 2 = 4, root 2; then 5 5: 0
    assert values(Std(2), closing(1.0, 5.0, 5.0)) == [None, 2.0, 0.0]


def test_ema_begins_with_the_first_close_and_is_let_out_from_bar_n_on() -> None:
    # a = 2 / 4: 1; 0.5 x 2 + 0.5 x 1 = 1.5; 3 + 0.75 = 3.75; 3.5 + 1.875 = 5.375
    assert values(Ema(3), closing(1.0, 2.0, 6.0, 7.0)) == [None, None, 3.75, 5.375]


def test_ema_weighs_the_close_and_the_rest_as_the_contract_brackets_them() -> None:
    first = (2 / 11) * 0.7 + (1 - 2 / 11) * 0.1
    second = (2 / 11) * 0.3 + (1 - 2 / 11) * first
    assert first + (2 / 11) * (0.3 - first) != second  # other brackets, other bits
    assert Ema(10).step((8, 0.1), bar(FAR._replace(close=0.7)))[0][1] == first
    assert Ema(10).step((9, first), bar(FAR._replace(close=0.3)))[1] == second


def test_atr_takes_the_largest_of_three_ranges_seeds_with_a_mean_and_smooths() -> None:
    rows = [
        Row(5.0, 3.0, 4.0),  # 5 - 3 = 2, as there is no close before
        Row(9.0, 7.0, 8.0),  # max(2, 9 - 4, 7 - 4) = 5: mean (2 + 5) / 2 = 3.5
        Row(8.5, 4.5, 5.0),  # max(4, 0.5, 3.5) = 4: (3.5 x 1 + 4) / 2 = 3.75
        Row(2.0, 1.0, 1.5),  # max(1, |2 - 5|, |1 - 5|) = 4: (3.75 + 4) / 2 = 3.875
    ]
    assert values(Atr(2), rows) == [None, 3.5, 3.75, 3.875]


def test_the_three_ranges_are_taken_as_written_also_where_high_is_a_hair_below_low() -> None:
    # Checks of bars allow that by 1e-9 of the close. max(-0.5, |1 - 3|, |1.5 - 3|) = 2
    assert values(Atr(1), [Row(3.0, 2.0, 3.0), Row(1.0, 1.5, 1.2)]) == [1.0, 2.0]
    assert values(Atr(1), [Row(1.0, 1.5, 1.2)]) == [-0.5]


def test_atr_smooths_by_n_minus_one_parts_of_n() -> None:
    # Ranges 1 2 3 8: (1 + 2 + 3) / 3 = 2, then (2 x 2 + 8) / 3 = 4
    rows = [Row(10.0 + reach, 10.0, 10.0) for reach in (1.0, 2.0, 3.0, 8.0)]
    assert values(Atr(3), rows) == [None, None, 2.0, 4.0]


def test_rsi_is_seeded_by_plain_means_then_smoothed() -> None:
    # Changes +1 -1 +3 -7: means 0.5 0.5; 1.75 0.25; 0.875 3.625
    answers = values(Rsi(2), closing(10.0, 11.0, 10.0, 13.0, 6.0))
    assert answers == [None, None, 50.0, 87.5, 100.0 - 100.0 / (1.0 + 0.875 / 3.625)]


def test_rsi_smooths_by_n_minus_one_parts_of_n() -> None:
    # Changes +3 -3 +3 +9: gains 6 / 3 = 2, then (2 x 2 + 9) / 3; losses 1, then 2 / 3
    answers = values(Rsi(3), closing(10.0, 13.0, 10.0, 13.0, 22.0))
    gain, loss = 13.0 / 3, 2.0 / 3
    assert answers[3:] == [100.0 - 100.0 / (1.0 + 2.0 / 1.0), 100.0 - 100.0 / (1.0 + gain / loss)]


@pytest.mark.parametrize(
    ("closes", "value"),
    [
        ((10.0, 11.0, 12.0), 100.0),  # no loss
        ((10.0, 10.0, 10.0), 50.0),  # neither
        ((12.0, 11.0, 10.0), 0.0),  # no gain
    ],
)
def test_rsi_without_gains_or_losses(closes: tuple[float, ...], value: float) -> None:
    assert values(Rsi(2), closing(*closes)) == [None, None, value]


def test_rsi_goes_on_from_flat_prices() -> None:
    # Means stay 0 and 0 until the change of +3: (0 + 3) / 2, 0; then 0.75, (0 + 1) / 2
    rows = closing(10.0, 10.0, 10.0, 10.0, 13.0, 12.0)
    assert values(Rsi(2), rows) == [None, None, 50.0, 50.0, 100.0, 100.0 - 100.0 / 2.5]


def test_extremes_are_those_of_the_bars_before_this_one() -> None:
    rows = [Row(5.0, 2.0, 3.0), Row(7.0, 1.0, 2.0), Row(9.0, 0.5, 4.0), Row(6.0, 3.0, 5.0)]
    rows = [*rows, Row(99.0, 0.1, 1.0)]
    assert values(Highest(2), rows) == [None, None, 7.0, 9.0, 9.0]
    assert values(Lowest(2), rows) == [None, None, 1.0, 0.5, 0.5]
    assert values(Highest(1), rows) == [None, 5.0, 7.0, 9.0, 6.0]
    assert values(Lowest(1), rows) == [None, 2.0, 1.0, 0.5, 3.0]


def test_roc_holds_the_close_against_that_of_n_bars_before() -> None:
    assert values(Roc(2), closing(8.0, 1.0, 12.0, 0.75)) == [None, None, 0.5, -0.25]


def test_return_std_is_the_population_deviation_of_the_last_returns() -> None:
    # Returns 1, -0.5, 1, 0: means 0.25 and 0.25 and 0.5, deviations 0.75, 0.75, 0.5
    rows = closing(8.0, 16.0, 8.0, 16.0, 16.0)
    assert values(ReturnStd(2), rows) == [None, None, 0.75, 0.75, 0.5]


@pytest.mark.parametrize("period", [1, 3, 7, 30])
@pytest.mark.parametrize("price", [0.1, 10.01, 123.456, 1e-7, 99999.99])
def test_flat_prices_are_averaged_exactly(price: float, period: int) -> None:
    rows = closing(*[3.3] * period, *[price] * (period + 1))  # something else went before
    assert values(Sma(period), rows)[-1] == price
    assert values(Std(period), rows)[-1] == 0.0
    assert values(Roc(period), rows)[-1] == 0.0
    assert values(ReturnStd(period), rows)[-1] == 0.0


def test_the_average_of_one_close_is_that_close_from_the_first_bar_on() -> None:
    for make in (Sma, Ema):
        assert values(make(1), closing(0.1, 0.7)) == [0.1, 0.7]
    assert values(Std(1), closing(0.1, 0.7)) == [0.0, 0.0]


def test_the_sums_are_taken_in_the_order_and_with_the_brackets_of_the_contract() -> None:
    x0, x1, x2, x3 = 0.1, 0.2, 0.2, 0.7
    # x0 + (sum of (xi - x0)) / n, the oldest first: other orders give other bits here.
    d1, d2, d3 = x1 - x0, x2 - x0, x3 - x0
    m = (((0.0 + 0.0) + d1) + d2 + d3) / 4
    assert x0 + m not in (x0 + (((0.0 + d3) + d2) + d1) / 4, (x0 + x1 + x2 + x3) / 4)
    assert values(Sma(4), closing(x0, x1, x2, x3))[-1] == x0 + m
    squares = ((0.0 - m) * (0.0 - m) + (d1 - m) * (d1 - m)) + (d2 - m) * (d2 - m)
    squares += (d3 - m) * (d3 - m)
    assert values(Std(4), closing(x0, x1, x2, x3))[-1] == math.sqrt(squares / 4)


# --- against plain loops over the whole past --------------------------------------------------


def plain_ema(rows: Sequence[Row], n: int) -> float | None:
    average = rows[0].close
    for row in rows[1:]:
        average = (2 / (n + 1)) * row.close + (1 - 2 / (n + 1)) * average
    return average if len(rows) >= n else None


def wilder(terms: Sequence[float], n: int) -> float:
    mean = 0.0
    for term in terms[:n]:
        mean = mean + term
    mean = mean / n
    for term in terms[n:]:
        mean = (mean * (n - 1) + term) / n
    return mean


def plain_atr(rows: Sequence[Row], n: int) -> float | None:
    ranges = [rows[0].high - rows[0].low]
    for before, row in pairwise(rows):
        sides = (row.high - row.low, abs(row.high - before.close), abs(row.low - before.close))
        ranges.append(sorted(sides)[-1])
    return wilder(ranges, n) if len(rows) >= n else None


def plain_rsi(rows: Sequence[Row], n: int) -> float | None:
    changes = [row.close - before.close for before, row in pairwise(rows)]
    if len(changes) < n:
        return None
    gain = wilder([max(0.0, change) for change in changes], n)
    loss = wilder([max(0.0, -change) for change in changes], n)
    if loss == 0.0:
        return 50.0 if gain == 0.0 else 100.0
    return 100.0 - 100.0 / (1.0 + gain / loss)


def plain_highest(rows: Sequence[Row], n: int) -> float | None:
    return sorted(row.high for row in rows[-n - 1 : -1])[-1] if len(rows) > n else None


def plain_lowest(rows: Sequence[Row], n: int) -> float | None:
    return sorted(row.low for row in rows[-n - 1 : -1])[0] if len(rows) > n else None


def plain_roc(rows: Sequence[Row], n: int) -> float | None:
    return rows[-1].close / rows[-n - 1].close - 1 if len(rows) > n else None


def plain_sma(rows: Sequence[Row], n: int) -> float | None:
    return shifted([row.close for row in rows[-n:]])[0] if len(rows) >= n else None


def plain_std(rows: Sequence[Row], n: int) -> float | None:
    return shifted([row.close for row in rows[-n:]])[1] if len(rows) >= n else None


def plain_return_std(rows: Sequence[Row], n: int) -> float | None:
    if len(rows) <= n:
        return None
    last = rows[-n - 1 :]
    return shifted([b.close / a.close - 1 for a, b in pairwise(last)])[1]


def shifted(terms: Sequence[float]) -> tuple[float, float]:
    """Mean and deviation, from differences to the first."""
    offsets = [term - terms[0] for term in terms]
    mean = 0.0
    for offset in offsets:
        mean += offset
    mean /= len(terms)
    squares = 0.0
    for offset in offsets:
        squares += (offset - mean) * (offset - mean)
    return terms[0] + mean, math.sqrt(squares / len(terms))


PLAIN: list[tuple[Make, Callable[[Sequence[Row], int], float | None]]] = [
    (Sma, plain_sma),
    (Std, plain_std),
    (Ema, plain_ema),
    (Atr, plain_atr),
    (Rsi, plain_rsi),
    (Highest, plain_highest),
    (Lowest, plain_lowest),
    (Roc, plain_roc),
    (ReturnStd, plain_return_std),
]


@pytest.mark.parametrize(("make", "plain"), PLAIN, ids=lambda f: str(f.__name__))
@given(rows=bar_rows(), period=st.integers(1, 6))
def test_every_value_is_that_of_a_plain_loop_over_the_whole_past(
    make: Make, plain: Callable[[Sequence[Row], int], float | None], rows: list[Row], period: int
) -> None:
    expected = [plain(rows[: i + 1], period) for i in range(len(rows))]
    assert bits(values(make(period), rows)) == bits(expected)


# --- the same bits, however the bars come -----------------------------------------------------


@pytest.mark.parametrize("make", ALL)
@given(rows=bar_rows(), period=st.integers(1, 15), cuts=st.lists(st.integers(0, 14), max_size=4))
@example(rows=closing(*[0.1] * 8), period=3, cuts=[2, 5])
@example(rows=closing(1e308, 5e-324, 1.7e308, 1e-300, 1e308), period=2, cuts=[3])
def test_blocks_have_the_bits_and_the_states_of_single_bars(
    make: Make, rows: list[Row], period: int, cuts: list[int]
) -> None:
    indicator = make(period)
    state, known = indicator.initial, []
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for first, end in pairwise(edges):
        state, array = indicator.over(state, bars(rows[first:end]))
        assert array.dtype == np.float64
        assert array.shape == (min(end - first, max(0, end - indicator.ready + 1)),)
        known += array.tolist()
    end_state, expected = stepped(indicator, rows)
    assert bits(known) == bits([value for value in expected if value is not None])
    assert repr(state) == repr(end_state)  # a NaN is not equal to itself


@pytest.mark.parametrize("make", ALL)
@given(rows=bar_rows(), later=bar_rows(max_size=3), cut=st.integers(0, 14))
def test_steps_and_blocks_can_take_turns(
    make: Make, rows: list[Row], later: list[Row], cut: int
) -> None:
    indicator = make(3)
    state, _ = stepped(indicator, rows[:cut])
    state, _ = indicator.over(state, bars(rows[cut:]))
    answers = []
    for row in later:
        state, value = indicator.step(state, bar(row))
        answers.append(value)
    assert bits(answers) == bits(values(indicator, [*rows, *later])[len(rows) :])


@pytest.mark.parametrize("make", ALL)
@given(rows=bar_rows(), later=bar_rows(max_size=6))
def test_a_state_stays_as_it_was_whatever_is_made_of_it(
    make: Make, rows: list[Row], later: list[Row]
) -> None:
    indicator = make(3)
    state, _ = stepped(indicator, rows)
    before = repr(state)
    indicator.over(state, bars(later))
    following = state
    for row in later:
        following, _ = indicator.step(following, bar(row))
    assert repr(state) == before
    assert indicator.initial == make(3).initial


@pytest.mark.parametrize("make", ALL)
def test_a_period_beyond_all_bars_may_be_any_number(make: Make) -> None:
    indicator = make(10**50)
    rows = closing(1.0, 2.0, 3.0)
    assert values(indicator, rows) == [None] * 3
    state, array = indicator.over(indicator.initial, bars(rows))
    assert array.tolist() == []
    assert repr(state) == repr(stepped(indicator, rows)[0])


# --- how far they look back -------------------------------------------------------------------


@pytest.mark.parametrize("period", [1, 2, 7])
@pytest.mark.parametrize(
    ("make", "name", "ready", "lookback"),
    [
        (Sma, "sma", 0, "n"),
        (Std, "std", 0, "n"),
        (Ema, "ema", 0, "5n"),
        (Atr, "atr", 0, "5n"),
        (Rsi, "rsi", 1, "5n"),
        (Highest, "highest", 1, "n + 1"),
        (Lowest, "lowest", 1, "n + 1"),
        (Roc, "roc", 1, "n + 1"),
        (ReturnStd, "return_std", 1, "n + 1"),
    ],
)
def test_an_indicator_says_its_name_when_it_is_ready_and_how_far_it_looks_back(
    make: Make, name: str, ready: int, lookback: str, period: int
) -> None:
    indicator = make(period)
    assert indicator.name == f"{name}_{period}"
    assert indicator.ready == period + ready
    assert indicator.lookback == {"n": period, "n + 1": period + 1, "5n": 5 * period}[lookback]
    rows = [Row(10.0 + i % 3, 9.0 - i % 2, 9.5 + i % 2) for i in range(20)]
    known = [value is not None for value in values(indicator, rows)]
    assert known == [False] * (indicator.ready - 1) + [True] * (21 - indicator.ready)


@pytest.mark.parametrize("make", WINDOWED)
@given(past=bar_rows(), window=bar_rows(max_size=8))
def test_a_value_depends_on_the_bars_of_its_lookback_alone(
    make: Make, past: list[Row], window: list[Row]
) -> None:
    offset = make(1).lookback - 1
    indicator = make(max(1, len(window) - offset))
    window = [*window, *past][: indicator.lookback]
    if len(window) == indicator.lookback:
        fresh = values(indicator, window)
        assert bits(values(indicator, [*past, *window])[-1:]) == bits(fresh[-1:])


@pytest.mark.parametrize("make", SMOOTHED)
def test_what_smooths_remembers_every_bar(make: Make) -> None:
    # A window cut to the declared look-back gives nearly, but not exactly, the same.
    rows = [Row(10.0 + i % 3, 9.0 - i % 2, 9.0 + 0.1 * (i % 7)) for i in range(40)]
    indicator = make(3)
    for change in (1.0, 2.0):
        other = [rows[0]._replace(high=20.0 * change, close=9.0 + change), *rows[1:]]
        whole, cut = values(indicator, other)[-1], values(indicator, rows[-15:])[-1]
        assert whole is not None
        assert whole != cut
        assert whole == pytest.approx(cut, rel=0.02)
