"""Averages and deviations of the last n closes: a value depends on those alone."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from containers.components.interfaces import Floats
from containers.components.windows import (
    Window,
    deviation,
    deviations,
    joined,
    mean_residual,
    mean_residuals,
    newest,
    slid,
)
from containers.data import Bars
from containers.events import Bar

__all__ = ["Sma", "Std"]


class _Closes(msgspec.Struct, frozen=True):
    """What both share: n closes, a value with the n-th, and nothing before them matters."""

    period: int

    initial: ClassVar[Window] = []

    @property
    def ready(self) -> int:
        """The period."""
        return self.period

    @property
    def lookback(self) -> int:
        """The period."""
        return self.period

    def _after(self, window: Window, bars: Bars) -> tuple[Window, Floats]:
        """Give the next window, and the closes of all windows that end in ``bars``."""
        n = self.period
        series = joined(window, bars.close)
        return newest(series, n), series[1:] if len(window) == n else series


class Sma(_Closes, frozen=True):
    """Simple moving average: x0 + (sum of (xi - x0)) / n, x0 the oldest of n closes.

    Exact on flat prices. Unit: that of the close.

    """

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"sma_{self.period}"

    def step(self, window: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the average, null while warming up."""
        window = slid(window, bar.close, self.period)
        if len(window) < self.period:
            return window, None
        return window, window[0] + mean_residual(window)

    # What overflows is infinite and goes on, as in Python's own arithmetic bar by bar.
    @np.errstate(over="ignore", invalid="ignore")
    def over(self, window: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the averages."""
        window, closes = self._after(window, bars)
        means = mean_residuals(closes, self.period)
        return window, closes[: len(means)] + means


class Std(_Closes, frozen=True):
    """Population standard deviation of n closes, in two passes over residuals from the oldest.

    di = xi - x0, m = (sum of di) / n, sqrt((sum of (di - m)^2) / n). Unit: that of the close.

    """

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"std_{self.period}"

    def step(self, window: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the deviation, null while warming up."""
        window = slid(window, bar.close, self.period)
        return window, deviation(window) if len(window) == self.period else None

    # What overflows is infinite and goes on, as in Python's own arithmetic bar by bar.
    @np.errstate(over="ignore", invalid="ignore")
    def over(self, window: Window, bars: Bars) -> tuple[Window, Floats]:
        """Take all of ``bars``; answer the next window and the deviations."""
        window, closes = self._after(window, bars)
        return window, deviations(closes, self.period)
