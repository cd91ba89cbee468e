"""Plain values as references and expressions see them: steps, kinds, equality, text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import msgspec
import numpy as np

from containers.nearest import did_you_mean
from containers.outputs import plain_output
from containers.results import IterationResult

__all__ = ["as_text", "equal", "fields_of", "is_list", "is_number", "kind_of", "step_into"]


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether ``value`` is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Say whether ``value`` is a list of things, one that is read from files included."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def kind_of(value: object) -> str:
    """Name a value in messages.

    >>> kind_of(None), kind_of(True), kind_of("a"), kind_of(1.5), kind_of([1])
    ('null', 'true', "text 'a'", '1.5', 'a list')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"text {value!r}" if len(value) <= 40 else f"text of {len(value)} characters"
    if is_number(value):
        return repr(value)
    if isinstance(value, Mapping):
        return "a mapping"
    if is_list(value):
        return "a list"
    return f"a {type(value).__name__}"


def fields_of(value: object) -> Mapping[str, Any] | None:
    """Give a mapping, or that of the fields of a part of a result; null for anything else.

    A trace is left out: its summary stands beside it.
    """
    if isinstance(value, IterationResult):
        return {k: getattr(value, k) for k in value.__struct_fields__ if k != "trace"}
    if isinstance(value, msgspec.Struct):
        return {k: getattr(value, k) for k in value.__struct_fields__}
    return value if isinstance(value, Mapping) else None


def step_into(value: object, key: object) -> Any:
    """Take the item ``key`` of a mapping, a list, or the fields of a frozen result.

    Raises:
        LookupError: There is none; the message names the nearest.
    """
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        if isinstance(key, str) and key in fields:
            return getattr(value, key)
        raise LookupError(_not_there(key, fields))
    if isinstance(value, Mapping):
        # A mapping of ours has text for keys; 1 would else find True.
        if isinstance(key, str) and key in value:
            return value[key]
        raise LookupError(_not_there(key, [str(known) for known in value]))
    if is_list(value):
        if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(value):
            return value[key]
        raise LookupError(f"a list of {len(value)} has no item {kind_of(key)}; they count from 0")
    raise LookupError(f"{kind_of(value)} has no item {kind_of(key)}")


def equal(left: object, right: object) -> bool:
    """Compare as expressions do: 1 is 1.0, but true is not 1; unlike types are unequal.

    Parts of a result are compared field by field, wherever they lie.
    """
    if is_number(left) and is_number(right):
        return left == right
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.array_equal(left, right)
    first, second = fields_of(left), fields_of(right)
    if first is not None and second is not None:
        same = first.keys() == second.keys()
        return same and all(equal(first[key], second[key]) for key in first)
    return type(left) is type(right) and left == right


def as_text(value: object) -> str:
    """Write a value inside text: text as it is, everything else as JSON.

    >>> as_text("a"), as_text(True), as_text(None), as_text(1.5), as_text([1, 2])
    ('a', 'true', 'null', '1.5', '[1, 2]')
    """
    if isinstance(value, str):
        return value
    return json.dumps(plain_output(value), ensure_ascii=False, allow_nan=False)


def _not_there(key: object, known: Any) -> str:
    return f"there is no {kind_of(key).removeprefix('text ')}; {did_you_mean(str(key), known)}"
