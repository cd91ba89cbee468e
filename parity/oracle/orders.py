"""How many shares a portfolio asks for, and how many it may have.

1. `target_quantity` says what a strategy's view is worth in shares.
2. `is_stopped` says whether a position has lost too much.
3. `review` lets a request pass, reduces it or refuses it: `_limit_drawdown`, then
   `_limit_leverage`.
4. `Drawdown` remembers the peak that the drawdown rule measures from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from parity.oracle.account import Account
from parity.oracle.components import View
from parity.oracle.settings import Profile, Settings

__all__ = ["Drawdown", "Verdict", "is_nothing", "is_stopped", "review", "target_quantity"]

_TINY: Final = 1e-9


@dataclass(frozen=True)
class Verdict:
    """What is left of a request (0.0: refused) and which rules changed it."""

    quantity: float
    rules: tuple[str, ...] = ()


class Drawdown:
    """The peak of a portfolio's equity, and how long it has been out of the market below it."""

    def __init__(self, profile: Profile, initial_capital: float) -> None:
        self.peak = initial_capital
        self._limit = profile.max_drawdown
        self._cooldown = profile.drawdown_cooldown_bars
        self._waited = 0

    def exceeds(self, equity: float) -> bool:
        """Tell whether the drawdown at this equity is beyond the limit."""
        return self._limit is not None and 1.0 - equity / self.peak > self._limit

    def update(self, equity: float, *, is_flat: bool) -> None:
        """Take in the equity of a PORTFOLIO_UPDATE; forget the peak after the cool-down."""
        self.peak = max(self.peak, equity)
        self._waited = self._waited + 1 if is_flat and self.exceeds(equity) else 0
        if self._waited > 0 and self._waited == self._cooldown:
            self.peak = equity
            self._waited = 0


def target_quantity(
    view: View, profile: Profile, settings: Settings, equity: float, price: float
) -> float:
    """Give the position that a view asks for, in shares.

    0.0 without a direction, for a short one where shorts are not allowed, and without equity.
    """
    direction, strength = view
    if direction == 0 or (direction == -1 and not settings.allow_short) or equity <= 0.0:
        return 0.0
    if profile.fixed_quantity is not None:
        return direction * profile.fixed_quantity
    if profile.max_position_size is None:
        raise ValueError(f"risk profile {profile.name!r} has no size")
    shares = ((direction * strength) * profile.max_position_size) * equity / price
    if settings.fractional:
        return shares if shares != 0.0 else 0.0
    lots = math.trunc(shares / settings.lot_size + math.copysign(_TINY, shares))
    return lots * settings.lot_size if lots != 0 else 0.0


def is_nothing(quantity: float, net: float) -> bool:
    """Tell whether a change of the net position is too small to be one."""
    return abs(quantity) < _TINY * max(1.0, abs(net))


def is_stopped(account: Account, symbol: str, close: float, profile: Profile) -> bool:
    """Tell whether a close is beyond the stop of a position that nothing is about to end."""
    position, limit = account.positions[symbol], profile.stop_loss
    if position == 0.0 or limit is None:
        return False
    if account.has_pending(symbol) and account.net(symbol) * position <= 0.0:
        return False  # a pending exit
    if position > 0.0:
        return close <= account.averages[symbol] * (1.0 - limit)
    return close >= account.averages[symbol] * (1.0 + limit)


def review(
    account: Account,
    symbol: str,
    quantity: float,
    profile: Profile,
    drawdown: Drawdown,
    closes: Mapping[str, float],
    settings: Settings,
) -> Verdict:
    """Apply the rules to a request. What adds no exposure passes as it is."""
    net = account.net(symbol)
    after = net + quantity
    is_flip = net < 0.0 < after or after < 0.0 < net
    if not is_flip and abs(after) <= abs(net):
        return Verdict(quantity)
    equity = account.equity(closes)
    if drawdown.exceeds(equity):
        return Verdict(0.0 - net if is_flip else 0.0, ("max_drawdown",))
    if profile.max_leverage is None:
        return Verdict(quantity)
    others = _gross_of_others(account, symbol, closes)
    allowed = profile.max_leverage * equity
    if _gross_with(account, symbol, after, closes) <= allowed * (1.0 + _TINY):
        return Verdict(quantity)
    side = 1.0 if quantity > 0.0 else -1.0
    price = closes[symbol]
    room = (allowed - others) / price
    kept = 0.0 if is_flip else abs(net)
    added = _addition(room, kept, settings)
    if added is None or added * price < _TINY * equity:
        return Verdict(0.0 - net if is_flip else 0.0, ("max_leverage",))
    return Verdict(side * added - net if is_flip else side * added, ("max_leverage",))


def _addition(room: float, kept: float, settings: Settings) -> float | None:
    """Give how many shares the room takes beyond those kept; null for less than one lot."""
    if settings.fractional:
        return room - kept
    room_lots = math.trunc(room / settings.lot_size + _TINY)
    added_lots = room_lots - round(kept / settings.lot_size)
    return added_lots * settings.lot_size if added_lots >= 1 else None


def _gross_of_others(account: Account, symbol: str, closes: Mapping[str, float]) -> float:
    gross = 0.0
    for other in account.positions:
        if other != symbol and (net := account.net(other)) != 0.0:
            gross += abs(net) * closes[other]
    return gross


def _gross_with(
    account: Account, symbol: str, net_after: float, closes: Mapping[str, float]
) -> float:
    """Give Σ |net| × close with the symbol's net replaced, symbols in configuration order."""
    gross = 0.0
    for other in account.positions:
        net = net_after if other == symbol else account.net(other)
        if net != 0.0:
            gross += abs(net) * closes[other]
    return gross
