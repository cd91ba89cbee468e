"""Progress of a search, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.fuzzing import Limits

__all__ = ["searching"]


@contextmanager
def searching(limits: Limits) -> Iterator[Callable[[int, str], None]]:
    """Show how far a search is; on anything but a terminal nothing is shown."""
    if not sys.stderr.isatty():
        yield lambda count, doing: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        by_count = limits.examples is not None
        task = progress.add_task("searching", total=limits.examples if by_count else limits.seconds)
        began = time.monotonic()

        def show(count: int, doing: str) -> None:
            text = f"{count} examples" + (f" · {doing}" if doing else "")
            done = count if by_count else min(time.monotonic() - began, limits.seconds or 0)
            progress.update(task, completed=done, description=text)

        yield show
