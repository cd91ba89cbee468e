"""Symbols with different calendars and timeframes, on markets small enough for a pencil."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from containers.events import (
    Bar,
    Cancellation,
    Features,
    Fill,
    Order,
    OrderRequest,
    PortfolioUpdate,
)
from parity.oracle import CannotExpress

if TYPE_CHECKING:
    from tests.oracle.conftest import RunBacktest
from tests.oracle.reading import NEXT_OPEN, day, equities, fills, fixed, momentum, of, signals


def test_an_order_waits_for_the_next_bar_of_its_own_symbol(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": {"2020-01-01": 10, "2020-01-03": (12, 12)}, "B": [5, 6, 7]},
        risk_profiles=fixed(10),
        **NEXT_OPEN,
    )
    assert [(day(event), event.symbol, event.price) for event in of(Fill, result)] == [
        (2, "B", 6.0),
        (3, "A", 12.0),
    ]
    # B only on day 2: 940 + 60; A's close of day 1 stands.
    assert equities(result) == [1000.0, 1000.0, 1010.0]
    assert [event.cause for event in of(PortfolioUpdate, result)] == [
        [bar.seq for bar in of(Bar, result) if day(bar) == number][-1] for number in (1, 2, 3)
    ]


def test_a_symbol_that_ends_early_is_closed_in_its_last_slice(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": [10, 11], "B": [5, 6, 7]},
        risk_profiles=fixed(10),
        execution={"close_at_end": True},
    )
    closing = [event for event in of(Fill, result) if event.reason == "close_at_end"]
    assert [(day(event), event.symbol) for event in closing] == [(2, "A"), (3, "B")]
    assert result.portfolios["buy_and_hold.custom"].metrics["exposure"] == 2 / 3


def test_a_strategy_steps_on_its_own_timeframe_and_fills_on_base_bars(
    backtest: RunBacktest,
) -> None:
    # The two-day bars end with days 2 and 4; the second is a rise: filled at the open of day 5
    result = backtest(
        {"A": [10, 10, 11, 12, (13, 14)], "A_2d": {"2020-01-01": 10, "2020-01-03": 12}},
        symbols=[{"symbol": "A", "timeframes": ["2d", "1d"]}],
        strategies=[{**momentum(), "timeframe": "2d"}],
        risk_profiles=fixed(10),
        **NEXT_OPEN,
    )
    assert result.slices == 5
    assert [event.timeframe for event in of(Bar, result)] == [
        "1d",
        "1d",
        "2d",
        "1d",
        "1d",
        "2d",
        "1d",
    ]
    assert [event.values for event in of(Features, result)][:3] == [
        {},
        {},
        {"sma_1": 10.0, "sma_2": None},
    ]
    assert signals(result) == [(4, 1)]
    assert fills(result) == [(5, 10.0, 13.0)]


def test_a_signal_before_the_first_base_bar_asks_for_nothing(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": {"2020-01-03": 10}, "A_2d": {"2020-01-01": 10}},
        symbols=[{"symbol": "A", "timeframes": ["1d", "2d"]}],
        strategies=[{"type": "buy_and_hold", "timeframe": "2d"}],
    )
    assert (signals(result), of(OrderRequest, result)) == ([(2, 1)], [])
    assert equities(result) == [1000.0, 1000.0]


def test_a_signal_after_the_last_base_bar_is_cancelled_at_once(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": {"2020-01-01": 10}, "A_2d": {"2020-01-01": 10}},
        symbols=[{"symbol": "A", "timeframes": ["1d", "2d"]}],
        strategies=[{"type": "buy_and_hold", "timeframe": "2d"}],
    )
    (request,) = of(OrderRequest, result)
    assert (day(request), request.reference_price) == (2, 10.0)
    assert [event.reason for event in of(Cancellation, result)] == ["end_of_data"]


def test_a_strategy_trades_only_its_symbols_in_configuration_order(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": [10], "B": [20], "C": [30]},
        strategies=[{"type": "buy_and_hold", "symbols": ["C", "A"]}],
    )
    # Each gets a third: the preset counts the configured symbols.
    assert [(event.symbol, event.quantity) for event in of(Order, result)] == [
        ("A", 33.0),
        ("C", 11.0),
    ]


def test_two_bars_of_a_stream_with_one_end_are_beyond_the_oracle(backtest: RunBacktest) -> None:
    with pytest.raises(CannotExpress, match="two bars of A 1mo end at the same time"):
        backtest(
            {"A_1mo": {"2021-01-30": 10, "2021-01-31": 11}},
            symbols=[{"symbol": "A", "timeframes": ["1mo"]}],
        )
