"""The option by which a command is told where units run."""

from __future__ import annotations

import click

__all__ = ["executor_option"]

executor_option = click.option(
    "--executor",
    metavar="SPEC",
    help="Where units run: serial (in this process, the default), processes, processes:N, or "
    "dask://HOST:PORT. Results are the same.",
)
