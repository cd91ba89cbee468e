"""The ensemble: its vote, and how its container hears the strategies it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TypeAlias

import pytest

from containers.components import (
    Combiner,
    Decision,
    Ensemble,
    Indicator,
    Momentum,
    Parameter,
    Sma,
    members_of,
)
from containers.components import members as declare_members
from containers.container import Step
from containers.errors import ContainerError
from containers.events import Event, EventKind, Features, Signal
from containers.trading import StrategyContainer

RunStreams: TypeAlias = Callable[..., list[Event]]

LONG, FLAT, SHORT = Decision(1, 1.0), Decision(0, 1.0), Decision(-1, 1.0)


class Scripted:
    """Answers by the close: its table says which view."""

    type_name: ClassVar[str] = "scripted"
    parameters: ClassVar[Mapping[str, Parameter]] = {}
    indicators: tuple[Indicator, ...] = ()

    def __init__(self, table: Mapping[float, Decision]) -> None:
        self._table = table

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        return self._table.get(close, last)


def vote(weights: Sequence[float], views: Sequence[Decision], threshold: float = 0.0) -> Decision:
    members = {f"m{place}": weight for place, weight in enumerate(weights)}
    return Ensemble(members=members, threshold=threshold).combine(LONG, 1e9, [], views)


@pytest.mark.parametrize(
    ("weights", "views", "threshold", "answer"),
    [
        ([1.0, 3.0], [SHORT, LONG], 0.0, Decision(1, 0.5)),  # (-1 + 3) / 4
        ([1.0, 3.0], [LONG, SHORT], 0.0, Decision(-1, 0.5)),
        ([1.0, 1.0], [LONG, SHORT], 0.0, Decision(0, 0.0)),
        ([1.0, 1.0], [FLAT, FLAT], 0.0, Decision(0, 0.0)),
        ([2.0, 2.0], [Decision(1, 0.25), Decision(1, 0.75)], 0.0, Decision(1, 0.5)),
        ([-1.0], [LONG], 0.0, Decision(-1, 1.0)),  # a negative weight turns a view round
        ([-1.0, 3.0], [LONG, LONG], 0.0, Decision(1, 0.5)),  # (-1 + 3) / (1 + 3)
        ([0.0, 1.0], [SHORT, LONG], 0.0, LONG),
        ([1.0, 3.0], [SHORT, LONG], 0.5, Decision(0, 0.5)),  # at the threshold is not beyond it
        ([1.0, 3.0], [LONG, SHORT], 0.5, Decision(0, 0.5)),
        ([1.0, 3.0], [FLAT, LONG], 0.5, Decision(1, 0.75)),
        ([1.0, 3.0], [FLAT, SHORT], 0.5, Decision(-1, 0.75)),
        ([2.0], [Decision(1, 3.0)], 0.0, LONG),  # never stronger than 1
        ([2.0], [Decision(-1, 3.0)], 0.0, SHORT),
    ],
)
def test_the_vote_is_the_weighted_mean_of_the_views(
    weights: list[float], views: list[Decision], threshold: float, answer: Decision
) -> None:
    assert vote(weights, views, threshold) == answer


def test_the_vote_is_summed_in_declared_order_and_divided_once() -> None:
    weights = [0.1, 0.2, 0.3, 0.6]
    votes = ((0.1 + 0.2) - 0.3) + 0.6
    total = ((0.1 + 0.2) + 0.3) + 0.6
    backwards = ((0.6 - 0.3) + 0.2) + 0.1
    apart = ((0.1 / total + 0.2 / total) - 0.3 / total) + 0.6 / total
    assert votes / total not in (backwards / total, apart, votes / (((0.6 + 0.3) + 0.2) + 0.1))
    assert vote(weights, [LONG, LONG, SHORT, LONG]) == Decision(1, votes / total)


def test_the_strength_of_a_member_multiplies_its_weighed_direction() -> None:
    exact = ((0.1 * 1) * 0.7) / (0.1 + 0.3)
    assert exact != 0.1 * (0.7 / (0.1 + 0.3))
    assert vote([0.1, 0.3], [Decision(1, 0.7), FLAT]) == Decision(1, exact)


def test_an_ensemble_looks_at_no_features_and_names_its_members_in_order() -> None:
    ensemble = Ensemble(members={"b": 1.0, "a": 2.0}, threshold=0.0)
    assert ensemble.indicators == ()
    assert isinstance(ensemble, Combiner)
    assert members_of(ensemble) == ("b", "a")
    assert members_of(Momentum(2, 5)) == ()


def container(name: str, members: Mapping[str, float], threshold: float = 0.0) -> StrategyContainer:
    return StrategyContainer(f"strategy/{name}", strategy=Ensemble(members, threshold))


def scripted(name: str, table: Mapping[float, Decision]) -> StrategyContainer:
    return StrategyContainer(f"strategy/{name}", strategy=Scripted(table))


def signals(events: Sequence[object], name: str) -> list[tuple[int, str, int, float]]:
    return [
        (event.time_ns, event.symbol, event.direction, event.strength)
        for event in events
        if isinstance(event, Signal) and event.container == f"strategy/{name}"
    ]


def test_an_ensemble_reads_what_its_members_said_in_the_same_slice(
    run_streams: RunStreams,
) -> None:
    events = run_streams(
        {"AAA/1d": [1.0, 2.0, 3.0, 4.0]},
        [],
        {
            scripted("a", {2.0: LONG, 4.0: SHORT}): ["AAA/1d"],
            scripted("b", {1.0: LONG}): ["AAA/1d"],
            container("e", {"a": 3.0, "b": 1.0}): ["AAA/1d"],
        },
        {"strategy/e": ["strategy/a", "strategy/b"]},
    )
    # (0 + 1) / 4; (3 + 1) / 4; nothing new; (-3 + 1) / 4
    assert signals(events, "e") == [
        (0, "AAA", 1, 0.25), (1, "AAA", 1, 1.0), (3, "AAA", -1, 0.5),
    ]  # fmt: skip
    by_seq = {event.seq: event for event in events}
    for event in events:
        if isinstance(event, Signal):
            cause = by_seq[event.cause or 0]
            assert isinstance(cause, Features)
            assert (cause.time_ns, cause.symbol) == (event.time_ns, event.symbol)


def test_before_its_members_have_said_anything_an_ensemble_is_flat_without_strength(
    run_streams: RunStreams,
) -> None:
    events = run_streams(
        {"AAA/1d": [1.0, 2.0]},
        [],
        {scripted("a", {}): ["AAA/1d"], container("e", {"a": 3.0}): ["AAA/1d"]},
        {"strategy/e": ["strategy/a"]},
    )
    # (0, 0.0) differs from (0, 1.0), which holds before the first; once.
    assert signals(events, "e") == [(0, "AAA", 0, 0.0)]


def test_an_ensemble_hears_each_symbol_apart_and_nothing_where_a_member_does_not_trade(
    run_streams: RunStreams,
) -> None:
    events = run_streams(
        {"AAA/1d": [1.0, 2.0], "BBB/1d": [5.0, 6.0]},
        [],
        {
            scripted("a", {1.0: LONG}): ["AAA/1d"],
            scripted("b", {1.0: LONG, 6.0: SHORT}): ["AAA/1d", "BBB/1d"],
            container("e", {"a": 1.0, "b": 1.0}): ["AAA/1d", "BBB/1d"],
        },
        {"strategy/e": ["strategy/a", "strategy/b"]},
    )
    assert signals(events, "e") == [
        (0, "AAA", 1, 1.0), (0, "BBB", 0, 0.0), (1, "BBB", -1, 0.5),
    ]  # fmt: skip


def test_an_ensemble_steps_on_its_own_timeframe_and_knows_what_was_said_between(
    run_streams: RunStreams,
) -> None:
    events = run_streams(
        {"AAA/1h": [1.0, 2.0, 3.0, 4.0], "AAA/2h": {1: 9.0, 3: 9.0}},
        [],
        {
            scripted("a", {1.0: LONG, 3.0: SHORT}): ["AAA/1h"],
            container("e", {"a": 1.0}): ["AAA/2h"],
        },
        {"strategy/e": ["strategy/a"]},
    )
    assert signals(events, "e") == [(1, "AAA", 1, 1.0), (3, "AAA", -1, 1.0)]


def test_ensembles_can_be_members_and_pass_their_strength_on(run_streams: RunStreams) -> None:
    events = run_streams(
        {"AAA/1d": [1.0]},
        [],
        {
            scripted("a", {1.0: LONG}): ["AAA/1d"],
            container("inner", {"a": 1.0, "quiet": 1.0}): ["AAA/1d"],
            container("outer", {"inner": -1.0}): ["AAA/1d"],
        },
        {"strategy/inner": ["strategy/a"], "strategy/outer": ["strategy/inner"]},
    )
    assert signals(events, "inner") == [(0, "AAA", 1, 0.5)]
    assert signals(events, "outer") == [(0, "AAA", -1, 0.5)]


class Follower:
    """A combiner of a user's own: goes with its first member while the close is below the mean."""

    type_name: ClassVar[str] = "follower"
    parameters: ClassVar[Mapping[str, Parameter]] = {"leaders": declare_members()}
    indicators: tuple[Indicator, ...] = (Sma(2),)

    def __init__(self, leaders: Mapping[str, float]) -> None:
        self.leaders = self.members = leaders
        self.asked: list[tuple[Decision, float, list[float | None], list[Decision]]] = []

    def combine(
        self,
        last: Decision,
        close: float,
        values: Sequence[float | None],
        views: Sequence[Decision],
    ) -> Decision:
        self.asked.append((last, close, list(values), list(views)))
        return views[0]


def test_a_combiner_is_given_its_last_view_the_close_its_features_and_the_views(
    run_streams: RunStreams,
) -> None:
    follower = Follower({"a": 1.0, "b": 1.0})
    run_streams(
        {"AAA/1d": [1.0, 3.0, 5.0]},
        [Sma(1), Sma(2)],
        {
            scripted("a", {1.0: LONG}): ["AAA/1d"],
            scripted("b", {3.0: Decision(-1, 0.5)}): ["AAA/1d"],
            StrategyContainer("strategy/f", strategy=follower): ["AAA/1d"],
        },
        {"strategy/f": ["strategy/a", "strategy/b"]},
    )
    assert follower.asked == [
        (FLAT, 1.0, [None], [LONG, FLAT]),
        (LONG, 3.0, [2.0], [LONG, Decision(-1, 0.5)]),
        (LONG, 5.0, [4.0], [LONG, Decision(-1, 0.5)]),
    ]


def test_only_a_combiner_takes_signals() -> None:
    ordinary = StrategyContainer("strategy/m", strategy=Momentum(2, 5))
    assert list(ordinary.handlers()) == [EventKind.BAR, EventKind.FEATURES]
    ensemble = container("e", {"a": 1.0, "b": -0.5}, threshold=0.25)
    assert list(ensemble.handlers()) == [EventKind.BAR, EventKind.FEATURES, EventKind.SIGNAL]
    assert list(ensemble.acts()) == [Step.SIGNALS]
    assert dict(ensemble.settings()) == {
        "type": "ensemble",
        "parameters": {"members": {"a": 1.0, "b": -0.5}, "threshold": 0.25},
        "keep_signals": False,
        "on_bars": False,
    }


def test_a_signal_of_one_that_is_no_member_is_a_fault_of_the_wiring(
    run_streams: RunStreams,
) -> None:
    with pytest.raises(ContainerError, match="strategy/b") as raised:
        run_streams(
            {"AAA/1d": [1.0]},
            [],
            {
                scripted("b", {1.0: LONG}): ["AAA/1d"],
                container("e", {"a": 1.0}): ["AAA/1d"],
            },
            {"strategy/e": ["strategy/b"]},
        )
    assert raised.value.container == "strategy/e"
