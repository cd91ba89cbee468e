"""Market data for scenarios, made from a few numbers: the same on every machine, and no file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

__all__ = ["Bars"]

_SATURDAY: Final = 5


class Bars(msgspec.Struct, frozen=True):
    """The bars of one symbol: a walk in whole cents, on weekdays.

    Attributes:
        symbol: Name of the symbol.
        count: How many bars.
        seed: Of the walk.
        start: ISO date of the first bar.
        price: First price, in whole units of currency.
        swing: Largest step from one close to the next, in thousandths of the price.
        skip: Every so many bars one is left out; 0: none.
        timeframe: ``1d``, or ``1w`` for one bar of every Monday.
        parquet: Whether the file is Parquet, with timestamps in milliseconds, in place of CSV.
        volume: Whether there is a column of volumes.
        rows: Complete rows (timestamp, open, high, low, close, volume) in place of a walk.
    """

    symbol: str
    count: int = 60
    seed: int = 1
    start: str = "2020-01-01"
    price: int = 100
    swing: int = 25
    skip: int = 0
    timeframe: str = "1d"
    parquet: bool = False
    volume: bool = True
    rows: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.symbol}_{self.timeframe}.{'parquet' if self.parquet else 'csv'}"

    def content(self) -> bytes:
        """Give what the file holds."""
        text = self.csv()
        if not self.parquet:
            return text.encode()
        return _as_parquet(text)

    def csv(self) -> str:
        """Give the file's text."""
        lines = ("timestamp,open,high,low,close,volume", *(self.rows or self._walk()))
        if not self.volume:
            lines = tuple(line.rpartition(",")[0] for line in lines)
        return "\n".join(lines) + "\n"

    def _walk(self) -> Iterator[str]:
        draw = random.Random(self.seed)
        close = self.price * 100
        drift = 0
        for number, day in enumerate(self._days()):
            if number % 12 == 0:  # stretches that rise, fall or do neither, so that trades occur
                drift = draw.choice((-self.swing, 0, self.swing)) // 3
            reach = max(close * self.swing // 1000, 3)
            opening = max(close + draw.randrange(-reach // 3, reach // 3 + 1), 100)
            close = max(opening + draw.randrange(-reach, reach + 1) + close * drift // 1000, 100)
            high = max(opening, close) + draw.randrange(0, reach // 2 + 1)
            low = max(min(opening, close) - draw.randrange(0, reach // 2 + 1), 50)
            volume = draw.randrange(1_000, 50_000)
            if self.skip and number % self.skip == self.skip - 1:
                continue
            cents = (f"{value // 100}.{value % 100:02d}" for value in (opening, high, low, close))
            yield ",".join((day.isoformat(), *cents, str(volume)))

    def _days(self) -> Iterator[date]:
        day, made = date.fromisoformat(self.start), 0
        while made < self.count:
            if self.timeframe == "1w" or day.weekday() < _SATURDAY:
                yield day
                made += 1
            day += timedelta(days=7 if self.timeframe == "1w" else 1)


def _as_parquet(text: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, *rows = (line.split(",") for line in text.splitlines())
    columns: dict[str, Any] = {}
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        if name == "timestamp":
            instants = [datetime.fromisoformat(cell) for cell in cells]
            columns[name] = pa.array(instants, pa.timestamp("ms"))
        else:
            columns[name] = pa.array([float(cell) if cell else None for cell in cells])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content
