r"""A file of keyed records that survives the end of its process at any moment.

    magic  "paritykit/log/1\n"
    frame  key length, content length, digest of both, checksum of this header; key; content
    frame  …

1. `LogWriter.append` adds a frame with one write, so that what a killed process leaves behind are
   whole frames, and at most one that is cut off.
2. `recover` walks the frames by their headers. A last one that is cut off ends the log before
   it; anything else that is wrong is damage, and refused: a log never gives a wrong record.
3. `LogReader.read` checks the digest of each record when it is asked for.

The first frame names what the log belongs to, under a key that no record has.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Self, TypeAlias

import xxhash

from containers.errors import StorageError

__all__ = ["Frame", "Key", "LogReader", "LogWriter", "recover"]

Key: TypeAlias = tuple[int, ...]
"""Indexes that lead to an iteration, outermost first; () is what they are in."""

_MAGIC: Final = b"paritykit/log/1\n"
_HEADER: Final = struct.Struct("<IIQ")
_CHECK: Final = struct.Struct("<I")
_FRAME: Final = _HEADER.size + _CHECK.size
_OWNER: Final = b"owner"
"""Key of the frame that names the owner; no packed `Key` has its length."""


class Frame(NamedTuple):
    """Where a record lies: offset and length of its content, and the digest of key and content."""

    offset: int
    length: int
    digest: int


def _frame(key: bytes, content: bytes) -> bytes:
    digest = xxhash.xxh3_64_intdigest(key + content)
    header = _HEADER.pack(len(key), len(content), digest)
    return b"".join((header, _CHECK.pack(xxhash.xxh32_intdigest(header)), key, content))


def _packed(key: Key) -> bytes:
    return struct.pack(f"<{len(key)}I", *key)


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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
            os.ftruncate(self._file, size)
        except OSError as error:
            raise StorageError(f"{path} could not be made: {error.strerror}") from error
        if not size:
            try:
                self._write(_MAGIC + _frame(_OWNER, owner.encode()))
            except StorageError:
                self.close()
                raise

    def append(self, key: Key, content: bytes) -> Frame:
        """Add a record; when this returns, the end of the process cannot take it away.

        Raises:
            StorageError: It could not be written. The log is as it was.
        """
        packed = _packed(key)
        frame = _frame(packed, content)
        offset = self._size + _FRAME + len(packed)
        self._write(frame)
        return Frame(offset, len(content), xxhash.xxh3_64_intdigest(packed + content))

    def _write(self, content: bytes) -> None:
        try:
            rest, place = memoryview(content), self._size
            while rest:
                written = os.pwrite(self._file, rest, place)
                rest, place = rest[written:], place + written
        except OSError as error:
            with suppress(OSError):  # a part of a record is as good as none
                os.ftruncate(self._file, self._size)
            raise StorageError(
                f"{self.path} could not be written: {error.strerror}; what it holds stays, and the "
                "run can be resumed"
            ) from error
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
        frames: Where the records lie; as `recover` or a writer says.
    """

    def __init__(self, path: Path, frames: dict[Key, Frame]) -> None:
        self.path: Final = path
        self._frames: Final = frames

    @classmethod
    def open(cls, path: Path, owner: str | None = None) -> Self:
        """Open a log that is complete.

        Raises:
            StorageError: It is damaged, cut off, not ours, or another owner's.
        """
        frames, size = recover(path, owner)
        if size != path.stat().st_size:
            raise StorageError(f"{path} is cut off; run the workflow again, or resume its run")
        return cls(path, frames)

    def __contains__(self, key: Key) -> bool:
        return key in self._frames

    def __len__(self) -> int:
        return len(self._frames)

    def keys(self) -> Iterator[Key]:
        """Give the keys in the order in which they were first appended."""
        return iter(self._frames)

    def read(self, key: Key) -> bytes:
        """Give a record.

        Raises:
            KeyError: There is none.
            StorageError: It cannot be read, or is not what was written.
        """
        offset, length, digest = self._frames[key]
        try:
            with self.path.open("rb", buffering=0) as file:
                content = os.pread(file.fileno(), length, offset)
        except OSError as error:
            raise StorageError(f"{self.path} could not be read: {error.strerror}") from error
        if xxhash.xxh3_64_intdigest(_packed(key) + content) != digest:
            raise StorageError(
                f"{self.path}: the record {'.'.join(map(str, key)) or 'of the phase'} has another "
                "digest than it should; the file is damaged or cut off: run the workflow again"
            )
        return content


def recover(path: Path, owner: str | None = None) -> tuple[dict[Key, Frame], int]:
    """Find the records of a log, and where its last whole one ends.

    Args:
        path: The file.
        owner: What it must belong to; null: whatever it says.

    Raises:
        StorageError: It cannot be read, is damaged, is not ours, or is another owner's.
    """
    try:
        with path.open("rb") as file:
            return _recovered(path, file, owner)
    except OSError as error:
        raise StorageError(f"{path} could not be read: {error.strerror}") from error


def _recovered(path: Path, file: BinaryIO, owner: str | None) -> tuple[dict[Key, Frame], int]:
    begin = file.read(len(_MAGIC))
    if begin != _MAGIC:
        if _MAGIC.startswith(begin):
            return {}, 0  # killed before the first write was whole
        raise StorageError(f"{path} is no log of a run; expected it to begin with {_MAGIC!r}")
    frames: dict[Key, Frame] = {}
    end = 0
    for key, frame in _frames(path, file):
        if not end:
            _check_owner(path, key, file.read(frame.length), owner)
        else:
            frames[struct.unpack(f"<{len(key) // 4}I", key)] = frame
        end = frame.offset + frame.length
    return frames, end


def _frames(path: Path, file: BinaryIO) -> Iterator[tuple[bytes, Frame]]:
    """Walk the whole frames from where the file stands, reading no content."""
    size, place = os.fstat(file.fileno()).st_size, file.tell()
    while place + _FRAME <= size:
        file.seek(place)
        header, check = file.read(_HEADER.size), file.read(_CHECK.size)
        if check != _CHECK.pack(xxhash.xxh32_intdigest(header)):
            if not any(header) and not any(check) and not any(file.read()):
                return  # room that a crash of the machine left without its content
            raise StorageError(
                f"{path} is damaged at byte {place}: restore the file, or remove its run"
            )
        keys, length, digest = _HEADER.unpack(header)
        offset = place + _FRAME + keys
        if offset + length > size:
            return
        yield file.read(keys), Frame(offset, length, digest)
        place = offset + length


def _check_owner(path: Path, key: bytes, found: bytes, expected: str | None) -> None:
    if key != _OWNER:
        raise StorageError(f"{path} is damaged: it does not say what it belongs to")
    if expected is not None and found != expected.encode():
        raise StorageError(
            f"{path} belongs to another configuration or other data than this phase now has; "
            "undo the change, or start a run of its own"
        )
