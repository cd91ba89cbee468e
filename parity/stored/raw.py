"""Reading a file of rows: CSV, Parquet or JSON, exactly, with the place of every cell.

Floats are the nearest doubles of what is written, integers stay integers, times are nanoseconds.
What cannot be read as a table of named columns is an error that says where.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from containers.errors import Location
from parity.errors import UsageError
from parity.stored.table import Cells, Type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SUFFIXES", "RawTable", "read_json_file", "read_raw", "rows_of_json"]

SUFFIXES: Final = (".csv", ".tsv", ".parquet", ".pq", ".json", ".jsonl", ".ndjson")
"""Names of files that hold a table end with one of these."""

_NUMBERS_AS_TEXT: Final = set("0123456789+-.eE: /T")


class RawTable(msgspec.Struct, frozen=True):
    """A file as it is: named columns of cells.

    Attributes:
        file: Its name.
        columns: By the names the file gives them, each of one type; nothing is converted.
        rows: How many there are.
        place: Gives the place of a cell by the number of its row and the name of its column.
    """

    file: str
    columns: Mapping[str, Cells]
    rows: int
    place: Callable[[int, str | None], str]


def read_raw(path: Path, delimiter: str | None = None) -> RawTable:
    """Read a file of rows, by the ending of its name.

    Args:
        path: The file.
        delimiter: Of a CSV file; null: a comma, of ``.tsv`` a tab.

    Raises:
        UsageError: It cannot be read, or does not hold a table of named columns.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise UsageError(
            f"{path}: a name that ends with '{suffix}' says nothing of what is in it; "
            f"expected one of {known}"
        )
    if suffix in (".csv", ".tsv"):
        return _read_csv(path, delimiter or ("\t" if suffix == ".tsv" else ","))
    if suffix in (".parquet", ".pq"):
        return _read_parquet(path)
    if suffix in (".jsonl", ".ndjson"):
        return _read_json_lines(path)
    return rows_of_json(read_json_file(path), str(path))


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder, expected a file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _text(path: Path) -> str:
    raw = _bytes(path)
    if b"\x00" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\x00")) + 1
        raise UsageError(f"{path}:{line}: found a NUL byte, expected text as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}:{line}: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None


def _read_csv(path: Path, delimiter: str) -> RawTable:
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    lines: list[int] = []
    rows: list[list[str]] = []
    at = 1
    try:
        for row in reader:
            if row and not header:
                header = _header(row, str(path), at, delimiter)
            elif row:
                if len(row) != len(header):
                    raise UsageError(
                        f"{path}:{at}: found {len(row)} cells, expected {len(header)}, one for "
                        "each name in the header"
                    )
                rows.append(row)
                lines.append(at)
            at = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}:{at}: this is not CSV: {error}") from None
    if not header:
        raise UsageError(f"{path}: the file is empty, expected a header with the names of columns")
    columns = {
        name: Cells(Type.RAW, [row[number] for row in rows], name)
        for number, name in enumerate(header)
    }

    def place(row: int, column: str | None) -> str:
        if column is None:
            return f"{path}:{lines[row]}"
        return f"{path}:{lines[row]}: column '{column}'"

    return RawTable(str(path), columns, len(rows), place)


def _header(row: Sequence[str], file: str, line: int, delimiter: str) -> list[str]:
    names = [name.strip() or f"column {number}" for number, name in enumerate(row, start=1)]
    if all(set(name) <= _NUMBERS_AS_TEXT for name in names):
        raise UsageError(
            f"{file}:{line}: found {', '.join(names[:3])}… in the first line, expected a header "
            "with the names of columns"
        )
    if len(names) == 1 and delimiter == "," and (";" in names[0] or "\t" in names[0]):
        other = ";" if ";" in names[0] else "\\t"
        raise UsageError(
            f"{file}:{line}: found one column, {names[0]!r}; if columns are separated by "
            f"'{other}', say so in the mapping: delimiter: \"{other}\""
        )
    return _once(names, f"{file}:{line}")


def _once(names: Sequence[str], where: str) -> list[str]:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{where}: there are two columns called '{name}'; rename one, so that each has a "
                "name of its own"
            )
    return list(names)


def read_json_file(path: Path) -> Any:
    """Read a JSON file: exact integers, nearest doubles, no key twice.

    Raises:
        UsageError: It cannot be read, or is no such JSON.
    """
    return _json(_text(path), str(path))


def _json(text: str, file: str, line: int = 1) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _once([key for key, _ in pairs], file)
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        where = Location(file, error.lineno + line - 1, error.colno)
        raise UsageError(f"{where}: this is not JSON: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{file}: this is not JSON that can be read: {error}") from None


def _read_json_lines(path: Path) -> RawTable:
    texts = [(n, t) for n, t in enumerate(_text(path).split("\n"), start=1) if t.strip()]
    rows = [_json(text, str(path), number) for number, text in texts]
    lines = [number for number, _ in texts]

    def place(row: int, column: str | None) -> str:
        return f"{path}:{lines[row]}" + ("" if column is None else f": '{column}'")

    return _from_rows(rows, str(path), place)


def rows_of_json(document: Any, file: str) -> RawTable:
    """Give the rows of a JSON document: a list of mappings, or a mapping of lists.

    Raises:
        UsageError: It is neither.
    """

    def place(row: int, column: str | None) -> str:
        return f"{file}: row {row}" + ("" if column is None else f": '{column}'")

    if isinstance(document, list):
        return _from_rows(document, file, place)
    if (
        isinstance(document, dict)
        and document
        and all(isinstance(v, list) for v in document.values())
    ):
        lengths = {name: len(values) for name, values in document.items()}
        if len(set(lengths.values())) > 1:
            raise UsageError(f"{file}: its columns are not of one length: {lengths}")
        columns = {
            name: _cells(values, name, _of_column(place, name)) for name, values in document.items()
        }
        return RawTable(file, columns, max(lengths.values()), place)
    raise UsageError(
        f"{file}: expected a list of rows (mappings of names to cells), or a mapping of names to "
        "lists of cells"
    )


def _of_column(place: Callable[[int, str | None], str], name: str) -> Callable[[int], str]:
    return lambda row: place(row, name)


def _from_rows(rows: Sequence[Any], file: str, place: Callable[[int, str | None], str]) -> RawTable:
    names: list[str] = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise UsageError(f"{place(number, None)}: found {row!r:.60}, expected a mapping")
        names = names or list(row)
        if row.keys() != set(names):
            odd = sorted(row.keys() ^ set(names))[0]
            has, other = ("no", "has") if odd not in row else ("the column", "has not")
            raise UsageError(
                f"{place(number, None)}: it has {has} '{odd}', which the first row {other}; write "
                "null where there is nothing"
            )
    columns = {
        name: _cells([row[name] for row in rows], name, _of_column(place, name)) for name in names
    }
    return RawTable(file, columns, len(rows), place)


_TYPES: Final[Mapping[type, Type]] = {
    str: Type.TEXT,
    int: Type.INT,
    float: Type.FLOAT,
    bool: Type.BOOL,
}


def _cells(values: Sequence[Any], name: str, place: Callable[[int], str]) -> Cells:
    found: Type | None = None
    for row, value in enumerate(values):
        if value is None:
            continue
        kind = _TYPES.get(type(value))
        if kind is None:
            raise UsageError(f"{place(row)}: found {value!r:.60}, expected one value")
        if kind is Type.INT and abs(value) >= 2**63:
            raise UsageError(f"{place(row)}: {value} has more than 64 bits; write it as text")
        if found is not None and kind is not found and {kind, found} != {Type.INT, Type.FLOAT}:
            raise UsageError(
                f"{place(row)}: found {value!r:.60} ({kind}) in a column that has {found} before; "
                "a column has cells of one type"
            )
        # Where a writer leaves decimals out, 5 stands between 4.5 and 5.5: all are numbers.
        found = Type.FLOAT if found is not None and kind is not found else kind
    if found is Type.FLOAT:
        values = [_as_float(value, place, row) for row, value in enumerate(values)]
    return Cells(found or Type.NOTHING, values, name)


def _as_float(value: Any, place: Callable[[int], str], row: int) -> float | None:
    if value is None or isinstance(value, float):
        return value
    number = float(value)
    if int(number) != value:
        raise UsageError(f"{place(row)}: {value} is no double, so it can't be one of the floats")
    return number


def _read_parquet(path: Path) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = _bytes(path)
    try:
        _once(pq.read_schema(pa.BufferReader(raw)).names, str(path))
        table = pq.read_table(pa.BufferReader(raw))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UsageError(
            f"{path}: this is no Parquet file that can be read ({str(error).splitlines()[0]})"
        ) from None

    def place(row: int, column: str | None) -> str:
        return f"{path}: row {row}" + ("" if column is None else f": column '{column}'")

    columns = {
        name: _arrow_cells(table.column(name), name, _of_column(place, name))
        for name in table.column_names
    }
    return RawTable(str(path), columns, table.num_rows, place)


def _arrow_cells(column: pa.ChunkedArray[Any], name: str, place: Callable[[int], str]) -> Cells:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):
        return Cells(Type.NOTHING, column.to_pylist(), name)
    if pa.types.is_boolean(kind):
        return Cells(Type.BOOL, column.to_pylist(), name)
    if pa.types.is_integer(kind):
        return Cells(Type.INT, column.to_pylist(), name)
    if pa.types.is_floating(kind):
        # Doubles hold every half and single exactly.
        return Cells(Type.FLOAT, column.cast(pa.float64()).to_pylist(), name)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return Cells(Type.TEXT, column.to_pylist(), name)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        try:
            whole = column.cast(pa.timestamp("ns", zone)).cast(pa.int64())
        except pa.ArrowException as error:
            raise UsageError(f"{place(0)}: a time beyond what nanoseconds reach: {error}") from None
        return Cells(Type.TIME, whole.to_pylist(), name)
    raise UsageError(
        f"{place(0)}: its cells are {kind}, expected numbers, text, true and false, or times"
    )
