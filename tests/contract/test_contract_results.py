"""What a run gives back, and that how it is run does not change it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from containers.configuration import METRIC_NAMES
from containers.errors import ConfigurationError
from containers.events import EventKind
from containers.journal import ConfigResolved, Entry, TopologyBuilt
from containers.results import WorkflowResult
from containers.trace import KINDS, Trace, TraceLevel
from tests.contract.conftest import HANDMADE, MARKET, Config, Run, names


def figures(result: WorkflowResult) -> dict[str, Any]:
    """Give everything of a result that must not depend on how it was run."""
    document = result.to_document()
    for key in ("engine", "workflow_id", "trace_summary"):
        del document[key]
    for phases in (document, *document["iterations"]):
        for phase in phases["phase_results"].values():
            phase["results_path"] = None
            for iteration in phase["iterations"]:
                iteration["trace_summary"] = None
    return document


def test_the_document_is_plain_json(run: Run, config: Config) -> None:
    document = run(config).to_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    phase = document["phase_results"]["backtest"]
    assert list(phase["metrics"]) == list(METRIC_NAMES)
    assert document["aggregated_results"]["best_phase"] == "backtest"
    assert document["metadata"].keys() == {"config_digest", "random_seed"}


def test_both_engines_give_the_same_document(both: dict[str, Run], config: Config) -> None:
    documents = {name: run(config).to_document() for name, run in both.items()}
    for name, document in documents.items():
        assert document.pop("engine") == name
    assert documents["imperative"] == documents["declarative"]


def test_both_engines_write_the_same_journal(both: dict[str, Run], config: Config) -> None:
    journals: dict[str, list[Entry]] = {name: [] for name in both}
    for name, run in both.items():
        run(config, journal=journals[name])
    assert journals["imperative"] == journals["declarative"]
    assert len(journals["imperative"]) > 50


def test_a_then_b_then_a_gives_the_first_a_again(run: Run, config: Config) -> None:
    other = {**config, "strategies": [{"type": "buy_and_hold"}], "symbols": ["BBB"]}
    before = copy.deepcopy(config)
    first = run(config).to_document()
    run(other)
    assert run(config).to_document() == first
    assert config == before


def test_yaml_and_python_objects_resolve_alike(run: Run, tmp_path: Path) -> None:
    text = f"""
workflow: simple_backtest
data: {{data_dir: {MARKET}, start_date: 2005-01-03, end_date: 2005-12-31}}
symbols: [GOOG]
strategies: [{{type: mean_reversion, parameters: {{num_std: 2}}}}]
execution: {{slippage_bps: 1e-3}}
"""
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    objects = {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(MARKET), "start_date": "2005-01-03", "end_date": "2005-12-31"},
        "symbols": [{"symbol": "GOOG", "timeframes": ["1d"]}],
        "strategies": [{"type": "mean_reversion", "parameters": {"num_std": 2.0}}],
        "execution": {"slippage_bps": 0.001},
    }
    journals: tuple[list[Entry], list[Entry]] = ([], [])
    results = [run(file, journal=journals[0]), run(objects, journal=journals[1])]
    resolved = [
        [repr(e.record) for e in journal if isinstance(e.record, ConfigResolved)]
        for journal in journals
    ]
    assert resolved[0] == resolved[1]
    assert figures(results[0]) == figures(results[1])


@pytest.mark.parametrize("level", list(TraceLevel))
def test_a_trace_level_changes_what_is_kept_and_nothing_else(
    run: Run, config: Config, level: TraceLevel
) -> None:
    full, part = run(config), run({**config, "trace_level": level.value})
    whole: Trace = full.phase_results["backtest"].iterations[0].trace
    kept: Trace = part.phase_results["backtest"].iterations[0].trace
    assert list(kept.events()) == [e for e in whole.events() if e.kind in KINDS[level]]
    assert kept.events_total == len(whole)
    ours, theirs = figures(full), figures(part)
    assert ours == theirs


def test_container_settings_override_the_level(run: Run, config: Config) -> None:
    config |= {"trace_level": "none", "trace": {"containers": {"strategy/*": "detailed"}}}
    trace: Trace = run(config).phase_results["backtest"].iterations[0].trace
    assert {event.kind for event in trace.events()} == {EventKind.SIGNAL}


@pytest.mark.parametrize("limit", [0, 1, 10])
def test_a_limit_keeps_the_newest_and_counts_the_dropped(
    run: Run, config: Config, limit: int
) -> None:
    whole = run(config).phase_results["backtest"].iterations[0].trace
    config["trace"] = {"max_events": limit}
    result = run(config)
    trace: Trace = result.phase_results["backtest"].iterations[0].trace
    assert list(trace.events()) == list(whole.events())[len(whole) - limit :]
    assert result.trace_summary is not None
    assert result.trace_summary.dropped == len(whole) - limit


def test_results_on_disk_are_those_in_memory(run: Run, config: Config, tmp_path: Path) -> None:
    memory = run(config, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    config["results"] = {"storage": "disk", "directory": "kept"}
    disk = run(config, root=tmp_path, workflow_id="mine")
    folder = tmp_path / "kept" / "mine"
    ours, theirs = figures(memory), figures(disk)
    assert ours == theirs
    listed = {f["path"] for f in json.loads((folder / "manifest.json").read_text())["files"]}
    assert listed == names(folder)
    trace: Trace = disk.phase_results["backtest"].iterations[0].trace
    assert trace.path is not None
    assert trace.digest == memory.phase_results["backtest"].iterations[0].trace.digest
    assert "0/backtest/0/portfolios/momentum.aggressive/trades.parquet" in listed


def test_a_run_that_exists_is_not_overwritten(run: Run, config: Config, tmp_path: Path) -> None:
    config["results"] = {"storage": "disk"}
    run(config, root=tmp_path, workflow_id="mine")
    with pytest.raises(ConfigurationError, match="a run with the id 'mine' exists"):
        run(config, root=tmp_path, workflow_id="mine")


def test_default_ids_count_up(run: Run, config: Config, tmp_path: Path) -> None:
    config["results"] = {"storage": "disk"}
    ids = [run(config, root=tmp_path).workflow_id for _ in range(2)]
    assert [text.rpartition("-")[2] for text in ids] == ["1", "2"]
    assert ids[0].startswith("simple_backtest-")


def test_the_topology_is_that_of_the_documents(run: Run, config: Config) -> None:
    journal: list[Entry] = []
    run(config, journal=journal)
    (built,) = [e.record for e in journal if isinstance(e.record, TopologyBuilt)]
    assert [c.id for c in built.containers] == [
        "data/AAA/1d", "data/BBB/1d", "features/AAA/1d", "features/BBB/1d",
        "strategy/momentum", "portfolio/momentum.aggressive", "portfolio/momentum.moderate",
        "risk/momentum.aggressive", "risk/momentum.moderate", "execution",
    ]  # fmt: skip
    assert len(built.routes) == 2 + 2 + 2 + 4 + 2 + 2 + 4 + 4 + 4


def test_the_best_portfolio_obeys_objective_and_constraints(run: Run) -> None:
    config = {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(HANDMADE)},
        "symbols": ["AAA", "BBB"],
        "strategies": [{"type": "buy_and_hold"}],
        "risk_profiles": [{"type": "conservative"}, {"type": "moderate"}, {"type": "aggressive"}],
    }
    results = {
        direction: run({**config, "objective": {"metric": "turnover", "direction": direction}})
        for direction in ("max", "min")
    }
    best = {d: r.phase_results["backtest"].best_portfolio for d, r in results.items()}
    assert best == {"max": "buy_and_hold.aggressive", "min": "buy_and_hold.conservative"}
    turnover = (
        results["max"]
        .phase_results["backtest"]
        .portfolios["buy_and_hold.moderate"]
        .metrics["turnover"]
    )
    constraint = {"metric": "turnover", "operator": "<=", "value": turnover}
    bound = run({**config, "objective": {"metric": "turnover", "constraints": [constraint]}})
    assert bound.phase_results["backtest"].best_portfolio == "buy_and_hold.moderate"
