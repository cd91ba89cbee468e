"""What came of faults and mutants: as a document and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.faults import Fault, Outcome
from parity.faults.fault import Standing

__all__ = ["SCHEMA", "catalogue_entries", "print_catalogue", "print_faults"]

SCHEMA: Final = "paritykit/sensitivity/1"
_COLOURS: Final[dict[Standing, str]] = {
    "caught": "green",
    "elsewhere": "yellow",
    "escaped": "red",
    "invalid": "red",
}


def catalogue_entries(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Give what a document says of each fault."""
    return [
        {
            "id": outcome.fault.id,
            "fault": outcome.fault.fault,
            "title": outcome.fault.title,
            "subject": outcome.fault.subject,
            "outcome": outcome.standing,
            "expected": outcome.fault.expected,
            "first_seen_by": outcome.first_seen_by,
            "seen_by": list(outcome.seen_by),
            "files": sorted({edit.file for edit in outcome.fault.edits}),
            "note": outcome.note,
            "excuse": outcome.fault.excuse,
        }
        for outcome in outcomes
    ]


def print_catalogue(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the table of faults, what is to be said of some, and the counts."""
    table = _table("id", "title", "subject", "outcome", "expected", "first seen by")
    for outcome in outcomes:
        fault = outcome.fault
        standing = f"[{_COLOURS[outcome.standing]}]{outcome.standing}[/]"
        texts = (fault.id, fault.title, fault.subject)
        seen = outcome.first_seen_by or "–"
        table.add_row(*map(escape, texts), standing, escape(fault.expected), escape(seen))
    console.print(table)
    console.print()
    for outcome in outcomes:
        for what in (outcome.note, outcome.fault.excuse and f"accepted: {outcome.fault.excuse}"):
            if what:
                console.print(escape(f"{outcome.fault.id}: {what}"), soft_wrap=True)
    counts = Counter(outcome.standing for outcome in outcomes)
    told = ", ".join(f"{counts[standing]} {standing}" for standing in _COLOURS)
    console.print(f"[bold]catalogue[/] · {len(outcomes)} faults: {told}")


def print_faults(faults: Sequence[Fault], console: Console) -> None:
    """Print which faults there are."""
    table = _table("id", "title", "subject", "expected", "files")
    for fault in faults:
        files = ", ".join(sorted({edit.file for edit in fault.edits}))
        table.add_row(*map(escape, (fault.id, fault.title, fault.subject, fault.expected, files)))
    console.print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
