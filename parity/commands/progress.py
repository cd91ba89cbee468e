"""Progress of long work, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["working"]


@contextmanager
def working(total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Show a line that says what is being done, for how long, and how far it is.

    Yields a function that names the next piece of work. On anything but a terminal nothing is
    shown.

    Args:
        total: How many pieces there are; null when nobody knows.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = [SpinnerColumn(), TextColumn("{task.description}"), Elapsed()]
    if total is not None:
        columns[1:1] = [BarColumn(), MofNCompleteColumn()]
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)
        begun = False

        def say(what: str) -> None:
            nonlocal begun
            progress.update(task, description=escape(what), advance=1 if begun else 0)
            begun = True

        yield say
