"""How a table of a chunk stands in a Parquet file: one file a kind, one row group a chunk.

Users read the files with anything: text is text, nulls are nulls, the values of FEATURES are a
list column beside their names. Only this module knows pyarrow; it is imported when a trace is
written to disk or read from there.

=====================  ==================================================================
column of a table      column of the file
=====================  ==================================================================
int, nullable int      int64, nulls in place of -1
float, nullable float  float64, nulls where not valid
text, texts            string (texts stay joined with ",")
floats by name         ``names``, string, and under the field's name list<double>
=====================  ==================================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from containers.events import EventKind
from containers.trace.columns import Buffer, Column, FloatColumn, IntColumn, Mask
from containers.trace.mappings import MappingColumn
from containers.trace.table import SCHEMAS, ColumnType, Table
from containers.trace.texts import TextColumn

__all__ = ["ERRORS", "KindFile", "KindWriter"]

ERRORS: Final = (OSError, pa.ArrowException, ValueError, KeyError, IndexError)
"""What reading a damaged file raises: Arrow's errors, and ours when what it gives is unusable."""

NAMES: Final = "names"
"""The column of names that belongs to a column of mappings."""

_TEXT: Final = (ColumnType.TEXT, ColumnType.TEXTS)
_DICTIONARY: Final = pa.dictionary(pa.int32(), pa.string())
_ITEM: Final = pa.field("element", pa.float64())


def _schema(kind: EventKind, text: pa.DataType) -> pa.Schema:
    fields: list[pa.Field[Any]] = []
    for name, type_ in SCHEMAS[kind].items():
        match type_:
            case ColumnType.INT | ColumnType.NULLABLE_INT:
                nullable = type_ is ColumnType.NULLABLE_INT
                fields.append(pa.field(name, pa.int64(), nullable=nullable))
            case ColumnType.FLOAT | ColumnType.NULLABLE_FLOAT:
                nullable = type_ is ColumnType.NULLABLE_FLOAT
                fields.append(pa.field(name, pa.float64(), nullable=nullable))
            case ColumnType.TEXT | ColumnType.TEXTS:
                fields.append(pa.field(name, text, nullable=False))
            case ColumnType.FLOATS_BY_NAME:
                fields.append(pa.field(NAMES, text, nullable=False))
                fields.append(pa.field(name, pa.list_(_ITEM), nullable=False))
    return pa.schema(fields)


class KindWriter:
    """Writes the tables of one kind to a file, a row group for each."""

    def __init__(self, path: Path, kind: EventKind) -> None:
        schema = SCHEMAS[kind]
        encoding = {
            name: "DELTA_BINARY_PACKED"
            for name, type_ in schema.items()
            if type_ in (ColumnType.INT, ColumnType.NULLABLE_INT)
        } | {
            f"{name}.list.element" if type_ is ColumnType.FLOATS_BY_NAME else name: (
                "BYTE_STREAM_SPLIT"
            )
            for name, type_ in schema.items()
            if type_ in (ColumnType.FLOAT, ColumnType.NULLABLE_FLOAT, ColumnType.FLOATS_BY_NAME)
        }
        self._schema: Final = _schema(kind, _DICTIONARY)
        # Without the stored schema readers see plain text columns, not dictionaries. Statistics
        # only where they help to find rows; those of floats cannot tell NaN and -0.0 apart.
        self._writer: Final = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            use_dictionary=[  # type: ignore[arg-type]  # the stubs know booleans only
                name for name in self._schema.names if self._schema.field(name).type == _DICTIONARY
            ],
            column_encoding=encoding,
            write_statistics=["seq", "time_ns"],
            store_schema=False,
            write_page_checksum=True,
        )

    def write(self, table: Table) -> None:
        """Append a table as one row group."""
        arrays: list[pa.Array[Any]] = []
        for column in table.columns.values():
            arrays.extend(_arrays(column))
        rows = pa.Table.from_arrays(arrays, schema=self._schema)
        self._writer.write_table(rows, row_group_size=len(table))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class KindFile:
    """The file of one kind, opened for reading."""

    def __init__(self, path: Path, kind: EventKind) -> None:
        expected = _schema(kind, pa.string())
        found = pq.read_schema(path).remove_metadata()
        if not found.equals(expected):
            raise ValueError(f"its columns are {_columns(found)}; expected {_columns(expected)}")
        self._kind: Final = kind
        self._file: Final = pq.ParquetFile(
            path,
            read_dictionary=[field.name for field in expected if field.type == pa.string()],
            page_checksum_verification=True,
        )

    def read(self, row_group: int) -> Table:
        """Read one row group as the table that was written."""
        rows = self._file.read_row_group(row_group, use_threads=False).combine_chunks()
        columns: dict[str, Column] = {}
        for name, type_ in SCHEMAS[self._kind].items():
            array = _only_chunk(rows, name)
            match type_:
                case ColumnType.INT | ColumnType.NULLABLE_INT:
                    data = _numbers(array, -1)
                    columns[name] = IntColumn(data, type_ is ColumnType.NULLABLE_INT)
                case ColumnType.FLOAT | ColumnType.NULLABLE_FLOAT:
                    columns[name] = _floats(array, type_ is ColumnType.NULLABLE_FLOAT)
                case ColumnType.TEXT | ColumnType.TEXTS:
                    columns[name] = _text(array, plural=type_ is ColumnType.TEXTS)
                case ColumnType.FLOATS_BY_NAME:
                    names = _text(_only_chunk(rows, NAMES), plural=True)
                    columns[name] = MappingColumn(names, _floats(array.flatten(), True))
        return Table(self._kind, columns)

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _arrays(column: Column) -> list[Any]:
    """Give a column as Arrow arrays; the data are not copied."""
    match column:
        case IntColumn():
            mask = column.data == -1 if column.nullable else None
            return [_array(column.data, mask)]
        case FloatColumn():
            mask = None if column.valid is None else column.valid == 0
            return [_array(column.data, mask)]
        case TextColumn():
            texts = pa.array(column.texts, pa.string())
            return [pa.DictionaryArray.from_arrays(_array(column.codes), texts)]
        case MappingColumn():
            offsets = _array(column.starts.astype(np.int32))
            (flat,) = _arrays(column.flat)
            lists = pa.ListArray.from_arrays(offsets, flat, type=pa.list_(_ITEM))
            return [*_arrays(column.names), lists]
        case _:
            raise TypeError(f"no column of a file holds {type(column).__name__}")


def _array(data: Buffer, mask: Mask | None = None) -> Any:
    # from_pandas would turn each NaN into a null.
    return pa.array(data, mask=mask, from_pandas=False)


def _only_chunk(rows: pa.Table, name: str) -> Any:
    (array,) = rows.column(name).chunks or (rows.column(name).combine_chunks(),)
    return array


def _numbers(array: Any, null: float) -> Any:
    """Give a primitive array as numpy, with this number for null."""
    if array.null_count:
        array = array.fill_null(null)
    return array.to_numpy(zero_copy_only=False)


def _floats(array: Any, nullable: bool) -> FloatColumn:
    data = _numbers(array, 0.0)
    if not nullable:
        return FloatColumn(data, None)
    return FloatColumn(data, array.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8))


def _text(array: Any, plural: bool) -> TextColumn:
    # The file's own dictionary may have another order: readers of Parquet are free in that.
    codes = array.indices.to_numpy(zero_copy_only=False)
    return TextColumn.canonical(codes, array.dictionary.to_pylist(), plural)


def _columns(schema: pa.Schema) -> str:
    return ", ".join(
        f"{field.name}: {field.type}{'' if field.nullable else ' not null'}" for field in schema
    )
