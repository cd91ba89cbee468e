"""Running saved examples again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from parity.errors import ParityError
from parity.fuzzing.evaluation import (
    Asked,
    Finding,
    evaluate,
    finding_of,
    hold_relation,
    write,
)
from parity.fuzzing.reproducers import load_reproducer
from parity.generation.specs import Example
from parity.own import ENGINES
from parity.relations import RELATIONS

__all__ = ["Outcome", "Replayed", "finding_in", "replay"]

Outcome: TypeAlias = Literal["FIXED", "FAILED", "ERROR"]


class Replayed(msgspec.Struct, frozen=True):
    """What came of one folder.

    Attributes:
        folder: As it was named.
        outcome: FIXED: everything holds now; FAILED: something does not; ERROR: it cannot be run.
        text: What does not hold, or why it cannot be run; empty when it is fixed.
    """

    folder: Path
    outcome: Outcome
    text: str = ""


def replay(folder: Path) -> Replayed:
    """Run a saved example again, and hold it against everything that could have found it."""
    try:
        reproducer = load_reproducer(folder)
    except ParityError as error:
        return Replayed(folder, "ERROR", str(error))
    asked = reproducer.asked
    if asked is not None and (asked.relation not in RELATIONS or asked.engine not in ENGINES):
        what = f"there is no relation '{asked.relation}' of '{asked.engine}' here"
        return Replayed(folder, "ERROR", what)
    with tempfile.TemporaryDirectory(prefix="parity-replay-") as scratch:
        finding = finding_in(reproducer.example, asked, Path(scratch))
    if finding is not None:
        return Replayed(folder, "FAILED", finding.text)
    return Replayed(folder, "FIXED")


def finding_in(example: Example, asked: Asked | None, scratch: Path) -> Finding | None:
    """Give the first thing of an example that does not hold; null: everything does.

    Args:
        example: The example.
        asked: The relation that is held as well; null: none.
        scratch: An empty folder.
    """
    written = write(example, scratch / "example")
    try:
        evaluation = evaluate(written, scratch / "runs")
        if evaluation.findings:
            return evaluation.findings[0]
        if asked is not None:
            base = evaluation.detailed(asked.engine)
            outcome, _ = hold_relation(written, asked, base, scratch / "again")
            if outcome.verdict.is_difference:
                return finding_of(outcome)
    finally:
        written.forget()
        shutil.rmtree(written.folder)
    return None
