"""`stop_loss`: tested at closes, asked for once, in place of a request from the same side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest

from containers.events import Bar, Event, Fill, OrderRequest, Signal
from containers.trading import Costs, PortfolioReport

RunMarket: TypeAlias = Callable[..., tuple[list[Event], dict[str, PortfolioReport]]]

LONG: dict[str, Any] = {"fixed_quantity": 10.0, "stop_loss": 0.25, "max_leverage": None}
SHORT: dict[str, Any] = {**LONG, "allow_short": True}


def requests(events: Sequence[Event]) -> list[tuple[int, float, str]]:
    return [(e.time_ns, e.quantity, e.reason) for e in events if isinstance(e, OrderRequest)]


def test_a_long_position_is_left_when_the_close_reaches_the_stop(run_market: RunMarket) -> None:
    # Filled at 100: the stop is at 100 x (1 - 0.25) = 75.
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 75.01, (80.0, 75.0), (70.0, 71.0), 60.0, 60.0]},
        {0: [("AAA", 1, 1.0)]},
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal"), (3, -10.0, "stop_loss")]
    bar = next(e for e in events if isinstance(e, Bar) and e.time_ns == 3)
    request = [e for e in events if isinstance(e, OrderRequest)][1]
    assert (request.cause, request.reference_price) == (bar.seq, 75.0)
    assert [(e.time_ns, e.quantity, e.price, e.reason) for e in events if isinstance(e, Fill)] == [
        (1, 10.0, 100.0, "order"), (4, -10.0, 70.0, "order"),
    ]  # fmt: skip


def test_a_short_position_is_left_when_the_close_reaches_the_stop(run_market: RunMarket) -> None:
    # Filled at 100: the stop is at 100 x (1 + 0.25) = 125.
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 124.99, 125.0, 130.0, 130.0]}, {0: [("AAA", -1, 1.0)]}, **SHORT
    )
    assert requests(events) == [(0, -10.0, "signal"), (3, 10.0, "stop_loss")]


def test_a_stop_is_checked_at_closes_and_not_within_a_bar(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, (50.0, 90.0), 90.0]}, {0: [("AAA", 1, 1.0)]}, **LONG
    )
    assert requests(events) == [(0, 10.0, "signal")]


def test_a_stop_is_tested_at_the_close_of_the_bar_of_the_fill(run_market: RunMarket) -> None:
    events, _ = run_market({"AAA/1d": [100.0, (100.0, 70.0), 70.0]}, {0: [("AAA", 1, 1.0)]}, **LONG)
    assert requests(events) == [(0, 10.0, "signal"), (1, -10.0, "stop_loss")]


def test_without_a_stop_a_position_is_kept_whatever_it_loses(run_market: RunMarket) -> None:
    events, _ = run_market({"AAA/1d": [100.0, 100.0, 1.0]}, {0: [("AAA", 1, 1.0)]})
    assert requests(events) == [(0, 10.0, "signal")]


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_a_signal_of_the_same_side_does_not_keep_a_stop_away(
    strength: float, run_market: RunMarket
) -> None:
    # 0.4 x 2500 / 100 = 10 shares; at 70 the equity is 1500 + 700 = 2200, so the signal alone
    # would ask for 12.57 or 6.29.
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 70.0, 70.0]},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", 1, strength)]},
        capital=2500.0, max_position_size=0.4, stop_loss=0.25,
    )  # fmt: skip
    assert requests(events) == [(0, 10.0, "signal"), (2, -10.0, "stop_loss")]


@pytest.mark.parametrize(
    ("direction", "allow_short", "quantity"),
    [(0, False, -10.0), (-1, False, -10.0), (0, True, -10.0), (-1, True, -20.0)],
)
def test_a_signal_that_leaves_the_position_makes_the_ordinary_request(
    direction: int, allow_short: bool, quantity: float, run_market: RunMarket
) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 70.0, 70.0]},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", direction, 1.0)]},
        allow_short=allow_short,
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal"), (2, quantity, "signal")]
    signal = [e.seq for e in events if isinstance(e, Signal)][1]
    assert [e.cause for e in events if isinstance(e, OrderRequest)][1] == signal


@pytest.mark.parametrize("direction", [0, 1])
def test_a_short_stop_gives_way_to_a_signal_that_leaves(
    direction: int, run_market: RunMarket
) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 130.0, 130.0]},
        {0: [("AAA", -1, 1.0)], 2: [("AAA", direction, 1.0)]},
        **SHORT,
    )
    assert requests(events) == [(0, -10.0, "signal"), (2, 10.0 + direction * 10.0, "signal")]


def test_the_next_change_of_the_strategy_enters_again(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 70.0, 70.0, 72.0, 72.0, 72.0]},
        {0: [("AAA", 1, 1.0)], 4: [("AAA", 1, 0.5)]},
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal"), (2, -10.0, "stop_loss"), (4, 10.0, "signal")]


def test_a_stop_waits_while_an_exit_is_pending(run_market: RunMarket) -> None:
    # The week's signal to leave comes in a slice without a base bar; its order waits for the next
    # close. There the stop is hit as well, and must not ask again.
    events, _ = run_market(
        {"AAA/1d": {0: 100.0, 1: 100.0, 3: 60.0, 4: 60.0}, "AAA/1w": {2: 100.0}},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", 0, 1.0)]},
        fill="same_close",
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal"), (2, -10.0, "signal")]
    assert [(e.time_ns, e.quantity) for e in events if isinstance(e, Fill)] == [
        (0, 10.0), (3, -10.0),
    ]  # fmt: skip


def test_a_stop_waits_while_a_flip_is_pending(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": {0: 100.0, 1: 100.0, 3: 60.0, 4: 60.0}, "AAA/1w": {2: 100.0}},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", -1, 1.0)]},
        fill="same_close",
        **SHORT,
    )
    assert requests(events) == [(0, 10.0, "signal"), (2, -20.0, "signal")]


def test_a_stop_asks_for_what_a_pending_reduction_leaves(run_market: RunMarket) -> None:
    # 0.4 x 2500 / 100 = 10 shares, half the strength 5: a reduction is no exit, the stop takes
    # the other 5.
    events, _ = run_market(
        {"AAA/1d": {0: 100.0, 1: 100.0, 3: 60.0, 4: 60.0}, "AAA/1w": {2: 100.0}},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", 1, 0.5)]},
        fill="same_close", capital=2500.0, max_position_size=0.4, stop_loss=0.25,
    )  # fmt: skip
    assert requests(events) == [
        (0, 10.0, "signal"), (2, -5.0, "signal"), (3, -5.0, "stop_loss"),
    ]  # fmt: skip


def test_a_longer_bar_does_not_hit_a_stop(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 76.0, 76.0], "AAA/1w": {1: 10.0, 2: 10.0}},
        {0: [("AAA", 1, 1.0)]},
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal")]


def test_a_stop_is_tested_on_base_bars_alone(run_market: RunMarket) -> None:
    # Filled at the close of slice 0, 80 x (1 + 5000 / 10000) = 120: the stop is at 90, above the
    # close of 80 already. Slice 1 has no bar of the symbol, so only slice 2 tests it.
    events, _ = run_market(
        {"AAA/1d": {0: 80.0, 2: 80.0, 3: 80.0}, "BBB/1d": [5.0] * 4},
        {0: [("AAA", 1, 1.0)]},
        fill="same_close",
        costs=Costs(slippage_bps=5000.0),
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal"), (2, -10.0, "stop_loss")]


def test_the_average_is_the_fill_price_with_slippage_and_without_commission(
    run_market: RunMarket,
) -> None:
    # 80 x (1 + 2500 / 10000) = 100: the stop is at 75, not at 60, nor lower for the commission.
    events, _ = run_market(
        {"AAA/1d": [80.0, (80.0, 76.0), 75.0, 75.0]},
        {0: [("AAA", 1, 1.0)]},
        costs=Costs(slippage_bps=2500.0, commission_fixed=100.0),
        **LONG,
    )
    assert requests(events) == [(0, 10.0, "signal"), (2, -10.0, "stop_loss")]


def test_a_position_built_in_parts_has_their_average(run_market: RunMarket) -> None:
    # Slice 0: 0.5 x 0.4 x 5000 / 100 = 10 at 100. Slice 1 at 200: equity 4000 + 2000 = 6000, so
    # 0.9 x 0.4 x 6000 / 200 = 10.8, no change; slice 2: 1.0 x 0.4 x 6000 / 200 = 12, 2 more at
    # 320. Average (10 x 100 + 2 x 320) / 12 = 136.67, the stop at 102.5.
    market = [100.0, (100.0, 200.0), 200.0, (320.0, 110.0), 102.6, 102.5, 102.5]
    events, _ = run_market(
        {"AAA/1d": market},
        {0: [("AAA", 1, 0.5)], 1: [("AAA", 1, 0.9)], 2: [("AAA", 1, 1.0)]},
        capital=5000.0, max_position_size=0.4, stop_loss=0.25,
    )  # fmt: skip
    assert requests(events) == [
        (0, 10.0, "signal"), (2, 2.0, "signal"), (5, -12.0, "stop_loss"),
    ]  # fmt: skip


def test_stops_and_signals_are_asked_for_in_the_order_of_symbols(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 100.0, 100.0], "BBB/1d": [100.0, 100.0, 70.0, 70.0]},
        {0: [("BBB", 1, 1.0)], 2: [("AAA", 1, 1.0)]},
        **LONG,
    )
    asked = [(e.time_ns, e.symbol, e.reason) for e in events if isinstance(e, OrderRequest)]
    assert asked == [(0, "BBB", "signal"), (2, "AAA", "signal"), (2, "BBB", "stop_loss")]
