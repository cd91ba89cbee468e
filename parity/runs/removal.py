"""Removing stored runs: whole, never one that is going on, and nothing that is no run.

1. The run's lock is taken, so that nobody can resume it from here on.
2. Its folder gets a hidden name of ours, at once; from here on the run is gone for everybody.
3. The hidden folder is removed. When that is interrupted, `leftovers_below` finds what is left.
"""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from containers.errors import StorageError
from containers.storage.lock import RunLock
from parity.errors import UsageError
from parity.runs.inventory import StoredRun, folders_in

__all__ = ["leftovers_below", "remove_leftover", "remove_run"]

_LEFTOVER: Final = re.compile(r"\..+\.[0-9a-f]{8}\.removed")


def remove_run(run: StoredRun) -> bool:
    """Remove a run with everything in its folder; a link in it goes, what it leads to stays.

    Returns:
        Whether it was there; false when it has vanished meanwhile.

    Raises:
        UsageError: It is going on, or is a link by now. It is as it was.
        StorageError: It could not be removed. Where a part of it could, the rest lies in a hidden
            folder that the message names.
    """
    if run.path.is_symlink():
        raise UsageError(f"{run.path} is a link; nothing is removed through one")
    try:
        lock = RunLock(run.path)
    except StorageError:
        if not run.path.exists():
            return False
        raise
    if not lock.held:
        if not run.path.exists():
            return False  # whoever held it has removed it
        raise UsageError(f"the run '{run.id}' is going on; end it, or wait for it")
    try:
        aside = run.path.with_name(f".{run.id}.{secrets.token_hex(4)}.removed")
        try:
            run.path.rename(aside)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(f"{run.path} could not be removed: {error.strerror}") from error
        remove_leftover(aside)
    finally:
        lock.release()
    return True


def leftovers_below(directory: Path) -> list[Path]:
    """Give the hidden folders of runs whose removal was interrupted, in the order of their names.

    Raises:
        StorageError: The directory cannot be read.
    """
    return sorted(each for each in folders_in(directory) if _LEFTOVER.fullmatch(each.name))


def remove_leftover(folder: Path) -> None:
    """Remove a hidden folder of a run; somebody else may be removing it at the same time.

    Raises:
        StorageError: It could not be removed whole.
    """
    try:
        while folder.exists():
            with suppress(FileNotFoundError):  # somebody else was quicker, so it gets emptier
                shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(
            f"{folder} could not be removed whole: {error.filename}: {error.strerror}; make it "
            "writable, and remove it once more"
        ) from error
