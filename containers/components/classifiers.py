"""The shipped classifiers: pure steps from features to a label, by the rules of the contract.

There is no label until all features have a value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from containers.components.averages import Sma
from containers.components.changes import ReturnStd
from containers.components.interfaces import Indicator, UnitContext
from containers.components.parameters import Parameter, integer, number

__all__ = ["Trend", "Volatility"]


class Trend(msgspec.Struct, frozen=True):
    """``up`` while the fast average is above the slow one, ``down`` while below, else ``flat``."""

    type_name: ClassVar[str] = "trend"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "fast_period": integer(10, minimum=1),
        "slow_period": integer(30, minimum=1),
    }
    context: UnitContext
    fast_period: int
    slow_period: int

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return Sma(self.fast_period), Sma(self.slow_period)

    def classify(
        self, last: str | None, close: float, values: Sequence[float | None]
    ) -> str | None:
        """Compare the two averages."""
        fast, slow = values
        if fast is None or slow is None:
            return None
        if fast > slow:
            return "up"
        return "down" if fast < slow else "flat"


class Volatility(msgspec.Struct, frozen=True):
    """``low``, ``normal`` or ``high``, by the annual volatility of the last returns.

    That is their population standard deviation x the root of the periods per year, a share per
    year. Both bounds themselves are normal.
    """

    type_name: ClassVar[str] = "volatility"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "lookback": integer(20, minimum=1),
        "low": number(0.1, minimum=0.0),
        "high": number(0.3, minimum=0.0),
    }
    context: UnitContext
    lookback: int
    low: float
    high: float

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return (ReturnStd(self.lookback),)

    def classify(
        self, last: str | None, close: float, values: Sequence[float | None]
    ) -> str | None:
        """Hold the volatility against both bounds, the lower one first."""
        (deviation,) = values
        if deviation is None:
            return None
        volatility = deviation * math.sqrt(self.context.periods_per_year)
        if volatility < self.low:
            return "low"
        return "high" if volatility > self.high else "normal"
