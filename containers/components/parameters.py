"""What a component's parameters may be: declared once, checked when a configuration is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, TypeGuard

import msgspec

__all__ = ["Parameter", "ParameterValue", "Wrong", "integer", "members", "number"]

ParameterValue: TypeAlias = int | float


class Wrong(NamedTuple):
    """What is wrong with a value: where below the parameter, what, and what to do (null: obvious).

    ``below`` is empty when it is the value itself.
    """

    below: tuple[str, ...]
    message: str
    hint: str | None = None


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a component.

    Attributes:
        kind: ``integer`` takes whole numbers only; ``number`` takes both and stores a float;
            ``members`` takes a mapping from names of strategies to weights, stored as floats in
            the order written.
        default: Used when the configuration says nothing: an int, a float, or for ``members`` an
            empty mapping, which is no value that it takes: members must be given.
        minimum: Smallest value allowed, inclusive; null for none.
    """

    kind: Literal["integer", "number", "members"]
    default: Any
    minimum: ParameterValue | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``, the first thing if several; null when nothing is.

        >>> integer(10, minimum=1).problem(0)
        'found 0, expected a whole number of at least 1'
        >>> number(2.0).problem(3) is None
        True
        """
        return next((wrong.message for wrong in self.problems(value)), None)

    def problems(self, value: object) -> Iterator[Wrong]:
        """Say everything that is wrong with ``value``.

        >>> list(members().problems({"fast": 1, "slow": "much"}))
        [Wrong(below=('slow',), message="found 'much', expected a finite number", hint=None)]
        """
        if self.kind == "members":
            yield from _problems_of_members(value)
            return
        fits = _is_number(value) and (self.kind == "number" or isinstance(value, int))
        if not (fits and (self.minimum is None or value >= self.minimum)):  # type: ignore[operator]  # fits: a number
            noun = "a whole number" if self.kind == "integer" else "a finite number"
            bound = "" if self.minimum is None else f" of at least {self.minimum}"
            yield Wrong((), f"found {value!r}, expected {noun}{bound}")

    def stored(self, value: Any) -> Any:
        """Give ``value``, in which nothing is wrong, as the type the component is handed.

        >>> number(2.0).stored(3), members().stored({"fast": 1})
        (3.0, {'fast': 1.0})
        """
        if self.kind == "members":
            return {name: float(weight) for name, weight in value.items()}
        return float(value) if self.kind == "number" else value


def integer(default: int, *, minimum: int | None = None) -> Parameter:
    """Declare a parameter that takes whole numbers."""
    return Parameter(kind="integer", default=default, minimum=minimum)


def number(default: float, *, minimum: float | None = None) -> Parameter:
    """Declare a parameter that takes any finite number."""
    return Parameter(kind="number", default=default, minimum=minimum)


def members() -> Parameter:
    """Declare a parameter that names strategies and weighs them.

    The configuration checks that each is declared before the component that names it.
    """
    return Parameter(kind="members", default={})


_EXAMPLE = "write {NAME: WEIGHT}, NAME being a strategy declared before this one"


def _problems_of_members(value: object) -> Iterator[Wrong]:
    if not isinstance(value, Mapping):
        yield Wrong((), f"found {value!r}, expected a mapping from strategies to weights", _EXAMPLE)
        return
    if not value:
        yield Wrong((), "found no members, expected at least one", _EXAMPLE)
        return
    total, finite = 0.0, True
    for name, weight in value.items():
        if _is_number(weight):
            total += abs(weight)
        else:
            finite = False
            hint = "remove the quotes" if _is_quoted_number(weight) else None
            yield Wrong((name,), f"found {weight!r}, expected a finite number", hint)
    if not finite:
        return
    if total == 0.0:
        hint = "give at least one member a weight"
        yield Wrong((), "found weights that are all 0, so that no member has a say", hint)
    elif not math.isfinite(total):
        yield Wrong((), "found weights whose sum is beyond all floats", "write smaller ones")


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_quoted_number(value: object) -> bool:
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False
