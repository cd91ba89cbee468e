"""The columns of progress: how many, how fast, how long still."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["columns"]


def columns() -> tuple[ProgressColumn, ...]:
    """Give the columns.

    The field ``things`` of a task names what it counts, and ``rated`` says whether these are alike
    enough for a rate.
    """
    return (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        _Count(),
        _Rate(),
        TimeElapsedColumn(),
        _Remaining(),
    )


class _Count(ProgressColumn):
    """How many are done, and of how many when that is known."""

    def render(self, task: Task) -> Text:
        of = "" if task.total is None else f" of {int(task.total):,}"
        return Text(f"{int(task.completed):,}{of} {task.fields['things']}")


class _Rate(ProgressColumn):
    """Units per second, of the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not task.fields["rated"] or not speed:
            return Text("")
        return Text(f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")


class _Remaining(TimeRemainingColumn):
    """The time still to go, at that rate."""

    def render(self, task: Task) -> Text:
        if not task.fields["rated"] or task.total is None:
            return Text("")
        return super().render(task)
