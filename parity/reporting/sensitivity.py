"""What came of faults and mutants: as a document and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NotRequired, TypedDict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.faults import Fault, Outcome
from parity.faults.fault import Standing
from parity.sensitivity.sample import Sample, Score

__all__ = [
    "LISTING",
    "SCHEMA",
    "FaultsDocument",
    "ScorePart",
    "SensitivityDocument",
    "catalogue_entries",
    "fault_entries",
    "print_catalogue",
    "print_faults",
    "print_sample",
    "sample_entries",
]

SCHEMA: Final = "paritykit/sensitivity/1"
LISTING: Final = "paritykit/sensitivity-list/1"
_COLOURS: Final[dict[Standing, str]] = {
    "caught": "green",
    "elsewhere": "yellow",
    "escaped": "red",
    "invalid": "red",
}


class MutantPart(TypedDict):
    """A fault of the catalogue or a mutant of the sample, and who saw it first.

    Faults have what follows ``excuse`` up to ``note``, mutants the rest.
    """

    id: str
    fault: str
    subject: str
    outcome: Standing
    expected: str | None
    first_seen_by: str | None
    excuse: str | None
    title: NotRequired[str]
    seen_by: NotRequired[list[str]]
    files: NotRequired[list[str]]
    note: NotRequired[str | None]
    detail: NotRequired[str | None]
    executed: NotRequired[bool]
    file: NotRequired[str]
    line: NotRequired[int]
    diff: NotRequired[str]


class ScorePart(TypedDict):
    """How many were caught, of how many; what follows ``score`` only of a sample."""

    caught: int
    of: int
    score: float | None
    seed: NotRequired[int]
    population: NotRequired[int]
    score_without_approved: NotRequired[float | None]


class SensitivityDocument(TypedDict):
    """What came of faults and mutants; ``score`` and ``interval`` are those of what came last."""

    schema: Literal["paritykit/sensitivity/1"]
    mutants: list[MutantPart]
    score: float | None
    interval: list[float] | None
    catalogue: NotRequired[ScorePart]
    sample: NotRequired[ScorePart]


class FaultPart(TypedDict):
    """A fault of the catalogue."""

    id: str
    fault: str
    title: str
    subject: str
    expected: str
    files: list[str]
    excuse: str | None


class FaultsDocument(TypedDict):
    """Which faults there are."""

    schema: Literal["paritykit/sensitivity-list/1"]
    faults: list[FaultPart]


def fault_entries(faults: Sequence[Fault]) -> list[FaultPart]:
    """Give what the list says of each fault."""
    return [
        {
            "id": fault.id,
            "fault": fault.fault,
            "title": fault.title,
            "subject": fault.subject,
            "expected": fault.expected,
            "files": sorted({edit.file for edit in fault.edits}),
            "excuse": fault.excuse,
        }
        for fault in faults
    ]


def catalogue_entries(outcomes: Sequence[Outcome]) -> list[MutantPart]:
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


def sample_entries(sample: Sample) -> list[MutantPart]:
    """Give what a document says of each mutant."""
    return [
        {
            "id": each.mutant.id,
            "fault": each.mutant.operator,
            "subject": each.mutant.file.partition("/")[0],
            "outcome": "escaped" if each.standing == "equivalent" else each.standing,
            "expected": None,
            "first_seen_by": each.result.stage,
            "detail": each.result.detail,
            "executed": each.result.executed,
            "file": each.mutant.file,
            "line": each.mutant.line,
            "diff": each.diff,
            "excuse": each.reason,
        }
        for each in sample.mutants
    ]


def print_sample(sample: Sample, console: Console) -> None:
    """Print what escaped with its change, who saw how many, and the score."""
    for each in sample.mutants:
        if each.standing == "escaped":
            why = "" if each.result.executed else " · not executed"
            place = f"{each.mutant.file}:{each.mutant.line}"
            console.print(f"[red]escaped[/] {escape(place)} · {each.mutant.operator}{why}")
            console.print(f"  {escape(each.mutant.id)}", soft_wrap=True)
            console.print(escape(each.diff), soft_wrap=True)
            console.print()
    for each in sample.stale:
        what = f"{each.mutant.id} is listed as equivalent, and was seen by {each.result.stage}"
        console.print(f"[red]stale[/] {escape(what)}", soft_wrap=True)
    table = _table("first seen by", "mutants")
    counts = Counter(each.result.stage for each in sample.mutants)
    for stage in sample.stages:
        table.add_row(stage, str(counts[stage]))
    equivalent = sum(each.standing == "equivalent" for each in sample.mutants)
    for name, count in (
        ("listed as equivalent", equivalent),
        ("nobody", counts[None] - equivalent),
    ):
        table.add_row(name, str(count))
    console.print(table)
    console.print()
    console.print(
        f"[bold]sample[/] · {len(sample.mutants)} of {sample.population:,} mutants, "
        f"seed {sample.seed}: {score_in_words(sample.score)} seen"
    )
    if "approved" in sample.stages:
        told = score_in_words(sample.score_without_approved)
        console.print(f"         without approved results: {told} seen")


def score_in_words(score: Score) -> str:
    """Give a share with its interval in words."""
    if score.share is None or score.interval is None:
        return "none of none"
    low, high = score.interval
    return (
        f"{score.caught} of {score.of} ({score.share:.1%}; 95 % interval {low:.1%} to {high:.1%})"
    )


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
