"""Trades: from flat to flat, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.results import Trade
from containers.trading.episodes import EpisodeTracker


class Book:
    """A tracker with the position it is told of; a slice's time is ten times its bar."""

    def __init__(self) -> None:
        self.tracker = EpisodeTracker("fast.moderate")
        self.held: dict[str, float] = {}

    def fill(
        self, quantity: float, price: float, commission: float, bar: int, symbol: str = "AAA"
    ) -> Trade | None:
        held = self.held.get(symbol, 0.0)
        self.held[symbol] = held + quantity
        return self.tracker.fill(
            symbol, held, quantity, price, commission, time_ns=bar * 10, bar=bar
        )


def test_a_round_trip_is_a_trade() -> None:
    book = Book()
    assert book.fill(10.0, 100.0, 2.0, bar=3) is None
    # 10 x (110 - 100) - (2 + 3) = 95
    assert book.fill(-10.0, 110.0, 3.0, bar=8) == Trade(
        portfolio="fast.moderate", symbol="AAA", side=1, quantity=10.0,
        entry_time=30, exit_time=80, entry_price=100.0, exit_price=110.0,
        bars_held=5, commission=5.0, net_profit=95.0,
    )  # fmt: skip


def test_a_short_round_trip_earns_what_the_price_falls() -> None:
    book = Book()
    book.fill(-10.0, 100.0, 2.0, bar=3)
    trade = book.fill(10.0, 90.0, 3.0, bar=4)
    assert trade is not None
    assert (trade.side, trade.quantity, trade.bars_held) == (-1, 10.0, 1)
    # -1 x (900 - 1000) - 5 = 95
    assert (trade.entry_price, trade.exit_price, trade.net_profit) == (100.0, 90.0, 95.0)


def test_additions_and_reductions_belong_to_one_trade() -> None:
    book = Book()
    assert book.fill(10.0, 100.0, 1.0, bar=1) is None
    assert book.fill(30.0, 200.0, 1.0, bar=2) is None
    assert book.fill(-20.0, 250.0, 1.0, bar=3) is None
    assert book.fill(10.0, 100.0, 1.0, bar=4) is None
    trade = book.fill(-30.0, 100.0, 1.0, bar=5)
    # in: 10 x 100 + 30 x 200 + 10 x 100 = 8000 for 50; out: 20 x 250 + 30 x 100 = 8000 for 50
    assert trade == Trade(
        portfolio="fast.moderate", symbol="AAA", side=1, quantity=50.0,
        entry_time=10, exit_time=50, entry_price=160.0, exit_price=160.0,
        bars_held=4, commission=5.0, net_profit=-5.0,
    )  # fmt: skip


def test_a_flip_closes_one_trade_and_opens_the_next_with_its_share_of_the_commission() -> None:
    book = Book()
    book.fill(10.0, 100.0, 1.0, bar=1)
    # 40 shares for a commission of 8: 10 close, 8 x (10 / 40) = 2; 30 open, 8 - 2 = 6
    closed = book.fill(-40.0, 110.0, 8.0, bar=2)
    assert closed == Trade(
        portfolio="fast.moderate", symbol="AAA", side=1, quantity=10.0,
        entry_time=10, exit_time=20, entry_price=100.0, exit_price=110.0,
        bars_held=1, commission=3.0, net_profit=97.0,
    )  # fmt: skip
    # -1 x (30 x 105 - 30 x 110) - (6 + 1) = 143
    assert book.fill(30.0, 105.0, 1.0, bar=5) == Trade(
        portfolio="fast.moderate", symbol="AAA", side=-1, quantity=30.0,
        entry_time=20, exit_time=50, entry_price=110.0, exit_price=105.0,
        bars_held=3, commission=7.0, net_profit=143.0,
    )  # fmt: skip


def test_a_flip_shares_its_commission_by_the_formula_of_the_contract() -> None:
    book = Book()
    book.fill(-1.0, 10.0, 0.0, bar=1)
    closed = book.fill(4.0, 10.0, 0.1, bar=2)
    opened = book.fill(-3.0, 10.0, 0.0, bar=3)
    assert closed is not None
    assert opened is not None
    assert closed.commission == 0.1 * (1.0 / 4.0)
    assert opened.commission == 0.1 - 0.1 * (1.0 / 4.0)


def test_a_position_that_is_reopened_is_a_new_trade() -> None:
    book = Book()
    book.fill(10.0, 100.0, 1.0, bar=1)
    book.fill(-10.0, 100.0, 1.0, bar=2)
    book.fill(5.0, 50.0, 1.0, bar=4)
    trade = book.fill(-5.0, 60.0, 1.0, bar=4)
    assert trade is not None
    assert (trade.entry_time, trade.exit_time, trade.bars_held) == (40, 40, 0)
    assert (trade.quantity, trade.entry_price, trade.net_profit) == (5.0, 50.0, 48.0)


def test_the_smallest_quantities_have_sides_too() -> None:
    book = Book()
    # The product of two such quantities is 0.0.
    assert book.fill(4e-200, 100.0, 0.0, bar=1) is None
    assert book.fill(-1e-200, 100.0, 0.0, bar=2) is None
    closed = book.fill(-5e-200, 100.0, 0.0, bar=3)
    assert closed is not None
    assert (closed.side, closed.quantity, closed.bars_held) == (1, 4e-200, 2)
    assert book.held["AAA"] < 0.0
    opened = book.fill(-book.held["AAA"], 100.0, 0.0, bar=4)
    assert opened is not None
    assert (opened.side, opened.bars_held) == (-1, 1)


def test_symbols_have_trades_of_their_own() -> None:
    book = Book()
    book.fill(10.0, 100.0, 1.0, bar=1)
    book.fill(-5.0, 20.0, 1.0, bar=2, symbol="BBB")
    trade = book.fill(5.0, 10.0, 1.0, bar=3, symbol="BBB")
    assert trade is not None
    assert (trade.symbol, trade.side, trade.net_profit) == ("BBB", -1, 48.0)
    trade = book.fill(-10.0, 100.0, 1.0, bar=4)
    assert trade is not None
    assert (trade.symbol, trade.side, trade.net_profit) == ("AAA", 1, -2.0)


steps = st.tuples(
    st.integers(-20, 20).filter(bool).map(float),
    st.floats(1.0, 200.0),
    st.floats(0.0, 5.0),
)


@given(st.lists(steps, min_size=1, max_size=25))
def test_trades_add_up_to_the_cash_of_the_account(fills: list[tuple[float, float, float]]) -> None:
    book, trades, cash, commissions = Book(), [], 0.0, 0.0
    held = sum(q for q, _, _ in fills)
    ended = [*fills, (-held, 50.0, 1.0)] if held else fills
    for bar, (quantity, price, commission) in enumerate(ended):
        trade = book.fill(quantity, price, commission, bar)
        cash -= quantity * price + commission
        commissions += commission
        if trade is not None:
            trades.append(trade)
    assert sum(t.net_profit for t in trades) == pytest.approx(cash, abs=1e-6)
    assert sum(t.commission for t in trades) == pytest.approx(commissions, abs=1e-9)
    assert [t.exit_time for t in trades] == sorted({t.exit_time for t in trades})
    assert trades[0].entry_time == 0
