"""What the indicators of the last n bars share: their state, and loops over many windows at once.

Every window is taken afresh and its terms are added oldest first. A running sum would drift, and
would break exact ties of two averages.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from containers.components.interfaces import Floats

__all__ = [
    "Window",
    "deviation",
    "deviations",
    "joined",
    "mean_residual",
    "mean_residuals",
    "newest",
    "slid",
]

Window: TypeAlias = list[float]
"""The state: the newest prices, oldest first, fewer while warming up.

A list, since that is the fastest to slide along; it is never changed once it has been handed out.
"""


def slid(window: Window, price: float, length: int) -> Window:
    """Give a new window that ends with ``price``; the old one stays as it is."""
    return [*(window[1:] if len(window) == length else window), price]


def joined(window: Window, prices: Floats) -> Floats:
    """Give the prices of a window and those that follow it, in a row."""
    return np.concatenate((window, prices))


def newest(series: Floats, length: int) -> Window:
    """Give the window that a series of prices ends with."""
    window: Window = series[-length:].tolist()
    return window


def mean_residual(window: Sequence[float]) -> float:
    """Give (sum of (xi - x0)) / n over a window of n values, x0 the oldest."""
    oldest, total = window[0], 0.0
    for x in window:
        total += x - oldest
    return total / len(window)


def mean_residuals(series: Floats, length: int) -> Floats:
    """Give `mean_residual` of every window of ``length`` values: (max(0, k - length + 1),)."""
    return _added(_residuals(series, length)) / length


def deviation(window: Sequence[float]) -> float:
    """Give the population standard deviation, in two passes over residuals from the oldest.

    di = xi - x0, m = (sum of di) / n, sqrt((sum of (di - m) x (di - m)) / n).
    """
    oldest, mean = window[0], mean_residual(window)
    squares = 0.0
    for x in window:
        residual = (x - oldest) - mean
        squares += residual * residual
    return math.sqrt(squares / len(window))


def deviations(series: Floats, length: int) -> Floats:
    """Give `deviation` of every window of ``length`` values: (max(0, k - length + 1),)."""
    mean = mean_residuals(series, length)
    return np.sqrt(_added(_squared(r - mean) for r in _residuals(series, length)) / length)


def _residuals(series: Floats, length: int) -> Iterator[Floats]:
    """Give, oldest first, how far the i-th value of every window is from the window's oldest.

    It is always the same array, filled anew: to make one each time would take as long again.
    """
    count = max(0, len(series) - length + 1)
    oldest = series[:count]
    residuals = np.empty(count)
    for i in range(length if count else 1):  # a length beyond all values may be any number
        yield np.subtract(series[i : i + count], oldest, out=residuals)


def _squared(numbers: Floats) -> Floats:
    numbers *= numbers
    return numbers


def _added(terms: Iterator[Floats]) -> Floats:
    """Add arrays from left to right, which `numpy.sum` would not."""
    total = 0.0 + next(terms)
    for term in terms:
        total += term
    return total
