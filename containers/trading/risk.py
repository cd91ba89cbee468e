"""The container that lets the order requests of one portfolio pass, cuts or refuses them.

Only what adds exposure is tested: first against the drawdown limit, then against leverage. A flip
is never cut below the close of what it closes, and no rule reverses an order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from containers.container import Act, Container, Handler, Role, Step
from containers.events import EventKind, Order, OrderRequest, PortfolioUpdate, Rejection
from containers.ports import Clock, Outlet, Port
from containers.trading.account import AccountView
from containers.trading.sizing import in_whole_lots, opposed

__all__ = ["RiskContainer", "RiskLimits"]


class RiskLimits(msgspec.Struct, frozen=True):
    """What a profile allows; null switches a rule off.

    Attributes:
        max_leverage: Gross exposure as a multiple of the equity.
        max_drawdown: Loss from the peak of the equity, as a share of it.
        drawdown_cooldown_bars: Updates without a position, while over that limit, after which
            the peak is forgotten; null: never.
    """

    max_leverage: float | None
    max_drawdown: float | None
    drawdown_cooldown_bars: int | None


class RiskContainer(Container):
    """Answers each ORDER_REQUEST with an ORDER or a REJECTION (step 7).

    Args:
        container_id: Its id.
        portfolio: Id of the portfolio it guards.
        account: That portfolio's account.
        symbols: All symbols, in configuration order.
        limits: The rules.
        initial_capital: Currency; the first peak.
        fractional: Any quantity, not whole lots only.
        lot_size: Shares per lot.
    """

    role: ClassVar[Role] = Role.RISK

    def __init__(
        self,
        container_id: str,
        *,
        portfolio: str,
        account: AccountView,
        symbols: Sequence[str],
        limits: RiskLimits,
        initial_capital: float,
        fractional: bool,
        lot_size: float,
    ) -> None:
        super().__init__(container_id)
        self._portfolio = portfolio
        self._account = account
        self._symbols = tuple(symbols)
        self._limits = limits
        self._fractional = fractional
        self._lot_size = lot_size
        self._peak = initial_capital
        self._cooling = 0
        self._inbox: list[OrderRequest] = []
        self._orders: Outlet
        self._rejections: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the limits."""
        return {
            "portfolio": self._portfolio,
            "limits": msgspec.to_builtins(self._limits),
            "fractional": self._fractional,
            "lot_size": self._lot_size,
        }

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take its portfolio's requests and updates."""
        return {
            EventKind.ORDER_REQUEST: self._inbox.append,
            EventKind.PORTFOLIO_UPDATE: None
            if self._limits.max_drawdown is None
            else self.on_update,
        }

    def acts(self) -> Mapping[Step, Act]:
        """Answer in step 7."""
        return {Step.RISK: Act(self.publish_answers, when=self._inbox)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlets."""
        self._clock = port.clock
        self._orders = port.outlet(EventKind.ORDER)
        self._rejections = port.outlet(EventKind.REJECTION)

    def on_update(self, update: PortfolioUpdate) -> None:
        """Follow the peak of the equity, and forget it after a cool-down."""
        limit, cooldown = self._limits.max_drawdown, self._limits.drawdown_cooldown_bars
        self._peak = max(self._peak, update.equity)
        if limit is None or cooldown is None:
            return
        over = 1 - update.equity / self._peak > limit
        self._cooling = self._cooling + 1 if over and not self._account.held else 0
        if self._cooling == cooldown:
            self._peak = update.equity
            self._cooling = 0

    def publish_answers(self) -> None:
        """Judge this slice's requests in order; each order leaves less room for the next."""
        clock = self._clock
        for request in self._inbox:
            quantity, rules = self._judge(request)
            outlet, kind = (
                (self._orders, Order) if quantity != 0.0 else (self._rejections, Rejection)
            )
            outlet.publish(
                kind(
                    clock.seq, clock.time_ns, self.id, request.seq,
                    self._portfolio, request.symbol, quantity, request.quantity, rules,
                )
            )  # fmt: skip
        self._inbox.clear()

    def _judge(self, request: OrderRequest) -> tuple[float, tuple[str, ...]]:
        """Give the quantity to order, 0.0 for none, and the rules that changed it."""
        net = self._account.net(request.symbol)
        quantity = request.quantity
        if not _adds(net, quantity):
            return quantity, ()
        equity = self._account.equity()
        limit = self._limits.max_drawdown
        if limit is not None and 1 - equity / self._peak > limit:
            return _close_of(net, quantity), ("max_drawdown",)
        if self._limits.max_leverage is not None:
            allowed = self._fit(request, net, equity, self._limits.max_leverage)
            if allowed != quantity:
                return allowed, ("max_leverage",)
        return quantity, ()

    def _fit(self, request: OrderRequest, net: float, equity: float, limit: float) -> float:
        """Cut what an order adds to what the leverage limit leaves room for."""
        quantity, symbol = request.quantity, request.symbol
        budget = limit * equity
        if self._gross(symbol, net + quantity) <= budget * (1 + 1e-9):
            return quantity
        room = (budget - self._gross(symbol, 0.0)) / request.reference_price
        # In a flip the new side starts from nothing; what it closes comes on top.
        start = 0.0 if opposed(net, quantity) else abs(net)
        if self._fractional:
            added = room - start
        else:
            lots = in_whole_lots(room, self._lot_size) - round(start / self._lot_size)
            added = lots * self._lot_size
        if added <= 0 or added * request.reference_price < 1e-9 * equity:
            return _close_of(net, quantity)
        side = 1 if quantity > 0 else -1
        return side * added - net if opposed(net, quantity) else side * added

    def _gross(self, symbol: str, net: float) -> float:
        """Gross exposure with ``net`` in ``symbol``, in currency, in configuration order."""
        account, gross = self._account, 0.0
        for other in self._symbols:
            shares = net if other == symbol else account.net(other)
            if shares != 0.0:
                gross += abs(shares) * account.closes[other]
        return gross


def _adds(net: float, quantity: float) -> bool:
    after = net + quantity
    return abs(after) > abs(net) or opposed(net, after)


def _close_of(net: float, quantity: float) -> float:
    """The part of an order that only closes: all of ``net`` in a flip, else nothing."""
    return 0.0 - net if opposed(net, quantity) else 0.0
