"""The runs that lie in results directories: what there is, what became of it, and removing it."""

from parity.runs.inventory import STATUSES, RunStatus, StoredRun, runs_below, status_of
from parity.runs.phases import StoredPhase, phases_of
from parity.runs.removal import leftovers_below, remove_leftover, remove_run
from parity.runs.selection import named_run, parse_age, select

__all__ = [
    "STATUSES",
    "RunStatus",
    "StoredPhase",
    "StoredRun",
    "leftovers_below",
    "named_run",
    "parse_age",
    "phases_of",
    "remove_leftover",
    "remove_run",
    "runs_below",
    "select",
    "status_of",
]
