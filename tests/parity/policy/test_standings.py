"""How rules stand over a whole verification, and what that makes of its verdict."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity.channels import Channel
from parity.comparison.records import compare_records
from parity.policy import AppliedPolicy, RuleStanding
from parity.record import Record
from parity.verdicts import Verdict
from parity.verification import Verification
from parity.verifying import verify
from tests.parity.comparing.building import (
    PLACE,
    TODAY,
    UNIT,
    applied,
    changed,
    contents,
    record,
    trace,
)
from tests.parity.conftest import HANDMADE, Output

METRICS = {"sharpe_ratio": 1.5, "num_trades": 3, "calmar": None}
SHARPE = {"channel": "metrics", "path": "**: sharpe_ratio", "abs": 1}


class Fixed:
    """A subject that answers with records made beforehand, one a run."""

    def __init__(self, *records: Record, name: str = "fixed") -> None:
        self.name = name
        self._records = iter(records)

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        return next(self._records)


def verified(policy: AppliedPolicy | None, *pairs: tuple[Record, Record]) -> Verification:
    lefts, rights = zip(*pairs, strict=True)
    made = verify(
        [(f"c{n}", {}) for n in range(len(pairs))],
        Fixed(*lefts),
        [Fixed(*rights)],
        Path("nowhere"),
        oracle=False,
        policy=policy,
    )
    return msgspec.structs.replace(made, checks=())  # what was made by hand breaks invariants


def metrics(**changes: Any) -> Record:
    return changed(Channel.METRICS, {PLACE: {**METRICS, **changes}})


def test_a_rule_adds_up_over_all_configurations() -> None:
    policy = applied(SHARPE)
    pairs = [(record(), metrics(sharpe_ratio=other)) for other in (1.75, 1.5, 2.0)]
    verification = verified(policy, *pairs)
    assert verification.rules == (
        RuleStanding(
            rule="channel: metrics, path: **: sharpe_ratio, abs: 1",
            place="policy:4:3",
            reason="because",
            fired=2,
            used=0.5,
        ),
    )
    assert (verification.exit_code, verification.verdict) == (0, Verdict.WITHIN_TOLERANCE)
    assert verified(None, *pairs).exit_code == 1
    assert verified(None, *pairs).rules == ()


def test_a_rule_adds_up_over_all_candidates() -> None:
    policy = applied(SHARPE)
    candidates = [Fixed(metrics(sharpe_ratio=1.75)), Fixed(metrics(sharpe_ratio=1.25))]
    verification = verify(
        [("c", {})], Fixed(record()), candidates, Path("x"), oracle=False, policy=policy
    )
    assert [rule.fired for rule in verification.rules] == [2]


def test_a_rule_that_never_fired_fails_the_run() -> None:
    verification = verified(applied(SHARPE), (record(), record()))
    assert (verification.verdict, verification.exit_code) == (Verdict.EQUAL, 1)
    assert verification.rules[0].problem == "never fired"


def test_a_rule_that_excused_nothing_fails_the_run_and_says_so() -> None:
    verification = verified(applied(SHARPE), (record(), metrics(sharpe_ratio=9.0)))
    (rule,) = verification.rules
    assert rule.problem == "never fired: it covers 1 difference and excused none"
    assert (rule.fired, rule.used) == (0, None)


@pytest.mark.parametrize(
    ("day", "problem", "code"),
    [(-1, "expired", 1), (0, None, 0), (1, None, 0)],
)
def test_a_rule_holds_until_the_end_of_its_last_day(
    day: int, problem: str | None, code: int
) -> None:
    last = TODAY + datetime.timedelta(days=day)
    policy = applied({**SHARPE, "expires": last.isoformat(), "owner": "ada"})
    verification = verified(policy, (record(), metrics(sharpe_ratio=1.75)))
    (rule,) = verification.rules
    assert (rule.problem, rule.expires, rule.owner) == (problem, last.isoformat(), "ada")
    assert rule.fired == (problem is None)
    assert verification.exit_code == code
    assert (verification.verdict is Verdict.DIFFERENT) is (problem is not None)


def test_an_expired_rule_fails_the_run_where_nothing_differs_too() -> None:
    policy = applied(
        {**SHARPE, "expires": "2026-01-14"},
        {"channel": "metrics", "path": "**: calmar", "ignore": True},
    )
    verification = verified(policy, (record(), metrics(calmar=1.0)))
    assert [rule.problem for rule in verification.rules] == ["expired", None]
    assert (verification.verdict, verification.exit_code) == (Verdict.IGNORED, 1)


EVERYTHING = {"path": "**", "ignore": True}


def test_ignoring_everything_is_no_pass() -> None:
    for other in (metrics(sharpe_ratio=9.0), record()):
        verification = verified(applied(EVERYTHING), (record(), other))
        assert verification.exit_code == 4
        assert not verification.totals
        assert verification.verdict is Verdict.IGNORED


def test_ignoring_all_that_counts_is_no_pass_though_the_rest_agrees() -> None:
    rule = {**EVERYTHING, "channel": ["trace", "trades", "metrics"]}
    verification = verified(applied(rule), (record(), metrics(sharpe_ratio=9.0)))
    assert verification.exit_code == 4
    rule = {**EVERYTHING, "channel": ["trades", "metrics"]}
    verification = verified(applied(rule), (record(), metrics(sharpe_ratio=9.0)))
    assert verification.exit_code == 0
    assert verification.totals.events > 0


def test_one_configuration_in_which_nothing_was_compared_is_no_pass() -> None:
    rule = {"path": "**/phase=backtest/**", "ignore": True, "channel": "*"}
    elsewhere = {**contents(), Channel.TRACE: {"iteration=0/phase=other/unit=0": trace()}}
    verification = verified(
        applied(rule), (record(), metrics(sharpe_ratio=9.0)), (record(elsewhere),) * 2
    )
    assert [pair.ending for pair in verification.pairs] == ["empty", "parity"]
    assert verification.exit_code == 4


def test_no_rule_makes_a_pass_of_runs_that_ended_otherwise() -> None:
    failed = record(status="failed")
    verification = verified(applied(EVERYTHING), (record(), failed))
    assert verification.exit_code == 1


def test_a_difference_outweighs_rules_and_failure_outweighs_them_too() -> None:
    failed = record({Channel.STATUS: {"": {"success": False}}}, status="failed")
    assert verified(applied(SHARPE), (failed, failed)).exit_code == 3
    verification = verified(applied(SHARPE), (record(), changed(Channel.PLAN, {"": []})))
    assert verification.exit_code == 1


def test_a_comparison_that_breaks_off_leaves_no_trace_in_the_account() -> None:
    policy = applied(SHARPE, {"path": "**: x", "ignore": True})
    broken = metrics(sharpe_ratio=1.75)
    broken = msgspec.structs.replace(
        broken, channels={**broken.channels, Channel.TRADES: {PLACE: (5,)}}
    )
    with pytest.raises(AttributeError):
        compare_records(record(), broken, policy)
    assert [rule.fired for rule in policy.standings()] == [0, 0]
    verification = verified(policy, (record(), broken))
    assert verification.exit_code == 1


CONFIG = str(HANDMADE / "two_symbols.yaml")
POLICY = """\
schema: paritykit/policy/1
rules:
  - {channel: metrics, path: "**: sharpe_ratio", ulp: 4, reason: summed otherwise, expires: DAY}
"""


def test_the_command_says_which_rule_fails_the_run_and_where(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(POLICY.replace("DAY", "2030-01-01"))
    output = parity(
        "verify", CONFIG, "--policy", "p.yaml", "--today", "2029-01-01", "--json", "v.json"
    )
    assert output.code == 1
    assert "never fired" in output.out
    assert "p.yaml:3:5" in output.out
    assert json.loads((tmp_path / "v.json").read_text())["exit_code"] == 1
    output = parity("verify", CONFIG)
    assert output.code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--policy", "p.yaml", "--today", "soon"], "--today soon: expected a day that exists"),
        (["--today", "2029-01-01"], "--today is the day by which rules expire: give their"),
        (["--policy", "q.yaml"], "q.yaml: there is no such file (did you mean 'p.yaml'?)"),
        (["--policy", "bad.yaml"], "bad.yaml:3:15: there is no channel 'metric'; did you mean"),
    ],
)
def test_a_policy_that_cannot_be_used_is_two_before_anything_runs(
    arguments: list[str], message: str, parity: Callable[..., Output], tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(POLICY.replace("DAY", "2030-01-01"))
    (tmp_path / "bad.yaml").write_text(POLICY.replace("metrics", "metric"))
    output = parity("verify", CONFIG, *arguments)
    assert output.code == 2
    assert f"error: {message}" in output.err
    assert not (tmp_path / ".parity").exists()


def test_the_schema_of_policies_is_published(parity: Callable[..., Output]) -> None:
    assert parity("schema", "policy").document["properties"]["schema"] == {
        "const": "paritykit/policy/1"
    }


def test_units_can_be_ignored_one_by_one() -> None:
    two = {UNIT: trace(), UNIT.replace("window=0", "window=1"): trace(FILL__price=1.0)}
    left, right = changed(Channel.TRACE, {u: trace() for u in two}), changed(Channel.TRACE, two)
    policy = applied({"channel": "trace", "path": "**/window=1/**", "ignore": True})
    verification = verified(policy, (left, right))
    assert (verification.exit_code, verification.totals.events) == (0, 6)
    policy = applied({"channel": "trace", "path": "**/window=0/**", "ignore": True})
    assert verified(policy, (left, right)).exit_code == 1
