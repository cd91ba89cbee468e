"""Tables that can be read and still can't be compared, each with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.parity.stored.files_of_rows import ROWS, Parity, compared, write


def mapped(text: str) -> tuple[str, str]:
    Path("m.yaml").write_text(text, "utf-8")
    return ("--mapping", "m.yaml")


def test_calculating_with_text_is_refused(parity: Parity) -> None:
    Path("t.json").write_text('[{"symbol": "A", "entry_time": 1, "size": "x"}]', "utf-8")
    told = parity(
        "compare", "t.json", "t.json", "--table", "trades",
        *mapped("trades: {columns: {size: {field: quantity, absolute: true}}}\n"),
    )  # fmt: skip
    assert told.code == 2
    assert "found text, expected numbers, since the mapping calculates with them" in told.err


@pytest.mark.parametrize(
    ("value", "kind", "code", "message"),
    [
        ("5", "float", 0, ""),
        ("5.0", "int", 0, ""),
        ("5.5", "int", 2, "5.5 can't become int without a loss"),
        (str(2**53 + 1), "float", 2, "can't become float without a loss"),
        ("true", "float", 2, "found bool, which can't become float"),
        ("5", "text", 0, ""),
        ("5.5", "text", 2, "found float, which can't become text"),
        ("5.5", "time", 2, "expected a time; counted times are whole numbers"),
    ],
)
def test_a_type_is_changed_only_where_nothing_is_lost(
    parity: Parity, value: str, kind: str, code: int, message: str
) -> None:
    Path("t.json").write_text(f'[{{"symbol": "A", "entry_time": 1, "x": {value}}}]', "utf-8")
    told = parity(
        "compare", "t.json", "t.json", "--table", "trades",
        *mapped(f"trades: {{columns: {{x: {{field: mine, type: {kind}}}}}}}\n"),
    )  # fmt: skip
    # Only the left side is mapped, so where it is converted the sides have different columns.
    assert told.code == (2 if code else 1)
    assert message in told.err


def test_a_key_that_is_ignored_matches_nothing(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    told = parity(
        "compare", "trades.csv", "trades.csv", "--key", "symbol",
        *mapped("trades: {ignore: {symbol: none of ours}}\n"),
    )  # fmt: skip
    assert told.code == 2
    assert "'symbol' is ignored by the mapping, and can't match rows then" in told.err


def test_a_figure_that_is_there_twice_is_matched_with_its_second(parity: Parity) -> None:
    header = "portfolio,name,value"
    rows = ["p,a,1", "p,b,2", "p,a,3", "p,b,4"]
    write("metrics.csv", *rows, header=header)
    code, document = compared(parity, "metrics.csv", "metrics.csv")
    assert (code, document["tables"][0]["left_again"]) == (0, 1)
    write("metrics.csv", *rows[:3], header=header)
    told = parity("compare", "metrics.csv", "metrics.csv")
    assert told.code == 2
    assert "there is no 'b' of 'p' for a second time, as there is of another" in told.err
    write("metrics.csv", "p,,1", header=header)
    told = parity("compare", "metrics.csv", "metrics.csv")
    assert told.code == 2
    assert "metrics.csv:2: column 'name': found '', expected the name of a figure" in told.err


def test_a_folder_with_two_files_of_a_kind_is_refused(parity: Parity) -> None:
    Path("theirs").mkdir()
    for name in ("trades.csv", "trades.tsv"):
        write(f"theirs/{name}", *ROWS)
    write("trades.csv", *ROWS)
    told = parity("compare", "theirs", "trades.csv")
    assert told.code == 2
    assert "theirs has several files of trades: trades.csv, trades.tsv; name one" in told.err


def test_tabs_and_semicolons_separate_where_they_are_said_to(parity: Parity) -> None:
    rows = [row.replace(",", ";") for row in ROWS]
    header = "portfolio;symbol;entry_time;side;quantity;net_profit"
    write("trades.csv", *rows, header=header)
    write("other.csv", *ROWS)
    told = mapped("trades: {delimiter: ';'}\n")
    code, document = compared(parity, "trades.csv", "other.csv", *told)
    assert (code, document["tables"][0]["matched"]) == (0, 3)
    Path("trades.tsv").write_text("\n".join([header, *rows]).replace(";", "\t"), "utf-8")
    assert compared(parity, "trades.tsv", "other.csv")[0] == 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d.update(schema="paritykit/record/9"), "found the schema 'paritykit/record/9'"),
        (lambda d: d.pop("channels"), "is not the record of a run (KeyError: 'channels')"),
        (lambda d: d.update(channels=5), "is not the record of a run"),
    ],
    ids=("schema", "without", "number"),
)
def test_a_record_that_is_damaged_or_of_another_version_is_refused(
    parity: Parity, damage: Callable[[dict[str, Any]], Any], message: str
) -> None:
    record = {"schema": "paritykit/record/1", "channels": {}}
    damage(record)
    Path("r").mkdir()
    Path("r/record.json").write_text(json.dumps(record), "utf-8")
    told = parity("compare", "r", "r")
    assert told.code == 2
    assert message in told.err


def test_a_record_without_portfolios_and_one_without_curves_say_so(parity: Parity) -> None:
    places = {"a/phase=x/portfolio=p": {"figure": 1.5}}
    record = {"schema": "paritykit/record/1", "channels": {"metrics": places}}
    Path("r").mkdir()
    Path("r/record.json").write_text(json.dumps(record), "utf-8")
    write("equity.csv", "p,1,2.5", header="portfolio,time_ns,equity")
    code, document = compared(parity, "equity.csv", "r")
    assert (code, document["problems"]) == (1, ["r has kept no equity"])
    told = parity("compare", "equity.csv", "r", "--table", "equity")
    assert told.code == 2
    assert "r has no equity; it has metrics" in told.err
    Path("r/record.json").write_text(json.dumps({**record, "channels": {}}), "utf-8")
    told = parity("compare", "equity.csv", "r")
    assert told.code == 2
    assert "has no portfolio at all: nothing can be compared" in told.err


def test_several_phases_are_named_to_be_chosen_from(parity: Parity) -> None:
    places = {f"iteration=0/phase={name}/portfolio=p": {"figure": 1.5} for name in ("a", "b")}
    record = {"schema": "paritykit/record/1", "channels": {"metrics": places}}
    Path("r").mkdir()
    Path("r/record.json").write_text(json.dumps(record), "utf-8")
    told = parity("compare", "r", "r")
    assert told.code == 2
    assert (
        "has portfolios at 2 phases; choose one with --place: iteration=0/phase=a, "
        "iteration=0/phase=b" in told.err
    )
    assert compared(parity, "r", "r", "--place", "b")[0] == 0


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        ("equity", {"time_ns": [1, 2], "equity": [1.0]}),
        ("equity", {"equity": [1.0]}),
        ("equity", 5),
        ("equity", {"time_ns": 5, "equity": [1.0]}),
        ("trades", [{"symbol": "A"}]),
        ("trades", 5),
        ("trades", [5]),
        ("metrics", [1.5]),
        ("metrics", "sharpe"),
    ],
    ids=str,
)
def test_damaged_contents_of_a_run_are_no_traceback(
    parity: Parity, channel: str, content: Any
) -> None:
    places = {"iteration=0/phase=x/portfolio=p": content}
    record = {"schema": "paritykit/record/1", "channels": {channel: places}}
    Path("r").mkdir()
    Path("r/record.json").write_text(json.dumps(record), "utf-8")
    told = parity("compare", "r", "r")
    assert told.code == 2
    assert f"its {channel} at iteration=0/phase=x are not those of a run" in told.err


def test_a_parquet_column_that_is_there_twice_is_refused(parity: Parity) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, "trades.parquet")
    told = parity("compare", "trades.parquet", "trades.parquet")
    assert told.code == 2
    assert "trades.parquet: there are two columns called 'a'" in told.err
