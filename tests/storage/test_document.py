"""``result.json``: what `to_document` says, written piece by piece."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from containers.errors import StorageError
from containers.results import (
    LoopIterationResult,
    TraceSummary,
    WorkflowResult,
)
from containers.storage import RESULT_FILE, StoredPortfolios
from containers.storage.document import json_pieces
from tests.storage.samples import SIGNALS, create, files, iteration, phase_result, portfolio


def result(**changes: Any) -> WorkflowResult:
    fields: dict[str, Any] = {
        "workflow": "simple_backtest",
        "workflow_id": "mine",
        "engine": "imperative",
        "success": True,
        "error": None,
        "phase_results": {},
        "iterations": (),
        "branches": {},
        "aggregated_results": {"primary_metric": {"metric": "sharpe_ratio", "value": 0.1}},
        "outputs": {"ä.json": {"figures": [0.1, None, "ä"], "deep": {"b": 1}}},
        "trace_summary": None,
        "metadata": {"config_digest": "0" * 32, "random_seed": 2**70},
    }
    return WorkflowResult(**{**fields, **changes})


def rich() -> WorkflowResult:
    leaf = iteration(
        "test",
        portfolios={"s.p": portfolio(), "s.q": portfolio(trades=None, samples=None)},
        signals=SIGNALS,
        trace_summary=TraceSummary(
            3, 2, 1, {"FILL": 2}, {"execution": 2}, 1, 2, "d", "0/b/0/trace"
        ),
        parameters={"s.fast": 3, "s.slow": 3.0},
        metrics={"sharpe_ratio": None, "bars": 3, "final_equity": -0.0},
    )
    window = iteration("window", iterations=(iteration("train"), leaf))
    phases = {
        "empty": phase_result(status="skipped", reason="no"),
        "wide": phase_result(iterations=(window, leaf), portfolios={"s.p": portfolio()}),
    }
    inner = result(phase_results=phases, iterations=(LoopIterationResult(0, True, phases),))
    passes = (
        LoopIterationResult(0, True, phases, {"branch": inner}),
        LoopIterationResult(1, False, {}),
    )
    return result(phase_results=phases, iterations=passes, branches={"0/branch": inner})


@pytest.mark.parametrize("found", [result(), rich()])
def test_the_pieces_say_what_the_document_says(found: WorkflowResult) -> None:
    text = b"".join(json_pieces(found)).decode()
    assert json.dumps(json.loads(text)) == json.dumps(found.to_document())
    assert text.endswith("}\n")
    assert "ä" in text


def test_the_result_is_json_that_reads_back(tmp_path: Path) -> None:
    folder = create(tmp_path)
    assert folder.write_result(rich()) == RESULT_FILE == "result.json"
    written = json.loads((folder.path / "result.json").read_text(encoding="utf-8"))
    assert written == rich().to_document()


def test_every_phase_iteration_and_portfolio_has_a_line_of_its_own() -> None:
    lines = b"".join(json_pieces(rich())).decode().splitlines()
    assert max(line.count('"spawn_key"') for line in lines) == 1
    assert max(line.count('"equity_curve"') for line in lines) <= 2  # those of one leaf


def test_a_figure_that_is_none_is_written_as_null_as_in_the_document() -> None:
    found = result(aggregated_results={"value": float("nan"), "other": float("inf")})
    written = json.loads(b"".join(json_pieces(found)))
    assert written["aggregated_results"] == {"value": None, "other": None}
    assert written == found.to_document()


def test_a_result_that_is_no_plain_data_is_not_written(tmp_path: Path) -> None:
    folder = create(tmp_path)
    with pytest.raises(StorageError, match="the result cannot be written: a result holds object"):
        folder.write_result(result(outputs={"x.json": object()}))
    assert files(folder.path) == [".lock", "run.json"]


def test_stored_portfolios_are_read_one_by_one_and_a_damaged_one_ends_the_write(
    tmp_path: Path,
) -> None:
    folder = create(tmp_path)
    phase = folder.phase((0, "wide"))
    phase.save_portfolio("s.p", portfolio())
    stored = phase.stored_portfolios({"s.p": portfolio()})
    assert isinstance(stored, StoredPortfolios)
    lazy = result(phase_results={"wide": phase_result(portfolios=stored)})
    kept = result(phase_results={"wide": phase_result(portfolios={"s.p": portfolio()})})
    assert b"".join(json_pieces(lazy)) == b"".join(json_pieces(kept))
    (phase.path / "portfolios" / "s.p" / "equity.parquet").unlink()
    with pytest.raises(StorageError, match=r"equity\.parquet could not be read"):
        folder.write_result(lazy)
    assert not (folder.path / RESULT_FILE).exists()


def test_a_long_result_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        folder = create(tmp_path)
        phase = folder.phase((0, "sweep"))
        store = phase.store("0" * 32)
        held = iteration("combination", portfolios={"s.p": portfolio(samples=2_000)})
        for index in range(count):
            store.add((index,), held)
        found = phase_result(iterations=store.iterations(count))
        store.finish(found)
        tracemalloc.start()
        folder.write_result(result(phase_results={"sweep": found}))
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        written = json.loads((folder.path / RESULT_FILE).read_text())
        assert len(written["phase_results"]["sweep"]["iterations"]) == count
        return highest

    assert peak(100) < peak(10) + 200_000  # 90 more are 6 MB of text more
