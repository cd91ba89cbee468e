"""Where a command's output goes: a document to a file or standard output, text to the other."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "bare_json_option",
    "check_json_target",
    "console_for",
    "forget_stdout",
    "json_option",
    "write_json",
    "write_json_pieces",
]

_WIDTH = 160
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")

json_option = click.option(
    "--json",
    "json_target",
    metavar="FILE",
    help="Write the result as JSON to FILE, or to standard output for '-'.",
)

bare_json_option = click.option(
    "--json",
    "json_target",
    metavar="[FILE]",
    is_flag=False,
    flag_value="-",
    help="Write it as JSON to FILE; without FILE, or with '-', to standard output.",
)
"""For commands without arguments, which could not be taken for the file."""


def check_json_target(target: str | None) -> None:
    """Refuse a file that can't be written, before hours of work go by.

    Raises:
        UsageError: Its folder does not exist, or it is a folder itself.
    """
    from parity.commands.targets import check_file

    if target is not None and target != "-":
        check_file("--json", target, ", or '-'")


def console_for(target: str | None) -> Console:
    """Give the console for text: standard error when JSON has standard output.

    A reader that goes away, as `head` does, silences it; the exit code stays the verdict's.
    """
    from rich.console import Console

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            forget_stdout()

    console = Patient(stderr=target == "-", highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH  # a log has no edge to fold a path at
    return console


def write_json(document: Mapping[str, Any], target: str | None) -> None:
    """Write ``document`` where ``--json`` asked for it.

    Raises:
        StorageError: The file could not be written.
    """
    if target is not None:
        text = json.dumps(document, indent=1, allow_nan=False) + "\n"
        write_json_pieces([text.encode()], target)


def write_json_pieces(pieces: Iterable[bytes], target: str | None) -> None:
    """Write a document that is too large to be held, piece by piece, where ``--json`` asked for it.

    Args:
        pieces: UTF-8, none of them ending within a character.
        target: As it was given.

    Raises:
        StorageError: The file could not be written; it is as it was.
    """
    if target is None:
        return
    # ASCII, so that it is the same whatever the encoding of the terminal or pipe. In JSON, what
    # is not ASCII stands in texts.
    texts = (_BEYOND_ASCII.sub(_escaped, piece.decode()) for piece in pieces)
    if target != "-":
        from containers.files import write_pieces_aside

        write_pieces_aside(Path(target), (text.encode("ascii") for text in texts))
        return
    try:
        for text in texts:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        forget_stdout()


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def forget_stdout() -> None:
    """Send what is still to be printed nowhere: its reader has gone away."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
