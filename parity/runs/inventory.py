"""What runs there are, read from their folders: from cards, locks, names and sizes alone.

A folder belongs to a run when it has a card that can be read, or a lock beside a card that can't,
or a lock and nothing else that shows: that of a run which was killed in its first moment. Links
are not followed, neither to folders nor inside them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from containers.errors import StorageError
from containers.storage import (
    CARD_FILE,
    ITERATIONS_FILE,
    LOCK_FILE,
    MANIFEST_FILE,
    UNITS_FILE,
    RunCard,
    is_held,
    read_card,
)

__all__ = [
    "STATUSES",
    "RunStatus",
    "StoredRun",
    "folders_in",
    "measure",
    "runs_below",
    "status_of",
    "stored_run",
]

RunStatus: TypeAlias = Literal["running", "finished", "failed", "resumable", "abandoned", "unknown"]
STATUSES: Final[tuple[RunStatus, ...]] = get_args(RunStatus)

_SHOWS_LIFE: Final = frozenset({CARD_FILE, MANIFEST_FILE, UNITS_FILE, ITERATIONS_FILE})
"""Files whose times say when something last came of a run."""


class StoredRun(msgspec.Struct, frozen=True):
    """A run's folder.

    Attributes:
        path: The folder, named after the run.
        status: What became of it. ``resumable`` was interrupted; ``abandoned`` too, with storage
            ``memory``; of ``unknown`` the card cannot be read.
        card: What it is; null when there is no card that can be read.
        problem: Why there is none; null when there is one.
        bytes: Size of all its files; null when not all of it may be looked at.
        changed_s: When something last came of it, in seconds since 1970.
    """

    path: Path
    status: RunStatus
    card: RunCard | None
    problem: str | None
    bytes: int | None
    changed_s: float

    @property
    def id(self) -> str:
        """Its workflow id."""
        return self.path.name


def runs_below(directory: Path, statuses: Collection[str] = STATUSES) -> Iterator[StoredRun]:
    """Give the runs of a results directory, in no order; folders that vanish are passed over.

    Args:
        directory: The results directory.
        statuses: Only these are measured and given.

    Raises:
        StorageError: The directory cannot be read.
    """
    for folder in folders_in(directory):
        if folder.name.startswith("."):
            continue
        found = stored_run(folder, statuses)
        if found is not None:
            yield found


def folders_in(directory: Path) -> list[Path]:
    """Give the folders in a results directory, links left out, hidden ones not.

    Raises:
        StorageError: The directory cannot be read.
    """
    try:
        with os.scandir(directory) as entries:
            return [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise StorageError(f"{directory} could not be read: {error.strerror}") from error


def stored_run(folder: Path, statuses: Collection[str] = STATUSES) -> StoredRun | None:
    """Read the run of a folder; null when it is none's, has another status, or has vanished."""
    problem, card = None, None
    try:
        card = read_card(folder)
    except StorageError as error:
        problem = str(error)
        if not _may_be_a_run(folder):
            return None
    try:
        status = status_of(folder, card)
    except StorageError as error:
        status, problem = "unknown", str(error)
    if status not in statuses:
        return None
    measured = measure(folder)
    if measured is None:
        return None
    return StoredRun(folder, status, card, problem, *measured)


def status_of(folder: Path, card: RunCard | None) -> RunStatus:
    """Say what became of a run.

    Raises:
        StorageError: Its lock cannot be looked at.
    """
    if is_held(folder):
        return "running"
    if card is None:
        return "unknown"
    if card.state == "running":
        return "abandoned" if card.storage == "memory" else "resumable"
    return card.state


def measure(folder: Path) -> tuple[int | None, float] | None:
    """Give size and time of a run's folder, as in `StoredRun`; null when it has vanished."""
    try:
        changed = folder.lstat().st_mtime
    except FileNotFoundError:
        return None
    size: int | None = 0
    alive: float | None = None
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    size = None if size is None else size + found.st_size
                    if entry.name in _SHOWS_LIFE:
                        alive = found.st_mtime if alive is None else max(alive, found.st_mtime)
        except FileNotFoundError:
            continue  # removed, or given its final name, while it was being walked
        except OSError:
            size = None
    return size, changed if alive is None else alive


def _may_be_a_run(folder: Path) -> bool:
    """Say whether a folder without a card that can be read can only be a run's."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names alone, and only some are looked at
    except OSError:
        return False
    if LOCK_FILE not in names:
        return False
    return CARD_FILE in names or all(name.startswith(".") for name in names)
