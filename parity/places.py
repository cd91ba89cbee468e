"""Structural paths as text: what part of a run a place belongs to.

A place is written as the journal does, outermost first, and can have more behind it:
``iteration=0/branch=wide/iteration=0/phase=x/window=2/window=0/unit=0/portfolio=a.b``.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["iteration_of", "phase_name", "phase_of", "unit_of", "windows_of"]

_UNIT: Final = re.compile(r"^.*?/unit=\d+(?=/|:|$)")
_PHASE: Final = re.compile(r"^(.*?(?:^|/)phase=([^/:]+))((?:/window=\d+)*)")


def unit_of(place: str) -> str | None:
    """Give the unit a place belongs to; null above the units.

    >>> unit_of("iteration=0/phase=x/window=2/unit=0/portfolio=a.b")
    'iteration=0/phase=x/window=2/unit=0'
    >>> unit_of("iteration=0/phase=x/portfolio=a.b") is None
    True
    """
    match = _UNIT.match(place)
    return None if match is None else match[0]


def phase_of(place: str) -> str:
    """Give the path of the phase a place belongs to; the place itself above the phases.

    >>> phase_of("iteration=0/branch=b/iteration=0/phase=x/window=2/unit=0")
    'iteration=0/branch=b/iteration=0/phase=x'
    """
    match = _PHASE.match(place)
    return place if match is None else match[1]


def phase_name(place: str) -> str | None:
    """Give the name of the phase a place belongs to; null above the phases.

    >>> phase_name("iteration=0/phase=x/window=2/unit=0: event 3")
    'x'
    """
    match = _PHASE.match(place)
    return None if match is None else match[2]


def iteration_of(place: str) -> str | None:
    """Give the iterations of the sequence a place lies in; null outside them.

    >>> iteration_of("iteration=0/phase=x/window=2/window=0/unit=0: event 3")
    'window=2/window=0'
    """
    match = _PHASE.match(place)
    return match[3][1:] if match is not None and match[3] else None


def windows_of(unit: str) -> list[str]:
    """Give the places of all iterations around a unit, outermost first.

    >>> windows_of("iteration=0/phase=x/window=2/window=0/unit=0")
    ['iteration=0/phase=x/window=2', 'iteration=0/phase=x/window=2/window=0']
    """
    phase = phase_of(unit)
    steps = unit[len(phase) :].split("/")[1:-1]
    return [f"{phase}/{'/'.join(steps[: depth + 1])}" for depth in range(len(steps))]
