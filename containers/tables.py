"""Tables as Parquet: trades, curves, signals, and the rows of outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from containers.errors import OutputError, StorageError
from containers.results import EquityCurve, Signals, StoredSignal, Trade

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "curve_schema",
    "curve_table",
    "parquet_bytes",
    "read_curve",
    "read_signals",
    "read_trades",
    "signals_bytes",
    "signals_table",
    "trades_schema",
    "trades_table",
    "typed_table",
]

S = TypeVar("S", bound=msgspec.Struct)

_STRATEGIES = b"paritykit.strategies"
"""Key of the metadata under which signals name all strategies."""


def trades_schema() -> pa.Schema:
    """Give the columns of trades: their fields, text, int64 and float64."""
    return _struct_schema(Trade)


def trades_table(trades: Sequence[Trade]) -> pa.Table:
    """Give trades as a table: their fields as columns, a row each, in order."""
    return _struct_table(Trade, trades)


def curve_schema() -> pa.Schema:
    """Give the columns of an equity curve: time_ns int64, equity float64."""
    import pyarrow as pa

    fields: list[pa.Field[Any]] = [
        pa.field("time_ns", pa.int64()),
        pa.field("equity", pa.float64()),
    ]
    return pa.schema(fields)


def curve_table(curve: EquityCurve) -> pa.Table:
    """Give an equity curve as a table."""
    import pyarrow as pa

    columns = [pa.array(curve.time_ns), pa.array(curve.equity)]
    return pa.Table.from_arrays(columns, schema=curve_schema())


def signals_table(signals: Signals) -> pa.Table:
    """Give signals as a table; the names of all strategies are in its metadata."""
    table = _struct_table(StoredSignal, signals.rows)
    names: bytes = msgspec.json.encode(signals.strategies)
    return table.replace_schema_metadata({_STRATEGIES: names})


def signals_bytes(signals: Signals) -> bytes:
    """Write signals; `read_signals` reads them.

    Raises:
        StorageError: They hold what no file can.
    """
    from containers.parquet import checked_bytes

    return checked_bytes(signals_table(signals))


def read_signals(path: Path) -> Signals:
    """Read what `signals_bytes` wrote.

    Raises:
        StorageError: The file cannot be read, or holds something else.
    """
    from containers.parquet import read_table

    table = read_table(path, "signals", _struct_schema(StoredSignal))
    names = msgspec.json.decode((table.schema.metadata or {})[_STRATEGIES], type=list[str])
    return Signals(tuple(names), _rows(table, StoredSignal))


def read_trades(path: Path) -> tuple[Trade, ...]:
    """Read trades that were written as `trades_table` gives them.

    Raises:
        StorageError: The file cannot be read, or holds something else.
    """
    from containers.parquet import read_table

    return _rows(read_table(path, "trades", _struct_schema(Trade)), Trade)


def read_curve(path: Path) -> EquityCurve:
    """Read an equity curve that was written as `curve_table` gives it.

    Raises:
        StorageError: The file cannot be read, or holds something else.
    """
    from containers.parquet import read_table

    table = read_table(path, "equity curve", curve_schema())
    return EquityCurve(
        time_ns=table.column("time_ns").to_numpy(), equity=table.column("equity").to_numpy()
    )


def _rows(table: pa.Table, kind: type[S]) -> tuple[S, ...]:
    columns = [column.to_pylist() for column in table.columns]
    return tuple(kind(*row) for row in zip(*columns, strict=True))


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
    from containers.parquet import plain_bytes

    return plain_bytes(table)


def _as_float(value: int | float | None, column: str) -> float | None:
    if isinstance(value, int) and abs(value) > 2**53:
        raise OutputError(
            f"found {value} among the floats of the column '{column}', expected a whole number "
            "of at most 2**53, which a float can hold"
        )
    return None if value is None else float(value)


def _struct_schema(kind: type[msgspec.Struct]) -> pa.Schema:
    """Give the fields of a struct as columns: text, int64, float64."""
    import pyarrow as pa

    arrow: dict[object, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    return pa.schema([pa.field(f.name, arrow[f.type]) for f in msgspec.structs.fields(kind)])


def _struct_table(kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.Table.from_pylist(
            [msgspec.structs.asdict(row) for row in rows], schema=_struct_schema(kind)
        )
    except (pa.ArrowException, UnicodeError, OverflowError) as error:
        raise StorageError(
            f"a {kind.__name__} cannot be stored: {error}; expected names of Unicode text and "
            "whole numbers of 64 bits"
        ) from error
