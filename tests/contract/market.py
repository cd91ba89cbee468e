"""Bars for the suite: AAA, BBB and CCC daily on different calendars, AAA and BBB weekly too.

AAA has 60 weekdays. BBB begins five weekdays later, misses every seventh, ends four before AAA and
has three Saturdays. CCC has exactly AAA's days. Weeks begin on Mondays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["DAY_NS", "Bar", "bars_of", "end_ns", "write_bars", "write_market"]

DAY_NS = 86_400_000_000_000
FIRST = date(2024, 1, 1)  # a Monday


class Bar(NamedTuple):
    """One bar; ``label`` is the day it begins."""

    label: date
    open: float
    high: float
    low: float
    close: float

    @property
    def prices(self) -> tuple[float, float, float, float]:
        """Open, high, low, close."""
        return self.open, self.high, self.low, self.close


def end_ns(bar: Bar, days: int = 1) -> int:
    """Give the end of a bar of ``days`` days."""
    begin = datetime(bar.label.year, bar.label.month, bar.label.day, tzinfo=UTC)
    return int(begin.timestamp()) * 1_000_000_000 + days * DAY_NS


def _calendar(symbol: str) -> list[date]:
    weekdays = [FIRST + timedelta(days=k) for k in range(84) if k % 7 < 5]
    if symbol != "BBB":
        return weekdays
    kept = [day for k, day in enumerate(weekdays) if 5 <= k < 56 and k % 7]
    saturdays = [FIRST + timedelta(days=7 * week + 5) for week in (2, 5, 8)]
    return sorted([*kept, *saturdays])


def bars_of(symbol: str, timeframe: str = "1d") -> list[Bar]:
    """Give the bars of one file."""
    days = _daily(symbol)
    if timeframe == "1d":
        return days
    weeks: dict[date, list[Bar]] = {}
    for bar in days:
        weeks.setdefault(bar.label - timedelta(days=bar.label.weekday()), []).append(bar)
    return [
        Bar(monday, bars[0].open, max(b.high for b in bars), min(b.low for b in bars),
            bars[-1].close)
        for monday, bars in weeks.items()
    ]  # fmt: skip


def _daily(symbol: str) -> list[Bar]:
    random = np.random.Generator(np.random.PCG64(ord(symbol[0])))
    close, bars = 100.0, []
    for day in _calendar(symbol):
        moves = [float(random.standard_normal()) for _ in range(4)]
        opened = round(close * (1 + 0.005 * moves[0]), 2)
        close = round(opened * (1 + 0.02 * moves[1]), 2)
        high = round(max(opened, close) * (1 + 0.005 * abs(moves[2])), 2)
        low = round(min(opened, close) * (1 - 0.005 * abs(moves[3])), 2)
        bars.append(Bar(day, opened, high, low, close))
    return bars


def write_bars(file: Path, bars: Sequence[Bar]) -> None:
    """Write a file of bars."""
    rows = ["timestamp,open,high,low,close"]
    rows += [",".join([bar.label.isoformat(), *map(repr, bar.prices)]) for bar in bars]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_market(folder: Path) -> None:
    """Write all files."""
    for symbol, timeframe in (("AAA", "1d"), ("BBB", "1d"), ("CCC", "1d"), ("AAA", "1w"),
                              ("BBB", "1w")):  # fmt: skip
        write_bars(folder / f"{symbol}_{timeframe}.csv", bars_of(symbol, timeframe))
