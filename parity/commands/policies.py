"""The options by which a command takes a policy: rules for what may differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from parity.policy import AppliedPolicy

__all__ = ["applied_policy", "policy_options"]

F = TypeVar("F", bound=Callable[..., Any])


def policy_options(command: F) -> F:
    """Add ``--policy`` and ``--today`` to a command."""
    command = click.option(
        "--today",
        metavar="YYYY-MM-DD",
        help="Day by which rules of the policy expire.  [default: the day it is, UTC]",
    )(command)
    return click.option(
        "--policy",
        "policy_file",
        type=click.Path(path_type=Path),
        help="File with rules for what may differ; without it nothing may.",
    )(command)


def applied_policy(file: Path | None, today: str | None) -> AppliedPolicy | None:
    """Read the policy before anything runs; null without one.

    Raises:
        UsageError: It cannot be read, something in it is wrong, or the day is none.
    """
    import datetime

    from parity.errors import UsageError
    from parity.policy import AppliedPolicy, read_policy

    if file is None:
        if today is not None:
            raise UsageError("--today is the day by which rules expire: give their --policy too")
        return None
    day = datetime.datetime.now(datetime.UTC).date()
    if today is not None:
        try:
            day = datetime.datetime.strptime(today, "%Y-%m-%d").date()
        except ValueError:
            raise UsageError(f"--today {today}: expected a day that exists, YYYY-MM-DD") from None
    return AppliedPolicy(read_policy(file), day)
