"""Strategies, their parameters and the presets, with values worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.components import (
    PRESETS,
    BuyAndHold,
    Decision,
    MeanReversion,
    Momentum,
    Parameter,
    Strategy,
    default_components,
    integer,
    number,
)
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


@given(closes=closes_strategy, past=st.sampled_from([LONG, FLAT, SHORT]))
def test_strength_is_one(closes: list[float], past: Decision) -> None:
    for strategy in (Momentum(2, 3), MeanReversion(2, 1.0), BuyAndHold()):
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


def test_the_parameters_and_defaults_are_those_of_the_contract_in_its_order() -> None:
    declared = {
        name: [(key, p.kind, p.default) for key, p in cls.parameters.items()]
        for name, cls in default_components().strategies.items()
    }
    assert declared == {
        "momentum": [("fast_period", "integer", 10), ("slow_period", "integer", 30)],
        "mean_reversion": [("lookback", "integer", 20), ("num_std", "number", 2.0)],
        "buy_and_hold": [],
    }


def test_every_default_is_a_value_that_its_parameter_allows() -> None:
    for cls in default_components().strategies.values():
        for parameter in cls.parameters.values():
            assert parameter.problem(parameter.default) is None


def test_a_strategy_is_made_from_its_parameters_by_keyword() -> None:
    for name, cls in default_components().strategies.items():
        strategy = cls(**{key: p.default for key, p in cls.parameters.items()})
        assert strategy.type_name == name


def test_periods_are_at_least_one_and_a_band_is_never_negative() -> None:
    assert Momentum.parameters["fast_period"].problem(0) is not None
    assert Momentum.parameters["slow_period"].problem(0) is not None
    assert MeanReversion.parameters["lookback"].problem(0) is not None
    assert MeanReversion.parameters["num_std"].problem(-1.0) is not None


def test_the_presets_are_those_of_the_contract() -> None:
    assert {name: preset.max_position_size for name, preset in PRESETS.items()} == {
        "conservative": 0.1,
        "moderate": 0.25,
        "aggressive": 1.0,
        "custom": None,
    }
    assert DEFAULT_MAX_LEVERAGE == 1.0
    assert default_components().profiles == PRESETS
    assert default_components().classifiers == {}
