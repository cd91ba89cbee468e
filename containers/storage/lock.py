"""Who holds a run: one at a time, until it lets go or its process ends, however it ends."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final
from weakref import WeakSet

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
        held: Whether it was got and has not been let go; threads of one process count as any two,
            and a process that was forked off holds nothing.

    Raises:
        StorageError: The file of the lock cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.held = False
        self._file = _opened(folder, os.O_RDWR | os.O_CREAT)
        try:
            got = _got(self._file, folder, exclusive=True, tries=_TRIES)
            self.held = got and _is_there(self._file, folder)
        finally:
            if self.held:
                _held.add(self)
            else:
                os.close(self._file)

    def release(self) -> None:
        """Let go; more than once is as good as once."""
        if self.held:
            self.held = False
            _held.discard(self)
            os.close(self._file)


_held: Final[WeakSet[RunLock]] = WeakSet()


def _forked() -> None:
    """Close what a forked process has been given: a lock lives as long as one of its files."""
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def is_held(folder: Path) -> bool:
    """Say whether somebody holds a run; of a folder that never was locked nobody does.

    Raises:
        StorageError: The lock cannot be looked at.
    """
    if not (folder / LOCK_FILE).exists():
        return False
    file = _opened(folder, os.O_RDONLY)  # a folder that nobody may write to can be looked at
    try:
        return not _got(file, folder, exclusive=False, tries=1)
    finally:
        os.close(file)


def _opened(folder: Path, how: int) -> int:
    try:
        return os.open(folder / LOCK_FILE, how | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise _not_locked(folder, error) from error


def _got(file: int, folder: Path, *, exclusive: bool, tries: int) -> bool:
    import fcntl  # late: only runs with folders need it, and only POSIX has it

    for attempt in range(tries):
        if attempt:
            time.sleep(_PAUSE_S)
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except OSError as error:
            raise _not_locked(folder, error) from error
        return True
    return False


def _is_there(file: int, folder: Path) -> bool:
    """Say whether a lock is still that of its folder, which may have been removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(file), (folder / LOCK_FILE).stat())
    except FileNotFoundError:
        return False


def _not_locked(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder} could not be locked: {error.strerror}; make the folder writable, or choose one "
        "on a disk that has locks"
    )
