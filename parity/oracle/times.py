"""Timestamps, timeframes and the number of periods in a year.

Everything is an integer count of nanoseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "DAY_NS",
    "Timeframe",
    "bar_end",
    "date_range",
    "parse_timeframe",
    "parse_timestamp",
    "periods_per_year",
]

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()

# Only orders timeframes; a month's own length is a matter of the calendar, see `bar_end`.
_NOMINAL_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "mo": 2_629_746}
_PERIODS_PER_YEAR: Final = {"d": 252.0, "w": 52.0, "mo": 12.0}

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMESTAMP: Final = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r" ?(?P<zone>[Zz]|(?P<sign>[+-])(?P<zone_hour>\d{2})(?::?(?P<zone_minute>\d{2}))?)?)?"
)


@dataclass(frozen=True)
class Timeframe:
    """A count and a unit, with the text they were written as."""

    text: str
    count: int
    unit: str

    @property
    def nominal_s(self) -> int:
        """Length in seconds for putting timeframes in order."""
        return self.count * _NOMINAL_SECONDS[self.unit]


def parse_timeframe(text: str) -> Timeframe:
    """Read a timeframe.

    >>> parse_timeframe("15m")
    Timeframe(text='15m', count=15, unit='m')

    Raises:
        ValueError: When it is not a positive count followed by m, h, d, w or mo.
    """
    match = re.fullmatch(r"(\d+)(m|h|d|w|mo)", text)
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is not a timeframe such as 5m, 1h, 1d, 1w or 1mo")
    return Timeframe(text, int(match[1]), match[2])


def parse_timestamp(text: str) -> int:
    """Read an ISO date or date and time; without a zone it is UTC.

    >>> parse_timestamp("1970-01-01T00:00:00.5+00:00")
    500000000

    Raises:
        ValueError: When it is neither, or no such day or time exists.
    """
    text = text.strip()
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a timestamp")
    day = dt.date.fromisoformat(match["date"]).toordinal() - _EPOCH
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    time = dt.time(hour, minute, second)  # refuses what no clock shows
    seconds = (time.hour * 60 + time.minute) * 60 + time.second
    if match["sign"]:
        ahead = (int(match["zone_hour"]) * 60 + int(match["zone_minute"] or 0)) * 60
        seconds -= ahead if match["sign"] == "+" else -ahead
    fraction = int((match["fraction"] or "").ljust(9, "0"))
    return day * DAY_NS + seconds * SECOND_NS + fraction


def date_range(start: object, end: object) -> tuple[int | None, int | None]:
    """Give the first and the last label of the range, both inclusive; null where it is open.

    A date without a time is its first nanosecond as a start, its last as an end.

    >>> date_range(None, "1970-01-01")
    (None, 86399999999999)
    """
    first = None if start is None else parse_timestamp(str(start))
    last = None if end is None else parse_timestamp(str(end))
    if last is not None and _DATE.fullmatch(str(end).strip()):
        last += DAY_NS - 1
    return first, last


def bar_end(label_ns: int, timeframe: Timeframe) -> int:
    """Give the end of the bar that starts at ``label_ns``.

    A month on is the same instant of the same day, the day cut to the month's last.

    >>> bar_end(0, parse_timeframe("1d")) == DAY_NS
    True
    """
    if timeframe.unit != "mo":
        return label_ns + timeframe.nominal_s * SECOND_NS
    days, within_day = divmod(label_ns, DAY_NS)
    start = dt.date.fromordinal(days + _EPOCH)
    years, month = divmod(start.month - 1 + timeframe.count, 12)
    year, month = start.year + years, month + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return (dt.date(year, month, day).toordinal() - _EPOCH) * DAY_NS + within_day


def periods_per_year(timeframe: Timeframe, labels_ns: Sequence[int]) -> float:
    """Give N for ``auto``: by the unit, or by the bars of a day where bars are shorter than a day.

    >>> periods_per_year(parse_timeframe("1w"), [])
    52.0
    """
    if timeframe.unit in _PERIODS_PER_YEAR:
        return _PERIODS_PER_YEAR[timeframe.unit] / timeframe.count
    dates = {label // DAY_NS for label in labels_ns}
    return 252.0 * (len(labels_ns) / len(dates))
