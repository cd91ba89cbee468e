"""Instants as text and as int64 nanoseconds UTC, without locale or local time zone.

Read is ISO 8601 in its extended form: a date, or a date and a time separated by ``T`` or a blank,
to the minute, second or up to nine decimals of it, with a zone (``Z``, ``+01``, ``+0100``,
``+01:00``) or without. Text without a zone is UTC.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["FIRST_NS", "LAST_NS", "format_instant", "parse_column", "parse_instant"]

FIRST_NS: Final = -(2**63) + 1
"""Earliest instant, in 1677. The int64 below it means "not a time" to numpy and pandas."""
LAST_NS: Final = 2**63 - 1
"""Latest instant, in 2262."""

_SECOND_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _SECOND_NS
_EPOCH_DAY: Final = datetime.date(1970, 1, 1).toordinal()
# Within these days any time of day and any zone stay in int64 nanoseconds.
_SAFE_DAYS: Final = LAST_NS // _DAY_NS - 2

_INSTANT: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?:Z|(?P<sign>[+-])(?P<zone_hour>[0-9]{2})(?::?(?P<zone_minute>[0-9]{2}))?)?)?"
)


def parse_instant(text: str, *, end: bool = False) -> int:
    """Read one instant.

    >>> parse_instant("1970-01-02"), parse_instant("1970-01-02", end=True)
    (86400000000000, 172799999999999)

    Args:
        text: As described above.
        end: Whether a date alone means its last nanosecond instead of its first.

    Returns:
        int64 nanoseconds UTC.

    Raises:
        ValueError: It is no such text, no such date or time, or outside 1677 to 2262.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"'{text}' is not an ISO 8601 date or time; "
            "expected for example 2005-01-03, 2005-01-03T09:30:00 or 2005-01-03T09:30:00+01:00"
        )
    ns = _match_ns(match)
    if end and match["hour"] is None:
        ns += _DAY_NS - 1
    if not FIRST_NS <= ns <= LAST_NS:
        raise ValueError(
            f"'{text}' is out of range; expected {format_instant(FIRST_NS)} "
            f"to {format_instant(LAST_NS)}"
        )
    return ns


def format_instant(ns: int) -> str:
    """Write an instant as ISO 8601 in UTC, without a zone.

    At midnight it is the date alone; decimals of a second appear by threes, when there are any.

    >>> format_instant(86_400_000_000_000), format_instant(1_500_000_000)
    ('1970-01-02', '1970-01-01T00:00:01.500')
    """
    day, time_ns = divmod(ns, _DAY_NS)
    text = datetime.date.fromordinal(_EPOCH_DAY + day).isoformat()
    if not time_ns:
        return text
    seconds, fraction = divmod(time_ns, _SECOND_NS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text += f"T{hour:02}:{minute:02}:{second:02}"
    if not fraction:
        return text
    decimals = f"{fraction:09}"
    while decimals.endswith("000"):
        decimals = decimals[:-3]
    return f"{text}.{decimals}"


def parse_column(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Read a column of instants, leniently in nothing but blanks around them.

    Args:
        texts: n texts as `parse_instant` takes them.

    Returns:
        (n,) int64 nanoseconds UTC, and (n,) whether the text could be read; where it could not,
        the first is 0 and `parse_instant` says why.
    """
    uniform = _parse_uniform(texts)
    if uniform is not None:
        return uniform, np.ones(len(texts), dtype=np.bool_)
    values = np.zeros(len(texts), dtype=np.int64)
    readable = np.zeros(len(texts), dtype=np.bool_)
    for index, text in enumerate(texts):
        match = _INSTANT.fullmatch(text.strip(" \t\r\n"))
        if match is None:
            continue
        try:
            ns = _match_ns(match)
        except ValueError:
            continue
        if FIRST_NS <= ns <= LAST_NS:
            values[index] = ns
            readable[index] = True
    return values, readable


def _match_ns(match: re.Match[str]) -> int:
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    try:
        date = datetime.date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"'{match.string}' has no such date in the calendar") from None
    ns = (date.toordinal() - _EPOCH_DAY) * _DAY_NS
    if hour is None:
        return ns
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    zone_hours, zone_minutes = int(zone_hour or 0), int(zone_minute or 0)
    if hours > 23 or minutes > 59 or seconds > 59 or zone_hours > 23 or zone_minutes > 59:
        raise ValueError(
            f"'{match.string}' has no such time of day; expected 00:00:00 to 23:59:59, zones alike"
        )
    ns += ((hours * 60 + minutes) * 60 + seconds) * _SECOND_NS
    if fraction:
        ns += int(fraction.ljust(9, "0"))
    zone_ns = (zone_hours * 60 + zone_minutes) * 60 * _SECOND_NS
    return ns + zone_ns if sign == "-" else ns - zone_ns


def _parse_uniform(texts: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Read texts that all have the form of the first and are all right, else give null.

    Bars come in one form nearly always, and a table of characters is read ten times as fast as
    text after text. Whatever is unusual is left to the exact path.
    """
    shape = _INSTANT.fullmatch(texts[0]) if len(texts) else None
    if shape is None or set(map(len, texts)) != {len(texts[0])}:
        return None
    # One row per place in the text, so that each place is contiguous.
    places = np.ascontiguousarray(np.array(texts).view(np.uint32).reshape(len(texts), -1).T)
    pattern = places[:, 0]
    is_digit = (pattern >= ord("0")) & (pattern <= ord("9"))
    is_literal = ~is_digit
    sign: int | npt.NDArray[np.int64] = 0
    if shape["sign"] is not None:
        signs = places[shape.start("sign")]
        is_literal[shape.start("sign")] = False
        sign = np.where(signs == ord("-"), 1, -1).astype(np.int64)
        if not np.isin(signs, (ord("+"), ord("-"))).all():
            return None
    digits = places[is_digit] - np.uint32(ord("0"))
    if (digits > 9).any() or (places[is_literal] != pattern[is_literal, np.newaxis]).any():
        return None

    def number(group: str) -> npt.NDArray[np.int64]:
        value = np.zeros(len(texts), dtype=np.int64)
        first, last = shape.span(group)
        for place in range(first, last):
            value = value * 10 + (places[place].astype(np.int64) - ord("0"))
        return value

    month, day = number("month"), number("day")
    month_number = ((number("year") - 1970) * 12 + month - 1).astype("datetime64[M]")
    first_day = month_number.astype("datetime64[D]").astype(np.int64)
    next_month = month_number + np.timedelta64(1, "M")
    month_days = next_month.astype("datetime64[D]").astype(np.int64) - first_day
    hour, minute, second = number("hour"), number("minute"), number("second")
    zone_hour, zone_minute = number("zone_hour"), number("zone_minute")
    day_number = first_day + day - 1
    wrong = (month < 1) | (month > 12) | (day < 1) | (day > month_days)
    wrong |= (np.maximum(hour, zone_hour) > 23) | (np.abs(day_number) > _SAFE_DAYS)
    wrong |= np.maximum(np.maximum(minute, second), zone_minute) > 59
    if wrong.any():
        return None
    decimals = len(shape["fraction"] or "")
    seconds = (hour * 60 + minute) * 60 + second + sign * (zone_hour * 60 + zone_minute) * 60
    ns: npt.NDArray[np.int64] = day_number * _DAY_NS + seconds * _SECOND_NS
    ns += number("fraction") * 10 ** (9 - decimals)
    return ns
