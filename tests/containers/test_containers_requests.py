"""Step 6: what portfolios ask for, and the course of a slice, with numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from containers.events import (
    Bar,
    Cancellation,
    Event,
    Fill,
    Order,
    OrderRequest,
    PortfolioUpdate,
    Rejection,
    Signal,
)
from containers.trading import PortfolioReport

RunMarket: TypeAlias = Callable[..., tuple[list[Event], dict[str, PortfolioReport]]]


def requests(events: Sequence[Event]) -> list[tuple[int, str, float, float, str]]:
    return [
        (e.time_ns, e.symbol, e.quantity, e.reference_price, e.reason)
        for e in events
        if isinstance(e, OrderRequest)
    ]


def fills(events: Sequence[Event]) -> list[tuple[int, str, float, float]]:
    return [(e.time_ns, e.symbol, e.quantity, e.price) for e in events if isinstance(e, Fill)]


def test_the_whole_course_of_an_order(run_market: RunMarket) -> None:
    # Slice 0: 0.5 x 1000 / 30 = 16.67, 16 shares. Slice 1: 16 x 31 = 496 paid at the open, 504
    # left, 16 x 32 = 512 held at the close.
    events, _ = run_market(
        {"AAA/1d": [30.0, (31.0, 32.0), 32.0]}, {0: [("AAA", 1, 1.0)]}, max_position_size=0.5
    )
    assert events[:8] == [
        Bar(0, 0, "data/AAA/1d", None, "AAA", "1d", 30.0, 30.0, 30.0, 30.0, None),
        Signal(1, 0, "strategy/s", None, "AAA", 1, 1.0),
        OrderRequest(2, 0, "portfolio/s.p", 1, "AAA", 16.0, 30.0, "signal"),
        Order(3, 0, "risk/s.p", 2, "s.p", "AAA", 16.0, 16.0, ()),
        PortfolioUpdate(4, 0, "portfolio/s.p", 0, 1000.0, 0.0, 1000.0),
        Bar(5, 1, "data/AAA/1d", None, "AAA", "1d", 31.0, 32.0, 31.0, 32.0, None),
        Fill(6, 1, "execution", 3, "s.p", "AAA", 16.0, 31.0, 0.0, "order"),
        PortfolioUpdate(7, 1, "portfolio/s.p", 5, 504.0, 512.0, 1016.0),
    ]


def test_steps_are_barriers_between_portfolios_too(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0], "BBB/1d": [20.0, 20.0]},
        {0: [("AAA", 1, 1.0), ("BBB", 1, 1.0)]},
        portfolios={"s.p": {"max_position_size": 0.2}, "s.q": {"max_position_size": 0.1}},
    )
    course = [(type(e).__name__, e.container) for e in events if e.time_ns == 0]
    assert course == [
        ("Bar", "data/AAA/1d"), ("Bar", "data/BBB/1d"),
        ("Signal", "strategy/s"), ("Signal", "strategy/s"),
        ("OrderRequest", "portfolio/s.p"), ("OrderRequest", "portfolio/s.p"),
        ("OrderRequest", "portfolio/s.q"), ("OrderRequest", "portfolio/s.q"),
        ("Order", "risk/s.p"), ("Order", "risk/s.p"),
        ("Order", "risk/s.q"), ("Order", "risk/s.q"),
        ("PortfolioUpdate", "portfolio/s.p"), ("PortfolioUpdate", "portfolio/s.q"),
    ]  # fmt: skip


def test_requests_follow_the_order_of_symbols_and_one_snapshot(run_market: RunMarket) -> None:
    # Signals come BBB first. Each symbol gets 0.5 x 1000 / price, whatever the other asks for.
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0], "BBB/1d": [20.0, 20.0]},
        {0: [("BBB", 1, 1.0), ("AAA", 1, 1.0)]},
        max_position_size=0.5,
    )
    assert requests(events) == [
        (0, "AAA", 50.0, 10.0, "signal"), (0, "BBB", 25.0, 20.0, "signal"),
    ]  # fmt: skip
    signals = {e.symbol: e.seq for e in events if isinstance(e, Signal)}
    assert [e.cause for e in events if isinstance(e, OrderRequest)] == [
        signals["AAA"], signals["BBB"],
    ]  # fmt: skip


def test_a_signal_scales_with_its_strength(run_market: RunMarket) -> None:
    events, _ = run_market({"AAA/1d": [30.0, 30.0]}, {0: [("AAA", 1, 0.25)]})
    assert requests(events) == [(0, "AAA", 8.0, 30.0, "signal")]  # 0.25 x 1000 / 30 = 8.33


def test_a_fractional_portfolio_asks_for_parts_of_shares(run_market: RunMarket) -> None:
    events, _ = run_market({"AAA/1d": [30.0, 30.0]}, {0: [("AAA", 1, 1.0)]}, fractional=True)
    assert requests(events) == [(0, "AAA", 1000.0 / 30.0, 30.0, "signal")]


def test_a_target_is_measured_from_the_equity_of_this_slice(run_market: RunMarket) -> None:
    # 50 shares at 10; at 14 the equity is 500 + 700 = 1200, so 0.5 x 1200 / 14 = 42.86: 42 - 50.
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 14.0, 14.0]},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", 1, 1.0)]},
        max_position_size=0.5,
    )
    assert requests(events) == [(0, "AAA", 50.0, 10.0, "signal"), (2, "AAA", -8.0, 14.0, "signal")]


@pytest.mark.parametrize(("allow_short", "quantity"), [(False, -20.0), (True, -40.0)])
def test_a_short_view_leaves_or_turns_a_position(
    allow_short: bool, quantity: float, run_market: RunMarket
) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0] * 3},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", -1, 1.0)]},
        fixed_quantity=20.0,
        allow_short=allow_short,
    )
    assert requests(events) == [
        (0, "AAA", 20.0, 10.0, "signal"), (1, "AAA", quantity, 10.0, "signal"),
    ]  # fmt: skip


def test_a_flat_portfolio_that_may_not_be_short_asks_for_nothing(run_market: RunMarket) -> None:
    events, _ = run_market({"AAA/1d": [10.0, 10.0]}, {0: [("AAA", -1, 1.0)]})
    assert requests(events) == []


def test_a_fixed_quantity_is_asked_for_whatever_the_equity(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0] * 3},
        {0: [("AAA", 1, 0.5)], 1: [("AAA", 1, 0.7)]},
        fixed_quantity=30.0,
    )
    # The second signal changes the strength alone: the target stays, nothing is asked for.
    assert requests(events) == [(0, "AAA", 30.0, 10.0, "signal")]


def test_no_position_is_rebalanced_without_a_signal(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 40.0, 5.0]}, {0: [("AAA", 1, 1.0)]}, max_position_size=0.5
    )
    assert len(requests(events)) == 1


def test_a_change_that_is_only_rounding_is_not_asked_for(run_market: RunMarket) -> None:
    # Target 100 shares; then 100 x (1 - 1e-12): 1e-10 shares are less than 1e-9 x 100.
    events, _ = run_market(
        {"AAA/1d": [10.0] * 4},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 1, 1.0 - 1e-12)], 2: [("AAA", 1, 1.0 - 1e-8)]},
        fractional=True,
    )
    assert [(r[0], r[2]) for r in requests(events)] == [(0, 100.0), (2, pytest.approx(-1e-6))]


def test_pending_orders_count_as_held(run_market: RunMarket) -> None:
    # AAA has no bar in slice 1, so its order is still pending when the view changes again.
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 2: 11.0, 3: 11.0}, "BBB/1d": [20.0] * 4},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)]},
        max_position_size=0.5,
    )
    assert requests(events) == [(0, "AAA", 50.0, 10.0, "signal"), (1, "AAA", -50.0, 10.0, "signal")]
    assert fills(events) == [(2, "AAA", 50.0, 11.0), (2, "AAA", -50.0, 11.0)]


def test_pending_orders_count_as_they_were_let_pass(run_market: RunMarket) -> None:
    # 50 were asked for, 33 x 30 fitted.
    events, _ = run_market(
        {"AAA/1d": {0: 30.0, 2: 30.0}, "BBB/1d": [20.0] * 3},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)]},
        fixed_quantity=50.0,
    )
    assert [r[2] for r in requests(events)] == [50.0, -33.0]


def test_a_symbol_without_a_base_bar_yet_is_not_traded(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": {1: 10.0, 2: 10.0}, "AAA/1w": {0: 10.0}}, {0: [("AAA", 1, 1.0)]}
    )
    assert requests(events) == []
    assert [e.cause for e in events if isinstance(e, PortfolioUpdate)] == [0, 3, 5]


def test_bars_of_a_longer_timeframe_neither_mark_nor_price(run_market: RunMarket) -> None:
    # The week's close of 99 is no base close: reference price and worth stay at 12.
    events, _ = run_market(
        {"AAA/1d": [10.0, 12.0, 12.0], "AAA/1w": {1: 99.0}},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)]},
        fixed_quantity=10.0,
    )
    assert requests(events)[1] == (1, "AAA", -10.0, 12.0, "signal")
    updates = [e for e in events if isinstance(e, PortfolioUpdate)]
    week = [e.seq for e in events if isinstance(e, Bar) and e.timeframe == "1w"]
    # 10 x 12 at the open of slice 1; its last BAR is the week's.
    assert (updates[1].positions_value, updates[1].equity) == (120.0, 1000.0)
    assert [updates[1].cause] == week


def test_a_slice_without_a_base_bar_has_an_update_too(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 2: 10.0}, "AAA/1w": {1: 10.0, 3: 10.0}}, {0: [("AAA", 1, 1.0)]}
    )
    assert [e.time_ns for e in events if isinstance(e, PortfolioUpdate)] == [0, 1, 2, 3]


def test_a_symbol_that_has_ended_can_be_asked_for_but_its_order_is_cancelled(
    run_market: RunMarket,
) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 12.0], "AAA/1w": {2: 50.0, 3: 60.0}},
        {2: [("AAA", 1, 1.0)], 3: [("AAA", 1, 0.5)]},
    )
    # 1000 / 12 = 83.33 and 500 / 12 = 41.67, at the last base close.
    assert requests(events) == [
        (2, "AAA", 83.0, 12.0, "signal"), (3, "AAA", 41.0, 12.0, "signal"),
    ]  # fmt: skip
    orders = [e.seq for e in events if isinstance(e, Order)]
    cancelled = [e for e in events if isinstance(e, Cancellation)]
    assert [e.cause for e in cancelled] == orders
    assert [(e.time_ns, e.portfolio, e.symbol, e.quantity, e.reason) for e in cancelled] == [
        (2, "s.p", "AAA", 83.0, "end_of_data"), (3, "s.p", "AAA", 41.0, "end_of_data"),
    ]  # fmt: skip
    assert fills(events) == []


def test_a_rejected_or_reduced_order_is_not_repeated(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0] * 5, "BBB/1d": [10.0] * 5},
        {0: [("AAA", 1, 1.0), ("BBB", 1, 1.0)], 2: [("BBB", 1, 0.9)]},
        max_position_size=1.0,
    )
    # AAA takes all room of slice 0; BBB is refused then and again in slice 2, and never between.
    assert [(r[0], r[1]) for r in requests(events)] == [(0, "AAA"), (0, "BBB"), (2, "BBB")]
    assert [e.time_ns for e in events if isinstance(e, Rejection)] == [0, 2]
