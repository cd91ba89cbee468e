"""Trades: episodes of a position from flat to flat, built from fills.

A fill that turns a position round closes one episode and opens the next; its commission is shared
by quantity, what closes rounded as it comes, the rest going to the new episode.
"""

from __future__ import annotations

import msgspec

from containers.results import Trade
from containers.trading.sizing import opposed

__all__ = ["EpisodeTracker"]


class _Episode(msgspec.Struct):
    """Sums over the fills of an open episode; ``money`` is the sum of |quantity| x price."""

    side: int
    entry_time: int
    entry_bar: int
    entered: float = 0.0
    money_in: float = 0.0
    exited: float = 0.0
    money_out: float = 0.0
    commission: float = 0.0


class EpisodeTracker:
    """The open episodes of one portfolio."""

    def __init__(self, portfolio: str) -> None:
        self._portfolio = portfolio
        self._open: dict[str, _Episode] = {}

    def fill(
        self,
        symbol: str,
        held: float,
        quantity: float,
        price: float,
        commission: float,
        *,
        time_ns: int,
        bar: int,
    ) -> Trade | None:
        """Book a fill; answer the trade it closes, if it does.

        Args:
            symbol: What was traded.
            held: Position before the fill, signed shares.
            quantity: Signed shares.
            price: Currency per share.
            commission: Currency, for the whole fill.
            time_ns: End of the slice.
            bar: Index of the symbol's current base bar.
        """
        after = held + quantity
        if not opposed(held, quantity):
            self._enter(symbol, quantity, price, commission, time_ns, bar)
            return None
        if not opposed(held, after):
            self._exit(symbol, abs(quantity), price, commission)
            return self._close(symbol, time_ns, bar) if after == 0.0 else None
        closing = commission * (abs(held) / abs(quantity))
        self._exit(symbol, abs(held), price, closing)
        trade = self._close(symbol, time_ns, bar)
        self._enter(symbol, after, price, commission - closing, time_ns, bar)
        return trade

    def _enter(
        self, symbol: str, quantity: float, price: float, commission: float, time_ns: int, bar: int
    ) -> None:
        episode = self._open.get(symbol)
        if episode is None:
            side = 1 if quantity > 0 else -1
            episode = self._open[symbol] = _Episode(side, time_ns, bar)
        size = abs(quantity)
        episode.entered += size
        episode.money_in += size * price
        episode.commission += commission

    def _exit(self, symbol: str, size: float, price: float, commission: float) -> None:
        episode = self._open[symbol]
        episode.exited += size
        episode.money_out += size * price
        episode.commission += commission

    def _close(self, symbol: str, time_ns: int, bar: int) -> Trade:
        episode = self._open.pop(symbol)
        gross = episode.side * (episode.money_out - episode.money_in)
        return Trade(
            portfolio=self._portfolio,
            symbol=symbol,
            side=episode.side,
            quantity=episode.entered,
            entry_time=episode.entry_time,
            exit_time=time_ns,
            entry_price=episode.money_in / episode.entered,
            exit_price=episode.money_out / episode.exited,
            bars_held=bar - episode.entry_bar,
            commission=episode.commission,
            net_profit=gross - episode.commission,
        )
