"""A piece of a trace: up to `CHUNK_ROWS` consecutive events of the kept stream, held as columns.

A chunk has one table for each kind that occurs in it. The order among kinds is that of ``seq``,
which ascends along the stream, so nothing else needs to be stored. Chunks are cut at fixed rows
(all but the last have exactly `CHUNK_ROWS`), which makes those of two traces comparable in pairs.

Canonical bytes of a chunk, all lengths and counts as 8 bytes little-endian, text as its length and
UTF-8:

1. the number of tables; for each, in the order of `EventKind`: its kind, its rows, its number of
   columns;
2. for each column: its name, its type; the number of its texts and the texts; the number of its
   buffers, and for each its length in bytes and its bytes, little-endian.

The digest of k chunks is xxh3_128(digest of k - 1 chunks || canonical bytes of chunk k), that of
none xxh3_128(`FORMAT`).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import xxhash

from containers.events import EVENT_TYPES, Event, EventKind
from containers.trace.columns import Buffer
from containers.trace.errors import InvalidEventError
from containers.trace.table import SCHEMAS, Table

__all__ = [
    "CHUNK_ROWS",
    "EMPTY_DIGEST",
    "FORMAT",
    "KIND_ORDER",
    "ChunkInfo",
    "Layout",
    "PrefixDigest",
    "TraceChunk",
    "check_totals",
    "recut",
]

CHUNK_ROWS: Final = 65_536
"""Events in every chunk of a trace but the last. Part of the format: digests depend on it."""

FORMAT: Final = "paritykit/trace/1"
"""The version of the canonical bytes and of the files."""

EMPTY_DIGEST: Final[str] = xxhash.xxh3_128_hexdigest(FORMAT.encode())
"""Digest of a trace without events, hexadecimal."""

KIND_ORDER: Final = tuple(EventKind)
"""Kinds by their number in a `Layout`."""


class PrefixDigest(msgspec.Struct, frozen=True):
    """Digest of the first ``events`` events of a trace, hexadecimal."""

    events: int
    digest: str


class Layout(msgspec.Struct, frozen=True):
    """Where each event of a chunk lies, by its row in the stream; arrays of one length.

    Attributes:
        kinds: int8, the number of its kind in `KIND_ORDER`.
        rows: int64, its row in the table of that kind.
        seqs: int64, its number.
    """

    kinds: npt.NDArray[np.int8]
    rows: npt.NDArray[np.intp]
    seqs: npt.NDArray[np.int64]


class TraceChunk:
    """Consecutive events as one table per kind; immutable.

    Attributes:
        tables: A table for each kind that occurs, in the order of `EventKind`.
        rows: Number of events.
    """

    __slots__ = ("_layout", "rows", "tables")

    def __init__(self, tables: Iterable[Table]) -> None:
        by_kind = {table.kind: table for table in tables if len(table)}
        self.tables: Final[Mapping[EventKind, Table]] = {
            kind: by_kind[kind] for kind in KIND_ORDER if kind in by_kind
        }
        self.rows: Final = sum(map(len, self.tables.values()))
        self._layout: Layout | None = None

    @classmethod
    def from_events(cls, events: Sequence[Event], above: int = -1) -> TraceChunk:
        """Hold events, in ascending ``seq``, the first of them greater than ``above``.

        Raises:
            InvalidEventError: Something is not an event, holds a value of the wrong type, or does
                not have a greater ``seq`` than the event before it.
        """
        groups: defaultdict[type[Any], list[Event]] = defaultdict(list)
        for event in events:
            groups[type(event)].append(event)
        for found, group in groups.items():
            if EVENT_TYPES.get(getattr(found, "kind", None)) is not found:  # type: ignore[arg-type]
                raise _stranger(group[0], "one of the event types of containers.events")
        chunk = cls(Table.from_events(type_.kind, group) for type_, group in groups.items())
        seqs = np.fromiter(map(attrgetter("seq"), events), np.int64, len(events))
        _refuse_late(seqs, above, chunk.tables.values())
        return chunk

    @classmethod
    def from_kinds(cls, events: Mapping[EventKind, Sequence[Event]], above: int = -1) -> TraceChunk:
        """Hold events that are sorted by kind already, each kind in ascending ``seq``.

        Args:
            events: Of each kind; the order among kinds is that of ``seq``.
            above: All of them have a greater ``seq``.

        Raises:
            InvalidEventError: An event is of another kind, holds a value of the wrong type, or has
                a ``seq`` that is not greater than the one before it of its kind, or is there twice.
        """
        for kind, group in events.items():
            if list(map(type, group)).count(EVENT_TYPES[kind]) != len(group):
                wrong = next(event for event in group if type(event) is not EVENT_TYPES[kind])
                raise _stranger(wrong, f"an event of the kind {kind}")
        chunk = cls(Table.from_events(kind, group) for kind, group in events.items() if group)
        tables = chunk.tables.values()
        for table in tables:
            _refuse_late(table.seq, above, [table])
        if len(tables) > 1:
            seqs = np.concatenate([table.seq for table in tables])
            seqs.sort(kind="stable")  # merges ascending runs: nearly linear
            _refuse_late(seqs, above, tables)
        return chunk

    @classmethod
    def concatenate(cls, chunks: Sequence[TraceChunk]) -> TraceChunk:
        """Give all events of consecutive chunks as one, of any length."""
        return cls(
            Table.concatenate([chunk.tables[kind] for chunk in chunks if kind in chunk.tables])
            for kind in KIND_ORDER
            if any(kind in chunk.tables for chunk in chunks)
        )

    def __len__(self) -> int:
        return self.rows

    @property
    def layout(self) -> Layout:
        """Where each event lies; computed when first asked for."""
        if self._layout is None:
            tables = self.tables.values()
            seqs = np.concatenate([np.empty(0, np.int64), *(table.seq for table in tables)])
            order = np.argsort(seqs, kind="stable")  # merges ascending runs: nearly linear
            lengths = [len(table) for table in tables]
            numbers = np.array([KIND_ORDER.index(kind) for kind in self.tables], np.int8)
            rows = np.concatenate([np.empty(0, np.intp), *map(np.arange, lengths)])
            self._layout = Layout(np.repeat(numbers, lengths)[order], rows[order], seqs[order])
        return self._layout

    @property
    def last_seq(self) -> int:
        """Number of its last event; `ValueError` when it has none."""
        return max(int(table.seq[-1]) for table in self.tables.values())

    @property
    def nbytes(self) -> int:
        """Size of all buffers, in bytes; texts are not counted."""
        return sum(buffer.nbytes for buffer in self.buffers())

    def buffers(self) -> Iterator[Buffer]:
        """Give the arrays of all tables, in the order of their kinds."""
        for table in self.tables.values():
            yield from table.buffers()

    def event(self, row: int) -> Event:
        """Give the event at this row of the chunk; `IndexError` when there is none."""
        if not 0 <= row < self.rows:
            raise IndexError(f"row {row} of a chunk of {self.rows} events")
        return self.table_of(row).events()[0]

    def events(self) -> list[Event]:
        """Give all events in the order of their ``seq``, equal to those handed in."""
        by_kind = {
            KIND_ORDER.index(kind): table.events().__getitem__
            for kind, table in self.tables.items()
        }
        layout = self.layout
        return [
            by_kind[kind](row)
            for kind, row in zip(layout.kinds.tolist(), layout.rows.tolist(), strict=True)
        ]

    def table_of(self, row: int) -> Table:
        """Give the event at this row as a table of one row."""
        layout = self.layout
        return self.tables[KIND_ORDER[layout.kinds[row]]].take(layout.rows[row : row + 1])

    def row_of(self, seq: int) -> int | None:
        """Find the row of an event by its number; null when the chunk does not hold it."""
        seqs = self.layout.seqs
        row = int(np.searchsorted(seqs, seq))
        return row if row < len(seqs) and seqs[row] == seq else None

    def slice(self, start: int, stop: int) -> TraceChunk:
        """Give the events from row ``start`` up to, not including, row ``stop``."""
        if start <= 0 and stop >= self.rows:
            return self
        seqs = self.layout.seqs[start:stop]
        if not len(seqs):
            return TraceChunk(())
        return TraceChunk(
            table.take(
                np.arange(
                    np.searchsorted(table.seq, seqs[0]),
                    np.searchsorted(table.seq, seqs[-1], side="right"),
                )
            )
            for table in self.tables.values()
        )

    def select(self, keep: Callable[[EventKind, str], bool]) -> TraceChunk:
        """Give the events of which ``keep(kind, container)`` is true; asked once for each pair."""
        tables = []
        for kind, table in self.tables.items():
            kept = np.array([keep(kind, name) for name in table.containers.texts], np.bool_)
            rows = np.flatnonzero(kept[table.containers.codes])
            tables.append(table if len(rows) == len(table) else table.take(rows))
        return TraceChunk(tables)

    def same(self, other: TraceChunk) -> bool:
        """Tell whether both hold the same events, bit by bit."""
        return self.tables.keys() == other.tables.keys() and all(
            table.same(other.tables[kind]) for kind, table in self.tables.items()
        )

    def digest(self, previous: str = EMPTY_DIGEST) -> str:
        """Give the digest of a trace that ends with this chunk; ``previous`` is that before it."""
        hasher = xxhash.xxh3_128(bytes.fromhex(previous))
        hasher.update(_number(len(self.tables)))
        for kind, table in self.tables.items():
            heads = _COLUMN_HEADS[kind]
            hasher.update(_text(kind) + _number(len(table)) + _number(len(heads)))
            for name, head in heads.items():
                column = table.columns[name]
                texts = column.texts
                buffers = tuple(column.buffers())
                hasher.update(head + _number(len(texts)))
                hasher.update(b"".join(map(_text, texts)) + _number(len(buffers)))
                for buffer in buffers:
                    hasher.update(_number(buffer.nbytes))
                    hasher.update(_little_endian(buffer))
        return hasher.hexdigest()


class ChunkInfo(msgspec.Struct, frozen=True):
    """What is known of a chunk without reading it.

    Attributes:
        kinds: Events of each kind that occurs, in the order of `EventKind`.
        containers: Events of each publisher, by name.
        first_seq: Number of its first event.
        last_seq: Number of its last event.
        first_ns: Time of its first event, int64 nanoseconds UTC.
        last_ns: Time of its last event.
        nbytes: Size of its buffers.
        prefix: Digest of the trace up to its end.
    """

    kinds: dict[str, int]
    containers: dict[str, int]
    first_seq: int
    last_seq: int
    first_ns: int
    last_ns: int
    nbytes: int
    prefix: PrefixDigest

    @classmethod
    def of(cls, chunk: TraceChunk, previous: PrefixDigest | None) -> ChunkInfo:
        """Describe a chunk that is not empty; ``previous`` is the prefix before it."""
        previous = previous or PrefixDigest(0, EMPTY_DIGEST)
        containers: defaultdict[str, int] = defaultdict(int)
        for table in chunk.tables.values():
            column = table.containers
            for name, count in zip(column.texts, np.bincount(column.codes).tolist(), strict=True):
                containers[name] += count
        tables = chunk.tables.values()
        first = min(tables, key=lambda table: int(table.seq[0]))
        last = max(tables, key=lambda table: int(table.seq[-1]))
        return cls(
            kinds={str(kind): len(table) for kind, table in chunk.tables.items()},
            containers={name: containers[name] for name in sorted(containers)},
            first_seq=int(first.seq[0]),
            last_seq=int(last.seq[-1]),
            first_ns=int(first.time_ns[0]),
            last_ns=int(last.time_ns[-1]),
            nbytes=chunk.nbytes,
            prefix=PrefixDigest(previous.events + chunk.rows, chunk.digest(previous.digest)),
        )


def check_totals(infos: Sequence[ChunkInfo], events_total: int, dropped: int) -> None:
    """Refuse counts of a unit that its kept events contradict.

    Raises:
        ValueError: There are fewer events than were kept, dropped, or numbered.
    """
    kept = infos[-1].prefix.events if infos else 0
    last_seq = infos[-1].last_seq if infos else -1
    if dropped < 0 or events_total < kept + dropped or events_total <= last_seq:
        raise ValueError(
            f"a unit of {events_total} events cannot have kept {kept} and dropped {dropped}, "
            f"the last kept being number {last_seq}"
        )


def recut(pieces: Iterable[TraceChunk]) -> Iterator[TraceChunk]:
    """Cut consecutive pieces of any length into chunks of `CHUNK_ROWS`, the last one shorter."""
    pending: list[TraceChunk] = []
    rows = 0
    for piece in pieces:
        if not piece.rows:
            continue
        pending.append(piece)
        rows += piece.rows
        if rows < CHUNK_ROWS:
            continue
        merged = pending[0] if len(pending) == 1 else TraceChunk.concatenate(pending)
        whole = rows - rows % CHUNK_ROWS
        for start in range(0, whole, CHUNK_ROWS):
            yield merged.slice(start, start + CHUNK_ROWS)
        pending = [merged.slice(whole, rows)] if whole < rows else []
        rows -= whole
    if pending:
        yield pending[0] if len(pending) == 1 else TraceChunk.concatenate(pending)


def _stranger(event: object, expected: str) -> InvalidEventError:
    seq = getattr(event, "seq", None)
    return InvalidEventError(seq, type(event).__name__, "", repr(event), expected)


def _refuse_late(seqs: npt.NDArray[np.int64], above: int, tables: Iterable[Table]) -> None:
    """Refuse numbers of the events in ``tables`` that do not ascend, or not from beyond ``above``.

    Raises:
        InvalidEventError: For the first that is not greater than the one before it.
    """
    if len(seqs) and seqs[0] > above and (seqs[1:] > seqs[:-1]).all():
        return
    before = np.concatenate([[above], seqs])
    for late in np.flatnonzero(seqs <= before[:-1])[:1]:
        seq, expected = int(seqs[late]), f"a number above {before[late]}, which came before it"
        kind = next(table.kind for table in tables if seq in table.seq)
        raise InvalidEventError(seq, kind, "seq", str(seq), expected)


def _number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _number(len(encoded)) + encoded


_COLUMN_HEADS: Final = {
    kind: {name: _text(name) + _text(type_) for name, type_ in schema.items()}
    for kind, schema in SCHEMAS.items()
}
"""Canonical bytes of the name and the type of every column, by kind."""


def _little_endian(buffer: Buffer) -> memoryview:
    if sys.byteorder == "little":
        return buffer.data
    return buffer.astype(buffer.dtype.newbyteorder("<"), copy=False).view(np.uint8).data
