"""How far apart two numbers of one type may be.

A pair is within a tolerance when it is within **any** of its bounds, as with `pytest.approx` and
`math.isclose`; the share that it uses is its distance in units of the widest bound there.

- ``abs`` bounds the distance of two integers, or of two floats. Integers, nanoseconds among them,
  are compared as integers: no float is made of them.
- ``rel`` bounds the distance of two floats by that share of the control's.
- ``ulp`` bounds the doubles that lie between two floats; -0.0 and 0.0 are 0 apart.
- ``nan_equal`` takes a NaN for any other NaN.

Everything else is beyond every tolerance: null against a number, another type, truth values, text,
an infinity against anything else. `Tolerance.share` takes one pair, `Tolerance.shares` columns.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from parity.comparison.values import ulp_distance

__all__ = ["Tolerance"]

_MOST: Final = 2**64 - 1
_MAGNITUDE: Final = np.int64(0x7FFFFFFFFFFFFFFF)


class Tolerance(msgspec.Struct, frozen=True):
    """Bounds that are all finite and not negative; null where there is none.

    Attributes:
        abs: Largest distance.
        rel: Largest distance as a share of the control's value.
        ulp: Most doubles between the two.
        nan_equal: Whether a NaN equals a NaN.
    """

    abs: float | int | None = None
    rel: float | int | None = None
    ulp: int | None = None
    nan_equal: bool = False

    def share(self, left: Any, right: Any) -> float | None:
        """Say how much of the tolerance two values use, 0 to 1; null when they are beyond it.

        >>> Tolerance(abs=50).share(1_700_000_000_000_000_099, 1_700_000_000_000_000_000)
        >>> Tolerance(abs=200).share(1_700_000_000_000_000_100, 1_700_000_000_000_000_000)
        0.5
        """
        if type(left) is int and type(right) is int:
            return None if self.abs is None else _within(abs(left - right), self.abs)
        if type(left) is not float or type(right) is not float:
            return None
        if math.isnan(left) and math.isnan(right):
            return 0.0 if self.nan_equal else None
        distance = abs(left - right)
        if not math.isfinite(distance):
            return None
        shares = []
        if self.abs is not None:
            shares.append(_within(distance, self.abs))
        if self.rel is not None:
            shares.append(_within(distance, self.rel * abs(left)))
        if self.ulp is not None:
            apart = ulp_distance(left, right)
            assert apart is not None  # both are finite
            shares.append(_within(apart, self.ulp))
        return min((share for share in shares if share is not None), default=None)

    def shares(self, left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Do as `share` for each pair of two int64 or two float64 columns; NaN for null."""
        if left.dtype != right.dtype or left.dtype not in (np.int64, np.float64):
            return np.full(len(left), np.nan)
        if left.dtype == np.int64:
            return self._of_integers(left, right)
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(left - right)
            shares = np.full(len(left), np.nan)
            if self.abs is not None:
                shares = np.fmin(shares, _all_within(distance, np.float64(self.abs)))
            if self.rel is not None:
                shares = np.fmin(shares, _all_within(distance, self.rel * np.abs(left)))
            if self.ulp is not None:
                shares = np.fmin(shares, _of_counts(_ranks(left), _ranks(right), self.ulp))
        shares[~np.isfinite(distance)] = np.nan
        if self.nan_equal:
            shares[np.isnan(left) & np.isnan(right)] = 0.0
        return shares

    def _of_integers(
        self, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        if self.abs is None:
            return np.full(len(left), np.nan)
        return _of_counts(left, right, self.abs)


def _within(distance: float | int, bound: float | int) -> float | None:
    """Give the share of a bound; Python compares integers with floats exactly."""
    if not distance <= bound:
        return None
    return distance / bound if distance else 0.0


def _all_within(distance: npt.NDArray[Any], bound: Any) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(distance == 0, 0.0, distance / bound)
    return np.where(distance <= bound, shares, np.nan)


def _of_counts(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], bound: float | int
) -> npt.NDArray[np.float64]:
    """Give the shares of integers' distances, which need all of 64 bits and no sign."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    distance = high.view(np.uint64) - low.view(np.uint64)
    most = np.uint64(min(math.floor(bound), _MOST))
    # What is far beyond a tiny bound overflows, and is no share of it in the end.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        shares = np.where(distance == 0, 0.0, distance / float(bound))
    return np.where(distance <= most, shares, np.nan)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Number the doubles in order, both zeros 0, as `ulp_distance` does."""
    bits = values.view(np.int64)
    ranks: npt.NDArray[np.int64] = np.where(bits >= 0, bits, -(bits & _MAGNITUDE))
    return ranks
