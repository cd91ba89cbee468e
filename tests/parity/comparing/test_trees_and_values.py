"""Trees of plain values: types count, order of lists counts, and nothing equal is asked about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from parity.channels import Channel
from parity.comparison.matching import Matching, match
from parity.comparison.outcome import Difference, Tally
from parity.comparison.trees import compare_trees, joined, leaves, looks_at_trees
from parity.comparison.values import distances, identity, same, ulp_distance
from parity.policy.judging import Judge
from parity.verdicts import Verdict, worst
from tests.parity.comparing.building import applied, outcome

NAN = float("nan")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (5, 5, True),
        (5, 6, False),
        (5, "5", False),
        (1, True, False),
        (0, False, False),
        (1, 1.0, False),
        (None, 0, False),
        (None, None, True),
        ("", None, False),
        (0.0, -0.0, False),
        (0.0, 0.0, True),
        (-0.0, -0.0, True),
        (2.5, 2.5, True),
        (NAN, NAN, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        ("a", "a", True),
        ([1, 2], [1, 2], True),
        ([1], [True], False),
        ([1], [1.0], False),
        ([0.0], [-0.0], False),
        ([1, 2], [2, 1], False),
        ((1,), (1,), True),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({1: "a"}, {True: "a"}, False),
        ({1}, {1}, True),
        ({1}, {1.0}, False),
        (b"a", b"a", True),
        (b"a", "a", False),
    ],
)
def test_two_values_are_the_same_or_not(left: Any, right: Any, expected: bool) -> None:
    assert same(left, right) is expected
    assert same(right, left) is expected


def test_what_cannot_be_hashed_is_identified_by_its_type_and_what_it_shows() -> None:
    assert identity(bytearray(b"a")) == identity(bytearray(b"a"))
    assert identity(bytearray(b"a")) != identity(bytearray(b"b"))
    assert identity([bytearray(b"a")]) != identity([b"a"])
    assert identity((1, [2])) == identity([1, (2,)])
    assert identity({"a": NAN}) != identity({"a": NAN})


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1.0, 1.5, (0.5, 2**51)),
        (1.5, 1.0, (0.5, 2**51)),
        (-1.0, 1.0, (2.0, 2 * 0x3FF0000000000000)),
        (1.0, math.inf, (math.inf, None)),
        (NAN, 1.0, (None, None)),
        (3, 5, (2.0, None)),
        (10**400, 0, (math.inf, None)),
        (2**1024 - 1, 0, (math.inf, None)),  # the largest double is less
        (3, 5.0, (None, None)),
        (True, False, (None, None)),
        ("a", "b", (None, None)),
        (None, 1.0, (None, None)),
    ],
)
def test_distances_are_those_of_numbers_of_one_type(
    left: Any, right: Any, expected: tuple[float | None, int | None]
) -> None:
    assert distances(left, right) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1.0, math.nextafter(1.0, 2), 1),
        (math.nextafter(1.0, 2), 1.0, 1),
        (0.0, -0.0, 0),
        (5e-324, 0.0, 1),
        (5e-324, -5e-324, 2),
        (-1.0, math.nextafter(-1.0, 0), 1),
        (1.0, NAN, None),
        (math.inf, 1.0, None),
    ],
)
def test_doubles_between_two_are_counted(left: float, right: float, expected: int | None) -> None:
    assert ulp_distance(left, right) == expected


def tally(left: Any, right: Any) -> Tally:
    return compare_trees({"p": left}, {"p": right})


@pytest.mark.parametrize(
    ("left", "right", "counts", "path"),
    [
        # compared, different, missing, extra
        ({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 1, "c": [1, 2]}}, (3, 0, 0, 0), None),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, (2, 0, 0, 0), None),
        ({"a": 1}, {"a": 2}, (1, 1, 0, 0), "p: a"),
        ({"a": 1, "b": 2}, {"a": 1}, (1, 0, 1, 0), "p: b"),
        ({"a": 1}, {"a": 1, "b": {"c": 1, "d": [2, 3]}}, (1, 0, 0, 3), "p: b.c"),
        ({"a": {}}, {}, (0, 0, 1, 0), "p: a"),
        ({}, {"a": []}, (0, 0, 0, 1), "p: a"),
        ({"a": {}}, {"a": {}}, (0, 0, 0, 0), None),
        ({"a": []}, {"a": {}}, (1, 1, 0, 0), "p: a"),
        ({"a": [1]}, {"a": {0: 1}}, (1, 1, 0, 0), "p: a"),
        ({"a": None}, {"a": {"b": 1}}, (1, 1, 0, 0), "p: a"),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, (2, 1, 1, 0), "p: a[1]"),
        ({"a": [1]}, {"a": [1, [2, 3]]}, (1, 0, 0, 2), "p: a[1][0]"),
        ({"a": (1, ())}, {"a": [1, []]}, (1, 0, 0, 0), None),
        ({1: "a"}, {True: "a"}, (0, 0, 1, 1), "p: [1]"),
        ({1: "a"}, {1.0: "a"}, (0, 0, 1, 1), "p: [1]"),
        ({1: "a", "b": 2}, {1: "a", "b": 3}, (2, 1, 0, 0), "p: b"),
        ({"__a": 1}, {"__a": 2}, (1, 1, 0, 0), "p: __a"),
        ({"a.b": 1}, {"a.b": 2}, (1, 1, 0, 0), "p: ['a.b']"),
        ({"a[0]": 1}, {"a[0]": 2}, (1, 1, 0, 0), "p: ['a[0]']"),
        ({"": 1}, {"": 2}, (1, 1, 0, 0), "p: ['']"),
        ({"x": {"": 1}}, {"x": {"": 2}}, (1, 1, 0, 0), "p: x['']"),
        (1, 2, (1, 1, 0, 0), "p"),
        (NAN, NAN, (1, 1, 0, 0), "p"),
    ],
)
def test_trees_are_counted_by_their_leaves(
    left: Any, right: Any, counts: tuple[int, int, int, int], path: str | None
) -> None:
    found = tally(left, right)
    assert (found.compared, found.different, found.missing, found.extra) == counts
    assert (found.first.path if found.first else None) == path
    turned = tally(right, left)
    swapped = (turned.compared, turned.different, turned.extra, turned.missing)
    assert swapped == counts


class Readonly(Mapping[str, Any]):
    """A mapping that is no dict, as results that lie in files are."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def test_any_mapping_is_compared_by_its_keys() -> None:
    assert tally(Readonly(a=1), {"a": 1}).verdict is Verdict.EQUAL
    assert tally(Readonly(a=1), {"a": 1.0}).verdict is Verdict.DIFFERENT
    assert tally(Readonly(), Readonly(a=1)).verdict is Verdict.EXTRA


def test_leaves_are_given_in_the_order_of_the_document() -> None:
    assert list(leaves({"b": [1, {"c": 2}], "a": (), "d.e": None})) == [
        ("b[0]", 1),
        ("b[1].c", 2),
        ("a", ()),
        ("['d.e']", None),
    ]
    assert joined("a", 5) == "a[5]"


def test_sizes_are_the_largest_of_all_differences_excused_or_not() -> None:
    left = {"a": 1.0, "b": 2.0, "c": 7}
    right = {"a": 1.5, "b": 2.25, "c": 9}
    found = tally(left, right)
    assert (found.max_abs, found.max_ulp) == (2.0, 2**51)
    content = {"p": left}, {"p": right}
    excused, _ = outcome(Channel.OUTPUTS, *content, {"path": "**: [*]", "abs": 1})
    assert (excused.max_abs, excused.max_ulp) == (2.0, 2**51)
    found = tally({"a": 1.0}, {"a": None})
    assert (found.max_abs, found.max_ulp) == (None, None)


def test_the_first_difference_is_the_first_that_no_rule_excuses() -> None:
    left, right = {"p": {"a": 1.0, "b": 2.0, "c": 3.0}}, {"p": {"a": 1.5, "b": 2.5, "c": 3.5}}
    found, (rule,) = outcome(Channel.OUTPUTS, left, right, {"path": "**: a", "abs": 1})
    assert found.first == Difference(path="p: b", control=2.0, candidate=2.5)
    assert (found.verdict, found.different, found.tolerated) == (Verdict.DIFFERENT, 2, 1)
    assert (found.tolerance_used, rule.used) == (0.5, 0.5)


def test_equal_data_ask_no_rule() -> None:
    class Deaf(Judge):
        def rule_for(self, path: str) -> None:
            raise AssertionError(path)

    judge = Deaf(applied({"path": "**", "abs": 1}).policy.rules)
    content = {"p": {"a": [1.0, 2.0], "b": None}}
    assert compare_trees(content, content, judge).compared == 3


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([], [], Matching([], False, [], [], [])),
        ([1, 2], [1, 2], Matching([0, 1], False, [], [], [])),
        ([1, 2], [2, 1], Matching([0, 1], True, [], [], [])),
        ([1, 1], [1], Matching([0], False, [], [1], [])),
        ([1], [1, 1], Matching([0], False, [], [], [1])),
        ([1], [True], Matching([], False, [(0, 0)], [], [])),
        ([1, 5, 2], [2, 7, 8], Matching([2], True, [(0, 1), (1, 2)], [], [])),
        ([3, 1], [1], Matching([1], True, [], [0], [])),
        ([NAN], [NAN], Matching([], False, [(0, 0)], [], [])),
        ([{"a": [1]}], [{"a": (1,)}], Matching([0], False, [], [], [])),
    ],
)
def test_lists_are_matched_as_multisets(left: Any, right: Any, expected: Matching) -> None:
    assert match(left, right) == expected


UNORDERED = {"path": "p: a", "unordered": True}


@pytest.mark.parametrize(
    ("left", "right", "verdict", "counts", "fired"),
    [
        # compared, different, missing, extra, ignored
        ([1, 2], [2, 1], Verdict.IGNORED, (2, 0, 0, 0, 1), 1),
        ([[1, 2], 3], [3, [1, 2]], Verdict.IGNORED, (3, 0, 0, 0, 1), 1),
        ([[1, 2], 3], [3, [2, 1]], Verdict.DIFFERENT, (3, 2, 0, 0, 1), 1),
        ([1, 2], [2, 1.0], Verdict.DIFFERENT, (2, 1, 0, 0, 1), 1),
        ([1, 2], [1, True], Verdict.DIFFERENT, (2, 1, 0, 0, 0), 0),
        ([1, 2, 2], [2, 1], Verdict.MISSING, (2, 0, 1, 0, 1), 1),
        ([1, 2], [2, 1, 1], Verdict.EXTRA, (2, 0, 0, 1, 1), 1),
        ([0.5, 2.0], [2.0, -0.5], Verdict.DIFFERENT, (2, 1, 0, 0, 1), 1),
        ({"x": 1}, {"x": 2}, Verdict.DIFFERENT, (1, 1, 0, 0, 0), 0),
        (1, 2, Verdict.DIFFERENT, (1, 1, 0, 0, 0), 0),
    ],
)
def test_an_unordered_list_is_compared_as_a_multiset(
    left: Any,
    right: Any,
    verdict: Verdict,
    counts: tuple[int, int, int, int, int],
    fired: int,
) -> None:
    found, (rule,) = outcome(Channel.OUTPUTS, {"p": {"a": left}}, {"p": {"a": right}}, UNORDERED)
    assert found.verdict is verdict
    told = (found.compared, found.different, found.missing, found.extra, found.ignored)
    assert told == counts
    assert rule.fired == fired


def test_what_is_left_over_of_an_unordered_list_goes_by_the_other_rules() -> None:
    left, right = {"p": {"a": [1.0, 2.0, 3.0]}}, {"p": {"a": [3.0, 1.0, 2.25]}}
    within = {"path": "p: a[*]", "abs": 0.5}
    found, (order, bound) = outcome(Channel.OUTPUTS, left, right, UNORDERED, within)
    assert found.verdict is Verdict.WITHIN_TOLERANCE
    assert (order.fired, bound.fired, bound.used) == (1, 1, 0.5)
    found, _ = outcome(Channel.OUTPUTS, left, right, UNORDERED, {**within, "abs": 0.125})
    assert found.verdict is Verdict.DIFFERENT
    assert found.first is not None
    assert found.first.path == "p: a[1]"


def test_an_unordered_list_that_stands_in_order_excuses_nothing() -> None:
    content = {"p": {"a": [1, 2]}, "q": {"a": 1}}
    found, (rule,) = outcome(Channel.OUTPUTS, content, content, UNORDERED)
    assert (found.verdict, rule.problem) == (Verdict.EQUAL, "never fired")


def test_a_mapping_or_list_is_ignored_as_a_whole_by_its_own_path() -> None:
    left = {"p": {"a": {"b": [1, 2], "c": 3}, "d": 4}}
    right = {"p": {"a": {"b": [2], "c": 4}, "d": 4}}
    for path, ignored in (("p: a", 1), ("p: a.**", 1), ("p: a.*", 2), ("p: a.**.c", 1)):
        found, (rule,) = outcome(Channel.OUTPUTS, left, right, {"path": path, "ignore": True})
        assert (found.ignored, rule.fired) == (ignored, ignored)
        assert found.verdict is (Verdict.DIFFERENT if path.endswith("c") else Verdict.IGNORED)
    found, _ = outcome(Channel.OUTPUTS, left, {"p": {"d": 4}}, {"path": "p: a", "ignore": True})
    assert (found.verdict, found.ignored, found.compared) == (Verdict.IGNORED, 1, 1)
    within = {"path": "p: a", "abs": 100}
    assert outcome(Channel.OUTPUTS, left, right, within)[0].verdict is Verdict.DIFFERENT


def test_the_first_rule_that_covers_a_difference_decides() -> None:
    left, right = {"p": {"a": 1.0, "b": 1.0}}, {"p": {"a": 2.0, "b": 2.0}}
    narrow, broad = {"path": "p: a", "abs": 0.5}, {"path": "**: *", "abs": 1}
    found, (first, second) = outcome(Channel.OUTPUTS, left, right, narrow, broad)
    assert (found.verdict, found.different, found.tolerated) == (Verdict.DIFFERENT, 1, 1)
    assert first.problem == "never fired: it covers 1 difference and excused none"
    assert (second.fired, second.problem) == (1, None)


def test_verdicts_stand_in_order_and_only_three_are_differences() -> None:
    order = ["equal", "ignored", "within_tolerance", "not_comparable", "extra", "missing"]
    order.append("different")
    assert [verdict.value for verdict in Verdict] == order
    assert [verdict.severity for verdict in Verdict] == list(range(7))
    assert [v for v in Verdict if v.is_difference] == [
        Verdict.EXTRA,
        Verdict.MISSING,
        Verdict.DIFFERENT,
    ]
    assert worst(reversed(Verdict)) is Verdict.DIFFERENT
    assert worst([Verdict.IGNORED, Verdict.EQUAL]) is Verdict.IGNORED
    assert worst([]) is Verdict.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("left", "right", "paths", "looks"),
    [
        ({"a": [1, 2]}, {"a": [1, 2]}, ["p: a[*]"], False),
        ({"a": [1, 2]}, {"a": [1, 2]}, ["p: a[0]"], True),
        ({"a": [1, 2]}, {"a": [1]}, ["p: a[0]", "p: a[1]"], False),
        ({"a": [1]}, {"a": [1, 2]}, ["p: a[0]", "p: a[1]"], False),
        ({"a": (1,)}, {"a": [1]}, ["p: a[0]"], False),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 2}, ["p: a.b", "p: c"], False),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 2}, ["p: a.b"], True),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 2}, ["p: c"], True),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "d": 2}, ["p: a.b"], False),
        ({"a": {"b": 1}}, {"a": [1]}, ["p: a.b"], True),
        ({"a": [1]}, {"a": {"b": 1}}, ["p: a[0]"], True),
        ({"a": [1]}, {"a": 1}, ["p: a[0]"], True),
        ({"a": 1}, {"a": [1]}, ["p: a[0]"], True),
        ({}, {}, ["p: a"], False),
    ],
)
def test_a_leaf_is_looked_at_unless_it_or_what_it_lies_in_is_ignored(
    left: Any, right: Any, paths: list[str], looks: bool
) -> None:
    rules = [{"path": path, "ignore": True} for path in paths]
    judge = applied(*rules).judge(Channel.OUTPUTS)
    assert judge.may_ignore
    assert looks_at_trees({"p": left}, {"p": right}, judge) is looks
    assert looks_at_trees({"p": left, "q": 1}, {"p": right, "q": 1}, judge)
    assert looks_at_trees({"p": left, "q": 1}, {"p": right}, judge) is looks
    assert not applied({"path": "**", "abs": 1}).judge(Channel.OUTPUTS).may_ignore
    assert not any(account.asked for account in judge.accounts.values())


def test_the_counts_of_each_rule_add_up_in_what_is_said_of_the_channel() -> None:
    left = {"p": {"a": 1.0, "b": 2.0, "c": 3.0, "x": 1, "y": 2}}
    right = {"p": {"a": 1.25, "b": 2.5, "c": 3.125, "x": 2}}
    letters = [{"path": f"p: {name}", "abs": 1} for name in "ac"]
    hidden = {"path": "p: *", "ignore": True}
    found, standings = outcome(Channel.OUTPUTS, left, right, *letters, hidden)
    first, second, third = (standing.place for standing in standings)
    assert found.reason == (
        f"excused: 1 by {first} (because), 3 by {third} (because), 1 by {second} (because)"
    )
    assert found.rules == (first, third, second)
    assert (found.tolerated, found.ignored, found.compared) == (2, 3, 2)
    assert found.tolerance_used == 0.25
    broad, (standing,) = outcome(Channel.OUTPUTS, left, left, {"path": "**", "abs": 1})
    assert (broad.reason, broad.rules, standing.used) == (None, (), None)
