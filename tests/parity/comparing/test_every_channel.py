"""Every channel, with every verdict and every kind of rule: shown to pass and to fail."""

from __future__ import annotations

import math
from typing import Any

import pytest

from containers.trace import Trace, align
from parity.channels import CAUSE_FIRST, Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records, overall
from parity.policy import Judge, RuleStanding
from parity.verdicts import Verdict
from tests.parity.comparing.building import (
    NOON,
    PLACE,
    UNIT,
    applied,
    changed,
    contents,
    curve,
    events,
    outcome,
    record,
    trace,
    trade,
)

ENTRY = {"": [{"x": 1.0}, {"y": 2}]}
"""Content of any channel that holds trees, beside the two below."""

TREES = [
    channel for channel in Channel if channel not in (Channel.TRACE, Channel.TRADES, Channel.EQUITY)
]

NEXT = math.nextafter(1.0, 2)

# Of each channel: what the control has; what is one bit off there, and at which path; the same one
# step of an integer off; what lacks something, and at which path.
CASES: dict[Channel, tuple[Any, Any, str, Any, str, Any, str]] = {
    channel: (
        ENTRY,
        {"": [{"x": NEXT}, {"y": 2}]},
        ": [0].x",
        {"": [{"x": 1.0}, {"y": 3}]},
        ": [1].y",
        {"": [{"x": 1.0}]},
        ": [1].y",
    )
    for channel in TREES
} | {
    Channel.TRACE: (
        {UNIT: trace()},
        {UNIT: trace(FILL__price=math.nextafter(100.0, 200))},
        f"{UNIT}: FILL.price",
        {UNIT: trace(SIGNAL__direction=0)},
        f"{UNIT}: SIGNAL.direction",
        {UNIT: Trace.from_events(events()[:-1])},
        f"{UNIT}: PORTFOLIO_UPDATE",
    ),
    Channel.TRADES: (
        {PLACE: (trade(), trade())},
        {PLACE: (trade(), trade(exit_price=math.nextafter(101.5, 200)))},
        f"{PLACE}: row 1.exit_price",
        {PLACE: (trade(exit_time=NOON + 61), trade())},
        f"{PLACE}: row 0.exit_time",
        {PLACE: (trade(),)},
        f"{PLACE}: row 1",
    ),
    Channel.EQUITY: (
        {PLACE: curve()},
        {PLACE: curve((100.0, math.nextafter(101.0, 200), 99.5))},
        f"{PLACE}: sample 1.equity",
        {PLACE: curve(times=(1, 2, 4))},
        f"{PLACE}: sample 2.time_ns",
        {PLACE: curve((100.0, 101.0), (1, 2))},
        f"{PLACE}: sample 2",
    ),
}

EVERY = pytest.mark.parametrize("channel", CAUSE_FIRST)


def only(result: tuple[ChannelOutcome, tuple[RuleStanding, ...]]) -> ChannelOutcome:
    return result[0]


@EVERY
def test_the_same_is_equal_and_one_bit_or_one_step_is_different(channel: Channel) -> None:
    same, bit, _, step, _, _, _ = CASES[channel]
    found = only(outcome(channel, same, same))
    assert (found.verdict, found.different, found.first) == (Verdict.EQUAL, 0, None)
    assert found.compared > 0
    for other in (bit, step):
        found = only(outcome(channel, same, other))
        assert (found.verdict, found.different) == (Verdict.DIFFERENT, 1)
        assert (found.missing, found.extra, found.tolerated, found.ignored) == (0, 0, 0, 0)
        assert found.first is not None


@EVERY
def test_what_one_side_lacks_is_missing_or_extra(channel: Channel) -> None:
    same, _, _, _, _, less, _ = CASES[channel]
    found = only(outcome(channel, same, less))
    assert (found.verdict, found.missing, found.extra) == (Verdict.MISSING, 1, 0)
    assert found.first is not None
    assert (found.first.control is None, found.first.candidate) == (False, None)
    found = only(outcome(channel, less, same))
    assert (found.verdict, found.missing, found.extra) == (Verdict.EXTRA, 0, 1)
    assert found.first is not None
    assert (found.first.control, found.first.candidate is None) == (None, False)


@EVERY
def test_a_tolerance_excuses_what_is_within_it_at_its_path_and_nothing_else(
    channel: Channel,
) -> None:
    same, bit, path, step, step_path, _, _ = CASES[channel]
    kind: dict[str, Any]
    for kind in ({"ulp": 2}, {"abs": 1.0}, {"rel": 0.1}):
        found, (rule,) = outcome(channel, same, bit, {"path": path, **kind})
        assert found.verdict is Verdict.WITHIN_TOLERANCE
        assert (found.different, found.tolerated, found.ignored) == (0, 1, 0)
        assert found.tolerance_used == rule.used is not None
        assert 0.0 < rule.used <= 0.5
        assert (rule.fired, rule.problem) == (1, None)
        assert found.rules == (rule.place,)
        assert found.reason == f"excused: 1 by {rule.place} (because)"
        assert found.max_ulp == 1
    found, (rule,) = outcome(channel, same, step, {"path": step_path, "abs": 2})
    assert (found.verdict, rule.used, rule.fired) == (Verdict.WITHIN_TOLERANCE, 0.5, 1)
    for other, at, kind in (
        (bit, path, {"ulp": 0}),
        (bit, path, {"abs": 0}),
        (bit, path, {"rel": 0}),
        (bit, path, {"nan_equal": True}),
        (bit, step_path, {"ulp": 2}),
        (step, step_path, {"abs": 0.5}),
        (step, step_path, {"rel": 0.5}),
        (step, step_path, {"ulp": 5}),
        (step, path, {"abs": 5}),
    ):
        found, (rule,) = outcome(channel, same, other, {"path": at, **kind})
        assert (found.verdict, found.different, found.tolerated) == (Verdict.DIFFERENT, 1, 0)
        assert (rule.fired, rule.used) == (0, None)
        assert str(rule.problem).startswith("never fired")


@EVERY
def test_a_rule_that_ignores_excuses_everything_at_its_path_and_nothing_else(
    channel: Channel,
) -> None:
    same, bit, path, step, step_path, _, _ = CASES[channel]
    for other, right, wrong in ((bit, path, step_path), (step, step_path, path)):
        found, (rule,) = outcome(channel, same, other, {"path": right, "ignore": True})
        assert found.verdict is Verdict.IGNORED
        assert (found.different, found.tolerated, found.ignored) == (0, 0, 1)
        assert (found.tolerance_used, rule.used, rule.fired) == (None, None, 1)
        assert found.rules == (rule.place,)
        assert found.compared > 0
        found, (rule,) = outcome(channel, same, other, {"path": wrong, "ignore": True})
        assert (found.verdict, rule.fired, rule.problem) == (Verdict.DIFFERENT, 0, "never fired")


@EVERY
def test_only_a_rule_that_ignores_excuses_what_one_side_lacks(channel: Channel) -> None:
    same, _, _, _, _, less, path = CASES[channel]
    for left, right in ((same, less), (less, same)):
        found, (rule,) = outcome(channel, left, right, {"path": path, "ignore": True})
        assert found.verdict is Verdict.IGNORED
        assert (found.missing, found.extra, found.ignored, rule.fired) == (0, 0, 1, 1)
        for kind in ({"abs": 1e300, "rel": 1, "ulp": 2**60, "nan_equal": True},):
            found, (rule,) = outcome(channel, left, right, {"path": path, **kind})
            assert found.verdict in (Verdict.MISSING, Verdict.EXTRA)
            assert rule.fired == 0


@EVERY
def test_a_rule_of_another_channel_excuses_nothing(channel: Channel) -> None:
    same, bit, path, _, _, _, _ = CASES[channel]
    other = next(each for each in Channel if each is not channel)
    found, (rule,) = outcome(channel, same, bit, {"path": path, "ulp": 1, "channel": other})
    assert (found.verdict, rule.problem) == (Verdict.DIFFERENT, "never fired")


@EVERY
def test_a_whole_channel_that_is_ignored_was_not_compared(channel: Channel) -> None:
    same, bit, _, _, _, _, _ = CASES[channel]
    other: Any
    for other in (same, bit, {}):
        found, _ = outcome(channel, same, other, {"path": "**", "ignore": True})
        assert (found.verdict, found.compared) == (Verdict.IGNORED, 0)
        assert str(found.reason).startswith("everything in it is ignored")


@EVERY
def test_a_whole_place_is_ignored_by_its_name(channel: Channel) -> None:
    same, bit, path, _, _, less, _ = CASES[channel]
    place = path.partition(": ")[0]
    more = {**same, "other": next(iter(same.values()))}
    for other in (bit, less):
        wrong = {**other, "other": next(iter(same.values()))}
        rule = {"path": f"{place}: **", "ignore": True}
        found, (standing,) = outcome(channel, more, wrong, rule)
        assert (found.verdict, standing.problem) == (Verdict.IGNORED, None)
        assert found.compared > 0
        found, (standing,) = outcome(channel, wrong, more, {"path": "other: **", "ignore": True})
        assert found.verdict.is_difference
    for left, right in ((more, same), (same, more)):
        found, (standing,) = outcome(channel, left, right, {"path": "other: **", "ignore": True})
        assert (found.verdict, standing.problem) == (Verdict.IGNORED, None)
        found = only(outcome(channel, left, right))
        assert found.verdict in (Verdict.MISSING, Verdict.EXTRA)


@EVERY
def test_a_place_with_nothing_in_it_is_missing_where_only_one_side_has_it(
    channel: Channel,
) -> None:
    same = CASES[channel][0]
    empty: Any = {
        Channel.TRACE: trace().newest(0),
        Channel.EQUITY: curve((), ()),
        Channel.TRADES: (),
    }.get(channel, {})
    found = only(outcome(channel, {**same, "other": empty}, same))
    assert (found.verdict, found.missing) == (Verdict.MISSING, 1)
    assert found.first is not None
    assert found.first.path == "other"
    found = only(outcome(channel, same, {**same, "other": empty}))
    assert (found.verdict, found.extra) == (Verdict.EXTRA, 1)
    assert only(outcome(channel, {"other": empty}, {"other": empty})).verdict is Verdict.EQUAL


@EVERY
def test_a_rule_for_something_else_ignores_nothing_of_what_is_empty(channel: Channel) -> None:
    empty: Any = {
        Channel.TRACE: trace().newest(0),
        Channel.EQUITY: curve((), ()),
        Channel.TRADES: (),
    }.get(channel, {})
    content = {"other": empty}
    found, _ = outcome(channel, content, content, {"path": "elsewhere/**", "ignore": True})
    assert (found.verdict, found.compared, found.reason) == (Verdict.EQUAL, 0, None)


def test_of_equal_data_no_rule_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule_for(self: Judge, path: str) -> None:
        raise AssertionError(path)

    policy = applied(
        {"path": "**: x", "unordered": True},
        {"path": "**/portfolio=*", "unordered": True},
        {"path": "**", "abs": 1},
    )
    monkeypatch.setattr(Judge, "rule_for", rule_for)
    outcomes = compare_records(record(), record(), policy)
    assert {outcome.verdict for outcome in outcomes.values()} == {Verdict.EQUAL}
    for channel in Channel:
        other = changed(channel, CASES[channel][1])
        with pytest.raises(AssertionError):
            compare_records(changed(channel, CASES[channel][0]), other, policy)


def test_the_worst_channel_is_the_overall_verdict() -> None:
    left = record()
    assert overall(compare_records(left, record())) is Verdict.EQUAL
    metrics = changed(Channel.METRICS, {PLACE: {"sharpe_ratio": 1.75, "num_trades": 3}})
    assert overall(compare_records(left, metrics)) is Verdict.DIFFERENT
    rules = (
        {"path": "**: sharpe_ratio", "abs": 0.5},
        {"path": "**: calmar", "ignore": True},
    )
    outcomes = compare_records(left, metrics, applied(*rules))
    assert overall(outcomes) is Verdict.WITHIN_TOLERANCE
    assert [c for c, o in outcomes.items() if o.verdict is not Verdict.EQUAL] == [Channel.METRICS]
    assert outcomes[Channel.METRICS].ignored == outcomes[Channel.METRICS].tolerated == 1


def test_status_and_errors_of_runs_that_ended_otherwise_are_beyond_all_rules() -> None:
    ignoring = {"path": "**", "ignore": True}
    failed = record({**contents(), Channel.STATUS: {"": {"success": False}}}, status="failed")
    for control, candidate in ((record(), failed), (failed, record())):
        outcomes = compare_records(control, candidate, applied(ignoring))
        assert outcomes[Channel.STATUS].verdict is Verdict.DIFFERENT
        assert outcomes[Channel.CONFIG].verdict is Verdict.IGNORED
    alike = record({**contents(), Channel.STATUS: {"": {"success": False}}})
    outcomes = compare_records(record(), alike, applied(ignoring))
    assert outcomes[Channel.STATUS].verdict is Verdict.IGNORED


def test_what_came_of_a_comparison_and_what_was_asked_of_it_cannot_be_changed() -> None:
    (rule,) = applied({"path": "**", "abs": 1}).policy.rules
    policy = applied({"path": "**", "abs": 1}).policy
    found, (standing,) = outcome(Channel.METRICS, ENTRY, CASES[Channel.METRICS][1], {
        "path": "**", "ulp": 0
    })  # fmt: skip
    aligned = align(trace(), trace(FILL__price=7.0))
    made = (rule, rule.tolerance, policy, found, found.first, standing, aligned, aligned.first)
    for one in (*made, *aligned.kinds.values()):
        field = one.__struct_fields__[0]  # type: ignore[union-attr]  # all are structs
        with pytest.raises(AttributeError):
            setattr(one, field, None)
