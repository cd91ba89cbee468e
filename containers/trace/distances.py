"""How far floats are apart: absolutely, and counted in representable numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from containers.trace.columns import Floats

__all__ = ["Largest"]

_SIGN: Final = np.uint64(1 << 63)


class Largest:
    """The largest distances so far.

    Attributes:
        absolute: Of two floats; 0.0 when none was apart.
        ulp: The same in representable numbers; between -0.0 and 0.0 it is 1.
    """

    def __init__(self) -> None:
        self.absolute = 0.0
        self.ulp = 0

    def add(self, left: Floats, right: Floats) -> None:
        """Take in pairs of floats; those equal in bits or with a NaN have no distance."""
        apart = left.view(np.int64) != right.view(np.int64)
        apart &= ~(np.isnan(left) | np.isnan(right))
        if not apart.any():
            return
        left, right = left[apart], right[apart]
        with np.errstate(over="ignore"):  # two ends of the scale are infinitely far apart
            self.absolute = max(self.absolute, float(np.abs(left - right).max()))
        low, high = _ranks(left), _ranks(right)
        low, high = np.minimum(low, high), np.maximum(low, high)
        self.ulp = max(self.ulp, int((high - low).max()))


def _ranks(values: Floats) -> npt.NDArray[np.uint64]:
    """Number the floats in ascending order, as unsigned 64 bits: neighbours differ by 1."""
    bits = values.view(np.uint64)
    ranks: npt.NDArray[np.uint64] = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return ranks
