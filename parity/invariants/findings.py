"""What a check finds while it looks: how much it looked at, and the first thing that is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from parity.comparison.outcome import Difference
from parity.comparison.values import same

__all__ = ["Findings", "alike", "surely_finite"]

_SCALARS: Final = (str, float, int, bool, type(None))


class Findings:
    """The tally of one check over one run.

    Attributes:
        compared: How many things were looked at.
        first: The first thing that is not as it must be; null while there is none.
        silence: Why some of it could not be looked at; null when all of it could.
    """

    def __init__(self) -> None:
        self.compared = 0
        self.first: Difference | None = None
        self.silence: str | None = None

    def equal(self, path: str, due: Any, found: Any, fields: tuple[str, ...] = ()) -> bool:
        """Look at one thing: ``found`` must be ``due``, bit by bit and type by type."""
        self.compared += 1
        if alike(due, found):
            return True
        self.breaks(path, due, found, fields)
        return False

    def holds(self, path: str, is_so: bool, due: Any, found: Any) -> bool:
        """Look at one thing, of which the check itself says whether it ``is_so``."""
        self.compared += 1
        if not is_so:
            self.breaks(path, due, found)
        return is_so

    def breaks(
        self,
        path: str,
        due: Any,
        found: Any,
        fields: tuple[str, ...] = (),
        unit: str | None = None,
    ) -> None:
        """Keep a thing that is not as it must be, if it is the first."""
        if self.first is None:
            self.first = Difference(path, control=due, candidate=found, fields=fields, unit=unit)

    def passes_over(self, reason: str) -> None:
        """Say why something could not be looked at."""
        if self.silence is None:
            self.silence = reason


def alike(left: Any, right: Any) -> bool:
    """Say whether two plain trees are the same: types of scalars count, and bits of floats.

    A tuple is a list, since results hold either, and the order of a mapping's keys does not count.

    >>> alike({"a": (1, 2.0)}, {"a": [1, 2.0]}), alike([1], [1.0])
    (True, False)
    """
    if left is right and left == left:
        return True
    if isinstance(left, _SCALARS):
        return same(left, right)
    try:
        # MessagePack keeps types and bits apart, and most trees are the same.
        packed = msgspec.msgpack.encode(left)
        if packed == msgspec.msgpack.encode(right) and (_is_finite(packed) or _has_no_nan(left)):
            return True
    except (TypeError, ValueError, OverflowError):
        pass  # something in it is no plain value: then value by value
    return _alike(left, right)


def surely_finite(tree: Any) -> bool:
    """Say whether a tree surely has neither NaN nor infinity; quick, and may say no of one.

    >>> surely_finite({"a": [1.5, None]}), surely_finite([float("nan")])
    (True, False)
    """
    try:
        return _is_finite(msgspec.msgpack.encode(tree))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_finite(packed: bytes) -> bool:
    # A float is 0xcb and its eight bytes, the first of which are the sign and the exponent.
    return b"\xcb\x7f" not in packed and b"\xcb\xff" not in packed


def _has_no_nan(tree: Any) -> bool:
    try:
        json.dumps(tree, allow_nan=False)
    except ValueError:
        return False
    return True


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_alike(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_alike, left, right))
    return same(left, right)
