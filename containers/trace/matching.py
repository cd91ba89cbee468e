"""Which events of two parts are counterparts.

1. Where both parts have the same slices, times, steps and containers in the same order, event by
   event, they are counterparts as they stand (`_alike`): nearly always.
2. Else events are grouped by slice, time, step and container; of a group that is equally long on
   both sides, the k-th events are counterparts.
3. In a group that is longer on one side, as many are left over as it is longer: those without which
   the fewest counterparts differ, and these in the fewest fields (`_chosen`); what says whose event
   it is (kind, symbol, portfolio) weighs more than the rest. Among equal ones, those that are a
   cause on both sides, or on neither, are counterparts: of an event published twice, the one
   without effects is left over.

So how many events are compared, missing and extra follows from the groups alone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from containers.events import Event
from containers.trace.columns import Mask, Rows
from containers.trace.windows import Part

__all__ = ["Pairs", "match"]

_Ints = npt.NDArray[np.int64]

_WHOSE: Final = frozenset({"kind", "symbol", "timeframe", "portfolio"})
_UNCOUNTED: Final = frozenset({"seq", "time_ns", "container", "cause"})
_LEADS: Final = " leads"
"""Stands among the fields of an event for whether it is a cause; no field is called so."""
_MOST_COSTS: Final = 250_000
"""Beyond this many pairs of one group the last events of the longer side are the ones left over."""


class Pairs(NamedTuple):
    """Rows of counterparts in the left and the right part; ``left`` ascends."""

    left: Rows
    right: Rows


def match(left: Part, right: Part) -> Pairs:
    """Find the counterparts in two parts that cover the same slices."""
    head = _alike(left, right, 1)
    if head == len(left) == len(right):
        rows = np.arange(head)
        return Pairs(rows, rows)
    tail = _alike(left, right, -1, head)
    middle = _joined(left, right, slice(head, len(left) - tail), slice(head, len(right) - tail))
    begin, end = np.arange(head), np.arange(tail)
    return Pairs(
        np.concatenate([begin, middle.left + head, end + (len(left) - tail)]),
        np.concatenate([begin, middle.right + head, end + (len(right) - tail)]),
    )


def _alike(left: Part, right: Part, step: int, done: int = 0) -> int:
    """Count the leading (``step`` -1: trailing) events of whole slices that are alike in order."""
    mine, yours = (_keys(part, slice(done, None))[:, ::step] for part in (left, right))
    shorter = min(mine.shape[1], yours.shape[1])
    unlike = np.flatnonzero((mine[:, :shorter] != yours[:, :shorter]).any(axis=0))
    count = int(unlike[0]) if len(unlike) else shorter
    for keys in (mine, yours):
        if count < keys.shape[1]:
            # Slices stand together: back to where the one begins in which they part.
            others = np.flatnonzero(keys[0, :count] != keys[0, count])
            count = int(others[-1]) + 1 if len(others) else 0
    return count


def _keys(part: Part, rows: slice) -> _Ints:
    """Give slice, time and source of events, one row each."""
    return np.stack([part.slices[rows], part.times[rows], part.sources[rows]])


def _joined(left: Part, right: Part, ours: slice, theirs: slice) -> Pairs:
    """Find the counterparts by their groups; rows count from the beginning of the slices."""
    mine, yours = _keys(left, ours), _keys(right, theirs)
    split = mine.shape[1]
    groups = _numbered(np.concatenate([mine, yours], axis=1))
    total = int(groups.max()) + 1 if len(groups) else 0
    orders = [np.argsort(part, kind="stable") for part in (groups[:split], groups[split:])]
    counts = [np.bincount(part, minlength=total) for part in (groups[:split], groups[split:])]
    starts = [np.cumsum(count) - count for count in counts]
    uneven = (counts[0] != counts[1]) & (counts[0] > 0) & (counts[1] > 0)
    even = np.where(counts[0] == counts[1], counts[0], 0)
    kth = np.arange(int(even.sum())) - np.repeat(np.cumsum(even) - even, even)
    rows, others = (
        order[np.repeat(start, even) + kth] for order, start in zip(orders, starts, strict=True)
    )
    found, counterparts = [rows], [others]
    if uneven.any():
        sides = zip((left, right), (ours.start, theirs.start), orders, counts, starts, strict=True)
        members = [_Members(*side, uneven) for side in sides]
        for group in range(int(np.count_nonzero(uneven))):
            one, other = _chosen(*(side.told(group) for side in members))
            found.append(members[0].rows(group)[one])
            counterparts.append(members[1].rows(group)[other])
    rows, others = np.concatenate(found), np.concatenate(counterparts)
    order = np.argsort(rows, kind="stable")
    return Pairs(rows[order], others[order])


def _numbered(keys: _Ints) -> _Ints:
    """Number the columns of ``keys``, equal ones alike, from 0."""
    order = np.lexsort(keys[::-1])
    ordered = keys[:, order]
    new = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    numbers = np.empty(keys.shape[1], np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(new)]) if len(order) else 0
    return numbers


class _Members:
    """The events of one part in the groups that are longer on one side, group after group.

    Args:
        part: It.
        offset: Rows before those that were grouped.
        order: The grouped rows, by group.
        counts: Events of each group.
        starts: Where each group begins in ``order``.
        chosen: Marks the groups.
    """

    def __init__(
        self, part: Part, offset: int, order: Rows, counts: Rows, starts: Rows, chosen: Mask
    ) -> None:
        self._rows: Final = [
            order[start : start + count]
            for start, count in zip(starts[chosen].tolist(), counts[chosen].tolist(), strict=True)
        ]
        rows = np.concatenate(self._rows) + offset
        leads = np.isin(part.seqs[rows], part.causes).tolist()
        self._told: Final = [
            _told(event, lead) for event, lead in zip(part.events(rows), leads, strict=True)
        ]
        self._ends: Final = np.cumsum(counts[chosen]).tolist()

    def rows(self, group: int) -> Rows:
        """Give the rows of a group, counted from the first that was grouped."""
        return self._rows[group]

    def told(self, group: int) -> Sequence[Mapping[str, object]]:
        """Give what the events of a group say."""
        end = self._ends[group]
        return self._told[end - len(self._rows[group]) : end]


def _told(event: Event, leads: bool) -> Mapping[str, object]:
    """Give what an event says, bit by bit, without its numbers and what its group shares.

    To this is added whether it is the cause of another.
    """
    said = {"kind": event.kind, **msgspec.structs.asdict(event), _LEADS: leads}
    return {name: _bits(value) for name, value in said.items() if name not in _UNCOUNTED}


def _bits(value: Any) -> object:
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, Mapping):
        return tuple((name, _bits(inner)) for name, inner in value.items())
    return value


def _chosen(
    left: Sequence[Mapping[str, object]], right: Sequence[Mapping[str, object]]
) -> tuple[list[int], list[int]]:
    """Choose from the longer of two groups the counterparts of the shorter one, in order."""
    if len(left) > len(right):
        others, rows = _chosen(right, left)
        return rows, others
    spare = len(right) - len(left)
    if len(left) * (spare + 1) > _MOST_COSTS:
        rows = list(range(len(left)))
        return rows, rows
    # least[i][s]: the least cost of the first i events with at most s of the others left over.
    least = [[0] * (spare + 1)]
    for row, event in enumerate(left):
        costs: list[int] = []
        for skipped in range(spare + 1):
            cost = least[row][skipped] + _cost(event, right[row + skipped])
            costs.append(min(costs[-1], cost) if costs else cost)
        least.append(costs)
    rows, skipped = [], spare
    for row in range(len(left), 0, -1):
        # Of several ways that are as good, the one that leaves over the last events.
        while skipped and least[row][skipped] == least[row][skipped - 1]:
            skipped -= 1
        rows.append(row - 1 + skipped)
    return list(range(len(left))), rows[::-1]


def _cost(left: Mapping[str, object], right: Mapping[str, object]) -> int:
    """Say how unlike two events are: 0 when equal; first of all that they differ counts."""
    differing = {name for name in left.keys() | right.keys() if left.get(name) != right.get(name)}
    leads = _LEADS in differing
    differing.discard(_LEADS)
    whose = len(differing & _WHOSE)
    return 10**6 * bool(differing) + 10**4 * whose + 10 * len(differing) + leads
