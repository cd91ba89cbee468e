"""The result of a run as JSON, written piece by piece.

It says what `WorkflowResult.to_document` says, but of what lies in files one iteration, or one
portfolio, is in memory at a time. Phases, iterations and portfolios stand on lines of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from containers.errors import StorageError
from containers.results import (
    IterationResult,
    LoopIterationResult,
    PhaseResult,
    WorkflowResult,
    plain_part,
)

__all__ = ["json_pieces"]

_OPENED: Final = ("phase_results", "iterations", "branches", "portfolios")
"""Fields whose parts are written one by one."""


def json_pieces(result: WorkflowResult) -> Iterator[bytes]:
    """Give the text of a result's document in pieces.

    Raises:
        StorageError: A part of it is no plain data, or lies in a file that is damaged or gone.
    """
    yield from _part(result, b"\n")
    yield b"\n"


def _part(value: Any, line: bytes) -> Iterator[bytes]:
    opened = isinstance(value, WorkflowResult | LoopIterationResult | PhaseResult)
    if opened or (isinstance(value, IterationResult) and value.iterations):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        yield from _mapping(fields, line)
    else:
        yield _encoded(value)


def _mapping(items: Iterator[tuple[str, Any]], line: bytes) -> Iterator[bytes]:
    below, separator = line + b" ", b"{"
    for key, value in items:
        yield separator + below + _encoded(key) + b": "
        if key in _OPENED and isinstance(value, Mapping):
            yield from _parts(((_encoded(k) + b": ", v) for k, v in value.items()), b"{}", below)
        elif key in _OPENED:
            yield from _parts(((b"", each) for each in value), b"[]", below)
        else:
            yield from _part(value, below)
        separator = b","
    yield line + b"}"


def _parts(items: Iterator[tuple[bytes, Any]], brackets: bytes, line: bytes) -> Iterator[bytes]:
    """Write parts, each behind its key; between ``brackets``, an opening and a closing one."""
    below, separator = line + b" ", brackets[:1]
    for key, value in items:
        yield separator + below + key
        yield from _part(value, below)
        separator = b","
    yield brackets if separator == brackets[:1] else line + brackets[1:]


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=plain_part)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StorageError(
            f"the result cannot be written: {error}; outputs and parameters must be text, numbers, "
            "lists and mappings"
        ) from error
