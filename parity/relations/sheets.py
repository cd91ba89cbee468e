"""The bars of a case as rows of cells, to be changed and written elsewhere.

Cells stay as they were written, so what is not changed is read to the same bits; Parquet becomes
CSV, with floats in their shortest form.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from parity.channels import Channel
from parity.oracle.times import Timeframe, bar_end, date_range, parse_timeframe, parse_timestamp
from parity.record import Record
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = [
    "PRICES", "Sheet", "configs_of", "phases_of", "sheets_of", "text_of", "with_data",
    "with_settings", "write_sheets",
]  # fmt: skip

PRICES: Final = ("open", "high", "low", "close")
_TIMES: Final = ("timestamp", "date", "datetime")


class Sheet:
    """The file of one stream.

    Attributes:
        symbol: Its symbol.
        timeframe: Its timeframe.
        columns: Names of the columns, in lower case, in the order of the file.
        rows: Cells of each row, blanks around them left out.
    """

    def __init__(
        self, symbol: str, timeframe: str, columns: list[str], rows: list[list[str]]
    ) -> None:
        self.symbol: Final = symbol
        self.timeframe: Final = timeframe
        self.columns: Final = columns
        self.rows = rows

    @property
    def time_column(self) -> int:
        """Index of the column with the labels."""
        return next(i for i, name in enumerate(self.columns) if name in _TIMES)

    def label_ns(self, row: list[str]) -> int | None:
        """Give a row's label, int64 nanoseconds UTC; null where it cannot be read."""
        try:
            return parse_timestamp(row[self.time_column])
        except ValueError:
            return None

    def end_ns(self, row: list[str], *, labels_are_ends: bool) -> int | None:
        """Give the end of a row's bar; null where its label cannot be read."""
        label = self.label_ns(row)
        if label is None or labels_are_ends:
            return label
        return bar_end(label, self.length)

    @property
    def length(self) -> Timeframe:
        """Its timeframe, read."""
        return parse_timeframe(self.timeframe)

    def price(self, row: list[str], name: str) -> float:
        """Give a price of a row that is good."""
        return float(row[self.columns.index(name)])

    def set_prices(self, row: list[str], factor: float) -> None:
        """Multiply the prices of a row; all stay where one would become 0 or infinite."""
        places = [self.columns.index(name) for name in PRICES]
        prices = [float(row[at]) * factor for at in places]
        if all(0.0 < price < math.inf for price in prices):  # no file has any other
            for at, price in zip(places, prices, strict=True):
                row[at] = repr(price)

    def in_range(self, data: Mapping[str, Any]) -> Iterator[list[str]]:
        """Give the rows whose labels are in the configured range."""
        first, last = date_range(data["start_date"], data["end_date"])
        for row in self.rows:
            label = self.label_ns(row)
            if label is None:
                continue
            if (first is None or label >= first) and (last is None or label <= last):
                yield row


def configs_of(record: Record) -> dict[str, Mapping[str, Any]]:
    """Give every resolved configuration of a run, by place."""
    return {
        place: entry["config"]
        for place, entries in record.channels.get(Channel.CONFIG, {}).items()
        for entry in entries
        if "config" in entry
    }


def sheets_of(trial: Trial, *, no_bad_rows: bool = True) -> list[Sheet]:
    """Read the file of every stream that the run used.

    Args:
        trial: Whose base has run.
        no_bad_rows: Whether the relation says nothing where bad rows were dropped.

    Raises:
        DoesNotApplyError: The run has no data, those of several folders, or dropped bars.
    """
    configs = configs_of(trial.base)
    if not configs:
        raise DoesNotApplyError("nothing ran, so no data were read")
    dropped = any(
        entry["type"] == "BarDropped"
        for entries in trial.base.channels[Channel.CONFIG].values()
        for entry in entries
    )
    if dropped and no_bad_rows:
        raise DoesNotApplyError("the data have bad rows, which are told by their lines")
    section = trial.case.config.get("data")
    folder = section.get("data_dir") if isinstance(section, Mapping) else None
    folders = {str(config["data"]["data_dir"]) for config in configs.values()}
    if not isinstance(folder, str) or len(folders) > 1:
        raise DoesNotApplyError("its data lie in several folders")
    streams = dict.fromkeys(
        (entry["symbol"], timeframe)
        for config in configs.values()
        for entry in config["symbols"]
        for timeframe in entry["timeframes"]
    )
    return [_read(Path(folder), symbol, timeframe) for symbol, timeframe in streams]


def _read(folder: Path, symbol: str, timeframe: str) -> Sheet:
    file = folder / f"{symbol}_{timeframe}.csv"
    if file.is_file():
        with file.open(newline="", encoding="utf-8-sig") as text:
            rows = [[cell.strip() for cell in row] for row in csv.reader(text) if row]
        header, *body = [row for row in rows if any(row)]
        return Sheet(symbol, timeframe, [name.lower() for name in header], body)
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file.with_suffix(".parquet"))
    columns = [name.lower() for name in table.column_names]
    for at, stored in enumerate(table.schema.types):
        kind = stored.value_type if pa.types.is_dictionary(stored) else stored
        if kind != stored:
            table = table.set_column(at, table.column_names[at], table.column(at).cast(kind))
        if str(kind).startswith(("timestamp", "date")):
            whole = table.column(at).cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist()
            texts = [None if label is None else text_of(label) for label in whole]
            table = table.set_column(at, table.column_names[at], pa.array(texts, pa.string()))
    values = [column.to_pylist() for column in table.columns]
    body = [[_cell(cell) for cell in row] for row in zip(*values, strict=True)]
    return Sheet(symbol, timeframe, columns, body)


def text_of(label_ns: int) -> str:
    """Write a time, int64 nanoseconds UTC, as a file or a configuration has it.

    >>> text_of(1)
    '1970-01-01T00:00:00.000000001Z'
    """
    seconds, rest = divmod(label_ns, 1_000_000_000)
    return f"{np.datetime64(seconds, 's')}.{rest:09d}Z"


def _cell(value: object) -> str:
    if value is None:
        return ""
    # The decimals of a table write themselves as such; their representation is a call.
    return str(value) if isinstance(value, str | Decimal) else repr(value)


def write_sheets(sheets: list[Sheet], folder: Path) -> None:
    """Write every sheet as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in sheets:
        name = f"{sheet.symbol}_{sheet.timeframe}.csv"
        with (folder / name).open("w", newline="", encoding="utf-8") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(sheet.columns)
            writer.writerows(sheet.rows)


def with_data(config: dict[str, Any], folder: Path, **changes: Any) -> dict[str, Any]:
    """Point a configuration at another folder of data.

    Args:
        config: A user's; changed in place.
        folder: Where the bars are.
        changes: Other keys of ``data``.
    """
    return with_settings(config, {"data": {"data_dir": str(folder), **changes}})


def with_settings(config: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change settings of a configuration, for the run and for every phase that has its own.

    A phase keeps the keys that it had and gets no others, since what was written for it is part of
    what is resolved; so its settings are the same as the run's wherever both were.

    Args:
        config: A user's; changed in place.
        changes: Keys of it, mappings as far as it has sections.
    """
    for own in phases_of(config):
        _change(own, changes, adds=False)
    _change(config, changes, adds=True)
    return config


def _change(section: dict[str, Any], changes: Mapping[str, Any], *, adds: bool) -> None:
    for key, value in changes.items():
        if key not in section and not adds:
            continue
        if isinstance(value, Mapping) and isinstance(section.setdefault(key, {}), dict):
            _change(section[key], value, adds=adds)
        else:
            section[key] = value


def phases_of(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what a user's configuration has of its own for phases."""
    phases = config.get("phases")
    return (
        [own for own in phases.values() if isinstance(own, dict)]
        if isinstance(phases, dict)
        else []
    )
