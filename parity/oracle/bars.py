"""Reading bars and putting them in slices.

1. `load_streams` finds the file of every configured stream and reads its rows as cells
   (`_csv_rows`, `_parquet_rows`).
2. `_bars` turns cells into bars (`_bar`), leaving out bad ones where that is allowed.
3. It keeps the bars whose labels are in the range.
4. `slices` groups the bars of all streams by their ends.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from parity.oracle.refusal import CannotExpress
from parity.oracle.settings import DataSettings, Settings, Stream
from parity.oracle.times import Timeframe, bar_end, parse_timestamp

__all__ = ["PricedBar", "load_streams", "slices"]

_PRICES: Final = ("open", "high", "low", "close")
_TIME_COLUMNS: Final = ("timestamp", "date", "datetime")
_TOLERANCE: Final = 1e-9

Row: TypeAlias = Mapping[str, Any]
"""Cells by column name in lower case; in a CSV file they are text."""


class PricedBar(NamedTuple):
    """A good bar: its label as the file has it, its end, prices, volume (null when unknown)."""

    label_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None


def load_streams(settings: Settings) -> dict[Stream, list[PricedBar]]:
    """Read all configured streams: symbols in order, shorter timeframes first, oldest bar first.

    Raises:
        ValueError: When a file is missing, ambiguous or wrong, or a range is empty.
    """
    streams: dict[Stream, list[PricedBar]] = {}
    for symbol in settings.symbols:
        for timeframe in symbol.timeframes:
            stream = (symbol.name, timeframe.text)
            path = _find_file(settings.data.folder, stream)
            rows = _csv_rows(path) if path.suffix == ".csv" else _parquet_rows(path)
            bars = [
                bar
                for bar in _bars(rows, timeframe, settings.data, path)
                if _within(bar.label_ns, settings.data)
            ]
            if not bars:
                raise ValueError(f"{path.name} has no bar in the range")
            streams[stream] = bars
    return streams


def slices(
    streams: Mapping[Stream, Sequence[PricedBar]],
) -> Iterator[tuple[int, list[tuple[Stream, PricedBar]]]]:
    """Give each distinct end with all its bars, in order of time; within it in that of streams.

    Raises:
        CannotExpress: When two bars of one stream have the same end (months cut short).
    """
    by_end: dict[int, list[tuple[Stream, PricedBar]]] = {}
    for stream, bars in streams.items():
        for bar in bars:
            members = by_end.setdefault(bar.end_ns, [])
            if members and members[-1][0] == stream:
                raise CannotExpress(f"two bars of {stream[0]} {stream[1]} end at the same time")
            members.append((stream, bar))
    for end_ns in sorted(by_end):
        yield end_ns, by_end[end_ns]


def _find_file(folder: Path, stream: Stream) -> Path:
    stem = f"{stream[0]}_{stream[1]}"
    found = [path for ext in ("csv", "parquet") if (path := folder / f"{stem}.{ext}").exists()]
    if len(found) != 1:
        raise ValueError(f"there are {len(found)} files {stem}.csv or .parquet in the data folder")
    return found[0]


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = [name.strip().lower() for name in next(reader)]
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise ValueError(f"{path.name}:{reader.line_num}: wrong number of fields")
            yield dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path) -> Iterator[Row]:
    # Imported late: only those who keep bars in Parquet wait for it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    table = table.rename_columns([name.lower() for name in table.column_names])
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) or pa.types.is_date(field.type):
            whole_ns = table.column(index).cast(pa.timestamp("ns")).cast(pa.int64())
            table = table.set_column(index, field.name, whole_ns)
    yield from table.to_pylist()


def _bars(
    rows: Iterable[Row], timeframe: Timeframe, data: DataSettings, path: Path
) -> Iterator[PricedBar]:
    kept_ns: int | None = None
    for row in rows:
        bar = _bar(row, timeframe, data, kept_ns)
        if bar is not None:
            kept_ns = bar.label_ns
            yield bar
        elif not data.drop_bad:
            raise ValueError(f"{path.name}: bad bar {dict(row)}")


def _bar(
    row: Row, timeframe: Timeframe, data: DataSettings, kept_ns: int | None
) -> PricedBar | None:
    """Make a bar of a row; null when it is bad. ``kept_ns`` is the label of the last kept bar."""
    label_ns = _timestamp(next(row[name] for name in _TIME_COLUMNS if name in row))
    if label_ns is None or (kept_ns is not None and label_ns <= kept_ns):
        return None
    open_, high, low, close = (_number(row[name]) for name in _PRICES)
    if not all(math.isfinite(price) and price > 0.0 for price in (open_, high, low, close)):
        return None
    slack = _TOLERANCE * close
    if high < max(open_, close) - slack or low > min(open_, close) + slack:
        return None
    volume = _volume(row.get("volume"))
    if volume is not None and not (math.isfinite(volume) and volume >= 0.0):
        return None
    end_ns = label_ns if data.label_is_end else bar_end(label_ns, timeframe)
    return PricedBar(label_ns, end_ns, open_, high, low, close, volume)


def _timestamp(cell: Any) -> int | None:
    if isinstance(cell, int):
        return cell
    try:
        return parse_timestamp(cell)
    except (ValueError, AttributeError):  # no such time, or no text at all
        return None


def _number(cell: Any) -> float:
    """Read a number; NaN stands for everything that is none.

    Of text only plain decimals count: Python's own reading would take ``1_000``.
    """
    if isinstance(cell, str) and "_" in cell:
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan


def _volume(cell: Any) -> float | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    return _number(cell) + 0.0  # -0.0 becomes 0.0


def _within(label_ns: int, data: DataSettings) -> bool:
    after = data.first_ns is None or label_ns >= data.first_ns
    before = data.last_ns is None or label_ns <= data.last_ns
    return after and before
