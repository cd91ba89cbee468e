"""Two traces cut into pieces between the same times, so that each pair is aligned on its own.

Events of a unit come slice by slice, and only events of one slice can be counterparts. So it is
enough to hold, of both sides, the slices that are complete on both: `windows` reads chunk after
chunk on the side that is behind, and on the other while it holds less than one.

A foreign trace need not be in order of time. An event that stands out of order (outside the longest
ascending run of its piece) belongs to the slice it was published in, whatever time it bears; so one
wrong time spoils no other event.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from containers.events import Event, EventKind
from containers.trace.chunk import CHUNK_ROWS, KIND_ORDER, TraceChunk
from containers.trace.columns import IntColumn, Rows
from containers.trace.table import Table
from containers.trace.trace import Trace

__all__ = ["Part", "Watch", "first_pair", "windows"]

_Ints = npt.NDArray[np.int64]

_MOST_ROWS: Final = 8 * CHUNK_ROWS
"""A slice longer than this is cut: what is then aligned may depend on the cut, memory does not."""

_STEPS: Final = {
    EventKind.BAR: 1,
    EventKind.FEATURES: 3,
    EventKind.CLASSIFICATION: 4,
    EventKind.SIGNAL: 5,
    EventKind.ORDER_REQUEST: 6,
    EventKind.ORDER: 7,
    EventKind.REJECTION: 7,
    EventKind.FILL: 8,
    EventKind.CANCELLATION: 8,
    EventKind.PORTFOLIO_UPDATE: 9,
}
"""The step that publishes a kind. Execution's steps (2, 8, 9) count as one: an event does not say
in which it was made, and one made in another step is to be seen as out of its order."""


class Watch(Protocol):
    """What follows the alignment along, and knows whether all was equal so far."""

    @property
    def untouched(self) -> bool:
        """Whether events with equal numbers were counterparts, without exception."""

    def skip(self, first: int, last: int) -> None:
        """Take note of equal events with these numbers, which are not handed out."""


class Part:
    """Consecutive events of one trace; arrays are in their order, one item an event.

    Attributes:
        position: Of the first of them in the kept stream.
        slices: int64, the time of the slice it belongs to; ascends.
        times: int64, its own time; the same array as ``slices`` where these never differ.
        sources: int64, step and container as one number, the same on both sides.
        kinds: int8, as in `Layout`.
        seqs: int64, its number.
    """

    def __init__(self, side: _Side, start: int, stop: int) -> None:
        here = slice(start, stop)
        self._chunk: Final = side.chunk
        self._rows: Final = side.chunk.layout.rows[here]
        self.position: Final = side.position + start
        self.kinds: Final = side.chunk.layout.kinds[here]
        self.seqs: Final = side.chunk.layout.seqs[here]
        self.sources: Final = side.sources[here]
        self.slices: Final = side.slices[here]
        self.times: Final = self.slices if side.times is side.slices else side.times[here]
        self._start: Final = start

    def __len__(self) -> int:
        return len(self._rows)

    def table(self, number: int, rows: Rows) -> Table:
        """Give the events at these rows, which are all of the kind with this number."""
        table, rows = self._chunk.tables[KIND_ORDER[number]], self._rows[rows]
        if len(rows) and bool((rows[1:] - rows[:-1] == 1).all()):
            return table.part(int(rows[0]), int(rows[-1]) + 1)
        return table.take(rows)

    @property
    def causes(self) -> _Ints:
        """The number of the cause of each event, -1 for none."""
        causes = np.empty(len(self), np.int64)
        for number, count in enumerate(np.bincount(self.kinds).tolist()):
            if count:
                rows = np.flatnonzero(self.kinds == number)
                column = self._chunk.tables[KIND_ORDER[number]].columns["cause"]
                assert isinstance(column, IntColumn)
                causes[rows] = column.data[self._rows[rows]]
        return causes

    def events(self, rows: Rows) -> list[Event]:
        """Give the events at these rows, in their order."""
        found: list[Event | None] = [None] * len(rows)
        kinds = self.kinds[rows]
        for number, count in enumerate(np.bincount(kinds).tolist()):
            if count:
                places = np.flatnonzero(kinds == number)
                events = self.table(number, rows[places]).events()
                for place, event in zip(places.tolist(), events, strict=True):
                    found[place] = event
        return [event for event in found if event is not None]

    def event(self, row: int) -> Event:
        """Give the event at this row."""
        return self._chunk.event(self._start + row)


class _Ahead:
    """Chunks one after the other, each read in a thread while the one before is looked at."""

    def __init__(self, chunks: Sequence[TraceChunk], start: int, pool: Executor | None) -> None:
        self._chunks: Final = chunks
        self._pool: Final = pool
        self._coming: Future[TraceChunk] | None = None
        self._held: TraceChunk | None = None
        self.number = start
        self._order()

    def _order(self) -> None:
        if self._pool is not None and self.number < len(self._chunks):
            self._coming = self._pool.submit(self._chunks.__getitem__, self.number)

    def peek(self) -> TraceChunk | None:
        """Give the next chunk, and again until it is taken; null when there is none."""
        if self._held is None and self.number < len(self._chunks):
            coming = self._coming
            self._held = self._chunks[self.number] if coming is None else coming.result()
        return self._held

    def take(self) -> None:
        """Go on to the one after it."""
        self._held = None
        self.number += 1
        self._order()


class _Side:
    """What is held of one trace: what was read and not yet handed out.

    Attributes:
        chunk: Its events.
        position: Of the first of them in the kept stream.
        floor: The last slice that was handed out; null before.
        done: Whether there is nothing more to read.
    """

    def __init__(
        self,
        trace: Trace,
        start: int,
        sources: dict[tuple[int, str], int],
        pool: Executor | None,
    ) -> None:
        self._infos: Final = trace.infos
        self._ahead: Final = _Ahead(trace.chunks, start, pool)
        self.peek: Final = self._ahead.peek
        self._numbers: Final = sources
        self.position = start * CHUNK_ROWS
        self.floor: int | None = None
        self.done = False
        self._hold(TraceChunk(()))

    def _hold(self, chunk: TraceChunk) -> None:
        self.chunk = chunk
        kinds = chunk.layout.kinds
        self.times = np.empty(chunk.rows, np.int64)
        self.sources = np.empty(chunk.rows, np.int64)
        for kind, table in chunk.tables.items():
            rows = np.flatnonzero(kinds == KIND_ORDER.index(kind))
            self.times[rows] = table.time_ns
            numbers = [
                self._numbers.setdefault((_STEPS[kind], name), len(self._numbers))
                for name in table.containers.texts
            ]
            self.sources[rows] = np.array(numbers, np.int64)[table.containers.codes]
        self.slices = _slices(self.times, self.floor)

    def __len__(self) -> int:
        return self.chunk.rows

    @property
    def last(self) -> int:
        """The time of the last slice that is held."""
        return int(self.slices[-1])

    def skip(self) -> tuple[int, int]:
        """Pass over the next chunk while nothing is held; give its first and last number."""
        info = self._infos[self._ahead.number]
        self.position = info.prefix.events
        self._ahead.take()
        return info.first_seq, info.last_seq

    @property
    def passed(self) -> tuple[int, int]:
        """The times on both sides of the cut before the next chunk; one of them at the ends."""
        number = self._ahead.number
        times = [info.last_ns for info in self._infos[max(0, number - 1) : number]]
        times += [info.first_ns for info in self._infos[number : number + 1]]
        return times[0], times[-1]

    def load(self) -> None:
        """Hold the next chunk as well; without one the side is done."""
        chunk = self.peek()
        if chunk is None:
            self.done = True
            return
        self._ahead.take()
        self._hold(TraceChunk.concatenate([self.chunk, chunk]) if len(self) else chunk)

    def rows_before(self, time: int) -> int:
        """Count what is held of slices before this time."""
        return int(np.searchsorted(self.slices, time, side="left"))

    def hand_out(self, rows: int) -> Part:
        """Give so many of the events held."""
        return Part(self, 0, rows)

    def drop(self, rows: int, floor: int) -> None:
        """Hold so many events, of slices up to ``floor``, no longer."""
        self.floor = floor
        self.position += rows
        self._hold(self.chunk.slice(rows, self.chunk.rows))


def first_pair(left: Trace, right: Trace) -> int:
    """Give the number of the first chunk whose prefix digests differ, or where one trace ends.

    Each digest covers all before it, so once they differ they differ for good.
    """
    ours, theirs = left.prefix_digests, right.prefix_digests
    common = range(min(len(ours), len(theirs)))
    return bisect_left(common, True, key=lambda number: ours[number] != theirs[number])


def windows(
    left: Trace, right: Trace, start: int, watch: Watch
) -> Generator[tuple[Part, Part], None, None]:
    """Cut two traces, from their chunk ``start`` on, into pieces of the same slices, in order.

    Chunks that are equal, after nothing but counterparts of equal numbers, are left out: ``watch``
    is told of them.

    Raises:
        StorageError: A chunk on disk is damaged.
    """
    if start == len(left.infos) == len(right.infos):
        return
    if start:
        watch.skip(left.infos[0].first_seq, left.infos[start - 1].last_seq)
    # One reader has one thread at a time: a trace compared with itself is read in turn.
    threaded = left.path is not None and right.path is not None and left.chunks is not right.chunks
    with ThreadPoolExecutor(2) if threaded else nullcontext() as pool:
        sources: dict[tuple[int, str], int] = {}
        ours, theirs = (_Side(trace, start, sources, pool) for trace in (left, right))
        if start:
            _raise_floors(ours, theirs)
        yield from _cut_up(ours, theirs, watch)


def _cut_up(ours: _Side, theirs: _Side, watch: Watch) -> Iterator[tuple[Part, Part]]:
    while True:
        behind = [
            side
            for side, other in ((ours, theirs), (theirs, ours))
            if not side.done
            and (not len(side) or other.done or (len(other) and side.last <= other.last))
        ]
        if not behind:
            yield from _cut(ours, len(ours), theirs, len(theirs))
            return
        if len(behind) == 2 and watch.untouched and _same_next(ours, theirs):
            yield from _cut(ours, len(ours), theirs, len(theirs))
            if watch.untouched:
                watch.skip(*ours.skip())
                theirs.skip()
            _raise_floors(ours, theirs)
            continue
        for side in (ours, theirs):
            # Of the last event that is held nobody knows yet whether its time is wrong, so a side
            # that seems ahead looks further too, while what it holds is little.
            if side in behind or (not side.done and len(side) < CHUNK_ROWS):
                side.load()
        reading = [side for side in (ours, theirs) if not side.done]
        if reading and all(map(len, reading)):
            end = min(side.last for side in reading)
            rows, others = ours.rows_before(end), theirs.rows_before(end)
            if not (rows or others) and max(len(ours), len(theirs)) > _MOST_ROWS:
                rows, others = len(ours), len(theirs)
            yield from _cut(ours, rows, theirs, others)


def _cut(left: _Side, rows: int, right: _Side, others: int) -> Iterator[tuple[Part, Part]]:
    """Hand out the first events of both sides, if there are any."""
    if rows or others:
        parts = left.hand_out(rows), right.hand_out(others)
        floor = max(int(part.slices[-1]) for part in parts if len(part))
        left.drop(rows, floor)
        right.drop(others, floor)
        yield parts


def _raise_floors(left: _Side, right: _Side) -> None:
    """Let nothing that follows equal chunks belong to slices before their end.

    Their last time says where they end, unless it is out of order itself: then what follows on
    either side begins before it.
    """
    (last, ours), (_, theirs) = left.passed, right.passed
    left.floor = right.floor = min(last, max(ours, theirs))


def _same_next(left: _Side, right: _Side) -> bool:
    """Whether both sides are at the same place, hold the same, and go on with equal chunks."""
    if left.position != right.position or len(left) != len(right):
        return False
    alike = all(
        np.array_equal(mine, yours)
        for mine, yours in (
            (left.slices, right.slices),
            (left.times, right.times),
            (left.sources, right.sources),
        )
    )
    if not alike:
        return False
    ours, theirs = left.peek(), right.peek()
    return ours is not None and theirs is not None and ours.same(theirs)


def _slices(times: _Ints, floor: int | None) -> _Ints:
    """Give for each event the time of its slice, none of them before ``floor``.

    Where times ascend from there on it is the same array.
    """
    late = floor is not None and bool((times[:1] < floor).any())
    if not late and bool((times[1:] >= times[:-1]).all()):
        return times
    run = _in_order(times.tolist(), floor)
    if not run:
        return np.full(len(times), floor, np.int64)
    rows = np.array(run)
    before = np.searchsorted(rows, np.arange(len(times)), side="right") - 1
    slices: _Ints = times[rows[np.maximum(before, 0)]]
    if floor is not None:
        slices[before < 0] = floor
    return slices


def _in_order(times: list[int], floor: int | None) -> list[int]:
    """Give the rows of the longest run of times that never descend, none of them before ``floor``.

    Of several it is the one with the latest times, from its end on: so the last that is held, when
    its time is wrong, does not push out the one before it.
    """
    tails: list[int] = []  # the least time with which a run of each length can end
    ends: list[list[int]] = []  # the rows with which it can end; their times descend
    before = [-1] * len(times)
    for row, time in enumerate(times):
        if floor is not None and time < floor:
            continue
        length = bisect_right(tails, time)
        if length:
            fitting = bisect_left(ends[length - 1], -time, key=lambda end: -times[end])
            before[row] = ends[length - 1][fitting]
        if length == len(tails):
            tails.append(time)
            ends.append([row])
        else:
            tails[length] = time
            ends[length].append(row)
    run = []
    row = ends[-1][0] if ends else -1
    while row >= 0:
        run.append(row)
        row = before[row]
    return run[::-1]
