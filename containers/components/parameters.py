"""What a component's parameters may be: declared once, checked when a configuration is read."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Parameter", "ParameterValue", "integer", "number"]

ParameterValue: TypeAlias = int | float


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a component.

    Attributes:
        kind: ``integer`` takes whole numbers only; ``number`` takes both and stores a float.
        default: Used when the configuration says nothing.
        minimum: Smallest value allowed, inclusive; null for none.
    """

    kind: Literal["integer", "number"]
    default: ParameterValue
    minimum: ParameterValue | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``; null when nothing is.

        >>> integer(10, minimum=1).problem(0)
        'found 0, expected a whole number of at least 1'
        >>> number(2.0).problem(3) is None
        True
        """
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = whole or (self.kind == "number" and isinstance(value, float) and value - value == 0)
        in_range = fits and (self.minimum is None or value >= self.minimum)  # type: ignore[operator]  # fits: a number
        if in_range:
            return None
        noun = "a whole number" if self.kind == "integer" else "a finite number"
        bound = "" if self.minimum is None else f" of at least {self.minimum}"
        return f"found {value!r}, expected {noun}{bound}"


def integer(default: int, *, minimum: int | None = None) -> Parameter:
    """Declare a parameter that takes whole numbers."""
    return Parameter(kind="integer", default=default, minimum=minimum)


def number(default: float, *, minimum: float | None = None) -> Parameter:
    """Declare a parameter that takes any finite number."""
    return Parameter(kind="number", default=default, minimum=minimum)
