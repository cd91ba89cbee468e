"""A portfolio's cash, positions, pending orders and trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from containers.results import Trade

__all__ = ["Account", "FillRecord", "Moment", "PendingOrder"]


@dataclass(frozen=True)
class PendingOrder:
    """An order that has not filled; ``seq`` is the number of its ORDER, hence its age."""

    seq: int
    symbol: str
    quantity: float


@dataclass(frozen=True)
class FillRecord:
    """What metrics need to know of a fill."""

    traded: float
    commission: float
    cash: float


@dataclass(frozen=True)
class Moment:
    """When a fill happens: end of the slice, and how many base bars the symbol had before."""

    time_ns: int
    bar_index: int


@dataclass
class _Episode:
    """A position from flat to flat: quantities and money of its entries and exits."""

    side: int
    entry: Moment
    entered: float = 0.0
    money_in: float = 0.0
    exited: float = 0.0
    money_out: float = 0.0
    commission: float = 0.0

    def enter(self, quantity: float, price: float, commission: float) -> None:
        self.entered += quantity
        self.money_in += quantity * price
        self.commission += commission

    def leave(self, quantity: float, price: float, commission: float) -> None:
        self.exited += quantity
        self.money_out += quantity * price
        self.commission += commission


class Account:
    """The books of one portfolio. Symbols that were never filled are not in them."""

    def __init__(self, portfolio: str, symbols: Sequence[str], cash: float) -> None:
        self.cash = cash
        self.pending: list[PendingOrder] = []
        self.trades: list[Trade] = []
        self.fills: list[FillRecord] = []
        self.positions = dict.fromkeys(symbols, 0.0)
        self.averages = dict.fromkeys(symbols, 0.0)
        self._portfolio = portfolio
        self._episodes: dict[str, _Episode] = {}

    @property
    def is_flat(self) -> bool:
        """Whether there is no position in any symbol."""
        return all(position == 0.0 for position in self.positions.values())

    def net(self, symbol: str) -> float:
        """Give the position with the pending orders added one at a time, oldest first."""
        net = self.positions[symbol]
        for order in self.pending:
            if order.symbol == symbol:
                net += order.quantity
        return net

    def has_pending(self, symbol: str) -> bool:
        """Tell whether an order of the symbol has not filled."""
        return any(order.symbol == symbol for order in self.pending)

    def positions_value(self, closes: Mapping[str, float]) -> float:
        """Give 0.0 + p₁ × c₁ + p₂ × c₂ …, flat symbols left out."""
        value = 0.0
        for symbol, position in self.positions.items():
            if position != 0.0:
                value += position * closes[symbol]
        return value

    def equity(self, closes: Mapping[str, float]) -> float:
        """Give cash + positions value."""
        return self.cash + self.positions_value(closes)

    def apply_fill(
        self, symbol: str, quantity: float, price: float, commission: float, moment: Moment
    ) -> None:
        """Book a fill: cash, position, running average, and the trade it opens or closes."""
        self.cash = (self.cash - quantity * price) - commission
        self.fills.append(FillRecord(abs(quantity) * price, commission, self.cash))
        held = self.positions[symbol]
        self.positions[symbol] = held + quantity
        if held == 0.0:
            self._open(symbol, quantity, price, commission, moment)
        elif (held > 0.0) == (quantity > 0.0):
            self.averages[symbol] = (self.averages[symbol] * abs(held) + price * abs(quantity)) / (
                abs(held) + abs(quantity)
            )
            self._episodes[symbol].enter(abs(quantity), price, commission)
        elif abs(quantity) < abs(held):
            self._episodes[symbol].leave(abs(quantity), price, commission)
        elif abs(quantity) == abs(held):
            self._close(symbol, abs(held), price, commission, moment)
        else:
            closing_commission = commission * (abs(held) / abs(quantity))
            self._close(symbol, abs(held), price, closing_commission, moment)
            opening_commission = commission - closing_commission
            self._open(symbol, self.positions[symbol], price, opening_commission, moment)

    def _open(
        self, symbol: str, quantity: float, price: float, commission: float, moment: Moment
    ) -> None:
        self.averages[symbol] = price
        episode = _Episode(side=1 if quantity > 0.0 else -1, entry=moment)
        episode.enter(abs(quantity), price, commission)
        self._episodes[symbol] = episode

    def _close(
        self, symbol: str, quantity: float, price: float, commission: float, moment: Moment
    ) -> None:
        episode = self._episodes.pop(symbol)
        episode.leave(quantity, price, commission)
        gross_profit = episode.side * (episode.money_out - episode.money_in)
        self.trades.append(
            Trade(
                portfolio=self._portfolio,
                symbol=symbol,
                side=episode.side,
                quantity=episode.entered,
                entry_time=episode.entry.time_ns,
                exit_time=moment.time_ns,
                entry_price=episode.money_in / episode.entered,
                exit_price=episode.money_out / episode.exited,
                bars_held=moment.bar_index - episode.entry.bar_index,
                commission=episode.commission,
                net_profit=gross_profit - episode.commission,
            )
        )
