"""Comparing two plain values: types count, and floats are compared by their bits.

5 is not "5", 1 is not True, 0.0 is not -0.0, and a NaN equals nothing, not even a NaN.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Hashable, Mapping
from typing import Any

__all__ = ["distances", "identity", "same", "ulp_distance"]


def same(left: object, right: object) -> bool:
    """Say whether two scalars are the same value of the same type.

    >>> same(1, True), same(1, 1.0), same(0.0, -0.0), same(2.5, 2.5)
    (False, False, False, True)
    >>> same(float("nan"), float("nan"))
    False
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1.0, left) == math.copysign(1.0, right)
    if isinstance(left, Mapping | list | tuple | set | frozenset):
        return identity(left) == identity(right)
    return bool(left == right)


def distances(left: object, right: object) -> tuple[float | None, int | None]:
    """Say how far two numbers of one type are apart, and by how many doubles.

    Null, both, for anything else and with a NaN; of integers there are no doubles between.

    >>> distances(1.0, 1.5), distances(3, 5), distances(3, 5.0), distances(True, False)
    ((0.5, 2251799813685248), (2.0, None), (None, None), (None, None))
    """
    if isinstance(left, float) and isinstance(right, float):
        apart = abs(left - right)
        return (None, None) if math.isnan(apart) else (apart, ulp_distance(left, right))
    if type(left) is int and type(right) is int:
        whole = abs(left - right)
        return (float(whole) if whole.bit_length() < 1024 else math.inf), None
    return None, None


def ulp_distance(left: float, right: float) -> int | None:
    """Count the doubles between two numbers; null when either is not finite.

    >>> ulp_distance(1.0, 1.0000000000000002), ulp_distance(0.0, -0.0)
    (1, 0)
    """
    if not (math.isfinite(left) and math.isfinite(right)):
        return None
    return abs(_rank(left) - _rank(right))


def _rank(value: float) -> int:
    """Number the doubles in order, both zeros 0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    assert isinstance(bits, int)
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


class _Unlike:
    """Equal to nothing but itself: what stands for a NaN."""


def identity(value: Any) -> Hashable:
    """Give what two values share exactly when they are the same in every part, types included.

    The order of keys has no meaning, that of lists has; a tuple is a list.

    >>> identity([1, {"a": 2.0}]) == identity((1, {"a": 2.0}))
    True
    >>> identity([1]) == identity([True]), identity({1: "a"}) == identity({True: "a"})
    (False, False)
    """
    if isinstance(value, Mapping):
        entries = ((type(key), key, identity(part)) for key, part in value.items())
        return ("mapping", frozenset(entries))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(identity, value)))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(map(identity, value)))
    if isinstance(value, float):
        if math.isnan(value):
            return _Unlike()
        return (type(value), value, math.copysign(1.0, value))
    try:
        hash(value)
    except TypeError:
        return (type(value), repr(value))
    return (type(value), value)
