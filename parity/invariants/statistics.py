"""Statistics of figures over iterations. `docs/semantics.md` 8.3."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from parity.invariants.figures import add_up

__all__ = ["aggregate", "means", "statistics_of"]

_PERCENTILES: Final = (5, 25, 50, 75, 95)


def aggregate(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what ``aggregate_metrics`` says of iterations with these metrics."""
    names: dict[str, None] = {}
    for found in metrics:
        names.update(dict.fromkeys(found))
    return {
        "iterations": len(metrics),
        "statistics": {
            name: statistics_of([found.get(name) for found in metrics]) for name in names
        },
    }


def means(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the mean of each metric over iterations."""
    return {name: found["mean"] for name, found in aggregate(metrics)["statistics"].items()}


def statistics_of(values: Sequence[float | None]) -> dict[str, Any]:
    """Give the statistics of some values, of which the null ones are left out and counted."""
    there = [float(value) for value in values if value is not None]
    count = len(there)
    found: dict[str, Any] = {"count": count, "nulls": len(values) - count}
    names = ("mean", "std", "min", "max", *(f"p{q}" for q in _PERCENTILES))
    if not count:
        return {**found, **dict.fromkeys(names)}
    mean = add_up(there) / count
    std = None
    if count > 1:
        std = _root(add_up((x - mean) * (x - mean) for x in there) / (count - 1))
    ordered = sorted(there)
    figures = [mean, std, ordered[0], ordered[-1], *(_percentile(ordered, q) for q in _PERCENTILES)]
    finite = [x if x is not None and math.isfinite(x) else None for x in figures]
    return {**found, **dict(zip(names, finite, strict=True))}


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0.0 else math.nan


def _percentile(ordered: Sequence[float], q: int) -> float:
    h = (len(ordered) - 1) * q / 100
    i = math.floor(h)
    if h == i:
        return ordered[i]
    return ordered[i] + (h - i) * (ordered[i + 1] - ordered[i])
