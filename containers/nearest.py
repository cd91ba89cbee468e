"""The nearest valid name, for messages that teach.

A slip of the fingers is a small edit: a letter too many, too few, wrong, or two of them swapped.
Those come first, and of equal ones those with the same letters (``>=`` for ``=>``). Where no name
is that close, one that shares most of its letters will do (``capital`` for ``initial_capital``).
The answer depends on the set of candidates, never on their order.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

__all__ = ["did_you_mean", "nearest"]

SHOWN: Final = 25
"""How many known names a hint lists."""

LONGEST: Final = 100
"""Names beyond this many characters are not compared: nobody mistypes those."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that ``name`` was most likely meant to be; null when none is close.

    >>> nearest("inital_captial", ["initial_capital", "lot_size"])
    'initial_capital'
    >>> nearest("GOOG", ["goog"])
    'goog'
    >>> nearest("zebra", ["initial_capital", "lot_size"]) is None
    True
    """
    names = sorted(set(candidates))
    wanted = name.casefold().strip()
    if not wanted or len(wanted) > LONGEST:
        return None
    allowed = max(1, len(wanted) // 3) if len(wanted) > 1 else 0
    best: tuple[int, bool, str] | None = None
    for candidate in names:
        if abs(len(candidate) - len(wanted)) > allowed:
            continue
        folded = candidate.casefold()
        rank = (_edits(wanted, folded), sorted(wanted) != sorted(folded), candidate)
        if rank[0] <= allowed and (best is None or rank < best):
            best = rank
    if best is not None:
        return best[2]
    by_folded = {candidate.casefold(): candidate for candidate in reversed(names)}
    similar = difflib.get_close_matches(wanted, by_folded, n=1, cutoff=0.6)
    return by_folded[similar[0]] if similar else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Give a hint: the nearest name, or else the known ones.

    >>> did_you_mean("strategy", ["strategies", "symbols"])
    "did you mean 'strategies'?"
    >>> did_you_mean("zebra", ["symbols", "strategies"])
    'known: strategies, symbols'
    >>> did_you_mean("zebra", [])
    'none are known'
    """
    names = sorted(set(candidates))
    close = nearest(name, names)
    if close is not None:
        return f"did you mean '{close}'?"
    if not names:
        return "none are known"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"known: {', '.join(names[:SHOWN])}{more}"


def _edits(left: str, right: str) -> int:
    """Count insertions, deletions, replacements and swaps of neighbours (optimal alignment)."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        row = [i]
        for j, b in enumerate(right, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]
