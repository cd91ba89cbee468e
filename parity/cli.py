"""The command ``parity``. Commands import what they need when they run, so help is quick.

Exit codes: 0 parity or success; 1 anything differs; 2 wrong usage, or a configuration all refuse;
3 all fail alike, or a run failed; 4 nothing was compared; 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import click

from containers.errors import ConfigurationError, ContainersError
from parity.commands.output import forget_stdout
from parity.commands.run import run
from parity.commands.verify import verify
from parity.errors import ParityError, UsageError

__all__ = ["cli", "main"]

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paritykit", prog_name="parity")
def cli() -> None:
    """Change the engine, and prove that nothing changed: event by event, bit by bit."""


cli.add_command(run)
cli.add_command(verify)


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
        forget_stdout()  # the reader went away, as `head` does: no error to report
    except OSError as error:
        click.echo(f"error: the output could not be written: {error.strerror}", err=True)
        forget_stdout()
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
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = _INTERRUPTED
    except (ContainersError, ParityError) as error:
        code = _explain(error)
    return code if isinstance(code, int) else 0


def _explain(error: ContainersError | ParityError) -> int:
    """Print an error that was made to be read; give its exit code."""
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        return 2
    click.echo(f"error: {error}", err=True)
    return 2 if isinstance(error, UsageError) else 3
