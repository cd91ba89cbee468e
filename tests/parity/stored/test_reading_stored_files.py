"""Files that can't be read as tables: exit code 2, with the place and what was expected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.errors import UsageError
from parity.stored.raw import read_raw
from parity.stored.table import Type
from tests.parity.conftest import Output

Parity = Callable[..., Output]

SOUND = "symbol,entry_time,quantity\nA,2024-01-02,1.5\nB,2024-01-03,2\n"


def table(tmp_path: Path, name: str, content: str | bytes) -> Path:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv: the file is empty, expected a header with the names of columns"),
        ("a.csv", "\n\n", "a.csv: the file is empty"),
        ("a.csv", "A,2024-01-02,1.5\n1,2\n", "a.csv:2: found 2 cells, expected 3"),
        ("a.csv", "1,2.5,-3\n4,5,6\n", "a.csv:1: found 1, 2.5, -3… in the first line, expected a"),
        ("a.csv", "2024-01-02,1.5\n", "in the first line, expected a header"),
        ("a.csv", "a,b,a\n1,2,3\n", "a.csv:1: there are two columns called 'a'"),
        ("a.csv", "a;b\n1;2\n", "if columns are separated by ';', say so in the mapping"),
        ("a.csv", "a\tb\n1\t2\n", "if columns are separated by '\\t', say so in the mapping"),
        ("a.csv", 'a,b\n1,"2\n', "a.csv:2: this is not CSV"),
        ("a.csv", 'a,b\n1,2\n\n3,"x"y\n', "a.csv:4: this is not CSV"),
        ("a.csv", b"a,b\n1,\xff\n", "a.csv:2: byte 0xff is not UTF-8"),
        ("a.csv", b"a,b\n1,\x00\n", "a.csv:2: found a NUL byte"),
        ("a.xlsx", "x", "a.xlsx: a name that ends with '.xlsx' says nothing of what is in it"),
        ("a", "x", "a name that ends with '' says nothing"),
        ("a.json", "{", "a.json:1:2: this is not JSON"),
        ("a.json", "5", "expected a list of rows"),
        ("a.json", "{}", "expected a list of rows"),
        ("a.json", '{"a": 1, "a": 2}', "there are two columns called 'a'"),
        ("a.json", '[{"a": 1}, {"b": 1}]', "row 1: it has no 'a', which the first row has"),
        ("a.json", '[{"a": 1}, {"a": 1, "b": 2}]', "row 1: it has the column 'b', which the first"),
        ("a.json", '[{"a": 1}, 5]', "row 1: found 5, expected a mapping"),
        ("a.json", '[{"a": [1]}]', "row 0: 'a': found [1], expected one value"),
        ("a.json", '[{"a": 1}, {"a": "x"}]', "row 1: 'a': found 'x' (text) in a column"),
        ("a.json", '[{"a": true}, {"a": 1}]', "found 1 (int) in a column that has bool"),
        ("a.json", '{"a": [1, 2], "b": [1]}', "its columns are not of one length"),
        ("a.json", '[{"a": 99999999999999999999}]', "has more than 64 bits"),
        ("a.json", '[{"a": 1.5}, {"a": 9007199254740993}]', "9007199254740993 is no double"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "a.jsonl:2:7: this is not JSON"),
        ("a.jsonl", '{"a": 1}\n\n{"b": 2}\n', "a.jsonl:3: it has no 'a', which the first row has"),
        ("a.parquet", "PAR1", "a.parquet: this is no Parquet file that can be read"),
        ("a.parquet", "", "a.parquet: this is no Parquet file that can be read"),
    ],
)  # fmt: skip
def test_what_is_no_table_says_where_and_what_was_expected(
    tmp_path: Path, parity: Parity, name: str, content: str | bytes, message: str
) -> None:
    table(tmp_path, name, content)
    table(tmp_path, "trades.csv", SOUND)
    told = parity("compare", name, "trades.csv", "--table", "trades")
    assert told.code == 2, told.out
    assert message in told.err
    other_side = parity("compare", "trades.csv", name, "--table", "trades")
    assert other_side.code == 2
    assert message in other_side.err


def test_a_file_that_is_not_there_or_is_a_folder_says_so(parity: Parity, tmp_path: Path) -> None:
    table(tmp_path, "trades.csv", SOUND)
    assert "none.csv: there is no such file" in parity("compare", "none.csv", "trades.csv").err
    assert "there is no folder nowhere" in parity("compare", "nowhere/a.csv", "trades.csv").err
    (tmp_path / "empty").mkdir()
    told = parity("compare", "empty", "trades.csv")
    assert told.code == 2
    assert "empty holds neither a run nor files that are called trades, equity" in told.err
    nobody = parity("compare", "trades.csv", "some-run")
    assert nobody.code == 2
    assert "there is no run 'some-run' in results (there is none at all)" in nobody.err


def test_a_column_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    raw = read_raw(table(tmp_path, "a.csv", ",b\n0,1\n"))
    assert list(raw.columns) == ["column 1", "b"]


def test_lines_are_counted_through_blank_ones_and_through_cells_of_several(tmp_path: Path) -> None:
    raw = read_raw(table(tmp_path, "a.csv", '\n\na,b\n\n1,"x\ny"\n2,z\n'))
    assert raw.columns["b"].values == ["x\ny", "z"]
    assert [raw.place(row, "b") for row in range(2)] == [
        f"{tmp_path}/a.csv:5: column 'b'",
        f"{tmp_path}/a.csv:7: column 'b'",
    ]


def test_a_byte_order_mark_belongs_to_no_name(tmp_path: Path) -> None:
    assert list(read_raw(table(tmp_path, "a.csv", b"\xef\xbb\xbfa,b\n1,2\n")).columns) == ["a", "b"]


def test_parquet_keeps_types_times_to_the_nanosecond_and_large_integers(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    big = 2**62 + 1
    columns: dict[str, Any] = {
        "whole": pa.array([big, None], pa.int64()),
        "small": pa.array([1, 2], pa.uint8()),
        "half": pa.array([0.1, None], pa.float32()),
        "flag": pa.array([True, None]),
        "word": pa.array(["x", None]).dictionary_encode(),
        "date": pa.array([19_000, None], pa.date32()),
        "time": pa.array([1_700_000_000_000_000_001, None], pa.timestamp("ns")),
        "zoned": pa.array([1_700_000_000_000, None], pa.timestamp("ms", "Europe/Berlin")),
        "nothing": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), file)
    raw = read_raw(file)
    types = {name: cells.type for name, cells in raw.columns.items()}
    assert types == {
        "whole": Type.INT, "small": Type.INT, "half": Type.FLOAT, "flag": Type.BOOL,
        "word": Type.TEXT, "date": Type.TIME, "time": Type.TIME, "zoned": Type.TIME,
        "nothing": Type.NOTHING,
    }  # fmt: skip
    values: dict[str, Any] = {name: cells.values[0] for name, cells in raw.columns.items()}
    assert values["whole"] == big
    assert values["half"] == 0.10000000149011612
    assert values["date"] == 19_000 * 86_400 * 10**9
    assert values["time"] == 1_700_000_000_000_000_001
    assert values["zoned"] == 1_700_000_000_000 * 10**6


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([[1]]), "its cells are list"),
        (
            pa.array([b"x"]),
            "its cells are binary, expected numbers, text, true and false",
        ),
        (pa.array([10**12], pa.timestamp("s")), "a time beyond what nanoseconds reach"),
    ],
    ids=("list", "binary", "time"),
)
def test_parquet_of_other_types_is_refused(tmp_path: Path, array: Any, message: str) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": array}), file)
    with pytest.raises(UsageError, match=message):
        read_raw(file)


def test_rows_and_columns_of_json_are_read_alike(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": 0.1}, {"a": None, "b": 2.5}]
    lists = {"a": [1, None], "b": [0.1, 2.5]}
    one = read_raw(table(tmp_path, "rows.json", json.dumps(rows)))
    two = read_raw(table(tmp_path, "lists.json", json.dumps(lists)))
    lines = "\n".join(map(json.dumps, rows))
    three = read_raw(table(tmp_path, "lines.jsonl", lines))
    for raw in (one, two, three):
        assert {name: (c.type, list(c.values)) for name, c in raw.columns.items()} == {
            "a": (Type.INT, [1, None]),
            "b": (Type.FLOAT, [0.1, 2.5]),
        }
