"""Outputs as files: what each form holds, where a file may lie, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.errors import OutputError, StorageError
from containers.events import EventKind
from containers.outputs import SUFFIXES, check_output_name, encode_output, write_output
from containers.results import (
    EquityCurve,
    IterationResult,
    PortfolioResult,
    Signals,
    StoredSignal,
    Trade,
    Window,
)
from containers.strict_yaml import loads

CURVE = EquityCurve(np.array([1, 2**62 + 1], np.int64), np.array([0.1 + 0.2, 1e-7]))
TRADE = Trade("s.p", "AAA", 1, 10.0, 10, 30, 0.1, 0.3, 2, 0.0, 2.0)
SIGNAL = StoredSignal(5, "fast", "AAA", -1, 0.5, 9)

text = st.text(st.characters(codec="utf-8"), max_size=12)
number = st.floats(allow_nan=False, allow_infinity=False)
# Escapes of control characters are refused when YAML is read, wherever they come from.
visible = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


def plain(words: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | number | words,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
        max_leaves=12,
    )


def typed(value: Any) -> str:
    return json.dumps(value, sort_keys=False)


@given(plain(text))
def test_any_plain_value_comes_back_from_json(value: Any) -> None:
    content = encode_output(value, ".json")
    assert typed(json.loads(content)) == typed(value)
    assert encode_output(value, ".json") == content


@given(plain(visible))
def test_any_plain_value_comes_back_from_yaml_as_this_project_reads_it(value: Any) -> None:
    content = encode_output({"value": value}, ".yaml").decode()
    assert typed(loads(content, "out.yaml").data) == typed({"value": value})


@pytest.mark.parametrize(
    "word", ["no", "null", "~", "1e-3", "010", "0x10", "12:30", "2005-01-03", "- a", "a: b", "#x",
             "", " a ", "true", ".nan", "=", "<<", "a\nb", "\t", "ä", "*a", "&a", "!a", "{", "%"],
)  # fmt: skip
def test_text_stays_text_in_yaml(word: str) -> None:
    content = encode_output({word: [word]}, ".yaml").decode()
    assert loads(content, "out.yaml").data == {word: [word]}


def test_the_same_object_twice_is_written_twice() -> None:
    shared = {"a": [1]}
    assert encode_output([shared, shared], ".yaml") == b"- a:\n  - 1\n- a:\n  - 1\n"


def test_parts_of_a_result_are_the_mappings_of_their_fields() -> None:
    iteration = IterationResult(
        Window("full", 0, 1, 0, 5, 6),
        {"fast.fast_period": 3},
        0,
        portfolios={"s.p": PortfolioResult("s", "p", {}, {"sharpe_ratio": None}, None, CURVE)},
        trace=object(),
    )
    document = json.loads(encode_output(iteration, ".json"))
    assert "trace" not in document
    assert document["window"]["name"] == "full"
    assert document["portfolios"]["s.p"]["equity_curve"] == {
        "time_ns": [1, 2**62 + 1], "equity": [0.1 + 0.2, 1e-7],
    }  # fmt: skip
    assert document["portfolios"]["s.p"]["trades"] is None
    assert encode_output(EventKind.BAR, ".yaml") == b"BAR\n"


def test_csv_has_columns_in_order_of_first_occurrence_and_null_where_absent() -> None:
    rows = [{"b": 1, "a": 0.1}, {"a": None, "c": 'say "hi", all'}, {"b": True, "a": 1e-07, "c": ""}]
    assert encode_output(rows, ".csv") == (b'b,a,c\n1,0.1,\n,,"say ""hi"", all"\ntrue,1e-07,""\n')
    assert encode_output([{"a,b": "x\ny"}], ".csv") == b'"a,b"\n"x\ny"\n'
    assert encode_output([], ".csv") == b""


@given(st.lists(st.tuples(text, number), min_size=1, max_size=6))
def test_text_and_floats_come_back_from_csv(rows: list[tuple[str, float]]) -> None:
    content = encode_output([{"t": t, "x": x} for t, x in rows], ".csv").decode()
    read = list(csv.reader(io.StringIO(content, newline="")))
    assert [(t, float(x)) for t, x in read[1:]] == rows


def test_curves_trades_and_signals_are_tables() -> None:
    assert encode_output(CURVE, ".csv") == (
        b"time_ns,equity\n1,0.30000000000000004\n4611686018427387905,1e-07\n"
    )
    header, row, _ = encode_output((TRADE,), ".csv").decode().split("\n")
    assert header.split(",") == list(Trade.__struct_fields__)
    assert row == "s.p,AAA,1,10.0,10,30,0.1,0.3,2,0.0,2.0"
    signals = Signals(("fast", "slow"), (SIGNAL,))
    assert encode_output(signals, ".csv") == encode_output([SIGNAL], ".csv")
    assert encode_output(signals, ".csv").splitlines()[1] == b"5,fast,AAA,-1,0.5,9"
    table = pq.read_table(io.BytesIO(encode_output(CURVE, ".parquet")))
    assert table.to_pydict() == {"time_ns": [1, 2**62 + 1], "equity": [0.1 + 0.2, 1e-7]}


def test_parquet_has_one_type_a_column() -> None:
    rows = [{"i": 1, "f": 1, "t": "ä", "b": True, "n": None}, {"f": 0.5}]
    content = encode_output(rows, ".parquet")
    table = pq.read_table(io.BytesIO(content))
    assert [str(kind) for kind in table.schema.types] == [
        "int64", "double", "string", "bool", "null",
    ]  # fmt: skip
    assert table.to_pylist() == [
        {"i": 1, "f": 1.0, "t": "ä", "b": True, "n": None},
        {"i": None, "f": 0.5, "t": None, "b": None, "n": None},
    ]
    assert content == encode_output(rows, ".parquet")
    assert pq.read_table(io.BytesIO(encode_output([], ".parquet"))).num_rows == 0


@pytest.mark.parametrize(
    ("value", "suffix", "message"),
    [
        (float("nan"), ".json", "found nan, expected a finite number, or null for none"),
        ({"a": [1, float("inf")]}, ".yaml", r"found inf at a\[1\], expected a finite number"),
        ({"a": {1: 2}}, ".json", "found 1 as a key at a, expected text"),
        ({"a": {2, 3}}, ".yaml", "found a Python set at a, expected text, a number, a list"),
        ({"a": object()}, ".json", "found a Python object at a"),
        ("\ud800", ".json", "found text that is no Unicode"),
        ({"a": 1}, ".csv", "found a mapping, expected a list of mappings, or an equity curve"),
        (5, ".parquet", "found 5, expected a list of mappings"),
        ([{"a": 1}, 5], ".csv", r"found 5 at \[1\], expected a mapping: one row of the table"),
        ([{"a": [1]}], ".csv", r"found a list at \[0\].a, expected a single value \(write it as"),
        ([{1: 1}], ".parquet", r"found 1 as a key at \[0\], expected text"),
        ([{"a": 1}, {"a": float("nan")}], ".csv", r"found nan at \[1\].a, expected a finite"),
        ([{"a": 1}, {"a": "x"}], ".parquet", "found int and str in the column 'a', expected one"),
        ([{"a": True}, {"a": 1}], ".parquet", "found bool and int in the column 'a'"),
        ([{"a": 2**63}], ".parquet", "found a whole number beyond 64 bits"),
        ([{"a": 2**53 + 1}, {"a": 0.5}], ".parquet", "found 9007199254740993 among the floats"),
        ([{"a": "\ud800"}], ".parquet", "found text that is no Unicode"),
        ([], ".xlsx", r"found the form '.xlsx'"),
    ],
)
def test_a_value_that_does_not_fit_says_where_and_what_would(
    value: Any, suffix: str, message: str
) -> None:
    with pytest.raises(OutputError, match=message):
        encode_output(value, suffix)


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["best.json", "a/b.c/d.csv", "ä ö.parquet", "a..yaml"])
def test_a_path_below_the_folder_with_a_known_ending_will_do(name: str) -> None:
    assert check_output_name(name) == f".{name.rpartition('.')[2]}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "expected a path below the folder of its phase"),
        ("/etc/x.json", "expected a path below the folder of its phase"),
        ("../x.json", "expected a path below the folder of its phase"),
        ("a/../../x.json", "expected a path below the folder of its phase"),
        ("a//x.json", "expected a path below the folder of its phase"),
        ("./x.json", "expected a path below the folder of its phase"),
        ("a\\..\\x.json", "without '\\' or invisible characters"),
        ("a\nb.json", "without '\\' or invisible characters"),
        ("x" * 200 + ".json", "names of at most 200 bytes"),
        ("best", "expected an ending that says its form (known: .json, .yaml, .csv, .parquet)"),
        ("best.yml", "expected an ending that says its form (did you mean '.yaml'?)"),
        ("best.JSON", "(did you mean '.json'?)"),
        (".json", "expected an ending that says its form"),
        (".hidden.yaml", "expected names that do not begin with a dot"),
        ("a/.b/c.yaml", "expected names that do not begin with a dot"),
        ("...json", "expected names that do not begin with a dot"),
        ("a.json/", "expected a path below the folder of its phase"),
    ],
)
def test_a_name_that_leaves_the_folder_or_says_no_form(name: str, message: str) -> None:
    with pytest.raises(OutputError) as caught:
        check_output_name(name)
    assert message in str(caught.value)
    assert repr(name) in str(caught.value)


def test_the_known_endings() -> None:
    assert SUFFIXES == (".json", ".yaml", ".csv", ".parquet")


# --- files ------------------------------------------------------------------------------------


def test_a_file_is_written_below_its_folder(tmp_path: Path) -> None:
    assert write_output(tmp_path, "0/sweep", "out/best.json", {"a": 1}) == "0/sweep/out/best.json"
    assert write_output(tmp_path, "", "best.yaml", {"a": 1}) == "best.yaml"
    assert (tmp_path / "0/sweep/out/best.json").read_bytes() == b'{\n "a": 1\n}\n'
    assert (tmp_path / "best.yaml").read_bytes() == b"a: 1\n"
    written = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert written == ["0/sweep/out/best.json", "best.yaml"]


@pytest.mark.parametrize("name", ["run.json", "result.json", "manifest.json"])
def test_the_files_of_the_run_itself_are_not_for_outputs(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="which the run writes itself"):
        write_output(tmp_path, "", name, {})
    write_output(tmp_path, "0/a", name, {})


@pytest.mark.parametrize(
    "name",
    [
        "0/trace/trace.json", "0/1/trace/portfolio_update.parquet", "12/signals.parquet",
        "portfolios/s.p/trades.parquet", "0/portfolios/ä/equity.parquet",
    ],
)  # fmt: skip
def test_the_files_of_phases_and_units_are_not_for_outputs(name: str, tmp_path: Path) -> None:
    for folder, file in (("0/a", name), ("", f"0/a/{name}")):
        with pytest.raises(OutputError, match="which the run writes itself"):
            write_output(tmp_path, folder, file, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "trace/trace.json", "signals.parquet", "heard/signals.parquet", "0/trace/mine.csv",
        "portfolios/trades.parquet", "portfolios/s.p/mine.parquet", "x/result.json",
    ],
)  # fmt: skip
def test_names_like_those_of_a_run_are_for_outputs(name: str, tmp_path: Path) -> None:
    assert write_output(tmp_path, "0/a", name, [{"a": 1}]) == f"0/a/{name}"


def test_no_file_is_written_over(tmp_path: Path) -> None:
    write_output(tmp_path, "0/a", "x.json", 1)
    with pytest.raises(OutputError, match="which is there already"):
        write_output(tmp_path, "0/a", "x.json", 2)
    assert (tmp_path / "0/a/x.json").read_bytes() == b"1\n"


def test_nothing_is_written_when_the_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_output(tmp_path, "0/a", "x.csv", 1)
    assert list(tmp_path.iterdir()) == []


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "run"
    outside.mkdir()
    (outside / "victim.json").write_text("untouched")
    (root / "0").mkdir(parents=True)
    (root / "0" / "link").symlink_to(outside)
    (root / "0" / "file.json").symlink_to(outside / "victim.json")
    (root / "0" / "dangling.json").symlink_to(outside / "new.json")
    for name in ("link/x.json", "file.json", "dangling.json", "link/deep/x.json"):
        with pytest.raises(OutputError):
            write_output(root, "0", name, 1)
    (root / "1").symlink_to(outside)
    with pytest.raises(OutputError, match="no folder of the run"):
        write_output(root, "1", "x.json", 1)
    assert [file.name for file in outside.iterdir()] == ["victim.json"]
    assert (outside / "victim.json").read_text() == "untouched"


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    missing = tmp_path / "gone"
    with pytest.raises(StorageError, match="could not be created: No such file"):
        write_output(missing, "0", "x.json", 1)


def test_a_file_in_the_way_of_a_folder_is_no_folder_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "0").write_text("")
    with pytest.raises(OutputError, match="no folder of the run"):
        write_output(tmp_path, "0", "x.json", 1)


def test_parquet_can_be_read_by_others(tmp_path: Path) -> None:
    write_output(tmp_path, "", "t.parquet", [TRADE])
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.schema.field("entry_time").type == pa.int64()
    assert Trade(**table.to_pylist()[0]) == TRADE
