"""Comparing two plain values: types count, and floats are compared by their bits.

5 is not "5", 1 is not True, 0.0 is not -0.0, and a NaN equals nothing, not even a NaN.
"""

from __future__ import annotations

import math
import struct

__all__ = ["same", "ulp_distance"]


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
    return left == right


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
