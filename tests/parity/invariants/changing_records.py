"""What the tamperings of true records do to them, beside changing one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from containers.events import EventKind
from containers.trace import Trace
from parity.channels import Channel
from parity.record import Record, TraceSettings
from tests.parity.invariants.tampering import (
    Tamper,
    curve_of,
    edited,
    only_unit,
    with_channel,
    with_events,
)

PHASE = "iteration=0/phase=backtest"
UNIT = f"{PHASE}/window=0/unit=0"
PORTFOLIO = "portfolio=momentum.aggressive"
K = EventKind


@dataclass(frozen=True)
class Tampering:
    """A change of one thing in a true record, and every invariant that it breaks."""

    what: str
    record: str
    tamper: Tamper
    seen_by: frozenset[str] = field(default_factory=frozenset)


def tampering(what: str, record: str, tamper: Tamper, *seen_by: str) -> Tampering:
    return Tampering(what, record, tamper, frozenset(seen_by))


def about(symbol: str) -> Callable[[Any], bool]:
    return lambda event: bool(event.symbol == symbol)


def whole(event: Any) -> bool:
    return not event.rules


def stops(event: Any) -> bool:
    return bool(event.reason == "stop_loss")


def next_bar(record: Record) -> Record:
    """Move a fill of the first order to the next slice, where its price and cost stay."""
    unit = only_unit(record)
    events = list(record.channels[Channel.TRACE][unit])
    times = sorted({event.time_ns for event in events})
    at = next(i for i, e in enumerate(events) if e.kind is K.FILL and e.reason == "order")
    later = times[times.index(events[at].time_ns) + 1]
    place = next(i for i, e in enumerate(events) if e.time_ns == later and e.kind is not K.BAR)
    fill = msgspec.structs.replace(events.pop(at), time_ns=later)
    events.insert(place - 1, fill)
    return renumbered(record, unit, events)


def renumbered(record: Record, unit: str, events: list[Any]) -> Record:
    new = {event.seq: seq for seq, event in enumerate(events)}
    events = [
        msgspec.structs.replace(
            event, seq=seq, cause=None if event.cause is None else new.get(event.cause, 0)
        )
        for seq, event in enumerate(events)
    ]
    return with_events(record, unit, events)


def left_out(kind: EventKind, at: int) -> Tamper:
    """Leave out one event, and number the others as if it had never been."""

    def tamper(record: Record) -> Record:
        unit = only_unit(record)
        events = list(record.channels[Channel.TRACE][unit])
        rows = [row for row, event in enumerate(events) if event.kind is kind]
        del events[rows[at]]
        return renumbered(record, unit, events)

    return tamper


def swapped(first: Callable[[Any], bool], second: Callable[[Any], bool]) -> Tamper:
    """Let two events of one slice change places and numbers, causes going with them."""

    def tamper(record: Record) -> Record:
        unit = only_unit(record)
        events = list(record.channels[Channel.TRACE][unit])
        for a, event in enumerate(events):
            if not first(event):
                continue
            for b in range(a + 1, len(events)):
                if events[b].time_ns == event.time_ns and second(events[b]):
                    events[a], events[b] = events[b], events[a]
                    return renumbered(record, unit, events)
        raise AssertionError("there are no two such events")

    return tamper


def lost_unit(record: Record) -> Record:
    unit = only_unit(record)
    traces = {k: v for k, v in record.channels[Channel.TRACE].items() if k != unit}
    return with_channel(record, Channel.TRACE, traces)


def gap(record: Record) -> Record:
    unit = only_unit(record)
    events = list(record.channels[Channel.TRACE][unit])
    shifted = [msgspec.structs.replace(e, seq=e.seq + (e.seq > 0)) for e in events]
    trace = Trace.from_events(shifted, len(shifted) + 1)
    traces = {**record.channels[Channel.TRACE], unit: trace}
    return with_channel(record, Channel.TRACE, traces)


def kept_too_much(record: Record) -> Record:
    settings = {unit: TraceSettings("standard") for unit in record.channels[Channel.TRACE]}
    return msgspec.structs.replace(record, trace_settings=settings)


def curve(record: Record) -> Record:
    place = f"{UNIT}/{PORTFOLIO}"
    curves = dict(record.channels[Channel.EQUITY])
    curves[place] = curve_of(curves[place], 5, 1.001)
    return with_channel(record, Channel.EQUITY, curves)


def trade(record: Record) -> Record:
    place = f"{UNIT}/{PORTFOLIO}"
    trades = dict(record.channels[Channel.TRADES])
    first, *rest = trades[place]
    trades[place] = (msgspec.structs.replace(first, bars_held=first.bars_held + 1), *rest)
    return with_channel(record, Channel.TRADES, trades)


def window(record: Record) -> Record:
    place = "iteration=0/phase=validate/window=1/window=1"
    return edited(Channel.WINDOWS, place, 0, "window", "first_bar", to=lambda v: v - 1)(record)


def reordered(channel: Channel, place: str, first: int, second: int) -> Tamper:
    def tamper(record: Record) -> Record:
        entries = list(record.channels[channel][place])
        entries[first], entries[second] = entries[second], entries[first]
        return with_channel(record, channel, {**record.channels[channel], place: entries})

    return tamper


def dropped(channel: Channel, place: str, at: int) -> Tamper:
    def tamper(record: Record) -> Record:
        entries = list(record.channels[channel][place])
        del entries[at]
        return with_channel(record, channel, {**record.channels[channel], place: entries})

    return tamper


WALK = "iteration=0/phase=validate"
