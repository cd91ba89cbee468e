"""Outputs as files: plain values as JSON or YAML, rows as CSV or Parquet.

1. `check_output_name` says whether a name can be a file below a folder, and which form it has.
2. `encode_output` makes the bytes: the same value gives the same bytes.
3. `write_output` writes them below a folder of the run: never outside, through no link, over no
   other file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn, TypeAlias, TypeGuard

import msgspec
import numpy as np

from containers.configuration.plain import found
from containers.errors import OutputError, StorageError
from containers.files import write_aside
from containers.nearest import did_you_mean
from containers.results import EquityCurve, Signals
from containers.tables import parquet_bytes, typed_table

__all__ = ["SUFFIXES", "check_output_name", "encode_output", "plain_output", "write_output"]

Rows: TypeAlias = Sequence[Mapping[str, Any]]

_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_SEGMENT: Final = 200
_RESERVED: Final = re.compile(
    r"(run|result|manifest)\.json"
    r"|(.*/)?([0-9]+/(trace/(trace\.json|[a-z_]+\.parquet)|signals\.parquet)"
    r"|portfolios/[^/]+/(trades|equity)\.parquet)"
)
"""What a run writes itself, whether or not it does so this time; see `containers.storage`."""


def check_output_name(name: str) -> str:
    """Give the suffix of a file name that an output can have.

    Raises:
        OutputError: It would leave its folder or be hidden in it, or its ending says no form.
    """
    segments = name.split("/")
    if not name or name.startswith("/") or any(s in ("", ".", "..") for s in segments):
        _refuse(f"found the file {name!r}, expected a path below the folder of its phase")
    if "\\" in name or _UNSEEN.search(name):
        _refuse(f"found the file {name!r}, expected a path without '\\' or invisible characters")
    if any(len(segment.encode()) > _LONGEST_SEGMENT for segment in segments):
        _refuse(f"found the file {name!r}, expected names of at most {_LONGEST_SEGMENT} bytes")
    suffix = PurePosixPath(name).suffix
    if suffix not in _ENCODERS:
        hint = did_you_mean(suffix, _ENCODERS) if suffix else f"known: {', '.join(_ENCODERS)}"
        _refuse(f"found the file {name!r}, expected an ending that says its form ({hint})")
    if any(segment.startswith(".") for segment in segments):  # what does is nobody's result
        _refuse(f"found the file {name!r}, expected names that do not begin with a dot")
    return suffix


def encode_output(value: object, suffix: str) -> bytes:
    """Write a value in the form that a suffix says.

    Args:
        value: For ``.json`` and ``.yaml`` any plain value; the parts of a result are the mappings
            of their fields. For ``.csv`` and ``.parquet`` a list of mappings, an equity curve, or
            a list of trades or signals.
        suffix: ``.json``, ``.yaml``, ``.csv`` or ``.parquet``.

    Raises:
        OutputError: The suffix is not one of these, or the value does not fit the form.
    """
    if suffix not in _ENCODERS:
        _refuse(f"found the form '{suffix}'; {did_you_mean(suffix, _ENCODERS)}")
    try:
        return _ENCODERS[suffix](value)
    except UnicodeEncodeError as error:
        raise OutputError(f"found text that is no Unicode: {error.object!r}") from error


def write_output(root: Path, folder: str, name: str, value: object, *, over: bool = False) -> str:
    """Write a value to a new file.

    Args:
        root: Folder of the run.
        folder: Path inside it that ``name`` starts from; empty for the run's own folder.
        name: As `check_output_name` takes it.
        value: As `encode_output` takes it.
        over: Whether a file that is there already is replaced, as when a run is resumed.

    Returns:
        The file's path inside ``root``.

    Raises:
        OutputError: Name or value are refused, or the file is there already.
        StorageError: It could not be written; there is no part of it.
    """
    content = encode_output(value, check_output_name(name))
    relative = f"{folder}/{name}" if folder else name
    if _RESERVED.fullmatch(relative):
        _refuse(f"found the file {name!r}, which the run writes itself", "choose another name")
    target = root
    *folders, last = relative.split("/")
    try:
        for segment in folders:
            target = target / segment
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                _refuse(f"found the file {name!r}, but {target} is no folder of the run")
            target.mkdir(exist_ok=True)
        target = target / last
        replaced = over and target.is_file()
        if target.is_symlink() or (target.exists() and not replaced):
            _refuse(f"found the file {name!r}, which is there already", "choose another name")
    except OSError as error:
        raise StorageError(f"{target} could not be created: {error.strerror}") from error
    write_aside(target, content)
    return relative


def _refuse(message: str, hint: str | None = None) -> NoReturn:
    raise OutputError(f"{message} ({hint})" if hint else message)


def plain_output(value: object, place: str = "") -> Any:
    """Copy a value as mappings, lists, text, numbers, true, false and null.

    Args:
        value: Plain, or a part of a result: the mapping of its fields, without the trace.
        place: Where it stands, for messages.

    Raises:
        OutputError: It holds something else, a number that is not finite, or a key that is no text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            _refuse(f"found {value!r}{_at(place)}, expected a finite number, or null for none")
        return float(value)
    if isinstance(value, Mapping):
        plain = {}
        for key, item in value.items():
            if not isinstance(key, str):
                _refuse(f"found {found(key)} as a key{_at(place)}, expected text")
            plain[key] = plain_output(item, f"{place}.{key}" if place else key)
        return plain
    if _is_list(value):
        return [plain_output(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        return plain_output(value.tolist(), place)
    if isinstance(value, msgspec.Struct):
        return {
            name: plain_output(getattr(value, name), f"{place}.{name}" if place else name)
            for name in value.__struct_fields__
            if name != "trace"  # it lies in files of its own; its summary stands beside it
        }
    _refuse(f"found {found(value)}{_at(place)}, expected text, a number, a list or a mapping")


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Say whether a value is a list, also one whose items lie in files."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _at(place: str) -> str:
    return f" at {place}" if place else ""


def _json(value: object) -> bytes:
    text = json.dumps(plain_output(value), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _yaml(value: object) -> bytes:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = None if _BARE.fullmatch(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)

    Dumper.add_representer(str, text)
    written = yaml.dump(
        plain_output(value), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=math.inf
    )
    encoded: bytes = written.removesuffix("...\n").encode()
    return encoded


_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""Text that YAML needs no quotes for; words such as ``true`` PyYAML quotes itself."""


def _columns(value: object) -> dict[str, list[Any]]:
    """Give rows as columns, in order of first occurrence, null where a row has no such key."""
    if isinstance(value, EquityCurve):
        return {"time_ns": value.time_ns.tolist(), "equity": value.equity.tolist()}
    if isinstance(value, Signals):
        value = value.rows
    if not _is_list(value):
        _refuse(f"found {found(value)}, expected a list of mappings, or an equity curve")
    rows: list[Mapping[str, Any]] = []
    columns: dict[str, None] = {}
    for index, item in enumerate(value):
        row = msgspec.structs.asdict(item) if isinstance(item, msgspec.Struct) else item
        if not isinstance(row, Mapping):
            _refuse(f"found {found(row)} at [{index}], expected a mapping: one row of the table")
        for key, cell in row.items():
            if not isinstance(key, str):
                _refuse(f"found {found(key)} as a key at [{index}], expected text")
            if _is_list(cell) or isinstance(cell, Mapping | msgspec.Struct | np.ndarray):
                _refuse(
                    f"found {found(cell)} at [{index}].{key}, expected a single value",
                    "write it as .json or .yaml",
                )
            columns[key] = None
        rows.append(row)
    return {
        key: [plain_output(row.get(key), f"[{index}].{key}") for index, row in enumerate(rows)]
        for key in columns
    }


def _csv(value: object) -> bytes:
    columns = _columns(value)
    if not columns:
        return b""
    lines = [",".join(map(_cell, columns))]
    lines += (",".join(map(_cell, row)) for row in zip(*columns.values(), strict=True))
    return "".join(f"{line}\n" for line in lines).encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    # Empty text is quoted, so that it is not null.
    if not value or any(mark in value for mark in ',"\n\r'):
        return '"' + value.replace('"', '""') + '"'
    return value


def _parquet(value: object) -> bytes:
    return parquet_bytes(typed_table(_columns(value)))


_ENCODERS: Final[Mapping[str, Callable[[object], bytes]]] = {
    ".json": _json,
    ".yaml": _yaml,
    ".csv": _csv,
    ".parquet": _parquet,
}
SUFFIXES: Final = tuple(_ENCODERS)
"""The endings that say a form."""
