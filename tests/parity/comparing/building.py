"""Two records of one small run, and policies: by hand, so that a test says all that differs."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from containers.events import Bar, Event, Features, Fill, Order, PortfolioUpdate, Signal
from containers.results import EquityCurve, Trade
from containers.trace import Trace
from parity.channels import ALL, Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records
from parity.policy import AppliedPolicy, RuleStanding, parse_policy
from parity.record import Record, Status

UNIT = "iteration=0/phase=backtest/window=0/unit=0"
PLACE = f"{UNIT}/portfolio=a.b"
TODAY = datetime.date(2026, 1, 15)
NOON = 1_700_000_000_000_000_000
"""A time in nanoseconds; the doubles around it are 256 apart."""


def trade(**changes: Any) -> Trade:
    first = Trade("a.b", "AAA", 1, 10.0, NOON, NOON + 60, 100.0, 101.5, 3, 0.25, 14.75)
    return msgspec.structs.replace(first, **changes)


def curve(
    equity: tuple[float, ...] = (100.0, 101.0, 99.5), times: tuple[int, ...] = (1, 2, 3)
) -> EquityCurve:
    return EquityCurve(time_ns=np.array(times, np.int64), equity=np.array(equity, np.float64))


def events(**changes: Any) -> list[Event]:
    """Give six events of two bars; ``KIND__field=value`` changes the first event of a kind."""
    made: list[Event] = [
        Bar(0, NOON, "data/AAA/1d", None, "AAA", "1d", 100.0, 102.0, 99.0, 101.0, None),
        Features(1, NOON, "features/AAA/1d", 0, "AAA", "1d", {"sma_2": 100.5, "std_2": None}),
        Signal(2, NOON, "strategy/a", 1, "AAA", 1, 0.75),
        Order(3, NOON, "risk/a.b", 2, "a.b", "AAA", 10.0, 12.0, ("max_leverage",)),
        Fill(4, NOON + 60, "portfolio/a.b", 3, "a.b", "AAA", 10.0, 100.0, 0.25, "order"),
        PortfolioUpdate(5, NOON + 60, "portfolio/a.b", 4, -0.25, 1000.0, 999.75),
    ]
    for name, value in changes.items():
        kind, _, field = name.partition("__")
        at = next(n for n, event in enumerate(made) if event.kind == kind)
        made[at] = msgspec.structs.replace(made[at], **{field: value})
    return made


def trace(**changes: Any) -> Trace:
    return Trace.from_events(events(**changes))


def contents() -> dict[Channel, Any]:
    """Give content of every channel."""
    return {
        Channel.CONFIG: {"": [{"config": {"a": 1, "b": [1, 2]}, "digest": "d"}]},
        Channel.PLAN: {"": [{"type": "PlanMade"}, {"type": "PhaseStarted"}]},
        Channel.WINDOWS: {UNIT: [{"seed": 0, "start_ns": NOON}]},
        Channel.TOPOLOGY: {UNIT: [{"containers": ["x", "y"]}]},
        Channel.LIFECYCLE: {UNIT: [{"trigger": "start"}, {"trigger": "stop"}]},
        Channel.HOOKS: {UNIT: [{"hook": "h"}]},
        Channel.TRACE: {UNIT: trace()},
        Channel.TRADES: {PLACE: (trade(), trade(symbol="BBB"))},
        Channel.EQUITY: {PLACE: curve()},
        Channel.METRICS: {PLACE: {"sharpe_ratio": 1.5, "num_trades": 3, "calmar": None}},
        Channel.OUTPUTS: {"": {"best": "a.b", "ranks": [3, 1, 2], "score": 0.5}},
        Channel.FILES: {"folder": {"a.json": {"bytes": 3}, "b.json": {"bytes": 4}}},
        Channel.STATUS: {"": {"success": True}},
        Channel.ERRORS: {"": [{"error": "e"}]},
    }


def record(
    channels: Mapping[Channel, Any] | None = None, *, status: Status = "succeeded"
) -> Record:
    return Record(
        subject="test",
        workflow="w",
        status=status,
        declared=ALL,
        channels=contents() if channels is None else channels,
        duration_s=0.0,
    )


def changed(channel: Channel, content: Any) -> Record:
    """Give the record in which one channel holds something else."""
    return record({**contents(), channel: content})


def applied(
    *rules: Mapping[str, Any], today: datetime.date = TODAY, cleaners: tuple[str, ...] = ()
) -> AppliedPolicy:
    """Give a policy of these rules; what is not said is every channel, and some reason."""
    document: dict[str, Any] = {"schema": "paritykit/policy/1"}
    if rules:
        document["rules"] = [{"channel": "*", "reason": "because", **rule} for rule in rules]
    if cleaners:
        document["cleaners"] = list(cleaners)
    return AppliedPolicy(parse_policy(json.dumps(document, indent=1)), today)


def outcome(
    channel: Channel, left: Any, right: Any, *rules: Mapping[str, Any]
) -> tuple[ChannelOutcome, tuple[RuleStanding, ...]]:
    """Compare two contents of one channel under rules; give what came of it and of them."""
    policy = applied(*rules) if rules else None
    outcomes = compare_records(changed(channel, left), changed(channel, right), policy)
    return outcomes[channel], () if policy is None else policy.standings()
