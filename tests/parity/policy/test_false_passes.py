"""Ways in which published comparison tools call different things equal, each tried against ours.

At every layer where it could happen: trees (configuration, metrics, outputs, …), rows of trades,
samples of curves, columns of traces, and the verdict of a whole verification.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.events import Features, Fill
from containers.results import EquityCurve
from containers.trace import InvalidEventError, Trace
from parity.channels import Channel
from parity.comparison.records import compare_records
from parity.record import Record
from parity.verdicts import Verdict
from parity.verifying import verify
from tests.parity.comparing.building import (
    NOON,
    PLACE,
    UNIT,
    contents,
    curve,
    outcome,
    record,
    trace,
    trade,
)

NAN = float("nan")
PAYLOAD = float(np.array([0x7FF8000000000123], np.uint64).view(np.float64)[0])
MINUS_NAN = float(np.array([0xFFF8000000000000], np.uint64).view(np.float64)[0])


def floats(left: float, right: float) -> list[tuple[Channel, Any, Any, str]]:
    """Give a pair of floats in every layer that holds floats, with the path it has there."""
    return [
        (Channel.METRICS, {"p": {"x": left}}, {"p": {"x": right}}, "p: x"),
        (Channel.OUTPUTS, {"p": [[{"x": left}]]}, {"p": [[{"x": right}]]}, "p: [0][0].x"),
        (
            Channel.TRADES,
            {PLACE: (trade(commission=left),)},
            {PLACE: (trade(commission=right),)},
            f"{PLACE}: row 0.commission",
        ),
        (
            Channel.EQUITY,
            {PLACE: curve((left,), (1,))},
            {PLACE: curve((right,), (1,))},
            f"{PLACE}: sample 0.equity",
        ),
        (
            Channel.TRACE,
            {UNIT: trace(FILL__price=left)},
            {UNIT: trace(FILL__price=right)},
            f"{UNIT}: FILL.price",
        ),
        (
            Channel.TRACE,
            {UNIT: trace(FEATURES__values={"x": left})},
            {UNIT: trace(FEATURES__values={"x": right})},
            f"{UNIT}: FEATURES.values.x",
        ),
    ]


def verdicts(cases: list[tuple[Channel, Any, Any, str]], **kind: Any) -> set[Verdict]:
    return {
        outcome(channel, left, right, {"path": path, **kind})[0].verdict
        if kind
        else outcome(channel, left, right)[0].verdict
        for channel, left, right, path in cases
    }


def test_an_absolute_tolerance_has_no_relative_part() -> None:
    # DeepDiff's math_epsilon goes through isclose, whose relative 1e-9 is 1,000 here.
    assert verdicts(floats(1e12, 1e12 + 500), abs=0.5) == {Verdict.DIFFERENT}
    assert verdicts(floats(1e12, 1e12 + 0.5), abs=0.5) == {Verdict.WITHIN_TOLERANCE}


def test_a_relative_tolerance_is_not_one_of_decimals() -> None:
    # DeepDiff's significant_digits=3 formats both of these as 0.000.
    assert verdicts(floats(1e-9, 9e-9), rel=1e-3) == {Verdict.DIFFERENT}
    assert verdicts(floats(1e-9, 1.0005e-9), rel=1e-3) == {Verdict.WITHIN_TOLERANCE}
    assert verdicts(floats(0.0, 1e-300), rel=1.0) == {Verdict.DIFFERENT}


def test_without_a_rule_one_bit_counts_everywhere() -> None:
    assert verdicts(floats(0.1 + 0.2, 0.3)) == {Verdict.DIFFERENT}
    assert verdicts(floats(1e12, math.nextafter(1e12, 0))) == {Verdict.DIFFERENT}


def test_ignoring_the_order_neither_drops_nor_widens_a_tolerance() -> None:
    order = {"path": "p: a", "unordered": True}
    within = {"path": "p: a[*].v", "abs": 0.01}
    left = {"p": {"a": [{"v": 1.0}, {"v": 2.0}]}}
    near = {"p": {"a": [{"v": 2.0}, {"v": 1.005}]}}
    far = {"p": {"a": [{"v": 2.0}, {"v": 1.5}]}}
    other_type = {"p": {"a": [{"v": 2.0}, {"v": 1}]}}
    twice = {"p": {"a": [{"v": 2.0}, {"v": 2.0}]}}
    for right, verdict in (
        (near, Verdict.WITHIN_TOLERANCE),
        (far, Verdict.DIFFERENT),
        (other_type, Verdict.DIFFERENT),
        (twice, Verdict.DIFFERENT),
    ):
        assert outcome(Channel.OUTPUTS, left, right, order, within)[0].verdict is verdict
    assert outcome(Channel.OUTPUTS, left, near, order)[0].verdict is Verdict.DIFFERENT


def test_keys_that_begin_with_underscores_are_compared() -> None:
    # DeepDiff skips keys that begin with two underscores.
    for name in ("__x", "_x", "__dict__", "__class__"):
        for left, right, verdict in (
            ({name: 1}, {name: 2}, Verdict.DIFFERENT),
            ({name: 1}, {}, Verdict.MISSING),
            ({}, {name: 1}, Verdict.EXTRA),
        ):
            for wrap in (lambda entry: entry, lambda entry: {"deep": [entry]}):
                found, _ = outcome(Channel.METRICS, {"p": wrap(left)}, {"p": wrap(right)})
                assert found.verdict is verdict or found.verdict.is_difference
    one, other = (trace(FEATURES__values={"__x": value}) for value in (1.0, 2.0))
    assert outcome(Channel.TRACE, {UNIT: one}, {UNIT: other})[0].verdict is Verdict.DIFFERENT


def nanoseconds(apart: int) -> list[tuple[Channel, Any, Any, str]]:
    """Give two times in every layer that holds times as values."""
    later = NOON + apart
    return [
        (Channel.WINDOWS, {"p": [{"start_ns": NOON}]}, {"p": [{"start_ns": later}]}, "p: **"),
        (
            Channel.TRADES,
            {PLACE: (trade(entry_time=NOON),)},
            {PLACE: (trade(entry_time=later),)},
            "**: row 0.entry_time",
        ),
        (
            Channel.EQUITY,
            {PLACE: curve((1.0,), (NOON,))},
            {PLACE: curve((1.0,), (later,))},
            "**: sample 0.time_ns",
        ),
        (
            Channel.TRACE,
            {UNIT: trace(SIGNAL__origin=NOON)},
            {UNIT: trace(SIGNAL__origin=later)},
            "**: SIGNAL.origin",
        ),
    ]


def test_nanoseconds_are_whole_numbers_and_never_floats() -> None:
    # As floats the two are equal: doubles near them are 256 apart. datacompy calls them equal.
    assert float(NOON) == float(NOON + 99)
    assert verdicts(nanoseconds(99)) == {Verdict.DIFFERENT}
    assert verdicts(nanoseconds(1)) == {Verdict.DIFFERENT}
    assert verdicts(nanoseconds(99), abs=50) == {Verdict.DIFFERENT}
    assert verdicts(nanoseconds(99), abs=98.5) == {Verdict.DIFFERENT}
    assert verdicts(nanoseconds(99), abs=99) == {Verdict.WITHIN_TOLERANCE}
    assert verdicts(nanoseconds(-99), abs=98) == {Verdict.DIFFERENT}
    # A relative tolerance that is narrow for prices is an hour and a half for times.
    assert verdicts(nanoseconds(5_000_000_000_000), rel=1e-5, ulp=2**40) == {Verdict.DIFFERENT}


def test_an_event_at_another_time_is_another_event_whatever_the_tolerance() -> None:
    def at(time: int) -> Trace:
        return Trace.from_events([Fill(0, time, "p", None, "a", "A", 1.0, 1.0, 0.0, "order")])

    for rules in ((), ({"path": "**", "abs": 50},)):
        found, _ = outcome(Channel.TRACE, {UNIT: at(NOON)}, {UNIT: at(NOON + 99)}, *rules)
        assert found.verdict.is_difference


Long = msgspec.defstruct("Long", [("x", float), ("golden", float)])
Short = msgspec.defstruct("Short", [("x", float)])


@pytest.mark.parametrize(
    "rules", [(), ({"path": "**", "abs": 1e300, "rel": 1, "ulp": 2**62, "nan_equal": True},)]
)
def test_a_column_of_the_control_that_the_candidate_lacks_is_a_difference(
    rules: tuple[Mapping[str, Any], ...],
) -> None:
    # pytest-regressions compares only the columns of the new frame.
    whole, less = {"x": 1.0, "golden": 2.0}, {"x": 1.0}
    cases: list[tuple[Channel, Any, Any]] = [
        (Channel.METRICS, {"p": whole}, {"p": less}),
        (Channel.CONFIG, {"p": [{"c": whole}]}, {"p": [{"c": less}]}),
        (Channel.FILES, {"folder": {"a": {}, "b": {}}}, {"folder": {"a": {}}}),
        (Channel.TRADES, {PLACE: (Long(1.0, 2.0),)}, {PLACE: (Short(1.0),)}),
        (
            Channel.TRACE,
            {UNIT: trace(FEATURES__values=whole)},
            {UNIT: trace(FEATURES__values=less)},
        ),
        (Channel.TRADES, {PLACE: (trade(),), "q": (trade(),)}, {PLACE: (trade(),)}),
        (Channel.EQUITY, {PLACE: curve(), "q": curve()}, {PLACE: curve()}),
        (Channel.TRACE, {UNIT: trace(), "q": trace()}, {UNIT: trace()}),
        (Channel.METRICS, {"p": whole, "q": whole}, {"p": whole}),
    ]
    for channel, left, right in cases:
        for one, other in ((left, right), (right, left)):
            assert outcome(channel, one, other, *rules)[0].verdict.is_difference
    for channel in Channel:
        rest = {c: content for c, content in contents().items() if c is not channel}
        assert compare_records(record(), record(rest))[channel].verdict is Verdict.MISSING
        assert compare_records(record(rest), record())[channel].verdict is Verdict.EXTRA


class Fixed:
    """A subject that answers with a record made beforehand."""

    name = "fixed"

    def __init__(self, made: Record) -> None:
        self._made = made

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        return self._made


def test_two_sides_with_nothing_in_them_agree_on_nothing() -> None:
    empty: dict[Channel, Any] = {
        **contents(),
        Channel.TRACE: {UNIT: Trace.from_events([])},
        Channel.TRADES: {PLACE: ()},
        Channel.EQUITY: {PLACE: curve((), ())},
        Channel.METRICS: {PLACE: {}},
    }
    made: dict[Channel, Any]
    for made in (
        empty,
        {Channel.STATUS: {"": {"success": True}}},
        {channel: {} for channel in Channel},
    ):
        side = Fixed(record(made))
        verification = verify([("c", {})], side, [side], Path("x"), oracle=False)
        assert verification.exit_code in (1, 4)  # some of it breaks invariants as well
        assert msgspec.structs.replace(verification, checks=()).exit_code == 4
        assert not verification.totals
    outcomes = compare_records(record(empty), record(empty))
    for channel in (Channel.TRACE, Channel.TRADES, Channel.EQUITY, Channel.METRICS):
        assert outcomes[channel].compared == 0
    full = compare_records(record(), record(empty))
    for channel in (Channel.TRACE, Channel.TRADES, Channel.EQUITY, Channel.METRICS):
        assert full[channel].verdict is Verdict.MISSING


Row = msgspec.defstruct("Row", [("x", Any)])
ONES: list[Any] = [1, 1.0, True, "1", "True"]


@pytest.mark.parametrize("rules", [(), ({"path": "**", "abs": 9, "rel": 9, "ulp": 2**62},)])
def test_one_true_and_one_point_zero_are_three_things(
    rules: tuple[Mapping[str, Any], ...],
) -> None:
    for a in ONES:
        for b in ONES:
            if a is b:
                continue
            cases: list[tuple[Channel, Any, Any]] = [
                (Channel.METRICS, {"p": {"x": a}}, {"p": {"x": b}}),
                (Channel.OUTPUTS, {"p": {"x": [a]}}, {"p": {"x": [b]}}),
                (Channel.OUTPUTS, {"p": {a: "x"}}, {"p": {b: "x"}}),
                (Channel.OUTPUTS, {"p": {"x": {a}}}, {"p": {"x": {b}}}),
                (Channel.TRADES, {PLACE: (Row(a),)}, {PLACE: (Row(b),)}),
                (Channel.TRADES, {PLACE: (Row([a]),)}, {PLACE: (Row([b]),)}),
            ]
            for channel, left, right in cases:
                assert outcome(channel, left, right, *rules)[0].verdict.is_difference
            unordered = {"path": "p: x", "unordered": True}
            found, _ = outcome(
                Channel.OUTPUTS, {"p": {"x": [a, 2]}}, {"p": {"x": [2, b]}}, unordered
            )
            assert found.verdict.is_difference


def test_no_trace_takes_one_type_for_another() -> None:
    for price in (100, True, "100.0"):
        with pytest.raises(InvalidEventError):
            trace(FILL__price=price)
    for direction in (1.0, True):
        with pytest.raises(InvalidEventError):
            trace(SIGNAL__direction=direction)


def test_minus_zero_is_not_zero_but_has_no_distance_from_it() -> None:
    assert verdicts(floats(0.0, -0.0)) == {Verdict.DIFFERENT}
    for kind in ({"abs": 0}, {"rel": 0}, {"ulp": 0}, {"abs": 1e-12}):
        assert verdicts(floats(0.0, -0.0), **kind) == {Verdict.WITHIN_TOLERANCE}
    assert verdicts(floats(0.0, -0.0), nan_equal=True) == {Verdict.DIFFERENT}


def test_a_nan_equals_a_nan_only_where_a_rule_says_so() -> None:
    outside_traces = [case for case in floats(NAN, NAN) if case[0] is not Channel.TRACE]
    assert verdicts(outside_traces) == {Verdict.DIFFERENT}
    for other in (PAYLOAD, MINUS_NAN):
        assert verdicts(floats(NAN, other)) == {Verdict.DIFFERENT}
        assert verdicts(floats(NAN, other), abs=1e300, rel=1, ulp=2**62) == {Verdict.DIFFERENT}
        assert verdicts(floats(NAN, other), nan_equal=True) == {Verdict.WITHIN_TOLERANCE}
    assert verdicts(floats(NAN, 1.0), nan_equal=True) == {Verdict.DIFFERENT}
    assert verdicts(floats(1.0, NAN), nan_equal=True, abs=1e300) == {Verdict.DIFFERENT}
    within = [case for case in floats(NAN, NAN) if case[0] is Channel.TRACE]
    assert verdicts(within) == {Verdict.EQUAL}  # buffers are compared whole: the same bits


def test_null_is_no_number_and_no_nan() -> None:
    for other in (0.0, NAN, -0.0):
        for kind in ({}, {"abs": 1e300, "rel": 1, "ulp": 2**62, "nan_equal": True}):
            rules = ({"path": "**", **kind},) if kind else ()
            for a, b in ((None, other), (other, None)):
                left, right = {"p": {"x": a}}, {"p": {"x": b}}
                assert outcome(Channel.METRICS, left, right, *rules)[0].verdict.is_difference
                one, two = (trace(FEATURES__values={"x": x}, BAR__volume=x) for x in (a, b))
                found, _ = outcome(Channel.TRACE, {UNIT: one}, {UNIT: two}, *rules)
                assert (found.verdict, found.different) == (Verdict.DIFFERENT, 2)


def many(count: int) -> list[Features]:
    return [
        Features(
            n, NOON + n, f"features/{'AB'[n % 2]}/1d", None, "AB"[n % 2], "1d",
            {"x": None if n % 3 else n / 7, "y": -0.0},
        )
        for n in range(count)
    ]  # fmt: skip


def test_what_lies_elsewhere_in_other_buffers_is_the_same(tmp_path: Path) -> None:
    # Slices have offsets, null slots can hold anything, texts are numbered as they come.
    made = many(40)
    whole, tail = Trace.from_events(made), Trace.from_events(made[25:])
    cut = whole.newest(15)
    kept = whole.filtered(lambda kind, container: container.startswith("features/B"))
    built = Trace.from_events([event for event in made if event.symbol == "B"])
    stored = whole.save(tmp_path / "whole").newest(15)
    for left, right in ((cut, tail), (kept, built), (stored, tail), (stored, cut)):
        assert left.digest == right.digest
        assert outcome(Channel.TRACE, {UNIT: left}, {UNIT: right})[0].verdict is Verdict.EQUAL
    other = Trace.from_events([*made[25:39], msgspec.structs.replace(made[39], values={})])
    for left in (cut, stored):
        assert outcome(Channel.TRACE, {UNIT: left}, {UNIT: other})[0].different == 1


def test_curves_that_are_slices_of_others_are_compared_by_their_values() -> None:
    grid = np.arange(20, dtype=np.float64).reshape(10, 2)
    strided = EquityCurve(time_ns=np.arange(20, dtype=np.int64)[::2], equity=grid[:, 1])
    plain = EquityCurve(
        time_ns=np.arange(0, 20, 2, dtype=np.int64), equity=np.arange(1.0, 20.0, 2.0)
    )
    assert outcome(Channel.EQUITY, {"p": strided}, {"p": plain})[0].verdict is Verdict.EQUAL
    off = EquityCurve(time_ns=plain.time_ns, equity=grid[:, 0])
    assert outcome(Channel.EQUITY, {"p": strided}, {"p": off})[0].different == 10
