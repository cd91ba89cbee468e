"""The account: net, averages and worth, by hand and against a recomputation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from containers.trading import Account

SYMBOLS = ("BBB", "AAA", "CCC")
prices = st.floats(min_value=0.01, max_value=1e4, allow_nan=False)
quantities = st.one_of(
    st.integers(-50, 50).filter(bool).map(float),
    st.floats(-50.0, 50.0).filter(lambda q: abs(q) > 1e-3),
)


def test_a_new_account_holds_its_capital_and_nothing_else() -> None:
    account = Account(SYMBOLS, 1000.0)
    assert account.cash == account.equity() == 1000.0
    assert account.positions_value() == 0.0
    assert dict(account.positions) == {"BBB": 0.0, "AAA": 0.0, "CCC": 0.0}
    assert list(account.held) == []
    assert account.net("AAA") == 0.0


def test_a_fill_takes_money_and_then_the_commission() -> None:
    account = Account(SYMBOLS, 1000.0)
    account.closes["AAA"] = 30.0
    account.fill("AAA", 10.0, 29.0, 2.0)
    # 1000 - 290 - 2 = 708; worth 10 x 30 = 300
    assert (account.cash, account.positions_value(), account.equity()) == (708.0, 300.0, 1008.0)
    assert list(account.held) == ["AAA"]
    account.fill("AAA", -10.0, 31.0, 2.0)
    # 708 + 310 - 2 = 1016
    assert (account.cash, account.positions_value(), account.equity()) == (1016.0, 0.0, 1016.0)
    assert list(account.held) == []


def test_cash_has_the_brackets_of_the_contract() -> None:
    account = Account(SYMBOLS, 0.1)
    account.fill("AAA", 0.1, 0.2, 0.2)
    assert account.cash == (0.1 - 0.1 * 0.2) - 0.2 != 0.1 - (0.1 * 0.2 + 0.2)


def test_the_average_changes_when_adding_and_stays_when_reducing() -> None:
    account = Account(SYMBOLS, 1e6)
    account.fill("AAA", 10.0, 100.0, 7.0)
    assert account.averages["AAA"] == 100.0
    account.fill("AAA", 30.0, 200.0, 7.0)
    assert account.averages["AAA"] == 175.0  # (10 x 100 + 30 x 200) / 40, without commission
    account.fill("AAA", -20.0, 500.0, 7.0)
    assert account.averages["AAA"] == 175.0
    account.fill("AAA", 20.0, 75.0, 7.0)
    assert account.averages["AAA"] == 125.0  # (20 x 175 + 20 x 75) / 40


def test_a_flip_and_a_reopening_begin_a_new_average() -> None:
    account = Account(SYMBOLS, 1e6)
    account.fill("AAA", -10.0, 100.0, 0.0)
    account.fill("AAA", -10.0, 50.0, 0.0)
    assert account.averages["AAA"] == 75.0
    account.fill("AAA", 25.0, 60.0, 0.0)
    assert account.averages["AAA"] == 60.0
    account.fill("AAA", -5.0, 61.0, 0.0)
    account.fill("AAA", 1.0, 90.0, 0.0)
    assert account.averages["AAA"] == 90.0


def test_the_smallest_quantities_have_sides_too() -> None:
    account = Account(SYMBOLS, 1000.0)
    # The product of two such quantities is 0.0.
    account.fill("AAA", 2.0**-700, 100.0, 0.0)
    account.fill("AAA", 3 * 2.0**-700, 200.0, 0.0)
    assert account.averages["AAA"] == 175.0
    account.fill("AAA", -(2.0**-699), 50.0, 0.0)
    assert account.averages["AAA"] == 175.0
    account.fill("AAA", -(2.0**-698), 60.0, 0.0)
    assert account.averages["AAA"] == 60.0


def test_net_adds_pending_orders_oldest_first() -> None:
    account = Account(SYMBOLS, 1000.0)
    account.fill("AAA", 0.1, 1.0, 0.0)
    account.add_pending("AAA", 7, 0.2)
    account.add_pending("AAA", 9, 0.3)
    account.add_pending("BBB", 10, 100.0)
    assert account.net("AAA") == (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)
    account.add_pending("AAA", 11, 0.0 - account.net("AAA"))
    assert account.net("AAA") == 0.0
    account.drop_pending("AAA", 7)
    account.drop_pending("AAA", 11)
    assert account.net("AAA") == 0.1 + 0.3


def test_a_close_of_a_symbol_without_position_is_remembered() -> None:
    account = Account(SYMBOLS, 1000.0)
    account.closes["AAA"] = 30.0
    account.closes["AAA"] = 40.0
    account.fill("AAA", 1.0, 30.0, 0.0)
    assert account.closes["AAA"] == 40.0
    assert account.equity() == 1010.0


def test_positions_are_valued_in_configuration_order() -> None:
    account = Account(("BBB", "AAA", "CCC"), 0.0)
    for symbol, close in (("AAA", 0.3), ("CCC", 0.6), ("BBB", 0.1)):
        account.closes[symbol] = close
    for symbol in ("CCC", "AAA", "BBB"):
        account.fill(symbol, 1.0, 1.0, 0.0)
    assert account.positions_value() == ((0.0 + 0.1) + 0.3) + 0.6 != ((0.0 + 0.3) + 0.6) + 0.1


operations = st.lists(
    st.one_of(
        st.tuples(st.just("mark"), st.sampled_from(SYMBOLS), prices),
        st.tuples(st.just("fill"), st.sampled_from(SYMBOLS), quantities, prices),
        st.tuples(st.just("close"), st.sampled_from(SYMBOLS), prices),
        st.tuples(st.just("look"), st.just("")),
    ),
    max_size=30,
)


@given(operations)
def test_what_it_is_worth_is_never_out_of_date(steps: list[tuple[str, str, float]]) -> None:
    account = Account(SYMBOLS, 1000.0)
    cash, positions, closes = 1000.0, dict.fromkeys(SYMBOLS, 0.0), dict.fromkeys(SYMBOLS, 5.0)
    for symbol in SYMBOLS:
        account.closes[symbol] = 5.0
    for kind, symbol, *numbers in steps:
        if kind == "mark":
            closes[symbol] = numbers[0]
            account.closes[symbol] = numbers[0]
        elif kind in ("fill", "close"):
            quantity = numbers[0] if kind == "fill" else -positions[symbol]
            if quantity == 0.0:
                continue
            price = numbers[-1]
            cash = (cash - quantity * price) - 0.5
            positions[symbol] += quantity
            account.fill(symbol, quantity, price, 0.5)
        else:  # looking in between fills the cache
            account.equity()
    value = 0.0
    for symbol in SYMBOLS:
        if positions[symbol] != 0.0:
            value += positions[symbol] * closes[symbol]
    assert account.cash == cash
    assert dict(account.positions) == positions
    assert account.positions_value() == value
    assert account.equity() == cash + value
    assert list(account.held) == [s for s in SYMBOLS if positions[s] != 0.0]


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=20))
def test_averages_follow_the_formula(fills: list[tuple[float, float]]) -> None:
    account = Account(("AAA",), 1000.0)
    p, average = 0.0, 0.0
    for q, price in fills:
        if p == 0.0 or (p > 0) is (q > 0):
            adding = (average * abs(p) + price * abs(q)) / (abs(p) + abs(q))
            average = price if p == 0.0 else adding
        elif p + q != 0.0 and (p + q > 0) is not (p > 0):
            average = price
        p += q
        account.fill("AAA", q, price, 1.0)
        if p != 0.0:
            assert account.averages["AAA"] == average


@given(st.lists(quantities, max_size=12))
def test_orders_filled_by_age_leave_exactly_the_net(orders: list[float]) -> None:
    account = Account(("AAA",), 1000.0)
    for number, quantity in enumerate(orders):
        account.add_pending("AAA", number, quantity)
    net = account.net("AAA")
    for number, quantity in enumerate(orders):
        account.drop_pending("AAA", number)
        account.fill("AAA", quantity, 10.0, 0.0)
    assert account.positions["AAA"] == account.net("AAA") == net
