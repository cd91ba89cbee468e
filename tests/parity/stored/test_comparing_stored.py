"""`parity compare`: what is matched, what differs, by how much and where, and what never passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.parity.stored.files_of_rows import HEADER, ROWS, Parity, compared, write


def test_equal_files_are_equal_whatever_the_order_of_rows_and_columns(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    lines = [line.split(",") for line in (HEADER, *reversed(ROWS))]
    Path("other.csv").write_text("\n".join(",".join(reversed(c)) for c in lines), "utf-8")
    code, document = compared(parity, "trades.csv", "other.csv")
    assert code == 0
    (table,) = document["tables"]
    assert (table["kind"], table["key"]) == ("trades", ["portfolio", "symbol", "entry_time"])
    assert (table["matched"], table["different"]) == (3, 0)
    assert document["verdict"] == "equal"


def test_what_differs_is_counted_measured_and_shown(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    write(
        "other.csv",
        "p,A,2024-01-02,1,10,1.5000000000000002",
        "p,A,2024-01-03,1,10,-2.5",
        "p,C,2024-01-02,1,5,0.1",
    )
    code, document = compared(parity, "trades.csv", "other.csv")
    assert code == 1
    (table,) = document["tables"]
    counts = {n: table[n] for n in ("matched", "different", "only_left", "only_right")}
    assert counts == {"matched": 2, "different": 2, "only_left": 1, "only_right": 1}
    columns = {column["name"]: column for column in table["columns"]}
    assert columns["quantity"]["different"] == 0
    assert columns["side"]["different"] == 1
    assert columns["side"]["widest_abs"]["size"] == 2
    profit = columns["net_profit"]
    assert (profit["compared"], profit["different"]) == (2, 2)
    assert profit["widest_abs"] == {
        "size": 0.25,
        "key": {"portfolio": "p", "symbol": "A", "entry_time": 1_704_240_000_000_000_000},
        "left": -2.25,
        "right": -2.5,
    }
    assert profit["widest_rel"]["size"] == 0.1
    assert profit["widest_ulp"]["size"] == 562_949_953_421_312
    rows = table["rows"]
    assert rows[0]["left"] == {"net_profit": 1.5}
    assert rows[0]["left_place"] == "trades.csv:2"
    assert rows[2]["right"] is None
    assert rows[3]["left"] is None
    text = parity("compare", "trades.csv", "other.csv", "--rows", "1").out
    assert "3 rows left, 3 right: 2 in both, 2 of them different; 1 only left, 1 only right" in text
    assert "only left: portfolio 'p', symbol 'B', entry_time 2024-01-02:" in text
    assert "(trades.csv:4)" in text
    assert "net_profit: 1.5 left, 1.5000000000000002 right" in text
    assert "equal in all rows of both: quantity" in text
    assert "-2.5 right" not in text


def test_columns_of_one_side_are_a_difference_and_are_named(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    rows = [row + ",x" for row in ROWS]
    write("more.csv", *rows, header=HEADER + ",tag")
    code, document = compared(parity, "trades.csv", "more.csv")
    assert (code, document["tables"][0]["right_columns"]) == (1, ["tag"])
    code, document = compared(parity, "more.csv", "trades.csv")
    assert (code, document["tables"][0]["left_columns"]) == (1, ["tag"])
    assert "columns only left: tag" in parity("compare", "more.csv", "trades.csv").out


def test_rows_of_one_key_are_matched_in_their_order_and_that_is_told(parity: Parity) -> None:
    write("trades.csv", ROWS[0], ROWS[0].replace("1.5", "2.5"), ROWS[0].replace("1.5", "3.5"))
    write("other.csv", ROWS[0], ROWS[0].replace("1.5", "3.5"))
    code, document = compared(parity, "trades.csv", "other.csv")
    assert code == 1
    (table,) = document["tables"]
    assert (table["left_again"], table["right_again"]) == (2, 1)
    assert (table["matched"], table["different"], table["only_left"]) == (2, 1, 1)
    told = parity("compare", "trades.csv", "other.csv").out
    assert "2 rows left and 1 right have the key of an earlier one" in told


def test_another_key_matches_other_rows_and_must_be_there_and_have_something(
    parity: Parity,
) -> None:
    write("trades.csv", *ROWS)
    write("other.csv", *(row.replace("2024-01-02", "2024-01-05") for row in ROWS))
    assert compared(parity, "trades.csv", "other.csv")[1]["tables"][0]["matched"] == 1
    code, document = compared(parity, "trades.csv", "other.csv", "--key", "symbol, side,quantity")
    assert (code, document["tables"][0]["matched"]) == (1, 3)
    for key, message in (
        ("symbl", "trades.csv (the left side) has no 'symbl' to match rows by; did you mean"),
        ("symbol,,side", "found a name of nothing"),
        ("", "found a name of nothing"),
    ):
        told = parity("compare", "trades.csv", "other.csv", "--key", key)
        assert told.code == 2
        assert message in told.err
    write("hole.csv", "p,,2024-01-02,1,10,1.5")
    told = parity("compare", "hole.csv", "trades.csv")
    assert told.code == 2
    assert "hole.csv:2: it has nothing in 'symbol', by which rows are matched" in told.err


def test_two_empty_tables_are_never_a_pass_and_one_is_a_difference(parity: Parity) -> None:
    write("trades.csv")
    write("other.csv")
    code, document = compared(parity, "trades.csv", "other.csv")
    assert (code, document["verdict"]) == (4, "nothing compared")
    assert "NOTHING COMPARED" in parity("compare", "trades.csv", "other.csv").out
    write("full.csv", *ROWS)
    assert compared(parity, "trades.csv", "full.csv")[0] == 1
    assert compared(parity, "full.csv", "trades.csv")[0] == 1


def test_where_everything_but_the_key_is_ignored_nothing_was_compared(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    Path("m.yaml").write_text("trades: {ignore: {side: x, quantity: x, net_profit: x}}\n", "utf-8")
    assert compared(parity, "trades.csv", "trades.csv", "--mapping", "m.yaml")[0] == 4


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("0.1", "0.10", True),
        ("1", "1.0", True),  # text says nothing of types
        ("1e0", "1", True),
        ("0.1", "0.10000000000000002", False),
        ("0.1", "0.1000000000000000055511151231257827", True),  # the nearest double
        ("-0.0", "0.0", False),
        ("", "0", False),
        ("", "", True),
    ],
)
def test_floats_of_text_are_their_nearest_doubles(
    parity: Parity, left: str, right: str, same: bool
) -> None:
    write("trades.csv", f"p,A,2024-01-02,1,10,{left}")
    write("other.csv", f"p,A,2024-01-02,1,10,{right}")
    assert (compared(parity, "trades.csv", "other.csv")[0] == 0) is same


@pytest.mark.parametrize(
    ("left", "right", "code"),
    [
        (pa.array([5]), pa.array([5.0]), 1),
        (pa.array([5]), pa.array([True]), 1),
        (pa.array([5]), pa.array(["5"]), 1),
        (pa.array([5]), pa.array([5], pa.int8()), 0),
        (pa.array([2**53 + 1]), pa.array([2**53]), 1),
        (pa.array([None], pa.int64()), pa.nulls(1), 0),
        (pa.array([1_700_000_000_000_000_099]), pa.array([1_700_000_000_000_000_000]), 1),
    ],
    ids=range(7),
)
def test_types_count_and_integers_never_pass_through_floats(
    parity: Parity, left: Any, right: Any, code: int
) -> None:
    for name, array in (("trades.parquet", left), ("other.parquet", right)):
        columns: dict[str, Any] = {"symbol": ["A"], "entry_time": [1], "mine": array}
        pq.write_table(pa.table(columns), name)
    found, document = compared(parity, "trades.parquet", "other.parquet")
    assert found == code
    if left.type != right.type and code:
        note = document["tables"][0]["columns"][0]["note"]
        assert "on the left" in note or left.type == pa.int64() == right.type


def test_a_nan_or_an_infinity_is_an_error_with_its_place_unless_it_means_nothing(
    parity: Parity,
) -> None:
    columns: dict[str, Any] = {"symbol": ["A"], "entry_time": [1], "net_profit": [float("nan")]}
    pq.write_table(pa.table(columns), "trades.parquet")
    told = parity("compare", "trades.parquet", "trades.parquet")
    assert told.code == 2
    assert "trades.parquet: row 0: column 'net_profit': found nan, expected a number" in told.err
    Path("m.yaml").write_text("trades: {nulls: [nan]}\n", "utf-8")
    assert parity("compare", "trades.parquet", "trades.parquet", "--mapping", "m.yaml").code == 0
    Path("rows.json").write_text('[{"symbol": "A", "entry_time": 1, "net_profit": Infinity}]')
    told = parity("compare", "rows.json", "rows.json")
    assert told.code == 2
    assert "rows.json: row 0: 'net_profit': found inf" in told.err


MAPPING = """
trades:
  ignore: {net_profit: theirs is before costs}
  tolerance: {quantity: {abs: 0.5, reason: they round}}
"""


def test_a_tolerance_needs_a_reason_says_how_much_was_used_and_must_be_needed(
    parity: Parity,
) -> None:
    write("trades.csv", *ROWS)
    write("other.csv", *(row.replace(",10,", ",10.25,").replace("1.5", "9") for row in ROWS))
    Path("m.yaml").write_text(MAPPING, "utf-8")
    code, document = compared(parity, "trades.csv", "other.csv", "--mapping", "m.yaml")
    assert code == 0
    (table,) = document["tables"]
    columns = {column["name"]: column for column in table["columns"]}
    assert (columns["quantity"]["tolerated"], columns["quantity"]["used"]) == (2, 0.5)
    assert table["ignored"] == {"net_profit": "theirs is before costs"}
    idle = compared(parity, "trades.csv", "trades.csv", "--mapping", "m.yaml")
    assert idle[0] == 1
    assert idle[1]["tables"][0]["problems"] == [
        "m.yaml:4:15: tolerance 'quantity' (they round) never fired"
    ]
    Path("m.yaml").write_text("trades: {ignore: {gone: it was there once}}\n", "utf-8")
    gone = compared(parity, "trades.csv", "trades.csv", "--mapping", "m.yaml")
    assert gone[0] == 1
    assert "ignore 'gone' (it was there once): there is no such column" in str(gone[1])
    beyond = MAPPING.replace("0.5", "0.2")
    Path("m.yaml").write_text(beyond, "utf-8")
    assert compared(parity, "trades.csv", "other.csv", "--mapping", "m.yaml")[0] == 1


POLICY = "schema: paritykit/policy/1\nrules:\n"


def test_a_policy_holds_for_stored_results_by_the_same_paths(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    write("other.csv", *(row.replace("1.5", "1.6") for row in ROWS[:2]))
    Path("policy.yaml").write_text(
        POLICY
        + "  - {channel: trades, path: '**/portfolio=p: row 0.net_profit', abs: 0.2, reason: a}\n"
        "  - {channel: trades, path: '**: row 2', ignore: true, reason: b}\n",
        "utf-8",
    )
    code, document = compared(parity, "trades.csv", "other.csv", "--policy", "policy.yaml")
    assert code == 0, document
    assert [rule["fired"] for rule in document["rules"]] == [1, 1]
    idle = parity("compare", "trades.csv", "trades.csv", "--policy", "policy.yaml")
    assert idle.code == 1
    assert "never fired" in idle.out
