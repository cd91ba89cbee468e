"""What a relation is, and how it is held."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from parity.case import Case
from parity.checks import CheckKind, CheckOutcome
from parity.comparison.outcome import Difference
from parity.record import Record
from parity.relations.trial import DoesNotApplyError, Trial
from parity.verdicts import Verdict

__all__ = ["Relation"]

Check: TypeAlias = Callable[[Trial], None]


class Relation(msgspec.Struct, frozen=True):
    """How two runs of one engine must agree.

    Attributes:
        name: How reports and documents call it.
        needs_process: Whether it starts processes of its own.
        why: The rule in a sentence.
        source: The section of ``docs/semantics.md`` that says so.
        check: Runs the case again, and compares.
    """

    name: str
    needs_process: bool
    why: str
    source: str
    check: Check

    def hold(
        self, case: Case, engine: str, base: Record, draw: random.Random, root: Path
    ) -> CheckOutcome:
        """Run ``case`` again, some other way, and compare with ``base``.

        Args:
            case: What is run; never changed.
            engine: Name of the engine, ``imperative`` or ``declarative``.
            base: Its run of the case, at trace level detailed.
            draw: Where choices come from.
            root: A folder of its own, which need not exist; what lies there afterwards means
                nothing.

        Returns:
            Not comparable, with the reason, where the relation says nothing of the case.
        """
        trial = Trial(case, engine, base, draw, root)
        try:
            self.check(trial)
        except DoesNotApplyError as silence:
            return self._outcome(trial, Verdict.NOT_COMPARABLE, reason=str(silence))
        found = trial.found
        if found.first is not None:
            reason = f"{self.why} (semantics {self.source})"
            return self._outcome(trial, Verdict.DIFFERENT, found.first, reason)
        if not found.compared:
            return self._outcome(
                trial,
                Verdict.NOT_COMPARABLE,
                reason=found.silence or "there was nothing to compare",
            )
        return self._outcome(trial, Verdict.EQUAL)

    def _outcome(
        self,
        trial: Trial,
        verdict: Verdict,
        first: Difference | None = None,
        reason: str | None = None,
    ) -> CheckOutcome:
        return CheckOutcome(
            name=self.name,
            kind=CheckKind.RELATION,
            config=trial.case.name,
            subject=trial.engine,
            verdict=verdict,
            compared=trial.found.compared,
            first=first,
            reason=reason,
        )
