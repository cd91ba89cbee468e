from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from containers.errors import ConfigurationError
from containers.journal import ConfigResolved, Entry, ErrorRaised, HookCalled
from containers.results import WorkflowResult
from containers.storage import result_files
from imperative import Branch, Context, Coordinator, Output, Phase, Ref, Workflow

Hooks = Mapping[str, Any]
ONE = Phase(name="one", topology="backtest", sequence="single_pass")


def workflow(*phases: Phase, name: str = "made", **attributes: Any) -> type[Workflow]:
    body = {"get_phases": lambda self, config: list(phases), "name": name}
    return type(name, (Workflow,), {**body, **attributes})


class Ran:
    def __init__(self, result: WorkflowResult, entries: list[Entry]) -> None:
        self.result = result
        self.entries = entries

    def records(self, kind: type) -> list[Any]:
        return [entry.record for entry in self.entries if isinstance(entry.record, kind)]


@pytest.fixture
def run(config: dict[str, Any], tmp_path: Path) -> Callable[..., Ran]:
    def run(*definitions: type[Workflow], **settings: Any) -> Ran:
        entries: list[Entry] = []
        coordinator = Coordinator(
            consumers=[entries.append],
            root=tmp_path,
            workflows={definition.name: definition for definition in definitions},
        )
        user = {**config, "workflow": definitions[0].name, **settings}
        return Ran(coordinator.run_workflow(user), entries)

    return run


def test_a_pass_follows_with_what_the_hook_changes(run: Callable[..., Ran]) -> None:
    seen: list[tuple[int, int]] = []

    def should_continue(self: Any, result: Any, index: int, config: Any) -> bool:
        seen.append((index, config["random_seed"]))
        return True

    def modify(self: Any, config: Any, result: Any, index: int) -> Any:
        return {"random_seed": config["random_seed"] + 1}

    made = workflow(ONE, should_continue=should_continue, modify_config_for_next=modify)
    ran = run(made, max_iterations=3, random_seed=5)
    assert ran.result.success
    assert seen == [(0, 5), (1, 6)]
    seeds = [p.phase_results["one"].iterations[0].seed for p in ran.result.iterations]
    assert seeds == [5, 6, 7]
    assert ran.result.metadata["random_seed"] == 5
    hooks = [(h.hook, h.arguments["index"], h.result) for h in ran.records(HookCalled)]
    assert hooks == [
        ("should_continue", 0, True),
        ("modify_config_for_next", 0, {"random_seed": 6}),
        ("should_continue", 1, True),
        ("modify_config_for_next", 1, {"random_seed": 7}),
    ]
    second = [e for e in ran.entries if e.path == (("iteration", 1),)]
    assert isinstance(second[0].record, ConfigResolved)


@pytest.mark.parametrize(
    ("hooks", "kind", "message"),
    [
        ({"should_continue": lambda *_: 1}, "HookError", "gave 1, expected true or false"),
        ({"should_continue": lambda *_: 1 / 0}, "ZeroDivisionError", "division by zero"),
        ({"get_branches": lambda *_: "wide"}, "HookError", "gave text 'wide', expected a list"),
        ({"get_branches": lambda *_: ["wide"]}, "HookError", "gave text 'wide', expected a list"),
        ({"should_continue": lambda self, r, i, c: bool(c.pop("symbols"))}, "HookError",
         "changed the configuration it was shown"),
        ({"should_continue": lambda *_: True, "modify_config_for_next": lambda *_: {"x": 1}},
         "ConfigurationError", "unknown key 'x'"),
        ({"should_continue": lambda *_: True, "modify_config_for_next": lambda *_: []},
         "HookError", "gave a list, expected a mapping"),
        ({"should_continue": lambda *_: True,
          "modify_config_for_next": lambda *_: {"workflow": "simple_backtest"}},
         "ConfigurationError", "name 'workflow', which holds for the run"),
    ],
)  # fmt: skip
def test_a_hook_that_goes_wrong_fails_the_run_at_its_pass(
    run: Callable[..., Ran], hooks: Hooks, kind: str, message: str
) -> None:
    ran = run(workflow(ONE, **hooks))
    error = ran.result.error
    assert not ran.result.success
    assert error is not None
    assert (error.type, error.path) == (kind, "iteration=0")
    assert message in error.message
    assert len(ran.result.iterations) == 1
    assert [e.path for e in ran.entries if isinstance(e.record, ErrorRaised)] == [
        (("iteration", 0),)
    ]


def test_what_a_hook_does_to_results_changes_nothing(run: Callable[..., Ran]) -> None:
    def should_continue(self: Any, result: Any, index: int, config: Any) -> bool:
        result.phase_results["one"].metrics.clear()
        result.phase_results["one"].portfolios.clear()
        return False

    plain, meddled = run(workflow(ONE)), run(workflow(ONE, should_continue=should_continue))
    assert plain.result.to_document() == meddled.result.to_document()


def test_branches_run_under_their_names(run: Callable[..., Ran]) -> None:
    def branches(self: Any, result: Any, index: int, config: Any) -> Sequence[Branch]:
        return [Branch("wide", "inner", {"random_seed": 9}), Branch("b", "inner")]

    inner = workflow(ONE, name="inner")
    ran = run(workflow(ONE, get_branches=branches), inner, phases={"one": {"random_seed": 4}})
    assert ran.result.success
    assert list(ran.result.branches) == ["0/wide", "0/b"]
    wide = ran.result.iterations[0].branches["wide"]
    assert wide.phase_results["one"].iterations[0].seed == 9
    assert ran.result.branches["0/b"].phase_results["one"].iterations[0].seed == 0
    assert ran.result.phase_results["one"].iterations[0].seed == 4
    paths = {e.path[:2] for e in ran.entries if len(e.path) > 1}
    assert (("iteration", 0), ("branch", "wide")) in paths
    summary = ran.result.trace_summary
    assert summary is not None
    one = ran.result.phase_results["one"].iterations[0].trace_summary
    assert summary.events == 3 * one.events  # type: ignore[union-attr]  # a unit has one


@pytest.mark.parametrize(
    ("branches", "message"),
    [
        ([Branch("a", "inner"), Branch("a", "inner")], "two branches of one pass are called 'a'"),
        ([Branch("a", "made")], "is being run already: made -> made"),
        ([Branch("a", "iner")], "there is no workflow 'iner' (did you mean 'inner'?)"),
        ([Branch("one", "inner")], "called like a phase of its workflow"),
        ([Branch("../a", "inner")], "expected letters, digits"),
        ([Branch("a", "inner", {"symbols": ["ZZZ"]})], "there is no ZZZ_1d.csv"),
    ],
)
def test_a_branch_that_cannot_begin_fails_the_run_there(
    run: Callable[..., Ran], branches: list[Branch], message: str
) -> None:
    made = workflow(ONE, get_branches=lambda *_: branches)
    ran = run(made, workflow(ONE, name="inner"))
    error = ran.result.error
    assert error is not None
    assert error.path == f"iteration=0/branch={branches[-1].name}"
    assert message in error.message


def test_settings_that_hold_references_stand_above_the_users(run: Callable[..., Ran]) -> None:
    late = Phase(
        name="late",
        topology="backtest",
        sequence="single_pass",
        depends_on="one",
        config={"random_seed": Ref("one.metrics.bars"), "portfolio": {"lot_size": 2}},
    )
    ran = run(workflow(ONE, late), random_seed=1, portfolio={"lot_size": 5})
    assert ran.result.phase_results["late"].iterations[0].seed == 8
    ran = run(workflow(ONE, late), phases={"late": {"random_seed": 2}})
    assert ran.result.phase_results["late"].iterations[0].seed == 2


def test_a_late_setting_that_is_wrong_fails_the_phase(run: Callable[..., Ran]) -> None:
    late = Phase(
        name="late",
        topology="backtest",
        sequence="single_pass",
        depends_on="one",
        config={"random_seed": Ref("one.metrics.total_return")},
    )
    ran = run(workflow(ONE, late))
    error = ran.result.error
    assert error is not None
    assert (error.type, error.path) == ("ConfigurationError", "iteration=0/phase=late")
    assert ran.result.phase_results["one"].status == "succeeded"


def test_a_callable_decides_and_its_errors_fail_the_phase(run: Callable[..., Ran]) -> None:
    def enough(context: Context) -> bool:
        return context.results["one"].metrics["bars"] == 9

    def gated(condition: Any) -> Phase:
        return Phase(
            name="gated",
            topology="backtest",
            sequence="single_pass",
            depends_on="one",
            conditions=[condition],
        )

    ran = run(workflow(ONE, gated(enough)))
    assert ran.result.success
    assert ran.result.phase_results["gated"].reason == "condition not met: enough"
    ran = run(workflow(ONE, gated(lambda context: context.results["two"])))
    assert ran.result.phase_results["gated"].error.type == "KeyError"  # type: ignore[union-attr]


def test_outputs_make_a_folder_also_in_memory(run: Callable[..., Ran], tmp_path: Path) -> None:
    kept = Phase(
        name="one",
        topology="backtest",
        sequence="single_pass",
        outputs={"m": Output({"bars": Ref("one.metrics.bars")}, "m.json"), "n": Output("x")},
    )
    ran = run(workflow(kept, outputs={"n": Output(Ref("outputs.one.n"), "n.yaml")}))
    folder = tmp_path / "results" / ran.result.workflow_id
    files = [file.relative_to(folder).as_posix() for file in result_files(folder)]
    assert files == ["0/one/m.json", "n.yaml"]
    assert (folder / "0/one/m.json").read_text() == '{\n "bars": 8\n}\n'
    assert ran.result.outputs == {"n": "x"}
    assert ran.result.phase_results["one"].results_path is None


def test_windows_that_do_not_fit_are_told_before_anything_runs(run: Callable[..., Ran]) -> None:
    walk = Phase(name="walk", topology="backtest", sequence="walk_forward")
    with pytest.raises(ConfigurationError, match="fits into 8 bars") as caught:
        run(workflow(walk), phases={"walk": {"walk_forward": {"train_bars": 7, "test_bars": 2}}})
    assert caught.value.problems[0].path == ("phases", "walk", "walk_forward")


def test_a_run_in_which_no_phase_ran_has_failed(run: Callable[..., Ran]) -> None:
    never = Phase(
        name="never",
        topology="backtest",
        sequence="single_pass",
        conditions=[lambda context: False],
    )
    error = run(workflow(never)).result.error
    assert error is not None
    assert (error.type, error.path) == ("WorkflowError", "iteration=0")


class Twice(Workflow):
    """For `Coordinator`: two of one name."""

    name: ClassVar[str] = "simple_backtest"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        return [ONE]


def test_two_definitions_of_one_name_show_both_places() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Coordinator(workflows={"simple_backtest": Twice})
    text = str(caught.value)
    assert "two workflows are called 'simple_backtest'" in text
    assert "simple_backtest.py:" in text
    assert "test_imperative_loop.py:" in text
