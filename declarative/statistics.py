"""Figures over several results: statistics, means, sums, and which of them is the best.

Everything is added from 0.0, in order, one term at a time; nulls are left out. What is undefined
or overflows is null.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from containers.configuration import Constraint, ObjectiveSettings
from containers.results import Metric, Metrics

__all__ = [
    "OPERATORS",
    "Figures",
    "best_of",
    "rank_of",
    "statistics",
    "total",
]

OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
"""What the operators of constraints and thresholds mean, for numbers."""

Rank: TypeAlias = tuple[bool, bool, float]
"""Sorts the best first: breaks a constraint, is null, the value turned so that less is better."""

_PERCENTILES: Final = (5, 25, 50, 75, 95)


def statistics(values: Iterable[Metric]) -> dict[str, Metric]:
    """Give count, nulls, mean, std (two passes, of a sample), min, max and percentiles.

    >>> figures = statistics([1, 2.0, None, 4.0])
    >>> [figures[name] for name in ("count", "nulls", "mean", "min", "p50")]
    [3, 1, 2.3333333333333335, 1.0, 2.0]
    """
    everything = list(values)
    known = [float(value) for value in everything if value is not None]
    count = len(known)
    figures: dict[str, Metric] = {"count": count, "nulls": len(everything) - count}
    mean = _mean(known)
    ordered = sorted(known)
    return {
        **figures,
        "mean": mean,
        "std": _deviation(known, mean),
        "min": ordered[0] if ordered else None,
        "max": ordered[-1] if ordered else None,
        **{f"p{q}": _percentile(ordered, q) for q in _PERCENTILES},
    }


class Figures:
    """The metrics of iterations, in their order: eight bytes for each number.

    >>> figures = Figures()
    >>> figures.add({"bars": 2})
    >>> figures.add({"bars": 3, "win_rate": None})
    >>> figures.means()
    {'bars': 2.5, 'win_rate': None}
    """

    def __init__(self) -> None:
        self._count = 0
        self._columns: dict[str, array[float]] = {}

    def add(self, metrics: Metrics) -> None:
        """Take the metrics of the next iteration."""
        columns = self._columns
        for name in metrics:
            if name not in columns:
                columns[name] = array("d", [math.nan]) * self._count
        for name, column in columns.items():
            value = metrics.get(name)
            column.append(math.nan if value is None else value)
        self._count += 1

    def statistics(self) -> dict[str, Any]:
        """Give ``{iterations, statistics: {metric: …}}``."""
        figures = {name: statistics(_values(column)) for name, column in self._columns.items()}
        return {"iterations": self._count, "statistics": figures}

    def means(self) -> Metrics:
        """Give the mean of each metric; null where none has a value."""
        return {
            name: _mean([value for value in _values(column) if value is not None])
            for name, column in self._columns.items()
        }


def _values(column: array[float]) -> Iterator[float | None]:
    """Give what stands in a column: null for what is no number, as no metric is."""
    return (None if math.isnan(value) else value for value in column)


def total(values: Iterable[Metric]) -> float | None:
    """Add up from 0.0, in order; null when a term is null or the sum overflows."""
    added = 0.0
    for value in values:
        if value is None:
            return None
        added += value
    return added if math.isfinite(added) else None


def rank_of(metrics: Metrics, objective: ObjectiveSettings) -> Rank:
    """Give what sorts the best first: constraint breakers last, then null, then by value."""
    breaks = any(_breaks(metrics, constraint) for constraint in objective.constraints)
    value = metrics.get(objective.metric)
    if value is None:
        return breaks, True, 0.0
    return breaks, False, -value if objective.direction == "max" else value


def best_of(candidates: Mapping[str, Metrics], objective: ObjectiveSettings) -> str | None:
    """Name the best of several; ties go to the first. Null without any."""
    ranks = {name: rank_of(metrics, objective) for name, metrics in candidates.items()}
    return min(ranks, key=ranks.__getitem__, default=None)


def _breaks(metrics: Metrics, constraint: Constraint) -> bool:
    value = metrics.get(constraint.metric)
    return value is None or not OPERATORS[constraint.operator](value, constraint.value)


def _mean(known: Sequence[float]) -> float | None:
    if not known:
        return None
    added = 0.0
    for value in known:
        added += value
    return _finite(added / len(known))


def _deviation(known: Sequence[float], mean: float | None) -> float | None:
    if len(known) < 2 or mean is None:
        return None
    squares = 0.0
    for value in known:
        squares += (value - mean) * (value - mean)
    return _finite(math.sqrt(squares / (len(known) - 1)))


def _percentile(ordered: Sequence[float], q: int) -> float | None:
    """Interpolate linearly between the two nearest ranks."""
    if not ordered:
        return None
    height = (len(ordered) - 1) * q / 100
    below = math.floor(height)
    if height == below:
        return ordered[below]
    value = ordered[below]
    return _finite(value + (height - below) * (ordered[below + 1] - value))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
