"""``parity runs``: the runs that lie in results directories, and removing them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from parity.commands.output import (
    check_json_target,
    console_for,
    json_option,
    write_json,
)

if TYPE_CHECKING:
    from parity.runs import StoredRun

__all__ = ["runs"]

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULT: Final = Path("results")
_STATES: Final = ("running", "finished", "failed", "resumable", "abandoned", "unknown")
_LISTING: Final = "list"


class _Runs(click.Group):
    """Takes what is no command of its own for folders to be listed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [_LISTING, *args]
        return super().parse_args(ctx, args)


def _filters(command: F) -> F:
    """Add the options that choose runs by state and age."""
    command = click.option(
        "--older-than",
        metavar="AGE",
        help="Only those of which nothing has come for so long: 30d, 12h, 90m (minutes).",
    )(command)
    return click.option(
        "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these."
    )(command)


_directory = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    default=_DEFAULT,
    show_default=True,
    help="The results directory in which ids are looked for.",
)


@click.group(cls=_Runs)
def runs() -> None:
    """List the runs of results directories, show one, remove some.

    Without a command, or with folders in its place, it lists.
    """


@runs.command(name=_LISTING)
@click.argument("directories", type=click.Path(path_type=Path), nargs=-1, metavar="[DIR]...")
@_filters
@json_option
def list_runs(
    directories: tuple[Path, ...],
    states: tuple[str, ...],
    older_than: str | None,
    json_target: str | None,
) -> int:
    """List the runs below each DIR, by default `results`, newest first.

    A run is resumable when it was interrupted and its storage is disk or hybrid, abandoned when
    its storage is memory; unknown when its card cannot be read.
    """
    from parity.reporting.runs import print_runs, runs_document

    check_json_target(json_target)
    now_s = time.time()
    found = _chosen(directories or (_DEFAULT,), states, older_than, now_s)
    write_json(runs_document(found, now_s), json_target)
    console = console_for(json_target)
    if found:
        print_runs(found, console, now_s)
    else:
        where = ", ".join(map(str, directories or (_DEFAULT,)))
        console.print(f"no such run in {where}" if states or older_than else f"no run in {where}")
    return 0


@runs.command(name="show")
@click.argument("run")
@_directory
@json_option
def show_run(run: str, directory: Path, json_target: str | None) -> int:
    """Show what RUN is, which of its phases and units are kept, and how to go on with it.

    RUN is an id, or the path of a run's folder.
    """
    from parity.reporting.runs import print_run, shown_document
    from parity.runs import named_run, phases_of

    check_json_target(json_target)
    now_s = time.time()
    found = named_run(run, directory)
    phases = list(phases_of(found.path))
    write_json(shown_document(found, phases, now_s), json_target)
    print_run(found, phases, console_for(json_target), now_s)
    return 0


@runs.command(name="remove")
@click.argument("names", nargs=-1, metavar="[RUN]...")
@_directory
@_filters
@click.option("--yes", is_flag=True, help="Remove them; without it, only say what would go.")
@json_option
def remove_runs(
    names: tuple[str, ...],
    directory: Path,
    states: tuple[str, ...],
    older_than: str | None,
    yes: bool,
    json_target: str | None,
) -> int:
    """Remove each RUN, or all runs that fit, or those RUNs that fit; show what goes.

    Without --yes nothing is removed. A run that is going on is never removed, and nothing is that
    is no folder of a run; one of state unknown only when it is named, or asked for by --state.
    Leaves with 0 also when nothing fits.
    """
    from parity.reporting.runs import print_removal, removal_document
    from parity.runs import leftovers_below

    check_json_target(json_target)
    _check_choice(names, states, older_than)
    now_s = time.time()
    chosen, left = _to_remove(names, directory, states, older_than, now_s)
    leftovers = leftovers_below(directory) if directory.is_dir() else []
    console = console_for(json_target)
    gone, errors = _remove(chosen, leftovers) if yes else (chosen, [])
    write_json(removal_document(gone, left, now_s, removed=yes), json_target)
    print_removal(gone, left, leftovers, console, now_s, removed=yes)
    for error in errors:
        click.echo(f"error: {error}", err=True)
    return 3 if errors else 0


def _check_choice(names: Sequence[str], states: Sequence[str], older_than: str | None) -> None:
    from parity.errors import UsageError

    if not (names or states or older_than):
        raise UsageError("name the runs to remove, or say which: --state, --older-than")
    if "running" in states:
        raise UsageError("--state running: a run that is going on is never removed; end it first")


def _to_remove(
    names: Sequence[str],
    directory: Path,
    states: Sequence[str],
    older_than: str | None,
    now_s: float,
) -> tuple[list[StoredRun], list[StoredRun]]:
    """Give the runs to be removed, and those that would be, but are going on."""
    from parity.errors import UsageError
    from parity.runs import named_run, parse_age, select

    if not names:
        known = states or [state for state in _STATES if state != "unknown"]
        found = _chosen((directory,), known, older_than, now_s)
    else:
        named = {run.path.resolve(): run for run in (named_run(n, directory) for n in names)}
        for run in named.values():
            if run.status == "running":
                raise UsageError(f"the run '{run.id}' is going on; end it, or wait for it")
        age_s = parse_age(older_than) if older_than else 0
        found = select(named.values(), statuses=states or _STATES, older_than_s=age_s, now_s=now_s)
    chosen = [run for run in found if run.status != "running"]
    return chosen, [run for run in found if run.status == "running"]


def _remove(
    chosen: Sequence[StoredRun], leftovers: Sequence[Path]
) -> tuple[list[StoredRun], list[Exception]]:
    """Remove what can be removed; give the runs that are gone by this, and why others are not."""
    from containers.errors import StorageError
    from parity.errors import UsageError
    from parity.runs import remove_leftover, remove_run

    gone: list[StoredRun] = []
    errors: list[Exception] = []
    for run in chosen:
        try:
            if remove_run(run):
                gone.append(run)
        except (StorageError, UsageError) as error:
            errors.append(error)
    for folder in leftovers:
        try:
            remove_leftover(folder)
        except StorageError as error:
            errors.append(error)
    return gone, errors


def _chosen(
    directories: Sequence[Path], states: Sequence[str], older_than: str | None, now_s: float
) -> list[StoredRun]:
    """Give the runs of some results directories that fit, newest first.

    Raises:
        UsageError: A directory is not there, or is none; the default one may be missing.
    """
    from parity.runs import parse_age, runs_below, select

    age_s = parse_age(older_than) if older_than else 0
    statuses = states or _STATES
    found: list[StoredRun] = []
    for directory in dict.fromkeys(directories):
        if directory == _DEFAULT and not directory.exists():
            continue
        _check_directory(directory)
        found += runs_below(directory, statuses)
    return select(found, older_than_s=age_s, now_s=now_s)


def _check_directory(directory: Path) -> None:
    from containers.nearest import nearest
    from containers.storage import CARD_FILE
    from parity.errors import UsageError

    if not directory.is_dir():
        what = "is not a folder" if directory.exists() else "does not exist"
        command = nearest(str(directory), runs.commands)
        hint = f"did you mean the command '{command}'?" if command else "name a results directory"
        raise UsageError(f"the folder {directory} {what}; {hint}")
    if (directory / CARD_FILE).is_file():
        hint = f"name the one it lies in, or say: parity runs show {directory}"
        raise UsageError(f"{directory} is the folder of a run, no results directory; {hint}")
