"""Where two traces differ first, and how much they differ.

Rows are compared by position in the kept stream, bit by bit: NaN payloads and -0.0 count. Chunks
of two traces begin at the same positions, so they are compared in pairs:

1. prefix digests are bisected for the first pair that differs (`_first_pair`);
2. within a pair the first position is found where the two have different kinds; up to there the
   i-th events of a kind lie side by side, so each kind's tables are compared as arrays, and the
   lowest position wins (`_first_row`);
3. the two events there are made, and the fields named that differ (`_difference`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from containers.events import Event
from containers.trace.chunk import CHUNK_ROWS, KIND_ORDER, TraceChunk
from containers.trace.columns import Floats
from containers.trace.table import Table
from containers.trace.trace import Trace

__all__ = ["Counts", "Difference", "count_differences", "first_difference"]


class Difference(msgspec.Struct, frozen=True):
    """The first place where two traces differ.

    Attributes:
        position: Of the row in both kept streams, from 0.
        left: The event there; null when the left trace ends before.
        right: The event there; null when the right trace ends before.
        fields: Names of the fields that differ, in the order of the fields. When the kinds differ
            ``kind`` comes first, and only the fields that all kinds have are compared. Empty when
            one side has no event.
    """

    position: int
    left: Event | None
    right: Event | None
    fields: tuple[str, ...]


class Counts(msgspec.Struct, frozen=True):
    """How much two traces differ, row by row at equal positions.

    Attributes:
        compared: Positions that both have.
        different: Of these, those whose events differ in any bit.
        missing: Positions that only the left trace has.
        extra: Positions that only the right trace has.
        max_abs: Largest absolute difference of two floats in the same field of events of one kind
            (for FEATURES with the same names). 0.0 when there is none. Null and NaN have no
            distance: they make an event different and nothing else.
        max_ulp: Largest distance of two such floats, counted in representable numbers; between
            -0.0 and 0.0 it is 1.
    """

    compared: int
    different: int
    missing: int
    extra: int
    max_abs: float
    max_ulp: int


def first_difference(left: Trace, right: Trace, *, use_digests: bool = True) -> Difference | None:
    """Find the first row in which two traces differ; null when they are equal bit by bit.

    A trace that is the beginning of the other differs from it at its end.

    Args:
        left: For example the control's.
        right: For example the candidate's.
        use_digests: Skip what has equal digests: on disk one chunk a side is read. Without, every
            buffer is compared.

    Raises:
        StorageError: A trace on disk is damaged.
    """
    common = min(len(left.chunks), len(right.chunks))
    for number in range(_first_pair(left, right) if use_digests else 0, common):
        ours, theirs = left.chunks[number], right.chunks[number]
        row = _first_row(ours, theirs)
        if row is not None:
            return _difference(number * CHUNK_ROWS + row, ours, theirs, row)
    if len(left) == len(right):
        return None
    # All chunks in common are equal, so they are whole, and the longer trace goes on with a chunk.
    position = min(len(left), len(right))
    if len(left) > position:
        return Difference(position, left.event(position), None, ())
    return Difference(position, None, right.event(position), ())


def count_differences(left: Trace, right: Trace) -> Counts:
    """Compare two traces in full, row by row at equal positions.

    One missing event shifts all after it, and each of those counts: alignment is not done here.

    Raises:
        StorageError: A trace on disk is damaged.
    """
    different = 0
    largest = _Largest()
    for number in range(_first_pair(left, right), min(len(left.chunks), len(right.chunks))):
        ours, theirs = left.chunks[number], right.chunks[number]
        if not ours.same(theirs):
            different += _count_rows(ours, theirs, largest)
    compared = min(len(left), len(right))
    return Counts(
        compared=compared,
        different=different,
        missing=len(left) - compared,
        extra=len(right) - compared,
        max_abs=largest.absolute,
        max_ulp=largest.ulp,
    )


def _first_pair(left: Trace, right: Trace) -> int:
    """Give the number of the first chunk whose prefix digests differ, or where one trace ends.

    Each digest covers all before it, so once they differ they differ for good.
    """
    ours, theirs = left.prefix_digests, right.prefix_digests
    common = range(min(len(ours), len(theirs)))
    return bisect_left(common, True, key=lambda number: ours[number] != theirs[number])


def _first_row(left: TraceChunk, right: TraceChunk) -> int | None:
    """Find the first row in which two chunks differ; null when they are equal."""
    if left.same(right):
        return None
    shorter = min(left.rows, right.rows)
    ours, theirs = left.layout, right.layout
    unlike = np.flatnonzero(ours.kinds[:shorter] != theirs.kinds[:shorter])
    end = int(unlike[0]) if len(unlike) else shorter
    first = end
    for number in np.unique(ours.kinds[:end]).tolist():
        kind = KIND_ORDER[number]
        # Up to `end` both have the same kinds at the same rows, so these are the rows of both.
        positions = np.flatnonzero(ours.kinds[:end] == number)
        rows = np.arange(len(positions))
        mine, yours = (_head(chunk.tables[kind], rows) for chunk in (left, right))
        found = np.flatnonzero(mine.differs(yours))
        if len(found):
            first = min(first, int(positions[found[0]]))
    return first if first < max(left.rows, right.rows) else None


def _head(table: Table, rows: npt.NDArray[np.intp]) -> Table:
    return table if len(rows) == len(table) else table.take(rows)


def _difference(position: int, left: TraceChunk, right: TraceChunk, row: int) -> Difference:
    """Show what stands at a row of two chunks."""
    if row >= left.rows:
        return Difference(position, None, right.event(row), ())
    if row >= right.rows:
        return Difference(position, left.event(row), None, ())
    fields = left.table_of(row).fields_differing(right.table_of(row))
    return Difference(position, left.event(row), right.event(row), fields)


def _count_rows(left: TraceChunk, right: TraceChunk, largest: _Largest) -> int:
    """Count the rows in which two chunks differ, as far as both go."""
    shorter = min(left.rows, right.rows)
    ours, theirs = left.layout, right.layout
    alike = ours.kinds[:shorter] == theirs.kinds[:shorter]
    different = shorter - int(np.count_nonzero(alike))
    for number in np.unique(ours.kinds[:shorter][alike]).tolist():
        kind = KIND_ORDER[number]
        positions = np.flatnonzero(alike & (ours.kinds[:shorter] == number))
        mine = left.tables[kind].take(ours.rows[positions])
        yours = right.tables[kind].take(theirs.rows[positions])
        different += int(np.count_nonzero(mine.differs(yours)))
        for name, column in mine.columns.items():
            largest.add(*column.float_pairs(yours.columns[name]))
    return different


_SIGN: Final = np.uint64(1 << 63)


class _Largest:
    """The largest distances so far."""

    def __init__(self) -> None:
        self.absolute = 0.0
        self.ulp = 0

    def add(self, left: Floats, right: Floats) -> None:
        """Take in pairs of floats; those equal in bits or with a NaN have no distance."""
        apart = left.view(np.int64) != right.view(np.int64)
        apart &= ~(np.isnan(left) | np.isnan(right))
        if not apart.any():
            return
        left, right = left[apart], right[apart]
        with np.errstate(over="ignore"):  # two ends of the scale are infinitely far apart
            self.absolute = max(self.absolute, float(np.abs(left - right).max()))
        low, high = _ranks(left), _ranks(right)
        low, high = np.minimum(low, high), np.maximum(low, high)
        self.ulp = max(self.ulp, int((high - low).max()))


def _ranks(values: Floats) -> npt.NDArray[np.uint64]:
    """Number the floats in ascending order, as unsigned 64 bits: neighbours differ by 1."""
    bits = values.view(np.uint64)
    ranks: npt.NDArray[np.uint64] = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return ranks
