"""Classifiers: their labels, and the container that publishes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import pytest

from containers.components import (
    Classifier,
    Indicator,
    Parameter,
    ReturnStd,
    Sma,
    Std,
    Trend,
    UnitContext,
    Volatility,
)
from containers.container import Role, Step
from containers.events import Bar, Classification, Event, EventKind, Features
from containers.trading import ClassifierContainer

RunStreams: TypeAlias = Callable[..., list[Event]]

YEAR_OF_FOUR = UnitContext(periods_per_year=4.0)


class Listed:
    """Answers what its list says, bar by bar, and notes what it was asked."""

    type_name: ClassVar[str] = "listed"
    parameters: ClassVar[Mapping[str, Parameter]] = {}

    def __init__(self, context: UnitContext, **settings: Any) -> None:
        self.indicators: tuple[Indicator, ...] = tuple(settings.get("indicators", ()))
        self.asked: list[tuple[str | None, float, list[float | None]]] = []
        self._answers: list[str | None] = list(settings["answers"])

    def classify(
        self, last: str | None, close: float, values: Sequence[float | None]
    ) -> str | None:
        self.asked.append((last, close, list(values)))
        return self._answers[len(self.asked) - 1]


def listed(*answers: str | None, indicators: Sequence[Indicator] = ()) -> Listed:
    return Listed(YEAR_OF_FOUR, answers=answers, indicators=indicators)


def container(classifier: Classifier) -> ClassifierContainer:
    return ClassifierContainer("classifier/c", classifier=classifier)


def labels(events: Sequence[object]) -> list[tuple[int, str, str]]:
    return [(e.time_ns, e.symbol, e.label) for e in events if isinstance(e, Classification)]


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ([3.0, 2.0], "up"),
        ([2.0, 3.0], "down"),
        ([2.0, 2.0], "flat"),
        ([None, 2.0], None),
        ([2.0, None], None),
    ],
)
@pytest.mark.parametrize("last", [None, "up", "down", "flat"])
def test_trend_compares_the_fast_average_with_the_slow_one(
    values: list[float | None], label: str | None, last: str | None
) -> None:
    assert Trend(YEAR_OF_FOUR, 3, 7).classify(last, 1e9, values) == label


def test_trend_declares_fast_before_slow() -> None:
    assert [i.name for i in Trend(YEAR_OF_FOUR, 3, 2).indicators] == ["sma_3", "sma_2"]


@pytest.mark.parametrize(
    ("deviation", "label"),
    [
        (0.124, "low"),  # x root of 4
        (0.125, "normal"),  # at a bound is not beyond it
        (0.25, "normal"),
        (0.251, "high"),
        (None, None),
    ],
)
@pytest.mark.parametrize("last", [None, "low", "high"])
def test_volatility_holds_the_annual_deviation_of_returns_against_its_bounds(
    deviation: float | None, label: str | None, last: str | None
) -> None:
    classifier = Volatility(YEAR_OF_FOUR, lookback=5, low=0.25, high=0.5)
    assert classifier.classify(last, 1e9, [deviation]) == label
    assert [i.name for i in classifier.indicators] == ["return_std_5"]


def test_volatility_multiplies_by_the_root_of_the_periods() -> None:
    deviation = 0.0123
    annual = deviation * math.sqrt(252.0)
    assert annual != math.sqrt(deviation * deviation * 252.0)
    year = UnitContext(periods_per_year=252.0)
    for low, label in ((annual, "normal"), (math.nextafter(annual, 1.0), "low")):
        assert Volatility(year, 5, low=low, high=0.9).classify(None, 1.0, [deviation]) == label


def test_volatility_with_crossed_bounds_holds_against_the_lower_one_first() -> None:
    assert Volatility(YEAR_OF_FOUR, 5, low=0.8, high=0.2).classify(None, 1.0, [0.25]) == "low"


def test_a_label_is_published_when_it_changes_and_not_before_there_is_one(
    run_streams: RunStreams,
) -> None:
    answers = (None, "a", "a", None, "a", "b", None, "a")
    events = run_streams({"AAA/1d": [1.0] * 8}, [], {container(listed(*answers)): ["AAA/1d"]})
    # A null in between leaves the label as it was.
    assert labels(events) == [(1, "AAA", "a"), (5, "AAA", "b"), (7, "AAA", "a")]


def test_a_classifier_speaks_after_all_features_of_the_slice(run_streams: RunStreams) -> None:
    trend = container(Trend(YEAR_OF_FOUR, 1, 2))
    events = run_streams(
        {"BBB/1d": [3.0, 5.0], "AAA/1d": {1: 7.0, 2: 6.0}},
        [Sma(1), Sma(2)],
        {trend: ["BBB/1d", "AAA/1d"]},
    )
    assert events[2:] == [
        Bar(2, 1, "data/BBB/1d", None, "BBB", "1d", 5.0, 5.0, 5.0, 5.0, None),
        Bar(3, 1, "data/AAA/1d", None, "AAA", "1d", 7.0, 7.0, 7.0, 7.0, None),
        Features(4, 1, "features/BBB/1d", 2, "BBB", "1d", {"sma_1": 5.0, "sma_2": 4.0}),
        Features(5, 1, "features/AAA/1d", 3, "AAA", "1d", {"sma_1": 7.0, "sma_2": None}),
        Classification(6, 1, "classifier/c", 4, "BBB", "up"),
        Bar(7, 2, "data/AAA/1d", None, "AAA", "1d", 6.0, 6.0, 6.0, 6.0, None),
        Features(8, 2, "features/AAA/1d", 7, "AAA", "1d", {"sma_1": 6.0, "sma_2": 6.5}),
        Classification(9, 2, "classifier/c", 8, "AAA", "down"),
    ]


def test_volatility_over_bars_by_hand(run_streams: RunStreams) -> None:
    # Returns 1, -0.5, 1, 0: deviations 0.75, 0.75, 0.5, doubled 1.5, 1.5, 1.0
    classifier = Volatility(YEAR_OF_FOUR, lookback=2, low=0.1, high=1.25)
    events = run_streams(
        {"AAA/1d": [8.0, 16.0, 8.0, 16.0, 16.0]},
        [ReturnStd(2)],
        {container(classifier): ["AAA/1d"]},
    )
    assert labels(events) == [(2, "AAA", "high"), (4, "AAA", "normal")]


def test_a_classifier_remembers_each_symbol_on_its_own(run_streams: RunStreams) -> None:
    classifier = listed("a", "b", "a", "c")
    events = run_streams(
        {"AAA/1d": [1.0, 2.0], "BBB/1d": [3.0, 4.0]},
        [],
        {container(classifier): ["AAA/1d", "BBB/1d"]},
    )
    assert classifier.asked == [(None, 1.0, []), (None, 3.0, []), ("a", 2.0, []), ("b", 4.0, [])]
    assert labels(events) == [(0, "AAA", "a"), (0, "BBB", "b"), (1, "BBB", "c")]


def test_a_classifier_gets_its_own_features_in_its_own_order(run_streams: RunStreams) -> None:
    classifier = listed(None, None, indicators=[Sma(2), Sma(1)])
    run_streams(
        {"AAA/1d": [1.0, 3.0]}, [Sma(1), Std(2), Sma(2)], {container(classifier): ["AAA/1d"]}
    )
    assert classifier.asked == [(None, 1.0, [None, 1.0]), (None, 3.0, [2.0, 3.0])]


def test_the_container_says_what_it_is_and_acts_in_the_step_of_the_contract() -> None:
    made = container(Trend(YEAR_OF_FOUR, 3, 7))
    assert made.role is Role.CLASSIFIER
    assert dict(made.settings()) == {
        "type": "trend",
        "parameters": {"fast_period": 3, "slow_period": 7},
    }
    assert list(made.acts()) == [Step.CLASSIFICATION]
    assert list(made.handlers()) == [EventKind.BAR, EventKind.FEATURES]
