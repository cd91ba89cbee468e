"""Traces by the rules of a policy: kinds, fields, single features, and what stays different."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from containers.events import Event, Fill, Order, PortfolioUpdate, Rejection, Signal
from containers.trace import Trace
from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.traces import compare_traces, looks_at_traces
from parity.policy import RuleStanding
from parity.verdicts import Verdict
from tests.parity.comparing.building import NOON, UNIT, applied, events, outcome, trace

NAN = float("nan")


def compared(
    left: Trace, right: Trace, *rules: dict[str, Any]
) -> tuple[ChannelOutcome, tuple[RuleStanding, ...]]:
    return outcome(Channel.TRACE, {UNIT: left}, {UNIT: right}, *rules)


def test_a_differing_event_is_shown_with_its_fields_and_counterpart() -> None:
    found, _ = compared(trace(), trace(FILL__price=101.0, FILL__reason="ruined"))
    first = found.first
    assert first is not None
    assert (first.path, first.position, first.unit) == (f"{UNIT}: event 4", 4, UNIT)
    assert first.fields == ("price", "reason")
    assert (first.control["price"], first.candidate["price"]) == (100.0, 101.0)
    assert (first.left.price, first.right.price) == (100.0, 101.0)
    assert (found.max_abs, found.max_ulp) == (1.0, 70368744177664)


def test_an_extra_event_is_one_extra() -> None:
    more = [*events(), PortfolioUpdate(6, NOON + 120, "portfolio/a.b", None, 1.0, 2.0, 3.0)]
    found, _ = compared(trace(), Trace.from_events(more))
    assert (found.verdict, found.compared, found.extra) == (Verdict.EXTRA, 6, 1)
    assert found.first is not None
    assert found.first.control is None
    assert found.first.candidate["equity"] == 3.0


def test_a_trace_that_one_side_lacks_is_missing_event_by_event() -> None:
    found = compare_traces({UNIT: trace()}, {})
    assert (found.verdict, found.missing) == (Verdict.MISSING, 6)
    assert found.first is not None
    assert (found.first.control, found.first.unit) == ("a trace of 6 events", UNIT)
    assert compare_traces({}, {UNIT: trace()}).extra == 6


@pytest.mark.parametrize(
    ("change", "path", "kind", "verdict"),
    [
        ({"FILL__price": 100.5}, "FILL.price", {"abs": 1}, "within_tolerance"),
        ({"FILL__price": 100.5}, "FILL.price", {"abs": 0.25}, "different"),
        ({"FILL__price": 100.5}, "FILL.quantity", {"abs": 1}, "different"),
        ({"FILL__price": 100.5}, "BAR.price", {"abs": 1}, "different"),
        ({"FILL__price": 100.5}, "FILL", {"abs": 1}, "different"),
        ({"FILL__price": 100.5}, "FILL", {"ignore": True}, "ignored"),
        ({"FILL__price": 100.5}, "FILL.**", {"ignore": True}, "ignored"),
        ({"FILL__price": 100.5}, "*.price", {"ignore": True}, "ignored"),
        ({"FILL__price": NAN}, "FILL.price", {"abs": 1e300, "nan_equal": True}, "different"),
        ({"FILL__reason": "ruined"}, "FILL.reason", {"abs": 1}, "different"),
        ({"FILL__reason": "ruined"}, "FILL.reason", {"ignore": True}, "ignored"),
        ({"ORDER__rules": ("a", "b")}, "ORDER.rules", {"abs": 1}, "different"),
        ({"ORDER__rules": ("a", "b")}, "ORDER.rules", {"ignore": True}, "ignored"),
        ({"BAR__volume": 1.0}, "BAR.volume", {"abs": 9, "rel": 9}, "different"),  # null before
        ({"BAR__volume": 1.0}, "BAR.volume", {"ignore": True}, "ignored"),
        ({"SIGNAL__direction": 0}, "SIGNAL.direction", {"abs": 1}, "within_tolerance"),
        ({"SIGNAL__direction": 0}, "SIGNAL.direction", {"rel": 1}, "different"),
        ({"SIGNAL__origin": 7}, "SIGNAL.origin", {"abs": 100}, "different"),  # null before
        ({"SIGNAL__origin": 7}, "SIGNAL.origin", {"ignore": True}, "ignored"),
    ],
)
def test_rules_reach_kinds_and_fields(
    change: dict[str, Any], path: str, kind: dict[str, Any], verdict: str
) -> None:
    found, (rule,) = compared(trace(), trace(**change), {"path": f"{UNIT}: {path}", **kind})
    assert found.verdict == verdict
    excused = found.verdict is not Verdict.DIFFERENT
    assert (found.different, rule.fired) == (not excused, excused)
    assert (found.tolerated + found.ignored) == excused


def values(**made: Any) -> dict[str, Any]:
    return {"FEATURES__values": made}


@pytest.mark.parametrize(
    ("left", "right", "path", "kind", "verdict"),
    [
        ({"a": 1.0}, {"a": 1.5}, "FEATURES.values.a", {"abs": 1}, "within_tolerance"),
        ({"a": 1.0}, {"a": 1.5}, "FEATURES.values.*", {"abs": 1}, "within_tolerance"),
        ({"a": 1.0}, {"a": 1.5}, "FEATURES.values.b", {"abs": 1}, "different"),
        ({"a": 1.0}, {"a": 1.5}, "FEATURES.values", {"abs": 1}, "different"),
        ({"a": 1.0}, {"a": 1.5}, "FEATURES.values", {"ignore": True}, "ignored"),
        ({"a": 1.0, "b": 1.0}, {"a": 1.5, "b": 1.5}, "FEATURES.values.a", {"abs": 1}, "different"),
        ({"a": 1.0}, {"a": None}, "FEATURES.values.a", {"abs": 9}, "different"),
        ({"a": 0.0}, {"a": None}, "FEATURES.values.a", {"abs": 9}, "different"),
        ({"a": 1.0}, {"a": None}, "FEATURES.values.a", {"ignore": True}, "ignored"),
        ({"a": 1.0}, {"b": 1.0}, "FEATURES.values.*", {"abs": 9}, "different"),
        ({"a": 1.0}, {"b": 1.0}, "FEATURES.values.*", {"ignore": True}, "different"),
        ({"a": 1.0}, {"b": 1.0}, "FEATURES.values", {"ignore": True}, "ignored"),
        ({"a": 1.0}, {}, "FEATURES.values.**", {"ignore": True}, "ignored"),
        ({"x.y": 1.0}, {"x.y": 2.0}, "FEATURES.values['x.y']", {"abs": 1}, "within_tolerance"),
    ],
)
def test_rules_reach_single_features(
    left: dict[str, Any], right: dict[str, Any], path: str, kind: dict[str, Any], verdict: str
) -> None:
    rule = {"path": f"**: {path}", **kind}
    found, _ = compared(trace(**values(**left)), trace(**values(**right)), rule)
    assert found.verdict == verdict


def test_features_of_two_rows_are_told_apart() -> None:
    def rows(*made: dict[str, float | None]) -> Trace:
        from containers.events import Features

        return Trace.from_events(
            [
                Features(n, NOON + n, "features/AAA/1d", None, "AAA", "1d", values)
                for n, values in enumerate(made)
            ]
        )

    left = rows({"a": 1.0, "b": 1.0}, {"b": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 1.0})
    right = rows({"a": 1.5, "b": 1.0}, {"b": 1.5}, {"a": 1.0, "b": 9.0}, {"a": 3.0})
    a = {"path": "**: FEATURES.values.a", "abs": 2}
    b = {"path": "**: FEATURES.values.b", "abs": 1}
    one = rows({"b": 10.0}, {"a": 20.0, "b": 30.0}, {"b": 40.0, "a": 50.0}, {"a": 60.0, "b": 70.0})
    two = rows({"b": 10.5}, {"a": 21.0, "b": 30.0}, {"b": 40.0, "a": 51.5}, {"a": 60.0, "b": 71.0})
    for ours, theirs in ((one, two), (two, one)):
        found, (first, second) = compared(ours, theirs, a, b)
        assert (found.different, found.tolerated) == (0, 4)
        assert (first.fired, first.used, second.fired, second.used) == (2, 0.75, 2, 1.0)
    found, (first, second) = compared(left, right, a, b)
    assert (found.different, found.tolerated, found.compared) == (1, 3, 4)
    assert (first.fired, first.used) == (2, 1.0)
    assert (second.fired, second.used) == (1, 0.5)
    assert found.first is not None
    assert found.first.position == 2


def test_an_event_is_excused_when_each_of_its_fields_is() -> None:
    left, right = trace(), trace(FILL__price=100.5, FILL__commission=0.5)
    price, cost = {"path": "**: FILL.price", "abs": 1}, {"path": "**: FILL.commission", "abs": 1}
    found, _ = compared(left, right, price)
    assert (found.different, found.tolerated) == (1, 0)
    assert found.first is not None
    assert found.first.fields == ("commission",)
    found, standings = compared(left, right, price, cost)
    assert (found.verdict, found.tolerated) == (Verdict.WITHIN_TOLERANCE, 1)
    assert (found.tolerance_used, [rule.used for rule in standings]) == (0.5, [0.5, 0.25])
    found, _ = compared(left, right, price, {"path": "**: FILL.commission", "ignore": True})
    assert found.verdict is Verdict.WITHIN_TOLERANCE


def without(*kinds: type[Event]) -> Trace:
    return Trace.from_events([event for event in events() if not isinstance(event, kinds)])


def test_missing_events_of_a_kind_are_ignored_by_its_path_alone() -> None:
    left, right = trace(), without(PortfolioUpdate)
    for one, other in ((left, right), (right, left)):
        rule = {"path": "**: PORTFOLIO_UPDATE", "ignore": True}
        found, (standing,) = compared(one, other, rule)
        assert (found.verdict, found.ignored, standing.fired) == (Verdict.IGNORED, 1, 1)
        assert found.first is None
        for path in ("**: PORTFOLIO_UPDATE.*", "**: FILL"):
            found, _ = compared(one, other, {"path": path, "ignore": True})
            assert found.verdict.is_difference


def test_the_first_difference_is_not_one_that_is_ignored() -> None:
    extra = Signal(0, NOON - 60, "strategy/b", None, "AAA", 1, 0.5)
    late = Trace.from_events([extra, *(_shifted(event) for event in events(FILL__price=7.0))])
    rule = {"path": "**: SIGNAL", "ignore": True}
    for left, right, prices, position in (
        (trace(), late, (100.0, 7.0), 4),
        (late, trace(), (7.0, 100.0), 5),  # of the left, whose extra event comes before
    ):
        found, (standing,) = compared(left, right, rule)
        assert (found.verdict, found.different) == (Verdict.DIFFERENT, 1)
        assert (found.missing, found.extra) == (0, 0)
        assert (found.ignored, standing.fired) == (1, 1)
        first = found.first
        assert first is not None
        assert (first.left.price, first.right.price) == prices
        assert (first.fields, first.position) == (("price",), position)


def test_where_only_numbers_differ_what_is_ignored_is_not_the_first_difference() -> None:
    extra = Signal(0, NOON - 60, "strategy/b", None, "AAA", 1, 0.5)
    others = [_shifted(event) for event in events()]
    others[4] = msgspec.structs.replace(others[4], cause=1)
    found, _ = compared(
        trace(), Trace.from_events([extra, *others]), {"path": "**: SIGNAL", "ignore": True}
    )
    assert (found.different, found.extra, found.ignored) == (1, 0, 1)
    assert found.first is not None
    assert (found.first.position, found.first.fields) == (4, ("cause",))


def test_of_missing_and_extra_events_those_of_ignored_kinds_alone_do_not_count() -> None:
    def with_signals(*times: int, fill: bool = False) -> Trace:
        made = [Signal(n, time, "strategy/b", None, "AAA", 1, 0.5) for n, time in enumerate(times)]
        last = Fill(9, NOON, "portfolio/a.b", None, "a.b", "AAA", 1.0, 1.0, 0.0, "order")
        return Trace.from_events([*made, last] if fill else made)

    rule = {"path": "**: SIGNAL", "ignore": True}
    found, (standing,) = compared(with_signals(1), with_signals(2), rule)
    assert (found.missing, found.extra, found.ignored, standing.fired) == (0, 0, 2, 2)
    assert found.verdict is Verdict.IGNORED
    found, (standing,) = compared(with_signals(), with_signals(1, 2, fill=True), rule)
    assert (found.missing, found.extra, found.ignored, standing.fired) == (0, 1, 2, 2)
    found, (standing,) = compared(with_signals(1, 2, fill=True), with_signals(), rule)
    assert (found.missing, found.extra, found.ignored, standing.fired) == (1, 0, 2, 2)


def _shifted(event: Event) -> Event:
    cause = None if event.cause is None else event.cause + 1
    return msgspec.structs.replace(event, seq=event.seq + 1, cause=cause)


def test_ignoring_every_kind_leaves_nothing_compared() -> None:
    found, _ = compared(trace(), trace(), {"path": "**: *", "ignore": True})
    assert (found.verdict, found.compared) == (Verdict.IGNORED, 0)
    found, _ = compared(trace(), trace(), {"path": "**: *.*", "ignore": True})
    assert (found.verdict, found.compared) == (Verdict.IGNORED, 0)
    found, _ = compared(trace(), trace(), {"path": "**: *.price", "ignore": True})
    assert (found.verdict, found.compared) == (Verdict.EQUAL, 6)


def test_many_events_are_decided_at_once_as_they_would_be_one_by_one() -> None:
    def fills(*prices: float) -> Trace:
        return Trace.from_events(
            [
                Fill(n, NOON + n, "portfolio/a.b", None, "a.b", "AAA", 1.0, price, 0.0, "order")
                for n, price in enumerate(prices)
            ]
        )

    left = fills(1.0, 1.0, 1.0, NAN, 0.0, 1.0, math.inf)
    right = fills(1.25, 2.0, 1.0, NAN, -0.0, 4.0, 1.0)
    found, (rule,) = compared(left, right, {"path": "**: FILL.price", "abs": 1})
    assert (found.compared, found.different, found.tolerated) == (7, 2, 3)
    assert (rule.fired, rule.used) == (3, 1.0)


def test_a_trace_is_looked_at_unless_all_its_kinds_or_fields_are_ignored() -> None:
    kinds = sorted({event.kind.value for event in events()})
    for rules, looks in (
        ([{"path": f"**: {kind}", "ignore": True} for kind in kinds], False),
        ([{"path": f"**: {kind}", "ignore": True} for kind in kinds[1:]], True),
        ([{"path": "**: *.*", "ignore": True}], False),
        ([{"path": "**: *.seq", "ignore": True}], True),
        ([{"path": UNIT, "ignore": True}], False),
        ([{"path": "elsewhere", "ignore": True}], True),
    ):
        judge = applied(*rules).judge(Channel.TRACE)
        assert looks_at_traces({UNIT: trace()}, {UNIT: trace()}, judge) is looks
        assert not looks_at_traces({UNIT: trace()}, {}, judge)
        assert not looks_at_traces({}, {UNIT: trace()}, judge)


def test_an_event_of_another_kind_in_the_same_place_is_different_in_its_kind() -> None:
    def decided(seq: int, refused: bool) -> Event:
        kind = Rejection if refused else Order
        return kind(seq, NOON + seq, "risk/a.b", None, "a.b", "AAA", 1.0, 2.0, ())

    for flags in ((False, True, False), (True, False), (False,), (False, False, True, True)):
        left = Trace.from_events([decided(n, flag) for n, flag in enumerate(flags)])
        right = Trace.from_events([decided(n, not flag) for n, flag in enumerate(flags)])
        found, _ = compared(left, right)
        assert (found.verdict, found.different) == (Verdict.DIFFERENT, len(flags))
        assert (found.missing, found.extra, found.compared) == (0, 0, len(flags))
        assert found.first is not None
        assert (found.first.position, found.first.fields) == (0, ("kind",))
        wide = {"path": "**", "abs": 9, "nan_equal": True}
        assert compared(left, right, wide)[0].different == len(flags)
        assert compared(left, left)[0].verdict is Verdict.EQUAL


def test_of_events_of_unlike_kinds_numbers_differ_only_where_they_do() -> None:
    def made(kind: type[Order] | type[Rejection], *causes: int | None) -> Trace:
        first, second, third = causes
        ids = ("risk/a.b", "portfolio/a.b")
        return Trace.from_events(
            [
                kind(0, NOON, ids[0], first, "a.b", "AAA", 1.0, 2.0, ()),
                kind(1, NOON + 1, ids[0], second, "a.b", "AAA", 1.0, 2.0, ()),
                Fill(2, NOON + 2, ids[1], third, "a.b", "AAA", 1.0, 1.0, 0.0, "order"),
            ]
        )

    left, right = made(Order, None, 0, 1), made(Rejection, None, None, 0)
    found, _ = compared(
        Trace.from_events([Order(0, NOON, "risk/a.b", None, "a.b", "AAA", 1.0, 2.0, ())]),
        Trace.from_events([Rejection(0, NOON, "risk/a.b", 7, "a.b", "AAA", 1.0, 2.0, ())]),
    )
    assert found.first is not None
    assert found.first.fields == ("kind", "cause")
    hidden = {"path": "**: FILL.cause", "ignore": True}
    found, (rule,) = compared(left, right, hidden)
    assert (found.different, found.ignored, rule.fired) == (2, 1, 1)
    assert found.first is not None
    assert (found.first.position, found.first.fields) == (0, ("kind",))
    found, _ = compared(left, right)
    assert found.different == 3
    found, _ = compared(made(Order, None, 0, 1), made(Order, None, None, 1), hidden)
    assert (found.different, found.ignored) == (1, 0)
    assert found.first is not None
    assert (found.first.position, found.first.fields) == (1, ("cause",))
