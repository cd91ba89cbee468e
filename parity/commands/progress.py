"""Progress of long work, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from containers.journal import (
    Entry,
    JournalPath,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    UnitExecuted,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["TELLING", "Tally", "Watch", "working"]

_PAUSE_S: Final = 0.1
"""Between two looks at the units: a study has thousands a second, an eye has not."""

TELLING: Final = frozenset({PhaseFinished, PhaseSkipped, PhaseStarted, PlanMade, UnitExecuted})
"""Kinds of records that progress is made of; a unit has dozens of others."""


class Tally:
    """Counts the units of a run, done and planned, from the records of its journal.

    Plans are made pass by pass and branch by branch, so the number of planned units grows. That of
    a phase which references decide is known once the phase has ended.

    Attributes:
        done: Units that have run.
        phase: Name of the phase that began last; empty before the first.
    """

    def __init__(self) -> None:
        self.done = 0
        self.phase = ""
        self._planned: Final[dict[JournalPath, int | None]] = {}
        self._done_in: Final[Counter[JournalPath]] = Counter()

    @property
    def total(self) -> int | None:
        """Units planned as far as is known, and done; null while a phase does not say."""
        total = 0
        for planned in self._planned.values():
            if planned is None:
                return None
            total += planned
        return total

    def hear(self, entry: Entry) -> bool:
        """Count a record; answer whether it was one of the few that say more than a unit's end."""
        record, path = entry.record, entry.path
        if isinstance(record, UnitExecuted):
            self.done += 1
            self._done_in[_phase_of(path)] += 1
            return False
        if isinstance(record, PlanMade):
            for phase in record.phases:
                self._planned[(*path, ("phase", phase.name))] = phase.units
        elif isinstance(record, PhaseStarted):
            self.phase = str(path[-1][1])
        elif isinstance(record, PhaseFinished | PhaseSkipped):
            self._planned[path] = self._done_in[path]  # it will have no more than these
        return True


class Watch:
    """Shows what is being done: a bar over the units of a run, and one over all runs of several.

    It is a consumer of journals as well: those of the runs that are being watched.

    Args:
        progress: Where it is shown; null: nowhere.
        runs: How many pieces of work there are; null for one.
    """

    def __init__(self, progress: Progress | None = None, runs: int | None = None) -> None:
        self._progress = progress
        self._what = ""
        self._tally = Tally()
        self._shown_s = 0.0
        self._runs: TaskID | None = None
        self._units: TaskID | None = None
        if progress is not None and runs is not None:
            self._runs = progress.add_task("", total=runs, things="runs", rated=False)

    @property
    def shows(self) -> bool:
        """Whether anybody sees it."""
        return self._progress is not None

    def say(self, what: str) -> None:
        """Name the next piece of work."""
        if self._progress is None:
            return
        if self._units is not None:
            self._progress.remove_task(self._units)
            if self._runs is not None:
                self._progress.advance(self._runs)
        self._units = self._progress.add_task("", total=None, things="units", rated=True)
        self._what, self._tally = what, Tally()
        self._show()

    def __call__(self, entry: Entry) -> None:
        """Hear of a journal's record."""
        if self._progress is None or type(entry.record) not in TELLING:
            return
        if self._tally.hear(entry) or time.monotonic() - self._shown_s > _PAUSE_S:
            self._show()

    def _show(self) -> None:
        from rich.markup import escape

        assert self._progress is not None  # asked before
        assert self._units is not None  # something has been said
        self._shown_s = time.monotonic()
        tally = self._tally
        text = f"{self._what} · {tally.phase}" if tally.phase else self._what
        # Not by `update`: it takes null for "as it was", and forgets the rate with every new total.
        task = next(task for task in self._progress.tasks if task.id == self._units)
        task.total, task.finished_time = tally.total or None, None
        self._progress.update(self._units, description=escape(text), completed=tally.done)


@contextmanager
def working(runs: int | None = None) -> Iterator[Watch]:
    """Show what is being done; on anything but a terminal nothing is shown.

    Args:
        runs: How many pieces of work there are; null for one.
    """
    if not sys.stderr.isatty():
        yield Watch()
        return
    from rich.console import Console
    from rich.progress import Progress

    from parity.reporting.bars import columns

    with Progress(*columns(), console=Console(stderr=True), transient=True) as progress:
        yield Watch(progress, runs)


def _phase_of(path: JournalPath) -> JournalPath:
    """Give the path of the phase that a unit is in."""
    last = max(index for index, (level, _) in enumerate(path) if level == "phase")
    return path[: last + 1]
