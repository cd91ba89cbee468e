"""Sections 9 and 11 for many units: folders, files, traces, and running twice."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from containers.events import EventKind
from containers.journal import Entry, IterationStarted, OutputWritten, UnitExecuted
from containers.results import units
from imperative.workflow import Branch
from tests.contract.conftest import BESIDE_RESULTS, Config, Run, names
from tests.contract.definitions import Definition, one_phase, workflow
from tests.contract.test_contract_results import figures

NESTED = {"type": "monte_carlo", "body": "walk_forward"}


@pytest.fixture(autouse=True)
def _sections(study: Config) -> None:
    study |= {
        "walk_forward": {"train_bars": 20, "test_bars": 20},
        "monte_carlo": {"iterations": 2, "noise_level": 0.2},
        "parameter_space": {"momentum.fast_period": [1, 2]},
        "trace_level": "standard",
    }


def several(**second: Any) -> Definition:
    def get_branches(self: Any, *given: Any) -> list[Branch]:
        return [Branch("wide", "simple_backtest")]

    return workflow(
        {"name": "walk", "sequence": "walk_forward",
         "outputs": {"best": {"value": "${walk.best_parameters}", "file": "a/best.json"}}},
        {"name": "record", "topology": "signal_generation"},
        {"name": "nested", "sequence": NESTED, **second},
        branches=[{"name": "wide", "workflow": "simple_backtest"}],
        hooks={"get_branches": get_branches},
    )  # fmt: skip


def plain(result: Any) -> Any:
    """Give a result without where it lies and how it was made."""
    if isinstance(result, dict):
        left_out = ("engine", "workflow_id", "trace_summary", "results_path")
        return {k: plain(v) for k, v in result.items() if k not in left_out}
    return [plain(item) for item in result] if isinstance(result, list) else result


@pytest.mark.parametrize("keep", [True, False])
def test_folders_have_a_level_for_each_iteration(
    run: Run, study: Config, tmp_path: Path, keep: bool
) -> None:
    study["results"] = {"storage": "disk", "store_full_results": keep}
    result = run(study, definitions=[several()], root=tmp_path, workflow_id="mine")
    assert result.error is None
    folder = tmp_path / "results" / "mine"
    found = names(folder)
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert {f["path"] for f in listed} == found
    assert all((folder / f["path"]).stat().st_size == f["bytes"] for f in listed)
    for name, phase in {**result.phase_results}.items():
        assert phase.results_path == f"0/{name}"
        for path, unit in units(phase.iterations):
            where = f"0/{name}/" + "/".join(map(str, path))
            assert f"{where}/trace/trace.json" in found
            assert unit.trace_summary is not None
            assert unit.trace_summary.path is not None
            assert unit.trace_summary.path.startswith(f"{where}/trace")
            for portfolio in unit.portfolios:
                stored = f"{where}/portfolios/{portfolio}/equity.parquet"
                assert (stored in found) is keep
        if name != "record":
            for portfolio in phase.portfolios:
                assert f"0/{name}/portfolios/{portfolio}/trades.parquet" in found
    assert "0/walk/a/best.json" in found
    assert "0/record/0/signals.parquet" in found
    # A phase of one unit has its portfolios in the unit's folder, with either setting.
    assert "0/wide/0/backtest/0/portfolios/momentum.aggressive/trades.parquet" in found
    assert result.branches["0/wide"].phase_results["backtest"].results_path == ("0/wide/0/backtest")


def test_stored_curves_are_those_of_the_result(run: Run, study: Config, tmp_path: Path) -> None:
    study["results"] = {"storage": "disk", "store_full_results": True}
    result = run(study, definitions=[several()], root=tmp_path, workflow_id="mine")
    folder = tmp_path / "results" / "mine" / "0" / "walk"
    phase = result.phase_results["walk"]
    places = [(folder, phase.portfolios)] + [
        (folder.joinpath(*map(str, path)), unit.portfolios)
        for path, unit in units(phase.iterations)
    ]
    for place, portfolios in places:
        for name, portfolio in portfolios.items():
            curve = portfolio.equity_curve
            assert curve is not None
            table = pq.read_table(place / "portfolios" / name / "equity.parquet")
            assert table.column("time_ns").to_pylist() == curve.time_ns.tolist()
            assert table.column("equity").to_pylist() == curve.equity.tolist()


def test_storage_changes_no_number(run: Run, study: Config, tmp_path: Path) -> None:
    documents = []
    for storage in ("memory", "disk"):
        for keep in (True, False):
            study["results"] = {"storage": storage, "store_full_results": keep}
            result = run(
                study, definitions=[several()], root=tmp_path / storage / str(keep),
            )  # fmt: skip
            documents.append((keep, plain(result.to_document())))
    for keep in (True, False):
        first, second = (document for kept, document in documents if kept is keep)
        assert first == second


def test_files_are_journalled_where_they_belong(run: Run, study: Config, tmp_path: Path) -> None:
    study["results"] = {"storage": "disk"}
    journal: list[Entry] = []
    run(study, definitions=[several()], root=tmp_path, workflow_id="mine", journal=journal)
    written = [(e.path, e.record.path) for e in journal if isinstance(e.record, OutputWritten)]
    assert ((("iteration", 0), ("phase", "walk")), "0/walk/a/best.json") in written
    for path, file in written:
        assert (tmp_path / "results" / "mine" / file).is_file()
        if path and path[-1][0] == "phase":
            assert file.startswith("/".join(str(key) for _, key in path))


def test_each_unit_has_its_own_trace_and_limit(run: Run, study: Config) -> None:
    study |= {"trace_level": "detailed", "trace": {"max_events": 7}}
    phase = run(study, definitions=[one_phase(NESTED)]).phase_results["work"]
    leaves = [unit for _, unit in units(phase.iterations)]
    assert len(leaves) == 2 * 2 * 3
    for unit in leaves:
        assert unit.trace_summary is not None
        assert (unit.trace_summary.kept, len(unit.trace)) == (7, 7)
        assert unit.trace_summary.dropped == unit.trace_summary.events - 7
        assert next(iter(unit.trace.events())).seq == unit.trace_summary.events - 7


def test_summaries_add_up(run: Run, study: Config, tmp_path: Path) -> None:
    result = run(study, definitions=[several()], root=tmp_path)
    leaves = [
        unit.trace_summary
        for phases in (result.phase_results, result.branches["0/wide"].phase_results)
        for phase in phases.values()
        for _, unit in units(phase.iterations)
    ]
    total = result.trace_summary
    assert total is not None
    assert total.path is None
    for name in ("events", "kept", "dropped"):
        assert getattr(total, name) == sum(getattr(leaf, name) for leaf in leaves)
    kinds = {kind for leaf in leaves if leaf is not None for kind in leaf.by_kind}
    assert dict(total.by_kind) == {
        kind: sum(leaf.by_kind.get(kind, 0) for leaf in leaves if leaf is not None)
        for kind in kinds
    }


@pytest.mark.parametrize(
    ("level", "containers"),
    [("none", {}), ("minimal", {}), ("standard", {"risk/*": "none"}), ("none", {"*": "detailed"})],
)
def test_what_is_kept_changes_nothing_else(
    run: Run, study: Config, level: str, containers: dict[str, str]
) -> None:
    whole = run({**study, "trace_level": "detailed"}, definitions=[one_phase(NESTED)])
    part = run(
        {**study, "trace_level": level, "trace": {"containers": containers}},
        definitions=[one_phase(NESTED)],
    )
    assert plain(whole.to_document()) == plain(part.to_document())
    if level == "none" and not containers:
        for _, unit in units(part.phase_results["work"].iterations):
            assert len(unit.trace) == 0


def test_container_settings_hold_in_every_unit(run: Run, study: Config) -> None:
    study |= {"trace_level": "none", "trace": {"containers": {"strategy/*": "standard"}}}
    phase = run(study, definitions=[one_phase(NESTED)]).phase_results["work"]
    kinds = {e.kind for _, unit in units(phase.iterations) for e in unit.trace.events()}
    assert kinds == {EventKind.SIGNAL}


def test_running_a_then_b_then_a_gives_the_first_a_again(
    run: Run, study: Config, tmp_path: Path
) -> None:
    a, b = several(), one_phase("k_fold")
    given = copy.deepcopy(study)
    first = run(study, definitions=[a], root=tmp_path / "1").to_document()
    run({**study, "symbols": ["BBB"], "k_fold": {"folds": 2}}, definitions=[b])
    assert run(study, definitions=[a], root=tmp_path / "2").to_document() == first
    assert study == given


def test_both_engines_give_the_same_document_and_journal(
    both: dict[str, Run], study: Config, tmp_path: Path
) -> None:
    for storage in ("memory", "disk"):
        study["results"] = {"storage": storage}
        found = []
        for name, run in both.items():
            journal: list[Entry] = []
            root = tmp_path / storage / name
            result = run(study, definitions=[several()], root=root, journal=journal)
            assert (result.engine, result.branches["0/wide"].engine) == (name, name)
            document = json.loads(json.dumps(result.to_document()).replace(f'"{name}"', '"any"'))
            files = {
                file.relative_to(root).as_posix(): file.read_bytes()
                for file in root.rglob("*")
                if file.is_file() and file.name not in {"result.json", *BESIDE_RESULTS}
            }
            found.append((document, journal, files))
        assert found[0][0] == found[1][0]
        assert found[0][1] == found[1][1]
        assert found[0][2] == found[1][2]


def test_every_unit_is_journalled_with_its_iterations(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    result = run(study, definitions=[one_phase(NESTED)], journal=journal)
    phase = result.phase_results["work"]
    started = {
        tuple(key for _, key in e.path[2:]): e.record
        for e in journal
        if isinstance(e.record, IterationStarted)
    }
    executed = {e.path[2:-1] for e in journal if isinstance(e.record, UnitExecuted)}
    assert executed == {
        tuple(("window", key) for key in path) for path, _ in units(phase.iterations)
    }

    def check(iterations: Any, above: tuple[int, ...]) -> None:
        for index, iteration in enumerate(iterations):
            record = started.pop((*above, index))
            assert record.window == iteration.window
            assert dict(record.parameters) == dict(iteration.parameters)
            assert (record.seed, record.spawn_key) == (iteration.seed, iteration.spawn_key)
            check(iteration.iterations, (*above, index))

    check(phase.iterations, ())
    assert started == {}
    assert figures(run(study, definitions=[one_phase(NESTED)])) == figures(result)
