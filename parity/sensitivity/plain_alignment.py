"""Alignment in the plainest form: lists, dictionaries and every combination tried.

A third opinion on `containers.trace.align`, of which it uses nothing: what the oracle is to the
engines. It takes time that grows with the square of the events, and with every combination of a
group that is longer on one side; so it is for hundreds of events.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Final

import msgspec

from containers.events import Event, EventKind

__all__ = ["Aligned", "aligned", "pairs"]

_STEPS: Final = {
    EventKind.REJECTION: EventKind.ORDER,
    EventKind.CANCELLATION: EventKind.FILL,
}
"""Kinds that the step of another kind publishes."""

_WHOSE: Final = frozenset({"kind", "symbol", "timeframe", "portfolio"})


class Aligned(msgspec.Struct, frozen=True):
    """What differs, as `containers.trace.Alignment` has it.

    Attributes:
        compared: Counterparts.
        different: Of these, those that differ in what is not excused.
        missing: Events that only the left trace has.
        extra: Events that only the right trace has.
        excused: Counterparts that differ in nothing but what is excused.
        kinds: By kind that differs: different, missing and extra events, and by field how many of
            the different ones differ in it.
        max_abs: The largest distance of two floats in one field of counterparts of one kind.
        max_ulp: The same, in representable numbers.
        first: Where the first difference is on the left, on the right, the fields that differ, and
            whether it is missing (0), extra (1), or a difference of counterparts (2).
    """

    compared: int
    different: int
    missing: int
    extra: int
    excused: int
    kinds: dict[EventKind, tuple[int, int, int, dict[str, int]]]
    max_abs: float
    max_ulp: int
    first: tuple[int, int, tuple[str, ...], int] | None


def _bits(value: object) -> object:
    """Make a value comparable in every bit and in its type."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return [(name, _bits(inner)) for name, inner in value.items()]
    return (type(value), value)


def _content(event: Event) -> dict[str, object]:
    """Give what an event says, without its numbers."""
    said = {"kind": event.kind, **msgspec.structs.asdict(event)}
    return {name: _bits(value) for name, value in said.items() if name not in ("seq", "cause")}


def _slices(events: Sequence[Event]) -> list[int]:
    """Give the slice of each event: the time of the last one in order."""

    def rank(run: list[int]) -> tuple[int, int]:
        return (len(run), events[run[-1]].time_ns) if run else (0, 0)

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
        for row, (event, slice_) in enumerate(zip(events, _slices(events), strict=True)):
            step = _STEPS.get(event.kind, event.kind)
            groups[slice_, event.time_ns, step, event.container][side].append(row)
    found = []
    for ours, theirs in groups.values():
        swapped = len(ours) > len(theirs)
        short, long = (theirs, ours) if swapped else (ours, theirs)
        one, other = (right, left) if swapped else (left, right)
        best = min(
            combinations(long, len(short)),
            key=lambda chosen: sum(
                _cost(one[a], other[b], _leads(one, a) != _leads(other, b))
                for a, b in zip(short, chosen, strict=True)
            ),
        )
        both = zip(short, best, strict=True)
        found += [(b, a) if swapped else (a, b) for a, b in both]
    return sorted(found)


def _leads(events: Sequence[Event], row: int) -> bool:
    """Say whether an event is the cause of another."""
    return any(event.cause == events[row].seq for event in events)


def _cost(left: Event, right: Event, unlike: bool) -> int:
    """Say how unlike two events are; ``unlike`` if one alone is a cause."""
    a, b = _content(left), _content(right)
    names = {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)}
    return 10**6 * bool(names) + 10**4 * len(names & _WHOSE) + 10 * len(names) + unlike


def _differing(
    left: Sequence[Event], right: Sequence[Event], found: Sequence[tuple[int, int]]
) -> list[set[str]]:
    """Give for each pair of counterparts the fields that differ."""
    ours, theirs = [a for a, _ in found], sorted(b for _, b in found)
    different: list[set[str]] = []
    shift = 0
    last_left = last_right = -1
    for place, (a, b) in enumerate(found):
        at = theirs[place]
        change = right[at].seq - left[ours[place]].seq - shift
        shift += change
        unexplained = not -(a - last_left - 1) <= change <= at - last_right - 1
        last_left, last_right = a, at
        mine, yours = _content(left[a]), _content(right[b])
        names = {name for name in mine.keys() | yours.keys() if mine.get(name) != yours.get(name)}
        if "kind" in names:
            names = {"kind"}  # what else they say cannot be held against each other
        if b != at or unexplained:
            names.add("seq")
        if not _same_cause(left[a].cause, right[b].cause, left, right, found):
            names.add("cause")
        different.append(names)
    return different


def _same_cause(
    mine: int | None,
    yours: int | None,
    left: Sequence[Event],
    right: Sequence[Event],
    found: Sequence[tuple[int, int]],
) -> bool:
    """Say whether two causes can be the same event.

    One that was not kept lies between two counterparts, and is shifted as the one before is, or as
    the one behind, or by something between.
    """
    if mine is None or yours is None:
        return mine is yours
    if mine in {event.seq for event in left}:
        return any(left[a].seq == mine and right[b].seq == yours for a, b in found)
    shifts = [(left[a].seq, right[b].seq - left[a].seq) for a, b in found]
    before = next((shift for seq, shift in reversed(shifts) if seq < mine), 0)
    after = next((shift for seq, shift in shifts if seq > mine), before)
    if before == after:
        return yours - mine == before
    extra = {event.seq for event in right} - {right[b].seq for _, b in found}
    return min(before, after) <= yours - mine <= max(before, after) and yours not in extra


def _first(
    left: Sequence[Event],
    right: Sequence[Event],
    found: Sequence[tuple[int, int]],
    counted: Sequence[set[str]],
    passed_over: Collection[EventKind],
) -> tuple[int, int, tuple[str, ...], int] | None:
    """Give the first difference as `Aligned` has it."""
    ours, theirs = _slices(left), _slices(right)
    places = sorted(b for _, b in found)
    candidates: list[tuple[tuple[int, int, int], int, int, tuple[str, ...]]] = []
    missing = set(range(len(left))) - {a for a, _ in found}
    for row in sorted(row for row in missing if left[row].kind not in passed_over)[:1]:
        before = sum(a < row for a, _ in found)
        other = places[before - 1] + 1 if before else 0
        candidates.append(((ours[row], before, 0), row, other, ()))
    extra = set(range(len(right))) - set(places)
    for row in sorted(row for row in extra if right[row].kind not in passed_over)[:1]:
        before = sum(b < row for b in places)
        other = found[before - 1][0] + 1 if before else 0
        candidates.append(((theirs[row], before, 1), other, row, ()))
    for place, names in enumerate(counted):
        if names:
            a, b = found[place]
            order = ["kind", *msgspec.structs.asdict(left[a])]
            fields = tuple(sorted(names, key=order.index))
            candidates.append(((ours[a], place, 2), a, b, fields))
            break
    if not candidates:
        return None
    (_, _, which), mine, yours, fields = min(candidates)
    return mine, yours, fields, which


def aligned(
    left: Sequence[Event],
    right: Sequence[Event],
    excused: Collection[str] = (),
    passed_over: Collection[EventKind] = (),
) -> Aligned:
    """Count what differs.

    Args:
        left: Events in ascending ``seq``; not all need be kept.
        right: Likewise.
        excused: Names of fields in which counterparts of one kind may differ.
        passed_over: Kinds whose missing and extra events are counted, but are no first difference.
    """
    found = pairs(left, right)
    fields: defaultdict[EventKind, Counter[str]] = defaultdict(Counter)
    different: Counter[EventKind] = Counter()
    max_abs, max_ulp, forgiven = 0.0, 0, 0
    differing = _differing(left, right, found)
    left_over = [names if "kind" in names else names - set(excused) for names in differing]
    for (a, b), names, counted in zip(found, differing, left_over, strict=True):
        forgiven += bool(names) and not counted
        if counted:
            different[left[a].kind] += 1
            fields[left[a].kind].update(counted)
        if "kind" not in names:
            for one, other in _floats(left[a], right[b]):
                max_abs = max(max_abs, abs(one - other))
                max_ulp = max(max_ulp, abs(_rank(one) - _rank(other)))
    missing = Counter(
        left[row].kind for row in range(len(left)) if row not in {a for a, _ in found}
    )
    extra = Counter(
        right[row].kind for row in range(len(right)) if row not in {b for _, b in found}
    )
    kinds = {
        kind: (different[kind], missing[kind], extra[kind], dict(fields[kind]))
        for kind in EventKind
        if different[kind] or missing[kind] or extra[kind]
    }
    return Aligned(
        len(found), different.total(), missing.total(), extra.total(), forgiven, kinds,
        max_abs, max_ulp, _first(left, right, found, left_over, passed_over),
    )  # fmt: skip


def _floats(left: Event, right: Event) -> list[tuple[float, float]]:
    """Give the floats that both have in the same place, of features with the same names."""
    mine, yours = msgspec.structs.asdict(left), msgspec.structs.asdict(right)
    couples = [(mine[name], yours[name]) for name in mine]
    for one, other in list(couples):
        if isinstance(one, dict) and list(one) == list(other):
            couples += zip(one.values(), other.values(), strict=True)
    floats = [(a, b) for a, b in couples if isinstance(a, float) and isinstance(b, float)]
    return [(a, b) for a, b in floats if a == a and b == b]  # NaN is at no distance


def _rank(value: float) -> int:
    """Number the floats in ascending order; -0.0 and 0.0 are neighbours."""
    bits: int
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    return bits if bits >= 0 else -(bits & (2**63 - 1)) - 1
