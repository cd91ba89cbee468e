from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from containers.components import Components
from containers.configuration import ParameterRange, SpaceKey, space_of, validate_resolved

Problems = Callable[..., list[str]]

STRATEGIES: list[dict[str, Any]] = [
    {"type": "momentum", "name": "fast", "parameters": {"fast_period": 3, "slow_period": 9}},
    {"type": "mean_reversion", "name": "fast.dip", "parameters": {"lookback": 5, "num_std": 2}},
    {"type": "buy_and_hold", "name": "hold", "parameters": {}},
    {
        "type": "ensemble",
        "name": "both",
        "parameters": {"members": {"fast": 1, "fast.dip": 0.5}, "threshold": 0},
    },
]


@pytest.fixture
def spaced(complete: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    def with_space(space: dict[str, Any], **sweep: Any) -> dict[str, Any]:
        data = copy.deepcopy(complete)
        data["strategies"] = [{"symbols": None, "timeframe": None, **s} for s in STRATEGIES]
        data["parameter_space"] = space
        data["parameter_sweep"] = {"random": None, "only": None, "skip": [], **sweep}
        return data

    return with_space


Spaced = Callable[..., dict[str, Any]]


def test_a_key_says_where_its_value_goes(spaced: Spaced, components: Components) -> None:
    data = spaced(
        {
            "both.members.fast.dip": [0, 1],
            "fast.slow_period": {"low": 1, "high": 9},
            "fast.dip.num_std": [1, 2.5],
        },
        random={"count": 2},
    )
    configuration = validate_resolved(data, components=components)
    expected = (
        SpaceKey(
            "both.members.fast.dip", "both", ("members", "fast.dip"), (0.0, 1.0), None, False, None
        ),
        SpaceKey(
            "fast.slow_period", "fast", ("slow_period",), None, ParameterRange(1.0, 9.0), True, 1
        ),
        SpaceKey("fast.dip.num_std", "fast.dip", ("num_std",), (1.0, 2.5), None, False, 0.0),
    )
    assert space_of(configuration, components) == expected
    assert repr(space_of(configuration, components)) == repr(expected)  # 1.0, and not 1


@pytest.mark.parametrize(
    ("sweep", "left"),
    [
        ({"only": ["ensemble"]}, ["both.threshold"]),
        ({"skip": ["ensemble", "momentum"]}, ["fast.dip.lookback"]),
        ({"only": ["ensemble", "momentum"], "skip": ["ensemble"]}, ["fast.fast_period"]),
        ({"only": []}, []),
    ],
)
def test_only_and_skip_leave_keys_out_by_type(
    sweep: dict[str, Any], left: list[str], spaced: Spaced, components: Components
) -> None:
    space = {"fast.fast_period": [1], "fast.dip.lookback": [2], "both.threshold": [0.5]}
    configuration = validate_resolved(spaced(space, **sweep), components=components)
    assert [key.key for key in space_of(configuration, components)] == left


@pytest.mark.parametrize(
    ("key", "values", "problem"),
    [
        (
            "fsat.fast_period",
            [1],
            (
                "fsat.fast_period: 'fsat.fast_period' names no parameter of a "
                "configured strategy (did you mean 'fast'?)"
            ),
        ),
        (
            "fast",
            [1],
            (
                "fast: found the strategy 'fast' alone, expected {strategy}.{parameter} "
                "(write fast.fast_period)"
            ),
        ),
        ("hold", [1], "hold: found the strategy 'hold' alone, expected {strategy}.{parameter}"),
        (
            "hold.period",
            [1],
            ("hold.period: the strategy 'hold' has no parameter 'period' (it has none)"),
        ),
        (
            "fast.fast_perod",
            [1],
            (
                "fast.fast_perod: the strategy 'fast' has no parameter "
                "'fast_perod' (did you mean 'fast_period'?)"
            ),
        ),
        (
            "fast.dip.fast_period",
            [1],
            (
                "fast.dip.fast_period: the strategy 'fast.dip' has no "
                "parameter 'fast_period' (known: lookback, num_std)"
            ),
        ),
        (
            "both.members",
            [1],
            ("both.members: found all members at once (write both.members.{member})"),
        ),
        (
            "both.members.hold",
            [1],
            ("both.members.hold: 'hold' is no member of 'both' (known: fast, fast.dip)"),
        ),
        (
            "both.treshold",
            [1],
            (
                "both.treshold: the strategy 'both' has no parameter 'treshold' "
                "(did you mean 'threshold'?)"
            ),
        ),
        (
            "fast.fast_period",
            [3, 1.5, 0],
            (
                "fast.fast_period[1]: found 1.5, expected a whole "
                "number of at least 1|fast.fast_period[2]: found 0, expected a whole number of at "
                "least 1"
            ),
        ),
        (
            "fast.dip.num_std",
            [-1],
            ("fast.dip.num_std[0]: found -1, expected a finite number of at least 0.0"),
        ),
        (
            "fast.fast_period",
            {"low": 1, "high": 2},
            (
                "fast.fast_period: found a range, which only "
                "random sampling can take values from (set parameter_sweep.random, or write a list)"
            ),
        ),
        (
            "fast.fast_period",
            {"low": 2, "high": 2},
            (
                "fast.fast_period: found a range, which only random "
                "sampling can take values from (set parameter_sweep.random, or write a list)|"
                "fast.fast_period.low: found low 2, expected it below high 2"
            ),
        ),
    ],
)
def test_a_key_that_names_nothing_or_a_value_that_fits_nothing(
    key: str, values: object, problem: str, spaced: Spaced, problems_of: Problems
) -> None:
    expected = [f"parameter_space.{line}" for line in problem.split("|")]
    assert problems_of(spaced({key: values}), resolved=True) == expected


def test_a_range_begins_where_its_parameter_does_unless_samples_are_kept_there(
    spaced: Spaced, components: Components, problems_of: Problems
) -> None:
    space = {
        "fast.fast_period": {"low": -5, "high": 9},
        "fast.dip.num_std": {"low": -0.5, "high": 1},
    }
    assert problems_of(spaced(space, random={"count": 1}), resolved=True) == [
        "parameter_space.fast.dip.num_std.low: found -0.5, expected a finite number of at least 0.0"
    ]
    del space["fast.dip.num_std"]
    validate_resolved(spaced(space, random={"count": 1}), components=components)


def test_types_that_do_not_exist_are_found_in_a_part_too(problems_of: Problems) -> None:
    part = {"parameter_sweep": {"only": ["ensembel"], "skip": ["momentum", "x"]}}
    problem = "parameter_sweep.only[0]: there is no strategy of type 'ensembel' (did you mean"
    found = problems_of({"phases": {"sweep": part}})
    assert found[0] == f"phases.sweep.{problem} 'ensemble'?)"
    assert found[1].startswith("phases.sweep.parameter_sweep.skip[1]: there is no strategy of type")
    assert len(found) == 2


def test_the_values_of_a_phase_get_the_types_of_the_strategies_it_sees(
    spaced: Spaced, components: Components
) -> None:
    own = {"type": "mean_reversion", "name": "own"}
    data = spaced({})
    data["phases"] = {
        "a": {"parameter_space": {"fast.dip.num_std": [1], "elsewhere.x": [1]}},
        "b": {"strategies": [own], "parameter_space": {"own.num_std": [1], "own.lookback": [1]}},
    }
    phases = validate_resolved(data, components=components).phases
    assert repr(phases["a"]["parameter_space"]) == "{'fast.dip.num_std': [1.0], 'elsewhere.x': [1]}"
    assert repr(phases["b"]["parameter_space"]) == "{'own.num_std': [1.0], 'own.lookback': [1]}"


def test_no_combination_may_leave_an_ensemble_without_a_weight(
    spaced: Spaced, components: Components, problems_of: Problems
) -> None:
    both = {"both.members.fast": [1, 0], "both.members.fast.dip": [0, 1]}
    assert problems_of(spaced(both), resolved=True) == [
        (
            "parameter_space.both.members.fast.dip: one combination gives all members of 'both' "
            "the weight 0 (leave 0 out of one list)"
        )
    ]
    one = {"both.members.fast": [1, 0]}  # the other keeps its 0.5
    validate_resolved(spaced(one), components=components)
    validate_resolved(spaced(both, skip=["ensemble"]), components=components)
    space = {"both.members.fast": [0], "both.members.fast.dip": {"low": 0, "high": 1}}
    validate_resolved(spaced(space, random={"count": 2}), components=components)
