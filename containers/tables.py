"""Tables as Parquet: trades, curves, signals, and the rows of outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from containers.errors import OutputError, StorageError
from containers.results import EquityCurve, Signals, StoredSignal, Trade

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "curve_table",
    "parquet_bytes",
    "read_signals",
    "signals_table",
    "trades_table",
    "typed_table",
]

_STRATEGIES = b"paritykit.strategies"
"""Key of the metadata under which signals name all strategies."""


def trades_table(trades: Sequence[Trade]) -> pa.Table:
    """Give trades as a table: their fields as columns, a row each, in order."""
    return _struct_table(Trade, trades)


def curve_table(curve: EquityCurve) -> pa.Table:
    """Give an equity curve as a table: time_ns int64, equity float64."""
    import pyarrow as pa

    return pa.table({"time_ns": pa.array(curve.time_ns), "equity": pa.array(curve.equity)})


def signals_table(signals: Signals) -> pa.Table:
    """Give signals as a table; the names of all strategies are in its metadata."""
    table = _struct_table(StoredSignal, signals.rows)
    names: bytes = msgspec.json.encode(signals.strategies)
    return table.replace_schema_metadata({_STRATEGIES: names})


def read_signals(path: Path) -> Signals:
    """Read what `signals_table` wrote.

    Raises:
        StorageError: The file cannot be read, or holds something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        names = msgspec.json.decode((table.schema.metadata or {})[_STRATEGIES], type=list[str])
        rows = msgspec.convert(table.to_pylist(), list[StoredSignal], strict=True)
    except KeyError as error:
        raise StorageError(f"{path} holds no signals; it does not name their strategies") from error
    except (OSError, pa.ArrowException, msgspec.MsgspecError) as error:
        raise StorageError(f"{path} could not be read as signals: {error}") from error
    return Signals(tuple(names), tuple(rows))


def typed_table(columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """Give columns of single values as a table.

    A column is of booleans, int64, float64 or text; whole numbers among floats become floats, a
    column of nulls has the type null.

    Raises:
        OutputError: A column mixes types, or a number does not fit its type.
    """
    import pyarrow as pa

    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    fields: list[pa.Field[Any]] = []
    arrays: list[Any] = []
    for name, values in columns.items():
        kinds = {type(value) for value in values if value is not None}
        floats = kinds == {int, float}
        if len(kinds) > 1 and not floats:
            names = " and ".join(sorted(kind.__name__ for kind in kinds))
            raise OutputError(
                f"found {names} in the column '{name}', expected one type of value "
                "(write it as .csv, .json or .yaml)"
            )
        kind = float if floats else next(iter(kinds), None)
        fields.append(pa.field(name, pa.null() if kind is None else types[kind]))
        arrays.append([_as_float(value, name) for value in values] if floats else list(values))
    try:
        return pa.table(dict(zip(columns, arrays, strict=True)), schema=pa.schema(fields))
    except (pa.ArrowInvalid, OverflowError) as error:
        raise OutputError("found a whole number beyond 64 bits, expected smaller ones") from error


def parquet_bytes(table: pa.Table) -> bytes:
    """Write a table; equal tables give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _as_float(value: int | float | None, column: str) -> float | None:
    if isinstance(value, int) and abs(value) > 2**53:
        raise OutputError(
            f"found {value} among the floats of the column '{column}', expected a whole number "
            "of at most 2**53, which a float can hold"
        )
    return None if value is None else float(value)


def _struct_table(kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    import pyarrow as pa

    arrow: dict[object, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema([(f.name, arrow[f.type]) for f in msgspec.structs.fields(kind)])
    return pa.Table.from_pylist([msgspec.structs.asdict(row) for row in rows], schema=schema)
