"""Section 7.4: outputs and their files, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from containers.errors import ConfigurationError
from containers.journal import Entry, OutputWritten
from containers.results import WorkflowResult
from tests.contract.conftest import Config, Run, names
from tests.contract.definitions import module, workflow

ROWS = [{"a": 1, "b": 0.1}, {"b": -1e-7, "c": 'say "hi", ok'}, {"a": None, "c": "x"}]
PLAIN = {"text": "é, ü", "list": [1, 0.1, None, True], "deep": {"no": "off", "n": "5"}}


def put_out(
    run: Run, study: Config, root: Path, value: Any, file: str | None, **keys: Any
) -> WorkflowResult:
    definition = workflow(
        {"name": "work", "outputs": {"x": {"value": value, "file": file}}}, **keys
    )
    return run(study, definitions=[definition], root=root, workflow_id="mine")


@pytest.mark.parametrize("storage", ["memory", "disk"])
@pytest.mark.parametrize("file", ["x.json", "deep/er/x.yaml"])
def test_plain_values_are_read_back(
    run: Run, study: Config, tmp_path: Path, storage: str, file: str
) -> None:
    study["results"] = {"storage": storage}
    result = put_out(run, study, tmp_path, PLAIN, file)
    assert result.success
    assert result.phase_results["work"].outputs == {"x": PLAIN}
    written = tmp_path / "results" / "mine" / "0" / "work" / file
    read = json.loads if file.endswith("json") else yaml.safe_load
    assert read(written.read_text(encoding="utf-8")) == PLAIN


def test_rows_are_written_as_csv(run: Run, study: Config, tmp_path: Path) -> None:
    assert put_out(run, study, tmp_path, ROWS, "x.csv").success
    written = tmp_path / "results" / "mine" / "0" / "work" / "x.csv"
    assert written.read_bytes() == (b'a,b,c\n1,0.1,\n,-1e-07,"say ""hi"", ok"\n,,x\n')


def test_rows_are_written_as_parquet(run: Run, study: Config, tmp_path: Path) -> None:
    assert put_out(run, study, tmp_path, ROWS, "x.parquet").success
    table = pq.read_table(tmp_path / "results" / "mine" / "0" / "work" / "x.parquet")
    assert table.column_names == ["a", "b", "c"]
    assert table.to_pylist() == [
        {"a": 1, "b": 0.1, "c": None},
        {"a": None, "b": -1e-7, "c": 'say "hi", ok'},
        {"a": None, "b": None, "c": "x"},
    ]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_curve_is_written_with_its_two_columns(
    run: Run, study: Config, tmp_path: Path, suffix: str
) -> None:
    path = "${work.portfolios.momentum.aggressive.equity_curve}"
    result = put_out(run, study, tmp_path, path, f"x.{suffix}")
    assert result.error is None
    curve = result.phase_results["work"].portfolios["momentum.aggressive"].equity_curve
    assert curve is not None
    file = tmp_path / "results" / "mine" / "0" / "work" / f"x.{suffix}"
    rows = list(zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True))
    if suffix == "csv":
        lines = ["time_ns,equity", *(f"{t},{e!r}" for t, e in rows)]
        assert file.read_text() == "\n".join(lines) + "\n"
    else:
        table = pq.read_table(file)
        assert table.column_names == ["time_ns", "equity"]
        columns = [table.column(name).to_pylist() for name in table.column_names]
        assert list(zip(*columns, strict=True)) == rows


def test_trades_are_written_with_their_fields(run: Run, study: Config, tmp_path: Path) -> None:
    path = "${work.portfolios.momentum.aggressive.trades}"
    result = put_out(run, study, tmp_path, path, "x.parquet")
    trades = result.phase_results["work"].portfolios["momentum.aggressive"].trades
    assert trades
    table = pq.read_table(tmp_path / "results" / "mine" / "0" / "work" / "x.parquet")
    assert table.to_pylist() == [
        {field: getattr(trade, field) for field in trade.__struct_fields__} for trade in trades
    ]


@pytest.mark.parametrize(
    "file",
    [
        "../x.json",
        "/tmp/x.json",
        "a/../../x.json",
        "x.txt",
        "x",
        ".json",
        "",
        "x.JSON5",
        "a\\x.txt",
    ],
)
def test_a_file_outside_or_of_another_kind_is_refused(
    run: Run, study: Config, tmp_path: Path, file: str
) -> None:
    with pytest.raises(ConfigurationError):
        put_out(run, study, tmp_path, 1, file)
    assert not any(tmp_path.rglob("*x*"))


@pytest.mark.parametrize(
    ("value", "file"),
    [
        ({"a": 1}, "x.csv"),
        ([1, 2], "x.csv"),
        ("text", "x.parquet"),
        ("${work.portfolios.momentum.aggressive}", "x.csv"),
    ],
)
def test_a_value_that_does_not_fit_the_form_fails_the_phase(
    run: Run, study: Config, tmp_path: Path, value: Any, file: str
) -> None:
    result = put_out(run, study, tmp_path, value, file)
    error = result.phase_results["work"].error
    assert error is not None
    assert (error.type, error.path) == ("OutputError", "iteration=0/phase=work")
    assert not result.success


def test_without_a_file_nothing_is_written_in_memory(
    run: Run, study: Config, tmp_path: Path
) -> None:
    assert put_out(run, study, tmp_path, 1, None).success
    assert list(tmp_path.iterdir()) == []


def test_in_memory_the_folder_has_the_outputs_and_the_manifest(
    run: Run, study: Config, tmp_path: Path
) -> None:
    journal: list[Entry] = []
    definition = workflow(
        {"name": "work", "outputs": {"x": {"value": 1, "file": "x.json"}}},
        outputs={"all": {"value": "${work.metrics.bars}", "file": "all.yaml"}},
    )
    result = run(study, definitions=[definition], root=tmp_path, journal=journal)
    (folder,) = (tmp_path / "results").iterdir()
    assert folder.name == result.workflow_id
    assert names(folder) == {"0/work/x.json", "all.yaml"}
    listed = {f["path"] for f in json.loads((folder / "manifest.json").read_text())["files"]}
    assert listed == names(folder)
    assert result.outputs == {"all": 60}
    written = [(e.path, e.record.path) for e in journal if isinstance(e.record, OutputWritten)]
    assert ((("iteration", 0), ("phase", "work")), "0/work/x.json") in written
    assert ((), "all.yaml") in written


def test_outputs_resolve_in_declared_order(run: Run, study: Config) -> None:
    definition = workflow(
        {"name": "work", "outputs": {
            "one": {"value": 1}, "two": {"value": "${outputs.work.one}"},
        }},
    )  # fmt: skip
    result = run(study, definitions=[definition])
    assert result.phase_results["work"].outputs == {"one": 1, "two": 1}


def test_outputs_of_the_workflow_see_the_last_pass(run: Run, study: Config) -> None:
    definition = workflow(
        {"name": "a"}, {"name": "b"},
        outputs={"x": {"value": {"i": "${iteration}", "bars": ["${a.metrics.bars}"]}}},
    )  # fmt: skip
    assert run(study, definitions=[definition]).outputs == {"x": {"i": 0, "bars": [60]}}


def test_an_output_of_the_workflow_that_is_missing_fails_the_run(run: Run, study: Config) -> None:
    definition = workflow(
        {"name": "a"},
        {"name": "b", "when": [{"expression": "iteration > 0"}]},
        outputs={"x": {"value": "${b.metrics.bars}"}},
    )
    result = run(study, definitions=[definition])
    assert not result.success
    assert result.error is not None
    assert (result.error.type, result.error.path) == ("MissingReferenceError", "")
    assert result.phase_results["a"].status == "succeeded"


def test_outputs_that_hold_all_outputs_or_the_phase_itself_hold_those_before(
    run: Run, study: Config, tmp_path: Path
) -> None:
    definition = workflow(
        {
            "name": "work",
            "outputs": {
                "none": {"value": "${outputs}", "file": "none.json"},
                "one": {"value": "${outputs}"},
                "me": {"value": "${work}", "file": "me.json"},
            },
        }
    )
    result = run(study, definitions=[definition], root=tmp_path)
    assert result.error is None
    outputs = result.phase_results["work"].outputs
    assert outputs["none"] == {}
    assert outputs["one"] == {"work": {"none": {}}}
    assert list(outputs["me"].outputs) == ["none", "one"]


def test_a_phase_without_outputs_is_not_among_all_outputs(run: Run, study: Config) -> None:
    outputs = {"all": {"value": "${outputs}"}}
    definition = workflow({"name": "work"}, {"name": "late", "outputs": outputs}, outputs=outputs)
    result = run(study, definitions=[definition])
    assert result.phase_results["late"].outputs == {"all": {}}
    assert result.outputs == {"all": {"late": {"all": {}}}}


def test_all_outputs_of_a_module_go_by_its_own_names(run: Run, study: Config) -> None:
    shared = module(
        {"name": "work", "outputs": {"n": {"value": 1}, "all": {"value": "${outputs}"}}},
        name="shared",
    )
    importing = {"module": "shared", "as": "im"}
    result = run(study, definitions=[shared, workflow(name="written", imports=[importing])])
    assert result.phase_results["im.work"].outputs == {"n": 1, "all": {"work": {"n": 1}}}


def test_no_file_is_written_when_a_later_output_leads_nowhere(
    run: Run, study: Config, tmp_path: Path
) -> None:
    outputs = {
        "x": {"value": 1, "file": "x.json"},
        "y": {"value": "${work.best_parameters.nowhere}"},
    }
    result = run(study, definitions=[workflow({"name": "work", "outputs": outputs})], root=tmp_path)
    assert result.phase_results["work"].status == "failed"
    assert not list(tmp_path.rglob("x.json"))


def test_the_status_of_a_phase_that_failed_or_was_skipped_can_be_read(
    run: Run, study: Config
) -> None:
    definition = workflow(
        {"name": "work"},
        {"name": "failed", "required": False, "config": {"random_seed": "${config.workflow}"}},
        {"name": "skipped", "depends_on": "work", "when": {"expression": "1 > 2"}},
        outputs={"said": {"value": ["${failed.status}", "${skipped.status}"]}},
    )
    result = run(study, definitions=[definition])
    assert result.error is None
    assert result.outputs == {"said": ["failed", "skipped"]}


def test_the_configuration_is_written_in_the_order_of_the_documents(
    run: Run, study: Config, tmp_path: Path
) -> None:
    study["strategies"] = [{"type": "buy_and_hold"}]
    assert put_out(run, study, tmp_path, "${config}", "x.yaml").success
    written = tmp_path / "results" / "mine" / "0" / "work" / "x.yaml"
    config = yaml.safe_load(written.read_text(encoding="utf-8"))
    assert list(config)[8:12] == ["trace", "results", "random_seed", "max_iterations"]
    (strategy,) = config["strategies"]
    assert list(strategy) == ["type", "name", "parameters", "symbols", "timeframe"]
