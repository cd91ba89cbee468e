"""Section 7.6: the loop and its hooks. Hooks are Python's; patterns say the same in two keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from containers.journal import ConfigResolved, Entry, HookCalled, PlanMade
from containers.results import LoopIterationResult, WorkflowResult
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import Definition, workflow

WORK = {"name": "work"}
DOUBLED = {"portfolio": {"initial_capital": {"expression": "config.portfolio.initial_capital * 2"}}}


def always(self: Any, result: LoopIterationResult, index: int, config: Mapping[str, Any]) -> bool:
    return True


def doubling(
    self: Any, config: Mapping[str, Any], result: LoopIterationResult, index: int
) -> dict[str, Any]:
    return {"portfolio": {"initial_capital": config["portfolio"]["initial_capital"] * 2}}


def looping(
    condition: Any = None,
    change: Any = None,
    should_continue: Callable[..., Any] | None = None,
    modify: Callable[..., Any] | None = None,
    **keys: Any,
) -> Definition:
    """Write a loop in both forms."""
    iterate: dict[str, Any] = {"while": condition or {"expression": "true"}}
    hooks: dict[str, Any] = {"should_continue": should_continue or always}
    if change is not None:
        iterate["change"] = change
    if modify is not None:
        hooks["modify_config_for_next"] = modify
    return workflow(WORK, iterate=iterate, hooks=hooks, **keys)


def capitals(result: WorkflowResult) -> list[float]:
    return [p.phase_results["work"].aggregate_metrics["initial_capital"] for p in result.iterations]


def test_without_should_continue_there_is_one_pass(run: Run, study: Config) -> None:
    result = run(study, definitions=[workflow(WORK)])
    assert [(p.index, p.success) for p in result.iterations] == [(0, True)]


def test_a_loop_ends_with_max_iterations(run: Run, study: Config) -> None:
    study["max_iterations"] = 3
    journal: list[Entry] = []
    result = run(study, definitions=[looping(change=DOUBLED, modify=doubling)], journal=journal)
    assert capitals(result) == [100_000.0, 200_000.0, 400_000.0]
    assert plain(result.phase_results) == plain(result.iterations[-1].phase_results)
    hooks = [
        (e.path, e.record.hook, dict(e.record.arguments), e.record.result)
        for e in journal
        if isinstance(e.record, HookCalled)
    ]
    # The last permitted pass asks nothing.
    expected: list[Any] = []
    for index, capital in ((0, 200_000.0), (1, 400_000.0)):
        path = (("iteration", index),)
        change = {"portfolio": {"initial_capital": capital}}
        expected.append((path, "should_continue", {"index": index}, True))
        expected.append((path, "modify_config_for_next", {"index": index}, change))
    assert hooks == expected
    firsts = {
        e.path: type(e.record).__name__ for e in journal if e.number == 0 and len(e.path) == 1
    }
    assert firsts == {
        (("iteration", 0),): "PlanMade",
        (("iteration", 1),): "ConfigResolved",
        (("iteration", 2),): "ConfigResolved",
    }
    assert sum(isinstance(e.record, PlanMade) for e in journal) == 3
    resolved = [
        e.record.config["portfolio"]["initial_capital"]
        for e in journal
        if isinstance(e.record, ConfigResolved) and e.path in ((), (("iteration", 1),))
    ]
    assert resolved == [100_000.0, 200_000.0]


def test_ten_passes_are_permitted_unless_said_otherwise(run: Run, study: Config) -> None:
    study["data"] |= {"end_date": "2024-01-12"}
    assert len(run(study, definitions=[looping()]).iterations) == 10
    definition = looping(defaults={"max_iterations": 2})
    assert len(run(study, definitions=[definition]).iterations) == 2
    study["max_iterations"] = 1
    assert len(run(study, definitions=[definition]).iterations) == 1


def test_a_loop_stops_when_it_should(run: Run, study: Config) -> None:
    definition = looping(
        {"expression": "results.work.metrics.bars == 60 and iteration < 2"},
        should_continue=lambda self, result, i, config: (
            result.phase_results["work"].metrics["bars"] == 60 and i < 2
        ),
    )
    assert len(run(study, definitions=[definition]).iterations) == 3


def test_a_null_metric_stops_a_loop(run: Run, study: Config) -> None:
    study["strategies"] = [
        {"type": "momentum", "parameters": {"fast_period": 9, "slow_period": 99}}
    ]
    definition = looping(
        {"metric": {"phase": "work", "name": "sharpe_ratio", "operator": "<", "value": 1.0}},
        should_continue=lambda self, result, i, config: (
            result.phase_results["work"].metrics["sharpe_ratio"] is not None
        ),
    )
    result = run(study, definitions=[definition])
    assert (len(result.iterations), result.success) == (1, True)


def test_changes_lie_over_the_users_configuration_of_the_pass(run: Run, study: Config) -> None:
    study["max_iterations"] = 3
    study["phases"] = {"work": {"portfolio": {"initial_capital": 5_000}}}
    result = run(study, definitions=[looping(change=DOUBLED, modify=doubling)])
    # The user's word for the phase stands above the user's for the workflow, in every pass.
    assert capitals(result) == [5_000.0] * 3


def test_references_and_values_may_be_changes(run: Run, study: Config) -> None:
    study["max_iterations"] = 2
    change = {
        "portfolio": {"initial_capital": "${work.metrics.final_equity}"},
        "random_seed": 7,
        "metrics": {"periods_per_year": {"expression": "100 + iteration"}},
    }

    def modify(self: Any, config: Any, result: LoopIterationResult, index: int) -> Any:
        metrics = result.phase_results["work"].metrics
        return {
            "portfolio": {"initial_capital": metrics["final_equity"]},
            "random_seed": 7,
            "metrics": {"periods_per_year": 100 + index},
        }

    result = run(study, definitions=[looping(change=change, modify=modify)])
    first, second = (p.phase_results["work"] for p in result.iterations)
    assert capitals(result)[1] == first.metrics["final_equity"]
    assert second.metrics["periods_per_year"] == 100.0
    assert second.iterations[0].seed == 7


@pytest.mark.parametrize(
    ("space", "widened"),
    [
        ([4, 10], [3, 4, 10, 15]),  # 4 / 1.5 = 2.67, 10 x 1.5
        ([1], [1, 2]),  # 0.67 is rounded to 1, which is there; 1.5 is rounded half to even
        ([5, 3], [2, 5, 3, 8]),  # 3 / 1.5 = 2, 5 x 1.5 = 7.5, to even
        ([2, 3], [1, 2, 3, 4]),  # 1.33; 4.5, to even
    ],
)
@pytest.mark.parametrize("engine", ["declarative"])  # adaptive_strategy_search shows it in Python
def test_widening_adds_at_both_ends(
    run: Run, study: Config, space: list[int], widened: list[int]
) -> None:
    study |= {"max_iterations": 2, "parameter_space": {"momentum.slow_period": space}}
    journal: list[Entry] = []
    definition = looping(change={"parameter_space": {"widen": 1.5}}, modify=doubling)
    run(study, definitions=[definition], journal=journal)
    (called,) = [
        e.record
        for e in journal
        if isinstance(e.record, HookCalled) and e.record.hook == "modify_config_for_next"
    ]
    assert called.result == {"parameter_space": {"momentum.slow_period": widened}}


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"portfolio": {"initial_captial": 5}}, "initial_capital"),
        ({"portfolio": {"initial_capital": "much"}}, "much"),
        ({"symbols": ["ZZZ"]}, "ZZZ"),
        ({"phases": {"wrok": {"random_seed": 1}}}, "work"),
        ({"workflow": "simple_backtest"}, "workflow"),
    ],
)
def test_changes_are_checked_like_the_users_configuration(
    run: Run, study: Config, changes: dict[str, Any], fragment: str
) -> None:
    definition = looping(change=changes, modify=lambda self, config, result, i: changes)
    result = run(study, definitions=[definition])
    assert not result.success
    assert result.error is not None
    assert result.error.type in ("ConfigurationError", "DataError")
    assert result.error.path == "iteration=0"
    assert fragment in result.error.message
    assert len(result.iterations) == 1
    assert result.phase_results["work"].status == "succeeded"


@pytest.mark.parametrize("engine", ["imperative"])
class TestPythonHooks:
    """What only Python can do wrong; patterns have no such hooks."""

    @pytest.mark.parametrize(
        ("hook", "answer"),
        [
            ("should_continue", 1), ("should_continue", None), ("should_continue", "yes"),
            ("modify_config_for_next", None), ("modify_config_for_next", [1]),
            ("get_branches", None), ("get_branches", 5), ("get_branches", ["wide"]),
        ],
    )  # fmt: skip
    def test_an_answer_of_the_wrong_type_fails_the_run(
        self, run: Run, study: Config, hook: str, answer: Any
    ) -> None:
        hooks = {"should_continue": always, hook: lambda self, *given: answer}
        result = run(study, definitions=[workflow(WORK, hooks=hooks)])
        assert not result.success
        assert result.error is not None
        assert (result.error.type, result.error.path) == ("HookError", "iteration=0")
        assert hook in result.error.message
        assert len(result.iterations) == 1

    @pytest.mark.parametrize("hook", ["should_continue", "modify_config_for_next", "get_branches"])
    def test_a_hook_that_raises_fails_the_run_with_what_it_raised(
        self, run: Run, study: Config, hook: str
    ) -> None:
        def boom(self: Any, *given: Any) -> Any:
            raise ZeroDivisionError("boom")

        hooks = {"should_continue": always, hook: boom}
        result = run(study, definitions=[workflow(WORK, hooks=hooks)])
        assert result.error is not None
        assert (result.error.type, result.error.message) == ("ZeroDivisionError", "boom")
        assert result.error.path == "iteration=0"
        assert len(result.iterations) == 1
        assert result.phase_results["work"].status == "succeeded"

    @pytest.mark.parametrize(
        ("hook", "answer"),
        [("should_continue", False), ("modify_config_for_next", {}), ("get_branches", ())],
    )
    def test_a_hook_that_changes_the_configuration_fails_the_run(
        self, run: Run, study: Config, hook: str, answer: Any
    ) -> None:
        def changing(self: Any, *given: Any) -> Any:
            config = next(item for item in given if isinstance(item, dict))
            config["portfolio"]["initial_capital"] = 1.0
            return answer

        hooks = {"should_continue": always, hook: changing}
        result = run(study, definitions=[workflow(WORK, hooks=hooks)])
        assert result.error is not None
        assert (result.error.type, result.error.path) == ("HookError", "iteration=0")

    def test_arguments_are_result_index_and_the_resolved_configuration(
        self, run: Run, study: Config
    ) -> None:
        seen: list[Any] = []

        def should_continue(self: Any, result: Any, index: Any, config: Any) -> bool:
            seen.append((result.phase_results["work"].metrics["bars"], index))
            seen.append((config["trace_level"], config["execution"]["fill"]))
            return bool(index < 1)

        hooks = {"should_continue": should_continue}
        result = run(study, definitions=[workflow(WORK, hooks=hooks)])
        assert seen == [(60, 0), ("none", "next_open"), (60, 1), ("none", "next_open")]
        assert len(result.iterations) == 2

    def test_a_callable_condition_is_named_in_the_reason(self, run: Run, study: Config) -> None:
        def enough_bars(context: Any) -> bool:
            return bool(context.results["first"].metrics["bars"] > 60)

        for answer, status in ((enough_bars, "skipped"), (lambda c: 1, "failed")):
            definition = workflow({"name": "first"}, {"name": "second", "depends_on": "first"})
            made = definition.python()
            phases = made().get_phases({})
            changed = [phases[0], _with_condition(phases[1], answer)]
            made.get_phases = lambda self, config, given=changed: given
            given = Definition("workflow", definition.content, {"get_phases": made.get_phases})
            phase = run(study, definitions=[given]).phase_results["second"]
            assert phase.status == status
            if status == "skipped":
                assert phase.reason == "condition not met: enough_bars"
            else:
                assert phase.error is not None
                assert phase.error.type == "ConditionError"


def _with_condition(phase: Any, condition: Any) -> Any:
    import dataclasses

    return dataclasses.replace(phase, conditions=(condition,))


def test_a_failed_pass_ends_the_loop_and_takes_no_branch(run: Run, study: Config) -> None:
    definition = workflow(
        {"name": "bad", "config": {"strategies": "${config.random_seed}"}},
        iterate={"while": {"expression": "true"}},
        branches=[{"name": "wide", "workflow": "simple_backtest"}],
        hooks={"should_continue": always, "get_branches": lambda self, *given: 1 / 0},
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition], journal=journal)
    assert [p.success for p in result.iterations] == [False]
    assert result.branches == {}
    assert not any(isinstance(e.record, HookCalled) for e in journal)
