"""Windows of base bars, and the functions with which sequences work them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from declarative.expressions import ExpressionError

__all__ = ["FUNCTIONS", "share"]


def share(count: int, ratio: float) -> int:
    """Give the whole bars of a share, the ratio taken as the decimal that was written.

    >>> share(100, 0.29), int(100 * 0.29)
    (29, 28)
    """
    return int(count * Fraction(repr(ratio)))


def _choose(condition: bool, then: Any, otherwise: Any) -> Any:
    if not isinstance(condition, bool):
        raise ExpressionError(f"choose(…): found {condition!r}, expected true or false")
    return then if condition else otherwise


def _either(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "share": share,
    "choose": _choose,
    "either": _either,
    "least": min,
    "most": max,
}
"""What expressions of sequences may call: `share(count, ratio)`; `choose(condition, then,
otherwise)`; `either(value, otherwise)` when the value is null; `least` and `most` of several."""
