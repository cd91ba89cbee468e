"""Running invariants over a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from parity.channels import Channel
from parity.checks import CheckKind, CheckOutcome
from parity.comparison.outcome import Difference
from parity.invariants.findings import Findings
from parity.invariants.run import Run
from parity.record import Record
from parity.verdicts import Verdict

__all__ = ["Invariant", "hold_against"]

Check: TypeAlias = Callable[[Run, Findings], None]


class Invariant(msgspec.Struct, frozen=True):
    """Something that is true of every run.

    Attributes:
        name: How reports and documents call it.
        rule: The rule in a sentence.
        source: The section of ``docs/semantics.md`` that says so.
        needs: Channels without which there is nothing to look at.
        check: Looks at a run.
        failed_too: Whether it holds of runs that failed as well.
    """

    name: str
    rule: str
    source: str
    needs: frozenset[Channel]
    check: Check
    failed_too: bool = True


def hold_against(invariant: Invariant, run: Run, config: str) -> CheckOutcome:
    """Hold one run against one invariant."""
    record = run.record
    reason = _silence(invariant, record)
    if reason is not None:
        return _outcome(invariant, config, record, Verdict.NOT_COMPARABLE, reason=reason)
    found = Findings()
    try:
        invariant.check(run, found)
    except Exception as error:  # noqa: BLE001  # what a foreign subject recorded can be anything
        found.breaks("", "a record that can be read", f"{type(error).__name__}: {error}")
    if found.first is not None:
        return _outcome(
            invariant, config, record, Verdict.DIFFERENT, found.compared, found.first,
            f"{invariant.rule} (semantics {invariant.source})",
        )  # fmt: skip
    if not found.compared:
        reason = found.silence or "the run has nothing of the kind"
        return _outcome(invariant, config, record, Verdict.NOT_COMPARABLE, reason=reason)
    return _outcome(invariant, config, record, Verdict.EQUAL, found.compared)


def _silence(invariant: Invariant, record: Record) -> str | None:
    if record.status == "refused":
        return "nothing ran"
    if record.status == "failed" and not invariant.failed_too:
        return "the run failed"
    missing = sorted(invariant.needs - record.declared)
    if missing:
        return f"the subject does not fill {', '.join(missing)}"
    if record.covers is not None:
        return "the subject is about single units alone"
    return None


def _outcome(
    invariant: Invariant,
    config: str,
    record: Record,
    verdict: Verdict,
    compared: int = 0,
    first: Difference | None = None,
    reason: str | None = None,
) -> CheckOutcome:
    return CheckOutcome(
        name=invariant.name,
        kind=CheckKind.INVARIANT,
        config=config,
        subject=record.subject,
        verdict=verdict,
        compared=compared,
        first=first,
        reason=reason,
    )
