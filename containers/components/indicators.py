"""Indicators: pure steps from a bar and a state to a value and the next state.

Each can also be computed over a whole stretch of bars (`Indicator.over`), with the same bits: the
same operations on the same numbers in the same order, for many bars at a time.

A value depends on the last ``lookback`` closes alone, whatever came before them: averages are
added afresh at every bar, oldest first. A running sum would drift, and would break exact ties of
two averages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from containers.data import Bars
from containers.events import Bar

__all__ = ["Indicator", "Sma", "State", "Std", "Window"]

State: TypeAlias = Any
"""What an indicator remembers between bars: an immutable value, and its own business."""

Window: TypeAlias = list[float]
"""The state of the averages: the newest closes, oldest first, fewer while warming up.

A list, since that is the fastest to slide along; it is never changed once it has been handed out.
"""


class Indicator(Protocol):
    """A feature of a stream of bars."""

    @property
    def name(self) -> str:
        """Its name in FEATURES, for example ``sma_10``; one name, one meaning."""
        ...

    @property
    def lookback(self) -> int:
        """How many bars a value depends on; the first value comes with that many."""
        ...

    @property
    def initial(self) -> State:
        """The state before the first bar."""
        ...

    def step(self, state: State, bar: Bar) -> tuple[State, float | None]:
        """Take one bar; answer the next state and the value, null while warming up."""
        ...

    def over(self, bars: Bars) -> npt.NDArray[np.float64]:
        """Give the values at all of ``bars`` that have one: (max(0, len - lookback + 1),) float64.

        The value at a bar must not depend on any later bar.
        """
        ...


def _slid(window: Window, close: float, length: int) -> Window:
    """Give a new window that ends with ``close``; the old one stays as it is."""
    return [*(window[1:] if len(window) == length else window), close]


class Sma(msgspec.Struct, frozen=True):
    """Simple moving average: x0 + (sum of (xi - x0)) / n, x0 the oldest of n closes.

    Exact on flat prices. Unit: that of the close.

    """

    period: int

    initial: ClassVar[Window] = []

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"sma_{self.period}"

    @property
    def lookback(self) -> int:
        """The period."""
        return self.period

    def step(self, window: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the average, null while warming up."""
        n = self.period
        window = _slid(window, bar.close, n)
        if len(window) < n:
            return window, None
        oldest = window[0]
        total = 0.0
        for x in window:
            total += x - oldest
        return window, oldest + total / n

    # What overflows is infinite and goes on, as in Python's own arithmetic bar by bar.
    @np.errstate(over="ignore", invalid="ignore")
    def over(self, bars: Bars) -> npt.NDArray[np.float64]:
        """Give the averages at all bars that have one."""
        closes, n = bars.close, self.period
        return closes[: _windows(closes, n)] + _added(_residuals(closes, n)) / n


class Std(msgspec.Struct, frozen=True):
    """Population standard deviation of n closes, in two passes over residuals from the oldest.

    di = xi - x0, m = (sum of di) / n, sqrt((sum of (di - m)^2) / n). Unit: that of the close.

    """

    period: int

    initial: ClassVar[Window] = []

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"std_{self.period}"

    @property
    def lookback(self) -> int:
        """The period."""
        return self.period

    def step(self, window: Window, bar: Bar) -> tuple[Window, float | None]:
        """Take one bar; answer the next window and the deviation, null while warming up."""
        n = self.period
        window = _slid(window, bar.close, n)
        if len(window) < n:
            return window, None
        oldest = window[0]
        total = 0.0
        for x in window:
            total += x - oldest
        mean = total / n
        squares = 0.0
        for x in window:
            residual = (x - oldest) - mean
            squares += residual * residual
        return window, math.sqrt(squares / n)

    # What overflows is infinite and goes on, as in Python's own arithmetic bar by bar.
    @np.errstate(over="ignore", invalid="ignore")
    def over(self, bars: Bars) -> npt.NDArray[np.float64]:
        """Give the deviations at all bars that have one."""
        closes, n = bars.close, self.period
        mean = _added(_residuals(closes, n)) / n
        return np.sqrt(_added((r - mean) * (r - mean) for r in _residuals(closes, n)) / n)


_Floats: TypeAlias = npt.NDArray[np.float64]


def _windows(closes: _Floats, period: int) -> int:
    """Count the windows of ``period`` closes."""
    return max(0, len(closes) - period + 1)


def _residuals(closes: _Floats, period: int) -> Iterator[_Floats]:
    """Give, oldest first, how far the i-th close of every window is from the window's oldest."""
    count = _windows(closes, period)
    for i in range(period if count else 1):  # a period beyond all bars may be any number
        yield closes[i : i + count] - closes[:count]


def _added(terms: Iterable[_Floats]) -> _Floats:
    """Add arrays from left to right, which `numpy.sum` would not."""
    total: _Floats | float = 0.0
    for term in terms:
        total = total + term
    assert not isinstance(total, float)  # a period is at least 1
    return total
