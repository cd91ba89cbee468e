"""The container that fills, cancels and closes for all portfolios of a topology."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Any, ClassVar, Final

import msgspec

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
from containers.ports import Clock, Outlet, Port
from containers.trading.account import AccountView
from containers.trading.costs import Costs

__all__ = ["ExecutionContainer", "FillModel"]


class FillModel(StrEnum):
    """When an order fills: at the next base bar's open, or at this slice's close."""

    NEXT_OPEN = "next_open"
    SAME_CLOSE = "same_close"


_OPEN: Final = attrgetter("open")
_CLOSE: Final = attrgetter("close")


class ExecutionContainer(Container):
    """Fills pending orders at opens (step 2) or closes (step 8), by portfolio, then age.

    Args:
        container_id: Its id.
        accounts: Account of every portfolio by id, in topology order.
        last_bars: End of the last base bar of every symbol that has one in the window, int64
            nanoseconds UTC, in configuration order.
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
        self._first_end = min(last_bars.values(), default=0)
        self._fill_model = fill
        self._costs = costs
        self._close_at_end = close_at_end
        self._bars: dict[str, Bar] = {}
        self._pending: list[Order] = []
        self._ended: list[str] = []
        # Those whose equity prices or costs can bring to zero.
        self._at_risk: dict[str, AccountView] = {}
        self._places = {portfolio: place for place, portfolio in enumerate(accounts)}
        self._fills: dict[str, Outlet] = {}
        self._cancellations: dict[str, Outlet] = {}
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the fill model, the costs and whom it serves."""
        return {
            "portfolios": list(self._accounts),
            "last_bars": dict(self._last_bars),
            "fill": self._fill_model.value,
            "costs": msgspec.to_builtins(self._costs),
            "close_at_end": self._close_at_end,
        }

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take base bars and orders."""
        return {EventKind.BAR: self.on_bar, EventKind.ORDER: self._pending.append}

    def acts(self) -> Mapping[Step, Act]:
        """Fill in step 2 or 8; end symbols in step 8; close the ruined in step 9."""
        at_open = self._fill_model is FillModel.NEXT_OPEN
        filling = Step.OPEN_FILLS if at_open else Step.CLOSE_FILLS
        return {
            filling: Act(self.fill_at_open if at_open else self.fill_at_close, when=self._pending),
            Step.ENDINGS: Act(self.end_symbols, when=self._ended),
            Step.RUIN: Act(self.close_ruined, when=self._at_risk),
        }

    def on_initialize(self, port: Port) -> None:
        """Find the outlets; each portfolio's fills and cancellations are a topic of their own."""
        self._clock = port.clock
        for portfolio in self._accounts:
            self._fills[portfolio] = port.outlet(EventKind.FILL, portfolio)
            self._cancellations[portfolio] = port.outlet(EventKind.CANCELLATION, portfolio)

    def on_bar(self, bar: Bar) -> None:
        """Take note of a symbol's newest base bar, and of its last."""
        self._bars[bar.symbol] = bar
        if bar.time_ns >= self._first_end and bar.time_ns == self._last_bars[bar.symbol]:
            self._ended.append(bar.symbol)

    def fill_at_open(self) -> None:
        """Fill what is pending for the slice's symbols at their open."""
        self._fill_pending(_OPEN)

    def fill_at_close(self) -> None:
        """Fill what is pending for the slice's symbols at their close."""
        self._fill_pending(_CLOSE)

    def end_symbols(self) -> None:
        """Cancel and close in the symbols whose data have ended, in configuration order."""
        for symbol in self._last_bars:
            if symbol in self._ended:
                self._cancel(
                    [order for order in self._pending if order.symbol == symbol],
                    CancellationReason.END_OF_DATA,
                )
                for portfolio in self._accounts if self._close_at_end else ():
                    self._close(portfolio, symbol, FillReason.CLOSE_AT_END)

    def close_ruined(self) -> None:
        """Cancel and close everything of the portfolios that are ruined in this slice."""
        for account in self._at_risk.values():
            if account.equity() <= 0.0:
                break
        else:
            return  # as on nearly every bar
        ruined = {p for p, account in self._at_risk.items() if account.equity() <= 0.0}
        for portfolio in self._accounts:
            if portfolio not in ruined:
                continue
            self._cancel(
                [order for order in self._pending if order.portfolio == portfolio],
                CancellationReason.RUINED,
            )
            for symbol in self._last_bars:
                self._close(portfolio, symbol, FillReason.RUINED)
            self._at_risk.pop(portfolio, None)

    def _by_portfolio(self, orders: list[Order]) -> list[Order]:
        """Sort by portfolio in topology order; the sort is stable, so age comes second."""
        if len(orders) < 2:
            return orders
        return sorted(orders, key=lambda order: self._places[order.portfolio])

    def _fill_pending(self, base: Callable[[Bar], float]) -> None:
        now, bars = self._clock.time_ns, self._bars
        due = [order for order in self._pending if bars[order.symbol].time_ns == now]
        self._forget(due)
        for order in self._by_portfolio(due):
            price = base(bars[order.symbol])
            self._fill(
                order.portfolio, order.symbol, order.quantity, price, order.seq, FillReason.ORDER
            )

    def _forget(self, orders: Collection[Order]) -> None:
        """Take orders off the pending ones; the bus watches that list, so it stays the same."""
        if len(orders) == len(self._pending):
            self._pending.clear()
            return
        gone = {order.seq for order in orders}
        self._pending[:] = [order for order in self._pending if order.seq not in gone]

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
        clock = self._clock
        self._fills[portfolio].publish(
            Fill(
                clock.seq, clock.time_ns, self.id, cause,
                portfolio, symbol, quantity, price, commission, reason.value,
            )
        )  # fmt: skip
        account = self._accounts[portfolio]
        if account.can_be_ruined():
            self._at_risk[portfolio] = account
        else:
            self._at_risk.pop(portfolio, None)

    def _cancel(self, orders: list[Order], reason: CancellationReason) -> None:
        clock, gone = self._clock, self._by_portfolio(orders)
        self._forget(gone)
        for order in gone:
            self._cancellations[order.portfolio].publish(
                Cancellation(
                    clock.seq, clock.time_ns, self.id, order.seq,
                    order.portfolio, order.symbol, order.quantity, reason.value,
                )
            )  # fmt: skip
