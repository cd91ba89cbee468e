"""How two traces differ, event by event, each event held against its true counterpart.

Events are aligned by time, step and container: of those that agree in these, the k-th of one trace
is the counterpart of the k-th of the other. Where one side has more of them, the ones left over are
those without which the others agree best (`containers.trace.matching`). So one event too many is
one ``extra``, and what follows is compared with what it was before.

Numbers count up to renumbering (`containers.trace.renumbering`): ``seq`` may shift by what only one
side has, and ``cause`` has to name the counterpart of the cause. All else is compared bit by bit.

Neither trace is ever held as a whole: `containers.trace.windows` cuts both into pieces between two
times, which are aligned one after the other. What has equal prefix digests is not read at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from typing import Final, TypeAlias

import msgspec
import numpy as np

from containers.events import Event, EventKind
from containers.trace.chunk import KIND_ORDER
from containers.trace.columns import Column, Mask, Rows
from containers.trace.distances import Largest
from containers.trace.matching import Pairs, match
from containers.trace.renumbering import Renumbering
from containers.trace.table import SCHEMAS
from containers.trace.trace import Trace
from containers.trace.windows import Part, first_pair, windows

__all__ = ["Alignment", "Difference", "Excuse", "KindCounts", "align"]

_ALIGNED_BY: Final = ("time_ns", "container")
"""The fields that are equal in counterparts, or they were none."""

Excuse: TypeAlias = Callable[[EventKind, str, Column, Column], "Mask | None"]
"""Says which differences do not count: called with a kind, a field, and the columns of exactly
those aligned events whose field differs, left and right; gives those excused, null for none."""


class Difference(msgspec.Struct, frozen=True):
    """The first place where two traces differ, in the order of the aligned events.

    Attributes:
        position: Of the event in the left kept stream, from 0; of an extra one, where it would
            stand there.
        left: The event there; null when only the right trace has one.
        right: Its counterpart; null when only the left trace has one.
        fields: Names of the fields that differ and are not excused, in the order of the fields.
            When the kinds differ ``kind`` comes first, and only the fields that all kinds have are
            compared. Empty when one side has no event.
        right_position: As ``position``, in the right kept stream.
    """

    position: int
    left: Event | None
    right: Event | None
    fields: tuple[str, ...]
    right_position: int


class KindCounts(msgspec.Struct, frozen=True):
    """How many events of one kind differ.

    Attributes:
        different: Aligned events that differ in something that is not excused; of unlike kinds,
            those whose left event is of this one.
        missing: Events that only the left trace has.
        extra: Events that only the right trace has.
        fields: For each field, how many of ``different`` differ in it without an excuse.
    """

    different: int
    missing: int
    extra: int
    fields: Mapping[str, int]


class Alignment(msgspec.Struct, frozen=True):
    """How much two traces differ.

    Attributes:
        compared: Aligned events; with ``missing`` the events of the left trace, with ``extra``
            those of the right one.
        different: Of these, those that differ in any bit that is not excused.
        missing: Events that only the left trace has.
        extra: Events that only the right trace has.
        excused: Aligned events that differ only in what is excused.
        max_abs: Largest absolute difference of two floats in the same field of aligned events of
            one kind (for FEATURES with the same names), excused or not. 0.0 when there is none.
            Null and NaN have no distance: they make an event different and nothing else.
        max_ulp: Largest distance of two such floats, counted in representable numbers; between
            -0.0 and 0.0 it is 1.
        first: The first difference; null when nothing differs but what is excused or passed over.
        kinds: Counts of each kind that differs, in the order of `EventKind`.
    """

    compared: int
    different: int
    missing: int
    extra: int
    excused: int
    max_abs: float
    max_ulp: int
    first: Difference | None
    kinds: Mapping[EventKind, KindCounts] = {}


def align(
    left: Trace,
    right: Trace,
    excuse: Excuse | None = None,
    *,
    pass_over: Collection[EventKind] = (),
    use_digests: bool = True,
) -> Alignment:
    """Compare two traces of any length.

    Args:
        left: For example the control's.
        right: For example the candidate's.
        excuse: Says which differences do not count; null: all do. An event is excused when all its
            fields that differ are. Missing and extra events, and those of unlike kinds, never are.
        pass_over: Kinds whose missing and extra events are counted, but are no first difference.
        use_digests: Don't read what has equal digests. Without, every buffer is read, checked and
            compared.

    Raises:
        StorageError: A trace on disk is damaged.
    """
    start = first_pair(left, right) if use_digests else 0
    work = _Work(excuse, pass_over)
    with closing(windows(left, right, start, work.renumbering)) as parts:
        for part, other in parts:
            work.add(part, other)
    return work.result(len(left), len(right))


class _Work:
    """What is known so far."""

    def __init__(self, excuse: Excuse | None, pass_over: Collection[EventKind]) -> None:
        self._excuse: Final = excuse
        self._shown: Final = np.array([kind not in pass_over for kind in KIND_ORDER], np.bool_)
        self.renumbering: Final = Renumbering()
        self._largest: Final = Largest()
        self._excused = 0
        self._first: Difference | None = None
        self._different: Final[Counter[EventKind]] = Counter()
        self._missing: Final[Counter[EventKind]] = Counter()
        self._extra: Final[Counter[EventKind]] = Counter()
        self._fields: Final[dict[EventKind, Counter[str]]] = {}

    def result(self, left: int, right: int) -> Alignment:
        """Sum up, for traces of so many events."""
        missing, extra = self._missing.total(), self._extra.total()
        assert left - missing == right - extra  # both are what was aligned
        return Alignment(
            compared=left - missing,
            different=self._different.total(),
            missing=missing,
            extra=extra,
            excused=self._excused,
            max_abs=self._largest.absolute,
            max_ulp=self._largest.ulp,
            first=self._first,
            kinds={
                kind: KindCounts(
                    self._different[kind],
                    self._missing[kind],
                    self._extra[kind],
                    dict(self._fields.get(kind, {})),
                )
                for kind in KIND_ORDER
                if self._different[kind] or self._missing[kind] or self._extra[kind]
            },
        )

    def add(self, left: Part, right: Part) -> None:
        """Take in all events of both traces between two times."""
        pairs = match(left, right)
        differing = self._compare(left, right, pairs)
        missing, extra = _others(len(left), pairs.left), _others(len(right), pairs.right)
        for part, rows, counter in ((left, missing, self._missing), (right, extra, self._extra)):
            for number, count in enumerate(np.bincount(part.kinds[rows]).tolist()):
                if count:
                    counter[KIND_ORDER[number]] += count
        if self._first is None:
            missing = missing[self._shown[left.kinds[missing]]]
            extra = extra[self._shown[right.kinds[extra]]]
            self._first = _first(left, right, pairs, missing, extra, differing)

    def _compare(self, left: Part, right: Part, pairs: Pairs) -> dict[str, Mask]:
        """Compare counterparts; give for each field that differs the pairs, excused ones not."""
        count = len(pairs.left)
        seq, cause = self.renumbering.compare(left, right, pairs)
        ours, theirs = left.kinds[pairs.left], right.kinds[pairs.right]
        differing: dict[str, Mask] = {}
        touched = np.zeros(count, np.bool_)
        alike = ours == theirs
        for number, occurs in enumerate(np.bincount(ours[alike]).tolist()):
            if not occurs:
                continue
            kind = KIND_ORDER[number]
            own = np.flatnonzero((ours == number) & alike)
            mine = left.table(number, pairs.left[own])
            yours = right.table(number, pairs.right[own])
            for name in mine.columns:
                if name in _ALIGNED_BY:
                    continue
                column, other = mine.columns[name], yours.columns[name]
                if name in ("seq", "cause"):
                    differs = (seq if name == "seq" else cause)[own]
                else:
                    differs = column.differs(other)
                rows = np.flatnonzero(differs)
                if not len(rows):
                    continue
                touched[own[rows]] = True
                column, other = column.take(rows), other.take(rows)
                self._largest.add(*column.float_pairs(other))
                excused = None if self._excuse is None else self._excuse(kind, name, column, other)
                if excused is not None:
                    rows = rows[~excused]
                if len(rows):
                    marks = differing.setdefault(name, np.zeros(count, np.bool_))
                    marks[own[rows]] = True
        unlike = ~alike
        if unlike.any():
            differing = {"kind": unlike, **differing}
            for name, differs in (("seq", seq), ("cause", cause)):
                marks = differing.setdefault(name, np.zeros(count, np.bool_))
                marks |= differs & unlike
        left_over = np.zeros(count, np.bool_)
        for name, marks in differing.items():
            left_over |= marks
            for number, found in enumerate(np.bincount(ours[marks]).tolist()):
                if found:
                    self._fields.setdefault(KIND_ORDER[number], Counter())[name] += found
        for number, found in enumerate(np.bincount(ours[left_over]).tolist()):
            if found:
                self._different[KIND_ORDER[number]] += found
        self._excused += int(np.count_nonzero(touched & ~left_over))
        return differing


def _others(count: int, rows: Rows) -> Rows:
    """Give the rows that are not among ``rows``."""
    alone = np.ones(count, np.bool_)
    alone[rows] = False
    return np.flatnonzero(alone)


def _first(
    left: Part,
    right: Part,
    pairs: Pairs,
    missing: Rows,
    extra: Rows,
    differing: Mapping[str, Mask],
) -> Difference | None:
    """Show the first difference: by slice, then by the counterparts before it, missing ones first.

    Where counterparts stand in another order, those before an extra event are counted on its side.
    """
    places = np.sort(pairs.right)
    found: list[tuple[tuple[int, int, int], int, int]] = []  # order, left row, right row
    for row in missing[:1].tolist():
        before = int(np.searchsorted(pairs.left, row))
        other = int(places[before - 1]) + 1 if before else 0
        found.append(((int(left.slices[row]), before, 0), row, other))
    for row in extra[:1].tolist():
        before = int(np.searchsorted(places, row))
        other = int(pairs.left[before - 1]) + 1 if before else 0
        found.append(((int(right.slices[row]), before, 1), other, row))
    pair = min((int(np.argmax(marks)) for marks in differing.values() if marks.any()), default=-1)
    if pair >= 0:
        row = int(pairs.left[pair])
        found.append(((int(left.slices[row]), pair, 2), row, int(pairs.right[pair])))
    if not found:
        return None
    (_, _, which), row, other = min(found)
    ours = None if which == 1 else left.event(row)
    theirs = None if which == 0 else right.event(other)
    fields = [name for name, marks in differing.items() if which == 2 and marks[pair]]
    if ours is not None:
        order = ("kind", *SCHEMAS[ours.kind])
        fields.sort(key=order.index)
    return Difference(left.position + row, ours, theirs, tuple(fields), right.position + other)
