"""Comparators and cleaners of a distribution: what they decide, and what they do wrong."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records
from parity.errors import UsageError
from parity.policy import AppliedPolicy, RuleStanding, parse_policy
from parity.verdicts import Verdict
from tests.parity.comparing.building import (
    PLACE,
    UNIT,
    applied,
    changed,
    curve,
    outcome,
    record,
    trace,
    trade,
)
from tests.parity.conftest import HANDMADE, Output

MODULE = """
import math


def near(left, right):
    return abs(left - right) / 2.0


def casefold(left, right):
    return left.casefold() == right.casefold()


def length(left, right):
    left.clear() if isinstance(left, list) else None
    return len(right) < 10


def casting(left, right):
    return len(left.equity) == len(right.equity)


def apart(left, right):
    return False


def never(left, right):
    raise AssertionError("asked")


def raising(left, right):
    raise ValueError("no idea")


def leaving(left, right):
    raise SystemExit(0)


def answers(what):
    return lambda left, right: what


nothing, text, one, negative, nan, beyond, inf = map(
    answers, (None, "equal", 1, -0.5, math.nan, 1.5, math.inf)
)
number = 5


def lower(channel, content):
    if channel != "outputs":
        return content
    for entry in content.values():
        entry["name"] = entry["name"].lower()
    return content


def idle(channel, content):
    return content


def dropping(channel, content):
    return {} if channel == "metrics" else content


def bad(channel, content):
    return {"x": 5} if channel == "metrics" else content


def none(channel, content):
    return None


def broken(channel, content):
    raise KeyError(channel)


def quitting(channel, content):
    raise SystemExit(0)


def times(channel, content):
    if channel == "equity":
        for curve in content.values():
            curve.time_ns[:] = 0
    return content
"""
COMPARATORS = [
    *("near", "casefold", "length", "never", "raising", "leaving", "nothing", "text", "one"),
    *("negative", "nan", "beyond", "inf", "number", "casting", "apart"),
]
CLEANERS = ["lower", "idle", "dropping", "bad", "none", "broken", "quitting", "times", "number"]


@pytest.fixture(autouse=True)
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a small distribution with comparators and cleaners, in a folder of its own."""
    site = tmp_path / "site"
    info = site / "judges-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: judges\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "\n".join(
            [
                "[parity.comparators]",
                *(f"{name} = judges_of_ours:{name}" for name in COMPARATORS),
                "gone = judges_of_ours:gone",
                "absent = no_such_module_here:x",
                "[parity.cleaners]",
                *(f"{name} = judges_of_ours:{name}" for name in CLEANERS),
                "",
            ]
        )
    )
    (site / "judges_of_ours.py").write_text(MODULE)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "judges_of_ours", raising=False)
    return site


def figures(left: Any, right: Any, name: str) -> tuple[ChannelOutcome, tuple[RuleStanding, ...]]:
    rule = {"path": "**: x", "comparator": name}
    return outcome(Channel.METRICS, {"p": {"x": left}}, {"p": {"x": right}}, rule)


@pytest.mark.parametrize(
    ("name", "left", "right", "verdict", "used"),
    [
        ("near", 1.0, 2.0, Verdict.WITHIN_TOLERANCE, 0.5),
        ("near", 1.0, 3.0, Verdict.WITHIN_TOLERANCE, 1.0),
        ("near", 1.0, 3.5, Verdict.DIFFERENT, None),
        ("near", 1, 2, Verdict.WITHIN_TOLERANCE, 0.5),
        ("casefold", "ABC", "abc", Verdict.WITHIN_TOLERANCE, 0.0),
        ("casefold", "ABC", "abd", Verdict.DIFFERENT, None),
        ("length", [1, 2], [1], Verdict.WITHIN_TOLERANCE, 0.0),
        ("length", [1, 2], [0] * 20, Verdict.DIFFERENT, None),
        ("length", {"a": 1}, {"b": 2}, Verdict.WITHIN_TOLERANCE, 0.0),
        ("beyond", 1.0, 2.0, Verdict.DIFFERENT, None),
        ("inf", 1.0, 2.0, Verdict.DIFFERENT, None),
        # Of equal values, and of two types, nobody is asked.
        ("never", 1.0, 1.0, Verdict.EQUAL, None),
        ("never", 1, 1.0, Verdict.DIFFERENT, None),
        ("never", 1, True, Verdict.DIFFERENT, None),
        ("never", None, 1.0, Verdict.DIFFERENT, None),
        ("never", [1], {"a": 1}, Verdict.DIFFERENT, None),
        ("never", 1, [1], Verdict.DIFFERENT, None),
        ("length", (1, 2), [0, 0], Verdict.WITHIN_TOLERANCE, 0.0),  # any two lists are of one type
    ],
)
def test_a_comparator_decides_on_two_values_of_one_type(
    name: str, left: Any, right: Any, verdict: Verdict, used: float | None
) -> None:
    found, (rule,) = figures(left, right, name)
    assert (found.verdict, found.tolerance_used, rule.used) == (verdict, used, used)
    assert rule.fired == (verdict is Verdict.WITHIN_TOLERANCE)
    assert rule.rule == f"channel: *, path: **: x, comparator: {name}"


def test_a_comparator_is_not_asked_about_what_one_side_lacks() -> None:
    rule = {"path": "**: x", "comparator": "never"}
    found, _ = outcome(Channel.METRICS, {"p": {"x": 1.0}}, {"p": {"y": 1.0}}, rule)
    assert (found.missing, found.extra) == (1, 1)


def test_a_comparator_cannot_change_what_it_is_shown() -> None:
    left, right = [1, 2], [3]
    figures(left, right, "length")
    assert (left, right) == ([1, 2], [3])


def test_a_comparator_decides_in_rows_curves_and_traces() -> None:
    cases: list[tuple[Channel, Any, Any, str]] = [
        (Channel.TRADES, {PLACE: (trade(),)}, {PLACE: (trade(quantity=11.0),)}, "**: *.quantity"),
        (
            Channel.EQUITY,
            {PLACE: curve()},
            {PLACE: curve((100.0, 102.0, 99.5))},
            "**: sample *.equity",
        ),
        (Channel.TRACE, {UNIT: trace()}, {UNIT: trace(FILL__price=101.0)}, "**: FILL.price"),
        (
            Channel.TRACE,
            {UNIT: trace(FEATURES__values={"a": 1.0})},
            {UNIT: trace(FEATURES__values={"a": 2.0})},
            "**: FEATURES.values.a",
        ),
    ]
    for channel, left, right, path in cases:
        found, (rule,) = outcome(channel, left, right, {"path": path, "comparator": "near"})
        assert (found.verdict, rule.used) == (Verdict.WITHIN_TOLERANCE, 0.5)
        with pytest.raises(UsageError, match="the comparator 'raising' failed on"):
            outcome(channel, left, right, {"path": path, "comparator": "raising"})
    left, right = {UNIT: trace()}, {UNIT: trace(FILL__reason="ORDER")}
    rule_ = {"path": "**: FILL.reason", "comparator": "casefold"}
    assert outcome(Channel.TRACE, left, right, rule_)[0].verdict is Verdict.WITHIN_TOLERANCE
    right = {UNIT: trace(FILL__reason="ruined")}
    assert outcome(Channel.TRACE, left, right, rule_)[0].verdict is Verdict.DIFFERENT
    whole = {"path": "**: row 0", "comparator": "length"}
    found, _ = outcome(Channel.TRADES, {PLACE: (trade(),)}, {PLACE: (trade(quantity=11.0),)}, whole)
    assert found.verdict is Verdict.DIFFERENT  # a trade has more than ten fields


def test_a_comparator_decides_on_lists_of_rows_samples_and_curves_as_wholes() -> None:
    left, right = {PLACE: (trade(),)}, {PLACE: (trade(quantity=11.0), trade())}
    many = {PLACE: (trade(),) * 12}
    rule = {"path": PLACE, "comparator": "length"}
    found, (standing,) = outcome(Channel.TRADES, left, right, rule)
    assert (found.verdict, found.tolerated, standing.fired) == (Verdict.WITHIN_TOLERANCE, 1, 1)
    found, (standing,) = outcome(Channel.TRADES, left, many, rule)
    assert (found.verdict, found.different, standing.fired) == (Verdict.DIFFERENT, 1, 0)
    assert found.first is not None
    assert (found.first.path, found.first.control) == (PLACE, "a list of 1 rows")
    assert found.first.candidate == "a list of 12 rows"
    never = {"path": PLACE, "comparator": "never"}
    assert outcome(Channel.TRADES, left, left, never)[0].verdict is Verdict.EQUAL
    ours, theirs = {PLACE: curve()}, {PLACE: curve((100.0, 102.0, 99.5))}
    for name, verdict in (("casting", Verdict.WITHIN_TOLERANCE), ("apart", Verdict.DIFFERENT)):
        found, _ = outcome(Channel.EQUITY, ours, theirs, {"path": PLACE, "comparator": name})
        assert found.verdict is verdict
    assert found.first is not None
    assert (found.first.control, found.first.candidate) == ("a curve of 3 samples", "one of 3")
    for name, verdict in (("length", Verdict.WITHIN_TOLERANCE), ("apart", Verdict.DIFFERENT)):
        rule = {"path": "**: sample 1", "comparator": name}
        found, _ = outcome(Channel.EQUITY, ours, theirs, rule)
        assert (found.verdict, found.compared) == (verdict, 3)
    assert found.first is not None
    assert (found.first.path, found.first.position) == (f"{PLACE}: sample 1", 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raising", r"the comparator 'raising' failed on p: x: ValueError: no idea; nothing is"),
        ("leaving", r"the comparator 'leaving' failed on p: x: SystemExit: 0"),
        ("nothing", r"the comparator 'nothing' answered None on p: x; expected True for equal"),
        ("text", r"the comparator 'text' answered 'equal' on"),
        ("one", r"the comparator 'one' answered 1 on"),
        ("negative", r"the comparator 'negative' answered -0\.5 on"),
        ("nan", r"the comparator 'nan' answered nan on"),
    ],
)
def test_what_a_comparator_does_wrong_is_an_error_that_names_it(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        figures(1.0, 2.0, name)


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        ("comparator", "naer", "there is no comparator 'naer' among the entry points of the group"),
        ("comparator", "naer", "did you mean 'near'?"),
        ("comparator", "gone", "the comparator 'gone' (judges_of_ours:gone of judges) can't be lo"),
        ("comparator", "absent", "can't be loaded: ModuleNotFoundError: No module named"),
        ("comparator", "number", "the comparator 'number' (judges_of_ours:number of judges) is no"),
        ("cleaner", "lowr", "there is no cleaner 'lowr' among the entry points"),
        ("cleaner", "number", "is no function: 5"),
    ],
)
def test_what_cannot_be_loaded_is_named_with_its_place(group: str, name: str, message: str) -> None:
    rules = [{"path": "**", "comparator": name}] if group == "comparator" else []
    with pytest.raises(UsageError) as raised:
        applied(*rules, cleaners=(name,) if group == "cleaner" else ())
    assert message in str(raised.value)
    assert str(raised.value).startswith("policy:")


def test_two_of_one_name_are_refused(distribution: Path) -> None:
    info = distribution / "rivals-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rivals\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[parity.comparators]\nnear = judges_of_ours:never\n")
    message = (
        "two comparators are called 'near', 'near' (judges_of_ours:near of judges) and 'near' "
        "(judges_of_ours:never of rivals): rename one"
    )
    with pytest.raises(UsageError) as raised:
        applied({"path": "**", "comparator": "near"})
    assert message in str(raised.value)


def cleaned(left: Any, right: Any, *names: str) -> tuple[ChannelOutcome, tuple[RuleStanding, ...]]:
    policy = applied(cleaners=names)
    outcomes = compare_records(
        changed(Channel.OUTPUTS, {"p": {"name": left}}),
        changed(Channel.OUTPUTS, {"p": {"name": right}}),
        policy,
    )
    return outcomes[Channel.OUTPUTS], policy.standings()


def test_a_cleaner_is_given_both_sides_and_changes_neither() -> None:
    found, (standing,) = cleaned("ABC", "abc", "lower")
    assert (found.verdict, standing.fired, standing.problem) == (Verdict.EQUAL, 1, None)
    assert standing.rule == "cleaner: lower"
    assert standing.place == "policy:4:3"
    found, (standing,) = cleaned("ABC", "ABD", "lower")
    assert (found.verdict, standing.fired) == (Verdict.DIFFERENT, 2)
    left = changed(Channel.OUTPUTS, {"p": {"name": "ABC"}})
    times = changed(Channel.EQUITY, {PLACE: curve()})
    compare_records(left, left, applied(cleaners=("lower",)))
    compare_records(times, times, applied(cleaners=("times",)))
    assert left.channels[Channel.OUTPUTS] == {"p": {"name": "ABC"}}
    assert times.channels[Channel.EQUITY][PLACE].time_ns.tolist() == [1, 2, 3]


def test_a_cleaner_that_changes_nothing_has_a_problem() -> None:
    found, (standing,) = cleaned("a", "a", "idle")
    assert found.verdict is Verdict.EQUAL
    assert standing.problem == "never fired: there was nothing that it changed"


def test_cleaners_come_one_after_the_other() -> None:
    found, standings = cleaned("ABC", "abc", "lower", "idle")
    assert found.verdict is Verdict.EQUAL
    assert [standing.problem is None for standing in standings] == [True, False]


def test_a_cleaner_that_drops_a_channel_makes_no_pass_of_it() -> None:
    outcomes = compare_records(record(), record(), applied(cleaners=("dropping",)))
    assert outcomes[Channel.METRICS].verdict is Verdict.NOT_COMPARABLE
    assert outcomes[Channel.METRICS].required


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "bad",
            "the cleaner 'bad' gave int at 'x' of the channel metrics, expected Mapping; it mu",
        ),
        ("none", "the cleaner 'none' gave NoneType in the channel config, expected a mapping"),
        ("broken", "the cleaner 'broken' failed on the channel config: KeyError: 'config'; mend"),
        ("quitting", "the cleaner 'quitting' failed on the channel config: SystemExit: 0"),
    ],
)
def test_what_a_cleaner_does_wrong_is_an_error_that_names_it(name: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        compare_records(record(), record(), applied(cleaners=(name,)))
    assert message in str(raised.value)


def test_a_policy_of_cleaners_alone_is_one() -> None:
    policy = parse_policy("schema: paritykit/policy/1\ncleaners: [idle]\n")
    assert AppliedPolicy(policy, datetime.date(2026, 1, 1)).standings()[0].fired == 0


@pytest.mark.parametrize("what", ["comparator: leaving", "comparator: raising"])
def test_the_command_leaves_with_two_when_one_fails(
    what: str, parity: Callable[..., Output], tmp_path: Path
) -> None:
    config = str(HANDMADE / "two_symbols.yaml")
    (tmp_path / "p.yaml").write_text(
        f"schema: paritykit/policy/1\nrules:\n  - {{channel: '*', path: '**', {what}, reason: r}}\n"
    )
    output = parity("verify", config, "--policy", "p.yaml")
    assert output.code == 1  # nothing differs, so nobody was asked: the rule never fired
    (tmp_path / "q.yaml").write_text("schema: paritykit/policy/1\ncleaners: [quitting]\n")
    output = parity("verify", config, "--policy", "q.yaml")
    assert output.code == 2
    assert "error: the cleaner 'quitting' failed on the channel config" in output.err
