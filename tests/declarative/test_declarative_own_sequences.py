"""Sequences of a user's own that are no good are refused before anything runs, and end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from containers.results import WorkflowResult
from declarative import DeclarativeWorkflowManager
from declarative.errors import PatternError

WORKFLOW = "kind: workflow\nname: own\nphases: [{name: a, topology: backtest, sequence: s}]\n"
HANDMADE = Path(__file__).resolve().parents[2] / "fixtures" / "handmade"
CONFIG: dict[str, Any] = {
    "workflow": "own",
    "data": {"data_dir": str(HANDMADE)},
    "symbols": ["AAA"],
    "strategies": [{"type": "momentum"}],
    "parameter_space": {"momentum.fast_period": [2, 3]},
}


@pytest.mark.parametrize(
    ("iteration", "gives", "message"),
    [
        ("while: 1 == 1", "{chained: x}", "'1 == 1' gives more than 100,000 iterations"),
        ("times: 9223372036854775807", "{chained: x}", "gives more than 100,000 iterations"),
        ("optimizes: s", "{chained: x}", "in a circle: s -> s"),
        ("best_of: y", "{chained: x}", "no iteration before this one is called 'y'"),
        ("first: 0", "{like: z}", "no iteration here is called 'z'"),
        ("first: 0", "{like: x, best_parameters: z}", "no iteration here is called 'z'"),
        ("first: 0", "{best: z}", "no iteration here is called 'z'"),
    ],
)
def test_a_sequence_that_is_no_good_is_refused_with_its_place(
    tmp_path: Path, iteration: str, gives: str, message: str
) -> None:
    text = f"kind: sequence\nname: s\niterations:\n  - {{name: x, {iteration}}}\ngives: {gives}\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "w.yaml").write_text(WORKFLOW, encoding="utf-8")
    with pytest.raises(PatternError) as raised:
        DeclarativeWorkflowManager(patterns=tmp_path).run_workflow(CONFIG)
    assert message in str(raised.value)
    assert "s.yaml:" in str(raised.value)


def run(tmp_path: Path, iterations: str, gives: str) -> WorkflowResult:
    text = f"kind: sequence\nname: s\niterations:\n{iterations}\ngives: {gives}\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "w.yaml").write_text(WORKFLOW, encoding="utf-8")
    return DeclarativeWorkflowManager(patterns=tmp_path).run_workflow(CONFIG)


def test_what_is_chosen_may_be_tested_in_a_chain_as_well(tmp_path: Path) -> None:
    train = "  - {name: train, last: bars - 3, optimizes: parameter_sweep}\n"
    test = "  - {name: test, first: bars - 2, best_of: train}"
    result = run(tmp_path, train + test, "{chained: test}")
    assert result.error is None
    iterations = result.phase_results["a"].iterations
    assert iterations[1].parameters == iterations[0].best_parameters


def test_what_was_left_out_can_have_chosen_nothing(tmp_path: Path) -> None:
    train = "  - {name: train, when: bars < 0}\n"
    result = run(tmp_path, train + "  - {name: test, best_of: train}", "{like: test}")
    assert result.error is not None
    assert result.error.path == "iteration=0/phase=a"
    assert "s.yaml:5:27: iterations[1].best_of: no iteration 'train' ran" in result.error.message


@pytest.mark.parametrize(
    "gives",
    ["{like: x}", "{like: y, best_parameters: x}", "{chained: x}", "{best: x}", "{means: x}"],
)
def test_nothing_comes_of_what_was_left_out(tmp_path: Path, gives: str) -> None:
    result = run(tmp_path, "  - {name: x, when: bars < 0}\n  - {name: y}", gives)
    assert result.error is not None
    assert result.error.type == "PatternError"
    assert "no iteration 'x' ran" in result.error.message
