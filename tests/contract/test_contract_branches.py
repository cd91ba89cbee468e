"""Section 7.6: branches, per pass and name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from containers.journal import Entry, ErrorRaised, HookCalled, OutputWritten, WorkflowStarted
from imperative.workflow import Branch
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import Definition, workflow

WORK = {"name": "work"}


def branching(
    *branches: dict[str, Any], name: str = "written", hooks: Any = None, **keys: Any
) -> Definition:
    """Write branches that are all taken, in both forms."""

    def get_branches(self: Any, result: Any, index: int, config: Any) -> Sequence[Branch]:
        return [Branch(b["name"], b["workflow"], b.get("config", {})) for b in branches]

    return workflow(
        WORK, name=name, branches=list(branches),
        hooks={"get_branches": get_branches, **(hooks or {})}, **keys,
    )  # fmt: skip


def looped(*branches: dict[str, Any]) -> Definition:
    return branching(
        *branches,
        iterate={"while": {"expression": "true"}},
        hooks={"should_continue": lambda self, *given: True},
    )


def test_branches_are_kept_by_pass_and_name(run: Run, study: Config) -> None:
    study["max_iterations"] = 2
    rich = {"portfolio": {"initial_capital": 7_000}}
    definition = looped(
        {"name": "rich", "workflow": "simple_backtest", "config": rich},
        {"name": "same", "workflow": "simple_backtest"},
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition], journal=journal)
    assert result.success
    assert list(result.branches) == ["0/rich", "0/same", "1/rich", "1/same"]
    for index in (0, 1):
        branches = result.iterations[index].branches
        assert list(branches) == ["rich", "same"]
        assert plain(branches["rich"]) == plain(result.branches[f"{index}/rich"])
        assert branches["rich"].workflow == "simple_backtest"
        assert branches["rich"].workflow_id == result.workflow_id
        figures = branches["rich"].phase_results["backtest"].aggregate_metrics
        assert figures["initial_capital"] == 7_000.0
        work = result.phase_results["work"].metrics
        assert branches["same"].phase_results["backtest"].metrics == work
    started = [e.path for e in journal if isinstance(e.record, WorkflowStarted)]
    assert started == [
        (), *((("iteration", i), ("branch", b)) for i in (0, 1) for b in ("rich", "same")),
    ]  # fmt: skip
    hooks = [e.record for e in journal if isinstance(e.record, HookCalled)]
    assert [(h.hook, list(h.result)) for h in hooks if h.hook == "get_branches"] == [
        ("get_branches", ["rich", "same"])
    ] * 2


def test_a_branch_leaves_the_users_words_for_phases_behind(run: Run, study: Config) -> None:
    study["phases"] = {"work": {"portfolio": {"initial_capital": 5_000}}}
    definition = branching({"name": "wide", "workflow": "simple_backtest"})
    result = run(study, definitions=[definition])
    figures = result.branches["0/wide"].phase_results["backtest"].aggregate_metrics
    assert figures["initial_capital"] == 100_000.0
    assert result.phase_results["work"].aggregate_metrics["initial_capital"] == 5_000.0


def test_a_branchs_configuration_may_refer_and_lies_over_the_users(run: Run, study: Config) -> None:
    def get_branches(self: Any, result: Any, index: int, config: Any) -> list[Branch]:
        final = result.phase_results["work"].metrics["final_equity"]
        return [Branch("next", "simple_backtest", {"portfolio": {"initial_capital": final}})]

    config = {"portfolio": {"initial_capital": "${work.metrics.final_equity}"}}
    definition = workflow(
        WORK,
        branches=[{"name": "next", "workflow": "simple_backtest", "config": config}],
        hooks={"get_branches": get_branches},
    )
    result = run(study, definitions=[definition])
    figures = result.branches["0/next"].phase_results["backtest"].aggregate_metrics
    assert figures["initial_capital"] == result.phase_results["work"].metrics["final_equity"]
    # Deeply merged: the user's other words for the section hold.
    short = result.branches["0/next"].phase_results["backtest"].portfolios
    assert any(t.side == -1 for p in short.values() for t in p.trades or ())


@pytest.mark.parametrize(
    ("when", "taken"),
    [
        ({"metric": {"phase": "work", "name": "bars", "operator": ">", "value": 59}}, True),
        ({"metric": {"phase": "work", "name": "bars", "operator": ">", "value": 60}}, False),
        ({"metric": {"phase": "work", "name": "ruined_at", "operator": "<", "value": 60}}, False),
        ({"expression": "results.work.metrics.num_trades > 0 and iteration == 0"}, True),
        ([{"expression": "true"}, {"expression": "false"}], False),
    ],
)
def test_a_branch_is_taken_when_its_conditions_hold(
    run: Run, study: Config, when: Any, taken: bool
) -> None:
    def get_branches(self: Any, *given: Any) -> list[Branch]:
        return [Branch("wide", "simple_backtest")] if taken else []

    definition = workflow(
        WORK,
        branches=[{"name": "wide", "when": when, "workflow": "simple_backtest"}],
        hooks={"get_branches": get_branches},
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition], journal=journal)
    assert result.success
    assert list(result.branches) == (["0/wide"] if taken else [])
    (called,) = [e.record for e in journal if isinstance(e.record, HookCalled)]
    assert list(called.result) == (["wide"] if taken else [])


def test_branches_have_branches(run: Run, study: Config) -> None:
    inner = branching({"name": "deep", "workflow": "simple_backtest"}, name="inner")
    outer = branching({"name": "wide", "workflow": "inner"})
    result = run(study, definitions=[outer, inner])
    assert result.success
    wide = result.branches["0/wide"]
    assert list(result.branches) == ["0/wide"]
    assert wide.branches["0/deep"].phase_results["backtest"].status == "succeeded"


@pytest.mark.parametrize(
    ("branches", "failing", "fragment"),
    [
        ([{"name": "a", "workflow": "simple_backtest"}] * 2, "a", "a"),
        ([{"name": "a", "workflow": "simple_backtst"}], "a", "simple_backtest"),
        ([{"name": "a", "workflow": "written"}], "a", "written"),
        ([{"name": "a", "workflow": "simple_backtest", "config": {"symbols": ["ZZ"]}}], "a", "ZZ"),
        (
            [{"name": "a", "workflow": "simple_backtest", "config": {"symbls": ["ZZ"]}}],
            "a",
            "symbls",
        ),
        ([{"name": "work", "workflow": "simple_backtest"}], "work", "work"),
    ],
    ids=["twice", "to nowhere", "to itself", "without data", "a wrong key", "like a phase"],
)
def test_a_branch_that_cannot_begin_fails_the_run_there(
    run: Run, study: Config, branches: list[dict[str, Any]], failing: str, fragment: str
) -> None:
    journal: list[Entry] = []
    study["max_iterations"] = 3
    result = run(study, definitions=[looped(*branches)], journal=journal)
    assert not result.success
    assert result.error is not None
    path = f"iteration=0/branch={failing}"
    assert result.error.type == "ConfigurationError"
    assert result.error.path == path
    assert fragment in result.error.message
    assert len(result.iterations) == 1
    assert result.phase_results["work"].status == "succeeded"
    raised = [(e.path, e.record.error) for e in journal if isinstance(e.record, ErrorRaised)]
    assert raised == [((("iteration", 0), ("branch", failing)), result.error)]


def test_a_circle_of_workflows_is_found(run: Run, study: Config) -> None:
    ping = branching({"name": "to_pong", "workflow": "pong"})
    pong = branching({"name": "to_ping", "workflow": "written"}, name="pong")
    result = run(study, definitions=[ping, pong])
    assert not result.success
    assert result.error is not None
    path = "iteration=0/branch=to_pong/iteration=0/branch=to_ping"
    assert (result.error.type, result.error.path) == ("ConfigurationError", path)


def test_a_branch_that_fails_fails_its_pass_and_ends_nothing(run: Run, study: Config) -> None:
    study["max_iterations"] = 2
    bad = workflow({"name": "bad", "config": {"strategies": "${config.random_seed}"}}, name="bad")
    definition = looped(
        {"name": "a", "workflow": "bad"}, {"name": "b", "workflow": "simple_backtest"}
    )
    result = run(study, definitions=[definition, bad])
    assert not result.success
    assert [p.success for p in result.iterations] == [False, False]
    assert list(result.branches) == ["0/a", "0/b", "1/a", "1/b"]
    assert result.branches["0/b"].success
    assert result.error is not None
    assert result.error.path == "iteration=0/branch=a/iteration=0/phase=bad"


@pytest.mark.parametrize("taken", [True, False])
def test_a_branch_that_writes_a_file_makes_the_runs_folder_when_it_is_taken(
    run: Run, study: Config, tmp_path: Path, taken: bool
) -> None:
    def get_branches(self: Any, result: Any, index: int, config: Any) -> list[Branch]:
        return [Branch("writes", "other")] if index == (0 if taken else 1) else []

    condition = {"expression": "iteration == 0" if taken else "iteration == 1"}
    definition = workflow(
        WORK,
        branches=[{"name": "writes", "when": condition, "workflow": "other"}],
        hooks={"get_branches": get_branches},
    )
    other = workflow(
        {"name": "said", "outputs": {"x": {"value": 1, "file": "x.json"}}}, name="other"
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition, other], root=tmp_path, journal=journal)
    assert result.error is None
    folder = tmp_path / "results" / result.workflow_id
    assert folder.exists() is taken
    written = [e.record.path for e in journal if isinstance(e.record, OutputWritten)]
    assert written == (["0/writes/0/said/x.json", "manifest.json"] if taken else [])
