"""Alignment in the plainest form: lists, dictionaries and every combination tried."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec

from containers.events import Event, EventKind

STEPS = {
    EventKind.REJECTION: EventKind.ORDER,
    EventKind.CANCELLATION: EventKind.FILL,
}
WHOSE = ("kind", "symbol", "timeframe", "portfolio")


class Aligned(NamedTuple):
    """Counts, as `containers.trace.Alignment` has them."""

    compared: int
    different: int
    missing: int
    extra: int


def bits(value: object) -> object:
    """Make a value comparable in every bit and in its type."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return [(name, bits(inner)) for name, inner in value.items()]
    return (type(value), value)


def content(event: Event) -> dict[str, object]:
    """Give what an event says, without its numbers."""
    said = {"kind": event.kind, **msgspec.structs.asdict(event)}
    return {name: bits(value) for name, value in said.items() if name not in ("seq", "cause")}


def slices(events: Sequence[Event]) -> list[int]:
    """Give the slice of each event: the time of the last one in order."""

    def rank(run: list[int]) -> tuple[int, int, int]:
        return (len(run), -events[run[-1]].time_ns, run[-1]) if run else (0, 0, 0)

    best: list[list[int]] = []  # the best run that ends with each event
    for row, event in enumerate(events):
        runs = [best[i] for i in range(row) if events[i].time_ns <= event.time_ns]
        best.append([*max(runs, key=rank, default=[]), row])
    run = max(best, key=rank, default=[])
    times = []
    for row in range(len(events)):
        before = [i for i in run if i <= row] or run[:1]
        times.append(events[before[-1]].time_ns)
    return times


def pairs(left: Sequence[Event], right: Sequence[Event]) -> list[tuple[int, int]]:
    """Find the counterparts, by their rows, in the order of the left ones."""
    groups: defaultdict[object, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, events in enumerate((left, right)):
        for row, (event, slice_) in enumerate(zip(events, slices(events), strict=True)):
            step = STEPS.get(event.kind, event.kind)
            groups[slice_, event.time_ns, step, event.container][side].append(row)
    found = []
    for ours, theirs in groups.values():
        swapped = len(ours) > len(theirs)
        short, long = (theirs, ours) if swapped else (ours, theirs)
        one, other = (right, left) if swapped else (left, right)
        best = min(
            combinations(long, len(short)),
            key=lambda chosen: sum(
                cost(one[a], other[b], leads(one, a) != leads(other, b))
                for a, b in zip(short, chosen, strict=True)
            ),
        )
        both = zip(short, best, strict=True)
        found += [(b, a) if swapped else (a, b) for a, b in both]
    return sorted(found)


def leads(events: Sequence[Event], row: int) -> bool:
    """Say whether an event is the cause of another."""
    return any(event.cause == events[row].seq for event in events)


def cost(left: Event, right: Event, unlike: bool) -> int:
    """Say how unlike two events are; ``unlike`` if one alone is a cause."""
    a, b = content(left), content(right)
    names = {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)}
    return 10**6 * bool(names) + 10**4 * len(names & set(WHOSE)) + 10 * len(names) + unlike


def differing(left: Sequence[Event], right: Sequence[Event]) -> list[tuple[int, int]]:
    """Give the counterparts that differ; for traces whose causes, where not null, were kept."""
    aligned = pairs(left, right)
    ours, theirs = [a for a, _ in aligned], sorted(b for _, b in aligned)
    partner = {left[a].seq: right[b].seq for a, b in aligned}
    kept, others = {e.seq for e in left}, {e.seq for e in right}
    different = []
    shift = 0
    last_left = last_right = -1
    for place, (a, b) in enumerate(aligned):
        at = theirs[place]
        change = right[at].seq - left[ours[place]].seq - shift
        shift += change
        unexplained = not -(a - last_left - 1) <= change <= at - last_right - 1
        last_left, last_right = a, at
        cause, other = left[a].cause, right[b].cause
        assert cause is None or cause in kept
        assert other is None or other in others
        expected = None if cause is None else partner.get(cause, "gone")
        if content(left[a]) != content(right[b]) or b != at or unexplained or expected != other:
            different.append((a, b))
    return different


def reference(left: Sequence[Event], right: Sequence[Event]) -> Aligned:
    """Count what differs."""
    compared = len(pairs(left, right))
    return Aligned(
        compared, len(differing(left, right)), len(left) - compared, len(right) - compared
    )
