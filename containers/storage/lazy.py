"""Iterations that lie in the log of their phase, and are read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, overload

from msgspec.structs import replace

from containers.journal import Record
from containers.results import IterationResult, PhaseResult
from containers.storage.log import Key, LogReader
from containers.storage.wire import StoredIteration, decode_iteration

__all__ = ["StoredIterations", "loaded", "walk"]


class StoredIterations(Sequence[IterationResult]):
    """The iterations at one place of a phase's tree; each is read anew when it is asked for.

    Args:
        log: Of the phase.
        root: Folder of the run.
        place: Indexes that lead there; () is the top level.
        count: How many there are.

    Asking for one raises StorageError when the log is damaged or gone.
    """

    __slots__ = ("_count", "_log", "_place", "_root")

    def __init__(self, log: LogReader, root: Path, place: Key, count: int) -> None:
        self._log: Final = log
        self._root: Final = root
        self._place: Final = place
        self._count: Final = count

    @overload
    def __getitem__(self, index: int) -> IterationResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[IterationResult]: ...
    def __getitem__(self, index: int | slice) -> IterationResult | Sequence[IterationResult]:
        """Read an iteration; those below it are read when they are asked for."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(f"iteration {index} of {self._count}")
        return self._read((*self._place, index % self._count))

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # equal to other sequences, which have none

    def __repr__(self) -> str:
        return f"<{self._count} iterations in {self._log.path}>"

    def _read(self, place: Key) -> IterationResult:
        stored = decode_iteration(self._log.read(place), self._root)
        if not stored.children:
            return stored.result
        below = StoredIterations(self._log, self._root, place, stored.children)
        return replace(stored.result, iterations=below)


def walk(
    log: LogReader, root: Path, count: int, place: Key = ()
) -> Iterator[tuple[Key, IterationResult, tuple[Record, ...]]]:
    """Walk the iterations of a phase, each before those below it, with the journal of units.

    Raises:
        StorageError: The log is damaged or gone.
    """
    for index in range(count):
        here = (*place, index)
        stored: StoredIteration = decode_iteration(log.read(here), root)
        yield here, stored.result, stored.journal
        yield from walk(log, root, stored.children, here)


def loaded(result: PhaseResult) -> PhaseResult:
    """Give a phase's result with everything in memory but traces.

    Raises:
        StorageError: A file is damaged or gone.
    """
    return replace(
        result,
        portfolios=dict(result.portfolios),
        iterations=tuple(map(_loaded, result.iterations)),
    )


def _loaded(iteration: IterationResult) -> IterationResult:
    return replace(
        iteration,
        portfolios=dict(iteration.portfolios),
        iterations=tuple(map(_loaded, iteration.iterations)),
    )
