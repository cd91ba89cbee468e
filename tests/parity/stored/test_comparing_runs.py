"""`parity compare` with a run on a side: whichever form it has, and what is chosen of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parity.conftest import HANDMADE
from tests.parity.stored.files_of_rows import ROWS, Parity, compared, write


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


def test_figures_by_name_are_known_for_what_they_are(run: Parity) -> None:
    document = json.loads(Path("run.json").read_text("utf-8"))
    portfolios = document["phase_results"]["backtest"]["portfolios"]
    name = next(iter(portfolios))
    Path("figures.json").write_text(json.dumps(portfolios[name]["metrics"]), "utf-8")
    assert compared(run, "figures.json", "run.json", "--portfolio", name)[0] == 0
    both = {key: portfolio["metrics"] for key, portfolio in portfolios.items()}
    Path("figures.json").write_text(json.dumps(both), "utf-8")
    assert compared(run, "figures.json", "run.json")[0] == 0
    del both[name]["sharpe_ratio"]
    Path("figures.json").write_text(json.dumps(both), "utf-8")
    told = run("compare", "figures.json", "run.json")
    assert told.code == 2
    assert f"figures.json: '{name}' has no 'sharpe_ratio', which another portfolio has" in told.err
