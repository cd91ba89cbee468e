"""Indicators that hold this bar against the n before it: extremes, and changes of the close.

All are ready at bar n + 1, and their values depend on n + 1 bars alone.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar

import msgspec
import numpy as np

from containers.components.interfaces import Floats
from containers.components.windows import Window, deviation, deviations, joined, newest, slid
from containers.data import Bars
from containers.events import Bar

__all__ = ["Highest", "Lowest", "ReturnStd", "Roc"]


class _Before(msgspec.Struct, frozen=True):
    """What all share: n bars before this one."""

    period: int

    initial: ClassVar[Window] = []

    @property
    def ready(self) -> int:
        """The period, and this bar."""
        return self.period + 1

    @property
    def lookback(self) -> int:
        """The period, and this bar."""
        return self.period + 1


class _Extreme(_Before, frozen=True):
    """An extreme of the n bars before this one, of one of their prices."""

    price: ClassVar[str]
    of_several: ClassVar[Callable[[Window], float]]
    of_two: ClassVar[np.ufunc]

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"{type(self).__name__.lower()}_{self.period}"

    def step(self, prices: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the extreme, null while warming up."""
        value = type(self).of_several(prices) if len(prices) == self.period else None
        return slid(prices, getattr(bar, self.price), self.period), value

    def over(self, prices: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the extremes."""
        n = self.period
        series = joined(prices, getattr(bars, self.price))
        count = max(0, len(series) - n)
        values = series[:count]
        for i in range(1, n if count else 1):
            values = self.of_two(values, series[i : i + count])
        return newest(series, n), values


class Highest(_Extreme, frozen=True):
    """Highest high of the n bars before this one. Unit: that of the prices."""

    price: ClassVar[str] = "high"
    of_several: ClassVar[Callable[[Window], float]] = max
    of_two: ClassVar[np.ufunc] = np.maximum


class Lowest(_Extreme, frozen=True):
    """Lowest low of the n bars before this one. Unit: that of the prices."""

    price: ClassVar[str] = "low"
    of_several: ClassVar[Callable[[Window], float]] = min
    of_two: ClassVar[np.ufunc] = np.minimum


class Roc(_Before, frozen=True):
    """Rate of change: close / (close n bars before) - 1. A share; prices are never 0."""

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"roc_{self.period}"

    def step(self, closes: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the rate, null while warming up."""
        value = bar.close / closes[0] - 1.0 if len(closes) == self.period else None
        return slid(closes, bar.close, self.period), value

    # What overflows is infinite and goes on, as in Python's own arithmetic bar by bar.
    @np.errstate(over="ignore")
    def over(self, closes: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the rates."""
        n = self.period
        series = joined(closes, bars.close)
        now = series[n:]
        return newest(series, n), now / series[: len(now)] - 1.0


class ReturnStd(_Before, frozen=True):
    """Population standard deviation of the last n simple returns, close / close before - 1.

    In two passes over residuals from the oldest return, as `Std`. A share per bar.

    """

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"return_std_{self.period}"

    def step(self, closes: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the deviation, null while warming up."""
        closes = slid(closes, bar.close, self.period + 1)
        if len(closes) <= self.period:
            return closes, None
        return closes, deviation([now / before - 1.0 for before, now in pairwise(closes)])

    # What overflows is infinite and goes on, as in Python's own arithmetic bar by bar.
    @np.errstate(over="ignore", invalid="ignore")
    def over(self, closes: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the deviations."""
        n = self.period
        series = joined(closes, bars.close)
        fresh = series[1:] if len(closes) > n else series
        return newest(series, n + 1), deviations(fresh[1:] / fresh[:-1] - 1.0, n)
