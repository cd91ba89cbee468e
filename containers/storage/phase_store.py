"""What a phase keeps while it runs, and what is left of it: two logs in its folder.

1. `keep` appends a unit to ``units.log`` as soon as it has finished, in whatever order they do.
2. `publish` gives the unit's folder its name when its result is taken, in order.
3. `add` puts iterations into the tree, ``iterations.log``, which is hidden until
4. `finish` closes it with the result of the phase; ``units.log`` is not needed any more.

A run that is resumed finds finished phases by `finished` and `walk`, units by `unit`. Of what a run
that was interrupted has left, what is not finished is thrown away when the store is opened.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from containers.errors import StorageError
from containers.files import inside, not_written
from containers.journal import Record
from containers.results import IterationResult, PhaseResult
from containers.storage.lazy import StoredIterations, walk
from containers.storage.log import Key, LogReader, LogWriter, recover
from containers.storage.unit_folder import part_of, publish
from containers.storage.wire import (
    UnitRecord,
    decode_phase,
    decode_unit,
    encode_iteration,
    encode_phase,
)

__all__ = ["ITERATIONS_FILE", "UNITS_FILE", "PhaseStore"]

UNITS_FILE: Final = "units.log"
ITERATIONS_FILE: Final = "iterations.log"
_HIDDEN: Final = f".{ITERATIONS_FILE}.part"
_INDEX: Final = re.compile("[0-9]{1,10}")
_ATTEMPT: Final = re.compile(r"\.[0-9]{1,10}\..*\.part")
_PHASE: Final[Key] = ()
"""Key of the phase's own result, the last record of its tree."""


class PhaseStore:
    """The logs of one phase.

    Args:
        root: Folder of the run.
        relative: Path of the phase inside it.
        identity: What the phase depends on; what is there must belong to it.

    Attributes:
        root: Folder of the run.

    Raises:
        StorageError: What is there is damaged or belongs to something else, and stays as it was;
            or nothing can be written there.
    """

    def __init__(self, root: Path, relative: str, identity: str) -> None:
        self.root: Final = root
        self._folder: Final = inside(root, relative)
        self._units: LogWriter | None = None
        self._tree: LogWriter | None = None
        self._places: Final[dict[Key, int]] = {}
        tree, units = self._folder / ITERATIONS_FILE, self._folder / UNITS_FILE
        self._found = LogReader(units, {})
        self._done: LogReader | None = None
        try:
            # A tree without its last record was cut off, and the phase has not come to its end.
            places, _ = _recovered(tree, identity)
            if _PHASE in places:
                self._done = LogReader(tree, places)
                self._clear()
                return
            places, size = _recovered(units, identity)
            self._found = LogReader(units, places)
            self._sweep()
            tree.unlink(missing_ok=True)
        except OSError as error:
            raise not_written(self._folder, error) from error
        try:
            self._units = LogWriter(units, identity, size)
            self._tree = LogWriter(self._folder / _HIDDEN, identity)
        except StorageError:
            self.close()
            raise

    def _clear(self) -> None:
        """Remove what a phase that has come to its end needs no more."""
        units = self._folder / UNITS_FILE
        if units.exists():
            for attempt in _attempts(self._folder):
                shutil.rmtree(attempt, ignore_errors=True)  # it is nobody's; a worker may write
            units.unlink()

    def _sweep(self) -> None:
        """Remove the hidden folders of units that did not come to their end."""
        for attempt in _attempts(self._folder):
            *above, name = attempt.relative_to(self._folder).parts
            place = (*map(int, above), int(name[1:].partition(".")[0]))
            kept = self._found.read(place) if place in self._found else None
            if kept is None or decode_unit(kept, self.root).part != name:
                shutil.rmtree(attempt, ignore_errors=True)  # it is nobody's; a worker may write

    def finished(self) -> PhaseResult | None:
        """Give what the phase came to, if it had come to its end; outputs are left out.

        Raises:
            StorageError: The log is damaged.
        """
        if self._done is None:
            return None
        result, count = decode_phase(self._done.read(_PHASE), self.root)
        return replace(result, iterations=StoredIterations(self._done, self.root, (), count))

    def walk(self) -> Iterator[tuple[Key, IterationResult, tuple[Record, ...]]]:
        """Walk the iterations of a finished phase, each before those below it.

        Gives the indexes that lead to it, the iteration without those below, and of a unit the
        journal records of its own path.

        Raises:
            StorageError: The log is damaged.
        """
        if self._done is None:
            raise RuntimeError("the phase has not come to its end")
        _, count = decode_phase(self._done.read(_PHASE), self.root)
        yield from walk(self._done, self.root, count)

    def unit(self, keys: Key) -> UnitRecord | None:
        """Give a unit that finished before; null when it has to run.

        Raises:
            StorageError: The log is damaged.
        """
        if keys not in self._found:
            return None
        record, place = decode_unit(self._found.read(keys), self.root), self._place(keys)
        part = record.part
        if part is not None and not (place.is_dir() or part_of(place, part).is_dir()):
            return None  # its files are gone, so it has to write them again
        return record

    def keep(self, keys: Key, content: bytes) -> None:
        """Take a unit that has finished; the end of the process cannot undo this.

        Raises:
            StorageError: It could not be written.
        """
        assert self._units is not None  # the phase has not come to its end
        self._units.append(keys, content)

    def publish(self, keys: Key, part: str | None) -> None:
        """Give the folder of a unit its name, now that its result is taken.

        Raises:
            StorageError: It cannot be renamed.
        """
        place = self._place(keys)
        if part is None or (place.is_dir() and not part_of(place, part).is_dir()):
            return  # it has none, or got its name before the run was interrupted
        publish(place, part)

    def add(
        self,
        keys: Key,
        result: IterationResult,
        journal: tuple[Record, ...] = (),
        children: int = 0,
    ) -> None:
        """Put an iteration into the tree; those below it have been put there before.

        Args:
            keys: Indexes that lead to it.
            result: The iteration as the tree keeps it; its ``iterations`` are left out.
            journal: Of a unit, the records of its own path.
            children: How many iterations are directly below it.

        Raises:
            StorageError: It could not be written.
        """
        assert self._tree is not None  # the phase has not come to its end
        self._places[keys] = self._tree.append(keys, encode_iteration(result, children, journal))

    def iterations(self, count: int) -> Sequence[IterationResult]:
        """Give the iterations of the top level; they can be read once the phase is finished."""
        log = LogReader(self._folder / ITERATIONS_FILE, self._places)
        return StoredIterations(log, self.root, (), count)

    def finish(self, result: PhaseResult) -> None:
        """Close the tree with what the phase comes to, without iterations and outputs.

        Raises:
            StorageError: It could not be written; the phase has not come to its end.
        """
        if self._done is not None:
            return
        assert self._tree is not None  # opened together with the store
        self._tree.append(_PHASE, encode_phase(result))
        self.close()
        try:
            (self._folder / _HIDDEN).replace(self._folder / ITERATIONS_FILE)
            self._clear()
        except OSError as error:
            raise not_written(self._folder, error) from error

    def close(self) -> None:
        """Let go of the files; what is there stays."""
        for log in (self._units, self._tree):
            if log is not None:
                log.close()

    def _place(self, keys: Key) -> Path:
        return self._folder.joinpath(*map(str, keys))


def _recovered(path: Path, identity: str) -> tuple[dict[Key, int], int]:
    """Find the records of a log that may not be there."""
    return recover(path, identity) if os.path.lexists(path) else ({}, 0)


def _attempts(folder: Path) -> Iterator[Path]:
    """Find the hidden folders of units below a phase; not what lies below units."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            continue
        if _ATTEMPT.fullmatch(entry.name):
            yield Path(entry.path)
        elif _INDEX.fullmatch(entry.name):
            yield from _attempts(Path(entry.path))
