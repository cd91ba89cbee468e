"""Timeframes: how long a bar is, when it ends, how many there are in a year.

A timeframe is a count and a unit: minutes ``m``, hours ``h``, days ``d``, weeks ``w``, months
``mo``. All but months have a fixed length. A month ends at the same instant one calendar month on,
with the day cut to that month's last: 31 January + ``1mo`` is 28 or 29 February.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

__all__ = ["Timeframe", "Unit"]

Unit: TypeAlias = Literal["m", "h", "d", "w", "mo"]

_UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
# A month's nominal length is 365.2425 days / 12. It orders timeframes and is used for nothing else.
_NOMINAL_SECONDS: Final[dict[Unit, int]] = {
    "m": 60,
    "h": 3_600,
    "d": 86_400,
    "w": 604_800,
    "mo": 2_629_746,
}
_PERIODS_PER_YEAR: Final[dict[Unit, float]] = {"d": 252.0, "w": 52.0, "mo": 12.0}
_LONGEST_MONTH_SECONDS: Final = 31 * 86_400
_LONGEST_SECONDS: Final = 100 * 12 * 2_629_746
_SECOND_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _SECOND_NS
_LAST_NS: Final = 2**63 - 1

_TEXT: Final = re.compile(r"([1-9][0-9]{0,8})(m|h|d|w|mo)")
_LOOSE_TEXT: Final = re.compile(r"\s*0*([0-9]{0,9})\s*([A-Za-z]+)\s*")
_OTHER_NAMES: Final[dict[str, Unit]] = {
    **dict.fromkeys(("m", "t", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days", "daily"), "d"),
    **dict.fromkeys(("w", "wk", "week", "weeks", "weekly"), "w"),
    **dict.fromkeys(("mo", "mon", "mth", "month", "months", "monthly", "me", "ms"), "mo"),
}


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of the bars of one stream.

    >>> str(Timeframe.parse("15m")), Timeframe.parse("15m").nominal_seconds
    ('15m', 900)

    Attributes:
        count: How many units, from 1; at most a hundred years in all.
        unit: ``m``, ``h``, ``d``, ``w`` or ``mo``.

    Raises:
        ValueError: The count or the unit is not one of these.
    """

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in _UNITS:
            raise ValueError(f"unit '{self.unit}' is not known; expected {', '.join(_UNITS)}")
        if self.count < 1:
            raise ValueError(f"the count of a timeframe is {self.count}; expected 1 or more")
        if self.nominal_seconds > _LONGEST_SECONDS:
            raise ValueError(
                f"timeframe '{self}' is too long; expected at most a hundred years (1200mo)"
            )

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read the canonical text, a count without leading zeros and a unit.

        Raises:
            ValueError: It is not such a text; the message names the nearest one that is.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(
                f"timeframe '{text}' is not understood; expected a count from 1 and a unit "
                "m (minutes), h, d, w or mo (months), for example 15m or 1d" + _suggestion(text)
            )
        unit: Unit = match[2]  # type: ignore[assignment]  # the expression allows nothing else
        return cls(int(match[1]), unit)

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def nominal_seconds(self) -> int:
        """Length in seconds by which timeframes are ordered, a month being 2,629,746 s."""
        return self.count * _NOMINAL_SECONDS[self.unit]

    @property
    def latest_label_ns(self) -> int:
        """The latest label, ns UTC, whose bar surely ends before int64 nanoseconds do (2262)."""
        seconds = _LONGEST_MONTH_SECONDS if self.unit == "mo" else _NOMINAL_SECONDS[self.unit]
        return _LAST_NS - self.count * seconds * _SECOND_NS

    def end_ns(self, label_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Add this length to labels that mark the start of their bars.

        Args:
            label_ns: (n,) int64 nanoseconds UTC, in any order.

        Returns:
            (n,) int64 nanoseconds UTC. With months, different labels at the end of a month can
            have the same end.

        Raises:
            OverflowError: A label is after `latest_label_ns`.
        """
        if label_ns.size and int(label_ns.max()) > self.latest_label_ns:
            raise OverflowError(f"a {self} bar of the labels ends after int64 nanoseconds do")
        if self.unit == "mo":
            return _months_later(label_ns, self.count)
        return label_ns + np.int64(self.nominal_seconds * _SECOND_NS)

    def periods_per_year(self, bars: int, distinct_dates: int) -> float:
        """Give N of the metrics when the configuration says ``auto``.

        Args:
            bars: Bars of the stream in the configured range.
            distinct_dates: Different UTC dates among their labels.

        Returns:
            252, 52 or 12 / count for days, weeks and months; 252 x (bars / dates) below a day.

        Raises:
            ValueError: Either number is below 1: without bars there is no such figure.
        """
        if bars < 1 or distinct_dates < 1:
            raise ValueError(
                f"{bars} bars on {distinct_dates} dates have no periods per year; "
                "expected at least one bar"
            )
        if self.unit in _PERIODS_PER_YEAR:
            return _PERIODS_PER_YEAR[self.unit] / self.count
        return 252.0 * (bars / distinct_dates)


def _months_later(label_ns: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    day_number, time_ns = np.divmod(label_ns, np.int64(_DAY_NS))
    day = day_number.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    day_of_month = (day - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.timedelta64(count, "M")
    first_day = target.astype("datetime64[D]").astype(np.int64)
    next_first_day = (target + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64)
    end_day = np.minimum(first_day + day_of_month, next_first_day - 1)
    end_ns: npt.NDArray[np.int64] = end_day * np.int64(_DAY_NS) + time_ns
    return end_ns


def _suggestion(text: str) -> str:
    match = _LOOSE_TEXT.fullmatch(text)
    if match is None:
        return ""
    count = match[1] or "1"
    if match[2] == "M":  # months to some, minutes to others: never guess between them
        return f"; did you mean '{count}m' (minutes) or '{count}mo' (months)?"
    unit = _OTHER_NAMES.get(match[2].lower())
    return f"; did you mean '{count}{unit}'?" if unit else ""
