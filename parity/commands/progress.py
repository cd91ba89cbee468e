"""Progress of long work, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

    from containers.journal import Entry

__all__ = ["Watch", "working"]


class Watch:
    """Shows what is being done, for how long, how far it is, and how many units have run.

    It is a consumer of journals as well: those of the runs that are being watched.
    """

    def __init__(self, progress: Progress | None = None, total: int | None = None) -> None:
        self._progress = progress
        self._begun = False
        self._what = ""
        self._phase = ""
        self._units = 0
        self._planned: int | None = 0
        if progress is not None:
            self._task = progress.add_task("", total=total)

    def say(self, what: str) -> None:
        """Name the next piece of work."""
        self._what, self._phase, self._units, self._planned = what, "", 0, 0
        self._show(advance=1 if self._begun else 0)
        self._begun = True

    def __call__(self, entry: Entry) -> None:
        """Hear of a journal's record."""
        from containers.journal import PhaseStarted, PlanMade, UnitExecuted

        if self._progress is None:
            return
        record = entry.record
        if isinstance(record, UnitExecuted):
            self._units += 1
        elif isinstance(record, PhaseStarted):
            self._phase = str(entry.path[-1][1])
        elif isinstance(record, PlanMade):
            for phase in record.phases:
                known = self._planned is not None and phase.units is not None
                self._planned = self._planned + phase.units if known else None  # type: ignore[operator]  # known: both numbers
        else:
            return
        self._show()

    def _show(self, **update: Any) -> None:
        from rich.markup import escape

        if self._progress is None:
            return
        text = self._what
        if self._phase:
            of = "" if self._planned is None else f" of {self._planned:,}"
            text += f" · {self._phase} · {self._units:,}{of} units"
        self._progress.update(self._task, description=escape(text), **update)


@contextmanager
def working(total: int | None = None) -> Iterator[Watch]:
    """Show a line about what is being done; on anything but a terminal nothing is shown.

    Args:
        total: How many pieces of work there are; null when nobody knows.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Watch()
        return
    columns = [SpinnerColumn(), TextColumn("{task.description}"), Elapsed()]
    if total is not None:
        columns[1:1] = [BarColumn(), MofNCompleteColumn()]
    with Progress(*columns, console=console, transient=True) as progress:
        yield Watch(progress, total)
