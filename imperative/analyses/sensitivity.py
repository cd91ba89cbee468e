"""How the objective's metric depends on each parameter that was tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from containers.results import IterationResult, Metric
from imperative.statistics import statistics
from imperative.values import as_text

__all__ = ["parameter_sensitivity"]


def parameter_sensitivity(iterations: Iterable[IterationResult], metric: str) -> dict[str, Any]:
    """Give ``{parameter: {value as text: statistics of the metric}}`` over all combinations.

    Args:
        iterations: Trees; combinations count at any depth.
        metric: Name of the metric.
    """
    found: dict[str, dict[str, list[Metric]]] = {}
    for combination in _combinations(iterations):
        for parameter, value in combination.parameters.items():
            values = found.setdefault(parameter, {}).setdefault(as_text(value), [])
            values.append(combination.metrics.get(metric))
    return {
        parameter: {value: statistics(own) for value, own in by_value.items()}
        for parameter, by_value in found.items()
    }


def _combinations(iterations: Iterable[IterationResult]) -> Iterator[IterationResult]:
    for iteration in iterations:
        if iteration.window.name == "combination":
            yield iteration
        yield from _combinations(iteration.iterations)
