"""Parquet files that know what they hold: a digest over the values stands in their footer.

Checksums of pages cover what is in pages and nothing else: where the footer is damaged, rows can be
missing or columns change places. So what is read is digested once more, and must agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from containers.errors import StorageError

__all__ = ["TableWriter", "checked_bytes", "plain_bytes", "read_table"]

_DIGEST: Final = "paritykit.digest"
_DAMAGED: Final = (OSError, pa.ArrowException, ValueError, KeyError, IndexError)
"""What reading a damaged file raises."""


class TableWriter:
    """Writes a table piece by piece, a row group each.

    Args:
        sink: The file.
        schema: Of the pieces: columns of int64, float64 and text without nulls.

    Its methods raise what Arrow does, where the file cannot be written.
    """

    def __init__(self, sink: Path | pa.NativeFile, schema: pa.Schema) -> None:
        self._writer: Final = pq.ParquetWriter(
            sink, schema, compression="zstd", write_page_checksum=True
        )
        self._digest: Final = _Digest(schema)

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        self._digest.update(table)
        self._writer.write_table(table.combine_chunks())

    def close(self, *, complete: bool) -> None:
        """Let go of the file; without ``complete`` nobody will take it for one."""
        if complete:
            self._writer.add_key_value_metadata({_DIGEST: self._digest.text()})
        self._writer.close()


def checked_bytes(table: pa.Table) -> bytes:
    """Write a table that `read_table` reads; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    writer = TableWriter(sink, table.schema)
    writer.write(table)
    writer.close(complete=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def plain_bytes(table: pa.Table) -> bytes:
    """Write any table; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_table(path: Path, what: str, schema: pa.Schema) -> pa.Table:
    """Read a table that `TableWriter` or `checked_bytes` wrote.

    Args:
        path: The file.
        what: What it should be, for messages.
        schema: Its columns; what it says beside them is in the schema of the table that is given.

    Raises:
        StorageError: It cannot be read, holds something else, or is not what was written.
    """
    try:
        with pa.OSFile(str(path), "rb") as source:  # closed at once, also where it is no Parquet
            file = pq.ParquetFile(source, page_checksum_verification=True)
            table = file.read(use_threads=False)
            stated = (file.metadata.metadata or {}).get(_DIGEST.encode())
            if not table.schema.remove_metadata().equals(schema):
                raise StorageError(
                    f"{path} holds no {what}: found the columns {_columns(table.schema)}, expected "
                    f"{_columns(schema)}; restore the file, or run the workflow again"
                )
            digest = _Digest(table.schema)
            digest.update(table)
    except _DAMAGED as error:
        raise StorageError(
            f"{path} could not be read as {what}: {error}; the file is damaged or gone: restore "
            "it, or run the workflow again"
        ) from error
    if stated != digest.text().encode():
        raise StorageError(
            f"{path} does not hold the {what} that it was written with; the file is damaged: "
            "restore it, or run the workflow again"
        )
    return table


class _Digest:
    """Over columns, value by value, in whatever pieces they come, and what is said of them."""

    def __init__(self, schema: pa.Schema) -> None:
        said = {**(schema.metadata or {})}
        said.pop(_DIGEST.encode(), None)
        self._said: Final = sorted(said.items())
        self._columns: Final = [
            (name, xxhash.xxh3_128(), xxhash.xxh3_128()) for name in schema.names
        ]

    def update(self, table: pa.Table) -> None:
        for (name, numbers, texts), column in zip(self._columns, table.columns, strict=True):
            if column.null_count:
                raise ValueError(f"the column '{name}' has nulls")
            if pa.types.is_string(column.type):
                texts.update("".join(map(str, column.to_pylist())).encode())
                lengths: Any = pc.binary_length(column)
                numbers.update(lengths.to_numpy())
            else:
                numbers.update(column.to_numpy().data)

    def text(self) -> str:
        parts = [(name, a.hexdigest(), b.hexdigest()) for name, a, b in self._columns]
        return xxhash.xxh3_128_hexdigest(f"{self._said} {parts}".encode())


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
