"""Folders for what workers of this machine share."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from containers.errors import StorageError
from containers.storage.lock import LOCK_FILE, RunLock, is_held

__all__ = ["SharedFolder"]

_PREFIX: Final = "paritykit-"
_YOUNG_S: Final = 60.0
"""A folder that was made so lately may be about to be locked."""


class SharedFolder:
    """A folder among the system's temporary ones. It is locked for as long as its process lives.

    Workers that lose their parent remove it. What is left all the same, because there were no
    workers yet, is removed by the next one that is made.

    Attributes:
        path: Where it is.
    """

    def __init__(self) -> None:
        self.path: Final = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock: RunLock | None = None
        with suppress(StorageError):  # a disk without locks: then none of its folders is removed
            self._lock = RunLock(self.path)
            _remove_abandoned(self.path.parent)

    def remove(self) -> None:
        """Remove it; workers that still map a file of it keep what they see."""
        shutil.rmtree(self.path, ignore_errors=True)  # a worker may be at the same
        if self._lock is not None:
            self._lock.release()


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, StorageError):  # another user's, or gone by now
            old = time.time() - folder.stat().st_mtime > _YOUNG_S
            if old and (folder / LOCK_FILE).exists() and not is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)
