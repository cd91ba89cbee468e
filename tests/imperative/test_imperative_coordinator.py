from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import imperative
from containers.components import Components
from containers.errors import ConfigurationError, DataError
from containers.journal import (
    BarDropped,
    ConfigResolved,
    Entry,
    IterationStarted,
    OutputWritten,
    PhaseFinished,
    PhaseStarted,
    PlanMade,
    WorkflowFinished,
    WorkflowStarted,
)
from imperative import Coordinator

MakeComponents = Callable[[Mapping[tuple[str, str], BaseException]], Components]

PHASE = (("iteration", 0), ("phase", "backtest"))


class Run:
    """A coordinator in its own folder, and what it journalled."""

    def __init__(self, root: Path, components: Components | None = None) -> None:
        self.root = root
        self.entries: list[Entry] = []
        self.coordinator = Coordinator(
            root=root, components=components, consumers=[self.entries.append]
        )

    def __call__(self, config: Any, workflow_id: str | None = None) -> Any:
        return self.coordinator.run_workflow(config, workflow_id)

    def problems(self, config: Any, workflow_id: str | None = None) -> str:
        """Run what cannot run; answer the text of the problems."""
        with pytest.raises(ConfigurationError) as caught:
            self(config, workflow_id)
        assert self.entries == []
        return str(caught.value)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    root = tmp_path / "root"
    root.mkdir()
    return Run(root)


def test_every_public_name_exists() -> None:
    assert sorted(imperative.__all__) == list(imperative.__all__)
    assert all(hasattr(imperative, name) for name in imperative.__all__)


def test_a_simple_backtest_answers_one_succeeded_phase(run: Run, config: dict[str, Any]) -> None:
    result = run(config)
    assert (result.engine, result.workflow, result.success) == (
        "imperative",
        config["workflow"],
        True,
    )
    [phase] = result.phase_results.values()
    [iteration] = phase.iterations
    assert (iteration.window.name, iteration.window.first_bar, iteration.window.last_bar) == (
        "full",
        0,
        7,
    )
    assert phase.metrics == phase.portfolios[phase.best_portfolio].metrics
    assert phase.portfolios["momentum.moderate"].parameters == {"fast_period": 1, "slow_period": 2}
    assert result.trace_summary == iteration.trace_summary == iteration.trace.summary()
    assert result.workflow_id == f"simple_backtest-{result.metadata['config_digest'][:8]}-1"
    assert list(run.root.iterdir()) == []


def test_the_journal_stands_in_the_order_of_the_contract(run: Run, config: dict[str, Any]) -> None:
    run(config)
    upper = [(entry.path, type(entry.record)) for entry in run.entries if len(entry.path) < 4]
    window = (*PHASE, ("window", 0))
    assert upper == [
        ((), WorkflowStarted),
        ((), ConfigResolved),
        ((("iteration", 0),), PlanMade),
        (PHASE, ConfigResolved),
        (PHASE, PhaseStarted),
        (window, IterationStarted),
        (PHASE, PhaseFinished),
        ((), WorkflowFinished),
    ]


def test_the_workflow_keeps_phases_in_its_configuration_and_a_phase_does_not(
    run: Run, config: dict[str, Any]
) -> None:
    run(config)
    [workflow, phase] = [
        entry.record.config for entry in run.entries if isinstance(entry.record, ConfigResolved)
    ]
    assert workflow["phases"] == {}
    assert "phases" not in phase


def test_the_configuration_is_not_changed_and_runs_leave_no_trace_in_each_other(
    run: Run, config: dict[str, Any]
) -> None:
    before = deepcopy(config)
    first = run(config).to_document()
    run({**config, "risk_profiles": [{"type": "aggressive"}], "random_seed": 3})
    assert run(config).to_document() == first
    assert config == before


def test_an_unknown_workflow_is_named_with_its_position_and_the_nearest(
    run: Run, config: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("random_seed: 1\nworkflow: simple_backtes\n", encoding="utf-8")
    assert run.problems(file) == (
        f"{file}:2:11: workflow: there is no workflow 'simple_backtes' "
        "(did you mean 'simple_backtest'?)"
    )


def test_a_missing_workflow_is_reported_with_all_else_that_is_missing(run: Run) -> None:
    problems = run.problems({})
    for key in ("workflow", "data.data_dir", "symbols", "strategies"):
        assert f"{key}: the required key" in problems


def test_an_unknown_phase_is_named_with_its_position_and_the_nearest(
    run: Run, config: dict[str, Any], market_folder: Path
) -> None:
    file = market_folder / "config.yaml"
    file.write_text(
        "workflow: simple_backtest\ndata: {data_dir: .}\nsymbols: [AAA]\n"
        "strategies: [{type: momentum}]\nphases:\n  backtests: {random_seed: 1}\n",
        encoding="utf-8",
    )
    assert run.problems(file) == (
        f"{file}:6:3: phases.backtests: workflow 'simple_backtest' has no phase 'backtests' "
        "(did you mean 'backtest'?)"
    )


def test_a_problem_of_a_phase_names_the_override_that_brought_it(
    run: Run, market_folder: Path
) -> None:
    file = market_folder / "config.yaml"
    file.write_text(
        "workflow: simple_backtest\ndata: {data_dir: .}\nsymbols: [AAA]\n"
        "strategies: [{type: momentum}]\n"
        "phases:\n  backtest:\n    risk_profiles:\n      - {type: custom}\n",
        encoding="utf-8",
    )
    assert run.problems(file).startswith(f"{file}:8:9: phases.backtest.risk_profiles[0]: a risk")


def test_a_phase_cannot_keep_its_results_elsewhere(run: Run, config: dict[str, Any]) -> None:
    config["phases"] = {"backtest": {"results": {"storage": "disk"}}}
    assert run.problems(config).startswith(
        "phases.backtest.results: unknown key 'results' ('results' holds for the whole workflow)"
    )


@pytest.mark.parametrize("workflow_id", ["../out", "a/b", ".hidden", ""])
@pytest.mark.parametrize("storage", ["memory", "disk"])
def test_an_unsafe_workflow_id_is_refused(
    run: Run, config: dict[str, Any], workflow_id: str, storage: str
) -> None:
    config["results"] = {"storage": storage}
    assert "expected letters, digits" in run.problems(config, workflow_id)


def test_wrong_data_leave_nothing_written(run: Run, config: dict[str, Any]) -> None:
    config |= {"results": {"storage": "disk"}, "symbols": ["ZZZ"]}
    with pytest.raises(DataError, match="ZZZ"):
        run(config)
    assert run.entries == []
    assert list(run.root.iterdir()) == []


def test_wrong_data_of_a_phase_are_found_before_anything_runs(
    run: Run, config: dict[str, Any]
) -> None:
    config["phases"] = {"backtest": {"symbols": ["ZZZ"]}}
    assert "phases.backtest.symbols[0]" in run.problems(config)


def test_a_phase_can_have_data_of_its_own(run: Run, config: dict[str, Any]) -> None:
    config["phases"] = {"backtest": {"data": {"start_date": "2024-01-03"}, "symbols": ["BBB"]}}
    result = run(config)
    [iteration] = result.phase_results["backtest"].iterations
    assert iteration.window.last_bar == 5
    assert set(iteration.trace_summary.by_container) >= {"portfolio/momentum.moderate"}


def test_each_dropped_row_is_journalled_once_however_often_it_is_read(
    run: Run, config: dict[str, Any], market_folder: Path
) -> None:
    with (market_folder / "AAA_1d.csv").open("a", encoding="utf-8") as file:
        file.write("2024-01-09,5,4,3,5,1\n")
    config["data"]["on_bad_bar"] = "drop"
    config["phases"] = {"backtest": {"data": {"start_date": "2024-01-02"}}}
    run(config)
    records = [entry.record for entry in run.entries]
    assert sum(isinstance(record, BarDropped) for record in records) == 1
    assert isinstance(records[1], BarDropped)


def test_disk_and_memory_give_the_same_numbers(run: Run, config: dict[str, Any]) -> None:
    in_memory = run(config).phase_results["backtest"]
    on_disk = run({**config, "results": {"storage": "disk"}}).phase_results["backtest"]
    assert on_disk.metrics == in_memory.metrics
    assert on_disk.aggregate_metrics == in_memory.aggregate_metrics
    [here], [there] = in_memory.iterations, on_disk.iterations
    assert there.trace_summary.digest == here.trace_summary.digest
    assert there.trace_summary.path == "0/backtest/0/trace"
    assert list(there.trace.events()) == list(here.trace.events())
    assert (in_memory.results_path, on_disk.results_path) == (None, "0/backtest")


def test_a_run_on_disk_writes_its_files_and_takes_the_next_free_name(
    run: Run, config: dict[str, Any]
) -> None:
    config["results"] = {"storage": "disk"}
    first, second = run(config), run(config)
    assert first.workflow_id.endswith("-1")
    assert second.workflow_id == first.workflow_id[:-1] + "2"
    written = [
        entry.record.path for entry in run.entries if isinstance(entry.record, OutputWritten)
    ]
    assert written == ["result.json", "manifest.json"] * 2
    folder = run.root / "results" / first.workflow_id
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")} >= {
        "0/backtest/0/portfolios/momentum.moderate/trades.parquet",
        "0/backtest/0/portfolios/momentum.moderate/equity.parquet",
    }


def test_a_given_id_that_exists_is_refused(run: Run, config: dict[str, Any]) -> None:
    config["results"] = {"storage": "disk"}
    assert run(config, "mine").workflow_id == "mine"
    run.entries.clear()
    assert "a run with the id 'mine' exists" in run.problems(config, "mine")


def test_a_failure_on_disk_keeps_the_result_document(
    tmp_path: Path, config: dict[str, Any], failing_components: MakeComponents
) -> None:
    fault = {("portfolio/momentum.moderate", "execute"): ValueError("no")}
    run = Run(tmp_path, failing_components(fault))
    result = run({**config, "results": {"storage": "disk"}}, "failed")
    assert not result.success
    folder = tmp_path / "results" / "failed"
    seen = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert seen == {"0", "run.json", "result.json", "manifest.json"}
    assert [path.name for path in (folder / "0/backtest").iterdir() if path.is_dir()] == []
    assert run.entries[-1].record == WorkflowFinished(success=False)


def test_a_unit_that_cannot_be_built_fails_its_phase(
    run: Run, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("cannot build")

    monkeypatch.setattr("imperative.topologies.backtest.BacktestTopology.build", refuse)
    result = run(config)
    assert (result.error.type, result.error.message) == ("RuntimeError", "cannot build")
    assert result.error.path == "iteration=0/phase=backtest/window=0/unit=0"


def test_results_that_cannot_be_written_fail_the_run(
    run: Run, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from containers.errors import StorageError

    def refuse(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("containers.storage.RunFolder.write_result", refuse)
    result = run({**config, "results": {"storage": "disk"}})
    assert not result.success
    assert (result.error.type, result.error.path) == ("StorageError", "")
    assert result.phase_results["backtest"].status == "succeeded"


def test_ctrl_c_leaves_run_workflow(
    tmp_path: Path, config: dict[str, Any], failing_components: MakeComponents
) -> None:
    fault = {("portfolio/momentum.moderate", "execute"): KeyboardInterrupt()}
    run = Run(tmp_path, failing_components(fault))
    with pytest.raises(KeyboardInterrupt):
        run(config)
    assert run.entries[-1].path[-1] == ("unit", 0)
