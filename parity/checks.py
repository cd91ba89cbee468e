"""What came of holding a run against a rule, beside comparing it with another subject's.

An **invariant** is true of every single run, whichever engine made it. A **relation** says how two
runs of one engine must agree: the same bars once more, prices twice as high, in another process.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from parity.comparison.outcome import Difference
from parity.verdicts import Verdict

__all__ = ["CheckKind", "CheckOutcome"]


class CheckKind(StrEnum):
    """What a check holds a run against."""

    INVARIANT = "invariant"
    RELATION = "relation"


class CheckOutcome(msgspec.Struct, frozen=True):
    """The verdict of one check on one subject's run of one configuration.

    Attributes:
        name: Of the check, for example ``accounting``.
        kind: Invariant or relation.
        config: The configuration as it was named.
        subject: Name of the subject whose run was looked at.
        verdict: Equal where it holds, different where it does not, not comparable where there was
            nothing to hold it against.
        compared: How many things were looked at: updates, events, windows, files, …; the check's
            documentation says which.
        first: The first thing that breaks it: ``control`` is what was due, ``candidate`` what was
            found; null where it holds.
        reason: Why there was nothing to hold it against, or, where it is broken, the rule in a
            sentence; null otherwise.
    """

    name: str
    kind: CheckKind
    config: str
    subject: str
    verdict: Verdict
    compared: int = 0
    first: Difference | None = None
    reason: str | None = None
