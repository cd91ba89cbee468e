"""Files and their columns: what is found, what is read, what is refused as a whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.data import csv_reading
from containers.data.blocks import PRICES, Block
from containers.data.instants import parse_instant
from containers.data.reading import find_file, read_blocks
from containers.data.timeframe import Timeframe
from containers.errors import DataError

Write = Callable[..., Path]
DAY = Timeframe(1, "d")
GOOD = "2005-01-03,10,12,9,11,500"


def read(path: Path) -> list[Block]:
    return list(read_blocks(path))


def refusal(act: Callable[[], object], folder: Path) -> str:
    with pytest.raises(DataError) as raised:
        act()
    return str(raised.value).replace(f"{folder}/", "").replace(str(folder), "FOLDER")


# --- which file -------------------------------------------------------------------------------


def test_a_stream_is_in_the_file_of_its_name(tmp_path: Path, write_csv: Write) -> None:
    path = write_csv(GOOD, name="GOOG_15m.csv")
    assert find_file(tmp_path, "GOOG", Timeframe(15, "m")) == path


def test_two_files_of_one_stream_are_refused(tmp_path: Path, write_csv: Write) -> None:
    write_csv(GOOD)
    write_csv(GOOD, name="GOOG_1d.parquet")
    assert refusal(lambda: find_file(tmp_path, "GOOG", DAY), tmp_path) == (
        "both GOOG_1d.csv and GOOG_1d.parquet exist in FOLDER; expected one of them "
        "(remove the one that is out of date)"
    )


@pytest.mark.parametrize(
    ("symbol", "timeframe", "hint"),
    [
        ("GOOG", "1h", "of 'GOOG' it holds GOOG_1d.csv, GOOG_1m.csv"),
        ("GOOGL", "1d", "the nearest it holds is GOOG_1d.csv"),
        ("goog", "1m", "the nearest it holds is GOOG_1m.csv"),
        ("goog", "1h", "the nearest it holds is GOOG_1d.csv"),
        ("XY", "1d", "it holds GOOG"),
    ],
)
def test_a_missing_file_is_told_with_the_nearest(
    tmp_path: Path, write_csv: Write, symbol: str, timeframe: str, hint: str
) -> None:
    for name in ("GOOG_1m.csv", "GOOG_1d.csv", "README.csv", "notes.txt"):
        write_csv(GOOD, name=name)
    wanted = Timeframe.parse(timeframe)
    found = refusal(lambda: find_file(tmp_path, symbol, wanted, ("symbols", 0)), tmp_path)
    assert found == (
        f"symbols[0]: there is no {symbol}_{timeframe}.csv (or .parquet) "
        f"for symbol '{symbol}' in FOLDER ({hint})"
    )


def test_a_missing_file_in_a_folder_without_bars_says_so(tmp_path: Path) -> None:
    assert "the folder holds no file of bars; its names are like GOOG_1d.csv" in refusal(
        lambda: find_file(tmp_path, "GOOG", DAY), tmp_path
    )


def test_many_other_symbols_are_not_all_listed(tmp_path: Path, write_csv: Write) -> None:
    for index in range(12):
        write_csv(GOOD, name=f"S{index:02}_1d.csv")
    message = refusal(lambda: find_file(tmp_path, "XXXX", DAY), tmp_path)
    assert message.endswith(
        "(it holds S00, S01, S02, S03, S04, S05, S06, S07, S08, S09 and others)"
    )


@pytest.mark.parametrize("symbol", ["../GOOG", "a/b", "a\\b", "..", "", " ", "a\0b", "a\nb"])
def test_a_symbol_that_could_leave_the_folder_is_refused(tmp_path: Path, symbol: str) -> None:
    assert refusal(lambda: find_file(tmp_path, symbol, DAY), tmp_path) == (
        f"symbol {symbol!r} cannot be part of a file's name; "
        "expected a name without '/', '\\', '..' and control characters"
    )


# --- columns, in either format ----------------------------------------------------------------


def test_columns_are_found_in_any_case_and_order_among_others(write_csv: Write) -> None:
    path = write_csv(
        "11,x,2005-01-03,10,12,9,500", header=" Close,Adj Close,DATE,Open,High,low ,Volume"
    )
    (block,) = read(path)
    assert block.prices[:, 0].tolist() == [10.0, 12.0, 9.0, 11.0]
    assert block.label_ns.tolist() == [parse_instant("2005-01-03")]
    assert block.volume.tolist() == [500.0]


@pytest.mark.parametrize("name", ["timestamp", "date", "datetime", "Datetime"])
def test_the_time_has_one_of_three_names(write_csv: Write, name: str) -> None:
    (block,) = read(write_csv("2005-01-03,10,12,9,11", header=f"{name},open,high,low,close"))
    assert block.readable.all()
    assert not block.volume_valid.any()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "timestamp,open,high,low,clsoe,volume",
            (
                "there is no column close; found 'timestamp', 'open', 'high', 'low', 'clsoe', "
                "'volume' (is it 'clsoe'?)"
            ),
        ),
        (
            "when,open,high,low,close",
            (
                "there is no column timestamp or date or datetime; "
                "found 'when', 'open', 'high', 'low', 'close'"
            ),
        ),
        (
            "timestamp,open,high,low,close,Open",
            "'open' (column 2) and 'Open' (column 6) both mean open (keep one of them)",
        ),
        (
            "date,open,high,low,close,timestamp",
            "'date' (column 1) and 'timestamp' (column 6) both mean timestamp (keep one of them)",
        ),
    ],
)
def test_missing_and_double_columns_are_refused(
    write_csv: Write, tmp_path: Path, header: str, message: str
) -> None:
    path = write_csv(GOOD, header=header)
    assert refusal(lambda: read(path), tmp_path) == f"GOOG_1d.csv:1: {message}"


def test_all_missing_columns_are_told_at_once(write_csv: Write, tmp_path: Path) -> None:
    path = write_csv(header="timestamp;open;high;low;close")
    lines = refusal(lambda: read(path), tmp_path).splitlines()
    assert len(lines) == 5
    assert all(line.endswith("(fields are separated by commas)") for line in lines)


# --- CSV --------------------------------------------------------------------------------------


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "GOOG_1d.csv"
    path.touch()
    assert refusal(lambda: read(path), tmp_path) == "GOOG_1d.csv: is empty; expected a header line"


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "GOOG_1d.csv"
    text = f"timestamp,open,high,low,close,volume\r\n{GOOD}\r\n\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    (block,) = read(path)
    assert block.line.tolist() == [2]
    assert block.readable.all()


def test_another_encoding_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "GOOG_1d.csv"
    header = b"timestamp,open,high,low,close,note\n"
    path.write_bytes(header + b"2005-01-03,1,1,1,1,ok\n2005-01-04,1,1,1,1,caf\xe9\n")
    message = refusal(lambda: read(path), tmp_path)
    assert message == "GOOG_1d.csv:3: is not UTF-8 (byte 0xe9) (save it as UTF-8)"


def test_a_quotation_mark_without_its_pair_is_refused(write_csv: Write, tmp_path: Path) -> None:
    path = write_csv(GOOD, '2005-01-04,"10,12,9,11,500')
    assert refusal(lambda: read(path), tmp_path) == (
        "GOOG_1d.csv:3: is not readable as CSV: unexpected end of data; the rest of the file was "
        "not read (look for a quotation mark without its pair)"
    )


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "GOOG_1d.csv"
    message = refusal(lambda: read(path), tmp_path)
    assert message == "GOOG_1d.csv: cannot be read: No such file or directory"


def test_a_row_with_another_number_of_fields_is_malformed(write_csv: Write, tmp_path: Path) -> None:
    path = write_csv(GOOD, "2005-01-04,10,12,9,11", "", "2005-01-05,10,12,9,11,1,500")
    (block,) = read(path)
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in block.malformed] == [
        "GOOG_1d.csv:3: the row has 5 fields; expected 6, as many as the header",
        (
            "GOOG_1d.csv:5: the row has 7 fields; expected 6, as many as the header "
            "(a number must not contain a comma)"
        ),
    ]
    assert block.line.tolist() == [2]


def test_lines_stay_exact_after_blank_lines_and_fields_over_several_lines(
    write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reading, "_BLOCK_ROWS", 2)
    path = write_csv(
        "",
        '2005-01-03,10,12,9,11,"two',
        'lines"',
        '2005-01-04,10,12,9,11,"one"',
        "",
        "2005-01-05,10,12,9,11,last",
        header="timestamp,open,high,low,close,note",
    )
    assert [line for block in read(path) for line in block.line.tolist()] == [3, 5, 7]


def test_a_cell_is_placed_by_the_character_it_starts_at(write_csv: Write) -> None:
    (block,) = read(write_csv('"2005-01-03","1""0",12, 9,11,500'))
    found = [block.cell(0, field) for field in ("timestamp", *PRICES, "volume")]
    assert [cell.position for cell in found] == [1, 14, 21, 24, 27, 30]
    assert [cell.text for cell in found] == ["2005-01-03", '1"0', "12", "9", "11", "500"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10.0),
        ("+1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("007", 7.0),
        (" 10\t", 10.0),
        ("1e999", float("inf")),
        ("0.1", 0.1),
        ("1.7976931348623157E308", sys.float_info.max),
        ("123456789012345678901234567890", 1.2345678901234568e29),
    ],
)
def test_plain_decimals_are_read(write_csv: Write, text: str, value: float) -> None:
    (block,) = read(write_csv(f"2005-01-03,{text},12,9,11,{text}"))
    assert block.prices[0, 0] == value
    assert block.volume[0] == value
    assert block.volume_valid.all()


@pytest.mark.parametrize(
    "text",
    ["1_000", "0x10", "nan", "inf", "-Infinity", "１", "1,5", "abc", "1 2", "true", "null", "[1]"],
)
def test_other_numbers_are_not_numbers(write_csv: Write, text: str) -> None:
    (block,) = read(write_csv(f'2005-01-03,"{text}",12,9,11,"{text}"'))
    assert np.isnan(block.prices[0, 0])
    assert np.isnan(block.volume[0])
    assert block.volume_valid.all()


def test_missing_numbers_are_nan_as_prices_and_null_as_volume(write_csv: Write) -> None:
    (block,) = read(write_csv("2005-01-03,10,12,9,11,", "2005-01-04,,12,9,11, ", GOOD))
    assert np.isnan(block.prices[0]).tolist() == [False, True, False]
    assert block.volume_valid.tolist() == [False, False, True]
    assert block.volume.tolist() == [0.0, 0.0, 500.0]


@pytest.mark.parametrize("other", ["5", "x", ".5"])
def test_a_negative_zero_volume_is_zero(write_csv: Write, other: str) -> None:
    (block,) = read(write_csv("2005-01-03,1,1,1,1,-0", f"2005-01-04,1,1,1,1,{other}"))
    assert not np.signbit(block.volume[0])


@pytest.mark.parametrize("other", ["5", "x"])
def test_a_quoted_number_may_stand_among_blanks_whichever_path_reads_it(
    write_csv: Write, other: str
) -> None:
    (block,) = read(write_csv('2005-01-03,"\n10 ",1,1,1,0', f"2005-01-04,{other},1,1,1,0"))
    assert block.prices[0, 0] == 10.0


def test_a_negative_zero_volume_of_parquet_is_zero(write_parquet: Write) -> None:
    (block,) = read(write_parquet(parquet_columns(volume=[-0.0, 1.0])))
    assert not np.signbit(block.volume[0])


@settings(derandomize=True, max_examples=300)
@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False).map(repr)
        | st.from_regex(r"[0-9]{1,25}\.[0-9]{1,25}", fullmatch=True)
        | st.integers(0, 2**80).map(str),
        min_size=1,
    )
)
def test_numbers_are_read_to_the_nearest_double(cells: list[str]) -> None:
    values, given_ = csv_reading._numbers(cells, missing=0.0)
    assert given_.all()
    assert (values + 0.0).tobytes() == (np.array([float(cell) for cell in cells]) + 0.0).tobytes()


def test_reading_csv_needs_neither_pandas_nor_pyarrow(write_csv: Write, tmp_path: Path) -> None:
    write_csv(GOOD)
    code = (
        "import sys; from pathlib import Path; from containers.data import load_market;"
        "load_market(Path(sys.argv[1]), [('GOOG', ['1d'])]);"
        "assert not {'pandas', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=_root())


def _root() -> Path:
    return Path(csv_reading.__file__).parents[2]


# --- Parquet ----------------------------------------------------------------------------------


def parquet_columns(**changes: Any) -> dict[str, Any]:
    pa = pytest.importorskip("pyarrow")
    columns = {
        "timestamp": pa.array(
            [parse_instant("2005-01-03"), parse_instant("2005-01-04")], pa.timestamp("ns")
        ),
        "open": [10.0, 10.5],
        "high": [12.0, 12.5],
        "low": [9.0, 9.5],
        "close": [11.0, 11.5],
        "volume": [500.0, None],
    }
    return {name: column for name, column in (columns | changes).items() if column is not None}


def test_parquet_gives_what_csv_gives(write_csv: Write, write_parquet: Write) -> None:
    (left,) = read(write_csv(GOOD, "2005-01-04,10.5,12.5,9.5,11.5,"))
    (right,) = read(write_parquet(parquet_columns()))
    for name in ("label_ns", "readable", "prices", "volume", "volume_valid"):
        assert getattr(left, name).tobytes() == getattr(right, name).tobytes(), name
    assert right.line.tolist() == [1, 2]


@pytest.mark.parametrize("kind", ["s", "ms", "us", "ns", "zone", "date32", "date64", "text"])
@pytest.mark.parametrize("dictionary", [False, True])
def test_parquet_times_of_any_kind_are_read(
    write_parquet: Write, kind: str, dictionary: bool
) -> None:
    pa = pytest.importorskip("pyarrow")
    ns = [parse_instant("2005-01-03"), parse_instant("1969-07-21")]
    if kind == "text":
        times = pa.array(["2005-01-03T01:00:00+01:00", "1969-07-21"])
    else:
        target = {
            "zone": pa.timestamp("us", tz="America/New_York"),
            "date32": pa.date32(),
            "date64": pa.date64(),
        }.get(kind) or pa.timestamp(kind)
        times = pa.array(ns, pa.timestamp("ns")).cast(target)
    if dictionary:
        times = times.dictionary_encode()
    (block,) = read(write_parquet(parquet_columns(timestamp=times)))
    assert block.readable.all()
    assert block.label_ns.tolist() == ns
    shown = "2005-01-03T01:00:00+01:00" if kind == "text" else "2005-01-03"
    assert block.cell(0, "timestamp").text == shown


def test_parquet_times_that_do_not_fit_are_unreadable(write_parquet: Write) -> None:
    pa = pytest.importorskip("pyarrow")
    seconds = [2**63 // 10**9, 2**63 // 10**9 + 1, -(2**63 // 10**9), -(2**63 // 10**9) - 1, None]
    times = pa.array(seconds, pa.timestamp("s"))
    prices = {name: [1.0] * 5 for name in ("open", "high", "low", "close", "volume")}
    (block,) = read(write_parquet(parquet_columns(timestamp=times, **prices)))
    assert block.readable.tolist() == [True, False, True, False, False]
    assert block.cell(1, "timestamp").text == "2262-04-11T23:47:17"
    assert block.cell(4, "timestamp").text == ""


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int8", [10, 11]),
        ("uint64", [2**64 - 1, 2**53 + 1]),
        ("int64", [2**53 + 1, None]),
        ("float16", [10.5, 11.5]),
        ("float32", [10.5, None]),
        ("decimal", [Decimal("0.1000000000000000055511151231257827"), Decimal("1.05")]),
    ],
)
def test_parquet_prices_of_any_number_type_are_read_to_the_nearest_double(
    write_parquet: Write, kind: str, values: list[Any]
) -> None:
    pa = pytest.importorskip("pyarrow")
    target = pa.decimal128(38, 34) if kind == "decimal" else getattr(pa, kind)()
    (block,) = read(write_parquet(parquet_columns(open=pa.array(values, target))))
    expected = [float("nan") if value is None else float(value) for value in values]
    assert block.prices[0].tolist() == pytest.approx(expected, abs=0.0, rel=0.0, nan_ok=True)


def test_parquet_without_volumes_gives_null(write_parquet: Write) -> None:
    pa = pytest.importorskip("pyarrow")
    (without,) = read(write_parquet(parquet_columns(volume=None)))
    (only_null,) = read(write_parquet(parquet_columns(volume=pa.nulls(2))))
    assert not without.volume_valid.any()
    assert not only_null.volume_valid.any()


def test_parquet_columns_of_other_types_are_refused(write_parquet: Write, tmp_path: Path) -> None:
    path = write_parquet(parquet_columns(timestamp=[1, 2], open=["1", "2"], close=[True, False]))
    assert refusal(lambda: read(path), tmp_path).splitlines() == [
        (
            "GOOG_1d.parquet: column 'timestamp' has type int64; expected a timestamp, a date or "
            "ISO 8601 text (a plain number does not say what it counts; store it as a timestamp)"
        ),
        "GOOG_1d.parquet: column 'open' has type string; expected a number",
        "GOOG_1d.parquet: column 'close' has type bool; expected a number",
    ]


def test_parquet_columns_are_matched_like_those_of_csv(
    write_parquet: Write, tmp_path: Path
) -> None:
    columns = parquet_columns(close=None)
    path = write_parquet({name.upper(): column for name, column in columns.items()})
    assert refusal(lambda: read(path), tmp_path) == (
        "GOOG_1d.parquet: there is no column close; "
        "found 'TIMESTAMP', 'OPEN', 'HIGH', 'LOW', 'VOLUME'"
    )


def test_what_is_not_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "GOOG_1d.parquet"
    path.write_text(GOOD)
    message = refusal(lambda: read(path), tmp_path)
    assert message.startswith("GOOG_1d.parquet: cannot be read as Parquet: ")
