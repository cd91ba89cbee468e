r"""A file of keyed records that survives the end of its process at any moment.

    magic  "paritykit/log/1\n"
    frame  key length, content length, digest of both, checksum of this header; key; content
    frame  …

1. `LogWriter.append` adds a frame with one write, so that what a killed process leaves behind are
   whole frames, and at most one that is cut off.
2. `recover` walks the frames by their headers. A last one that is cut off ends the log before
   it; anything else that is wrong is damage, and refused: a log never gives a wrong record.
3. `LogReader.read` checks the digest of each record when it is asked for.

The first frame names what the log belongs to, under a key that no record has. Where a machine
crashed, the end of a file can be zeros instead of what was written; that is cut off as well.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

import xxhash

from containers.errors import StorageError
from containers.files import not_read, not_written

__all__ = ["Key", "LogReader", "LogWriter", "recover"]

Key: TypeAlias = tuple[int, ...]
"""Indexes that lead to an iteration, outermost first; () is what they are in."""

_MAGIC: Final = b"paritykit/log/1\n"
_HEADER: Final = struct.Struct("<IQQ")
_CHECK: Final = 4
"""Bytes of the checksum behind it."""
_OWNER: Final = b"owner"
"""Key of the frame that names the owner; no packed `Key` has its length."""
_BLOCK: Final = 65_536


class LogWriter:
    """Appends records to a log.

    Args:
        path: The file; made, with the folders that lead to it.
        owner: What the log belongs to.
        size: Go on behind so many bytes, as `recover` gave them, and cut off what lies behind
            these; 0: begin anew.

    Raises:
        StorageError: The file cannot be written.
    """

    def __init__(self, path: Path, owner: str, size: int = 0) -> None:
        self.path: Final = path
        self._size = size
        self._torn = True  # something may lie behind its end
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A link may lead out of the run's folder, so none is followed.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise not_written(path, error) from error
        try:
            self._write(b"" if size else _MAGIC + _frame(_OWNER, owner.encode()))
        except StorageError:
            self.close()
            raise

    def append(self, key: Key, content: bytes) -> int:
        """Add a record, and say at which byte; the end of the process cannot take it away again.

        Raises:
            StorageError: It could not be written. The log is as it was.
        """
        place = self._size
        self._write(_frame(_packed(key), content))
        return place

    def _write(self, content: bytes) -> None:
        """Write behind the end, and move that only when all is there."""
        try:
            if self._torn:
                os.ftruncate(self._file, self._size)
            self._torn = True
            rest, place = memoryview(content), self._size
            while rest:
                written = os.pwrite(self._file, rest, place)
                rest, place = rest[written:], place + written
        except OSError as error:
            with suppress(OSError):  # a part of a record is as good as none; the next write tries
                os.ftruncate(self._file, self._size)
            raise not_written(self.path, error) from error
        self._torn = False
        self._size += len(content)

    def close(self) -> None:
        """Let go of the file; nothing can be appended after it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class LogReader:
    """Finds records of a log by their keys; of several under one key the last.

    Args:
        path: The file.
        places: At which byte each record begins, as `recover` or a writer says.
    """

    def __init__(self, path: Path, places: Mapping[Key, int]) -> None:
        self.path: Final = path
        self._places: Final = places

    def __contains__(self, key: Key) -> bool:
        return key in self._places

    def read(self, key: Key) -> bytes:
        """Give a record.

        Raises:
            StorageError: There is none, it cannot be read, or it is not what was written.
        """
        content = None
        if key in self._places:
            try:
                with self.path.open("rb") as file:
                    frame = _frame_at(file, self._places[key])
                    if frame is not None and frame.key == _packed(key):
                        content = _content(file, frame)
            except OSError as error:
                raise not_read(self.path, error) from error
        if content is None:
            name = "/".join(map(str, key)) or "of the phase"
            raise StorageError(
                f"{self.path} does not have the record {name} as it was written; the file is "
                "damaged or cut off: restore it, or run the workflow again"
            )
        return content


def recover(path: Path, owner: str | None = None) -> tuple[dict[Key, int], int]:
    """Find the records of a log, and where its last whole one ends.

    Args:
        path: The file.
        owner: What it must belong to; null: whatever it says.

    Returns:
        At which byte the last record of each key begins, and how many bytes of the file are good.

    Raises:
        StorageError: It cannot be read, is damaged, is not ours, or is another owner's.
    """
    try:
        with path.open("rb") as file:
            return _recovered(path, file, owner)
    except OSError as error:
        raise not_read(path, error) from error


def _recovered(path: Path, file: BinaryIO, owner: str | None) -> tuple[dict[Key, int], int]:
    begin = file.read(len(_MAGIC))
    if begin != _MAGIC:
        if _MAGIC.startswith(begin) or (not any(begin) and _zeros_follow(file)):
            return {}, 0  # the first write never was whole
        raise StorageError(
            f"{path} is no log of a run; expected it to begin with {_MAGIC!r}: restore the file, "
            "or remove it and resume the run"
        )
    places: dict[Key, int] = {}
    end = 0
    for frame in _frames(path, file):
        if end:
            places[struct.unpack(f"<{len(frame.key) // 4}I", frame.key)] = frame.place
        else:
            _check_owner(path, _content(file, frame), owner)
        end = frame.end
    return places, end


class _Frame(NamedTuple):
    """A record without its content: where it begins and ends, what it is called, its digest."""

    place: int
    end: int
    key: bytes
    digest: int


def _frame(key: bytes, content: bytes) -> bytes:
    header = _HEADER.pack(len(key), len(content), _digest(key, content))
    return b"".join((header, xxhash.xxh32_digest(header), key, content))


def _frame_at(file: BinaryIO, place: int) -> _Frame | None:
    """Read all of a frame but its content; null where there is no good header."""
    file.seek(place)
    header, check = file.read(_HEADER.size), file.read(_CHECK)
    if check != xxhash.xxh32_digest(header):
        return None
    keys, length, digest = _HEADER.unpack(header)
    end = place + len(header) + len(check) + keys + length
    return _Frame(place, end, file.read(keys), digest)


def _content(file: BinaryIO, frame: _Frame) -> bytes | None:
    """Read the content of a frame; null where it is not what was written."""
    begin = frame.place + _HEADER.size + _CHECK + len(frame.key)
    file.seek(begin)
    content = file.read(frame.end - begin)
    return content if _digest(frame.key, content) == frame.digest else None


def _frames(path: Path, file: BinaryIO) -> Iterator[_Frame]:
    """Walk the whole frames from where the file stands, reading no content but the last one's."""
    size, begin = os.fstat(file.fileno()).st_size, file.tell()
    place, body = begin, _HEADER.size + _CHECK
    while place + body <= size:
        frame = _frame_at(file, place)
        if frame is None and _zeros_from(file, place + body - 1):
            return
        if frame is not None and frame.end > size:
            return
        if frame is None or not _fits(frame.key, first=place == begin):
            raise _damaged(path, place)
        if frame.end == size and _zeros_from(file, size - 1) and _content(file, frame) is None:
            return
        yield frame
        place = frame.end


def _fits(key: bytes, *, first: bool) -> bool:
    return key == _OWNER if first else len(key) % 4 == 0


def _zeros_from(file: BinaryIO, place: int) -> bool:
    """Say whether there is nothing else any more, as where a machine crashed."""
    file.seek(place)
    return _zeros_follow(file)


def _zeros_follow(file: BinaryIO) -> bool:
    while block := file.read(_BLOCK):
        if block.count(0) != len(block):
            return False
    return True


def _check_owner(path: Path, found: bytes | None, expected: str | None) -> None:
    if found is None:
        raise _damaged(path, len(_MAGIC))
    if expected is not None and found != expected.encode():
        raise StorageError(
            f"{path} belongs to another configuration or other data than this phase now has; "
            "undo the change, or start a run of its own"
        )


def _damaged(path: Path, place: int) -> StorageError:
    return StorageError(
        f"{path} is damaged at byte {place}: restore the file, or remove it and resume the run, "
        "which runs again what it held"
    )


def _digest(key: bytes, content: bytes) -> int:
    state = xxhash.xxh3_64(key)
    state.update(content)
    return state.intdigest()


def _packed(key: Key) -> bytes:
    return struct.pack(f"<{len(key)}I", *key)
