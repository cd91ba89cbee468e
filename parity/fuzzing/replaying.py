"""Running saved examples again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from parity.errors import ParityError
from parity.fuzzing.evaluation import evaluate, finding_of, hold_relation, write
from parity.fuzzing.reproducers import Reproducer, load_reproducer
from parity.own import ENGINES
from parity.relations import RELATIONS

__all__ = ["Outcome", "Replayed", "replay"]

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
    with tempfile.TemporaryDirectory(prefix="parity-replay-") as scratch:
        return _replayed(folder, reproducer, Path(scratch))


def _replayed(folder: Path, reproducer: Reproducer, scratch: Path) -> Replayed:
    asked = reproducer.asked
    if asked is not None and (asked.relation not in RELATIONS or asked.engine not in ENGINES):
        what = f"there is no relation '{asked.relation}' of '{asked.engine}' here"
        return Replayed(folder, "ERROR", what)
    written = write(reproducer.example, scratch / "example")
    try:
        findings = evaluate(written, scratch / "runs").findings
        if findings:
            return Replayed(folder, "FAILED", findings[0].text)
        if asked is not None:
            outcome, _ = hold_relation(written, asked, None, scratch / "again")
            if outcome.verdict.is_difference:
                return Replayed(folder, "FAILED", finding_of(outcome).text)
    finally:
        written.forget()
        shutil.rmtree(written.folder)
    return Replayed(folder, "FIXED")
