"""What came of comparing one channel."""

from __future__ import annotations

from typing import Any

import msgspec

from parity.policy.judging import Ruling
from parity.verdicts import Verdict

__all__ = ["ChannelOutcome", "Difference", "Tally"]


class Difference(msgspec.Struct, frozen=True):
    """The first place where two sides of a channel part.

    Attributes:
        path: Structural path, then the place inside, for example
            ``iteration=0/phase=backtest/window=0/unit=0: momentum.moderate.sharpe_ratio``.
        control: What the control has there, as a plain value; null when it has nothing.
        candidate: What the candidate has there.
        fields: Names of the fields that differ, when the values are events or rows.
        position: Row in the compared trace or table, from 0; null elsewhere.
        unit: Structural path of the unit, for traces.
        left: The differing event itself, for traces.
        right: Its counterpart.
    """

    path: str
    control: Any
    candidate: Any
    fields: tuple[str, ...] = ()
    position: int | None = None
    unit: str | None = None
    left: Any = None
    right: Any = None


class Tally(msgspec.Struct):
    """Running counts of a comparison.

    Attributes:
        compared: Things that both sides have, and that were looked at.
        different: Of these, the ones that differ, and that no rule excuses.
        missing: Things that only the control has.
        extra: Things that only the candidate has.
        tolerated: Things compared that differ within a tolerance.
        ignored: Things that differ, or that one side lacks, and that a rule ignores.
        max_abs: Largest absolute difference of two numbers, excused or not; null when none differ.
        max_ulp: The same counted in doubles between them.
        used: Largest share of a tolerance that was used, 0 to 1; null when none was.
        rules: Of each rule that excused something its place, reason and how often it did.
        first: The first difference of any kind that no rule excuses.
    """

    compared: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    tolerated: int = 0
    ignored: int = 0
    max_abs: float | None = None
    max_ulp: int | None = None
    used: float | None = None
    rules: dict[tuple[str, str], int] = {}
    first: Difference | None = None

    def note(self, difference: Difference) -> None:
        """Keep ``difference`` if it is the first."""
        if self.first is None:
            self.first = difference

    def widen(self, absolute: float | None, ulp: int | None) -> None:
        """Take the size of one difference."""
        if absolute is not None:
            self.max_abs = max(self.max_abs or 0.0, absolute)
        if ulp is not None:
            self.max_ulp = max(self.max_ulp or 0, ulp)

    def lack(
        self,
        path: str,
        value: Any,
        ruling: Ruling | None,
        *,
        missing: bool,
        things: int = 1,
        **more: Any,
    ) -> None:
        """Count what only one side has.

        Args:
            path: Where it is.
            value: What that side has there.
            ruling: By which it is ignored; null when it is not.
            missing: Whether it is the control that has it.
            things: How many things it is.
            more: What else the difference has.
        """
        if ruling is not None:
            self.credit(ruling, things)
            self.ignored += things
            return
        if missing:
            self.missing += things
        else:
            self.extra += things
        control, candidate = (value, None) if missing else (None, value)
        self.note(Difference(path=path, control=control, candidate=candidate, **more))

    def settle(self, difference: Difference, ruling: Ruling | None) -> None:
        """Count one thing that differs: excused by ``ruling``, or not."""
        if ruling is not None:
            self.compared += ruling.share is not None  # what is ignored was not
            self.excuse([ruling])
            return
        self.compared += 1
        self.different += 1
        self.note(difference)

    def excuse(self, rulings: list[Ruling]) -> None:
        """Count one thing that rules excuse altogether: tolerated, unless all of them ignore it."""
        for ruling in rulings:
            self.credit(ruling)
        if any(ruling.share is not None for ruling in rulings):
            self.tolerated += 1
        else:
            self.ignored += 1

    def credit(self, ruling: Ruling, times: int = 1) -> None:
        """Note which rule excused, and how much of its tolerance that took."""
        key = (str(ruling.rule.place), ruling.rule.reason)
        self.rules[key] = self.rules.get(key, 0) + times
        if ruling.share is not None:
            self.used = max(self.used or 0.0, ruling.share)

    @property
    def verdict(self) -> Verdict:
        """What the counts say."""
        if self.different:
            return Verdict.DIFFERENT
        if self.missing:
            return Verdict.MISSING
        if self.extra:
            return Verdict.EXTRA
        if self.tolerated:
            return Verdict.WITHIN_TOLERANCE
        if self.ignored:
            return Verdict.IGNORED
        return Verdict.EQUAL if self.compared else Verdict.NOT_COMPARABLE


class ChannelOutcome(msgspec.Struct, frozen=True):
    """The verdict on one channel, with the counts behind it.

    ``required`` says whether the verdict counts; ``reason`` why a channel was not comparable, or
    which rules excused what differs. ``rules`` are the places of these rules. The counts are those
    of `Tally`.
    """

    verdict: Verdict
    required: bool
    compared: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    max_abs: float | None = None
    max_ulp: int | None = None
    tolerance_used: float | None = None
    first: Difference | None = None
    reason: str | None = None
    tolerated: int = 0
    ignored: int = 0
    rules: tuple[str, ...] = ()
