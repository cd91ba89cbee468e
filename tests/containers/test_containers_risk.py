"""Step 7, `max_leverage`: what passes, what is cut and what is refused, by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest

from containers.container import Role, Step
from containers.events import Event, EventKind, Order, OrderRequest, Rejection
from containers.trading import Account, PortfolioReport, RiskContainer, RiskLimits

RunMarket: TypeAlias = Callable[..., tuple[list[Event], dict[str, PortfolioReport]]]
Answer: TypeAlias = tuple[int, str, str, float, float, tuple[str, ...]]


def answers(events: Sequence[Event]) -> list[Answer]:
    """Time, kind, symbol, quantity, requested and rules of every answer."""
    return [
        (e.time_ns, e.kind.value, e.symbol, e.quantity, e.requested, e.rules)
        for e in events
        if isinstance(e, Order | Rejection)
    ]


LEVERAGE = ("max_leverage",)


def test_what_fits_passes_untouched(run_market: RunMarket) -> None:
    # 100 x 10 = 1000 is not above 1 x 1000.
    events, _ = run_market({"AAA/1d": [10.0, 10.0]}, {0: [("AAA", 1, 1.0)]}, fixed_quantity=100.0)
    assert answers(events) == [(0, "ORDER", "AAA", 100.0, 100.0, ())]


@pytest.mark.parametrize(
    ("lot_size", "quantity"), [(1.0, 33.0), (10.0, 30.0), (0.5, 33.0), (0.1, 333 * 0.1)]
)
def test_an_order_is_cut_to_the_lots_that_fit(
    lot_size: float, quantity: float, run_market: RunMarket
) -> None:
    # 50 x 30 = 1500; room for 1000 / 30 = 33.33 shares.
    events, _ = run_market(
        {"AAA/1d": [30.0, 30.0]}, {0: [("AAA", 1, 1.0)]}, fixed_quantity=50.0, lot_size=lot_size
    )
    assert answers(events) == [(0, "ORDER", "AAA", quantity, 50.0, LEVERAGE)]


@pytest.mark.parametrize("direction", [1, -1])
def test_a_fractional_order_is_cut_to_what_fits(direction: int, run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [30.0, 30.0]},
        {0: [("AAA", direction, 1.0)]},
        fixed_quantity=50.0, fractional=True, allow_short=True, max_leverage=0.5,
    )  # fmt: skip
    # (0.5 x 1000 - 0) / 30
    assert answers(events) == [
        (0, "ORDER", "AAA", direction * (500.0 / 30.0), direction * 50.0, LEVERAGE),
    ]  # fmt: skip


def test_a_short_order_is_cut_alike(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [30.0, 30.0]}, {0: [("AAA", -1, 1.0)]}, fixed_quantity=50.0, allow_short=True
    )
    assert answers(events) == [(0, "ORDER", "AAA", -33.0, -50.0, LEVERAGE)]


def test_without_a_leverage_limit_nothing_is_cut(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [30.0, 30.0]}, {0: [("AAA", 1, 1.0)]}, fixed_quantity=500.0, max_leverage=None
    )
    assert answers(events) == [(0, "ORDER", "AAA", 500.0, 500.0, ())]


def test_an_order_for_which_there_is_no_lot_of_room_is_refused(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [30.0, 30.0]}, {0: [("AAA", 1, 1.0)]}, fixed_quantity=50.0, lot_size=50.0
    )
    assert answers(events) == [(0, "REJECTION", "AAA", 0.0, 50.0, LEVERAGE)]
    request = next(e for e in events if isinstance(e, OrderRequest))
    refused = next(e for e in events if isinstance(e, Rejection))
    assert (refused.cause, refused.container, refused.portfolio) == (request.seq, "risk/s.p", "s.p")


def test_an_addition_is_cut_to_the_room_beside_what_is_held(run_market: RunMarket) -> None:
    # Size 2: slice 0 asks 0.25 x 2 x 1000 / 10 = 50. Slice 1 asks 200 - 50 = 150; there is room
    # for 100 in all. Slice 2 asks 180 - 100 = 80; there is room for none.
    events, _ = run_market(
        {"AAA/1d": [10.0] * 4},
        {0: [("AAA", 1, 0.25)], 1: [("AAA", 1, 1.0)], 2: [("AAA", 1, 0.9)]},
        max_position_size=2.0,
    )
    assert answers(events) == [
        (0, "ORDER", "AAA", 50.0, 50.0, ()),
        (1, "ORDER", "AAA", 50.0, 150.0, LEVERAGE),
        (2, "REJECTION", "AAA", 0.0, 80.0, LEVERAGE),
    ]


def test_a_fractional_addition_is_cut_to_the_room_beside_what_is_held(
    run_market: RunMarket,
) -> None:
    # 0.25 x 2 x 1000 / 16 = 31.25 held, room 1000 / 16 = 62.5
    events, _ = run_market(
        {"AAA/1d": [16.0] * 3},
        {0: [("AAA", 1, 0.25)], 1: [("AAA", 1, 1.0)]},
        max_position_size=2.0,
        fractional=True,
    )
    assert answers(events) == [
        (0, "ORDER", "AAA", 31.25, 31.25, ()), (1, "ORDER", "AAA", 31.25, 93.75, LEVERAGE),
    ]  # fmt: skip


FLIP: dict[str, Any] = {"fixed_quantity": 50.0, "max_leverage": 0.5, "allow_short": True}


@pytest.mark.parametrize("first", [1, -1])
def test_a_flip_that_fits_passes(first: int, run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0] * 3}, {0: [("AAA", first, 1.0)], 1: [("AAA", -first, 1.0)]}, **FLIP
    )
    assert answers(events)[1] == (1, "ORDER", "AAA", -first * 100.0, -first * 100.0, ())


@pytest.mark.parametrize(
    ("options", "quantity"),
    [
        # 50 at 10, then at 30: equity 500 + 1500 = 2000, limit 1000, room 1000 / 30 = 33.33;
        # what it closes comes on top.
        ({}, -83.0),
        ({"fractional": True}, -1.0 * (1000.0 / 30.0) - 50.0),
        ({"lot_size": 25.0}, -75.0),
        ({"lot_size": 50.0}, -50.0),  # no lot fits: the flip becomes the close
    ],
)
def test_the_new_side_of_a_flip_is_cut_and_the_close_never(
    options: dict[str, Any], quantity: float, run_market: RunMarket
) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 30.0, 30.0]},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", -1, 1.0)]},
        **FLIP,
        **options,
    )
    assert answers(events)[1] == (2, "ORDER", "AAA", quantity, -100.0, LEVERAGE)


def test_a_flip_out_of_a_short_position_is_cut_alike(run_market: RunMarket) -> None:
    # -50 at 10: cash 1500. At 20: equity 1500 - 1000 = 500, limit 250, room 12.5.
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 20.0, 20.0]},
        {0: [("AAA", -1, 1.0)], 2: [("AAA", 1, 1.0)]},
        **FLIP,
    )
    assert answers(events)[1] == (2, "ORDER", "AAA", 62.0, 100.0, LEVERAGE)


def test_a_cut_never_reverses_an_order(run_market: RunMarket) -> None:
    # 50 at 10, at 30: 1500 held against a limit of 1000. Asked for: 1.0 x 2000 / 30 - 50 = 16.
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 30.0, 30.0]},
        {0: [("AAA", 1, 0.5)], 2: [("AAA", 1, 1.0)]},
        max_leverage=0.5,
    )
    assert answers(events)[1] == (2, "REJECTION", "AAA", 0.0, 16.0, LEVERAGE)


@pytest.mark.parametrize(("direction", "strength", "left"), [(0, 1.0, 0.0), (1, 0.6, 40.0)])
def test_what_reduces_is_not_tested(
    direction: int, strength: float, left: float, run_market: RunMarket
) -> None:
    # 0.6 x 2000 / 30 = 40 shares are still above the limit of 1000 / 30 = 33.
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 30.0, 30.0]},
        {0: [("AAA", 1, 0.5)], 2: [("AAA", direction, strength)]},
        max_leverage=0.5,
    )
    assert answers(events)[1] == (2, "ORDER", "AAA", left - 50.0, left - 50.0, ())


def test_room_taken_by_an_earlier_order_of_the_slice_is_taken(run_market: RunMarket) -> None:
    # Each asks for 0.8 x 1000 / 10 = 80; the first leaves (1000 - 800) / 10 = 20, the last none.
    events, _ = run_market(
        {"AAA/1d": [10.0] * 2, "BBB/1d": [10.0] * 2, "CCC/1d": [10.0] * 2},
        {0: [("CCC", 1, 1.0), ("AAA", 1, 1.0), ("BBB", 1, 1.0)]},
        max_position_size=0.8,
    )
    assert answers(events) == [
        (0, "ORDER", "AAA", 80.0, 80.0, ()),
        (0, "ORDER", "BBB", 20.0, 80.0, LEVERAGE),
        (0, "REJECTION", "CCC", 0.0, 80.0, LEVERAGE),
    ]


def test_orders_still_pending_take_room(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": {0: 10.0, 2: 10.0}, "BBB/1d": [10.0] * 3},
        {0: [("AAA", 1, 1.0)], 1: [("BBB", 1, 1.0)]},
        max_position_size=0.8,
    )
    assert answers(events)[1] == (1, "ORDER", "BBB", 20.0, 80.0, LEVERAGE)


def test_short_positions_of_others_take_room_like_long_ones(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [10.0] * 3, "BBB/1d": [10.0] * 3},
        {0: [("AAA", -1, 1.0)], 1: [("BBB", 1, 1.0)]},
        max_position_size=0.8,
        allow_short=True,
    )
    assert answers(events)[1] == (1, "ORDER", "BBB", 20.0, 80.0, LEVERAGE)


def test_others_count_at_their_last_closes(run_market: RunMarket) -> None:
    # 50 AAA at 10, now at 12: equity 500 + 600 = 1100. Asked for: 0.5 x 2 x 1100 / 10 = 110;
    # room (1100 - 600) / 10 = 50.
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0, 12.0, 12.0], "BBB/1d": [10.0] * 4},
        {0: [("AAA", 1, 0.25)], 2: [("BBB", 1, 0.5)]},
        max_position_size=2.0,
    )
    assert answers(events)[1] == (2, "ORDER", "BBB", 50.0, 110.0, LEVERAGE)


@pytest.mark.parametrize(
    ("excess", "quantity", "rules"), [(5e-10, None, ()), (2e-9, 100.0, LEVERAGE)]
)
def test_a_rounding_above_the_limit_is_let_pass(
    excess: float, quantity: float | None, rules: tuple[str, ...], run_market: RunMarket
) -> None:
    asked = 100.0 * (1 + excess)
    events, _ = run_market(
        {"AAA/1d": [10.0, 10.0]},
        {0: [("AAA", 1, 1.0)]},
        fixed_quantity=asked,
        fractional=True,
    )
    expected = asked if quantity is None else quantity
    assert answers(events) == [(0, "ORDER", "AAA", expected, asked, rules)]


@pytest.mark.parametrize(("missing", "kind"), [(5e-8, "REJECTION"), (5e-7, "ORDER")])
def test_an_addition_of_next_to_nothing_is_refused(
    missing: float, kind: str, run_market: RunMarket
) -> None:
    # 100 - missing shares at 10 of an equity of 1000: what is missing is worth 5e-7 or 5e-6; the
    # bound is 1e-9 x 1000.
    events, _ = run_market(
        {"AAA/1d": [10.0] * 3},
        {0: [("AAA", 1, (100.0 - missing) / 200.0)], 1: [("AAA", 1, 1.0)]},
        max_position_size=2.0,
        fractional=True,
    )
    answer = answers(events)[1]
    assert answer[1] == kind
    assert answer[3] == (0.0 if kind == "REJECTION" else pytest.approx(missing, rel=1e-3))
    assert answer[5] == LEVERAGE


def test_a_risk_container_says_what_it_allows() -> None:
    risk = RiskContainer(
        "risk/s.p",
        portfolio="s.p",
        account=Account(("AAA",), 1000.0),
        symbols=("AAA",),
        limits=RiskLimits(max_leverage=1.0, max_drawdown=None, drawdown_cooldown_bars=3),
        initial_capital=1000.0,
        fractional=False,
        lot_size=100.0,
    )
    limits = {"max_leverage": 1.0, "max_drawdown": None, "drawdown_cooldown_bars": 3}
    assert risk.settings() == {
        "portfolio": "s.p", "limits": limits, "fractional": False, "lot_size": 100.0,
    }  # fmt: skip
    assert risk.role is Role.RISK
    assert list(risk.acts()) == [Step.RISK]
    assert set(risk.handlers()) == {EventKind.ORDER_REQUEST, EventKind.PORTFOLIO_UPDATE}
