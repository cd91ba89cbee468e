"""Trades row by row and curves sample by sample: fields, positions, counts, and rules for them."""

from __future__ import annotations

import math
import pickle
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.results import EquityCurve
from parity.channels import Channel
from parity.comparison.curves import compare_curves, looks_at_curves
from parity.comparison.outcome import Difference
from parity.comparison.rows import compare_rows, looks_at_rows
from parity.verdicts import Verdict
from tests.parity.comparing.building import NOON, PLACE, applied, curve, outcome, trade

NAN = float("nan")


def rows(*made: Any) -> dict[str, Any]:
    return {PLACE: made}


def test_a_row_that_differs_is_shown_with_its_fields() -> None:
    left, right = trade(), trade(quantity=11.0, bars_held=4)
    found = compare_rows(rows(trade(), left), rows(trade(), right))
    assert (found.compared, found.different, found.max_abs) == (2, 1, 1.0)
    assert found.first == Difference(
        path=f"{PLACE}: row 1",
        control=msgspec.structs.asdict(left),
        candidate=msgspec.structs.asdict(right),
        fields=("quantity", "bars_held"),
        position=1,
    )


def test_a_row_too_many_is_shown_as_it_is() -> None:
    found = compare_rows(rows(trade()), rows(trade(), trade(symbol="B"), trade(symbol="C")))
    assert (found.compared, found.extra, found.missing) == (1, 2, 0)
    assert found.first is not None
    assert (found.first.path, found.first.position) == (f"{PLACE}: row 1", 1)
    assert found.first.control is None
    assert found.first.candidate["symbol"] == "B"


def test_a_list_that_one_side_lacks_is_missing_row_by_row() -> None:
    found = compare_rows(rows(trade(), trade()), {})
    assert (found.verdict, found.missing) == (Verdict.MISSING, 2)
    found = compare_rows({}, rows())
    assert (found.verdict, found.extra) == (Verdict.EXTRA, 1)
    assert found.first is not None
    assert (found.first.control, found.first.candidate) == (None, "a list of 0 rows")


Other = msgspec.defstruct("Other", [("quantity", float), ("more", int)])
Same = msgspec.defstruct("Same", [("quantity", float), ("more", int)])
Fewer = msgspec.defstruct("Fewer", [("quantity", float)])
Nested = msgspec.defstruct("Nested", [("parts", list[Any])])


def test_rows_are_compared_by_their_fields_whatever_they_are_called() -> None:
    assert compare_rows(rows(Other(1.0, 2)), rows(Same(1.0, 2))).verdict is Verdict.EQUAL
    found = compare_rows(rows(Other(1.0, 2)), rows(Same(1.0, 3)))
    assert found.first is not None
    assert found.first.fields == ("more",)


def test_a_field_that_one_side_lacks_differs_and_only_ignoring_excuses_it() -> None:
    for left, right in ((Other(1.0, 2), Fewer(1.0)), (Fewer(1.0), Other(1.0, 2))):
        found = compare_rows(rows(left), rows(right))
        assert found.verdict is Verdict.DIFFERENT
        assert found.first is not None
        assert found.first.fields == ("more",)
        path = f"{PLACE}: row 0.more"
        within = {"path": path, "abs": 9, "nan_equal": True}
        assert outcome(Channel.TRADES, rows(left), rows(right), within)[0].different == 1
        ignoring = {"path": path, "ignore": True}
        found_, _ = outcome(Channel.TRADES, rows(left), rows(right), ignoring)
        assert (found_.verdict, found_.compared) == (Verdict.IGNORED, 1)


def test_values_within_a_field_are_compared_with_their_types() -> None:
    found = compare_rows(rows(Nested([1])), rows(Nested([True])))
    assert found.verdict is Verdict.DIFFERENT
    assert compare_rows(rows(Nested([1])), rows(Nested([1]))).verdict is Verdict.EQUAL


def test_a_row_is_excused_when_each_of_its_fields_is() -> None:
    left, right = rows(trade()), rows(trade(exit_price=101.75, exit_time=NOON + 61))
    price = {"path": "**: row *.exit_price", "abs": 0.5}
    time = {"path": "**: row *.exit_time", "abs": 1}
    hidden = {"path": "**: row *.exit_time", "ignore": True}
    found, _ = outcome(Channel.TRADES, left, right, price)
    assert (found.verdict, found.different, found.tolerated) == (Verdict.DIFFERENT, 1, 0)
    assert found.first is not None
    assert found.first.fields == ("exit_time",)
    assert found.tolerance_used == 0.5
    for second, used in ((time, 1.0), (hidden, 0.5)):
        found, standings = outcome(Channel.TRADES, left, right, price, second)
        assert found.verdict is Verdict.WITHIN_TOLERANCE
        assert (found.tolerated, found.ignored, found.compared) == (1, 0, 1)
        assert found.tolerance_used == used
        assert [rule.fired for rule in standings] == [1, 1]
    found, _ = outcome(Channel.TRADES, left, right, {**hidden, "path": "**: row *.exit_*"})
    assert (found.verdict, found.ignored, found.compared) == (Verdict.IGNORED, 1, 1)


def test_a_row_is_ignored_as_a_whole_by_its_own_path() -> None:
    left = rows(trade(), trade())
    right = rows(trade(), trade(quantity=1.0, net_profit=2.0))
    found, (rule,) = outcome(Channel.TRADES, left, right, {"path": "**: row 1", "ignore": True})
    assert (found.verdict, found.compared, found.ignored, rule.fired) == (Verdict.IGNORED, 1, 1, 1)
    found, _ = outcome(Channel.TRADES, left, right, {"path": "**: row 0", "ignore": True})
    assert found.verdict is Verdict.DIFFERENT
    found, _ = outcome(Channel.TRADES, left, right, {"path": "**: row 1", "abs": 1000})
    assert found.verdict is Verdict.DIFFERENT


def test_rows_without_order_are_a_multiset() -> None:
    one, two, three = trade(), trade(symbol="B"), trade(symbol="C")
    unordered = {"path": PLACE, "unordered": True}
    found, (rule,) = outcome(Channel.TRADES, rows(one, two), rows(two, one), unordered)
    assert (found.verdict, found.compared, rule.fired) == (Verdict.IGNORED, 2, 1)
    found, _ = outcome(Channel.TRADES, rows(one, two), rows(two, three), unordered)
    assert (found.verdict, found.different) == (Verdict.DIFFERENT, 1)
    found, _ = outcome(Channel.TRADES, rows(one, two), rows(two), unordered)
    assert (found.verdict, found.missing) == (Verdict.MISSING, 1)
    found, _ = outcome(Channel.TRADES, rows(two, two), rows(two), unordered)
    assert (found.verdict, found.missing) == (Verdict.MISSING, 1)
    found, (rule,) = outcome(Channel.TRADES, rows(one, two), rows(one, two), unordered)
    assert (found.verdict, rule.problem) == (Verdict.EQUAL, "never fired")
    assert outcome(Channel.TRADES, rows(one, two), rows(two, one))[0].different == 2


def test_ignoring_every_field_of_every_row_leaves_nothing_compared() -> None:
    fields = [{"path": f"**: row *.{name}", "ignore": True} for name in trade().__struct_fields__]
    found, _ = outcome(Channel.TRADES, rows(trade()), rows(trade()), *fields)
    assert (found.verdict, found.compared) == (Verdict.IGNORED, 0)
    found, _ = outcome(Channel.TRADES, rows(trade()), rows(trade()), *fields[1:])
    assert (found.verdict, found.compared) == (Verdict.EQUAL, 1)
    found, _ = outcome(
        Channel.TRADES, rows(trade()), rows(trade()), {"path": "**: row *", "ignore": True}
    )
    assert (found.verdict, found.compared) == (Verdict.IGNORED, 0)


def curves(*made: Any, **more: Any) -> dict[str, Any]:
    return {PLACE: curve(*made, **more)}


def test_a_sample_that_differs_is_shown_with_its_fields() -> None:
    found = compare_curves(curves(), curves((100.0, 101.5, 99.5), (1, 5, 3)))
    assert (found.compared, found.different, found.max_abs, found.max_ulp) == (3, 1, 3.0, 2**45)
    assert found.first == Difference(
        path=f"{PLACE}: sample 1",
        control={"time_ns": 2, "equity": 101.0},
        candidate={"time_ns": 5, "equity": 101.5},
        fields=("time_ns", "equity"),
        position=1,
    )


def test_a_curve_that_is_shorter_lacks_its_last_samples() -> None:
    found = compare_curves(curves(), curves((100.0,), (1,)))
    assert (found.compared, found.different, found.missing, found.extra) == (1, 0, 2, 0)
    assert found.first == Difference(
        path=f"{PLACE}: sample 1",
        control={"time_ns": 2, "equity": 101.0},
        candidate=None,
        position=1,
    )
    found = compare_curves(curves((100.0,), (1,)), curves((99.0, 1.0), (1, 2)))
    assert (found.different, found.extra, found.verdict) == (1, 1, Verdict.DIFFERENT)


def test_a_rule_takes_a_curve_as_a_whole_whichever_side_is_shorter() -> None:
    long, short = {PLACE: curve((1.0, 2.0, 3.0))}, {PLACE: curve((1.0, 2.0), (1, 2))}
    for left, right in ((long, short), (short, long)):
        found, (rule,) = outcome(Channel.EQUITY, left, right, {"path": PLACE, "ignore": True})
        assert (found.verdict, found.ignored, rule.fired) == (Verdict.IGNORED, 1, 1)


def test_a_curve_that_one_side_lacks_is_missing_sample_by_sample() -> None:
    found = compare_curves(curves(), {})
    assert (found.verdict, found.missing) == (Verdict.MISSING, 3)
    assert found.first is not None
    assert (found.first.control, found.first.candidate) == ("a curve of 3 samples", None)
    assert compare_curves({}, curves()).extra == 3


@pytest.mark.parametrize(
    ("left", "right", "differs"),
    [(0.0, -0.0, True), (NAN, NAN, True), (NAN, 1.0, True), (math.inf, math.inf, False)],
)
def test_samples_are_compared_by_their_bits(left: float, right: float, differs: bool) -> None:
    found = compare_curves(curves((left,), (1,)), curves((right,), (1,)))
    assert (found.different == 1) is differs


def test_a_curve_of_another_type_differs_in_every_sample() -> None:
    floats = curve((1.0, 0.0), (1, 2))
    whole = EquityCurve(time_ns=floats.time_ns, equity=np.array([1, 0], np.int64))
    narrow = EquityCurve(time_ns=floats.time_ns, equity=floats.equity.astype(np.float32))
    times = EquityCurve(time_ns=floats.time_ns.astype(np.int32), equity=floats.equity)
    for other in (whole, narrow, times):
        for left, right in ((floats, other), (other, floats)):
            found = compare_curves({PLACE: left}, {PLACE: right})
            assert (found.different, found.compared) == (2, 2)
            wide = {"path": "**", "abs": 9, "rel": 1, "ulp": 9}
            sides = {PLACE: left}, {PLACE: right}
            assert outcome(Channel.EQUITY, *sides, wide)[0].different == 2
            hidden, _ = outcome(Channel.EQUITY, *sides, {"path": PLACE, "ignore": True})
            assert (hidden.verdict, hidden.ignored) == (Verdict.IGNORED, 1)
            hidden, _ = outcome(Channel.EQUITY, *sides, {"path": "**: sample 1", "ignore": True})
            assert (hidden.different, hidden.ignored) == (1, 1)
        assert compare_curves({PLACE: other}, {PLACE: other}).verdict is Verdict.EQUAL
    for kind in (np.int64, np.float32, np.int16):
        three = np.array([1, 2, 3], np.int64)
        ours = EquityCurve(time_ns=three, equity=np.array([1, 2, 3], kind))
        theirs = EquityCurve(time_ns=three, equity=np.array([1, 5, 3], kind))
        assert compare_curves({PLACE: ours}, {PLACE: theirs}).different == 1
        assert compare_curves({PLACE: theirs}, {PLACE: ours}).different == 1
        assert compare_curves({PLACE: ours}, {PLACE: ours}).verdict is Verdict.EQUAL


def test_a_curve_from_another_process_is_of_the_same_type() -> None:
    left = curve((1.0, 2.0, 3.0))
    # What is read back has a type that is equal, but another object.
    right = pickle.loads(pickle.dumps(curve((1.0, 2.5, 3.0))))
    assert compare_curves({PLACE: left}, {PLACE: right}).different == 1


def test_a_sample_is_looked_at_unless_it_or_both_its_fields_are_ignored() -> None:
    both = [{"path": f"**: sample *.{name}", "ignore": True} for name in ("time_ns", "equity")]
    for rules, looks in (
        (both, False),
        (both[:1], True),
        (both[1:], True),
        ([{"path": "**: sample *", "ignore": True}], False),
        ([{"path": "**: sample 1", "ignore": True}], True),
        ([{"path": PLACE, "ignore": True}], False),
        ([{"path": "elsewhere", "ignore": True}], True),
    ):
        judge = applied(*rules).judge(Channel.EQUITY)
        assert looks_at_curves(curves(), curves(), judge) is looks
        assert not looks_at_curves(curves(), {}, judge)
        assert not looks_at_curves({}, curves(), judge)
        assert not looks_at_curves(curves(), curves((), ()), judge)


def test_a_row_is_looked_at_unless_it_or_all_its_fields_are_ignored() -> None:
    names = trade().__struct_fields__
    every = [{"path": f"**: row *.{name}", "ignore": True} for name in names]
    for rules, looks in (
        (every, False),
        (every[:-1], True),
        ([{"path": "**: row *", "ignore": True}], False),
        ([{"path": "**: row 0", "ignore": True}], True),
        ([{"path": PLACE, "ignore": True}], False),
        ([{"path": "elsewhere", "ignore": True}], True),
    ):
        judge = applied(*rules).judge(Channel.TRADES)
        two = rows(trade(), trade())
        assert looks_at_rows(two, two, judge) is looks
        assert not looks_at_rows(two, {}, judge)
        assert not looks_at_rows({}, two, judge)
        assert not looks_at_rows(two, rows(), judge)
    judge = applied({"path": "**: row 0", "ignore": True}).judge(Channel.TRADES)
    assert not looks_at_rows(rows(trade(), trade()), rows(trade()), judge)


def test_rules_reach_fields_samples_and_curves() -> None:
    left, right = curves(), curves((100.0, 101.5, 99.5), (1, 2, 4))
    equity = {"path": "**: sample *.equity", "abs": 1}
    time = {"path": "**: sample *.time_ns", "abs": 2}
    found, _ = outcome(Channel.EQUITY, left, right, equity)
    assert (found.different, found.tolerated) == (1, 1)
    assert found.first is not None
    assert found.first.fields == ("time_ns",)
    found, _ = outcome(Channel.EQUITY, left, right, equity, time)
    assert (found.verdict, found.tolerated, found.compared) == (Verdict.WITHIN_TOLERANCE, 2, 3)
    assert found.tolerance_used == 0.5
    for path, count in (("**: sample *", 2), (PLACE, 1), ("**: sample *.*", 2)):
        found, (rule,) = outcome(Channel.EQUITY, left, right, {"path": path, "ignore": True})
        assert (found.verdict, found.ignored, rule.fired) == (Verdict.IGNORED, count, count)
        assert found.compared == 0
    found, _ = outcome(Channel.EQUITY, left, right, {"path": "**: sample 1", "ignore": True})
    assert (found.verdict, found.ignored) == (Verdict.DIFFERENT, 1)
    nans = curves((NAN, 1.0), (1, 2))
    found, _ = outcome(Channel.EQUITY, nans, nans, {"path": "**", "nan_equal": True})
    assert (found.verdict, found.compared) == (Verdict.WITHIN_TOLERANCE, 2)


def test_a_sample_is_excused_when_both_of_its_fields_are() -> None:
    left, right = curves(), curves((100.0, 101.5, 99.5), (1, 3, 3))
    equity = {"path": "**: sample *.equity", "abs": 1}
    found, _ = outcome(Channel.EQUITY, left, right, equity)
    assert (found.different, found.tolerated, found.rules != ()) == (1, 0, True)
    hidden = {"path": "**: sample *.time_ns", "ignore": True}
    found, _ = outcome(Channel.EQUITY, left, right, equity, hidden)
    assert (found.verdict, found.tolerated, found.ignored) == (Verdict.WITHIN_TOLERANCE, 1, 0)
    assert found.compared == 3
