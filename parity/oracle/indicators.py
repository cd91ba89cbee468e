"""Indicators, written as the formulas are: every window afresh, added oldest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

__all__ = ["History", "Indicator", "Request", "feature_name", "make_indicator"]

Request: TypeAlias = tuple[str, int]
"""Kind and length of an indicator, for example ``("sma", 10)``."""


@dataclass
class History:
    """The bars of one stream so far, oldest first; the last one is the current bar."""

    closes: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)


Indicator: TypeAlias = Callable[[History], float | None]
"""Called once for each bar, after it joined the history; null while warming up."""


def feature_name(request: Request) -> str:
    """Name the feature of an indicator, as in ``sma_10``."""
    kind, n = request
    return f"{kind}_{n}"


def make_indicator(request: Request) -> Indicator:
    """Make the indicator of one stream."""
    kind, n = request
    if kind == "rsi":
        return _Rsi(n)
    formula = _FORMULAS[kind]
    return lambda history: formula(history, n)


def _shifted_mean(values: Sequence[float]) -> float:
    """Mean as x₀ + (Σ (xᵢ − x₀)) ÷ n: exact where all values are equal.

    >>> _shifted_mean([1.1, 1.1, 1.1])
    1.1
    """
    first = values[0]
    total = 0.0
    for value in values:
        total += value - first
    return first + total / len(values)


def _population_std(values: Sequence[float]) -> float:
    """Standard deviation of residuals from the first value, divided by n.

    >>> _population_std([2.0, 4.0])
    1.0
    """
    first, n = values[0], len(values)
    residuals = [value - first for value in values]
    total = 0.0
    for residual in residuals:
        total += residual
    mean = total / n
    squares = 0.0
    for residual in residuals:
        squares += (residual - mean) * (residual - mean)
    return math.sqrt(squares / n)


def _sma(history: History, n: int) -> float | None:
    return _shifted_mean(history.closes[-n:]) if len(history.closes) >= n else None


def _std(history: History, n: int) -> float | None:
    return _population_std(history.closes[-n:]) if len(history.closes) >= n else None


def _highest(history: History, n: int) -> float | None:
    return max(history.highs[-n - 1 : -1]) if len(history.highs) > n else None


def _lowest(history: History, n: int) -> float | None:
    return min(history.lows[-n - 1 : -1]) if len(history.lows) > n else None


def _roc(history: History, n: int) -> float | None:
    closes = history.closes
    return closes[-1] / closes[-1 - n] - 1.0 if len(closes) > n else None


def _return_std(history: History, n: int) -> float | None:
    """Population standard deviation of the last n simple returns."""
    if len(history.closes) <= n:
        return None
    closes = history.closes[-n - 1 :]
    returns = [now / before - 1.0 for before, now in pairwise(closes)]
    return _population_std(returns)


_FORMULAS: Final[dict[str, Callable[[History, int], float | None]]] = {
    "sma": _sma,
    "std": _std,
    "highest": _highest,
    "lowest": _lowest,
    "roc": _roc,
    "return_std": _return_std,
}


class _Rsi:
    """Wilder's relative strength index: plain means of the first n changes, then smoothed."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._gain = 0.0
        self._loss = 0.0

    def __call__(self, history: History) -> float | None:
        n, changes = self._n, len(history.closes) - 1
        if changes < 1:
            return None
        change = history.closes[-1] - history.closes[-2]
        gain, loss = max(change, 0.0), max(-change, 0.0)
        if changes <= n:
            # Sums until the n-th change turns them into means.
            self._gain += gain
            self._loss += loss
            if changes < n:
                return None
            self._gain /= n
            self._loss /= n
        else:
            self._gain = (self._gain * (n - 1) + gain) / n
            self._loss = (self._loss * (n - 1) + loss) / n
        if self._loss == 0.0:
            return 50.0 if self._gain == 0.0 else 100.0
        return 100.0 - 100.0 / (1.0 + self._gain / self._loss)
