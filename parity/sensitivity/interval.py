"""How far a share that was measured on a sample can be from the true one."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["wilson"]

_Z: Final = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution: 95 % of samples."""


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Give the 95 % score interval of a share, without continuity correction.

    Unlike the share plus and minus its error it stays within 0 and 1, and is honest where all or
    none were hit. Source: E. B. Wilson, "Probable inference, the law of succession, and
    statistical inference", JASA 22 (1927).

    Args:
        hits: How many of the sample, 0 to ``trials``.
        trials: Size of the sample, 1 or more.

    Returns:
        Lower and upper end, as shares.

    >>> low, high = wilson(10, 10)
    >>> round(low, 4), high
    (0.7225, 1.0)
    """
    share = hits / trials
    z2 = _Z * _Z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = _Z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    reach /= 1 + z2 / trials
    # At the ends the formula is exact but for rounding.
    low = 0.0 if hits == 0 else centre - reach
    high = 1.0 if hits == trials else centre + reach
    return low, high
