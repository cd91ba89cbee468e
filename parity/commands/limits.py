"""Limits that a command takes as text."""

from __future__ import annotations

import re
from typing import Final

from parity.errors import UsageError

__all__ = ["seconds_of"]

_TIME: Final = re.compile(r"(?P<count>[0-9]+(?:\.[0-9]+)?)(?P<unit>s|m|h|)")
_SECONDS: Final = {"s": 1, "": 1, "m": 60, "h": 3_600}
_LONGEST_S: Final = 7 * 24 * 3_600


def seconds_of(text: str, option: str) -> float:
    """Read a length of time.

    >>> seconds_of("5m", "--time"), seconds_of("90s", "--time")
    (300.0, 90.0)

    Raises:
        UsageError: It is none, or is longer than a week.
    """
    match = _TIME.fullmatch(text)
    seconds = float(match["count"]) * _SECONDS[match["unit"]] if match else 0.0
    if not 0 < seconds <= _LONGEST_S:
        raise UsageError(
            f"{option} {text}: expected a length of time of at most a week, for example 90s, 5m, 1h"
        )
    return seconds
