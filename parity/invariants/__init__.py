"""What is true of every single run, whichever engine made it.

Two engines share ``containers`` and can be wrong together; then comparing one with the other shows
nothing. An invariant is a sentence of ``docs/semantics.md`` that the record of one run can be held
against by itself.
"""

from __future__ import annotations

from pathlib import Path

from parity.checks import CheckOutcome
from parity.invariants.checking import Invariant, hold_against
from parity.invariants.run import Run
from parity.invariants.table import INVARIANTS
from parity.record import Record

__all__ = ["INVARIANTS", "Invariant", "check_invariants"]


def check_invariants(
    record: Record, config: str, *, base_dir: Path | None = None
) -> list[CheckOutcome]:
    """Hold a run against every invariant, in the order of `INVARIANTS`.

    Args:
        record: Of the run.
        config: The configuration as it was named.
        base_dir: Where a relative ``data.data_dir`` starts, so that numbers of bars can be held
            against the data; null: they are not, where the path is relative.
    """
    run = Run(record, base_dir)
    return [hold_against(invariant, run, config) for invariant in INVARIANTS.values()]
