from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.data.instants import format_instant, parse_instant
from containers.data.timeframe import Timeframe, Unit

SECOND_NS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def end_of(text: str, label: str) -> str:
    label_ns = np.array([parse_instant(label)], dtype=np.int64)
    return format_instant(int(Timeframe.parse(text).end_ns(label_ns)[0]))


@pytest.mark.parametrize("text", ["1m", "15m", "60m", "1h", "4h", "1d", "2w", "1mo", "1200mo"])
def test_canonical_text_round_trips(text: str) -> None:
    assert str(Timeframe.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("15min", "; did you mean '15m'?"),
        ("d", "; did you mean '1d'?"),
        ("01h", "; did you mean '1h'?"),
        ("1D", "; did you mean '1d'?"),
        ("3 months", "; did you mean '3mo'?"),
        ("1M", "; did you mean '1m' (minutes) or '1mo' (months)?"),
        ("1y", ""),
        ("0d", "; did you mean '1d'?"),
        ("-1d", ""),
        ("1.5h", ""),
        ("", ""),
        ("١d", ""),
        ("9999999999m", ""),
    ],
)
def test_other_text_is_refused_with_the_nearest(text: str, suggestion: str) -> None:
    with pytest.raises(ValueError, match="is not understood") as raised:
        Timeframe.parse(text)
    assert str(raised.value) == (
        f"timeframe '{text}' is not understood; expected a count from 1 and a unit "
        f"m (minutes), h, d, w or mo (months), for example 15m or 1d{suggestion}"
    )


@pytest.mark.parametrize("text", ["1201mo", "999999999m"])
def test_a_timeframe_longer_than_a_century_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is too long; expected at most a hundred years"):
        Timeframe.parse(text)


def test_construction_checks_count_and_unit() -> None:
    with pytest.raises(ValueError, match="the count of a timeframe is 0; expected 1 or more"):
        Timeframe(0, "d")
    with pytest.raises(ValueError, match="unit 'y' is not known; expected m, h, d, w, mo"):
        Timeframe(1, "y")  # type: ignore[arg-type]


def test_timeframes_order_by_nominal_seconds() -> None:
    texts = ["1m", "59m", "1h", "1d", "6d", "1w", "4w", "1mo", "5w"]
    seconds = [Timeframe.parse(text).nominal_seconds for text in texts]
    assert seconds == sorted(seconds)
    assert Timeframe.parse("2mo").nominal_seconds == 5_259_492
    assert Timeframe.parse("60m").nominal_seconds == Timeframe.parse("1h").nominal_seconds


@pytest.mark.parametrize(
    ("timeframe", "label", "end"),
    [
        ("15m", "2005-01-03T09:30:00", "2005-01-03T09:45:00"),
        ("1d", "2004-02-28", "2004-02-29"),
        ("1w", "2004-12-27", "2005-01-03"),
        ("1mo", "2005-01-01", "2005-02-01"),
        ("1mo", "2005-01-31", "2005-02-28"),
        ("1mo", "2004-01-31T12:00:00.000000001", "2004-02-29T12:00:00.000000001"),
        ("3mo", "2004-11-30", "2005-02-28"),
        ("1mo", "1969-12-31T23:59:59", "1970-01-31T23:59:59"),
    ],
)
def test_a_bar_ends_its_length_after_its_label(timeframe: str, label: str, end: str) -> None:
    assert end_of(timeframe, label) == end


@settings(derandomize=True, max_examples=200)
@given(
    label=st.datetimes(datetime(1700, 1, 1), datetime(2150, 1, 1)),
    count=st.integers(1, 36),
    unit=st.sampled_from(["m", "h", "d", "w", "mo"]),
)
def test_ends_agree_with_the_calendar_of_the_standard_library(
    label: datetime, count: int, unit: Unit
) -> None:
    label = label.replace(tzinfo=UTC)
    if unit == "mo":
        years, month = divmod(label.year * 12 + label.month - 1 + count, 12)
        last_day = calendar.monthrange(years, month + 1)[1]
        end = label.replace(year=years, month=month + 1, day=min(label.day, last_day))
    else:
        step = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[unit]
        end = label + timedelta(**{step: count})
    label_ns = (label - EPOCH) // timedelta(microseconds=1) * 1000
    expected_ns = (end - EPOCH) // timedelta(microseconds=1) * 1000
    result = Timeframe(count, unit).end_ns(np.array([label_ns], dtype=np.int64))
    assert result.dtype == np.int64
    assert result.tolist() == [expected_ns]


@pytest.mark.parametrize("text", ["1m", "1d", "1mo", "1200mo"])
def test_ends_stay_in_int64_nanoseconds(text: str) -> None:
    timeframe = Timeframe.parse(text)
    latest_ns = np.array([timeframe.latest_label_ns], dtype=np.int64)
    assert timeframe.end_ns(latest_ns)[0] > latest_ns[0]
    with pytest.raises(OverflowError, match=f"a {text} bar of the labels ends after int64"):
        timeframe.end_ns(latest_ns + 1)


def test_ends_of_no_labels_are_none() -> None:
    assert Timeframe.parse("1mo").end_ns(np.empty(0, dtype=np.int64)).size == 0


@pytest.mark.parametrize(
    ("text", "bars", "dates", "expected"),
    [
        ("1d", 5, 5, 252.0),
        ("2d", 5, 5, 126.0),
        ("1w", 5, 5, 52.0),
        ("3mo", 5, 5, 4.0),
        ("1h", 14, 2, 1764.0),
        ("1m", 10, 3, 252.0 * (10 / 3)),
    ],
)
def test_periods_per_year(text: str, bars: int, dates: int, expected: float) -> None:
    assert Timeframe.parse(text).periods_per_year(bars, dates) == expected


def test_no_bars_have_no_periods_per_year() -> None:
    with pytest.raises(ValueError, match="0 bars on 0 dates have no periods per year; expected at"):
        Timeframe.parse("1d").periods_per_year(0, 0)
