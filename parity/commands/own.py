"""The options by which a command takes a user's own patterns and components."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["own_options"]

F = TypeVar("F", bound=Callable[..., Any])

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def own_options(command: F) -> F:
    """Add ``--patterns`` and ``--components`` to a command."""
    command = click.option(
        "--components",
        type=_FOLDER,
        help="Folder of Python files with strategies, classifiers, workflows, sequences and "
        "topologies of your own. They are imported.",
    )(command)
    return click.option("--patterns", type=_FOLDER, help="Folder of YAML patterns of your own.")(
        command
    )
