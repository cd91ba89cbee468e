"""Whole runs: statuses of phases, results, files, and what is journalled when."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.components import default_components
from containers.configuration import ObjectiveSettings
from containers.configuration.settings import Constraint
from containers.errors import ConfigurationError, DataError, StorageError
from containers.journal import Entry, OutputWritten, PhaseSkipped
from containers.results import EquityCurve, Metrics, PortfolioResult, WorkflowResult
from containers.storage import RunFolder, UnitFolder
from containers.trading import DataContainer
from declarative import DeclarativeWorkflowManager, run_unit
from declarative.statistics import best_of
from declarative.unit import Unit

Config = dict[str, Any]
MARKET = Path(__file__).parents[2] / "fixtures" / "market"


class Picky(DataContainer):
    """Fails in a phase that runs over seven bars."""

    def on_start(self) -> None:
        super().on_start()
        if self.settings()["bars"] == 7:
            raise RuntimeError("seven is too many")


@pytest.fixture
def run(
    write_workflow: Callable[..., Path], config: Config
) -> Callable[..., tuple[WorkflowResult, list[Entry]]]:
    """Run phases of which those over a week of January fail."""

    def act(failing: str = "", **phases: Any) -> tuple[WorkflowResult, list[Entry]]:
        entries: list[Entry] = []
        week = {"start_date": "2024-01-11", "end_date": "2024-01-17"}
        overrides = {name: {"data": week, "symbols": ["AAA"]} for name in failing.split()}
        manager = DeclarativeWorkflowManager(
            components=msgspec.structs.replace(default_components(), containers={"data": Picky}),
            consumers=[entries.append],
            patterns=write_workflow(**phases),
        )
        result = manager.run_workflow({**config, "workflow": "mine", "phases": overrides})
        return result, entries

    return act


Runner = Callable[..., tuple[WorkflowResult, list[Entry]]]


def unit_of(config: Config) -> Unit:
    return DeclarativeWorkflowManager().prepare(config).phases[0].unit()


def statuses(result: WorkflowResult) -> dict[str, str]:
    return {name: phase.status for name, phase in result.phase_results.items()}


def test_a_failed_phase_skips_its_dependents_and_no_others(run: Runner) -> None:
    result, entries = run(
        "b", a={}, b={}, c={"depends_on": "b"}, d={"depends_on": "[a, c]"}, e={"depends_on": "a"}
    )
    assert statuses(result) == {
        "a": "succeeded", "b": "failed", "c": "skipped", "d": "skipped", "e": "succeeded",
    }  # fmt: skip
    skipped = {
        dict(entry.path)["phase"]: (entry.number, entry.record.reason)
        for entry in entries
        if isinstance(entry.record, PhaseSkipped)
    }
    assert skipped == {"c": (0, "dependency 'b' failed"), "d": (0, "dependency 'c' was skipped")}
    assert result.phase_results["d"].reason == "dependency 'c' was skipped"
    assert not result.success
    assert result.error == result.phase_results["b"].error
    assert result.error is not None
    assert result.error.path == "iteration=0/phase=b/window=0/unit=0"
    assert result.aggregated_results["best_phase"] == "a"


def test_a_phase_that_is_not_required_may_fail(run: Runner) -> None:
    result, _ = run("b", a={}, b={"required": "false"})
    assert statuses(result) == {"a": "succeeded", "b": "failed"}
    assert (result.success, result.error) == (True, None)


def test_a_required_phase_that_depends_on_a_failed_one_fails_the_workflow(run: Runner) -> None:
    result, _ = run("b", a={}, b={"required": "false"}, c={"depends_on": "b"})
    assert not result.success
    assert result.error == result.phase_results["b"].error


def test_an_optional_phase_that_failed_has_run_and_fails_nothing(run: Runner) -> None:
    result, _ = run("a", a={"required": "false"})
    assert result.success
    assert result.error is None
    assert result.aggregated_results == {"primary_metric": None, "best_phase": None}


def test_every_phase_has_its_own_configuration_and_data(run: Runner) -> None:
    result, _ = run("", a={}, b={"config": "{data: {end_date: 2024-01-20}}"})
    bars = [p.iterations[0].window.last_bar for p in result.phase_results.values()]
    assert bars == [39, 19]
    assert result.trace_summary is not None
    traces = [phase.iterations[0].trace for phase in result.phase_results.values()]
    assert result.trace_summary.events == sum(trace.events_total for trace in traces)


def test_wrong_configuration_or_data_leave_nothing_behind(tmp_path: Path, config: Config) -> None:
    entries: list[Entry] = []
    manager = DeclarativeWorkflowManager(consumers=[entries.append], root=tmp_path / "root")
    stored = {**config, "results": {"storage": "disk"}}
    with pytest.raises(DataError):
        manager.run_workflow({**stored, "symbols": ["ZZZ"]})
    with pytest.raises(ConfigurationError):
        manager.run_workflow({**stored, "portfolio": {"initial_capital": 0}})
    with pytest.raises(ConfigurationError, match=r"found the workflow id '\.\./x'"):
        manager.run_workflow(stored, "../x")
    assert entries == []
    assert not (tmp_path / "root").exists()


def test_storage_changes_where_data_lie_and_no_number(tmp_path: Path, config: Config) -> None:
    entries: list[Entry] = []
    manager = DeclarativeWorkflowManager(consumers=[entries.append], root=tmp_path)
    kept = manager.run_workflow(config)
    assert not (tmp_path / "results").exists()
    stored = manager.run_workflow({**config, "results": {"storage": "disk"}})
    assert stored.workflow_id == kept.workflow_id
    one, other = (r.phase_results["backtest"] for r in (kept, stored))
    assert one.metrics == other.metrics
    assert (one.results_path, other.results_path) == (None, "0/backtest")
    assert kept.trace_summary is not None
    assert stored.trace_summary == msgspec.structs.replace(
        kept.trace_summary, path="0/backtest/0/trace"
    )
    folder = tmp_path / "results" / stored.workflow_id
    document = json.loads((folder / "result.json").read_text())
    assert document == json.loads(json.dumps(stored.to_document()))
    listed = {f["path"] for f in json.loads((folder / "manifest.json").read_text())["files"]}
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert listed == found - {"manifest.json", "run.json", ".lock"}
    assert "0/backtest/0/portfolios/momentum.moderate/trades.parquet" in listed
    written = [e.record for e in entries if isinstance(e.record, OutputWritten)]
    assert [record.path for record in written] == ["result.json", "manifest.json"]
    again = manager.run_workflow({**config, "results": {"storage": "disk"}})
    assert again.workflow_id == stored.workflow_id.removesuffix("1") + "2"


def test_a_result_that_cannot_be_written_fails_the_run(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: RunFolder, document: object) -> str:
        raise StorageError("the disk is full")

    monkeypatch.setattr(RunFolder, "write_result", refuse)
    manager = DeclarativeWorkflowManager(root=tmp_path)
    result = manager.run_workflow({**config, "results": {"storage": "disk"}}, "mine")
    assert (result.workflow_id, result.success) == ("mine", False)
    assert result.error is not None
    assert (result.error.type, result.error.path) == ("StorageError", "")
    assert result.phase_results["backtest"].status == "succeeded"


def test_a_folder_of_a_unit_that_cannot_be_made_fails_the_phase(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: UnitFolder) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(UnitFolder, "create", refuse)
    manager = DeclarativeWorkflowManager(root=tmp_path)
    result = manager.run_workflow({**config, "results": {"storage": "disk"}})
    assert result.phase_results["backtest"].status == "failed"
    assert result.error is not None
    assert result.error.path == "iteration=0/phase=backtest/window=0/unit=0"


def test_a_unit_runs_from_what_is_in_memory_as_in_the_manager(config: Config) -> None:
    manager = DeclarativeWorkflowManager()
    unit = unit_of(config)
    ran, whole = run_unit(unit), manager.run_workflow(config)
    portfolio = whole.phase_results["backtest"].portfolios["momentum.moderate"]
    assert ran.error is None
    assert ran.portfolios["momentum.moderate"].metrics == portfolio.metrics
    assert ran.trace is not None
    assert ran.trace.summary() == whole.trace_summary


def test_a_unit_can_be_run_again_whatever_was_done_to_its_result(config: Config) -> None:
    unit = unit_of(config)
    first = run_unit(unit)
    before = msgspec.to_builtins(first.portfolios["momentum.moderate"].parameters)
    first.portfolios["momentum.moderate"].parameters.clear()  # type: ignore[attr-defined]
    second = run_unit(unit)
    assert second.portfolios["momentum.moderate"].parameters == before
    assert first.trace is not None
    assert second.trace is not None
    assert second.trace.digest == first.trace.digest


def test_real_data_run_end_to_end() -> None:
    config = {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(MARKET)},
        "symbols": ["GOOG", "IBM"],
        "strategies": [{"type": "momentum"}, {"type": "mean_reversion"}],
        "risk_profiles": [{"type": "conservative"}, {"type": "aggressive"}],
        "trace_level": "detailed",
    }
    result = DeclarativeWorkflowManager().run_workflow(config)
    assert (result.engine, result.success) == ("declarative", True)
    phase = result.phase_results["backtest"]
    assert list(phase.portfolios) == [
        "momentum.conservative", "momentum.aggressive",
        "mean_reversion.conservative", "mean_reversion.aggressive",
    ]  # fmt: skip
    ratios = {name: p.metrics["sharpe_ratio"] or 0.0 for name, p in phase.portfolios.items()}
    assert phase.best_portfolio == max(ratios, key=ratios.__getitem__)
    assert phase.aggregate_metrics["portfolios"] == 4
    assert phase.aggregate_metrics["initial_capital"] == 400_000.0
    assert result.trace_summary is not None
    assert result.trace_summary.kept == result.trace_summary.events > 20_000


def portfolio(**metrics: Any) -> PortfolioResult:
    empty = EquityCurve(np.array([], dtype=np.int64), np.array([], dtype=np.float64))
    known: Metrics = {"sharpe_ratio": None, "max_drawdown": 0.1, **metrics}
    return PortfolioResult("s", "p", {}, known, (), empty)


@pytest.mark.parametrize(
    ("direction", "best"),
    [("max", "high"), ("min", "low")],
)
def test_the_best_portfolio_keeps_constraints_has_a_value_and_ties_go_to_the_first(
    direction: str, best: str
) -> None:
    portfolios = {
        "null": portfolio(),
        "breaks": portfolio(sharpe_ratio=9.0 if direction == "max" else -9.0, max_drawdown=0.5),
        "unknown": portfolio(sharpe_ratio=9.0, max_drawdown=None),
        "low": portfolio(sharpe_ratio=1.0),
        "high": portfolio(sharpe_ratio=2.0),
        "also high": portfolio(sharpe_ratio=2.0),
        "also low": portfolio(sharpe_ratio=1.0),
    }
    limit = Constraint(metric="max_drawdown", operator="<=", value=0.3)
    objective = msgspec.convert(
        {"metric": "sharpe_ratio", "direction": direction, "constraints": [limit]},
        ObjectiveSettings,
    )
    metrics = {name: portfolio.metrics for name, portfolio in portfolios.items()}
    assert best_of(metrics, objective) == best
    only_bad = {name: metrics[name] for name in ("unknown", "breaks", "null")}
    assert best_of(only_bad, objective) == "null"
    assert best_of({}, objective) is None
