"""The phases of a stored run: which came to their end, and how many of their units are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from containers.errors import StorageError
from containers.storage import ITERATIONS_FILE, UNITS_FILE
from containers.storage.log import recover
from parity.runs.inventory import measure

__all__ = ["StoredPhase", "phases_of"]


class StoredPhase(msgspec.Struct, frozen=True):
    """A phase that keeps what has finished of it.

    Attributes:
        path: Of its folder, inside the run's.
        finished: Whether it came to its end; false as well when its log cannot be read.
        units: How many of its units are kept; null when its log cannot be read.
        bytes: Size of all its files; null when not all of it may be looked at.
        problem: Why its log cannot be read; null when it can.
    """

    path: str
    finished: bool
    units: int | None
    bytes: int | None
    problem: str | None = None


def phases_of(run: Path) -> Iterator[StoredPhase]:
    """Give the phases of a run that have begun, loop iteration by loop iteration.

    Logs are walked by their headers, and no result is read. Phases without a log, as those of
    runs in memory, are not given.
    """
    yield from _phases(run, "")


def _phases(run: Path, relative: str) -> Iterator[StoredPhase]:
    folder = run / relative
    try:
        with os.scandir(folder) as found:
            entries = {e.name: e.is_dir(follow_symlinks=False) for e in found if e.name[0] != "."}
    except OSError:
        return  # it vanished, and has nothing to show
    if relative and not {ITERATIONS_FILE, UNITS_FILE}.isdisjoint(entries):
        yield _phase(folder, relative)
        return
    for name in sorted((n for n, is_folder in entries.items() if is_folder), key=_natural):
        yield from _phases(run, f"{relative}/{name}" if relative else name)


def _phase(folder: Path, relative: str) -> StoredPhase:
    finished, units, problem = False, None, None
    try:
        finished, units = _kept(folder)
    except StorageError as error:
        problem = str(error)
    measured = measure(folder)
    size = None if measured is None else measured[0]
    return StoredPhase(relative, finished, units, size, problem)


def _kept(folder: Path) -> tuple[bool, int]:
    """Say whether a phase is finished, and how many of its units are kept.

    Of a finished one these are the leaves of its tree; a tree without the phase's own record was
    cut off, and does not count.
    """
    if (folder / ITERATIONS_FILE).exists():
        tree, _ = recover(folder / ITERATIONS_FILE)
        if () in tree:
            above = {key[:-1] for key in tree if key}
            return True, len(tree.keys() - above - {()})
    if (folder / UNITS_FILE).exists():
        units, _ = recover(folder / UNITS_FILE)
        return False, len(units)
    return False, 0


def _natural(name: str) -> tuple[bool, int, str]:
    return (True, 0, name) if not name.isdigit() else (False, int(name), name)
