"""What a search and a replay came to, as text and as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from parity.fuzzing.replaying import Replayed
    from parity.fuzzing.search import SearchOutcome

__all__ = [
    "FuzzDocument",
    "ReplayDocument",
    "print_replays",
    "print_search",
    "replay_document",
    "search_document",
]


class FoundPart(TypedDict):
    """What does not hold: its kind and name, and the folder in which it was saved.

    ``relation`` and ``engine`` are null unless a relation was asked for.
    """

    kind: str
    name: str
    text: str
    relation: str | None
    engine: str | None
    tries: int
    folder: str


class FuzzDocument(TypedDict):
    """What a search came to: how often each thing was exercised, and what was found."""

    schema: Literal["paritykit/fuzz/1"]
    exit_code: int
    seed: int
    examples: int
    interrupted: bool
    statuses: dict[str, int]
    oracle_units: int
    exercised: Mapping[str, Mapping[str, int]]
    short: Mapping[str, Mapping[str, int]]
    found: FoundPart | None


class ReplayPart(TypedDict):
    """What came of one folder; ``text`` is why, empty when it is fixed."""

    folder: str
    outcome: Literal["FIXED", "FAILED", "ERROR"]
    text: str


class ReplayDocument(TypedDict):
    """What came of running saved examples again."""

    schema: Literal["paritykit/replay/1"]
    exit_code: int
    replays: list[ReplayPart]


def search_document(outcome: SearchOutcome, folder: Path | None, code: int) -> FuzzDocument:
    """Give a search as a document; with a number of examples it is the same every time."""
    found = outcome.found
    return {
        "schema": "paritykit/fuzz/1",
        "exit_code": code,
        "seed": outcome.seed,
        "examples": outcome.examples,
        "interrupted": outcome.interrupted,
        "statuses": outcome.statuses,
        "oracle_units": outcome.held,
        "exercised": outcome.tally.document(),
        "short": outcome.tally.short(),
        "found": None
        if found is None
        else {
            "kind": found.finding.kind,
            "name": found.finding.name,
            "text": found.finding.text,
            "relation": None if found.asked is None else found.asked.relation,
            "engine": None if found.asked is None else found.asked.engine,
            "tries": found.tries,
            "folder": str(folder),
        },
    }


def print_search(outcome: SearchOutcome, folder: Path | None, console: Console) -> None:
    """Tell a search."""
    statuses = ", ".join(f"{count} {status}" for status, count in outcome.statuses.items())
    console.print(f"{outcome.examples} examples from seed {outcome.seed}: {statuses}")
    console.print(f"oracle: held against {outcome.held} units")
    if console.is_terminal and outcome.pair_s > 0:
        rate = outcome.examples / outcome.pair_s
        console.print(f"{rate:.1f} pairs/s, relations apart ({outcome.relation_s:.0f} s)")
    for kind, counts in outcome.tally.document().items():
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        console.print(f"{kind}: {escape(listed)}", soft_wrap=True)
    short = outcome.tally.short()
    if short:
        console.print("less often than a search of some minutes should come to:")
        for kind, names in short.items():
            listed = ", ".join(f"{name} {count}" for name, count in names.items())
            console.print(f"  {kind}: {escape(listed)}", soft_wrap=True)
    found = outcome.found
    if found is None:
        ended = "interrupted; everything held so far" if outcome.interrupted else "everything held"
        console.print(ended)
        return
    console.print(f"found: {found.finding.kind}, {escape(found.finding.name)}", style="bold")
    console.print(escape(found.finding.text), soft_wrap=True)
    console.print(f"saved in {escape(str(folder))} after {found.tries} tries to make it smaller")
    console.print(f"run it again: parity replay {escape(str(folder))}", soft_wrap=True)


def replay_document(replays: Sequence[Replayed], code: int) -> ReplayDocument:
    """Give replays as a document."""
    return {
        "schema": "paritykit/replay/1",
        "exit_code": code,
        "replays": [
            {"folder": str(r.folder), "outcome": r.outcome, "text": r.text} for r in replays
        ],
    }


def print_replays(replays: Sequence[Replayed], console: Console) -> None:
    """Tell replays, one line each."""
    for replay in replays:
        text = f": {replay.text}" if replay.text else ""
        console.print(f"{replay.outcome} {escape(str(replay.folder) + text)}", soft_wrap=True)
