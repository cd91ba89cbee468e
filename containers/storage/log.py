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

__all__ = ["Frame", "Key", "LogReader", "LogWriter", "recover"]

Key: TypeAlias = tuple[int, ...]
"""Indexes that lead to an iteration, outermost first; () is what they are in."""

_MAGIC: Final = b"paritykit/log/1\n"
_HEADER: Final = struct.Struct("<IQQ")
_CHECK: Final = struct.Struct("<I")
_FRAME: Final = _HEADER.size + _CHECK.size
_OWNER: Final = b"owner"
"""Key of the frame that names the owner; no packed `Key` has its length."""
_BLOCK: Final = 1 << 16


class Frame(NamedTuple):
    """Where a record lies: offset and length of its content, and the digest of key and content."""

    offset: int
    length: int
    digest: int


def _digest(key: bytes, content: bytes) -> int:
    state = xxhash.xxh3_64(key)
    state.update(content)
    return state.intdigest()


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
        self._torn = True  # something may lie behind its end
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A link may lead out of the run's folder, so none is followed.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise not_written(path, error) from error
        try:
            if size:
                self._write()
            else:
                self._write(_MAGIC, *_frame(_OWNER, owner.encode()))
        except StorageError:
            self.close()
            raise

    def append(self, key: Key, content: bytes) -> Frame:
        """Add a record; when this returns, the end of the process cannot take it away.

        Raises:
            StorageError: It could not be written. The log is as it was.
        """
        packed = _packed(key)
        parts = _frame(packed, content)
        frame = Frame(self._size + _FRAME + len(packed), len(content), _digest_in(parts[0]))
        self._write(*parts)
        return frame

    def _write(self, *parts: bytes) -> None:
        """Write behind the end, and move that only when all is there."""
        content = b"".join(parts)
        try:
            if self._torn:
                os.ftruncate(self._file, self._size)
                self._torn = False
            rest, place = memoryview(content), self._size
            while rest:
                self._torn = True
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


def _frame(key: bytes, content: bytes) -> tuple[bytes, bytes, bytes]:
    header = _HEADER.pack(len(key), len(content), _digest(key, content))
    return header + _CHECK.pack(xxhash.xxh32_intdigest(header)), key, content


def _digest_in(header: bytes) -> int:
    digest: int = _HEADER.unpack_from(header)[2]
    return digest


class LogReader:
    """Finds records of a log by their keys; of several under one key the last.

    Args:
        path: The file.
        frames: Where the records lie; as `recover` or a writer says.
    """

    def __init__(self, path: Path, frames: Mapping[Key, Frame]) -> None:
        self.path: Final = path
        self._frames: Final = frames

    def __contains__(self, key: Key) -> bool:
        return key in self._frames

    def read(self, key: Key) -> bytes:
        """Give a record.

        Raises:
            StorageError: There is none, it cannot be read, or it is not what was written.
        """
        frame = self._frames.get(key)
        if frame is None:
            raise StorageError(
                f"{self.path} has no record {_name(key)}, which it should; the file is damaged: "
                "restore it, or run the workflow again"
            )
        try:
            with self.path.open("rb") as file:
                file.seek(frame.offset)
                content = file.read(frame.length)
        except OSError as error:
            raise not_read(self.path, error) from error
        if _digest(_packed(key), content) != frame.digest:
            raise StorageError(
                f"{self.path}: the record {_name(key)} has another digest than it should; the file "
                "is damaged or cut off: restore it, or run the workflow again"
            )
        return content


def _name(key: Key) -> str:
    return "/".join(map(str, key)) or "of the phase"


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
        raise not_read(path, error) from error


def _recovered(path: Path, file: BinaryIO, owner: str | None) -> tuple[dict[Key, Frame], int]:
    begin = file.read(len(_MAGIC))
    if begin != _MAGIC:
        if _MAGIC.startswith(begin) or (not any(begin) and _zeros_follow(file)):
            return {}, 0  # the first write never was whole
        raise StorageError(
            f"{path} is no log of a run; expected it to begin with {_MAGIC!r}: restore the file, "
            "or remove it and resume the run"
        )
    frames: dict[Key, Frame] = {}
    end = 0
    for key, frame in _frames(path, file):
        if end:
            frames[struct.unpack(f"<{len(key) // 4}I", key)] = frame
        else:
            _check_owner(path, key, file, frame, owner)
        end = frame.offset + frame.length
    return frames, end


def _frames(path: Path, file: BinaryIO) -> Iterator[tuple[bytes, Frame]]:
    """Walk the whole frames from where the file stands, reading no content but the last one's."""
    size, begin = os.fstat(file.fileno()).st_size, file.tell()
    place = begin
    while place + _FRAME <= size:
        file.seek(place)
        header, check = file.read(_HEADER.size), file.read(_CHECK.size)
        if check != _CHECK.pack(xxhash.xxh32_intdigest(header)):
            if check.endswith(b"\0") and _zeros_follow(file):
                return
            raise _damaged(path, place)
        keys, length, digest = _HEADER.unpack(header)
        frame = Frame(place + _FRAME + keys, length, digest)
        end = frame.offset + length
        if end > size:
            return
        key = file.read(keys)
        if (key == _OWNER) != (place == begin) or (key != _OWNER and keys % 4):
            raise _damaged(path, place)
        if end == size and _ends_in_zeros(file, key, frame):
            return
        file.seek(frame.offset)
        yield key, frame
        place = end


def _ends_in_zeros(file: BinaryIO, key: bytes, frame: Frame) -> bool:
    """Say whether a machine crashed before it had written all of the last record."""
    content = file.read(frame.length)
    return (key + content[-1:]).endswith(b"\0") and _digest(key, content) != frame.digest


def _zeros_follow(file: BinaryIO) -> bool:
    while block := file.read(_BLOCK):
        if block.count(0) != len(block):
            return False
    return True


def _check_owner(path: Path, key: bytes, file: BinaryIO, frame: Frame, owner: str | None) -> None:
    found = file.read(frame.length)
    if _digest(key, found) != frame.digest:
        raise _damaged(path, frame.offset)
    if owner is not None and found != owner.encode():
        raise StorageError(
            f"{path} belongs to another configuration or other data than this phase now has; "
            "undo the change, or start a run of its own"
        )


def _damaged(path: Path, place: int) -> StorageError:
    return StorageError(
        f"{path} is damaged at byte {place}: restore the file, or remove it and resume the run, "
        "which runs again what it held"
    )
