"""Of every channel one thing is changed: comparing sees it there, and names the channel first."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from containers.events import EventKind
from parity.channels import CAUSE_FIRST, Channel
from parity.comparison.records import compare_records
from parity.divergence import first_divergence
from parity.record import Record
from tests.parity.invariants.tampering import (
    Tamper,
    curve_of,
    edited,
    only_unit,
    with_channel,
)


def _trace(record: Record) -> Record:
    unit = only_unit(record)
    trace = record.channels[Channel.TRACE][unit]
    events = list(trace)
    at = next(i for i, event in enumerate(events) if event.kind is EventKind.FEATURES)
    events[at] = msgspec.structs.replace(events[at], values={})
    changed = type(trace).from_events(events, trace.events_total)
    return with_channel(record, Channel.TRACE, {**record.channels[Channel.TRACE], unit: changed})


def _trades(record: Record) -> Record:
    content = dict(record.channels[Channel.TRADES])
    place = next(place for place, trades in content.items() if trades)
    first, *rest = content[place]
    content[place] = (msgspec.structs.replace(first, side=-first.side), *rest)
    return with_channel(record, Channel.TRADES, content)


def _equity(record: Record) -> Record:
    content = dict(record.channels[Channel.EQUITY])
    place = next(iter(content))
    content[place] = curve_of(content[place], 3, 1.5)
    return with_channel(record, Channel.EQUITY, content)


_VALIDATE = "iteration=1/branch=confirmed/iteration=0/phase=validate"
_WINDOW = f"{_VALIDATE}/window=0/window=1"

TAMPERED: dict[Channel, Tamper] = {
    Channel.CONFIG: edited(Channel.CONFIG, "", 0, "config", "random_seed", to=9),
    Channel.PLAN: edited(Channel.PLAN, "iteration=0", 0, "phases", 0, "required", to=False),
    Channel.WINDOWS: edited(Channel.WINDOWS, _WINDOW, 0, "window", "last_bar", to=3),
    Channel.TOPOLOGY: edited(Channel.TOPOLOGY, f"{_WINDOW}/unit=0", 0, "routes", to=[]),
    Channel.LIFECYCLE: edited(Channel.LIFECYCLE, f"{_WINDOW}/unit=0", 0, "target", to="x"),
    Channel.HOOKS: edited(Channel.HOOKS, "iteration=0", 0, "result", to=["x"]),
    Channel.TRACE: _trace,
    Channel.TRADES: _trades,
    Channel.EQUITY: _equity,
    Channel.METRICS: edited(Channel.METRICS, _VALIDATE, "total_return", to=0.5),
    Channel.OUTPUTS: edited(Channel.OUTPUTS, _VALIDATE, "topology", to="another"),
    Channel.FILES: edited(Channel.FILES, "folder", "1/search/best.yaml", "bytes", to=1),
    Channel.STATUS: edited(Channel.STATUS, _VALIDATE, "status", to="failed"),
    Channel.ERRORS: lambda record: with_channel(record, Channel.ERRORS, {"": {"type": "x"}}),
}


@pytest.mark.parametrize("channel", CAUSE_FIRST)
def test_comparing_sees_a_change_in_every_channel_and_in_no_other(
    channel: Channel, true_record: Callable[[str], Record]
) -> None:
    record = true_record("searched")
    tampered = TAMPERED[channel](record)
    outcomes = compare_records(record, tampered)
    different = [c for c, outcome in outcomes.items() if outcome.verdict.is_difference]
    assert different == [channel]
    divergence = first_divergence(record, tampered, outcomes)
    assert divergence is not None
    assert divergence.channel is channel
