"""What a fill costs, and how many shares a view of a symbol means."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.trading import Costs, Sizing
from containers.trading.sizing import in_whole_lots, is_nothing

# --- costs ------------------------------------------------------------------------------------


def test_slippage_raises_the_price_of_a_buy_and_lowers_that_of_a_sale() -> None:
    costs = Costs(slippage_bps=50.0)
    # 200 x (1 + 50 / 10000) = 201, 200 x (1 - 50 / 10000) = 199
    assert costs.fill_price(200.0, 3.0) == 200.0 * (1 + (1.0 * 50.0) / 10000)
    assert costs.fill_price(200.0, 3.0) == pytest.approx(201.0, rel=1e-15)
    assert costs.fill_price(200.0, -3.0) == pytest.approx(199.0, rel=1e-15)


def test_without_costs_a_fill_has_the_base_price_and_no_commission() -> None:
    assert Costs().fill_price(123.45, -7.0) == 123.45
    assert Costs().commission(-7.0, 123.45) == 0.0


@pytest.mark.parametrize(
    ("costs", "commission"),
    [
        # 200 shares at 50 are worth 10000.
        (Costs(commission_fixed=3.0), 3.0),
        (Costs(commission_per_share=0.25), 50.0),
        (Costs(commission_bps=16.0), 16.0),
        (Costs(commission_fixed=3.0, commission_per_share=0.25, commission_bps=16.0), 69.0),
        (Costs(commission_minimum=12.5), 12.5),
        (Costs(commission_fixed=3.0, commission_minimum=12.5), 12.5),
        (Costs(commission_fixed=13.0, commission_minimum=12.5), 13.0),
    ],
)
def test_a_commission_is_the_sum_of_its_terms_but_at_least_the_minimum(
    costs: Costs, commission: float
) -> None:
    assert costs.commission(200.0, 50.0) == pytest.approx(commission, rel=1e-15)
    assert costs.commission(-200.0, 50.0) == pytest.approx(commission, rel=1e-15)


@given(
    fixed=st.floats(0.0, 10.0),
    per_share=st.floats(0.0, 1.0),
    bps=st.floats(0.0, 100.0),
    least=st.floats(0.0, 10.0),
    quantity=st.floats(-1e4, 1e4).filter(lambda q: q != 0.0),
    price=st.floats(0.01, 1e4),
)
def test_costs_have_the_brackets_of_the_contract(
    fixed: float, per_share: float, bps: float, least: float, quantity: float, price: float
) -> None:
    costs = Costs(bps, bps, per_share, fixed, least)
    q = abs(quantity)
    terms = (fixed + per_share * q) + ((bps / 10000) * q) * price
    assert costs.commission(quantity, price) == max(terms, least)
    side = 1 if quantity > 0 else -1
    assert costs.fill_price(price, quantity) == price * (1 + (side * bps) / 10000)


# --- whole lots -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "lot_size", "lots"),
    [
        (0.0, 1.0, 0),
        (0.999, 1.0, 0),
        (1.0, 1.0, 1),
        (-0.999, 1.0, 0),
        (-1.5, 1.0, -1),
        (299.0, 100.0, 2),
        (-299.0, 100.0, -2),
        (0.3, 0.1, 3),  # 0.3 / 0.1 is 2.9999999999999996
        (-0.3, 0.1, -3),
        (2.9999999995, 1.0, 3),  # misses by half of 1e-9
        (-2.9999999995, 1.0, -3),
        (2.999999998, 1.0, 2),  # by two of them
        (-2.999999998, 1.0, -2),
    ],
)
def test_lots_are_counted_towards_zero_but_for_a_rounding(
    quantity: float, lot_size: float, lots: int
) -> None:
    assert in_whole_lots(quantity, lot_size) == lots


@given(st.integers(-(10**6), 10**6), st.sampled_from([1.0, 100.0, 0.1, 0.01, 7.0]))
def test_whole_lots_are_counted_as_what_they_are(lots: int, lot_size: float) -> None:
    assert in_whole_lots(lots * lot_size, lot_size) == lots


@pytest.mark.parametrize(
    ("quantity", "net", "nothing"),
    [
        (0.0, 0.0, True),
        (0.9e-9, 0.0, True),
        (-0.9e-9, 0.5, True),  # below one share the bound stays 1e-9
        (1e-9, 0.0, False),
        (0.9e-6, 1000.0, True),
        (-0.9e-6, -1000.0, True),
        (1.1e-6, -1000.0, False),
    ],
)
def test_a_change_too_small_for_the_net_is_nothing(
    quantity: float, net: float, nothing: bool
) -> None:
    assert is_nothing(quantity, net) is nothing


# --- targets ----------------------------------------------------------------------------------


def sizing(
    size: float | None = 0.5,
    fixed: float | None = None,
    *,
    fractional: bool = False,
    lot_size: float = 1.0,
    allow_short: bool = True,
) -> Sizing:
    return Sizing(size, fixed, fractional, lot_size, allow_short)


def test_a_target_is_a_share_of_the_equity_in_whole_lots() -> None:
    # 0.5 x 1000 / 30 = 16.67; half the strength 8.33
    assert sizing().target(1, 1.0, 1000.0, 30.0) == 16.0
    assert sizing().target(-1, 1.0, 1000.0, 30.0) == -16.0
    assert sizing().target(1, 0.5, 1000.0, 30.0) == 8.0
    assert sizing(lot_size=5.0).target(1, 1.0, 1000.0, 30.0) == 15.0
    assert sizing(lot_size=5.0).target(-1, 1.0, 1000.0, 30.0) == -15.0


def test_a_fractional_target_has_the_brackets_of_the_contract() -> None:
    target = sizing(0.1, fractional=True).target(-1, 0.7, 1003.7, 31.9)
    assert target == ((-1 * 0.7) * 0.1) * 1003.7 / 31.9


@pytest.mark.parametrize("fixed", [None, 20.0])
@pytest.mark.parametrize(
    ("direction", "equity", "allow_short"),
    [(0, 1000.0, True), (-1, 1000.0, False), (1, 0.0, True), (-1, -1.0, True)],
)
def test_the_target_is_flat_when_nothing_may_be_held(
    direction: int, equity: float, allow_short: bool, fixed: float | None
) -> None:
    target = sizing(fixed=fixed, allow_short=allow_short).target(direction, 1.0, equity, 30.0)
    assert target == 0.0
    assert math.copysign(1.0, target) == 1.0


@pytest.mark.parametrize("fractional", [True, False])
def test_a_target_of_no_shares_is_a_positive_zero(fractional: bool) -> None:
    small = sizing(0.0 if fractional else 0.001, fractional=fractional)
    target = small.target(-1, 1.0, 1000.0, 30.0)
    assert target == 0.0
    assert math.copysign(1.0, target) == 1.0


def test_a_fixed_quantity_decides_whatever_the_strength_and_the_equity() -> None:
    fixed = sizing(0.5, 20.0)
    assert fixed.target(1, 1.0, 1.0, 30.0) == 20.0
    assert fixed.target(-1, 0.25, 1e6, 30.0) == -20.0
    assert sizing(None, 20.0).target(1, 1.0, 1000.0, 30.0) == 20.0
