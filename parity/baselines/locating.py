"""Where a run parts from what was approved, as far as that can be said without the old run.

A baseline has figures in full, so which changed, and by how much, is known. Of a trace it has
digests: the first chunk and range of rows that differ are known, and the kinds of events, but not
what the old events were. Where another engine still gives what was approved it stands in for the
old run (`StandIn`), and the exact event is found by comparing the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from containers.events import EventKind
from containers.trace import CHUNK_ROWS, Trace
from parity.baselines.holding import Held, differing_rows
from parity.baselines.sketch import Sketch
from parity.channels import Channel
from parity.comparison.trees import leaves
from parity.comparison.values import same, ulp_distance
from parity.divergence import Divergence

__all__ = ["Changed", "Range", "StandIn", "changed_figures", "first_range"]

SHOWN: Final = 5
"""Events of a range that are shown."""

_LOOKED_AT: Final = 2_000


class Changed(msgspec.Struct, frozen=True):
    """A figure that is not what was approved.

    Attributes:
        place: Structural path of what it is a figure of.
        name: Of the figure; empty where one side has no figures there at all.
        approved: What it was; null when it was undefined or not there.
        now: What it is.
        absolute: Size of the difference; null unless both are finite numbers.
        ulp: The same counted in doubles between them; null unless both are floats.
    """

    place: str
    name: str
    approved: Any
    now: Any
    absolute: float | None = None
    ulp: int | None = None


class Range(msgspec.Struct, frozen=True):
    """The first part of a trace that differs.

    Attributes:
        unit: Structural path of the unit.
        first: Position of its first event, from 0.
        last: Position of its last event, inclusive.
        chunk: Number of the chunk it lies in, from 0.
        first_ns: Time of its first event as it is now; null when there is none now.
        last_ns: Time of its last event as it is now.
        kinds: Kinds of events whose content differs anywhere in the unit, cause first; what
            renumbering alone changes is left out.
        counts: Of these kinds, how many events were approved and how many there are now.
        events: The first events of the range as they are now, of the first kind that differs if
            it has any.
    """

    unit: str
    first: int
    last: int
    chunk: int
    first_ns: int | None
    last_ns: int | None
    kinds: tuple[str, ...]
    counts: Mapping[str, tuple[int, int]]
    events: tuple[dict[str, Any], ...]


class StandIn(msgspec.Struct, frozen=True):
    """What came of asking another engine for the run that was approved.

    Attributes:
        subject: Its name.
        answer: ``approved`` when it gives what was approved, ``same`` when it gives what the
            subject gives, ``other`` when neither, ``none`` when it could not be asked.
        divergence: Where the subject parts from it first; null unless it gives what was approved.
        reason: Why it could not be asked; null when it was.
    """

    subject: str
    answer: Literal["approved", "same", "other", "none"]
    divergence: Divergence | None = None
    reason: str | None = None


def changed_figures(approved: Sketch, now: Sketch) -> tuple[Changed, ...]:
    """List the figures that differ, in the order of places."""
    old = approved.channels.get(Channel.METRICS, {})
    new = now.channels.get(Channel.METRICS, {})
    found: list[Changed] = []
    for place in [*old, *(place for place in new if place not in old)]:
        if place not in old or place not in new:
            found.append(Changed(place, "", _counted(old.get(place)), _counted(new.get(place))))
            continue
        left, right = dict(leaves(old.get(place, {}))), dict(leaves(new.get(place, {})))
        for name in [*left, *(name for name in right if name not in left)]:
            if name in left and name in right and same(left[name], right[name]):
                continue
            a, b = left.get(name), right.get(name)
            absolute: float | None = None
            ulp: int | None = None
            if isinstance(a, float) and isinstance(b, float):
                absolute, ulp = abs(a - b), ulp_distance(a, b)
                absolute = None if ulp is None else absolute
            found.append(Changed(place, name, a, b, absolute, ulp))
    return tuple(found)


def first_range(held: Held, approved: Sketch) -> Range | None:
    """Find the first part of the first trace that differs; null when no trace does."""
    outcome = held.outcomes[Channel.TRACE]
    if outcome.first is None or outcome.first.unit is None:
        return None
    unit = outcome.first.unit
    old = approved.channels[Channel.TRACE].get(unit)
    trace: Trace | None = held.record.channels.get(Channel.TRACE, {}).get(unit)
    if old is None or trace is None:
        return None
    rows = differing_rows(old, trace)
    if rows is None:
        return None
    first, last = rows
    new = held.sketch.channels[Channel.TRACE][unit]
    a, b = old.get("kinds", {}), new.get("kinds", {})
    kinds = tuple(kind for kind in _cause_first(a, b) if a.get(kind) != b.get(kind))
    stop = min(last + 1, len(trace))
    events = [trace.event(position) for position in range(first, stop)][:_LOOKED_AT]
    first_kind = [event for event in events if event.kind.value in kinds[:1]] or events
    return Range(
        unit=unit,
        first=first,
        last=last,
        chunk=first // CHUNK_ROWS,
        first_ns=events[0].time_ns if events else None,
        last_ns=trace.event(stop - 1).time_ns if events else None,
        kinds=kinds,
        counts={kind: (_number(a, kind), _number(b, kind)) for kind in kinds},
        events=tuple(
            {"kind": event.kind.value, **msgspec.to_builtins(event)} for event in first_kind[:SHOWN]
        ),
    )


def _counted(figures: Mapping[str, Any] | None) -> str | None:
    return None if figures is None else f"{len(figures)} figures"


def _cause_first(*marks: Mapping[str, str]) -> list[str]:
    names = {name for mark in marks for name in mark}
    return [kind.value for kind in EventKind if kind.value in names]


def _number(marks: Mapping[str, str], kind: str) -> int:
    return int(marks.get(kind, "0").split()[0])
