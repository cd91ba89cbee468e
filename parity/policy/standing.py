"""How a rule of a policy stands after a verification."""

from __future__ import annotations

import msgspec

__all__ = ["RuleStanding"]


class RuleStanding(msgspec.Struct, frozen=True):
    """What a rule did.

    Attributes:
        rule: The rule as written, on one line.
        place: Where it stands, ``file:line:column``.
        reason: Why it is there, in its author's words.
        owner: Whose it is; null when nobody was named.
        expires: The last day it holds, ``YYYY-MM-DD``; null: for good.
        fired: How many differences it excused.
        used: The largest share of its tolerance that a difference used, 0 to 1; null where the rule
            has none, or never fired.
        problem: Why it fails the run (``never fired``, ``expired``); null when it does not.
    """

    rule: str
    place: str
    reason: str
    owner: str | None = None
    expires: str | None = None
    fired: int = 0
    used: float | None = None
    problem: str | None = None
