"""Recording a unit's events while it runs.

Publishers append to plain lists, one for each kind (`TraceRecorder.keep`), for that is the cheapest
thing a hot path can do, and leaves nothing to be sorted later. Whenever `PIECE_ROWS` have come
together, `trim` turns them into columns, which take an eighth of the memory; pieces make chunks,
and chunks go to the store when there is one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Final

from containers.events import Event, EventKind
from containers.trace.chunk import CHUNK_ROWS, TraceChunk, recut
from containers.trace.trace import Trace, newest_chunks

if TYPE_CHECKING:
    from containers.trace.storage import TraceWriter

__all__ = ["PIECE_ROWS", "TraceRecorder"]

PIECE_ROWS: Final = 8192
"""Events turned into columns at a time. While so few wait they stay in the processor's cache: that
spares a third of the cost of turning a whole chunk at once."""


class TraceRecorder:
    """Keeps the events it is given, all or the newest.

    Args:
        max_events: How many to keep; the oldest are dropped, and counted. 0 keeps none; null all.
        store: Where chunks go; null keeps them in memory. Without a limit memory then stays within
            a slice more than a chunk; with one the newest events wait in memory, since only the
            end shows which they are.

    Attributes:
        waiting: Events that are not columns yet, in ascending ``seq``, of each kind that is kept.
    """

    def __init__(self, max_events: int | None = None, store: TraceWriter | None = None) -> None:
        if max_events is not None and max_events < 0:
            raise ValueError(f"max_events is {max_events}; expected 0 or more, or null for all")
        self.waiting: Final[dict[EventKind, list[Event]]] = {}
        self._limit: Final = max_events
        self._store: Final = store
        self._chunks: Final[list[TraceChunk]] = []  # whole chunks, without store and limit
        self._pieces: Final[deque[TraceChunk]] = deque()  # what is to become chunks
        self._rows = 0  # events in the pieces
        self._dropped = 0
        self._last_seq = -1  # of what has been turned
        self._finished = False

    def keeper(self, kind: EventKind) -> Callable[[Event], None]:
        """Give what keeps an event of ``kind``; it stays the same, so it can be bound once.

        It checks nothing: `trim` and `finish` refuse what is wrong.
        """
        return self.waiting.setdefault(kind, []).append

    def trim(self) -> int:
        """Turn what has come together into columns, when that is enough to be worth it.

        Answers how many more events may be kept before it has to be called again.

        Raises:
            InvalidEventError: An event is not sound; what waits is left as it was.
            StorageError: The store failed.
        """
        waiting = sum(map(len, self.waiting.values()))
        if waiting < PIECE_ROWS:
            return PIECE_ROWS - waiting
        self._turn()
        return PIECE_ROWS

    def finish(self, events_total: int) -> Trace:
        """Turn what still waits and give the trace.

        Args:
            events_total: Events of the unit, kept or not.

        Raises:
            InvalidEventError: An event is not sound; what waits is left as it was.
            StorageError: The store failed; what lies there is recognisable as incomplete.
            ValueError: There cannot be so few events in total.
        """
        if self._finished:
            raise RuntimeError("the trace of this unit has been finished already")
        if any(self.waiting.values()):
            self._turn()
        self._finished = True
        rest: Iterable[TraceChunk] = self._pieces
        if self._limit is not None:
            self._dropped += max(self._rows - self._limit, 0)
            rest = newest_chunks(self._pieces, self._limit)
        if self._store is None:
            return Trace.from_chunks(chain(self._chunks, rest), events_total, self._dropped)
        with self._store as store:
            for chunk in recut(rest):
                store.write(chunk)
            store.finish(events_total, self._dropped)
        return Trace.open(store.path)

    def abandon(self) -> None:
        """Let go of everything; what a store holds already stays, recognisable as incomplete."""
        self._finished = True
        self._forget_waiting()
        self._pieces.clear()
        self._chunks.clear()
        if self._store is not None:
            self._store.close()

    def _turn(self) -> None:
        """Turn all events that wait into columns."""
        piece = TraceChunk.from_kinds(self.waiting, above=self._last_seq)
        self._forget_waiting()
        self._last_seq = piece.last_seq
        if self._limit is None:
            self._gather(piece)
            return
        self._pieces.append(piece)
        self._rows += piece.rows
        while self._pieces and self._rows - self._pieces[0].rows >= self._limit:
            surplus = self._pieces.popleft().rows
            self._rows -= surplus
            self._dropped += surplus

    def _gather(self, piece: TraceChunk) -> None:
        """Add a piece to those before it, and put whole chunks where they belong."""
        while self._rows + piece.rows >= CHUNK_ROWS:
            room = CHUNK_ROWS - self._rows
            chunk = TraceChunk.concatenate([*self._pieces, piece.slice(0, room)])
            piece = piece.slice(room, piece.rows)
            self._pieces.clear()
            self._rows = 0
            if self._store is None:
                self._chunks.append(chunk)
            else:
                self._store.write(chunk)
        self._pieces.append(piece)
        self._rows += piece.rows

    def _forget_waiting(self) -> None:
        for events in self.waiting.values():
            events.clear()
