"""The seven outcomes of a comparison. Outcomes are a named set, never a bool."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Verdict", "worst"]


class Verdict(StrEnum):
    """What came of comparing one thing, from best to worst."""

    EQUAL = "equal"
    IGNORED = "ignored"
    WITHIN_TOLERANCE = "within_tolerance"
    NOT_COMPARABLE = "not_comparable"
    EXTRA = "extra"
    MISSING = "missing"
    DIFFERENT = "different"

    @property
    def severity(self) -> int:
        """Place in the order from best (0) to worst."""
        return list(Verdict).index(self)

    @property
    def is_difference(self) -> bool:
        """Whether the two sides do not agree."""
        return self in (Verdict.EXTRA, Verdict.MISSING, Verdict.DIFFERENT)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst of ``verdicts``; of none, there was nothing to compare.

    >>> worst([Verdict.EQUAL, Verdict.MISSING]).value
    'missing'
    >>> worst([]).value
    'not_comparable'
    """
    return max(verdicts, key=lambda v: v.severity, default=Verdict.NOT_COMPARABLE)
