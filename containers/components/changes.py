"""Indicators that hold this bar against the n before it: extremes, and changes of the close.

All are ready at bar n + 1, and their values depend on n + 1 bars alone.
"""

from __future__ import annotations

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


class Highest(_Before, frozen=True):
    """Highest high of the n bars before this one. Unit: that of the prices."""

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"highest_{self.period}"

    def step(self, highs: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the extreme, null while warming up."""
        value = max(highs) if len(highs) == self.period else None
        return slid(highs, bar.high, self.period), value

    def over(self, highs: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the extremes."""
        n = self.period
        series = joined(highs, bars.high)
        count = max(0, len(series) - n)
        values = series[:count]
        for i in range(1, n if count else 1):
            values = np.maximum(values, series[i : i + count])
        return newest(series, n), values


class Lowest(_Before, frozen=True):
    """Lowest low of the n bars before this one. Unit: that of the prices."""

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"lowest_{self.period}"

    def step(self, lows: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the extreme, null while warming up."""
        value = min(lows) if len(lows) == self.period else None
        return slid(lows, bar.low, self.period), value

    def over(self, lows: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the extremes."""
        n = self.period
        series = joined(lows, bars.low)
        count = max(0, len(series) - n)
        values = series[:count]
        for i in range(1, n if count else 1):
            values = np.minimum(values, series[i : i + count])
        return newest(series, n), values


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
