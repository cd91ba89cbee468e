"""Policy files: what they can say, and that what is wrong is said at once, with its place."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from containers.strict_yaml import loads
from parity.channels import ALL, Channel
from parity.errors import UsageError
from parity.policy import parse_policy, policy_schema, read_policy
from parity.policy.rule import Kind
from parity.policy.tolerance import Tolerance

HEAD = "schema: paritykit/policy/1\nrules:\n"
FULL = (
    HEAD
    + """\
  - channel: metrics
    path: "**: sharpe_ratio"
    ulp: 4
    abs: 1e-9
    reason: another order of summation
    owner: ada
    expires: 2027-02-28
  - {channel: [trace, trades], path: "**", nan_equal: true, rel: 1, reason: r}
  - {channel: "*", path: "x: b", ignore: true, reason: r}
  - {channel: outputs, path: "x: c", unordered: true, reason: r}
"""
)


def refused(text: str) -> list[str]:
    with pytest.raises(UsageError) as raised:
        parse_policy(text, "p.yaml")
    return str(raised.value).splitlines()


def test_a_policy_is_read_with_everything_it_says(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(FULL)
    policy = read_policy(file)
    assert policy.file == str(file)
    first, second, third, fourth = policy.rules
    assert first.channels == {Channel.METRICS}
    assert (first.path, first.kind) == ("**: sharpe_ratio", Kind.TOLERANCE)
    assert first.tolerance == Tolerance(abs=1e-9, ulp=4)
    assert (first.reason, first.owner) == ("another order of summation", "ada")
    assert first.expires == datetime.date(2027, 2, 28)
    assert str(first.place) == f"{file}:3:5"
    assert first.text == "channel: metrics, path: **: sharpe_ratio, ulp: 4, abs: 1e-09"
    assert second.channels == {Channel.TRACE, Channel.TRADES}
    assert second.tolerance == Tolerance(rel=1, nan_equal=True)
    assert second.text == "channel: [trace, trades], path: **, nan_equal: true, rel: 1"
    assert (second.owner, second.expires) == (None, None)
    assert third.channels == ALL
    assert (third.kind, fourth.kind) == (Kind.IGNORE, Kind.UNORDERED)


RULE = "  - {channel: metrics, path: '**: a', abs: 1, reason: r}\n"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["p.yaml: the file is empty"]),
        ("- a\n", ["p.yaml:1:1: found a list (expected a mapping at the top"]),
        ("rules:\n" + RULE, ["p.yaml: found no 'schema', expected 'schema: paritykit/policy/1'"]),
        (
            "schema: paritykit/policy/2\nrules:\n" + RULE,
            ["p.yaml:1:9: found the schema 'paritykit/policy/2', expected 'paritykit/policy/1'"],
        ),
        (
            "schema: paritykit/policy/1\n",
            ["p.yaml: found no rules, expected at least one; leave the policy out instead"],
        ),
        ("schema: paritykit/policy/1\nrules: []\n", ["p.yaml:2:8: found no rules, expected"]),
        (
            "schema: paritykit/policy/1\nrules: {}\n",
            ["p.yaml:2:8: found a mapping for rules, expected a list of rules"],
        ),
        (HEAD + "  - text\n", ["p.yaml:3:5: found text 'text' for a rule, expected a mapping"]),
        (HEAD + RULE + "rule: []\n", ["p.yaml:4:1: unknown key 'rule'; did you mean 'rules'?"]),
        (
            HEAD + "  - {chanel: metrics, path: '**', abs: 1, reason: r}\n",
            [
                "p.yaml:3:5: found no 'channel', expected a channel, a list of them, or '*'",
                "p.yaml:3:6: unknown key 'chanel'; did you mean 'channel'?",
            ],
        ),
        (
            HEAD + "  - {channel: metric, path: '**', abs: 1, reason: r}\n",
            ["p.yaml:3:15: there is no channel 'metric'; did you mean 'metrics'?"],
        ),
        (
            HEAD + "  - {channel: [metrics, 5, '*', metrics], path: '**', abs: 1, reason: r}\n",
            [
                "p.yaml:3:25: found 5 for a channel, expected its name",
                "p.yaml:3:28: found '*' in a list, expected it alone: it is every channel",
                "p.yaml:3:33: the channel 'metrics' is named twice",
            ],
        ),
        (
            HEAD + "  - {channel: [], path: '**', abs: 1, reason: r}\n",
            ["p.yaml:3:15: found no channel, expected one, a list of them, or '*'"],
        ),
        (
            HEAD + "  - {channel: null, path: '**', abs: 1, reason: r}\n",
            ["p.yaml:3:15: found null for a channel, expected its name"],
        ),
        (
            HEAD + "  - {channel: metrics, abs: 1, reason: r}\n",
            ["p.yaml:3:5: found no 'path', expected a glob such as '**: sharpe_ratio'"],
        ),
        (
            HEAD + "  - {channel: metrics, path: 5, abs: 1, reason: r}\n",
            ["p.yaml:3:30: found 5 for a path, expected a glob"],
        ),
        (
            HEAD + "  - {channel: metrics, path: 'a**', abs: 1, reason: r}\n",
            ["p.yaml:3:30: found 'a**', expected '**' alone between separators"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', reason: r}\n",
            [
                (
                    "p.yaml:3:5: found nothing to do in the rule, expected one of abs, rel, ulp, "
                    "nan_equal, ignore, unordered, comparator"
                )
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, rel: 1, ignore: true, reason: r}\n",
            ["p.yaml:3:52: abs and rel and ignore contradict each other in one rule; of these"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, ignore: true, reason: r}\n",
            [
                (
                    "p.yaml:3:44: abs and ignore contradict each other in one rule; of these only "
                    "abs, rel, ulp, nan_equal can stand together"
                )
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', ignore: false, reason: r}\n",
            ["p.yaml:3:44: found false for ignore, expected true, or no ignore"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', nan_equal: 1, reason: r}\n",
            ["p.yaml:3:47: found 1 for nan_equal, expected true"],
        ),
        (
            HEAD + "  - {channel: trace, path: '**', unordered: true, reason: r}\n",
            ["p.yaml:3:34: trace has no lists without order; it goes by time"],
        ),
        (
            HEAD + "  - {channel: [trace, equity], path: '**', unordered: true, reason: r}\n",
            ["p.yaml:3:44: equity, trace has no lists without order; it goes by time"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: -1, reason: r}\n",
            ["p.yaml:3:41: found abs: -1, expected a number of 0 or more, not infinite"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', rel: .inf, abs: .nan, reason: r}\n",
            [
                "p.yaml:3:41: found rel: inf, expected a number of 0 or more",
                "p.yaml:3:52: found abs: nan, expected a number of 0 or more",
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: true, rel: '1', reason: r}\n",
            [
                "p.yaml:3:41: found true for abs, expected a number of 0 or more",
                "p.yaml:3:52: found text '1' for rel, expected a number of 0 or more",
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', ulp: 1.5, reason: r}\n",
            ["p.yaml:3:41: found 1.5 for ulp, expected a whole number of 0 or more"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1}\n",
            ["p.yaml:3:5: found no 'reason', expected text: every rule says why it is there"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, reason: ' '}\n",
            ["p.yaml:3:52: found an empty reason, expected text: every rule says why"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, reason: [a], owner: {}}\n",
            [
                "p.yaml:3:52: found a list for reason, expected text: every rule",
                "p.yaml:3:64: found a mapping for owner, expected text",
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, reason: r, expires: 2026-02-30}\n",
            [
                (
                    "p.yaml:3:64: found text '2026-02-30' for expires, expected a day that exists, "
                    "as YYYY-MM-DD"
                )
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, reason: r, expires: 20260228}\n",
            ["p.yaml:3:64: found 20260228 for expires"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', abs: 1, abs: 2, reason: r}\n",
            ["p.yaml:3:44: the key 'abs' stands here a second time; first in line 3"],
        ),
        (
            HEAD + RULE + "  - {channel: metrics, path: '**: a', ignore: true, reason: r}\n",
            [
                (
                    "p.yaml:4:5: the path '**: a' in metrics has a rule already, at p.yaml:3:5; "
                    "expected one rule that says everything about it"
                )
            ],
        ),
        (
            HEAD + RULE + "  - {channel: '*', path: '**: a', rel: 1, reason: r}\n",
            ["p.yaml:4:5: the path '**: a' in metrics has a rule already, at p.yaml:3:5"],
        ),
        (
            HEAD
            + "  - {channel: '*', path: '**', ignore: true, reason: r}\n"
            + "  - {channel: '*', path: '**', ignore: true, reason: r}\n",
            ["p.yaml:4:5: the path '**' in every channel has a rule already, at p.yaml:3:5"],
        ),
        (
            HEAD
            + "  - {channel: '*', path: '**', ignore: true, reason: r}\n"
            + "  - {channel: metrics, path: '**: a', abs: 1, reason: r}\n",
            [
                (
                    "p.yaml:4:5: this rule can never decide: the one at p.yaml:3:5 comes before "
                    "it, and its path '**' covers '**: a'; put the narrower rule first"
                )
            ],
        ),
        (
            "schema: paritykit/policy/1\ncleaners: none\n",
            ["p.yaml:2:11: found text 'none' for cleaners, expected a list of names"],
        ),
        (
            "schema: paritykit/policy/1\ncleaners: []\n",
            ["p.yaml:2:11: found an empty list for cleaners, expected a list of names"],
        ),
        (
            "schema: paritykit/policy/1\ncleaners: [5]\n",
            ["p.yaml:2:12: found 5 for a cleaner, expected its name"],
        ),
        (
            "schema: paritykit/policy/1\ncleaners: [none_of_these]\n",
            [
                (
                    "p.yaml:2:12: there is no cleaner 'none_of_these' among the entry points of "
                    "the group 'parity.cleaners' (none are known)"
                )
            ],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', comparator: nobody, reason: r}\n",
            ["p.yaml:3:48: there is no comparator 'nobody' among the entry points of the group"],
        ),
        (
            HEAD + "  - {channel: metrics, path: '**', comparator: 5, reason: r}\n",
            ["p.yaml:3:48: found 5 for comparator, expected text"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, messages: list[str]) -> None:
    found = refused(text)
    assert len(found) == len(messages), found
    for line, message in zip(found, messages, strict=True):
        assert line.startswith(message)


def test_each_rule_is_held_against_every_one_before_it() -> None:
    def rules(*said: tuple[str, str]) -> str:
        lines = [f"  - {{channel: {c}, path: '{p}', abs: 1, reason: r}}\n" for c, p in said]
        return HEAD + "".join(lines)

    (found,) = refused(rules(("trades", "**: a"), ("metrics", "**: a"), ("metrics", "**: a")))
    assert found.startswith(
        "p.yaml:5:5: the path '**: a' in metrics has a rule already, at p.yaml:4"
    )
    (found,) = refused(rules(("metrics", "**: b"), ("metrics", "**: *"), ("metrics", "**: a")))
    assert found.startswith("p.yaml:5:5: this rule can never decide: the one at p.yaml:4:5 comes")
    (found,) = refused(rules(("metrics", "**: *"), ("trades", "**: *"), ("metrics", "**: a")))
    assert found.startswith("p.yaml:5:5: this rule can never decide: the one at p.yaml:3:5 comes")
    # One problem a rule: the first that it has.
    (found,) = refused(rules(("metrics", "**: a"), ("metrics", "**: *"), ("metrics", "**: a")))
    assert found.startswith(
        "p.yaml:5:5: the path '**: a' in metrics has a rule already, at p.yaml:3"
    )
    # A rule for more channels than one before it can decide in the others.
    kept = parse_policy(rules(("metrics", "**: *"), ("[metrics, trades]", "**: a")))
    assert len(kept.rules) == 2


def test_a_file_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(FULL)
    with pytest.raises(UsageError, match=r"there is no such file \(did you mean 'policy.yaml'\?\)"):
        read_policy(tmp_path / "polcy.yaml")


def test_narrower_rules_may_come_before_broader_ones_and_others_in_other_channels() -> None:
    policy = parse_policy(
        HEAD
        + RULE
        + "  - {channel: [metrics, outputs], path: '**: *', abs: 1, reason: r}\n"
        + "  - {channel: trades, path: '**: a', ignore: true, reason: r}\n"
        + "  - {channel: [metrics, files], path: '**: c', abs: 1, reason: r}\n"
    )
    assert len(policy.rules) == 4


GOOD: list[Any] = [loads(FULL, "p").data]
RULES: dict[str, Any] = {"schema": "paritykit/policy/1"}


def rule(**changes: Any) -> dict[str, Any]:
    made = {"channel": "metrics", "path": "**", "abs": 1, "reason": "r", **changes}
    kept = {key: value for key, value in made.items() if value != "GONE"}
    return {**RULES, "rules": [kept]}


@pytest.mark.parametrize(
    "document",
    [
        *GOOD,
        rule(),
        rule(channel="*"),
        rule(channel=["trace"], rel=0.5, ulp=3, nan_equal=True, owner="me", expires="2027-01-01"),
        rule(abs="GONE", ignore=True),
        rule(abs="GONE", unordered=True),
        rule(abs=0, rel=0, ulp=0),
        rule(abs=0.25),
        rule(abs="GONE", ulp=1),
        rule(abs="GONE", rel=1),
        rule(abs="GONE", nan_equal=True),
        rule(channel=["metrics", "trades"], path=" ".join(["a"] * 2)),
    ],
)
def test_the_published_schema_takes_what_the_reader_takes(document: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(policy_schema())
    jsonschema.validate(document, policy_schema())
    assert parse_policy(json.dumps(document)).rules


@pytest.mark.parametrize(
    "document",
    [
        {},
        RULES,
        {"schema": "paritykit/policy/0", "rules": rule()["rules"]},
        {**RULES, "rules": []},
        {**RULES, "cleaners": []},
        {**rule(), "more": 1},
        rule(channel="metric"),
        rule(channel=["*"]),
        rule(channel=[]),
        rule(channel="GONE"),
        rule(path="GONE"),
        rule(path=""),
        rule(abs="GONE"),
        rule(abs=-1),
        rule(rel=-0.5),
        rule(ulp=-1),
        rule(ulp=0.5),
        rule(abs="1"),
        rule(path=5),
        rule(owner=""),
        rule(owner=5),
        rule(channel=["metrics", "metrics"]),
        rule(abs="GONE", comparator=""),
        rule(abs="GONE", comparator=5),
        rule(expires="2026-01-01x"),
        {**RULES, "rules": ["text"]},
        {**RULES, "rules": {}},
        {**RULES, "cleaners": ["a", "a"]},
        {**RULES, "cleaners": [5]},
        {**RULES, "cleaners": "a"},
        {"rules": []},
        rule(ignore=True),
        rule(abs="GONE", ignore=False),
        rule(abs="GONE", unordered=True, ignore=True),
        rule(reason=" "),
        rule(reason="GONE"),
        rule(expires="soon"),
        rule(unknown=1),
    ],
)
def test_the_published_schema_refuses_what_the_reader_refuses(document: Any) -> None:
    assert list(jsonschema.Draft202012Validator(policy_schema()).iter_errors(document))
    with pytest.raises(UsageError):
        parse_policy(json.dumps(document))
