"""Verifications of every kind, made of records without running an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from containers.results import EquityCurve
from parity.channels import ALL, Channel
from parity.checks import CheckKind, CheckOutcome
from parity.comparison.outcome import ChannelOutcome, Difference
from parity.comparison.records import compare_records, overall
from parity.divergence import first_divergence
from parity.noise import NoiseFloor
from parity.policy import RuleStanding
from parity.record import Record, Status, record_of_crash
from parity.verdicts import Verdict
from parity.verification import Coverage, Pair, Verification

__all__ = ["FULL", "KINDS", "UNIT", "WICKED", "alike", "changed", "record", "verification"]

UNIT: Final = "iteration=0/phase=backtest/window=0/unit=0"
PLACE: Final = f"{UNIT}/portfolio=a.b"

WICKED: Final = (
    "c|`` ` <b>x</b> @everyone #1 ]]> \x00\x1b[31m\x85\u2028\udc80\ufffe %0A,:\n::error::x\r"
    "</details> ```\n~~~ https://example.org <!-- & \\| 日本 [a](b) *i* _u_ ${{ x }}"
)
"""A name with what shapes a terminal, XML, Markdown, HTML, or the log of a workflow."""


FULL: Final[dict[Channel, Any]] = {
    Channel.CONFIG: {"iteration=0/phase=backtest": [{"config": {"portfolio": {"cash": 1.0}}}]},
    Channel.PLAN: {"": [{"type": "PlanMade"}]},
    Channel.WINDOWS: {UNIT: [{"seed": 0}]},
    Channel.TOPOLOGY: {UNIT: [{"containers": [{"id": "risk/b"}]}]},
    Channel.LIFECYCLE: {UNIT: [{"container": "risk/b", "trigger": "start"}]},
    Channel.HOOKS: {UNIT: [{"hook": "h"}]},
    Channel.TRADES: {PLACE: ()},
    Channel.EQUITY: {PLACE: EquityCurve(time_ns=np.array([1, 2]), equity=np.array([100.0, 101.0]))},
    Channel.METRICS: {PLACE: {"sharpe_ratio": 1.5, "num_trades": 3}},
    Channel.OUTPUTS: {"": {"best": "a.b"}},
    Channel.FILES: {"": [{"path": "x"}]},
    Channel.STATUS: {"": {"success": True}},
    Channel.ERRORS: {"": [{"error": "e"}]},
}
DECLARED: Final = ALL - {Channel.TRACE}


def record(
    subject: str = "imperative",
    channels: Mapping[Channel, Any] = FULL,
    *,
    status: Status = "succeeded",
    explanation: str | None = None,
    duration_s: float = 0.25,
) -> Record:
    return Record(
        subject=subject,
        workflow="w",
        status=status,
        declared=DECLARED,
        channels=channels,
        duration_s=duration_s,
        explanation=explanation,
    )


def changed(channel: Channel, value: Any, place: str | None = None) -> dict[Channel, Any]:
    """Give the channels with another value at a place of one of them, by default its first."""
    content = dict(FULL[channel])
    content[next(iter(content)) if place is None else place] = value
    return {**FULL, channel: content}


def verification(control: Record, *candidates: Record, config: str = "c.yaml") -> Verification:
    """Compare candidates with the control, for one configuration, and hold them against nothing."""
    pairs = []
    for candidate in candidates:
        outcomes = compare_records(control, candidate)
        pairs.append(
            Pair(
                config=config,
                control=control,
                candidate=candidate,
                candidate_name=candidate.subject,
                verdict=overall(outcomes),
                channels=outcomes,
                divergence=first_divergence(control, candidate, outcomes),
            )
        )
    names = tuple(candidate.subject for candidate in candidates)
    return Verification(control=control.subject, candidates=names, pairs=tuple(pairs))


def alike(config: str = "c.yaml", subject: str = "declarative") -> Verification:
    """Give parity of two full records."""
    return verification(record(), record(subject), config=config)


def _differs(name: str = "declarative", config: str = "c.yaml") -> Verification:
    return verification(
        record(), record(name, changed(Channel.METRICS, {"sharpe_ratio": 1.25, "num_trades": 3})),
        config=config,
    )  # fmt: skip


def _missing() -> Verification:
    less: dict[Channel, Any] = {
        channel: content for channel, content in FULL.items() if channel is not Channel.HOOKS
    }
    return verification(record(), record("declarative", less))


def _refused(config: str = "c.yaml", why: str = "c.yaml:3:1: symbls: unknown key") -> Verification:
    channels: dict[Channel, Any] = {
        Channel.STATUS: {"": {"refused": True}},
        Channel.ERRORS: {"": {"problems": ["x"]}},
    }
    sides = [
        record(name, channels, status="refused", explanation=why)
        for name in ("imperative", "declarative", "third")
    ]
    return verification(*sides, config=config)


def _failed(why: str = "the feed broke") -> Verification:
    error = RuntimeError(why)
    sides = [record_of_crash(name, error, 0.5) for name in ("imperative", "declarative")]
    return verification(*sides)


def _one_failed(why: str = "only here") -> Verification:
    return verification(record(), record_of_crash("declarative", RuntimeError(why), 0.5))


def _one_refused() -> Verification:
    channels: dict[Channel, Any] = {
        Channel.STATUS: {"": {"refused": True}},
        Channel.ERRORS: {"": {"problems": ["x"]}},
    }
    other = record("declarative", channels, status="refused", explanation="c.yaml:1:1: no")
    return verification(record(), other)


def _nothing() -> Verification:
    channels: dict[Channel, Any] = {Channel.STATUS: {"": {"success": True}}}
    given = msgspec.structs.replace(record(channels=channels), declared=frozenset(channels))
    return verification(given, msgspec.structs.replace(given, subject="declarative"))


def _unfilled() -> Verification:
    channels: dict[Channel, Any] = {
        c: content for c, content in FULL.items() if c is not Channel.PLAN
    }
    return verification(record(channels=channels), record("declarative", channels))


def _other_status() -> Verification:
    """One failed, and declares nothing that says so."""
    channels = {Channel.METRICS: FULL[Channel.METRICS]}
    given = msgspec.structs.replace(record(channels=channels), declared=frozenset(channels))
    other = msgspec.structs.replace(
        given, subject="declarative", status="failed", explanation="it went away"
    )
    return verification(given, other)


def _silent_oracle() -> Verification:
    made = alike()
    pair = Pair(
        config="c.yaml",
        control=made.pairs[0].control,
        candidate=None,
        candidate_name="oracle",
        verdict=Verdict.NOT_COMPARABLE,
        channels={},
        divergence=None,
        note="it knows no such sequence",
        optional=True,
        coverage=Coverage(0, {"it knows no such sequence": 3}),
    )
    return msgspec.structs.replace(made, pairs=(*made.pairs, pair))


def _tolerated() -> Verification:
    made = alike()
    (pair,) = made.pairs
    outcomes = {
        **pair.channels,
        Channel.METRICS: ChannelOutcome(
            Verdict.WITHIN_TOLERANCE, required=True, compared=2, max_abs=0.5, max_ulp=7,
            tolerance_used=0.125, reason="rounding differs (policy.yaml:3:5)",
        ),
        Channel.FILES: ChannelOutcome(
            Verdict.IGNORED, required=True, compared=1, reason="names are our own"
        ),
    }  # fmt: skip
    changed_pair = msgspec.structs.replace(
        pair, channels=outcomes, verdict=Verdict.WITHIN_TOLERANCE
    )
    return msgspec.structs.replace(made, pairs=(changed_pair,), rules=(_standing(fired=2),))


def _standing(problem: str | None = None, **more: Any) -> RuleStanding:
    return RuleStanding(
        rule="metrics **.sharpe_ratio: abs 4.0",
        place="policy.yaml:3:5",
        reason="rounding differs",
        owner="ann",
        expires="2031-01-01",
        used=0.125 if problem is None else None,
        problem=problem,
        **more,
    )


def _check(verdict: Verdict, kind: CheckKind = CheckKind.INVARIANT) -> CheckOutcome:
    broken = verdict.is_difference
    first = Difference(path=f"{UNIT}: update 3", control=101.5, candidate=101.0)
    return CheckOutcome(
        name="accounting" if kind is CheckKind.INVARIANT else "prices_doubled",
        kind=kind,
        config="c.yaml",
        subject="imperative",
        verdict=verdict,
        compared=0 if verdict is Verdict.NOT_COMPARABLE else 12,
        first=first if broken else None,
        reason=None if verdict is Verdict.EQUAL else "equity is cash and positions",
    )


def _checked(*checks: CheckOutcome) -> Verification:
    return msgspec.structs.replace(alike(), checks=checks)


def _noise(verdict: Verdict) -> Verification:
    differs = verdict.is_difference
    floor = NoiseFloor(
        config="c.yaml",
        subject="declarative",
        runs=3,
        verdict=verdict,
        channels={Channel.EQUITY: verdict} if differs else {},
        max_abs=1e-9 if differs else None,
        max_ulp=2 if differs else None,
        first=Difference(path=f"{PLACE}: [1]", control=1.0, candidate=2.0) if differs else None,
    )
    return msgspec.structs.replace(alike(), noise=(floor,))


KINDS: Final[Mapping[str, tuple[Callable[[], Verification], int]]] = {
    "parity": (alike, 0),
    "a silent oracle": (_silent_oracle, 0),
    "within tolerance": (_tolerated, 0),
    "checks that hold": (
        lambda: _checked(
            _check(Verdict.EQUAL),
            _check(Verdict.EQUAL, CheckKind.RELATION),
            _check(Verdict.NOT_COMPARABLE),
        ),
        0,
    ),
    "no noise": (lambda: _noise(Verdict.EQUAL), 0),
    "another figure": (_differs, 1),
    "a channel is missing": (_missing, 1),
    "one fails": (_one_failed, 1),
    "one refuses": (_one_refused, 1),
    "a channel that nobody filled": (_unfilled, 1),
    "another status alone": (_other_status, 1),
    "a broken invariant": (lambda: _checked(_check(Verdict.DIFFERENT)), 1),
    "a broken relation": (lambda: _checked(_check(Verdict.MISSING, CheckKind.RELATION)), 1),
    "noise": (lambda: _noise(Verdict.DIFFERENT), 1),
    "a rule that never fired": (
        lambda: msgspec.structs.replace(alike(), rules=(_standing("never fired"),)),
        1,
    ),
    "all refuse": (_refused, 2),
    "all fail": (_failed, 3),
    "nothing compared": (_nothing, 4),
    "wicked names": (lambda: _differs(WICKED, WICKED), 1),
    "wicked refusal": (lambda: _refused(WICKED, WICKED), 2),
    "wicked failure": (lambda: _one_failed(WICKED), 1),
}
"""Each kind of verification, with the exit code it leaves with."""
