"""How long a subject in a process of its own may take, and how much memory."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from parity.errors import UsageError

__all__ = [
    "DEFAULT_TIME",
    "UNLIMITED",
    "Limits",
    "default_memory",
    "parse_memory_limit",
    "parse_time_limit",
]

_SECONDS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final[Mapping[str, int]] = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([a-zA-Z]*)", re.ASCII)
_NONE: Final = "none"

DEFAULT_TIME: Final = "1h"
"""Long for a verification, short for whoever waits for a run that hangs."""


class Limits(msgspec.Struct, frozen=True):
    """What one run of a subject may use; null: as much as it likes.

    Attributes:
        time_s: Seconds on the clock of the wall, from the start of its process. A hang need not
            use the processor, so processor time would not end it.
        memory_bytes: Memory of its process and those it began, together: private and shared, files
            that are only mapped left out.
        time_text: The limit of time as it was given, for reports.
        memory_text: That of memory.
    """

    time_s: float | None = None
    memory_bytes: int | None = None
    time_text: str = _NONE
    memory_text: str = _NONE


UNLIMITED: Final = Limits()


def parse_time_limit(text: str) -> float | None:
    """Read a limit of time, in seconds; null for ``none``.

    >>> parse_time_limit("10m"), parse_time_limit("1.5s"), parse_time_limit("none")
    (600.0, 1.5, None)

    Raises:
        UsageError: It is none, or not above 0.
    """
    return _parse("--time-limit", text, _SECONDS, "like 30s, 10m or 2h")


def parse_memory_limit(text: str) -> int | None:
    """Read a limit of memory, in bytes; null for ``none``.

    >>> parse_memory_limit("512M"), parse_memory_limit("1.5G")
    (536870912, 1610612736)

    Raises:
        UsageError: It is none, or not above 0.
    """
    found = _parse("--memory-limit", text, _BYTES, "like 512M or 4G")
    return None if found is None else int(found)


def _parse(option: str, text: str, units: Mapping[str, float], like: str) -> float | None:
    if text == _NONE:
        return None
    parts = _AMOUNT.fullmatch(text)
    unit = None if parts is None else units.get(parts[2])
    if parts is None or unit is None:
        known = ", ".join(units)
        raise UsageError(f"{option} {text}: expected a number with a unit ({known}), {like}, or "
                         f"'{_NONE}' for no limit")  # fmt: skip
    amount = float(parts[1]) * unit
    if not amount:
        raise UsageError(f"{option} {text}: expected more than 0, or '{_NONE}' for no limit")
    return amount


def default_memory() -> str:
    """Give three quarters of this machine's memory, or of what its control group may use.

    So a subject is ended with a verdict before the system ends whatever it chooses.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        allowed = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        total = min(total, int(allowed))
    except (OSError, ValueError):
        pass  # there is no such group, or it has no limit
    return f"{max(total * 3 // 4 // 2**20, 1)}M"
