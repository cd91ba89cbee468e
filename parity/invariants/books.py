"""What the fills of a batch come to: positions, cash, and a portfolio's samples.

The recursion of `docs/semantics.md` 4.4, carried out side by side: positions are added up fill by
fill, cash is carried from one PORTFOLIO_UPDATE to the next through the fills between them.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from containers.events import EventKind
from parity.invariants.batch import Batch, Events, Floats, Ints, Mask

__all__ = ["Books", "books_of", "total"]


def total(values: Floats) -> float:
    """Add in order from 0.0, one term at a time."""
    return float(np.add.accumulate(values)[-1]) + 0.0 if len(values) else 0.0


class Books:
    """Fills and updates of all portfolios of a batch, sorted by portfolio.

    Attributes:
        fills: Rows of the batch's FILLs, by portfolio, then number.
        fill_portfolio: Portfolio of each.
        updates: Rows of the batch's PORTFOLIO_UPDATEs, by portfolio, then number.
        portfolio: Portfolio of each update.
        number: Number in the batch of each update.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        fills, updates = batch[EventKind.FILL], batch[EventKind.PORTFOLIO_UPDATE]
        self._span: Final = np.int64(batch.total + 1)
        of_fills = batch.portfolio_of(fills, "portfolio")
        self.fills: Final[Ints] = np.argsort(of_fills, kind="stable")
        self.fill_portfolio: Final[Ints] = of_fills[self.fills]
        self.fill_number: Final[Ints] = fills.number[self.fills]
        self.quantity: Final[Floats] = fills.floats("quantity")[self.fills]
        self.price: Final[Floats] = fills.floats("price")[self.fills]
        self.commission: Final[Floats] = fills.floats("commission")[self.fills]
        self.fill_symbol: Final[Ints] = fills.coded("symbol", batch.symbols)[self.fills]
        of_updates = batch.portfolio_of(updates, "container", "portfolio/")
        self.updates: Final[Ints] = np.argsort(of_updates, kind="stable")
        self.portfolio: Final[Ints] = of_updates[self.updates]
        self.number: Final[Ints] = updates.number[self.updates]
        self._key = self.portfolio * self._span + self.number
        count = len(batch.symbols)
        pairs = self.fill_portfolio * count + self.fill_symbol
        self._by_pair = np.argsort(pairs, kind="stable")
        self._pairs = pairs[self._by_pair]
        self._pair_key = self._pairs * self._span + self.fill_number[self._by_pair]

    @cached_property
    def until(self) -> Ints:
        """The update in which each fill shows: index in `updates`, -1 where there is none."""
        key = self.fill_portfolio * self._span + self.fill_number
        place = np.searchsorted(self._key, key)
        if not len(self._key):
            return np.full(len(key), -1, np.int64)
        inside = np.minimum(place, len(self._key) - 1)
        fits = (place < len(self._key)) & (self.portfolio[inside] == self.fill_portfolio)
        found: Ints = np.where(fits, place, -1)
        return found

    @cached_property
    def is_first(self) -> Mask:
        """Mark the first update of every portfolio."""
        first = np.ones(len(self.portfolio), np.bool_)
        first[1:] = self.portfolio[1:] != self.portfolio[:-1]
        return first

    @cached_property
    def cash(self) -> tuple[Floats, Floats]:
        """What cash comes to: after each fill, and at each update.

        Each update starts from the cash that the update before it shows, so that one wrong number
        is one.
        """
        updates = self._batch[EventKind.PORTFOLIO_UPDATE]
        shown = updates.floats("cash")[self.updates]
        capital = float(self._batch.config["portfolio"]["initial_capital"])
        at_update = np.empty(len(shown))
        at_update[1:] = shown[:-1]
        at_update[self.is_first] = capital
        after = np.full(len(self.fills), capital)
        until = self.until
        # The k-th fills of all updates are taken side by side, then the next ones.
        first = np.ones(len(until), np.bool_)
        first[1:] = until[1:] != until[:-1]
        starts = np.flatnonzero(first)
        rank = np.arange(len(until)) - np.repeat(starts, np.diff([*starts, len(until)]))
        by_rank = np.argsort(rank, kind="stable")
        bounds = np.searchsorted(rank[by_rank], np.arange(int(rank.max(initial=-1)) + 2))
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            these = by_rank[start:stop]
            these = these[until[these] >= 0]
            into = until[these]
            cash = at_update[into] - self.quantity[these] * self.price[these]
            after[these] = at_update[into] = cash - self.commission[these]
        return after, at_update

    @cached_property
    def _positions(self) -> Floats:
        """The position of its portfolio in its symbol after each fill, in order of pairs."""
        positions = self.quantity[self._by_pair]
        starts = np.flatnonzero(np.diff(self._pairs, prepend=-1))
        for start, stop in zip(
            starts.tolist(), [*starts[1:].tolist(), len(positions)], strict=False
        ):
            np.add.accumulate(positions[start:stop], out=positions[start:stop])
        return positions

    def position(self, portfolio: Ints, symbol: int | Ints, number: Ints) -> Floats:
        """Give positions in a symbol before events of these numbers; 0.0 before the first fill."""
        if not len(self._pair_key):
            return np.zeros(len(number))
        pair = portfolio * len(self._batch.symbols) + symbol
        place = np.searchsorted(self._pair_key, pair * self._span + number) - 1
        fits = (place >= 0) & (self._pairs[place] == pair)
        found: Floats = np.where(fits, self._positions[place], 0.0)
        return found

    def value(self, portfolio: Ints, unit: Ints, number: Ints) -> tuple[Floats, Mask]:
        """Give the value of all positions before events of these numbers, and whether there is any.

        The sum of `docs/semantics.md` 3: symbols in config order, flat ones left out.
        """
        bars, count = self._batch.base_bars, len(self._batch.symbols)
        value = np.zeros(len(number))
        any_position = np.zeros(len(number), np.bool_)
        for symbol in range(count):
            position = self.position(portfolio, symbol, number)
            held = position != 0.0
            if not held.any():
                continue
            any_position |= held
            last = bars.last(unit * count + symbol, number)
            close = np.where(last < 0, np.nan, bars.close[last]) if len(bars.close) else np.nan
            value = np.where(held, value + position * close, value)
        return value, any_position

    @cached_property
    def at_updates(self) -> tuple[Floats, Mask]:
        """The value of all positions at each update, and whether there is any."""
        updates: Events = self._batch[EventKind.PORTFOLIO_UPDATE]
        return self.value(self.portfolio, updates.unit[self.updates], self.number)

    @cached_property
    def samples(self) -> dict[int, slice]:
        """Where in `updates` those of each portfolio are."""
        return _groups(self.portfolio)

    @cached_property
    def fills_of(self) -> dict[int, slice]:
        """Where in `fills` those of each portfolio are."""
        return _groups(self.fill_portfolio)


def _groups(sorted_numbers: Ints) -> dict[int, slice]:
    if not len(sorted_numbers):
        return {}
    starts = np.flatnonzero(np.diff(sorted_numbers, prepend=sorted_numbers[0] - 1)).tolist()
    stops = [*starts[1:], len(sorted_numbers)]
    return {
        int(sorted_numbers[start]): slice(start, stop)
        for start, stop in zip(starts, stops, strict=True)
    }


def books_of(batch: Batch) -> Books:
    """Give the books of a batch, which are worked out once."""
    found = batch.worked_out.get("books")
    if found is None:
        found = batch.worked_out["books"] = Books(batch)
    assert isinstance(found, Books)
    return found
