from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.data.instants import (
    FIRST_NS,
    LAST_NS,
    format_instant,
    parse_column,
    parse_instant,
)

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
DAY_2005_01_03 = 1_104_710_400 * SECOND_NS


@pytest.mark.parametrize(
    ("text", "offset_ns"),
    [
        ("2005-01-03", 0),
        ("2005-01-03T00:00", 0),
        ("2005-01-03T09:30", 34_200 * SECOND_NS),
        ("2005-01-03 09:30:00", 34_200 * SECOND_NS),
        ("2005-01-03T09:30:00Z", 34_200 * SECOND_NS),
        ("2005-01-03T09:30:00+01:00", 30_600 * SECOND_NS),
        ("2005-01-03T09:30:00-0530", 54_000 * SECOND_NS),
        ("2005-01-03T00:30+01", -1_800 * SECOND_NS),
        ("2005-01-03T00:00:00.000000001", 1),
        ("2005-01-03T00:00:00.123456789+00:00", 123_456_789),
    ],
)
def test_an_instant_is_read_as_nanoseconds_utc(text: str, offset_ns: int) -> None:
    assert parse_instant(text) == DAY_2005_01_03 + offset_ns
    assert parse_column([text, text])[0].tolist() == [DAY_2005_01_03 + offset_ns] * 2


def test_a_date_alone_as_an_end_is_its_last_nanosecond() -> None:
    assert parse_instant("2005-01-03", end=True) == DAY_2005_01_03 + DAY_NS - 1
    assert parse_instant("2005-01-03T00:00", end=True) == DAY_2005_01_03


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2005",
        "2005-1-3",
        "20050103",
        "2005-W01-1",
        "now",
        "NaT",
        "2005-01-03T09",
        "12:30",
        "2005-01-03T09:30:00.",
        "2005-01-03T09:30:00.0000000001",
        "2005-01-03Z",
        "2005/01/03",
        "1104710400",
        "2005-01-03T09:30:00 +01:00",
        "２005-01-03",
        "2005-01-03\n",
        "2005-01-03\x00",
    ],
)
def test_text_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO 8601 date or time") as raised:
        parse_instant(text)
    assert str(raised.value) == (
        f"'{text}' is not an ISO 8601 date or time; expected for example 2005-01-03, "
        "2005-01-03T09:30:00 or 2005-01-03T09:30:00+01:00"
    )
    readable = text == "2005-01-03\n"  # a column forgives blanks, a configuration does not
    assert parse_column([text])[1].tolist() == [readable]
    assert parse_column(["2005-01-03", text])[1].tolist() == [True, readable]


@pytest.mark.parametrize("text", ["2005-02-29", "2005-13-01", "2005-00-01", "0000-01-01"])
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' has no such date in the calendar"):
        parse_instant(text)
    assert parse_column(["2004-02-29", text])[1].tolist() == [True, False]


@pytest.mark.parametrize("time", ["24:00:00", "23:60:00", "23:59:60", "00:00:00+24:00"])
def test_a_time_that_does_not_exist_is_refused(time: str) -> None:
    message = "has no such time of day; expected 00:00:00 to 23:59:59, zones alike"
    with pytest.raises(ValueError, match=message):
        parse_instant(f"2005-01-03T{time}")
    assert not parse_column([f"2005-01-03T{time}"] * 2)[1].any()


@pytest.mark.parametrize("text", ["1677-09-21", "2262-04-12", "0001-01-01", "9999-12-31"])
def test_an_instant_outside_int64_nanoseconds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is out of range") as raised:
        parse_instant(text)
    assert str(raised.value) == (
        f"'{text}' is out of range; expected 1677-09-21T00:12:43.145224193 "
        "to 2262-04-11T23:47:16.854775807"
    )
    assert parse_column([text, "2005-01-03"])[1].tolist() == [False, True]


def test_the_first_and_last_instants_round_trip() -> None:
    for ns in (FIRST_NS, LAST_NS):
        assert parse_instant(format_instant(ns)) == ns
        assert parse_column([format_instant(ns)] * 2)[0].tolist() == [ns] * 2
    assert not parse_column(["1677-09-21T00:12:43.145224192"])[1].any()


def test_an_end_in_the_last_day_is_out_of_range() -> None:
    with pytest.raises(ValueError, match="'2262-04-11' is out of range"):
        parse_instant("2262-04-11", end=True)


@pytest.mark.parametrize(
    "text",
    [
        "2005-01-03",
        "2005-01-03T09:30:00",
        "2005-01-03T00:00:00.100",
        "2005-01-03T00:00:00.000001",
        "2005-01-03T23:59:59.999999999",
    ],
)
def test_an_instant_is_written_as_short_as_it_is_exact(text: str) -> None:
    assert format_instant(parse_instant(text)) == text


@settings(derandomize=True)
@given(st.integers(FIRST_NS, LAST_NS))
def test_every_instant_round_trips(ns: int) -> None:
    assert parse_instant(format_instant(ns)) == ns


FORMS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S.%f"]


@settings(derandomize=True)
@given(
    st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)), min_size=1),
    st.sampled_from([*FORMS, "%Y-%m-%dT%H:%M:%S+05:30", "%Y-%m-%dT%H:%M:%S-0800"]),
)
def test_a_column_is_read_as_each_text_alone(instants: list[datetime], form: str) -> None:
    texts = [instant.strftime(form) for instant in instants]
    values, readable = parse_column(texts)
    assert readable.all()
    assert values.tolist() == [parse_instant(text) for text in texts]


@settings(derandomize=True, max_examples=300)
@given(
    st.lists(
        st.from_regex(r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]", fullmatch=True)
        | st.from_regex(r"2004-0[1-9]-0[1-9]T0[0-9]:00[+-]0[0-9]", fullmatch=True),
        max_size=5,
    )
)
def test_a_column_reads_exactly_what_is_an_instant(texts: list[str]) -> None:
    expected: list[int | None] = []
    for text in texts:
        try:
            expected.append(parse_instant(text))
        except ValueError:
            expected.append(None)
    values, readable = parse_column(texts)
    pairs = zip(values.tolist(), readable.tolist(), strict=True)
    assert [value if ok else None for value, ok in pairs] == expected


def test_offsets_of_a_column_may_change_with_the_season() -> None:
    texts = ["2005-01-03T09:30:00-05:00", "2005-07-01T09:30:00-04:00", "2005-07-01T00:00:00+00:00"]
    expected = [int(datetime.fromisoformat(text).timestamp()) * SECOND_NS for text in texts]
    assert parse_column(texts)[0].tolist() == expected


def test_blanks_around_an_instant_of_a_column_are_left_out() -> None:
    assert parse_column([" 2005-01-03", "2005-01-03\t"])[0].tolist() == [DAY_2005_01_03] * 2


def test_reading_agrees_with_the_standard_library() -> None:
    instant = datetime(2012, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)
    seconds = int(instant.replace(microsecond=0).timestamp())
    assert parse_instant(instant.isoformat()) == seconds * SECOND_NS + 123_456_000
