"""Phases: in which order, and what depends on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from containers.strict_yaml import loads
from declarative import DeclarativeWorkflowManager, PatternError, shipped
from declarative.definitions import WorkflowDefinition
from declarative.patterns import Pattern, pattern_of
from declarative.workflows import flatten, order_phases


def pattern(**depends_on: str) -> Pattern[WorkflowDefinition]:
    lines = ["kind: workflow", "name: mine", "phases:"]
    for name, names in depends_on.items():
        lines.append(
            f"  - {{name: {name}, topology: backtest, sequence: single_pass, depends_on: {names}}}"
        )
    found = pattern_of(loads("\n".join(lines), "mine.yaml"))
    assert isinstance(found.definition, WorkflowDefinition)
    return Pattern(found.definition, found.document)


def order(**depends_on: str) -> list[str]:
    workflow = flatten(pattern(**depends_on), shipped())
    return [phase.name for phase in order_phases(workflow)]


def refused(**depends_on: str) -> list[str]:
    with pytest.raises(PatternError) as caught:
        order(**depends_on)
    return [str(problem) for problem in caught.value.problems]


def test_without_dependencies_the_declared_order_holds() -> None:
    assert order(c="[]", a="[]", b="[]") == ["c", "a", "b"]


def test_each_time_the_first_declared_phase_that_can_run_does() -> None:
    assert order(d="[b, c]", c="b", b="[]", a="[]") == ["b", "c", "d", "a"]


def test_unknown_names_are_all_reported_with_the_nearest() -> None:
    assert refused(sweep="[]", check="[swep, other]") == [
        (
            "mine.yaml:5:74: phases[1].depends_on: phase 'check' depends on 'swep', which does not "
            "exist (did you mean 'sweep'?)"
        ),
        (
            "mine.yaml:5:74: phases[1].depends_on: phase 'check' depends on 'other', which "
            "does not "
            "exist (known: check, sweep)"
        ),
    ]


def test_a_circle_is_named_from_its_first_declared_phase_on() -> None:
    assert refused(x="c", b="a", c="b", a="c") == [
        (
            "mine.yaml:5:70: phases[1].depends_on: phases depend on each other in a circle: "
            "b -> a -> c -> b"
        )
    ]


def test_a_phase_cannot_depend_on_itself() -> None:
    assert refused(a="a") == [
        "mine.yaml:4:70: phases[0].depends_on: phases depend on each other in a circle: a -> a"
    ]


def test_two_phases_cannot_have_one_name() -> None:
    text = "{name: a, topology: backtest, sequence: single_pass}"
    found = pattern_of(
        loads(f"kind: workflow\nname: mine\nphases:\n- {text}\n- {text}\n", "mine.yaml")
    )
    assert isinstance(found.definition, WorkflowDefinition)
    with pytest.raises(PatternError) as caught:
        flatten(Pattern(found.definition, found.document), shipped())
    assert str(caught.value) == "mine.yaml:5:10: phases[1].name: two phases are called 'a'"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"topology": "backtst"},
            "phases[0].topology: there is no topology 'backtst' (did you mean 'backtest'?)",
        ),
        (
            {"sequence": "singlepass"},
            "phases[0].sequence: there is no sequence 'singlepass' (did you mean 'single_pass'?)",
        ),
    ],
)
def test_an_unknown_topology_or_sequence_is_an_error(
    settings: Mapping[str, str],
    message: str,
    write_workflow: Callable[..., Path],
    config: dict[str, Any],
) -> None:
    manager = DeclarativeWorkflowManager(patterns=write_workflow(a=settings))
    with pytest.raises(PatternError) as caught:
        manager.plan_workflow({**config, "workflow": "mine"})
    assert str(caught.value).endswith(message)
    assert "mine.yaml:4:" in str(caught.value)
