"""True records of small runs, and changes of one thing in them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from containers.events import Event, EventKind
from containers.results import EquityCurve
from containers.trace import Trace
from parity.channels import Channel
from parity.record import Record

__all__ = [
    "Tamper",
    "curve_of",
    "edited",
    "edited_trace",
    "only_unit",
    "with_channel",
    "with_events",
]

Tamper = Callable[[Record], Record]


def only_unit(record: Record) -> str:
    """Give the place of a run's first unit with a trace."""
    return next(iter(record.channels[Channel.TRACE]))


def with_channel(record: Record, channel: Channel, content: Mapping[str, Any]) -> Record:
    """Give the record with another content of one channel."""
    return msgspec.structs.replace(record, channels={**record.channels, channel: content})


def edited(channel: Channel, place: str, *path: Any, to: Any) -> Tamper:
    """Change the value at a path below a place of a channel; a function is given the old one."""

    def tamper(record: Record) -> Record:
        content = copy.deepcopy(dict(record.channels[channel]))
        node, keys = _open(content), [place, *path]
        for key in keys[:-1]:
            if isinstance(node[key], tuple):
                node[key] = list(node[key])
            node = node[key]
        node[keys[-1]] = to(node[keys[-1]]) if callable(to) else to
        return with_channel(record, channel, content)

    return tamper


def _open(tree: Any) -> Any:
    """Make lists of tuples of plain values, so that they can be changed."""
    for key, value in tree.items():
        if isinstance(value, dict | list):
            tree[key] = _listed(value)
    return tree


def _listed(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _listed(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_listed(item) for item in tree]
    return tree


def with_events(record: Record, unit: str, events: list[Event]) -> Record:
    """Give the record with another trace of a unit, and summaries that say the same of it.

    So that what is seen is the change of the event, and not that a digest is another.
    """
    old = record.channels[Channel.TRACE][unit]
    total = old.events_total + len(events) - len(old)
    trace = Trace.from_events(events, total)
    summary = msgspec.to_builtins(trace.summary())
    record = with_channel(record, Channel.TRACE, {**record.channels[Channel.TRACE], unit: trace})
    outputs = dict(record.channels[Channel.OUTPUTS])
    outputs[unit] = {**outputs[unit], "trace_summary": summary}
    if len(record.channels[Channel.TRACE]) == 1:
        outputs[""] = {**outputs[""], "trace_summary": summary}
    record = with_channel(record, Channel.OUTPUTS, outputs)
    lifecycle = copy.deepcopy(dict(record.channels[Channel.LIFECYCLE]))
    for entry in lifecycle[unit]:
        if entry["type"] == "UnitExecuted":
            entry["events"] = total
    return with_channel(record, Channel.LIFECYCLE, lifecycle)


def edited_trace(kind: EventKind, at: int | Callable[[Event], bool] = 0, **changes: Any) -> Tamper:
    """Change fields of one event of the first unit; a function is given the old value.

    Args:
        kind: Its kind.
        at: Which of that kind: by its place among them, or the first that fits.
        changes: New values of its fields.
    """

    def tamper(record: Record) -> Record:
        unit = only_unit(record)
        events = list(record.channels[Channel.TRACE][unit])
        rows = [row for row, event in enumerate(events) if event.kind is kind]
        row = rows[at] if isinstance(at, int) else next(r for r in rows if at(events[r]))
        event = events[row]
        values = {
            name: value(getattr(event, name)) if callable(value) else value
            for name, value in changes.items()
        }
        events[row] = msgspec.structs.replace(event, **values)
        return with_events(record, unit, events)

    return tamper


def curve_of(curve: EquityCurve, row: int, factor: float) -> EquityCurve:
    """Give a curve with one other sample."""
    equity = np.array(curve.equity)
    equity[row] *= factor
    return EquityCurve(time_ns=curve.time_ns, equity=equity)
