"""The account of a portfolio: cash, positions, pending orders, and what they are worth.

A portfolio's container owns its account and is the only one to change it. Risk and execution see
it as an `AccountView`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from containers.trading.sizing import opposed

__all__ = ["Account", "AccountView"]


class AccountView(Protocol):
    """What others may know of an account. Money in currency, quantities in signed shares."""

    @property
    def closes(self) -> Mapping[str, float]:
        """Last base close of each symbol that has had one."""
        ...

    @property
    def positions(self) -> Mapping[str, float]:
        """Position in each symbol, 0.0 when flat."""
        ...

    @property
    def held(self) -> Sequence[str]:
        """The symbols with a position."""
        ...

    def net(self, symbol: str) -> float:
        """Position with all pending orders filled."""
        ...

    def equity(self) -> float:
        """Cash + positions value at the last closes."""
        ...

    def can_be_ruined(self) -> bool:
        """Say whether, with these positions, there are prices at which equity is not above zero."""
        ...


class Account:
    """Cash, positions and pending orders over ``symbols``, in configuration order.

    Attributes:
        symbols: All symbols.
        cash: Currency; below zero when more was bought than there was money for.
        closes: Last base close of each symbol that has had one; its owner writes to it.
        positions: Signed shares of each symbol, 0.0 when flat.
        averages: Running average fill price of each position, without commission.
        held: The symbols with a position.
    """

    def __init__(self, symbols: Sequence[str], initial_capital: float) -> None:
        self.symbols = tuple(symbols)
        self.cash = initial_capital
        self.closes: dict[str, float] = {}
        self.positions = dict.fromkeys(symbols, 0.0)
        self.averages = dict.fromkeys(symbols, 0.0)
        self._pending: dict[str, dict[int, float]] = {symbol: {} for symbol in symbols}
        self.held: tuple[str, ...] = ()

    def net(self, symbol: str) -> float:
        """Position, then each pending order added, oldest first.

        Filled in that order, they leave exactly this, to the last bit.
        """
        net = self.positions[symbol]
        for quantity in self._pending[symbol].values():
            net += quantity
        return net

    def positions_value(self) -> float:
        """Value of all positions at the last closes, added in configuration order."""
        value = 0.0
        positions, closes = self.positions, self.closes
        for symbol in self.held:
            value += positions[symbol] * closes[symbol]
        return value

    def equity(self) -> float:
        """Cash + positions value."""
        return self.cash + self.positions_value()

    def can_be_ruined(self) -> bool:
        """Say whether, with these positions, there are prices at which equity is not above zero."""
        return self.cash <= 0 or min(self.positions.values(), default=0.0) < 0

    def add_pending(self, symbol: str, order: int, quantity: float) -> None:
        """Take note of an order, by its event number."""
        self._pending[symbol][order] = quantity

    def drop_pending(self, symbol: str, order: int) -> None:
        """Forget an order that was filled or cancelled."""
        del self._pending[symbol][order]

    def fill(self, symbol: str, quantity: float, price: float, commission: float) -> None:
        """Book a fill: cash, position and running average price (commission left out of it)."""
        held = self.positions[symbol]
        after = held + quantity
        if held == 0.0 or opposed(held, after):
            self.averages[symbol] = price
        elif not opposed(held, quantity):
            size = abs(quantity)
            total = self.averages[symbol] * abs(held) + price * size
            self.averages[symbol] = total / (abs(held) + size)
        self.cash = (self.cash - quantity * price) - commission
        self.positions[symbol] = after
        if (held == 0.0) != (after == 0.0):
            self.held = tuple([s for s in self.symbols if self.positions[s] != 0.0])
