"""Outputs: values that a phase or a workflow leaves behind, some of them as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from containers.errors import OutputError
from containers.journal import Journal, OutputWritten
from imperative.references import resolve
from imperative.workflow import Output

__all__ = ["has_file", "resolve_outputs", "write_outputs"]


def has_file(outputs: Mapping[str, Output]) -> bool:
    """Say whether any of ``outputs`` is written to a file."""
    return any(output.file is not None for output in outputs.values())


def resolve_outputs(outputs: Mapping[str, Output], look_up: Callable[[str], Any]) -> dict[str, Any]:
    """Give the values, in declared order.

    Raises:
        MissingReferenceError: A reference leads nowhere.
    """
    return {name: resolve(output.value, look_up) for name, output in outputs.items()}


def write_outputs(
    outputs: Mapping[str, Output],
    values: Mapping[str, Any],
    write: Callable[[str, object], str] | None,
    journal: Journal,
) -> None:
    """Write what goes to files, and journal each.

    Raises:
        OutputError: A file or its value is refused, or there is no folder for it.
        StorageError: One could not be written.
    """
    for name, output in outputs.items():
        if output.file is None:
            continue
        if write is None:
            raise OutputError(f"output '{name}' goes to '{output.file}', but there is no folder")
        journal.write(OutputWritten(path=write(output.file, values[name])))
