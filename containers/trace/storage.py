"""A trace on disk: a folder with one Parquet file a kind, and an index.

    trace/
    ├── bar.parquet, fill.parquet, …    one for each kind that occurs, a row group for each chunk
    └── trace.json                      the index; written last, aside, and renamed

A folder without ``trace.json`` is an interrupted trace, and is refused; a new writer clears its
remains away. What is read is checked: the version and checksum of the index and the size of each
file when the trace is opened, the digest of each chunk when that is read. So damage is reported,
never shown as events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, overload

import msgspec
import xxhash

from containers.errors import StorageError
from containers.events import EventKind
from containers.trace.chunk import (
    CHUNK_ROWS,
    FORMAT,
    KIND_ORDER,
    ChunkInfo,
    TraceChunk,
    check_totals,
)
from containers.trace.table import Table

if TYPE_CHECKING:
    from containers.trace.parquet import KindFile, KindWriter

__all__ = [
    "INDEX_FILE",
    "KindEntry",
    "TraceIndex",
    "TraceReader",
    "TraceWriter",
    "file_of",
    "sealed",
]

INDEX_FILE: Final = "trace.json"


class KindEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of one kind: its events and its size."""

    rows: int
    bytes: int


class TraceIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``trace.json`` holds.

    Attributes:
        format: Version of the files and of the digests, ``paritykit/trace/1``.
        chunk_rows: Events in every chunk but the last.
        events: Events of the unit, kept or not.
        dropped: Events that a limit removed.
        files: The files, by name.
        chunks: For each chunk its counts and the digest of the trace up to its end.
        checksum: xxh3_128 of the index without it, hexadecimal; see `sealed`.
    """

    format: str
    chunk_rows: int
    events: int
    dropped: int
    files: dict[str, KindEntry]
    chunks: tuple[ChunkInfo, ...]
    checksum: str = ""


def file_of(kind: EventKind) -> str:
    """Name the file of a kind.

    >>> file_of(EventKind.PORTFOLIO_UPDATE)
    'portfolio_update.parquet'
    """
    return f"{kind.lower()}.parquet"


def sealed(index: TraceIndex) -> TraceIndex:
    """Give the index with the checksum of everything else in it, as compact JSON."""
    bare = msgspec.structs.replace(index, checksum="")
    checksum = xxhash.xxh3_128_hexdigest(msgspec.json.encode(bare))
    return msgspec.structs.replace(index, checksum=checksum)


class TraceWriter:
    """Writes the chunks of one trace to a folder.

    As a context manager it closes its files at the end; only `finish` makes the trace complete.

    Args:
        path: The folder; made where it does not exist. Remains of an interrupted trace in it are
            removed, other files left alone.

    Raises:
        StorageError: The folder cannot be made, or holds a complete trace already.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self._writers: Final[dict[EventKind, KindWriter]] = {}
        self._infos: Final[list[ChunkInfo]] = []
        try:
            path.mkdir(parents=True, exist_ok=True)
            if (path / INDEX_FILE).exists():
                raise StorageError(f"{path} holds a complete trace; choose another folder")
            for kind in KIND_ORDER:
                (path / file_of(kind)).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{path} cannot take a trace: {error}") from error

    def write(self, chunk: TraceChunk) -> None:
        """Append a chunk. Every one but the last has `CHUNK_ROWS` events.

        Raises:
            StorageError: Writing failed; the trace stays incomplete.
            ValueError: A chunk before it was shorter, or its numbers do not follow on.
        """
        from containers.trace.parquet import ERRORS, KindWriter

        if not chunk.rows:
            return
        previous = self._infos[-1] if self._infos else None
        info = ChunkInfo.of(chunk, previous.prefix if previous else None)
        if previous and (
            previous.prefix.events % CHUNK_ROWS or info.first_seq <= previous.last_seq
        ):
            raise ValueError(
                f"a chunk from event {info.first_seq} on cannot follow {previous.prefix.events} "
                f"events that end with {previous.last_seq}"
            )
        if chunk.rows > CHUNK_ROWS:
            raise ValueError(f"a chunk has {chunk.rows} events; expected at most {CHUNK_ROWS}")
        try:
            for kind, table in chunk.tables.items():
                if kind not in self._writers:
                    self._writers[kind] = KindWriter(self.path / file_of(kind), kind)
                self._writers[kind].write(table)
        except ERRORS as error:
            raise StorageError(f"{self.path} cannot be written: {error}") from error
        self._infos.append(info)

    def finish(self, events: int, dropped: int) -> None:
        """Make the trace complete; nothing can be written after it.

        Args:
            events: Events of the unit, kept or not.
            dropped: Events that a limit removed.

        Raises:
            StorageError: Writing failed; the trace stays incomplete.
            ValueError: There cannot be so few events; nothing has happened.
        """
        check_totals(self._infos, events, dropped)
        rows = {
            kind: sum(info.kinds.get(kind, 0) for info in self._infos) for kind in self._writers
        }
        self.close()
        try:
            files = {
                file_of(kind): KindEntry(rows[kind], (self.path / file_of(kind)).stat().st_size)
                for kind in KIND_ORDER
                if kind in rows
            }
            chunks = tuple(self._infos)
            index = sealed(TraceIndex(FORMAT, CHUNK_ROWS, events, dropped, files, chunks))
            aside = self.path / f"{INDEX_FILE}.part"
            aside.write_bytes(msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n")
            aside.replace(self.path / INDEX_FILE)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be finished: {error}") from error

    def close(self) -> None:
        """Close all files; without `finish` the trace stays incomplete."""
        from containers.trace.parquet import ERRORS

        try:
            while self._writers:
                self._writers.popitem()[1].close()
        except ERRORS as error:
            raise StorageError(f"{self.path} cannot be closed: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class TraceReader(Sequence[TraceChunk]):
    """The chunks of a complete trace on disk, each read and checked when it is asked for.

    The last chunk read is kept, since neighbouring questions come together.

    Raises:
        StorageError: The folder holds no trace, an interrupted one, one of another version, or a
            damaged one. Nothing is changed.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.trace_index: Final = _read_index(path)
        self._files: Final[dict[EventKind, KindFile]] = {}
        self._last: tuple[int, TraceChunk] | None = None
        # A chunk without events of a kind has no row group in its file.
        counts: Counter[str] = Counter()
        self._row_groups: Final[list[dict[str, int]]] = []
        for info in self.trace_index.chunks:
            self._row_groups.append({kind: counts[kind] for kind in info.kinds})
            counts.update(info.kinds.keys())

    def __len__(self) -> int:
        return len(self.trace_index.chunks)

    @overload
    def __getitem__(self, number: int) -> TraceChunk: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[TraceChunk]: ...
    def __getitem__(self, number: int | slice) -> TraceChunk | Sequence[TraceChunk]:
        """Read a chunk; `StorageError` when it is damaged."""
        if isinstance(number, slice):
            return [self[index] for index in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(f"chunk {number} of a trace of {len(self)} chunks")
        if self._last is None or self._last[0] != number:
            self._last = number, self._read(number)
        return self._last[1]

    def __iter__(self) -> Iterator[TraceChunk]:
        for number in range(len(self)):
            yield self[number]

    def close(self) -> None:
        """Release the files; they are opened again when needed."""
        while self._files:
            self._files.popitem()[1].close()

    def _read(self, number: int) -> TraceChunk:
        info = self.trace_index.chunks[number]
        previous = self.trace_index.chunks[number - 1].prefix if number else None
        chunk = TraceChunk([self._table(EventKind(kind), number) for kind in info.kinds])
        if not chunk.rows or ChunkInfo.of(chunk, previous) != info:
            raise StorageError(
                f"{self.path}: chunk {number} does not have the digest or the counts that "
                f"{INDEX_FILE} states; the trace is damaged, record it again"
            )
        return chunk

    def _table(self, kind: EventKind, number: int) -> Table:
        from containers.trace.parquet import ERRORS, KindFile

        row_group = self._row_groups[number][kind]
        path = self.path / file_of(kind)
        try:
            if kind not in self._files:
                self._files[kind] = KindFile(path, kind)
            return self._files[kind].read(row_group)
        except ERRORS as error:
            raise StorageError(f"{path} is damaged or foreign: {error}") from error


def _read_index(path: Path) -> TraceIndex:
    """Read and check ``trace.json``, and that the files it names have their sizes."""
    file = path / INDEX_FILE
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        remains = any((path / file_of(kind)).exists() for kind in KIND_ORDER)
        reason = "its recording was interrupted" if remains else "there is no trace"
        raise StorageError(f"{path} has no {INDEX_FILE}: {reason}") from None
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error}") from error
    try:
        version = msgspec.json.decode(content, type=_Version).format
        if version != FORMAT:
            raise StorageError(f"{file} has the format {version!r}; expected {FORMAT!r}")
        index = msgspec.json.decode(content, type=TraceIndex)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StorageError(f"{file} is not the index of a trace: {error}") from error
    if sealed(index) != index:
        raise StorageError(f"{file} does not have the checksum it states; it was damaged or edited")
    for name, entry in index.files.items():
        try:
            size = (path / name).stat().st_size
        except OSError as error:
            raise StorageError(f"{path / name} cannot be read: {error}") from error
        if size != entry.bytes:
            raise StorageError(f"{path / name} has {size} bytes; {INDEX_FILE} states {entry.bytes}")
    return index


class _Version(msgspec.Struct):
    format: str
