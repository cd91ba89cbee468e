"""Steps 2 and 8: when and at what price orders fill, and how symbols end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest

from containers.container import Role, Step
from containers.events import (
    Bar,
    Cancellation,
    Event,
    EventKind,
    Fill,
    Order,
    OrderRequest,
    PortfolioUpdate,
)
from containers.trading import Account, Costs, ExecutionContainer, FillModel, PortfolioReport

RunMarket: TypeAlias = Callable[..., tuple[list[Event], dict[str, PortfolioReport]]]


def fills(events: Sequence[Event]) -> list[tuple[int, str, str, float, float]]:
    return [
        (e.time_ns, e.portfolio, e.symbol, e.quantity, e.price)
        for e in events
        if isinstance(e, Fill)
    ]


def cancellations(events: Sequence[Event]) -> list[tuple[int, str, str, float, str]]:
    return [
        (e.time_ns, e.portfolio, e.symbol, e.quantity, e.reason)
        for e in events
        if isinstance(e, Cancellation)
    ]


# --- next_open --------------------------------------------------------------------------------


def test_an_order_fills_at_the_next_open_right_after_the_bars(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, (11.0, 15.0)], "BBB/1d": [10.0, 10.0]},
        {0: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
    )
    assert fills(events) == [(1, "s.p", "AAA", 10.0, 11.0)]
    order = next(e for e in events if isinstance(e, Order))
    fill = next(e for e in events if isinstance(e, Fill))
    assert (fill.cause, fill.container, fill.reason) == (order.seq, "execution", "order")
    assert [type(e) for e in events if e.time_ns == 1] == [Bar, Bar, Fill, PortfolioUpdate]


def test_an_order_waits_for_the_next_base_bar_of_its_symbol(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 3: (12.0, 13.0)}, "AAA/1w": {1: 99.0}, "BBB/1d": [10.0] * 4},
        {0: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
    )
    assert fills(events) == [(3, "s.p", "AAA", 10.0, 12.0)]


def test_orders_of_a_portfolio_fill_by_age(run_market: RunMarket) -> None:
    # BBB's order of slice 0 is older than AAA's of slice 1; both symbols go on in slice 2.
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 2: 10.0}, "BBB/1d": {0: 10.0, 2: 10.0}, "CCC/1d": [1.0] * 3},
        {0: [("BBB", 1, 1.0)], 1: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
    )
    assert [f[2] for f in fills(events)] == ["BBB", "AAA"]


def test_orders_of_an_earlier_portfolio_fill_before_older_ones_of_a_later(
    run_market: RunMarket,
) -> None:
    # s.p finds no lot in 0.005 x 1000 / 10 and orders in slice 1 only, s.q in slice 0.
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 2: 10.0}, "CCC/1d": [1.0] * 3},
        {0: [("AAA", 1, 0.005)], 1: [("AAA", 1, 1.0)]},
        portfolios={"s.p": {}, "s.q": {"fixed_quantity": 10.0}},
    )
    assert [e.portfolio for e in events if isinstance(e, Order)] == ["s.q", "s.p"]
    assert fills(events) == [(2, "s.p", "AAA", 100.0, 10.0), (2, "s.q", "AAA", 10.0, 10.0)]


def test_fills_are_told_to_their_portfolio_alone(run_market: RunMarket) -> None:
    _, reports = run_market(
        {"AAA/1d": [10.0, (10.0, 11.0)]},
        {0: [("AAA", 1, 1.0)]},
        portfolios={
            "s.p": {"fixed_quantity": 10.0}, "s.q": {"fixed_quantity": 20.0}, "s.r": {},
        },
    )  # fmt: skip
    finals = {name: report.metrics["final_equity"] for name, report in reports.items()}
    assert finals == {"s.p": 1010.0, "s.q": 1020.0, "s.r": 1100.0}


def test_a_fill_costs_slippage_and_commission(run_market: RunMarket) -> None:
    # Buy at 20 x 1.25 = 25, sell at 20 x 0.75 = 15; each for 1 + 0.5 x 10 + 0.01 x 10 x price.
    events, _ = run_market(
        {"AAA/1d": [20.0] * 3},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)]},
        fixed_quantity=10.0,
        costs=Costs(
            slippage_bps=2500.0, commission_fixed=1.0, commission_per_share=0.5,
            commission_bps=100.0,
        ),
    )  # fmt: skip
    paid = [(e.price, e.commission) for e in events if isinstance(e, Fill)]
    assert np.array(paid) == pytest.approx(np.array([(25.0, 8.5), (15.0, 7.5)]))
    # 1000 - 250 - 8.5 = 741.5, + 200 held; 741.5 + 150 - 7.5 = 884
    updates = [(e.cash, e.equity) for e in events if isinstance(e, PortfolioUpdate)]
    assert np.array(updates[1:]) == pytest.approx(np.array([(741.5, 941.5), (884.0, 884.0)]))


# --- same_close -------------------------------------------------------------------------------


def test_same_close_fills_at_the_close_of_the_slice_of_the_order(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [(9.0, 10.0), 12.0]},
        {0: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
        fill="same_close",
    )
    assert fills(events) == [(0, "s.p", "AAA", 10.0, 10.0)]
    updates = [(e.cash, e.equity) for e in events if isinstance(e, PortfolioUpdate)]
    assert updates == [(900.0, 1000.0), (900.0, 1020.0)]


def test_same_close_waits_for_the_next_base_bar_when_the_slice_has_none(
    run_market: RunMarket,
) -> None:
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 3: (12.0, 13.0)}, "AAA/1w": {1: 99.0}, "BBB/1d": [10.0] * 4},
        {1: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
        fill="same_close",
    )
    request = next(e for e in events if isinstance(e, OrderRequest))
    assert (request.time_ns, request.reference_price) == (1, 10.0)
    assert fills(events) == [(3, "s.p", "AAA", 10.0, 13.0)]


def test_same_close_fills_by_portfolio_then_age(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 2: 10.0}, "BBB/1d": {0: 10.0, 2: 10.0}, "CCC/1d": [1.0] * 3},
        {1: [("BBB", 1, 1.0)], 2: [("AAA", 1, 1.0)]},
        portfolios={"s.p": {"fixed_quantity": 10.0}, "s.q": {"fixed_quantity": 20.0}},
        fill="same_close",
    )
    assert [(f[1], f[2]) for f in fills(events)] == [
        ("s.p", "BBB"), ("s.p", "AAA"), ("s.q", "BBB"), ("s.q", "AAA"),
    ]  # fmt: skip


def test_an_order_of_the_last_slice_fills_at_its_close(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 11.0]}, {1: [("AAA", 1, 1.0)]}, fixed_quantity=10.0, fill="same_close"
    )
    assert fills(events) == [(1, "s.p", "AAA", 10.0, 11.0)]
    assert cancellations(events) == []


# --- the end of a symbol's data ---------------------------------------------------------------


def test_what_is_pending_at_the_end_of_the_data_is_cancelled(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 11.0]}, {1: [("AAA", 1, 1.0)]}, fixed_quantity=10.0, max_leverage=None
    )
    assert fills(events) == []
    assert cancellations(events) == [(1, "s.p", "AAA", 10.0, "end_of_data")]
    order = next(e for e in events if isinstance(e, Order))
    cancelled = next(e for e in events if isinstance(e, Cancellation))
    assert (cancelled.cause, cancelled.container) == (order.seq, "execution")
    assert isinstance(events[-1], PortfolioUpdate)


def test_a_position_stays_open_without_close_at_end(run_market: RunMarket) -> None:
    events, reports = run_market(
        {"AAA/1d": [10.0, 10.0, 12.0]}, {0: [("AAA", 1, 1.0)]}, fixed_quantity=10.0
    )
    assert len(fills(events)) == 1
    assert reports["s.p"].trades == ()
    assert reports["s.p"].metrics["final_equity"] == 1020.0


def test_close_at_end_closes_at_the_last_close_with_costs(run_market: RunMarket) -> None:
    # Bought at 10 x 1.25 = 12.5, sold at 12 x 0.75 = 9: 1000 - 125 - 1 + 90 - 1 = 963.
    events, reports = run_market(
        {"AAA/1d": [10.0, 10.0, (8.0, 12.0)]},
        {0: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
        close_at_end=True,
        costs=Costs(slippage_bps=2500.0, commission_fixed=1.0),
    )
    bars = [e.seq for e in events if isinstance(e, Bar)]
    closing = [e for e in events if isinstance(e, Fill)][1]
    assert closing == Fill(
        closing.seq, 2, "execution", bars[-1], "s.p", "AAA", -10.0, 9.0, 1.0, "close_at_end"
    )
    update = events[-1]
    assert isinstance(update, PortfolioUpdate)
    assert (update.cash, update.positions_value, update.equity) == (963.0, 0.0, 963.0)
    assert [t.exit_price for t in reports["s.p"].trades or ()] == [9.0]


def test_close_at_end_covers_a_short_position(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 12.0]},
        {0: [("AAA", -1, 1.0)]},
        fixed_quantity=10.0,
        close_at_end=True,
        allow_short=True,
    )
    assert fills(events)[1] == (2, "s.p", "AAA", 10.0, 12.0)


def test_symbols_end_one_by_one_and_for_each_all_orders_go_before_positions(
    run_market: RunMarket,
) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0] * 3, "BBB/1d": [10.0] * 3},
        {0: [("AAA", 1, 1.0), ("BBB", 1, 1.0)], 2: [("BBB", 0, 1.0), ("AAA", 0, 1.0)]},
        portfolios={"s.p": {"fixed_quantity": 10.0}, "s.q": {"fixed_quantity": 20.0}},
        close_at_end=True,
    )
    course = [
        (e.kind.value, e.symbol, e.portfolio, e.quantity)
        for e in events
        if e.time_ns == 2 and isinstance(e, Fill | Cancellation)
    ]
    assert course == [
        ("CANCELLATION", "AAA", "s.p", -10.0), ("CANCELLATION", "AAA", "s.q", -20.0),
        ("FILL", "AAA", "s.p", -10.0), ("FILL", "AAA", "s.q", -20.0),
        ("CANCELLATION", "BBB", "s.p", -10.0), ("CANCELLATION", "BBB", "s.q", -20.0),
        ("FILL", "BBB", "s.p", -10.0), ("FILL", "BBB", "s.q", -20.0),
    ]  # fmt: skip


def test_a_symbol_that_ends_first_is_closed_first_and_once(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 10.0, 10.0], "BBB/1d": [10.0, (10.0, 11.0)]},
        {0: [("AAA", 1, 1.0), ("BBB", 1, 1.0)]},
        fixed_quantity=10.0,
        close_at_end=True,
    )
    assert fills(events) == [
        (1, "s.p", "AAA", 10.0, 10.0), (1, "s.p", "BBB", 10.0, 10.0),
        (1, "s.p", "BBB", -10.0, 11.0), (3, "s.p", "AAA", -10.0, 10.0),
    ]  # fmt: skip


def test_an_order_of_the_last_slice_is_filled_and_then_closed(run_market: RunMarket) -> None:
    events, reports = run_market(
        {"AAA/1d": [10.0, 11.0]},
        {1: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
        fill="same_close",
        close_at_end=True,
    )
    assert [(e.quantity, e.reason) for e in events if isinstance(e, Fill)] == [
        (10.0, "order"), (-10.0, "close_at_end"),
    ]  # fmt: skip
    assert [(t.bars_held, t.net_profit) for t in reports["s.p"].trades or ()] == [(0, 0.0)]


def test_bars_held_counts_base_bars_of_the_symbol(run_market: RunMarket) -> None:
    # Entered at its second bar, in slice 2; closed at its fourth, in slice 5.
    _, reports = run_market(
        {
            "AAA/1d": {0: 10.0, 2: 10.0, 3: 10.0, 5: 10.0},
            "AAA/1w": {2: 10.0, 4: 10.0, 5: 10.0},
            "BBB/1d": [1.0] * 7,
        },
        {0: [("AAA", 1, 1.0)]},
        fixed_quantity=10.0,
        close_at_end=True,
    )
    trades = [(t.entry_time, t.exit_time, t.bars_held) for t in reports["s.p"].trades or ()]
    assert trades == [(2, 5, 2)]


@pytest.mark.parametrize(
    ("fill", "step"), [("next_open", Step.OPEN_FILLS), ("same_close", Step.CLOSE_FILLS)]
)
def test_an_execution_container_says_how_it_fills(fill: str, step: Step) -> None:
    execution = ExecutionContainer(
        "execution",
        accounts={"s.q": Account(("AAA",), 1.0), "s.p": Account(("AAA",), 1.0)},
        last_bars={"AAA": 7},
        fill=FillModel(fill),
        costs=Costs(slippage_bps=5.0),
        close_at_end=True,
    )
    assert execution.role is Role.EXECUTION
    assert dict(execution.settings()) == {
        "portfolios": ["s.q", "s.p"],
        "last_bars": {"AAA": 7},
        "fill": fill,
        "costs": {
            "slippage_bps": 5.0, "commission_bps": 0.0, "commission_per_share": 0.0,
            "commission_fixed": 0.0, "commission_minimum": 0.0,
        },
        "close_at_end": True,
    }  # fmt: skip
    assert min(execution.acts()) is step
    assert set(execution.handlers()) == {EventKind.BAR, EventKind.ORDER}
