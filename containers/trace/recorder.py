"""Recording a unit's events while it runs.

Publishers append to `TraceRecorder.buffer`, a plain list, for that is the cheapest thing a hot
path can do. Now and then `trim` turns what has come together into a chunk of columns, which takes
an eighth of the memory, and hands it to the store when there is one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from containers.events import Event
from containers.trace.chunk import CHUNK_ROWS, TraceChunk, recut
from containers.trace.trace import Trace, newest_chunks

if TYPE_CHECKING:
    from containers.trace.storage import TraceWriter

__all__ = ["TraceRecorder"]


class TraceRecorder:
    """Keeps the events it is given, all or the newest.

    Args:
        max_events: How many to keep; the oldest are dropped, and counted. 0 keeps none; null all.
        store: Where chunks go; null keeps them in memory. Without a limit memory then stays within
            a slice more than a chunk; with one the newest events wait in memory, since only the
            end shows which they are.

    Attributes:
        buffer: Where publishers append, in ascending ``seq``; always the same list, so its
            ``append`` can be bound once.
    """

    def __init__(self, max_events: int | None = None, store: TraceWriter | None = None) -> None:
        if max_events is not None and max_events < 0:
            raise ValueError(f"max_events is {max_events}; expected 0 or more, or null for all")
        self.buffer: Final[list[Event]] = []
        self._limit: Final = max_events
        self._store: Final = store
        self._chunks: Final[deque[TraceChunk]] = deque()  # what is held in memory
        self._rows = 0  # events in them
        self._dropped = 0
        self._last_seq = -1  # of the chunks so far
        self._finished = False

    def trim(self) -> None:
        """Turn whole chunks' worth of the buffer into columns; for the end of every slice.

        Raises:
            InvalidEventError: An event is not sound; the buffer is left as it was.
            StorageError: The store failed.
        """
        while len(self.buffer) >= CHUNK_ROWS:
            if self._limit is not None and self._limit < CHUNK_ROWS:
                self._drop_from_buffer(self._limit)
                return
            self._keep(self._converted(CHUNK_ROWS))

    def finish(self, events_total: int) -> Trace:
        """Keep what is left in the buffer and give the trace.

        Args:
            events_total: Events of the unit, kept or not.

        Raises:
            InvalidEventError: An event is not sound; the buffer is left as it was.
            StorageError: The store failed; what lies there is recognisable as incomplete.
            ValueError: There cannot be so few events in total.
        """
        if self._finished:
            raise RuntimeError("the trace of this unit has been finished already")
        self.trim()
        if self._limit is not None:
            self._drop_from_buffer(self._limit)
        if self.buffer:
            self._keep(self._converted(len(self.buffer)))
        self._finished = True
        dropped = self._dropped
        chunks = tuple(self._chunks)
        self._chunks.clear()
        if self._limit is not None:
            dropped += max(self._rows - self._limit, 0)
            chunks = tuple(newest_chunks(chunks, self._limit))
        if self._store is None:
            return Trace.from_chunks(chunks, events_total, dropped)
        with self._store as store:
            for chunk in recut(chunks):
                store.write(chunk)
            store.finish(events_total, dropped)
        return Trace.open(store.path)

    def abandon(self) -> None:
        """Let go of everything; what a store holds already stays, recognisable as incomplete."""
        self._finished = True
        self.buffer.clear()
        self._chunks.clear()
        if self._store is not None:
            self._store.close()

    def _drop_from_buffer(self, limit: int) -> None:
        surplus = len(self.buffer) - limit
        if surplus > 0:
            del self.buffer[:surplus]
            self._dropped += surplus

    def _converted(self, rows: int) -> TraceChunk:
        """Move the oldest rows of the buffer into a chunk."""
        chunk = TraceChunk.from_events(self.buffer[:rows], above=self._last_seq)
        del self.buffer[:rows]
        self._last_seq = chunk.last_seq
        return chunk

    def _keep(self, chunk: TraceChunk) -> None:
        if self._store is not None and self._limit is None:
            self._store.write(chunk)
            return
        self._chunks.append(chunk)
        self._rows += chunk.rows
        if self._limit is not None:
            while self._rows - self._chunks[0].rows >= self._limit:
                oldest = self._chunks.popleft()
                self._rows -= oldest.rows
                self._dropped += oldest.rows
