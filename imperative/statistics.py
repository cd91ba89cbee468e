"""Statistics over iterations: mean, sample deviation, extremes, percentiles.

Sums run in index order from 0.0. A percentile q of the sorted values stands at
h = (count - 1) x q / 100, between two of them by linear interpolation. Nulls are left out and
counted; a figure that is undefined or overflows is null.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from typing import Any, Final

from containers.results import Metric

__all__ = ["PERCENTILES", "MetricTable", "statistics"]

PERCENTILES: Final = (5, 25, 50, 75, 95)


def statistics(values: Iterable[Metric]) -> dict[str, Any]:
    """Give the statistics of one metric over iterations.

    >>> figures = statistics([1.0, None, 3.0])
    >>> figures["count"], figures["nulls"], figures["mean"], figures["p25"]
    (2, 1, 2.0, 1.5)
    """
    everything = list(values)
    held = [float(value) for value in everything if value is not None]
    mean = _mean(held)
    ordered = sorted(held)
    figures: dict[str, float | None] = {
        "mean": mean,
        "std": _deviation(held, mean),
        "min": ordered[0] if held else None,
        "max": ordered[-1] if held else None,
        **{f"p{q}": _percentile(ordered, q) for q in PERCENTILES},
    }
    counts = {"count": len(held), "nulls": len(everything) - len(held)}
    return counts | {name: _finite(value) for name, value in figures.items()}


class MetricTable:
    """Metrics of iterations as they come, one column of floats per metric, NaN for null."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[str, array[float]] = {}

    def add(self, metrics: Mapping[str, Metric]) -> None:
        """Take the metrics of the next iteration."""
        for name in metrics.keys() - self._columns.keys():
            self._columns[name] = array("d", [math.nan]) * self._rows
        for name in metrics if not self._rows else ():
            self._columns[name] = self._columns.pop(name)  # in their own order
        for name, column in self._columns.items():
            value = metrics.get(name)
            column.append(math.nan if value is None else value)
        self._rows += 1

    def aggregate(self) -> dict[str, Any]:
        """Give what a phase reports: how many iterations, and the statistics of each metric."""
        return {
            "iterations": self._rows,
            "statistics": {name: _of(column) for name, column in self._columns.items()},
        }

    def means(self) -> dict[str, Metric]:
        """Give the mean of each metric."""
        return {name: _of(column)["mean"] for name, column in self._columns.items()}


def _of(column: array[float]) -> dict[str, Any]:
    return statistics(None if math.isnan(value) else value for value in column)


def _mean(values: list[float]) -> float | None:
    if not values:
        return None
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


def _deviation(values: list[float], mean: float | None) -> float | None:
    if mean is None or len(values) < 2:
        return None
    total = 0.0
    for value in values:
        total += (value - mean) * (value - mean)
    return math.sqrt(total / (len(values) - 1)) if math.isfinite(total) else None


def _percentile(ordered: list[float], q: int) -> float | None:
    if not ordered:
        return None
    h = (len(ordered) - 1) * q / 100
    i = math.floor(h)
    if h == i:
        return ordered[i]
    return ordered[i] + (h - i) * (ordered[i + 1] - ordered[i])


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
