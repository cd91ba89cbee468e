"""The trace of a unit: its kept events, as a sequence of chunks that are read when needed.

A trace is the same whether its chunks lie in memory or on disk: same events, same digests.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from containers.events import Event, EventKind
from containers.results import TraceSummary
from containers.trace.chunk import (
    CHUNK_ROWS,
    EMPTY_DIGEST,
    KIND_ORDER,
    ChunkInfo,
    PrefixDigest,
    TraceChunk,
    check_totals,
    recut,
)

__all__ = ["Trace"]


class _Content(NamedTuple):
    chunks: Sequence[TraceChunk]
    infos: tuple[ChunkInfo, ...]
    events_total: int
    dropped: int


class Trace:
    """Events of a unit that were kept, in ascending ``seq``; immutable.

    It can be sent to another process: one on disk is reopened there, by its path.

    Attributes:
        chunks: Its chunks; indexing one on disk reads and checks it.
        infos: What is known of each chunk without reading it.
        events_total: Events of the unit, kept or not.
        dropped: Events that a limit removed again, oldest first.
        path: The folder it lies in; null in memory.
    """

    def __init__(
        self,
        chunks: Sequence[TraceChunk],
        infos: Sequence[ChunkInfo],
        events_total: int,
        dropped: int = 0,
        path: Path | None = None,
    ) -> None:
        check_totals(infos, events_total, dropped)
        self._held: _Content | None = _Content(chunks, tuple(infos), events_total, dropped)
        self.path: Final = path

    @property
    def chunks(self) -> Sequence[TraceChunk]:
        """Its chunks."""
        return self._content.chunks

    @property
    def infos(self) -> tuple[ChunkInfo, ...]:
        """What is known of each chunk without reading it."""
        return self._content.infos

    @property
    def events_total(self) -> int:
        """Events of the unit, kept or not."""
        return self._content.events_total

    @property
    def dropped(self) -> int:
        """Events that a limit removed again, oldest first."""
        return self._content.dropped

    @property
    def _content(self) -> _Content:
        if self._held is None:
            assert self.path is not None  # only `later` leaves it open, and that has a path
            self._held = Trace.open(self.path)._held
            assert self._held is not None  # it was just opened
        return self._held

    @classmethod
    def from_chunks(
        cls, chunks: Iterable[TraceChunk], events_total: int | None = None, dropped: int = 0
    ) -> Trace:
        """Make a trace in memory from consecutive chunks of any length.

        Args:
            chunks: In ascending ``seq``; they are cut anew where they are not `CHUNK_ROWS` long.
            events_total: Events of the unit, kept or not; null: up to the last one kept, and the
                dropped ones.
            dropped: Events that a limit removed.

        Raises:
            ValueError: The chunks are not in order, or the counts contradict each other.
        """
        held = tuple(recut(chunks))
        infos: list[ChunkInfo] = []
        for chunk in held:
            info = ChunkInfo.of(chunk, infos[-1].prefix if infos else None)
            if infos and info.first_seq <= infos[-1].last_seq:
                raise ValueError(
                    f"a chunk begins with event {info.first_seq}, the one before it ends with "
                    f"{infos[-1].last_seq}; expected ascending numbers"
                )
            infos.append(info)
        if events_total is None:
            events_total = max(infos[-1].last_seq + 1 if infos else 0, dropped)
        return cls(held, infos, events_total, dropped)

    @classmethod
    def from_events(cls, events: Sequence[Event], events_total: int | None = None) -> Trace:
        """Make a trace in memory from events in ascending ``seq``.

        Raises:
            InvalidEventError: As `TraceChunk.from_events`.
        """
        cuts = range(0, len(events), CHUNK_ROWS)
        pieces = (TraceChunk.from_events(events[cut : cut + CHUNK_ROWS]) for cut in cuts)
        return cls.from_chunks(pieces, events_total)

    @classmethod
    def open(cls, path: Path) -> Trace:
        """Open a trace on disk. Its chunks are read, and checked by their digests, when used.

        Raises:
            StorageError: There is no complete trace of this format; see `storage.TraceReader`.
        """
        # Late: a trace in memory must not cost the import of pyarrow.
        from containers.trace.storage import TraceReader

        reader = TraceReader(path)
        index = reader.trace_index
        return cls(reader, index.chunks, index.events, index.dropped, path)

    @classmethod
    def later(cls, path: Path) -> Trace:
        """Give a trace on disk that is opened, as `open` does, when it is first looked at."""
        trace = cls((), (), 0, 0, path)
        trace._held = None
        return trace

    def save(self, path: Path) -> Trace:
        """Write the trace to a folder and open it there; `StorageError` when that fails."""
        from containers.trace.storage import TraceWriter

        with TraceWriter(path) as writer:
            for chunk in self.chunks:
                writer.write(chunk)
            writer.finish(self.events_total, self.dropped)
        return self.open(path)

    def __reduce__(self) -> tuple[object, ...]:
        if self.path is not None:
            return Trace.later, (self.path,)
        return Trace, (self.chunks, self.infos, self.events_total, self.dropped)

    def __len__(self) -> int:
        """Number of kept events."""
        return self.infos[-1].prefix.events if self.infos else 0

    def __repr__(self) -> str:
        place = "memory" if self.path is None else str(self.path)
        return f"<Trace of {len(self)} events in {place}, digest {self.digest}>"

    @property
    def prefix_digests(self) -> tuple[PrefixDigest, ...]:
        """The digest up to the end of each chunk; empty for an empty trace."""
        return tuple(info.prefix for info in self.infos)

    @property
    def digest(self) -> str:
        """Digest over all kept events, hexadecimal; an empty trace has one as well."""
        return self.infos[-1].prefix.digest if self.infos else EMPTY_DIGEST

    @property
    def nbytes(self) -> int:
        """Size of all buffers in memory, in bytes; on disk what they take once read."""
        return sum(info.nbytes for info in self.infos)

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def events(self) -> Iterator[Event]:
        """Give all kept events, in order, a chunk at a time."""
        for chunk in self.chunks:
            yield from chunk.events()

    def event(self, position: int) -> Event:
        """Give the kept event at this position, counted from 0; `IndexError` when none is there."""
        if not 0 <= position < len(self):
            raise IndexError(f"position {position} of a trace of {len(self)} events")
        return self.chunks[position // CHUNK_ROWS].event(position % CHUNK_ROWS)

    def event_by_seq(self, seq: int) -> Event | None:
        """Find a kept event by its number; null when there is none. Reads one chunk at most."""
        number = bisect_left(self.infos, seq, key=lambda info: info.last_seq)
        if number == len(self.infos) or seq < self.infos[number].first_seq:
            return None
        chunk = self.chunks[number]
        row = chunk.row_of(seq)
        return None if row is None else chunk.event(row)

    def filtered(self, keep: Callable[[EventKind, str], bool]) -> Trace:
        """Give, in memory, the events of which ``keep(kind, container)`` is true.

        So traces recorded at two levels are compared: each reduced to what both would keep.
        Counts of the unit and of the dropped stay. The result depends on the kept events alone, so
        it has the digest of a trace that never held the others.
        """
        pieces = (chunk.select(keep) for chunk in self.chunks)
        return Trace.from_chunks(pieces, self.events_total, self.dropped)

    def newest(self, limit: int) -> Trace:
        """Give, in memory, the newest events up to this number; the others count as dropped."""
        return Trace.from_chunks(
            newest_chunks(self.chunks, limit),
            self.events_total,
            self.dropped + max(len(self) - limit, 0),
        )

    def summary(self, root: Path | None = None) -> TraceSummary:
        """Count what the trace holds, without reading it.

        Args:
            root: The folder of the run, that the path is to be relative to; null leaves it as the
                trace was opened.
        """
        kinds = _added(info.kinds for info in self.infos)
        containers = _added(info.containers for info in self.infos)
        path = self.path if self.path is None or root is None else self.path.relative_to(root)
        return TraceSummary(
            events=self.events_total,
            kept=len(self),
            dropped=self.dropped,
            by_kind={str(kind): kinds[kind] for kind in KIND_ORDER if kind in kinds},
            by_container={name: containers[name] for name in sorted(containers)},
            first_ns=self.infos[0].first_ns if self.infos else None,
            last_ns=self.infos[-1].last_ns if self.infos else None,
            digest=self.digest,
            path=None if path is None else path.as_posix(),
        )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    added: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            added[name] = added.get(name, 0) + count
    return added


def newest_chunks(chunks: Iterable[TraceChunk], limit: int) -> Iterator[TraceChunk]:
    """Give the newest ``limit`` events of consecutive chunks, as chunks of any length."""
    held: deque[TraceChunk] = deque()
    rows = 0
    for chunk in chunks:
        held.append(chunk)
        rows += chunk.rows
        while held and rows - held[0].rows >= limit:
            rows -= held.popleft().rows
    if held and rows > limit:
        oldest = held.popleft()
        yield oldest.slice(rows - limit, oldest.rows)
    yield from held
