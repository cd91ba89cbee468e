"""The container that fills, cancels and closes for all portfolios of a topology."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from containers.bus import Outlet, Port
from containers.container import Act, Container, Handler, Role, Step
from containers.events import (
    Bar,
    Cancellation,
    CancellationReason,
    EventKind,
    Fill,
    FillReason,
    Order,
)
from containers.trading.account import AccountView
from containers.trading.costs import Costs

__all__ = ["ExecutionContainer", "FillModel"]


class FillModel(StrEnum):
    """When an order fills: at the next base bar's open, or at this slice's close."""

    NEXT_OPEN = "next_open"
    SAME_CLOSE = "same_close"


class ExecutionContainer(Container):
    """Fills pending orders at opens (step 2) or closes (step 8), by portfolio, then age.

    Args:
        container_id: Its id.
        accounts: Account of every portfolio by id, in topology order.
        last_bars: End of the last base bar of every symbol of the run, int64 nanoseconds UTC,
            in configuration order.
        fill: When orders fill.
        costs: What a fill costs.
        close_at_end: Close positions with the symbol's last base bar.
    """

    role: ClassVar[Role] = Role.EXECUTION

    def __init__(
        self,
        container_id: str,
        *,
        accounts: Mapping[str, AccountView],
        last_bars: Mapping[str, int],
        fill: FillModel,
        costs: Costs,
        close_at_end: bool,
    ) -> None:
        super().__init__(container_id)
        self._accounts = dict(accounts)
        self._last_bars = dict(last_bars)
        self._first_end = min(last_bars.values())
        self._fill_model = fill
        self._costs = costs
        self._close_at_end = close_at_end
        self._bars: dict[str, Bar] = {}
        self._orders: dict[str, list[Order]] = {portfolio: [] for portfolio in accounts}
        self._ruined: set[str] = set()
        self._fills: dict[str, Outlet] = {}
        self._cancellations: dict[str, Outlet] = {}
        self._port: Port

    def settings(self) -> Mapping[str, Any]:
        """Name the fill model, the costs and whom it serves."""
        return {
            "portfolios": list(self._accounts),
            "last_bars": dict(self._last_bars),
            "fill": self._fill_model.value,
            "costs": msgspec.to_builtins(self._costs),
            "close_at_end": self._close_at_end,
        }

    def handlers(self) -> Mapping[EventKind, Handler]:
        """Take base bars and orders."""
        return {EventKind.BAR: self.on_bar, EventKind.ORDER: self.on_order}

    def acts(self) -> Mapping[Step, Act]:
        """Fill in step 2 or 8; end symbols in step 8; close the ruined in step 9."""
        acts: dict[Step, Act] = {Step.CLOSE_FILLS: self.fill_at_close, Step.RUIN: self.close_ruined}
        if self._fill_model is FillModel.NEXT_OPEN:
            acts[Step.OPEN_FILLS] = self.fill_at_open
        return acts

    def on_initialize(self, port: Port) -> None:
        """Find the outlets; each portfolio's fills and cancellations are a topic of their own."""
        self._port = port
        for portfolio in self._accounts:
            self._fills[portfolio] = port.outlet(EventKind.FILL, portfolio)
            self._cancellations[portfolio] = port.outlet(EventKind.CANCELLATION, portfolio)

    def on_bar(self, bar: Bar) -> None:
        """Take note of a symbol's newest base bar."""
        self._bars[bar.symbol] = bar

    def on_order(self, order: Order) -> None:
        """Take note of an order; orders arrive oldest first."""
        self._orders[order.portfolio].append(order)

    def fill_at_open(self) -> None:
        """Fill what is pending for the slice's symbols at their open."""
        for portfolio, orders in self._orders.items():
            if orders:
                self._fill_pending(portfolio, attrgetter("open"))

    def fill_at_close(self) -> None:
        """Fill at closes if that is the model, then end the symbols whose data have ended."""
        if self._fill_model is FillModel.SAME_CLOSE:
            for portfolio, orders in self._orders.items():
                if orders:
                    self._fill_pending(portfolio, attrgetter("close"))
        now = self._port.bus.time_ns
        if now < self._first_end:
            return
        for symbol, last in self._last_bars.items():
            if now >= last:
                self._end(symbol)

    def close_ruined(self) -> None:
        """Cancel and close everything of the portfolios that were ruined in this slice."""
        for portfolio, account in self._accounts.items():
            if account.ruined and portfolio not in self._ruined:
                self._ruined.add(portfolio)
                self._cancel(portfolio, self._orders[portfolio], CancellationReason.RUINED)
                for symbol in self._last_bars:
                    self._close(portfolio, symbol, FillReason.RUINED)

    def _end(self, symbol: str) -> None:
        for portfolio, orders in self._orders.items():
            ended = [order for order in orders if order.symbol == symbol]
            self._cancel(portfolio, ended, CancellationReason.END_OF_DATA)
        if self._close_at_end:
            for portfolio in self._accounts:
                self._close(portfolio, symbol, FillReason.CLOSE_AT_END)

    def _fill_pending(self, portfolio: str, base: Callable[[Bar], float]) -> None:
        now, waiting = self._port.bus.time_ns, []
        due = self._orders[portfolio]
        for order in due:
            bar = self._bars.get(order.symbol)
            if bar is None or bar.time_ns != now:
                waiting.append(order)
                continue
            self._fill(
                portfolio, order.symbol, order.quantity, base(bar), order.seq, FillReason.ORDER
            )
        self._orders[portfolio] = waiting

    def _close(self, portfolio: str, symbol: str, reason: FillReason) -> None:
        position = self._accounts[portfolio].positions[symbol]
        if position != 0.0:
            bar = self._bars[symbol]
            self._fill(portfolio, symbol, -position, bar.close, bar.seq, reason)

    def _fill(
        self,
        portfolio: str,
        symbol: str,
        quantity: float,
        base: float,
        cause: int,
        reason: FillReason,
    ) -> None:
        price = self._costs.fill_price(base, quantity)
        commission = self._costs.commission(quantity, price)
        bus = self._port.bus
        self._fills[portfolio].publish(
            Fill(
                bus.seq, bus.time_ns, self.id, cause,
                portfolio, symbol, quantity, price, commission, reason.value,
            )
        )  # fmt: skip

    def _cancel(self, portfolio: str, orders: Iterable[Order], reason: CancellationReason) -> None:
        bus, gone = self._port.bus, tuple(orders)
        for order in gone:
            self._cancellations[portfolio].publish(
                Cancellation(
                    bus.seq, bus.time_ns, self.id, order.seq,
                    portfolio, order.symbol, order.quantity, reason.value,
                )
            )  # fmt: skip
        self._orders[portfolio] = [o for o in self._orders[portfolio] if o not in gone]
