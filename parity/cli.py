"""The command ``parity``. A command is imported when it is named, so help and lists are quick.

Exit codes: 0 parity or success; 1 anything differs; 2 wrong usage, or a configuration all refuse;
3 all fail alike, or a run failed; 4 nothing was compared; 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

import click

__all__ = ["COMMANDS", "cli", "main"]

_INTERRUPTED: Final = 130

COMMANDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "approve": ("approve", "approve", "Make what workflows give now what they must give."),
    "check": ("check", "check", "Hold one engine against approved results."),
    "compare": ("compare", "compare", "Compare stored results with a run, or with others."),
    "explain": ("explain", "explain", "Tell where the runs of a record part first, and why."),
    "features": ("features", "features", "Show what both engines can do, with the evidence."),
    "fuzz": ("fuzz", "fuzz", "Search for workflows on which the engines part."),
    "list": ("listing", "list_command", "List what there is, by name, engine and origin."),
    "plan": ("plan", "plan", "Show what a configuration would run, and run nothing."),
    "replay": ("replay", "replay", "Run saved examples again."),
    "run": ("run", "run", "Run a workflow through one engine."),
    "runs": ("runs", "runs", "List, show and remove the runs that are stored."),
    "schema": ("schema", "schema", "Print the JSON Schema of a kind of file."),
    "sensitivity": (
        "sensitivity",
        "sensitivity",
        "Put mistakes in, and see which a verdict sees.",
    ),
    "verify": ("verify", "verify", "Run workflows through several subjects and compare."),
}
"""Module, function and short help of each command."""


class _Commands(click.Group):
    """Finds commands by name without importing the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"parity.commands.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paritykit", prog_name="parity")
def cli() -> None:
    """Change the engine, and prove that nothing changed: event by event, bit by bit."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no name is worth a crash
    code = 0
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()  # the reader went away, as `head` does: no error to report
    except OSError as error:
        click.echo(f"error: the output could not be written: {error.strerror}", err=True)
        _forget_stdout()
        code = 2
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = cli.main(args=arguments, prog_name="parity", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("interrupted", err=True)
        for note in getattr(error.__cause__ or error, "__notes__", ()):
            click.echo(note, err=True)
        code = _INTERRUPTED
    except Exception as error:
        explained = _explain(error)
        if explained is None:
            raise
        code = explained
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int | None:
    """Print an error that was made to be read; give its exit code, null for any other."""
    from containers.errors import ConfigurationError, ContainersError, ExecutorError
    from parity.errors import ParityError, UsageError

    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        return 2
    if not isinstance(error, ContainersError | ParityError):
        return None
    click.echo(f"error: {error}", err=True)
    return 2 if isinstance(error, UsageError | ExecutorError) else 3


def _forget_stdout() -> None:
    from parity.commands.output import forget_stdout

    forget_stdout()
