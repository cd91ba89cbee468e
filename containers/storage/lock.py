"""Who holds a run: one at a time, until it lets go or its process ends, however it ends."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from containers.errors import StorageError

__all__ = ["LOCK_FILE", "RunLock", "is_held"]

LOCK_FILE: Final = ".lock"

_TRIES: Final = 20
_PAUSE_S: Final = 0.01
"""Between tries: `is_held` holds a lock for a moment, to see whether it can."""


class RunLock:
    """The lock of a run's folder. The operating system opens it when its process ends.

    Args:
        folder: Of the run.

    Attributes:
        held: Whether it was got and has not been let go; threads of one process count as any two.

    Raises:
        StorageError: The file of the lock cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._file = _opened(folder)
        self.held = _got(self._file, exclusive=True, tries=_TRIES)
        if not self.held:
            os.close(self._file)

    def release(self) -> None:
        """Let go; more than once is as good as once."""
        if self.held:
            self.held = False
            os.close(self._file)


def is_held(folder: Path) -> bool:
    """Say whether somebody holds a run; of a folder that never was locked nobody does.

    Raises:
        StorageError: The lock cannot be looked at.
    """
    if not (folder / LOCK_FILE).exists():
        return False
    file = _opened(folder)
    try:
        return not _got(file, exclusive=False, tries=1)
    finally:
        os.close(file)


def _opened(folder: Path) -> int:
    try:
        return os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StorageError(f"{folder} could not be locked: {error.strerror}") from error


def _got(file: int, *, exclusive: bool, tries: int) -> bool:
    import fcntl  # late: only runs with folders need it, and only POSIX has it

    for attempt in range(tries):
        if attempt:
            time.sleep(_PAUSE_S)
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False
