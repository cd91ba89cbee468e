"""What an execution costs: slippage in the price, commission beside it."""

from __future__ import annotations

import msgspec

__all__ = ["Costs"]


class Costs(msgspec.Struct, frozen=True):
    """The cost terms of an account.

    Attributes:
        slippage_bps: Paid on top of the base price, in hundredths of a percent of it.
        commission_bps: Of the money traded, in hundredths of a percent.
        commission_per_share: Currency per share.
        commission_fixed: Currency per fill.
        commission_minimum: The least a fill costs, currency.
    """

    slippage_bps: float = 0.0
    commission_bps: float = 0.0
    commission_per_share: float = 0.0
    commission_fixed: float = 0.0
    commission_minimum: float = 0.0

    def fill_price(self, base: float, quantity: float) -> float:
        """Give the price paid or got for ``quantity`` (signed) when the market is at ``base``.

        >>> Costs(slippage_bps=50.0).fill_price(100.0, -10.0)
        99.5
        """
        side = 1.0 if quantity > 0 else -1.0
        return base * (1 + (side * self.slippage_bps) / 10000)

    def commission(self, quantity: float, price: float) -> float:
        """Give the commission of a fill of ``quantity`` (signed) at ``price``, in currency.

        >>> Costs(commission_bps=10.0, commission_minimum=2.0).commission(10.0, 100.0)
        2.0
        """
        size = abs(quantity)
        terms = (self.commission_fixed + self.commission_per_share * size) + (
            (self.commission_bps / 10000) * size
        ) * price
        return max(terms, self.commission_minimum)
