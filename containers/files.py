"""Writing files whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from containers.errors import StorageError

__all__ = ["write_aside"]


def write_aside(path: Path, content: bytes) -> None:
    """Write a whole file or nothing: aside first, then under its name.

    A link is followed, so that what it points to is replaced and not the link. What is no regular
    file, such as a pipe or a device, cannot be replaced and is written to as it is.

    Raises:
        StorageError: It could not be written; a regular file is as it was.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        _write_through(path, content)
        return
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written there may be nothing to remove
            aside.unlink()
        raise StorageError(f"{path} could not be written: {error.strerror}") from error


def _write_through(path: Path, content: bytes) -> None:
    try:
        with path.open("wb", buffering=0) as stream:
            stream.write(content)
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror}") from error
