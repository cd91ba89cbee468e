"""Strategies, their parameters and the presets, with values worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.components import (
    PRESETS,
    Breakout,
    BuyAndHold,
    Classifier,
    Combiner,
    Decision,
    MeanReversion,
    Momentum,
    Parameter,
    RateOfChange,
    RelativeStrength,
    Strategy,
    UnitContext,
    default_components,
    integer,
    members,
    number,
)
from containers.components.parameters import Wrong
from containers.components.profiles import DEFAULT_MAX_LEVERAGE
from containers.events import Bar

LONG, FLAT, SHORT = Decision(1, 1.0), Decision(0, 1.0), Decision(-1, 1.0)
closes_strategy = st.lists(
    st.floats(min_value=0.01, max_value=1e6, allow_nan=False), min_size=1, max_size=12
)


def bar(close: float) -> Bar:
    # Only the close may matter, so the rest is far away from it.
    return Bar(0, 0, "data/AAA/1d", None, "AAA", "1d", 1e9, 1e9, 1e-9, close, None)


def decisions(
    strategy: Strategy, closes: Sequence[float], before: Decision = FLAT
) -> list[Decision]:
    states = [indicator.initial for indicator in strategy.indicators]
    last, answers = before, []
    for close in closes:
        features = []
        for i, indicator in enumerate(strategy.indicators):
            states[i], value = indicator.step(states[i], bar(close))
            features.append(value)
        last = strategy.decide(last, close, features)
        answers.append(last)
    return answers


# --- strategies -------------------------------------------------------------------------------


def test_momentum_is_long_above_short_below_and_flat_on_a_tie() -> None:
    strategy = Momentum(fast_period=1, slow_period=2)
    # sma_1 against sma_2: not ready; 3 > 2; 2 < 2.5; 2 = 2; 5 > 3.5
    assert decisions(strategy, [1.0, 3.0, 2.0, 2.0, 5.0]) == [FLAT, LONG, SHORT, FLAT, LONG]


def test_momentum_is_flat_on_flat_prices_that_are_no_binary_fractions() -> None:
    strategy = Momentum(fast_period=3, slow_period=7)
    assert decisions(strategy, [0.1] * 9) == [FLAT] * 9


def test_momentum_waits_for_both_averages() -> None:
    assert Momentum(1, 2).decide(LONG, 5.0, [None, 1.0]) == FLAT
    assert Momentum(1, 2).decide(LONG, 5.0, [1.0, None]) == FLAT


def test_momentum_ignores_its_last_view() -> None:
    assert Momentum(1, 2).decide(SHORT, 5.0, [2.0, 1.0]) == LONG
    assert Momentum(1, 2).decide(LONG, 5.0, [1.0, 1.0]) == FLAT


@pytest.mark.parametrize(
    ("close", "last", "view"),
    [
        # The band around 10 with deviation 2 and num_std 1.5 goes from 7 to 13.
        (6.9, FLAT, LONG),
        (6.9, SHORT, LONG),
        (7.0, FLAT, FLAT),  # on the band is not below it: keep
        (7.0, LONG, LONG),
        (7.0, SHORT, FLAT),  # at or below the average: a short has done its work
        (13.1, FLAT, SHORT),
        (13.1, LONG, SHORT),
        (13.0, FLAT, FLAT),
        (13.0, SHORT, SHORT),
        (13.0, LONG, FLAT),
        (9.9, LONG, LONG),
        (10.0, LONG, FLAT),  # an exit on equality
        (10.1, LONG, FLAT),
        (10.1, SHORT, SHORT),
        (10.0, SHORT, FLAT),
        (9.9, SHORT, FLAT),
        (10.0, FLAT, FLAT),
        (9.0, FLAT, FLAT),
    ],
)
def test_mean_reversion_enters_outside_the_band_and_leaves_at_the_average(
    close: float, last: Decision, view: Decision
) -> None:
    assert MeanReversion(lookback=5, num_std=1.5).decide(last, close, [10.0, 2.0]) == view


def test_mean_reversion_is_flat_until_it_is_ready() -> None:
    strategy = MeanReversion(lookback=5, num_std=1.5)
    assert strategy.decide(LONG, 1.0, [None, 2.0]) == FLAT
    assert strategy.decide(LONG, 1.0, [10.0, None]) == FLAT


def test_mean_reversion_over_bars_by_hand() -> None:
    strategy = MeanReversion(lookback=2, num_std=0.5)
    # Two closes a b have the mean (a + b) / 2 and the deviation |a - b| / 2; b lies a whole
    # deviation off, beyond half of one, unless a = b, when the band is as wide as its average.
    #            -    6 < 8  =: exit  9 > 7.5  =: exit  keeps flat
    closes = [10.0, 6.0, 6.0, 9.0, 9.0, 9.0]
    assert decisions(strategy, closes) == [FLAT, LONG, FLAT, SHORT, FLAT, FLAT]


def test_mean_reversion_declares_average_before_deviation() -> None:
    strategy = MeanReversion(lookback=4, num_std=1.0)
    assert [i.name for i in strategy.indicators] == ["sma_4", "std_4"]


def test_momentum_declares_fast_before_slow() -> None:
    assert [i.name for i in Momentum(3, 2).indicators] == ["sma_3", "sma_2"]


def test_buy_and_hold_is_long_from_the_first_bar_on() -> None:
    assert decisions(BuyAndHold(), [5.0, 1.0]) == [LONG, LONG]
    assert BuyAndHold().indicators == ()


@pytest.mark.parametrize(
    ("index", "last", "view"),
    [
        (19.9, FLAT, LONG),
        (19.9, SHORT, LONG),
        (20.0, FLAT, FLAT),  # at a bound is not beyond it: keep
        (20.0, SHORT, SHORT),
        (20.0, LONG, LONG),
        (50.0, LONG, LONG),
        (50.0, SHORT, SHORT),
        (90.0, FLAT, FLAT),
        (90.0, LONG, LONG),
        (90.1, FLAT, SHORT),
        (90.1, LONG, SHORT),
    ],
)
def test_rsi_enters_beyond_its_bounds_and_keeps_between(
    index: float, last: Decision, view: Decision
) -> None:
    strategy = RelativeStrength(period=3, oversold=20.0, overbought=90.0)
    assert strategy.decide(last, 1e9, [index]) == view


def test_rsi_with_crossed_bounds_holds_against_the_lower_one_first() -> None:
    strategy = RelativeStrength(period=3, oversold=60.0, overbought=40.0)
    assert strategy.decide(FLAT, 1.0, [50.0]) == LONG


def test_rsi_over_bars_by_hand() -> None:
    # Changes +1 -1 +3 -7: rsi 50, 87.5, 19.4
    strategy = RelativeStrength(period=2, oversold=30.0, overbought=70.0)
    answers = decisions(strategy, [10.0, 11.0, 10.0, 13.0, 6.0], before=FLAT)
    assert answers == [FLAT, FLAT, FLAT, SHORT, LONG]


@pytest.mark.parametrize(
    ("close", "last", "view"),
    [
        (12.1, FLAT, LONG),
        (12.1, SHORT, LONG),
        (12.0, FLAT, FLAT),  # reaching the extreme is not breaking it
        (12.0, SHORT, SHORT),
        (10.0, LONG, LONG),
        (8.0, LONG, LONG),
        (8.0, FLAT, FLAT),
        (7.9, FLAT, SHORT),
        (7.9, LONG, SHORT),
    ],
)
def test_breakout_goes_with_a_close_beyond_the_extremes_and_keeps_inside(
    close: float, last: Decision, view: Decision
) -> None:
    assert Breakout(lookback=3).decide(last, close, [12.0, 8.0]) == view


@pytest.mark.parametrize(
    ("change", "view"),
    [(0.11, LONG), (0.1, FLAT), (0.0, FLAT), (-0.1, FLAT), (-0.11, SHORT)],
)
@pytest.mark.parametrize("last", [LONG, FLAT, SHORT])
def test_rate_of_change_is_flat_within_its_threshold(
    change: float, view: Decision, last: Decision
) -> None:
    assert RateOfChange(lookback=3, threshold=0.1).decide(last, 1e9, [change]) == view


def test_what_keeps_waits_flat_until_it_is_ready() -> None:
    assert RelativeStrength(3, 20.0, 80.0).decide(LONG, 1.0, [None]) == FLAT
    assert RateOfChange(3, 0.0).decide(LONG, 1.0, [None]) == FLAT
    assert Breakout(3).decide(LONG, 1.0, [None, 0.5]) == FLAT
    assert Breakout(3).decide(LONG, 1.0, [0.5, None]) == FLAT


def test_the_features_of_each_strategy_are_those_of_the_contract_in_its_order() -> None:
    assert [i.name for i in RelativeStrength(3, 20.0, 80.0).indicators] == ["rsi_3"]
    assert [i.name for i in Breakout(3).indicators] == ["highest_3", "lowest_3"]
    assert [i.name for i in RateOfChange(3, 0.0).indicators] == ["roc_3"]


@given(closes=closes_strategy, past=st.sampled_from([LONG, FLAT, SHORT]))
def test_strength_is_one(closes: list[float], past: Decision) -> None:
    ruled: list[Strategy] = [Momentum(2, 3), MeanReversion(2, 1.0), BuyAndHold(), Breakout(2)]
    for strategy in (*ruled, RelativeStrength(2, 40.0, 60.0), RateOfChange(2, 0.1)):
        for decision in decisions(strategy, closes, past):
            assert decision.strength == 1.0
            assert decision.direction in (-1, 0, 1)


# --- parameters and presets -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "value", "problem"),
    [
        (integer(10, minimum=1), 1, None),
        (integer(10, minimum=1), 0, "found 0, expected a whole number of at least 1"),
        (integer(10), -5, None),
        (integer(10), 5.0, "found 5.0, expected a whole number"),
        (integer(10), True, "found True, expected a whole number"),
        (integer(10), "5", "found '5', expected a whole number"),
        (integer(10), None, "found None, expected a whole number"),
        (number(2.0), 3, None),
        (number(2.0), 2.5, None),
        (number(2.0), -2.5, None),
        (number(2.0), False, "found False, expected a finite number"),
        (number(2.0), math.inf, "found inf, expected a finite number"),
        (number(2.0), math.nan, "found nan, expected a finite number"),
        (number(2.0), "2", "found '2', expected a finite number"),
        (number(2.0, minimum=0.0), 0.0, None),
        (number(2.0, minimum=0.0), 0, None),
        (number(2.0, minimum=0.0), -0.1, "found -0.1, expected a finite number of at least 0.0"),
    ],
)
def test_a_parameter_says_what_is_wrong_with_a_value(
    parameter: Parameter, value: Any, problem: str | None
) -> None:
    assert parameter.problem(value) == problem
    assert [wrong.below for wrong in parameter.problems(value)] == ([()] if problem else [])


EXAMPLE = "write {NAME: WEIGHT}, NAME being a strategy declared before this one"


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ({"a": 1}, []),
        ({"a": 0.5, "b": -2, "c": 0}, []),
        ({}, [Wrong((), "found no members, expected at least one", EXAMPLE)]),
        (
            ["a"],
            [Wrong((), "found ['a'], expected a mapping from strategies to weights", EXAMPLE)],
        ),
        (
            {"a": "1", "b": 2, "c": None, "d": True, "e": math.inf},
            [
                Wrong(("a",), "found '1', expected a finite number", "remove the quotes"),
                Wrong(("c",), "found None, expected a finite number"),
                Wrong(("d",), "found True, expected a finite number"),
                Wrong(("e",), "found inf, expected a finite number"),
            ],
        ),
        ({"a": "much"}, [Wrong(("a",), "found 'much', expected a finite number")]),
        ({"a": "nan"}, [Wrong(("a",), "found 'nan', expected a finite number")]),
        (
            {"a": 0, "b": -0.0},
            [
                Wrong(
                    (),
                    "found weights that are all 0, so that no member has a say",
                    "give at least one member a weight",
                )
            ],
        ),
        (
            {"a": 1.5e308, "b": -1.5e308},
            [Wrong((), "found weights whose sum is beyond all floats", "write smaller ones")],
        ),
        ({"a": 1.5e308, "b": 0.2e308}, []),
        ({"a": 10**99, "b": 1}, []),
    ],
)
def test_members_are_a_mapping_from_names_to_weights(value: Any, problems: list[Wrong]) -> None:
    assert list(members().problems(value)) == problems
    assert members().problem(value) == (problems[0].message if problems else None)


def test_what_a_component_is_handed_has_the_declared_type() -> None:
    assert repr(number(2.0).stored(3)) == "3.0"
    assert repr(integer(2).stored(3)) == "3"
    assert repr(members().stored({"b": 1, "a": -0.5})) == "{'b': 1.0, 'a': -0.5}"


def of_all_kinds() -> dict[str, type[Strategy] | type[Combiner] | type[Classifier]]:
    shipped = default_components()
    return {**shipped.strategies, **shipped.classifiers}


def test_the_parameters_and_defaults_are_those_of_the_contract_in_its_order() -> None:
    declared = {
        name: [(key, p.kind, p.default) for key, p in cls.parameters.items()]
        for name, cls in of_all_kinds().items()
    }
    assert declared == {
        "momentum": [("fast_period", "integer", 10), ("slow_period", "integer", 30)],
        "mean_reversion": [("lookback", "integer", 20), ("num_std", "number", 2.0)],
        "rsi": [
            ("period", "integer", 14),
            ("oversold", "number", 30.0),
            ("overbought", "number", 70.0),
        ],
        "breakout": [("lookback", "integer", 20)],
        "rate_of_change": [("lookback", "integer", 10), ("threshold", "number", 0.0)],
        "buy_and_hold": [],
        "ensemble": [("members", "members", {}), ("threshold", "number", 0.0)],
        "trend": [("fast_period", "integer", 10), ("slow_period", "integer", 30)],
        "volatility": [
            ("lookback", "integer", 20),
            ("low", "number", 0.1),
            ("high", "number", 0.3),
        ],
    }


def test_every_default_is_a_value_that_its_parameter_allows_but_members_must_be_given() -> None:
    for cls in of_all_kinds().values():
        for parameter in cls.parameters.values():
            allowed = parameter.problem(parameter.default) is None
            assert allowed == (parameter.kind != "members")
            assert repr(parameter.stored(parameter.default)) == repr(parameter.default)


def test_a_strategy_is_made_from_its_parameters_by_keyword() -> None:
    for name, cls in default_components().strategies.items():
        strategy = cls(**{key: p.default for key, p in cls.parameters.items()})
        assert strategy.type_name == name


def test_a_classifier_is_made_from_what_is_known_of_the_unit_and_its_parameters() -> None:
    for name, cls in default_components().classifiers.items():
        parameters = {key: p.default for key, p in cls.parameters.items()}
        classifier = cls(UnitContext(periods_per_year=252.0), **parameters)
        assert classifier.type_name == name


def test_periods_are_at_least_one_and_bounds_never_negative() -> None:
    for cls in of_all_kinds().values():
        for parameter in cls.parameters.values():
            if parameter.kind == "integer":
                assert (parameter.problem(0) is None, parameter.problem(1)) == (False, None)
            if parameter.kind == "number":
                assert (parameter.problem(-0.1) is None, parameter.problem(0)) == (False, None)


def test_the_presets_are_those_of_the_contract() -> None:
    assert {name: preset.max_position_size for name, preset in PRESETS.items()} == {
        "conservative": 0.1,
        "moderate": 0.25,
        "aggressive": 1.0,
        "custom": None,
    }
    assert DEFAULT_MAX_LEVERAGE == 1.0
    assert default_components().profiles == PRESETS


_BLIND = [
    Momentum(fast_period=1, slow_period=2),
    RelativeStrength(period=14, oversold=30.0, overbought=70.0),
    RateOfChange(lookback=3, threshold=10.0),
    BuyAndHold(),
]


@pytest.mark.parametrize("strategy", _BLIND, ids=lambda s: s.type_name)
@pytest.mark.parametrize("values", list(product([None, -20.0, 20.0, 50.0, 80.0], repeat=2)))
def test_what_does_not_see_closes_answers_the_same_whatever_the_close(
    strategy: Strategy, values: tuple[float | None, ...]
) -> None:
    assert getattr(strategy, "sees_closes") is False  # noqa: B009  # not part of the protocol
    known = values[: len(strategy.indicators)]
    for last in (LONG, FLAT, SHORT):
        answers = {strategy.decide(last, close, known) for close in (math.nan, 0.001, 1e9)}
        assert len(answers) == 1


def test_every_shipped_strategy_says_whether_it_sees_closes() -> None:
    told = {
        name: getattr(strategy, "sees_closes", None)
        for name, strategy in default_components().strategies.items()
    }
    assert {name for name, sees in told.items() if sees} == {"mean_reversion", "breakout"}
    assert None not in told.values()
