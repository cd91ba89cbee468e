"""Section 7.1: order, dependencies, status, success."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.journal import Entry, PhaseFinished, PhaseSkipped, PlanMade
from tests.contract.conftest import Config, Run
from tests.contract.definitions import Definition, workflow

FAILING = {"config": {"strategies": "${config.random_seed}"}}
"""A phase that is found wrong when it begins."""

NEVER = {"expression": "iteration > 0"}


def phase(name: str, *depends_on: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "depends_on": list(depends_on), **keys}


def statuses(run: Run, study: Config, definition: Definition) -> dict[str, tuple[str, Any]]:
    result = run(study, definitions=[definition])
    return {name: (p.status, p.reason) for name, p in result.phase_results.items()}


def planned(journal: list[Entry]) -> list[str]:
    (plan,) = [e.record for e in journal if isinstance(e.record, PlanMade)]
    return [p.name for p in plan.phases]


def test_phases_run_in_the_first_possible_order(run: Run, study: Config) -> None:
    # Ready at first: b, e. After b: a (declared before e's turn). After a: c, then e, then d.
    definition = workflow(
        phase("c", "a"), phase("a", "b"), phase("b"), phase("d", "e", "c"), phase("e")
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition], journal=journal)
    assert planned(journal) == ["b", "a", "c", "e", "d"]
    assert list(result.phase_results) == ["b", "a", "c", "e", "d"]
    finished = [e.path[-1][1] for e in journal if isinstance(e.record, PhaseFinished)]
    assert finished == ["b", "a", "c", "e", "d"]
    assert result.success


def test_one_dependency_may_stand_without_a_list(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    definition = workflow({"name": "second", "depends_on": "first"}, phase("first"))
    run(study, definitions=[definition], journal=journal)
    assert planned(journal) == ["first", "second"]


@pytest.mark.parametrize(
    ("phases", "fragments"),
    [
        ([phase("a", "bb"), phase("b")], ["'bb'", "'b'"]),
        ([phase("a", "b"), phase("b", "c"), phase("c", "a")], ["a", "b", "c"]),
        ([phase("a", "a")], ["a"]),
        ([phase("a"), phase("a")], ["a"]),
    ],
    ids=["unknown", "circle", "itself", "a name twice"],
)
def test_wrong_dependencies_are_configuration_errors(
    run: Run, study: Config, phases: list[dict[str, Any]], fragments: list[str]
) -> None:
    journal: list[Entry] = []
    with pytest.raises(ConfigurationError) as caught:
        run(study, definitions=[workflow(*phases)], journal=journal)
    assert journal == []
    for fragment in fragments:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "name", ["config", "inputs", "outputs", "iteration", "parameters", ".a", "a/b", ""]
)
def test_a_phase_must_not_have_such_a_name(run: Run, study: Config, name: str) -> None:
    with pytest.raises(ConfigurationError):
        run(study, definitions=[workflow(phase(name))])


@pytest.mark.parametrize(
    "keys",
    [
        {"config": {"random_seed": "${first.metrics.bars}"}},
        {"inputs": {"result": "${first}"}, "topology": "analysis"},
        {"outputs": {"x": {"value": "${first.metrics.bars}"}}},
        {"outputs": {"x": {"value": "about ${first.metrics.bars} bars"}}},
        {"outputs": {"x": {"value": {"deep": ["${outputs.first.y}"]}}}},
        {"when": [{"metric": {"phase": "first", "name": "bars", "operator": ">", "value": 1}}]},
        {"when": [{"expression": "results.first.metrics.bars > 1"}]},
        {"when": [{"expression": "results['first'].metrics.bars > 1"}]},
        {"when": [{"expression": "outputs.first.y > 1"}]},
    ],
)
def test_reading_a_phase_needs_a_dependency_on_it(
    run: Run, study: Config, keys: dict[str, Any]
) -> None:
    first = phase("first", outputs={"y": {"value": 2}})
    with pytest.raises(ConfigurationError) as caught:
        run(study, definitions=[workflow(first, phase("second", **keys))])
    assert "first" in str(caught.value)
    assert "second" in str(caught.value)
    # Through another phase it is allowed.
    between = phase("between", "first")
    definition = workflow(first, between, phase("second", "between", **keys))
    assert run(study, definitions=[definition]).success


def test_a_failed_phase_stops_its_dependents_and_no_others(run: Run, study: Config) -> None:
    definition = workflow(
        phase("bad", **FAILING), phase("after", "bad"), phase("later", "after"), phase("free")
    )
    assert statuses(run, study, definition) == {
        "bad": ("failed", None),
        "after": ("skipped", "dependency 'bad' failed"),
        "later": ("skipped", "dependency 'after' was skipped"),
        "free": ("succeeded", None),
    }
    result = run(study, definitions=[definition])
    assert not result.success
    assert result.error is not None
    assert (result.error.type, result.error.path) == ("ConfigurationError", "iteration=0/phase=bad")
    assert result.error == result.phase_results["bad"].error
    assert result.phase_results["bad"].iterations == ()
    assert result.aggregated_results["best_phase"] == "free"


def test_fail_fast_skips_everything_after_a_failure(run: Run, study: Config) -> None:
    definition = workflow(
        phase("ok"), phase("bad", **FAILING), phase("after", "bad"), phase("free"), fail_fast=True
    )
    assert statuses(run, study, definition) == {
        "ok": ("succeeded", None),
        "bad": ("failed", None),
        "after": ("skipped", "dependency 'bad' failed"),
        "free": ("skipped", "phase 'bad' failed, and the workflow is fail_fast"),
    }


def test_a_failed_dependency_is_told_before_a_skipped_one(run: Run, study: Config) -> None:
    definition = workflow(
        phase("no", when=[NEVER]), phase("bad", **FAILING), phase("both", "no", "bad")
    )
    found = statuses(run, study, definition)
    assert found["both"] == ("skipped", "dependency 'bad' failed")


def test_a_skipped_dependency_is_told_before_a_condition(run: Run, study: Config) -> None:
    definition = workflow(phase("no", when=[NEVER]), phase("too", "no", when=[NEVER]))
    assert statuses(run, study, definition)["too"] == ("skipped", "dependency 'no' was skipped")


def test_a_phase_that_is_not_required_may_fail(run: Run, study: Config) -> None:
    definition = workflow(phase("bad", required=False, **FAILING), phase("free"))
    result = run(study, definitions=[definition])
    assert result.success
    assert result.error is None
    assert result.phase_results["bad"].status == "failed"


def test_a_required_phase_behind_an_optional_failure_is_a_failure(run: Run, study: Config) -> None:
    definition = workflow(
        phase("bad", required=False, **FAILING), phase("after", "bad"), phase("free")
    )
    result = run(study, definitions=[definition])
    assert not result.success
    assert result.error is not None
    assert result.error.path == "iteration=0/phase=bad"


def test_a_phase_skipped_by_a_condition_is_no_failure(run: Run, study: Config) -> None:
    definition = workflow(phase("no", when=[NEVER]), phase("behind", "no"), phase("free"))
    journal: list[Entry] = []
    result = run(study, definitions=[definition], journal=journal)
    assert result.success
    assert result.phase_results["behind"].status == "skipped"
    skipped = {
        e.path[-1][1]: e.record.reason for e in journal if isinstance(e.record, PhaseSkipped)
    }
    assert skipped == {
        "no": "condition not met: iteration > 0",
        "behind": "dependency 'no' was skipped",
    }
    # A skipped phase leaves no other record.
    assert sum(e.path[-1:] == (("phase", "no"),) for e in journal) == 1


def test_at_least_one_phase_must_run(run: Run, study: Config) -> None:
    result = run(study, definitions=[workflow(phase("no", when=[NEVER]))])
    assert not result.success
    assert result.error is not None
    assert (result.error.type, result.error.path) == ("WorkflowError", "iteration=0")
    assert result.error.message == "no phase ran: every phase was skipped"
    assert result.aggregated_results["best_phase"] is None


def test_the_best_phase_has_the_best_value_of_the_objective(run: Run, study: Config) -> None:
    small = {"risk_profiles": [{"type": "custom", "max_position_size": 0.01}]}
    definition = workflow(
        phase("small", config=small), phase("large"), phase("bad", required=False, **FAILING)
    )
    for direction, best in (("max", "large"), ("min", "small")):
        study |= {"objective": {"metric": "turnover", "direction": direction}}
        study.pop("risk_profiles", None)
        aggregated = run(study, definitions=[definition]).aggregated_results
        assert aggregated["best_phase"] == best
        assert aggregated["primary_metric"]["metric"] == "turnover"


def test_the_order_of_unrelated_phases_changes_no_number(run: Run, study: Config) -> None:
    phases = [
        phase("a"),
        phase("b", sequence="monte_carlo", config={"monte_carlo": {"iterations": 3}}),
        phase("c", "a"),
    ]
    results = [
        run(study, definitions=[workflow(*order)]).phase_results
        for order in (phases, phases[::-1], [phases[1], phases[2], phases[0]])
    ]
    for name in "abc":
        documents = [r[name].metrics for r in results]
        assert documents[0] == documents[1] == documents[2]


def test_the_plan_says_what_will_run(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    conditions = [
        {"metric": {"phase": "first", "name": "num_trades", "operator": ">=", "value": 1}},
        {"expression": "results.first.metrics.bars > 5"},
    ]
    definition = workflow(
        phase("first"),
        phase("walk", sequence="walk_forward"),
        phase("later", "first", when=conditions, required=False,
              sequence={"type": "monte_carlo", "body": "walk_forward"},
              config={"random_seed": "${first.metrics.bars}"}),
        phase("labels", "first", topology="analysis", inputs={"result": "${first}"}),
    )  # fmt: skip
    study["walk_forward"] = {"train_bars": 20, "test_bars": 10}
    study["monte_carlo"] = {"iterations": 2}
    study["parameter_space"] = {"momentum.fast_period": [1, 2, 3]}
    run(study, definitions=[definition], journal=journal)
    (plan,) = [e.record for e in journal if isinstance(e.record, PlanMade)]
    first, walk, later, labels = plan.phases
    assert (first.sequence, first.units, first.conditions) == ("single_pass", 1, ())
    assert walk.units == 4 * (3 + 1)
    assert later.sequence == "monte_carlo(walk_forward)"
    assert later.conditions == ("first.num_trades >= 1", "results.first.metrics.bars > 5")
    assert (later.units, later.required, later.depends_on) == (None, False, ("first",))
    assert (labels.topology, dict(labels.inputs), labels.units) == (
        "analysis", {"result": "first"}, 1,
    )  # fmt: skip
