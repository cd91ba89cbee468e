"""Stored runs, as documents and for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from containers.storage.identity import Identity
from parity.reporting.plain import plain_document
from parity.runs import RunStatus, StoredPhase, StoredRun

__all__ = [
    "age_in_words",
    "print_removal",
    "print_run",
    "print_runs",
    "removal_document",
    "resume_command",
    "runs_document",
    "shown_document",
    "size_in_words",
]

_COLOURS: Final[dict[RunStatus, str]] = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "resumable": "yellow",
    "abandoned": "yellow",
    "unknown": "dim",
}
_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class RunPart(msgspec.Struct, frozen=True, kw_only=True):
    """A stored run. Null is what its card does not say, and a size that cannot be found out."""

    id: str
    folder: str
    workflow: str | None
    engine: str | None
    storage: str | None
    state: RunStatus
    changed: str
    age_s: int
    bytes: int | None
    problem: str | None


class RunsDocument(msgspec.Struct, frozen=True):
    """A list of stored runs, newest first."""

    schema: Literal["paritykit/runs/1"]
    runs: tuple[RunPart, ...]


class ShownRunDocument(RunPart, frozen=True, kw_only=True):
    """One stored run, with its identity, its phases, and the command that goes on with it."""

    schema: Literal["paritykit/runs-show/1"]
    identity: Identity | None
    phases: tuple[StoredPhase, ...]
    resume: str | None


class RemovalDocument(msgspec.Struct, frozen=True):
    """Runs that are gone, or would be; ``left`` are those that fit, but are going on."""

    schema: Literal["paritykit/runs-remove/1"]
    removed: bool
    runs: tuple[RunPart, ...]
    left: tuple[RunPart, ...]
    bytes: int


def runs_document(runs: Sequence[StoredRun], now_s: float) -> dict[str, Any]:
    """Give the document of a list of runs."""
    return plain_document(
        RunsDocument("paritykit/runs/1", tuple(_part(run, now_s) for run in runs))
    )


def shown_document(run: StoredRun, phases: Sequence[StoredPhase], now_s: float) -> dict[str, Any]:
    """Give the document of one run, with its identity and its phases."""
    return plain_document(
        ShownRunDocument(
            schema="paritykit/runs-show/1",
            identity=None if run.card is None else run.card.identity,
            phases=tuple(phases),
            resume=resume_command(run),
            **_described(run, now_s),
        )
    )


def removal_document(
    runs: Sequence[StoredRun], left: Sequence[StoredRun], now_s: float, *, removed: bool
) -> dict[str, Any]:
    """Give the document of a removal.

    Args:
        runs: Those that are gone, or would be.
        left: Those that fit, but are going on.
        now_s: The time.
        removed: Whether they are gone.
    """
    return plain_document(
        RemovalDocument(
            schema="paritykit/runs-remove/1",
            removed=removed,
            runs=tuple(_part(run, now_s) for run in runs),
            left=tuple(_part(run, now_s) for run in left),
            bytes=_total(runs),
        )
    )


def _part(run: StoredRun, now_s: float) -> RunPart:
    return RunPart(**_described(run, now_s))


def _described(run: StoredRun, now_s: float) -> dict[str, Any]:
    """Give what a document says of one run, by field of `RunPart`."""
    card = run.card
    return {
        "id": run.id,
        "folder": str(run.path),
        "workflow": None if card is None else card.workflow,
        "engine": None if card is None else card.engine,
        "storage": None if card is None else card.storage,
        "state": run.status,
        "changed": datetime.fromtimestamp(run.changed_s, UTC).isoformat(timespec="seconds"),
        "age_s": max(0, round(now_s - run.changed_s)),
        "bytes": run.bytes,
        "problem": run.problem,
    }


def print_runs(runs: Sequence[StoredRun], console: Console, now_s: float) -> None:
    """Print a table of runs, and what is wrong with cards that cannot be read."""
    folders = {run.path.parent for run in runs}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "workflow", "engine", "state"):
        table.add_column(heading, overflow="fold")
    for heading in ("age", "size"):
        table.add_column(heading, justify="right")
    for run in runs:
        table.add_row(
            escape(run.id if len(folders) == 1 else str(run.path)),
            escape(run.card.workflow) if run.card else "–",
            escape(run.card.engine) if run.card else "–",
            f"[{_COLOURS[run.status]}]{run.status}[/]",
            age_in_words(now_s - run.changed_s),
            size_in_words(run.bytes),
        )
    console.print(table)
    for run in runs:
        if run.problem is not None:
            console.print(f"[dim]{escape(run.problem)}[/]", soft_wrap=True)


def print_run(
    run: StoredRun, phases: Sequence[StoredPhase], console: Console, now_s: float
) -> None:
    """Print all that there is to say about one run."""
    console.print(f"[bold]{escape(run.id)}[/] in {escape(str(run.path.parent))}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    state = f"[{_COLOURS[run.status]}]{run.status}[/]"
    table.add_row("state", f"{state}, last changed {age_in_words(now_s - run.changed_s)} ago")
    if run.card is not None:
        table.add_row("workflow", escape(run.card.workflow))
        table.add_row("engine", escape(run.card.engine))
        table.add_row("storage", escape(run.card.storage))
        table.add_row("seed", escape(run.card.identity.seed))
        table.add_row("configuration", escape(run.card.identity.configuration))
        for stream, digest in run.card.identity.data.items():
            table.add_row("data", f"{escape(stream)} {escape(digest)}")
        table.add_row("code", escape(run.card.identity.code))
    table.add_row("size", size_in_words(run.bytes))
    console.print(table)
    if run.problem is not None:
        console.print(escape(run.problem), soft_wrap=True)
    if phases:
        console.print(_phases(phases))
    for phase in phases:
        if phase.problem is not None:
            console.print(escape(phase.problem), soft_wrap=True)
    command = resume_command(run)
    if command is not None:
        console.print(
            f"go on with: {escape(command)}\nCONFIG being the configuration it was begun with",
            soft_wrap=True,
        )


def print_removal(
    runs: Sequence[StoredRun],
    left: Sequence[StoredRun],
    leftovers: Sequence[Path],
    console: Console,
    now_s: float,
    *,
    removed: bool,
) -> None:
    """Print what is gone, or what would go; see `removal_document`.

    Args:
        runs: Those that are gone, or would be.
        left: Those that fit, but are going on.
        leftovers: What interrupted removals had left.
        console: Where to.
        now_s: The time.
        removed: Whether they are gone.
    """
    if runs:
        print_runs(runs, console, now_s)
    for run in left:
        console.print(f"stays, for it is going on: {escape(str(run.path))}", soft_wrap=True)
    for folder in leftovers:
        what = f"what an interrupted removal had left: {folder}"
        console.print(escape(what), soft_wrap=True)
    count = f"{len(runs)} run{'' if len(runs) == 1 else 's'}, {size_in_words(_total(runs))}"
    if not runs:
        console.print("nothing to remove" if not removed else "no run was removed")
    elif removed:
        console.print(f"removed {count}")
    else:
        console.print(f"would remove {count}; nothing was removed: --yes does it")


def resume_command(run: StoredRun) -> str | None:
    """Give the command that goes on with a run; null when there is nothing to go on with."""
    if run.card is None or run.card.storage == "memory":
        return None
    if run.status not in ("resumable", "failed"):
        return None
    engine = [] if run.card.engine == "imperative" else ["--engine", run.card.engine]
    return shlex.join(["parity", "run", "CONFIG", *engine, "--resume", str(run.path)])


def age_in_words(age_s: float) -> str:
    """Say how long ago something was.

    >>> age_in_words(260_000), age_in_words(150), age_in_words(-1)
    ('3 d', '2 min', '0 s')
    """
    for length, unit in _STEPS:
        if age_s >= length:
            return f"{int(age_s // length)} {unit}"
    return "0 s"


def size_in_words(size: int | None) -> str:
    """Say how much that is.

    >>> size_in_words(1_234_567), size_in_words(None)
    ('1.2 MB', 'unknown')
    """
    return "unknown" if size is None else decimal(size)


def _total(runs: Sequence[StoredRun]) -> int:
    return sum(run.bytes or 0 for run in runs)


def _phases(phases: Sequence[StoredPhase]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("phase", overflow="fold")
    table.add_column("state")
    for heading in ("units kept", "size"):
        table.add_column(heading, justify="right")
    for phase in phases:
        table.add_row(
            escape(phase.path),
            "damaged" if phase.problem else "finished" if phase.finished else "unfinished",
            "unknown" if phase.units is None else f"{phase.units:,}",
            size_in_words(phase.bytes),
        )
    return table
