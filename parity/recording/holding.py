"""Whether the file of an output holds one of the outputs of its phase or workflow."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from containers.results import EquityCurve, Signals, WorkflowResult

__all__ = ["OUTPUT_FORMS", "holds_an_output"]

OUTPUT_FORMS: Final = (".json", ".yaml", ".csv", ".parquet")
"""The endings of files of outputs."""


def holds_an_output(file: Path, name: str, result: WorkflowResult) -> bool:
    """Read a file and say whether it holds one of the outputs that can lie there.

    Args:
        file: Where it is.
        name: Its path inside the run's folder.
        result: The run's result.
    """
    try:
        found = _read(file)
    except Exception:  # noqa: BLE001  # whatever keeps it from being read: it holds none
        return False
    return any(_is(found, value, file.suffix) for value in _outputs(result, name.split("/")))


def _outputs(result: WorkflowResult, parts: Sequence[str]) -> Iterator[Any]:
    """Give the values of outputs that a path can belong to: a phase's, a branch's, the run's."""
    if len(parts) > 2 and parts[0].isdecimal() and int(parts[0]) < len(result.iterations):
        one = result.iterations[int(parts[0])]
        if parts[1] in one.phase_results:
            yield from one.phase_results[parts[1]].outputs.values()
        if parts[1] in one.branches:
            yield from _outputs(one.branches[parts[1]], parts[2:])
    yield from result.outputs.values()


def _read(file: Path) -> Any:
    if file.suffix == ".json":
        return json.loads(file.read_text(encoding="utf-8"))
    if file.suffix == ".yaml":
        import yaml

        return yaml.safe_load(file.read_text(encoding="utf-8"))
    if file.suffix == ".csv":
        text = file.read_bytes().decode("utf-8")  # in which all line breaks stay as they are
        return list(csv.reader(io.StringIO(text, newline="")))
    import pyarrow.parquet as pq

    return pq.read_table(file).to_pydict()


def _is(found: Any, value: Any, form: str) -> bool:
    plain = _plain(value)
    if form in (".json", ".yaml"):
        return _same(plain, found)
    rows = _rows(value, plain)
    if rows is None:
        return False
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if form == ".csv":
        lines = [columns, *([_cell(row.get(key)) for key in columns] for row in rows)]
        return bool(found == (lines if columns else []))
    cells = {key: [row.get(key) for row in rows] for key in columns}
    for key, column in cells.items():
        if any(isinstance(cell, float) for cell in column):
            cells[key] = [float(c) if type(c) is int else c for c in column]
    return list(found) == columns and _same(cells, found)


def _rows(value: Any, plain: Any) -> list[Mapping[str, Any]] | None:
    if isinstance(value, EquityCurve):
        pairs = zip(plain["time_ns"], plain["equity"], strict=True)
        return [{"time_ns": time_ns, "equity": equity} for time_ns, equity in pairs]
    if isinstance(value, Signals):
        plain = plain["rows"]
    if not isinstance(plain, list) or not all(isinstance(row, Mapping) for row in plain):
        return None
    return plain


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _plain(value: Any) -> Any:
    """Give a value as mappings, lists and scalars, the parts of a result without their traces."""
    if isinstance(value, msgspec.Struct):
        fields = [name for name in value.__struct_fields__ if name != "trace"]
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _same(left: Any, right: Any) -> bool:
    """Compare trees by types and values; order of keys does not count."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)
