"""`parity compare`: what is matched, what differs, by how much and where, and what never passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.parity.conftest import HANDMADE, Output

Parity = Callable[..., Output]

HEADER = "portfolio,symbol,entry_time,side,quantity,net_profit"
ROWS = (
    "p,A,2024-01-02,1,10,1.5",
    "p,A,2024-01-03,-1,10,-2.25",
    "p,B,2024-01-02,1,5,0.1",
)


def write(name: str, *rows: str, header: str = HEADER) -> str:
    Path(name).write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return name


def compared(parity: Parity, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = parity("compare", *arguments, "--json", "-")
    assert done.out, done.err
    assert done.code == done.document["exit_code"]
    return done.code, done.document


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


@pytest.fixture
def run(parity: Parity) -> Parity:
    """Give `parity` in a folder with a run, as a document and as a folder of results."""
    shutil.copytree(HANDMADE, "data", ignore=shutil.ignore_patterns("*.py", "*.md"))
    Path("c.yaml").write_text(
        "workflow: simple_backtest\n"
        "data: {data_dir: data}\n"
        "symbols: [AAA, BBB]\n"
        "strategies: [{type: momentum, parameters: {fast_period: 1, slow_period: 2}}]\n"
        "risk_profiles: [{type: aggressive}, {type: conservative}]\n"
        "results: {storage: hybrid}\n",
        "utf-8",
    )
    assert parity("run", "c.yaml", "--id", "mine", "--json", "run.json").code == 0
    assert Path("results/mine/result.json").is_file()
    return parity


def test_a_run_is_the_same_as_document_folder_id_and_record(run: Parity) -> None:
    assert run("verify", "c.yaml").code == 0
    record = next(Path(".parity/records/000001/0").glob("control-*"))
    for left in ("run.json", "results/mine", "mine", str(record), f"{record}/record.json"):
        code, document = compared(run, left, "run.json")
        assert code == 0, left
        kinds = [table["kind"] for table in document["tables"]]
        assert kinds == ["trades", "equity", "metrics"]
        assert document["place"] == "iteration=0/phase=backtest"
        assert all(table["matched"] for table in document["tables"])


def their_files(document: dict[str, Any]) -> None:
    """Write what a run has as files of rows, in a folder."""
    Path("theirs").mkdir()
    portfolios = document["phase_results"]["backtest"]["portfolios"]
    trades = [trade for portfolio in portfolios.values() for trade in portfolio["trades"]]
    Path("theirs/trades.json").write_text(json.dumps(trades), "utf-8")
    samples = [
        f"{name},{time},{equity!r}"
        for name, portfolio in portfolios.items()
        for time, equity in zip(*portfolio["equity_curve"].values(), strict=True)
    ]
    write("theirs/equity.csv", *samples, header="portfolio,time_ns,equity")
    figures = {name: portfolio["metrics"] for name, portfolio in portfolios.items()}
    Path("theirs/metrics.json").write_text(json.dumps(figures), "utf-8")


def test_a_folder_of_files_is_held_against_a_run(run: Parity) -> None:
    document = json.loads(Path("run.json").read_text("utf-8"))
    their_files(document)
    assert compared(run, "theirs", "mine")[0] == 0
    assert compared(run, "mine", "theirs")[0] == 0
    text = Path("theirs/metrics.json").read_text("utf-8")
    figure = document["phase_results"]["backtest"]["portfolios"]
    name = next(iter(figure))
    value = figure[name]["metrics"]["final_equity"]
    Path("theirs/metrics.json").write_text(text.replace(repr(value), repr(value + 1)), "utf-8")
    code, found = compared(run, "theirs", "mine")
    assert code == 1
    differing = [
        (table["kind"], column["name"])
        for table in found["tables"]
        for column in table["columns"]
        if column["different"]
    ]
    assert differing == [("metrics", "final_equity")]
    Path("theirs/equity.csv").unlink()
    Path("theirs/metrics.json").unlink()
    code, found = compared(run, "theirs", "mine")
    assert (code, found["left_out"]) == (0, ["equity", "metrics"])
    shutil.copytree("theirs", "ours")
    Path("ours/equity.csv").write_text("portfolio,time_ns,equity\n", "utf-8")
    code, found = compared(run, "theirs", "ours")
    assert code == 1
    assert found["problems"] == ["theirs has no equity, and the other side has"]


def test_figures_can_be_rows_of_names_and_values(run: Parity) -> None:
    document = json.loads(Path("run.json").read_text("utf-8"))
    portfolios = document["phase_results"]["backtest"]["portfolios"]
    rows = [
        f"{name},{figure},{'' if value is None else repr(value)}"
        for name, portfolio in portfolios.items()
        for figure, value in portfolio["metrics"].items()
    ]
    write("metrics.csv", *rows, header="portfolio,name,value")
    assert compared(run, "metrics.csv", "run.json")[0] == 0
    wrong = [row.replace("num_trades,", "num_trades,1") for row in rows]
    write("metrics.csv", *wrong, header="portfolio,name,value")
    code, found = compared(run, "metrics.csv", "run.json")
    assert code == 1
    columns = [c["name"] for c in found["tables"][0]["columns"] if c["different"]]
    assert columns == ["num_trades"]
    write("metrics.csv", *rows[1:], header="portfolio,name,value")
    told = run("compare", "metrics.csv", "run.json")
    assert told.code == 2
    assert "as there is of another; write it with an empty value" in told.err


def test_one_portfolio_is_chosen_where_the_file_names_none(run: Parity) -> None:
    document = json.loads(Path("run.json").read_text("utf-8"))
    portfolios = document["phase_results"]["backtest"]["portfolios"]
    name, other = portfolios
    curve = portfolios[name]["equity_curve"]
    rows = [f"{t},{e!r}" for t, e in zip(curve["time_ns"], curve["equity"], strict=True)]
    write("equity.csv", *rows, header="time_ns,equity")
    code, found = compared(run, "equity.csv", "run.json", "--portfolio", name)
    assert code == 0
    note = found["tables"][0]["notes"][0]
    assert note == f"the only portfolio compared is '{name}'; the other side names none"
    assert compared(run, "equity.csv", "run.json", "--portfolio", other)[0] == 1
    every = compared(run, "equity.csv", "run.json")
    assert (every[0], every[1]["tables"][0]["right_columns"]) == (1, ["portfolio"])
    told = run("compare", "equity.csv", "run.json", "--portfolio", f"{name}x")
    assert told.code == 2
    assert f"did you mean '{name}'?" in told.err


def test_a_place_is_chosen_where_several_have_portfolios(parity: Parity) -> None:
    config = str(HANDMADE / "walk_forward" / "walk_forward.yaml")
    parity("run", config, "--json", "run.json")
    whole = compared(parity, "run.json", "run.json")
    assert whole[0] == 0
    place = "iteration=0/phase=validate/window=0/window=1/unit=0"
    code, document = compared(parity, "run.json", "run.json", "--place", place)
    assert (code, document["place"]) == (0, place)
    assert compared(parity, "run.json", "run.json", "--place", "validate")[0] == 0
    told = parity("compare", "run.json", "run.json", "--place", "valdate")
    assert told.code == 2
    assert "has no portfolio at 'valdate'" in told.err


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d.pop("iterations"), "is not the document of a run (KeyError: 'iterations')"),
        (lambda d: d.update(iterations=5), "is not the document of a run"),
        (
            lambda d: d["iterations"][0]["phase_results"]["backtest"]["portfolios"].clear(),
            "has no portfolio at all: nothing can be compared",
        ),
    ],
    ids=("without", "number", "none"),
)
def test_a_document_that_is_none_of_a_run_says_why(
    run: Parity, damage: Callable[[dict[str, Any]], Any], message: str
) -> None:
    document = json.loads(Path("run.json").read_text("utf-8"))
    damage(document)
    Path("broken.json").write_text(json.dumps(document), "utf-8")
    if "none" in message or "no portfolio" in message:
        for one in document["iterations"][0]["phase_results"]["backtest"]["iterations"]:
            one["portfolios"] = {}
        Path("broken.json").write_text(json.dumps(document), "utf-8")
    told = run("compare", "broken.json", "run.json")
    assert told.code == 2
    assert message in told.err


def test_results_that_were_changed_or_are_not_complete_are_refused(run: Parity) -> None:
    file = Path("results/mine/result.json")
    text = file.read_text("utf-8")
    file.write_text(text.replace('"net_profit":', '"net_profit" :', 1), "utf-8")
    told = run("compare", "mine", "run.json")
    assert told.code == 2
    assert "results/mine/result.json is not the file that" in told.err
    file.unlink()
    told = run("compare", "mine", "run.json")
    assert told.code == 2
    assert "holds no result.json, so no run has come to its end there" in told.err


def test_documents_of_another_kind_and_folders_of_several_records_are_refused(run: Parity) -> None:
    run("verify", "c.yaml", "--json", "verify.json")
    told = run("compare", "verify.json", "run.json")
    assert told.code == 2
    assert "found a document of the schema 'paritykit/verify/1', expected that of a run" in told.err
    told = run("compare", ".parity/records/000001", "run.json")
    assert told.code == 2
    assert "has several records; name one of them: .parity/records/000001/0/" in told.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trades.csv", "other.csv", "--place", "x"), "neither side is a run"),
        (("trades.csv", "other.csv", "--portfolio", "x"), "neither side is a run"),
        (("trades.csv", "run.json", "--table", "equity"), "trades.csv has no equity; it has"),
        (("odd.csv", "odd2.csv"), "do not say whether it is of trades, equity or metrics"),
        (("run.json", "run.json", "--mapping", "map.yaml"), "there is nothing to map"),
        (("trades.csv", "run.json", "--mapping", "right.yaml"), "map the other one"),
        (("trades.csv", "other.csv", "--mapping", "none.yaml"), "none.yaml"),
        (("trades.csv",), "Missing argument 'RIGHT'"),
        (("trades.csv", "other.csv", "--table", "orders"), "'orders' is not one of"),
        (("trades.csv", "other.csv", "--rows", "-1"), "-1 is not in the range"),
        (("trades.csv", "other.csv", "--today", "2026-01-01"), "give their --policy too"),
    ],
    ids=range(11),
)  # fmt: skip
def test_wrong_usage_says_what_is_wrong(
    run: Parity, arguments: tuple[str, ...], message: str
) -> None:
    write("trades.csv", *ROWS)
    write("other.csv", *ROWS)
    write("odd.csv", "1", header="colour")
    write("odd2.csv", "1", header="colour")
    Path("map.yaml").write_text("trades: {columns: {a: b}}\n", "utf-8")
    Path("right.yaml").write_text("trades: {side: right, columns: {a: b}}\n", "utf-8")
    told = run("compare", *arguments)
    assert told.code == 2
    assert message in told.err


def test_a_section_of_a_mapping_that_was_not_used_is_a_problem(parity: Parity) -> None:
    write("trades.csv", *ROWS)
    Path("m.yaml").write_text("trades: {}\nequity: {}\n", "utf-8")
    code, document = compared(
        parity, "trades.csv", "trades.csv", "--mapping", "m.yaml", "--table", "trades"
    )
    assert code == 1
    assert document["problems"] == ["the mapping has a section of equity, which were not compared"]
