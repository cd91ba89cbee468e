"""Mistakes that published engines and migrations had, in one engine each: the other one sees them.

The kinds are F01 to F36; those that both engines can share are in `shared` as well.
"""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.published import phases, sequences, settings, units
from parity.faults.fault import Fault

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    *phases.FAULTS,
    *sequences.FAULTS,
    *settings.FAULTS,
    *units.FAULTS,
)
