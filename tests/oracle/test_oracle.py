"""The nine steps of the oracle on markets small enough to follow with a pencil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from containers.events import (
    Bar,
    Cancellation,
    Fill,
    Order,
    OrderRequest,
    PortfolioUpdate,
    Rejection,
)

if TYPE_CHECKING:
    from tests.oracle.conftest import RunBacktest
from tests.oracle.reading import (
    DAY_NS,
    FIRST_END_NS,
    NEXT_OPEN,
    day,
    equities,
    fills,
    fixed,
    momentum,
    of,
    orders,
    signals,
    trades,
)

# Sequence and causes


def test_events_are_numbered_in_the_order_of_the_steps_and_name_their_causes(
    backtest: RunBacktest,
) -> None:
    result = backtest({"A": [10]})
    seen = [(type(event).__name__, event.container, event.cause) for event in result.events]
    assert seen == [
        ("Bar", "data/A/1d", None),
        ("Features", "features/A/1d", 0),
        ("Signal", "strategy/buy_and_hold", 1),
        ("OrderRequest", "portfolio/buy_and_hold.aggressive", 2),
        ("Order", "risk/buy_and_hold.aggressive", 3),
        ("Fill", "execution", 4),
        ("PortfolioUpdate", "portfolio/buy_and_hold.aggressive", 0),
    ]
    assert [event.seq for event in result.events] == list(range(7))
    assert {event.time_ns for event in result.events} == {FIRST_END_NS}
    assert result.slices == 1


def test_every_container_finishes_a_step_before_any_starts_the_next(
    backtest: RunBacktest,
) -> None:
    result = backtest(
        {"A": [10], "B": [20]},
        strategies=[{"type": "buy_and_hold", "name": "x"}, {"type": "buy_and_hold", "name": "y"}],
        risk_profiles=[{"type": "conservative"}, {"type": "moderate"}],
    )
    kinds = [type(event).__name__ for event in result.events]
    expected = ["Bar"] * 2 + ["Features"] * 2 + ["Signal"] * 4 + ["OrderRequest"] * 8
    assert kinds == expected + ["Order"] * 8 + ["Fill"] * 8 + ["PortfolioUpdate"] * 4
    assert [event.portfolio for event in of(Fill, result)][::2] == list(result.portfolios)
    assert list(result.portfolios) == [
        "x.conservative",
        "x.moderate",
        "y.conservative",
        "y.moderate",
    ]


# Fills and lots


def test_next_open_fills_at_the_following_open(backtest: RunBacktest) -> None:
    # 1000 ÷ 11 = 90.9: 90 shares at 12; cash 1000 − 1080; 90 × 13 − 80
    result = backtest({"A": [(10, 11), (12, 13)]}, **NEXT_OPEN)
    assert fills(result) == [(2, 90.0, 12.0)]
    assert equities(result) == [1000.0, 1090.0]
    assert result.portfolios["buy_and_hold.aggressive"].metrics["min_cash"] == -80.0


def test_same_close_fills_in_its_own_slice(backtest: RunBacktest) -> None:
    result = backtest({"A": [(10, 11), (12, 13)]})
    assert fills(result) == [(1, 90.0, 11.0)]
    assert equities(result) == [1000.0, 10.0 + 90.0 * 13.0]


@pytest.mark.parametrize(
    ("portfolio", "quantity"),
    [
        ({"lot_size": 50}, 50.0),  # 90.9 ÷ 50 = 1.8 lots
        ({"lot_size": 100}, None),  # 0.9 lots: nothing to ask for
        ({"lot_size": 0.5}, 90.5),  # 181.8 lots
        ({"fractional": True}, 1000.0 / 11.0),
    ],
)
def test_targets_are_whole_lots_unless_fractional(
    backtest: RunBacktest, portfolio: dict[str, Any], quantity: float | None
) -> None:
    result = backtest({"A": [11]}, portfolio=portfolio)
    requested = [event.quantity for event in of(OrderRequest, result)]
    assert requested == ([] if quantity is None else [quantity])


def test_a_quotient_just_below_a_whole_lot_is_that_lot(backtest: RunBacktest) -> None:
    # 0.3 ÷ 0.1 is 2.9999999999999996 in binary
    result = backtest({"A": [0.1]}, portfolio={"initial_capital": 0.3})
    assert orders(result) == [(3.0, 3.0, ())]


def test_slippage_works_against_both_sides_and_the_minimum_commission_holds(
    backtest: RunBacktest,
) -> None:
    # buy at 20 × 1.01, sell at 10 × 0.99; 1 + 0.02 × 10 + 0.0010 × 10 × 20.2 = 1.402 …
    costs = {"slippage_bps": 100, "commission_fixed": 1, "commission_per_share": 0.02}
    costs |= {"commission_bps": 10, "commission_minimum": 1.4}
    result = backtest(
        {"A": [10, 20, 10]}, strategies=[momentum()], risk_profiles=fixed(10), execution=costs
    )
    assert [price for _, _, price in fills(result)] == [pytest.approx(20.2), pytest.approx(9.9)]
    # … and 1 + 0.2 + 0.099 = 1.299, raised to 1.4
    assert [event.commission for event in of(Fill, result)] == [pytest.approx(1.402), 1.4]
    assert equities(result)[-1] == pytest.approx(1000 - 202 - 1.402 + 99 - 1.4)


def test_orders_on_the_last_bar_are_cancelled_at_the_end_of_data(backtest: RunBacktest) -> None:
    result = backtest({"A": [11]}, **NEXT_OPEN)
    (cancelled,) = of(Cancellation, result)
    assert (cancelled.quantity, cancelled.reason) == (90.0, "end_of_data")
    assert cancelled.cause == of(Order, result)[0].seq
    assert fills(result) == []


def test_close_at_end_closes_at_the_last_close_with_costs(backtest: RunBacktest) -> None:
    costs = {"close_at_end": True, "commission_fixed": 1}
    result = backtest({"A": [10, 12]}, risk_profiles=fixed(10), execution=costs)
    last = of(Fill, result)[-1]
    assert (last.quantity, last.price, last.reason) == (-10.0, 12.0, "close_at_end")
    assert last.cause == of(Bar, result)[-1].seq
    (trade,) = trades(result, "buy_and_hold.custom")
    assert (trade.bars_held, trade.commission, trade.net_profit) == (1, 2.0, 18.0)
    assert equities(result) == [999.0, 1018.0]


# Positions and trades


def test_a_flip_closes_one_trade_and_opens_the_next(backtest: RunBacktest) -> None:
    # +10 at 11, −20 at 9 (half its commission closes), +10 at 8 at the end:
    # (90 − 110) − (2 + 1) and −(80 − 90) − (1 + 2)
    result = backtest(
        {"A": [10, 11, 9, 8]},
        strategies=[momentum()],
        risk_profiles=fixed(10),
        portfolio={"allow_short": True},
        execution={"commission_fixed": 2, "close_at_end": True},
    )
    assert fills(result) == [(2, 10.0, 11.0), (3, -20.0, 9.0), (4, 10.0, 8.0)]
    long, short = trades(result, "momentum.custom")
    assert (long.side, long.quantity, long.commission, long.net_profit) == (1, 10.0, 3.0, -23.0)
    assert (short.side, short.entry_price, short.exit_price) == (-1, 9.0, 8.0)
    assert (short.commission, short.net_profit, short.bars_held) == (3.0, 7.0, 1)
    assert long.exit_time == short.entry_time == FIRST_END_NS + 2 * DAY_NS


def test_a_reduction_is_part_of_the_same_trade(backtest: RunBacktest) -> None:
    # Strength 1 → ½: of 100 shares 60 stay (0.5 × 1200 ÷ 10 … at price 12: 50), closed at 12.
    members = {"members": {"momentum": 1, "buy_and_hold": 1}}
    result = backtest(
        {"A": [9, 10, 10, 9]},
        strategies=[
            momentum(),
            {"type": "buy_and_hold"},
            {"type": "ensemble", "parameters": members},
        ],
        execution={"close_at_end": True},
    )
    # day 1: v ½: 1000 × ½ ÷ 9 = 55; day 2: v 1: equity 505 + 550 = 1055: 105, +50 at 10;
    # day 3: v ½: 52, −53 at 10; day 4: v 0: −52 at 9
    mine = [event for event in of(Fill, result) if event.portfolio == "ensemble.aggressive"]
    assert [(event.quantity, event.price) for event in mine] == [
        (55.0, 9.0),
        (50.0, 10.0),
        (-53.0, 10.0),
        (-52.0, 9.0),
    ]
    (trade,) = trades(result, "ensemble.aggressive")
    assert (trade.quantity, trade.bars_held) == (105.0, 3)
    assert trade.entry_price == (55 * 9 + 50 * 10) / 105
    assert trade.exit_price == (53 * 10 + 52 * 9) / 105
    assert trade.net_profit == (530 + 468) - (495 + 500)


def test_a_short_signal_without_shorts_closes(backtest: RunBacktest) -> None:
    result = backtest({"A": [10, 11, 9]}, strategies=[momentum()], risk_profiles=fixed(10))
    assert fills(result) == [(2, 10.0, 11.0), (3, -10.0, 9.0)]


# Stops


def test_a_stop_closes_a_long_position_at_its_limit_and_only_once(backtest: RunBacktest) -> None:
    # average 100: 91 is above 90, 90 is not; buy_and_hold has nothing new to say afterwards
    result = backtest({"A": [100, 91, 90, 80]}, risk_profiles=fixed(5, stop_loss=0.1))
    stop = of(OrderRequest, result)[-1]
    assert (day(stop), stop.quantity, stop.reason) == (3, -5.0, "stop_loss")
    assert stop.cause == of(Bar, result)[2].seq
    assert fills(result) == [(1, 5.0, 100.0), (3, -5.0, 90.0)]


def test_a_stop_closes_a_short_position(backtest: RunBacktest) -> None:
    # short at 8, limit 8 × 1.1; highest_2 is 10: the strategy keeps its side
    result = backtest(
        {"A": [10, 10, 8, 8.8]},
        strategies=[{"type": "breakout", "parameters": {"lookback": 2}}],
        risk_profiles=fixed(5, stop_loss=0.1),
        portfolio={"allow_short": True},
    )
    assert fills(result) == [(3, -5.0, 8.0), (4, 5.0, 8.8)]
    assert of(OrderRequest, result)[-1].reason == "stop_loss"


def test_a_signal_that_leaves_goes_before_the_stop(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": [10, 12, 6]}, strategies=[momentum()], risk_profiles=fixed(5, stop_loss=0.1)
    )
    assert [event.reason for event in of(OrderRequest, result)] == ["signal", "signal"]


def test_the_next_change_of_the_strategy_enters_again_after_a_stop(backtest: RunBacktest) -> None:
    # momentum(2, 3) is long from day 3; the stop at 10.8 is hit on day 4 while 2-day mean 11
    # still tops the 3-day mean 10.83; down on day 5, up again on day 7
    result = backtest(
        {"A": [9, 10.5, 12, 10, 8, 9, 14]},
        strategies=[momentum(2, 3)],
        risk_profiles=fixed(5, stop_loss=0.1),
    )
    assert signals(result) == [(3, 1), (5, -1), (7, 1)]
    assert fills(result) == [(3, 5.0, 12.0), (4, -5.0, 10.0), (7, 5.0, 14.0)]


def test_a_stop_takes_the_place_of_a_request_that_keeps_the_side(backtest: RunBacktest) -> None:
    # day 1: ¾ of 1000 at 10: 75; day 2: 1150 ÷ 12 = 95, average (750 + 240) ÷ 95 = 10.42;
    # day 3: strength ½, but 9 ≤ 9.38
    members = {"members": {"momentum": 1, "buy_and_hold": 3}}
    result = backtest(
        {"A": [10, 12, 9]},
        strategies=[
            momentum(),
            {"type": "buy_and_hold"},
            {"type": "ensemble", "parameters": members},
        ],
        risk_profiles=[{"type": "aggressive", "stop_loss": 0.1}],
    )
    mine = [
        (event.quantity, event.reason)
        for event in of(OrderRequest, result)
        if event.container == "portfolio/ensemble.aggressive"
    ]
    assert mine == [(75.0, "signal"), (20.0, "signal"), (-95.0, "stop_loss")]


def test_a_stop_is_not_requested_while_an_exit_is_pending(backtest: RunBacktest) -> None:
    # Long at 12 on day 4; the two-day bar that ends on day 6, without a daily one, says −1.
    # On day 7 the stop would be hit at 6, where the pending exit fills.
    result = backtest(
        {
            "A": {
                **{f"2020-01-0{number}": 10 for number in (1, 2, 3)},
                **{"2020-01-04": 12, "2020-01-05": 12, "2020-01-07": 6},
            },
            "A_2d": {"2020-01-01": 10, "2020-01-03": 12, "2020-01-05": 9},
        },
        symbols=[{"symbol": "A", "timeframes": ["1d", "2d"]}],
        strategies=[{**momentum(), "timeframe": "2d"}],
        risk_profiles=fixed(5, stop_loss=0.1),
    )
    assert [(day(event), event.reason) for event in of(OrderRequest, result)] == [
        (4, "signal"),
        (6, "signal"),
    ]
    assert fills(result) == [(4, 5.0, 12.0), (7, -5.0, 6.0)]


# Risk


def test_leverage_cuts_to_the_room_that_earlier_orders_leave(backtest: RunBacktest) -> None:
    # 800 of 1000 for A; B wants 40 × 20 and gets (1000 − 800) ÷ 20 = 10; nothing is left for C
    result = backtest(
        {"A": [10], "B": [20], "C": [30]},
        risk_profiles=[{"type": "custom", "max_position_size": 0.8}],
    )
    assert orders(result) == [
        (80.0, 80.0, ()),
        (40.0, 10.0, ("max_leverage",)),
        (26.0, 0.0, ("max_leverage",)),
    ]
    assert len(of(Rejection, result)) == 1


def test_leverage_cuts_the_new_side_of_a_flip(backtest: RunBacktest) -> None:
    # day 2: 1000 ÷ 11 = 90, room 500 ÷ 11 = 45. day 3: equity 1000 − 90 = 910;
    # −101 − 45 asked, room 455 ÷ 9 = 50: −50 − 45
    result = backtest(
        {"A": [10, 11, 9]},
        strategies=[momentum()],
        risk_profiles=[{"type": "aggressive", "max_leverage": 0.5}],
        portfolio={"allow_short": True},
    )
    assert orders(result) == [
        (90.0, 45.0, ("max_leverage",)),
        (-146.0, -95.0, ("max_leverage",)),
    ]


def test_leverage_turns_a_flip_without_room_for_a_lot_into_the_close(
    backtest: RunBacktest,
) -> None:
    # day 2: room 55 ÷ 10 is one lot of 5. day 3: equity 975, room 53.625 ÷ 15 is none
    result = backtest(
        {"A": [12, 10, 15]},
        strategies=[momentum()],
        risk_profiles=[{"type": "aggressive", "max_leverage": 0.055}],
        portfolio={"allow_short": True, "lot_size": 5},
    )
    assert orders(result) == [
        (-100.0, -5.0, ("max_leverage",)),
        (70.0, 5.0, ("max_leverage",)),
    ]


def test_leverage_without_lots_fills_the_room_exactly(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": [8]},
        risk_profiles=[{"type": "aggressive", "max_leverage": 0.5}],
        portfolio={"fractional": True},
    )
    assert orders(result) == [(125.0, 62.5, ("max_leverage",))]


def test_leverage_can_be_switched_off(backtest: RunBacktest) -> None:
    result = backtest({"A": [10]}, risk_profiles=fixed(500, max_leverage=None))
    assert orders(result) == [(500.0, 500.0, ())]
    assert result.portfolios["buy_and_hold.custom"].metrics["min_cash"] == -4000.0


def test_drawdown_cuts_a_flip_to_the_close_and_refuses_what_adds(backtest: RunBacktest) -> None:
    # 10 at 11, at 9: equity 980, drawdown 0.02
    result = backtest(
        {"A": [10, 11, 9, 12]},
        strategies=[momentum()],
        risk_profiles=fixed(10, max_drawdown=0.01),
        portfolio={"allow_short": True},
    )
    assert orders(result) == [
        (10.0, 10.0, ()),
        (-20.0, -10.0, ("max_drawdown",)),
        (10.0, 0.0, ("max_drawdown",)),
    ]


def test_the_peak_is_forgotten_after_the_cooldown(backtest: RunBacktest) -> None:
    # Out on day 3 with 980 of 1000; the updates of days 3 and 4 are the two to wait for
    result = backtest(
        {"A": [10, 11, 9, 10, 9, 10]},
        strategies=[momentum()],
        risk_profiles=fixed(10, max_drawdown=0.01, drawdown_cooldown_bars=2),
    )
    assert orders(result) == [
        (10.0, 10.0, ()),
        (-10.0, -10.0, ()),
        (10.0, 0.0, ("max_drawdown",)),
        (10.0, 10.0, ()),
    ]


def test_a_ruined_portfolio_is_closed_and_ends(backtest: RunBacktest) -> None:
    # Short 10 at 10: cash 200. At 25: equity −50; the buy-back of step 6 is cancelled and done
    # at once. Another portfolio of the same strategy lives on.
    result = backtest(
        {"A": [12, 10, (10, 9), (9, 25), 25]},
        strategies=[momentum()],
        risk_profiles=[
            {"type": "custom", "name": "rash", "fixed_quantity": 10, "max_leverage": None},
            {"type": "custom", "name": "calm", "fixed_quantity": 1},
        ],
        portfolio={"allow_short": True, "initial_capital": 100},
        **NEXT_OPEN,
    )
    ruined = result.portfolios["momentum.rash"]
    mine = [event for event in of(Cancellation, result) if event.portfolio == "momentum.rash"]
    assert [(event.quantity, event.reason) for event in mine] == [(10.0, "ruined")]
    closing = [event for event in of(Fill, result) if event.reason == "ruined"]
    assert [(event.quantity, event.price) for event in closing] == [(10.0, 25.0)]
    assert ruined.equity_curve is not None
    assert ruined.equity_curve.equity.tolist() == [100.0, 100.0, 110.0, -50.0]
    assert ruined.metrics["ruined_at"] == FIRST_END_NS + 3 * DAY_NS
    assert (ruined.metrics["bars"], ruined.metrics["annual_return"]) == (4, None)
    assert result.portfolios["momentum.calm"].metrics["bars"] == 5
    # Step 9 of that slice: execution first, then both updates.
    last = [event for event in result.events if day(event) == 4][-4:]
    assert [type(event) for event in last] == [Cancellation, Fill, PortfolioUpdate, PortfolioUpdate]
