"""The catalogue: faults of the kinds that real engines had, by theme.

Kinds ``F…`` are those of published engines and migrations, ``X…`` our own.
"""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue import (
    configuration,
    distribution,
    modules,
    published,
    running,
    sequences,
    shared,
    trading,
)
from parity.faults.fault import Fault

__all__ = ["CATALOGUE"]

CATALOGUE: Final[tuple[Fault, ...]] = (
    *configuration.FAULTS,
    *published.FAULTS,
    *running.FAULTS,
    *sequences.FAULTS,
    *shared.FAULTS,
    *trading.FAULTS,
    *distribution.FAULTS,
    *modules.FAULTS,
)
