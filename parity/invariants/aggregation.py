"""What lies above units: what iterations and phases come to."""

from __future__ import annotations

from parity.invariants.contents import BarsNotKeptError, Tree
from parity.invariants.findings import Findings
from parity.invariants.nesting import roles_of, sequences_of
from parity.invariants.run import Run

__all__ = ["check_aggregation"]


def check_aggregation(run: Run, found: Findings) -> None:
    """Hold what every iteration and phase comes to against what is below it."""
    for phase in run.phases:
        if not phase.succeeded or phase.config is None or not phase.iterations:
            continue
        if phase.topology == "analysis":
            continue  # its aggregate_metrics are analyses, which have a check of their own
        try:
            roles = roles_of(phase)
        except LookupError as error:
            found.passes_over(str(error))
            continue
        try:
            Tree(phase, roles, found).hold(sequences_of(phase))
        except BarsNotKeptError as error:
            found.passes_over(str(error))
