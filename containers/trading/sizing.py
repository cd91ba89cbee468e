"""From a view of a symbol to a number of shares."""

from __future__ import annotations

import math

import msgspec

__all__ = ["Sizing", "in_whole_lots", "is_nothing", "opposed"]

_ROUNDING = 1e-9
"""A quotient that misses a whole number by less than this was meant to be that number."""


def in_whole_lots(quantity: float, lot_size: float) -> int:
    """Count the whole lots in ``quantity`` (signed), towards zero.

    >>> in_whole_lots(-250.0, 100.0), in_whole_lots(0.3, 0.1)
    (-2, 3)
    """
    return math.trunc(quantity / lot_size + math.copysign(_ROUNDING, quantity))


def opposed(left: float, right: float) -> bool:
    """Say whether one is long and the other short."""
    # Their signs are compared, since a product of the two could underflow.
    return (left > 0) != (right > 0) if left and right else False


def is_nothing(quantity: float, net: float) -> bool:
    """Say whether a change of ``quantity`` to ``net`` is too small to be asked for."""
    return abs(quantity) < 1e-9 * max(1.0, abs(net))


class Sizing(msgspec.Struct, frozen=True):
    """How large a position a portfolio aims for.

    Attributes:
        max_position_size: Share of the equity; null when ``fixed_quantity`` decides.
        fixed_quantity: Shares, whatever the equity; null when ``max_position_size`` decides.
        fractional: Any quantity, not whole lots only.
        lot_size: Shares per lot.
        allow_short: Short positions are allowed.
    """

    max_position_size: float | None
    fixed_quantity: float | None
    fractional: bool
    lot_size: float
    allow_short: bool

    def target(self, direction: int, strength: float, equity: float, price: float) -> float:
        """Give the signed number of shares to hold; 0.0 for flat, never -0.0.

        Args:
            direction: -1, 0 or 1.
            strength: In [0, 1].
            equity: Currency.
            price: Reference price, currency per share.
        """
        if direction == 0 or (direction < 0 and not self.allow_short) or equity <= 0:
            return 0.0
        if self.fixed_quantity is not None:
            return direction * self.fixed_quantity
        assert self.max_position_size is not None  # the configuration's schema sees to it
        shares = ((direction * strength) * self.max_position_size) * equity / price
        if not self.fractional:
            shares = in_whole_lots(shares, self.lot_size) * self.lot_size
        return shares + 0.0  # -0.0 becomes 0.0
