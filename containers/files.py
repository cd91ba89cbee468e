"""Writing files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import get_ident

from containers.errors import StorageError

__all__ = ["inside", "not_read", "not_written", "write_aside", "write_pieces_aside"]


def write_aside(path: Path, content: bytes) -> None:
    """Write a whole file or nothing; see `write_pieces_aside`."""
    write_pieces_aside(path, (content,))


def write_pieces_aside(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a whole file or nothing: aside first, then under its name.

    A link is followed, so that what it points to is replaced and not the link. What is no regular
    file, such as a pipe or a device, cannot be replaced and is written to as it is.

    Raises:
        StorageError: It could not be written; a regular file is as it was.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        _write_through(path, pieces)
        return
    # Threads and processes may write the same file at the same time; the last one's stays.
    aside = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.part")
    try:
        with aside.open("wb") as stream:
            stream.writelines(pieces)
        aside.replace(path)
    except BaseException as error:
        with suppress(OSError):  # where nothing can be written there may be nothing to remove
            aside.unlink()
        if isinstance(error, OSError):
            raise not_written(path, error) from error
        raise


def _write_through(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        with path.open("wb", buffering=0) as stream:
            for piece in pieces:
                stream.write(piece)
    except OSError as error:
        raise not_written(path, error) from error


def inside(root: Path, relative: str) -> Path:
    """Give a place below a folder, if no link on the way there leads out of it.

    Raises:
        StorageError: There is a link.
    """
    place = root
    for segment in relative.split("/"):
        place = place / segment
        if place.is_symlink():
            raise StorageError(
                f"{place} is a link, and a run writes through none; put what it leads to in its "
                "place, or start a run of its own"
            )
    return place


def not_written(path: Path, error: Exception) -> StorageError:
    """Say that a file or folder could not be written, and what to do."""
    return StorageError(
        f"{path} could not be written: {_reason(error)}; what was complete stays: make room, or "
        "make the place writable, and try again"
    )


def not_read(path: Path, error: Exception) -> StorageError:
    """Say that a file could not be read, and what to do."""
    return StorageError(
        f"{path} could not be read: {_reason(error)}; restore the file, or run the workflow again"
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
