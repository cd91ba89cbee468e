"""What came of comparing one channel."""

from __future__ import annotations

from typing import Any

import msgspec

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
        compared: Things that both sides have.
        different: Of these, the ones that differ.
        missing: Things that only the control has.
        extra: Things that only the candidate has.
        max_abs: Largest absolute difference of two numbers; null when none differ.
        max_ulp: The same counted in doubles between them.
        first: The first difference of any kind.
    """

    compared: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    max_abs: float | None = None
    max_ulp: int | None = None
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

    @property
    def verdict(self) -> Verdict:
        """What the counts say."""
        if self.different:
            return Verdict.DIFFERENT
        if self.missing:
            return Verdict.MISSING
        if self.extra:
            return Verdict.EXTRA
        return Verdict.EQUAL if self.compared else Verdict.NOT_COMPARABLE


class ChannelOutcome(msgspec.Struct, frozen=True):
    """The verdict on one channel, with the counts behind it.

    ``required`` says whether the verdict counts; ``reason`` why a channel was not comparable. The
    counts are those of `Tally`.
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
