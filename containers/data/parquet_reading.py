"""Bars from Parquet: times as timestamps, dates or text, prices as any numbers.

pyarrow is imported when a Parquet file is read and not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from containers.data.blocks import PRICES, Block, Cell, Field, match_columns
from containers.data.instants import FIRST_NS, LAST_NS, format_instant, parse_column
from containers.errors import DataError, Location, Problem

__all__ = ["read_parquet"]

_BLOCK_ROWS: Final = 65_536
_UNIT_NS: Final = {
    "days": 86_400_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}


def read_parquet(path: Path) -> Iterator[Block]:
    """Read a file block by block; a row's line is its number, from 1.

    Raises:
        DataError: It is not a Parquet file, is damaged, or lacks a column, or a column's type can
            hold no times or no numbers. Blocks given before stay valid.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    location = Location(str(path))
    try:
        with pq.ParquetFile(path) as table:
            schema = table.schema_arrow
            places = match_columns(schema.names, location)
            _check_types(schema, places, location)
            names = {field: schema.names[place] for field, place in places.items()}
            first_row = 1
            for batch in table.iter_batches(_BLOCK_ROWS, columns=list(names.values())):
                yield _block(batch, first_row, names)
                first_row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            [Problem(f"cannot be read as Parquet: {error}", location=location)]
        ) from error


def _check_types(schema: Any, places: dict[Field, int], location: Location) -> None:
    problems = []
    for field, place in places.items():
        name, kind = schema.names[place], schema.types[place]
        expected, hint = "a number", None
        if field == "timestamp":
            expected, right = "a timestamp, a date or ISO 8601 text", _is_time(kind)
            if _is_number(kind):
                hint = "a plain number does not say what it counts; store it as a timestamp"
        else:
            right = _is_number(kind)
        if not right:
            problems.append(
                Problem(
                    f"column '{name}' has type {kind}; expected {expected}",
                    location=location,
                    hint=hint,
                )
            )
    if problems:
        raise DataError(problems)


def _plain(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    kind = _plain(kind)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_time(kind: Any) -> bool:
    import pyarrow as pa

    return _is_text(kind) or pa.types.is_timestamp(_plain(kind)) or pa.types.is_date(_plain(kind))


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    kind = _plain(kind)
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)  # a column without a single value
    )


def _block(batch: Any, first_row: int, names: dict[Field, str]) -> Block:
    columns = {field: _decoded(batch.column(name)) for field, name in names.items()}
    count = batch.num_rows
    label_ns, readable = _times(columns["timestamp"])
    prices = np.empty((len(PRICES), count), dtype=np.float64)
    for index, field in enumerate(PRICES):
        values, valid = _numbers(columns[field])
        prices[index] = np.where(valid, values, np.nan)
    if "volume" in columns:
        volume, volume_valid = _numbers(columns["volume"])
        volume += 0.0  # -0 becomes 0
    else:
        volume, volume_valid = np.zeros(count), np.zeros(count, dtype=np.bool_)

    def cell(row: int, field: Field) -> Cell:
        return Cell(names[field], _text(columns[field], row), 0)

    line = np.arange(first_row, first_row + count, dtype=np.int64)
    return Block(line, label_ns, readable, prices, volume, volume_valid, cell, counted="row")


def _decoded(column: Any) -> Any:
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


# Buffers are read directly: pyarrow's own conversion to numpy imports pandas.


def _valid(column: Any) -> npt.NDArray[np.bool_]:
    """Give (n,) bool, false where null."""
    bitmap = column.buffers()[0] if column.null_count else None
    if bitmap is None:
        return np.full(len(column), column.null_count == 0)
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].astype(np.bool_)


def _stored(column: Any, dtype: str) -> npt.NDArray[Any]:
    """Give (n,) numbers as they are stored; anything where null."""
    if not len(column):
        return np.empty(0, dtype=dtype)
    values = np.frombuffer(column.buffers()[1], dtype=dtype)
    return values[column.offset : column.offset + len(column)]


def _numbers(column: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Give (n,) float64, 0.0 where null, and (n,) bool, false where null."""
    import pyarrow as pa

    kind, valid = column.type, _valid(column)
    if pa.types.is_null(kind):
        return np.zeros(len(column)), valid
    if pa.types.is_decimal(kind):
        # Arrow's own conversion of decimals is not always to the nearest double; Python's is.
        exact = [0.0 if value is None else float(value) for value in column.to_pylist()]
        return np.array(exact, dtype=np.float64), valid
    letter = "f" if pa.types.is_floating(kind) else "u" if str(kind).startswith("u") else "i"
    stored = _stored(column, f"<{letter}{kind.bit_width // 8}")
    return np.where(valid, stored, 0).astype(np.float64), valid


def _times(column: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Give (n,) int64 ns UTC and (n,) bool, false where null, unreadable or out of range."""
    kind = column.type
    if _is_text(kind):
        return parse_column([text or "" for text in column.to_pylist()])
    unit_ns = _UNIT_NS[_unit(kind)]
    counts = _stored(column, f"<i{kind.bit_width // 8}").astype(np.int64)
    # Rounded towards zero, both bounds are the last count that still fits.
    fits = (counts >= -(-FIRST_NS // unit_ns)) & (counts <= LAST_NS // unit_ns)
    readable = fits & _valid(column)
    return np.where(readable, counts, 0) * np.int64(unit_ns), readable


def _text(column: Any, row: int) -> str:
    import pyarrow as pa

    value, kind = column[row], column.type
    if not value.is_valid:
        return ""
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return str(value.as_py())
    count, unit = value.value, _unit(kind)
    try:
        return format_instant(count * _UNIT_NS[unit])
    except (ValueError, OverflowError):  # before year 1 or after 9999
        return f"{count} {unit} since 1970"


def _unit(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_date(kind):
        return "ms" if pa.types.is_date64(kind) else "days"
    # With a zone the stored count is UTC already; without one UTC is what it means.
    return str(kind.unit)
