"""Matching two lists whose order means nothing: multisets, in which types count.

What is the same bit for bit is taken out, pair by pair. What is left over is paired in the order in
which it stands, to be compared by whatever other rules there are.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from parity.comparison.values import identity

__all__ = ["Matching", "match"]


class Matching(NamedTuple):
    """How two lists match.

    Attributes:
        same: Indexes on the left of items that have an equal on the right.
        moved: Whether any of these stands elsewhere on the right.
        pairs: Indexes (left, right) of what is left over on both sides.
        missing: Indexes on the left that have no counterpart.
        extra: Indexes on the right that have none.
    """

    same: list[int]
    moved: bool
    pairs: list[tuple[int, int]]
    missing: list[int]
    extra: list[int]


def match(left: Sequence[Any], right: Sequence[Any]) -> Matching:
    """Match two lists.

    >>> match([1, 2, 2.5], [2.25, 2, 1])
    Matching(same=[0, 1], moved=True, pairs=[(2, 0)], missing=[], extra=[])
    """
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for index, item in enumerate(right):
        waiting[identity(item)].append(index)
    same: list[int] = []
    rest: list[int] = []
    moved = False
    for index, item in enumerate(left):
        found = waiting.get(identity(item))
        if found:
            moved |= found.popleft() != index
            same.append(index)
        else:
            rest.append(index)
    others = sorted(index for indexes in waiting.values() for index in indexes)
    shared = min(len(rest), len(others))
    pairs = list(zip(rest[:shared], others[:shared], strict=True))
    return Matching(same, moved, pairs, rest[shared:], others[shared:])
