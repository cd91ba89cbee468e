"""Strategies that name others, and classifiers: what a configuration may say of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from containers.components import Components
from containers.configuration import ClassifierSettings, validate_partial, validate_resolved

Problems = Callable[..., list[str]]
ProblemsOfYaml = Callable[[str], list[str]]

EXAMPLE = "write {NAME: WEIGHT}, NAME being a strategy declared before this one"


def ensemble(members: Any, **more: Any) -> dict[str, Any]:
    return {"type": "ensemble", "parameters": {"members": members}, **more}


def after(*names: str) -> list[dict[str, Any]]:
    return [{"type": "momentum", "name": name} for name in names]


@pytest.mark.parametrize(
    ("strategies", "problem"),
    [
        (
            [*after("fast", "slow"), ensemble({"fst": 1})],
            (
                "strategies[2].parameters.members.fst: there is no strategy 'fst' before "
                "'ensemble' (did you mean 'fast'?)"
            ),
        ),
        (
            [ensemble({"fast": 1})],
            (
                "strategies[0].parameters.members.fast: there is no strategy 'fast' before "
                "'ensemble' (declare it before this one)"
            ),
        ),
        (
            [ensemble({"fast": 1}, name="all"), *after("fast")],
            (
                "strategies[0].parameters.members.fast: the member 'fast' is declared after "
                "'all' (move the strategy 'fast' before 'all')"
            ),
        ),
        (
            [*after("fast"), ensemble({"fast": 1, "all": 2}, name="all")],
            (
                "strategies[1].parameters.members.all: the strategy 'all' cannot be its own "
                "member (remove it)"
            ),
        ),
        (
            [*after("fast"), ensemble({"ensemble": 2})],  # its name is its type
            (
                "strategies[1].parameters.members.ensemble: the strategy 'ensemble' cannot be "
                "its own member (remove it)"
            ),
        ),
        (
            [*after("fast"), ensemble({})],
            (
                "strategies[1].parameters.members: found no members, expected at least one "
                f"({EXAMPLE})"
            ),
        ),
        (
            [*after("fast"), ensemble(["fast"])],
            (
                "strategies[1].parameters.members: found ['fast'], expected a mapping from "
                f"strategies to weights ({EXAMPLE})"
            ),
        ),
        (
            [*after("fast"), ensemble({"fast": 0})],
            (
                "strategies[1].parameters.members: found weights that are all 0, so that no "
                "member has a say (give at least one member a weight)"
            ),
        ),
        (
            [*after("fast"), ensemble({"fast": "2"})],
            (
                "strategies[1].parameters.members.fast: found '2', expected a finite number "
                "(remove the quotes)"
            ),
        ),
        (
            [*after("fast"), ensemble({"fast": None})],
            "strategies[1].parameters.members.fast: found None, expected a finite number",
        ),
    ],
)
@pytest.mark.parametrize("phase", [False, True])
def test_what_is_wrong_with_members_is_said_where_it_stands(
    strategies: list[Any], problem: str, phase: bool, problems_of: Problems
) -> None:
    part = {"strategies": strategies}
    if phase:
        assert problems_of({"phases": {"a": part}}) == [f"phases.a.{problem}"]
    else:
        assert problems_of(part) == [problem]


def test_the_place_of_a_member_is_that_of_its_name_and_of_a_weight_its_own(
    problems_of_yaml: ProblemsOfYaml,
) -> None:
    text = """\
strategies:
  - {type: momentum, name: fast}
  - type: ensemble
    parameters:
      members: {fast: x, slow: 1, ensemble: 2}
      threshold: -1
  - {type: momentum, name: slow}
"""
    assert problems_of_yaml(text) == [
        ("c.yaml:5:23: strategies[1].parameters.members.fast: found 'x', expected a finite number"),
        (
            "c.yaml:5:26: strategies[1].parameters.members.slow: the member 'slow' is declared "
            "after 'ensemble' (move the strategy 'slow' before 'ensemble')"
        ),
        (
            "c.yaml:5:35: strategies[1].parameters.members.ensemble: the strategy 'ensemble' "
            "cannot be its own member (remove it)"
        ),
        (
            "c.yaml:6:18: strategies[1].parameters.threshold: found -1, expected a finite number "
            "of at least 0.0"
        ),
    ]


def test_members_keep_their_order_and_become_floats(components: Components) -> None:
    part = {"strategies": [*after("b", "a"), ensemble({"b": 2, "a": -1})]}
    checked = validate_partial(part, components=components)
    assert repr(checked["strategies"][2]["parameters"]) == "{'members': {'b': 2.0, 'a': -1.0}}"
    assert part["strategies"][2]["parameters"] == {"members": {"b": 2, "a": -1}}


def test_an_ensemble_can_be_a_member_and_a_name_can_be_a_type(components: Components) -> None:
    inner = ensemble({"momentum": 1}, name="inner")
    part = {"strategies": [{"type": "momentum"}, inner, ensemble({"inner": 1, "momentum": 1})]}
    validate_partial(part, components=components)


def test_a_complete_configuration_needs_members(
    complete: dict[str, Any], problems_of: Problems
) -> None:
    everywhere = {"symbols": None, "timeframe": None}
    own = {"type": "ensemble", "name": "e", **everywhere}
    complete["strategies"].append({**own, "parameters": {"members": {}, "threshold": 0.0}})
    assert problems_of(complete, resolved=True) == [
        f"strategies[1].parameters.members: found no members, expected at least one ({EXAMPLE})"
    ]
    complete["strategies"][1]["parameters"] = {"members": {"fast": 1}}
    assert problems_of(complete, resolved=True) == [
        "strategies[1].parameters.threshold: the required key 'threshold' is missing"
    ]


def test_malformed_strategies_are_passed_over_by_the_rule_of_members(
    problems_of: Problems,
) -> None:
    listed: list[Any] = [5, {"type": 5, "name": "a"}, {"type": "none"}, ensemble({"a": 1})]
    listed += [{"type": "ensemble", "parameters": 5}, {"name": 5}, {"parameters": {"members": 1}}]
    found = [problem.partition(":")[0] for problem in problems_of({"strategies": listed})]
    assert "strategies[0]" in found
    assert not [path for path in found if "members" in path]


def test_classifiers_are_complete_with_symbols_and_timeframe(
    complete: dict[str, Any], components: Components
) -> None:
    assert validate_resolved(complete, components=components).classifiers == (
        ClassifierSettings(
            type="trend",
            name="regime",
            parameters={"fast_period": 20, "slow_period": 60},
            symbols=None,
            timeframe=None,
        ),
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"type": "trnd"},
            "type: there is no classifier of type 'trnd' (did you mean 'trend'?)",
        ),
        (
            {"parameters": {"fast_perid": 3}},
            (
                "parameters.fast_perid: unknown parameter 'fast_perid' of classifier 'trend' "
                "(did you mean 'fast_period'?)"
            ),
        ),
        (
            {"parameters": {"fast_period": 0}},
            "parameters.fast_period: found 0, expected a whole number of at least 1",
        ),
        (
            {"type": "volatility", "parameters": {"low": "0.1"}},
            "parameters.low: found '0.1', expected a finite number of at least 0.0",
        ),
    ],
)
def test_what_is_wrong_with_a_classifier(
    changes: dict[str, Any], problem: str, problems_of: Problems
) -> None:
    part = {"classifiers": [{"type": "trend", **changes}]}
    assert problems_of(part) == [f"classifiers[0].{problem}"]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        (
            "symbols",
            ["GOGO"],
            "symbols[0]: the symbol 'GOGO' is not configured (did you mean 'GOOG'?)",
        ),
        (
            "symbols",
            [],
            "symbols: found an empty list, expected at least one symbol, or null for all",
        ),
        ("timeframe", "1h", "timeframe: the symbol 'GOOG' has no timeframe '1h' (it has 1d)"),
    ],
)
def test_a_classifier_uses_configured_streams(
    key: str, value: object, problem: str, complete: dict[str, Any], problems_of: Problems
) -> None:
    complete["classifiers"][0][key] = value
    assert problems_of(complete, resolved=True) == [f"classifiers[0].{problem}"]


def test_two_classifiers_need_two_names(complete: dict[str, Any], problems_of: Problems) -> None:
    complete["classifiers"] *= 2
    assert problems_of(complete, resolved=True) == [
        (
            "classifiers[1].name: two classifiers are called 'regime' "
            "(a second one of a type needs a name of its own)"
        )
    ]


def test_whole_numbers_become_floats_in_classifiers_too(components: Components) -> None:
    part = {"classifiers": [{"type": "volatility", "parameters": {"lookback": 5, "high": 1}}]}
    checked = validate_partial(part, components=components)
    assert repr(checked["classifiers"][0]["parameters"]) == "{'lookback': 5, 'high': 1.0}"
