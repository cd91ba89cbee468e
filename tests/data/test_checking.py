"""Bad bars: each kind in each format, their order, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.data import checking, csv_reading
from containers.data.blocks import PRICES, Block, Cell, Field
from containers.data.checking import CheckedRows, OnBadBar, check_rows
from containers.data.reading import read_blocks
from containers.errors import DataError
from containers.journal import BarDropped

Write = Callable[..., Path]
HINT = " (on_bad_bar: drop leaves such bars out)"
FIRST = "2005-01-03,10,12,9,11,500"
PRICE = "; expected a finite price above 0 as a plain decimal number"
VOLUME = "; expected nothing, or a finite volume of 0 or more as a plain decimal number"
ISO = "; expected an ISO 8601 date or time, for example 2005-01-03 or 2005-01-03T09:30:00+01:00"


def check(path: Path, on_bad_bar: OnBadBar) -> CheckedRows:
    return check_rows(read_blocks(path), str(path), path.name, on_bad_bar)


def problems(path: Path, on_bad_bar: OnBadBar = "error") -> list[str]:
    with pytest.raises(DataError) as raised:
        check(path, on_bad_bar)
    return [str(problem).replace(f"{path.parent}/", "") for problem in raised.value.problems]


BAD_ROWS: dict[str, tuple[str, str, str, str]] = {
    # row: place and message as an error, column, reason
    "2005/01/04,10,12,9,11,500": (
        f":3:1: timestamp is '2005/01/04'{ISO}",
        "timestamp",
        "2005/01/04",
        "timestamp unreadable",
    ),
    ",10,12,9,11,500": (
        f":3:1: timestamp is missing{ISO}",
        "timestamp",
        "",
        "timestamp unreadable",
    ),
    "2005-02-29,10,12,9,11,500": (
        (
            ":3:1: timestamp is '2005-02-29'; expected a time that exists "
            "('2005-02-29' has no such date in the calendar)"
        ),
        "timestamp",
        "2005-02-29",
        "timestamp unreadable",
    ),
    "2005-01-03,10,12,9,11,500": (
        (
            ":3:1: timestamp is '2005-01-03'; "
            "expected a time after 2005-01-03, the last kept bar's (line 2)"
        ),
        "timestamp",
        "2005-01-03",
        "timestamp not after the last kept bar's",
    ),
    "2005-01-04,,12,9,11,500": (
        f":3:12: open is missing{PRICE}",
        "open",
        "",
        "price missing or not finite",
    ),
    "2005-01-04,10,12,9,1_1,500": (
        f":3:20: close is '1_1'{PRICE}",
        "close",
        "1_1",
        "price missing or not finite",
    ),
    "2005-01-04,10,1e999,9,11,500": (
        f":3:15: high is '1e999'{PRICE}",
        "high",
        "1e999",
        "price missing or not finite",
    ),
    "2005-01-04,10,12,0.00,11,500": (
        f":3:18: low is '0.00'{PRICE}",
        "low",
        "0.00",
        "price not above 0",
    ),
    "2005-01-04,10,10.9,9,11,500": (
        ":3:15: high is '10.9'; expected at least 11.0, the larger of open and close",
        "high",
        "10.9",
        "high below open or close",
    ),
    "2005-01-04,10,12,10.5,11,500": (
        ":3:18: low is '10.5'; expected at most 10.0, the smaller of open and close",
        "low",
        "10.5",
        "low above open or close",
    ),
    "2005-01-04,10,12,9,11,-1": (
        f":3:23: volume is '-1'{VOLUME}",
        "volume",
        "-1",
        "volume negative or not finite",
    ),
    "2005-01-04,10,12,9,11,nan": (
        f":3:23: volume is 'nan'{VOLUME}",
        "volume",
        "nan",
        "volume negative or not finite",
    ),
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_every_kind_of_bad_bar_is_told_with_place_and_value(write_csv: Write, row: str) -> None:
    message = BAD_ROWS[row][0]
    assert problems(write_csv(FIRST, row)) == [f"GOOG_1d.csv{message}{HINT}"]


@pytest.mark.parametrize("row", BAD_ROWS)
def test_every_kind_of_bad_bar_is_dropped_with_a_record(write_csv: Write, row: str) -> None:
    _, column, value, reason = BAD_ROWS[row]
    rows = check(write_csv(FIRST, row, "2005-01-05,10,12,9,11,"), "drop")
    assert rows.dropped == (BarDropped("GOOG_1d.csv", 3, column, value, reason),)
    assert rows.label_ns.tolist() == [1104710400 * 10**9, 1104883200 * 10**9]
    assert rows.prices[3].tolist() == [11.0, 11.0]
    assert rows.volume_valid.tolist() == [True, False]


def test_a_record_names_the_column_as_the_file_does(write_csv: Write) -> None:
    path = write_csv("2005-01-03,10,12,9,-11", header="Date,Open,High,Low,Close")
    assert check(path, "drop").dropped[0].column == "Close"


BAD_CELLS: list[tuple[str, Any, str, str]] = [
    ("timestamp", None, f"timestamp is missing{ISO}", "timestamp unreadable"),
    (
        "timestamp",
        0,
        (
            "timestamp is '1970-01-01'; "
            "expected a time after 2005-01-03, the last kept bar's (row 1)"
        ),
        "timestamp not after the last kept bar's",
    ),
    (
        "timestamp",
        2**45,
        "timestamp is '35184372088832000 ms since 1970'" + ISO,
        "timestamp unreadable",
    ),
    (
        "timestamp",
        10**10,
        (
            "timestamp is '2286-11-20T17:46:40'; expected a time that exists "
            "('2286-11-20T17:46:40' is out of range; expected 1677-09-21T00:12:43.145224193 "
            "to 2262-04-11T23:47:16.854775807)"
        ),
        "timestamp unreadable",
    ),
    ("open", None, f"open is missing{PRICE}", "price missing or not finite"),
    ("close", float("nan"), f"close is 'nan'{PRICE}", "price missing or not finite"),
    ("high", float("inf"), f"high is 'inf'{PRICE}", "price missing or not finite"),
    ("low", -1.5, f"low is '-1.5'{PRICE}", "price not above 0"),
    (
        "high",
        10.5,
        "high is '10.5'; expected at least 11.0, the larger of open and close",
        "high below open or close",
    ),
    (
        "low",
        10.5,
        "low is '10.5'; expected at most 10.0, the smaller of open and close",
        "low above open or close",
    ),
    ("volume", -1.0, f"volume is '-1.0'{VOLUME}", "volume negative or not finite"),
    ("volume", float("nan"), f"volume is 'nan'{VOLUME}", "volume negative or not finite"),
    ("volume", float("inf"), f"volume is 'inf'{VOLUME}", "volume negative or not finite"),
]


@pytest.mark.parametrize(("column", "value", "message", "reason"), BAD_CELLS)
def test_every_kind_of_bad_bar_is_found_in_parquet(
    write_parquet: Write, column: str, value: Any, message: str, reason: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    columns: dict[str, list[Any]] = {
        "timestamp": [1104710400, 1104796800, 1104883200],
        "open": [10.0] * 3,
        "high": [12.0] * 3,
        "low": [9.0] * 3,
        "close": [11.0] * 3,
        "volume": [500.0] * 3,
    }
    columns[column][1] = value
    table: dict[str, Any] = dict(columns)
    table["timestamp"] = pa.array(columns["timestamp"], pa.timestamp("s", tz="Europe/Berlin"))
    path = write_parquet(table)
    assert problems(path) == [f"GOOG_1d.parquet:2: row 2: {message}{HINT}"]
    rows = check(path, "drop")
    assert rows.label_ns.tolist() == [1104710400 * 10**9, 1104883200 * 10**9]
    (dropped,) = rows.dropped
    assert (dropped.file, dropped.line, dropped.reason) == ("GOOG_1d.parquet", 2, reason)


# --- order and tolerance ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,,0,9,11,-1", "timestamp unreadable"),
        ("2005-01-03,,0,9,11,-1", "timestamp not after the last kept bar's"),
        ("2005-01-04,0,1,1,,-1", "price missing or not finite"),
        ("2005-01-04,10,1,20,0,-1", "price not above 0"),
        ("2005-01-04,10,1,20,11,-1", "high below open or close"),
        ("2005-01-04,10,30,20,11,-1", "low above open or close"),
        ("2005-01-04,10,12,9,11,-1", "volume negative or not finite"),
    ],
)
def test_the_first_check_that_fails_names_the_reason(
    write_csv: Write, row: str, reason: str
) -> None:
    assert [one.reason for one in check(write_csv(FIRST, row), "drop").dropped] == [reason]


def test_prices_are_checked_from_open_to_close(write_csv: Write) -> None:
    path = write_csv("2005-01-03,10,,-1,x,5", "2005-01-04,10,12,-1,-1,5")
    assert [one.column for one in check(path, "drop").dropped] == ["high", "low"]


def test_order_is_compared_with_the_last_kept_bar(
    write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reading, "_BLOCK_ROWS", 2)
    path = write_csv(
        "2005-01-03,10,12,9,11,1",
        "2005-01-09,10,12,9,-1,1",  # bad for its price, so the next is compared with the 3rd
        "2005-01-04,10,12,9,11,1",
        "2005-01-04,10,12,9,11,1",
        "2005-01-03,10,12,9,11,1",
        "2005-01-05,10,12,9,11,1",
    )
    rows = check(path, "drop")
    assert [one.line for one in rows.dropped] == [3, 5, 6]
    assert len(rows.label_ns) == 3


def test_the_first_row_of_a_block_follows_the_last_kept_bar(
    write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reading, "_BLOCK_ROWS", 1)
    path = write_csv(FIRST, FIRST)
    assert "the last kept bar's (line 2)" in problems(path)[0]


@pytest.mark.parametrize(
    ("high", "low", "good"),
    [
        (11.0 - 1e-9 * 11.0, 10.0 + 1e-9 * 11.0, True),
        (np.nextafter(11.0 - 1e-9 * 11.0, 0.0), 10.0, False),
        (11.0, np.nextafter(10.0 + 1e-9 * 11.0, 20.0), False),
    ],
)
def test_high_and_low_may_miss_by_a_billionth_of_close(
    write_csv: Write, high: float, low: float, good: bool
) -> None:
    path = write_csv(f"2005-01-03,10,{float(high)!r},{float(low)!r},11,")
    assert (check(path, "drop").dropped == ()) == good


def test_zero_and_null_volumes_and_huge_prices_are_good(write_csv: Write) -> None:
    huge = "1.7976931348623157e308"
    path = write_csv("2005-01-03,1,1,1,1,0", "2005-01-04,1,1,1,1,", f"2005-01-05{f',{huge}' * 4},0")
    assert len(check(path, "error").label_ns) == 3


# --- what is told -----------------------------------------------------------------------------


def test_twenty_problems_are_told_and_the_others_counted(write_csv: Write) -> None:
    rows = [f"2005-01-{day:02},10,12,9,-11,5" for day in range(1, 31)]
    rows[4] = "2005-01-05,10"
    found = problems(write_csv(*rows))
    assert len(found) == 21
    assert found[4].startswith("GOOG_1d.csv:6: the row has 2 fields")
    assert found[19].startswith("GOOG_1d.csv:21:20: close is '-11'")
    assert found[20] == "GOOG_1d.csv: and 10 more problems"


def test_one_more_problem_is_in_the_singular(write_csv: Write) -> None:
    found = problems(write_csv(*["x,10,12,9,11,5"] * 21))
    assert found[20] == "GOOG_1d.csv: and 1 more problem"


def test_twenty_problems_are_told_without_a_count(write_csv: Write) -> None:
    assert len(problems(write_csv(*["x,10,12,9,11,5"] * 20))) == 20


def test_a_row_with_the_wrong_number_of_fields_is_an_error_when_dropping_too(
    write_csv: Write,
) -> None:
    path = write_csv(FIRST, "2005-01-04,10", "2005-01-05,10,12,9,-11,5")
    assert problems(path, "drop") == [
        "GOOG_1d.csv:3: the row has 2 fields; expected 6, as many as the header"
    ]


def test_what_stops_the_reader_comes_after_the_bad_bars(write_csv: Write, tmp_path: Path) -> None:
    def blocks() -> Any:
        yield from read_blocks(write_csv("x,10,12,9,11,5"))
        yield from read_blocks(tmp_path / "none.csv")

    with pytest.raises(DataError) as raised:
        check_rows(blocks(), "file", "file", "error")
    assert [problem.message.split()[0] for problem in raised.value.problems] == [
        "timestamp",
        "cannot",
    ]


def test_no_rows_are_no_problem_here(write_csv: Write) -> None:
    rows = check(write_csv(), "error")
    assert rows.label_ns.dtype == np.int64
    assert rows.prices.shape == (4, 0)


# --- the fast judgement is the exact one ------------------------------------------------------

NUMBERS = st.sampled_from(
    [
        -1.0,
        0.0,
        -0.0,
        5e-324,
        9.999999995,
        10.0,
        10.00000001,
        10.000000012,
        11.0,
        1.7e308,
        float("nan"),
        float("inf"),
        float("-inf"),
    ]
)
ROWS = st.tuples(st.integers(0, 3), st.booleans(), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


@settings(derandomize=True, max_examples=300)
@given(st.lists(ROWS, max_size=4) | st.lists(st.just((1, True, 10.0, 11.0, 9.0, 10.0, 0.0))))
def test_a_block_is_all_good_exactly_when_every_row_is(rows: list[tuple[Any, ...]]) -> None:
    count = len(rows)
    table = np.array([row[2:] for row in rows], dtype=np.float64).reshape(count, 5).T

    def cell(row: int, field: Field) -> Cell:
        return Cell(field, "", 0)

    block = Block(
        line=np.arange(1, count + 1, dtype=np.int64),
        label_ns=np.array([row[0] for row in rows], dtype=np.int64),
        readable=np.array([row[1] for row in rows], dtype=np.bool_),
        prices=table[: len(PRICES)],
        volume=table[4],
        volume_valid=np.ones(count, dtype=np.bool_),
        cell=cell,
    )
    last = checking._LastKept(label_ns=0, line=1)
    fast = checking._all_good(block, last)
    exact = [verdict is None for verdict in checking._verdicts(block, last)]
    assert fast == all(exact)
