"""Which of several is best by an objective. `docs/semantics.md` 6, at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["HOLDS", "best_of"]

HOLDS: Final = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
"""Whether each operator of a threshold holds; apart from the engines' tables, which are judged."""


def best_of(metrics: Sequence[Mapping[str, Any]], objective: Mapping[str, Any]) -> int:
    """Give the index of the best: constraints first, then null, then value, ties to the first.

    Args:
        metrics: Of each, at least one.
        objective: Resolved.
    """
    best, best_rank = 0, None
    for index, found in enumerate(metrics):
        value = found.get(objective["metric"])
        broken = any(_breaks(found, constraint) for constraint in objective["constraints"])
        signed = 0.0 if value is None else (-value if objective["direction"] == "max" else value)
        rank = (broken, value is None, signed)
        if best_rank is None or rank < best_rank:
            best, best_rank = index, rank
    return best


def _breaks(metrics: Mapping[str, Any], constraint: Mapping[str, Any]) -> bool:
    value = metrics.get(constraint["metric"])
    return value is None or not HOLDS[constraint["operator"]](value, constraint["value"])
