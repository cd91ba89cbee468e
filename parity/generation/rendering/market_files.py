"""The files of a market: CSV or Parquet, one for each stream."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Final

from parity.generation.specs import BarRow, MarketSpec, StreamSpec

__all__ = ["csv_text", "write_market"]

_EPOCH: Final = datetime.datetime(1970, 1, 1)
_DAY_S: Final = 86_400


def write_market(market: MarketSpec, folder: Path) -> None:
    """Write all files of a market below ``folder``, which exists."""
    for stream in market.streams:
        file = folder / f"{stream.symbol}_{stream.timeframe}.{stream.form}"
        if stream.form == "csv":
            file.write_text(csv_text(stream), encoding="utf-8")
        else:
            file.write_bytes(_parquet(stream))


def csv_text(stream: StreamSpec) -> str:
    """Write the bars of a stream as CSV; a price that is null is an empty cell."""
    head = "timestamp,open,high,low,close" + (",volume" if stream.has_volume else "")
    return "\n".join([head, *(_line(row, stream.has_volume) for row in stream.rows)]) + "\n"


def _line(row: BarRow, volume: bool) -> str:
    cells = [_label(row.label_s), *map(_cell, (row.open, row.high, row.low, row.close))]
    if volume:
        cells.append(_cell(row.volume))
    return ",".join(cells)


def _label(seconds: int) -> str:
    moment = _EPOCH + datetime.timedelta(seconds=seconds)
    return moment.date().isoformat() if seconds % _DAY_S == 0 else moment.isoformat()


def _cell(value: float | None) -> str:
    return "" if value is None else repr(value)


def _parquet(stream: StreamSpec) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    rows = stream.rows
    columns: dict[str, Any] = {
        "timestamp": pa.array([row.label_s * 10**9 for row in rows], pa.timestamp("ns", "UTC")),
        **{
            name: pa.array([getattr(row, name) for row in rows], pa.float64())
            for name in ("open", "high", "low", "close")
        },
    }
    if stream.has_volume:
        columns["volume"] = pa.array([row.volume for row in rows], pa.float64())
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink, compression="none", use_dictionary=False)
    content: bytes = sink.getvalue().to_pybytes()
    return content
