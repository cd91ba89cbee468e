"""How subjects are run: the options of processes of their own and of repeated runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from containers.executors import UnitExecutor
    from parity.commands.progress import Watch
    from parity.own import Own
    from parity.subjects import Subject, SubjectSpec
    from parity.subjects.limits import Limits

__all__ = ["isolation_options", "limits_of", "made", "repeats"]

F = TypeVar("F", bound=Callable[..., Any])


def isolation_options(command: F) -> F:
    """Add ``--isolate``, ``--time-limit`` and ``--memory-limit``."""
    options = (
        click.option(
            "--isolate",
            is_flag=True,
            help="Run each subject in a process of its own: that it hangs, crashes or hoards is "
            "then a verdict on it.",
        ),
        click.option(
            "--time-limit",
            metavar="TIME",
            help="With --isolate: how long one run may take, like 30s, 10m or none; 1h by default.",
        ),
        click.option(
            "--memory-limit",
            metavar="SIZE",
            help="With --isolate: memory one run may use, like 512M, 4G or none; three quarters of "
            "this machine's by default.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def limits_of(isolate: bool, time_limit: str | None, memory_limit: str | None) -> Limits | None:
    """Give the limits of each run; null where subjects run in this process.

    Raises:
        UsageError: One is no limit, or cannot be watched here, or is given without ``--isolate``.
    """
    from parity.errors import UsageError
    from parity.subjects.limits import (
        DEFAULT_TIME,
        Limits,
        default_memory,
        parse_memory_limit,
        parse_time_limit,
    )
    from parity.subjects.processes import can_measure

    for option, text in (("--time-limit", time_limit), ("--memory-limit", memory_limit)):
        if text is not None and not isolate:
            raise UsageError(
                f"{option} {text}: only a process of its own can be limited; add --isolate"
            )
    if not isolate:
        return None
    if memory_limit is None:
        memory_limit = default_memory() if can_measure() else "none"
    time_limit = DEFAULT_TIME if time_limit is None else time_limit
    memory = parse_memory_limit(memory_limit)
    if memory is not None and not can_measure():
        raise UsageError(
            f"--memory-limit {memory_limit}: this system does not say what memory a process has; "
            "leave it out, or say none"
        )
    return Limits(parse_time_limit(time_limit), memory, time_limit, memory_limit)


def repeats(given: int | None) -> int:
    """Give how often each subject runs.

    Raises:
        UsageError: Fewer than 2 times.
    """
    from parity.errors import UsageError
    from parity.repeating import FEWEST_RUNS

    if given is not None and given < FEWEST_RUNS:
        raise UsageError(
            f"--repeat {given}: expected {FEWEST_RUNS} or more: one run differs from nothing"
        )
    return 1 if given is None else given


def made(
    specs: Sequence[SubjectSpec],
    own: Own,
    watch: Watch,
    executors: Sequence[UnitExecutor | str | None],
    limits: Limits | None,
) -> list[Subject]:
    """Make the control and the candidates; those that are the same are numbered.

    Raises:
        UsageError: One can't be made.
    """
    from parity.subjects import subject_for, told_apart

    hear = watch if watch.shows else None
    subjects = [
        subject_for(spec, own, hear, where, limits)
        for spec, where in zip(specs, executors, strict=True)
    ]
    return told_apart(subjects)
