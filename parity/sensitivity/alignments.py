"""Traces that differ for certain: does the alignment say where, and nothing else?

Two engines that agree show nothing of what tells traces apart, so it is held against traces that
were changed on purpose.

1. `short_traces`: a few hundred events, changed at random in every way an engine can be wrong; all
   counts are held against `parity.sensitivity.plain_alignment`.
2. `long_traces`: several chunks on disk, changed at known places; what is to be found follows from
   what was done.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from containers.events import Bar, Cancellation, Event, EventKind, Features, Fill
from containers.trace import Alignment, Trace, align, side_by_side
from containers.trace.chunk import CHUNK_ROWS
from containers.trace.columns import Column, Mask
from parity.sensitivity.plain_alignment import Aligned, aligned, pairs

__all__ = ["long_traces", "numbered", "short_traces"]

_EXCUSED: Final = ("strength", "cash", "price")
_PASSED_OVER: Final = (EventKind.BAR, EventKind.SIGNAL, EventKind.PORTFOLIO_UPDATE)
_LAST: Final = (EventKind.PORTFOLIO_UPDATE, EventKind.FILL, EventKind.CANCELLATION)
"""Kinds that are nobody's cause: without one, what others say remains as it was."""

_STATES: Final = (0.0, -0.0, math.inf, 1e-310, 12.5)


def numbered(events: Sequence[Event]) -> list[Event]:
    """Number events anew, each cause with its event; one whose cause has gone has none."""
    numbers = {event.seq: number for number, event in enumerate(events)}
    return [
        msgspec.structs.replace(
            event, seq=number, cause=None if event.cause is None else numbers.get(event.cause)
        )
        for number, event in enumerate(events)
    ]


def short_traces(events: Sequence[Event], rounds: int) -> str | None:
    """Change short parts of a trace at random; say what is found wrong, null when nothing is.

    Args:
        events: A whole unit, kept at level detailed.
        rounds: How many pairs of traces are made.
    """
    for number in range(rounds):
        draw = random.Random(number)
        start = draw.randrange(max(1, len(events) - 20))
        left = numbered(events[start : start + draw.randrange(90)])
        right = list(left)
        for fresh in range(draw.randrange(5)):
            _edit(right, draw, 10_000 + fresh)
        right = numbered(right)
        if draw.random() < 0.2:
            right = _with_gap(right, draw)
        if draw.random() < 0.4:  # as a trace that is not kept in all detail
            kinds = draw.sample(sorted(EventKind), draw.randrange(1, 4))
            left, right = (
                [event for event in events if event.kind not in kinds] for events in (left, right)
            )
            # Two that only one side has, and perhaps what was not kept between them.
            row = draw.randrange(len(right) + 1)
            del right[row : row + 2]
        told = _held(left, right) or _held(_crowd(draw), _crowd(draw))
        if told is not None:
            return f"traces {number}: {told}"
    return None


def _crowd(draw: random.Random) -> list[Event]:
    """Make events that could all be counterparts of one another, some of them each other's cause.

    Where one side has more of them, which are left over hangs on how much the others differ.
    """
    events: list[Event] = []
    told_in_many_fields = draw.random() < 0.4
    for number in range(draw.randrange(1, 7)):
        symbol, price = draw.choice("AB"), draw.choice((1.0, 1.0, 2.0))
        cause = draw.choice((None, None, *range(number)))
        header = (number, 60, "execution", cause)
        if told_in_many_fields:  # whose it is counts for more than all that it says together
            events.append(Bar(*header, symbol, draw.choice(("1h", "1d")), *(price,) * 5))
        elif draw.random() < 0.8:
            quantity, cost = draw.choice((5.0, 6.0)), draw.choice((0.0, 0.0, 0.5))
            id_ = draw.choice(("fast.moderate", "fast.moderate", "slow.moderate"))
            events.append(Fill(*header, id_, symbol, quantity, price, cost, "order"))
        else:
            events.append(Cancellation(*header, "fast.moderate", symbol, 5.0, "end_of_data"))
    return events


def _with_gap(events: list[Event], draw: random.Random) -> list[Event]:
    """Number events as if others had been published among them, and not been kept."""
    at, more = draw.choice((0, draw.randrange(len(events) + 1))), draw.randrange(1, 4)

    def moved(seq: int) -> int:
        return seq + more if seq >= at else seq

    return [
        msgspec.structs.replace(
            e, seq=moved(e.seq), cause=None if e.cause is None else moved(e.cause)
        )
        for e in events
    ]


def _edit(events: list[Event], draw: random.Random, fresh: int) -> None:
    """Change a list of events in one way, at one place."""
    if not events:
        return
    row = draw.randrange(len(events))
    event = events[row]
    act = draw.choice(
        ("take", "double", "say", "say", "time", "container", "swap", "cause", "cut", "drop")
    )
    if act == "take":
        del events[row]
    elif act == "double":
        events.insert(row + draw.randrange(2), msgspec.structs.replace(event, seq=fresh))
    elif act == "say":
        events[row] = msgspec.structs.replace(event, **_other_content(event, draw))
    elif act == "time":
        moved = draw.choice((-5, 10**19 // 2, event.time_ns + 1, events[0].time_ns))
        events[row] = msgspec.structs.replace(event, time_ns=moved)
    elif act == "container":
        events[row] = msgspec.structs.replace(event, container=draw.choice(("execution", "other")))
    elif act == "swap" and row + 1 < len(events):
        events[row : row + 2] = events[row + 1], event
    elif act == "cause":
        cause = draw.choice((None, *(e.seq for e in events[max(0, row - 3) : row])))
        events[row] = msgspec.structs.replace(event, cause=cause)
    elif act == "cut":
        del events[row:]
    elif act == "drop":
        del events[row : row + draw.randrange(2, 6)]


def _other_content(event: Event, draw: random.Random) -> dict[str, Any]:
    """Give another value for one field of what an event says."""
    said = msgspec.structs.asdict(event)
    names = [name for name in said if name not in ("seq", "time_ns", "container", "cause")]
    # Most of what can be told of features is their values, one of which may differ.
    telling = isinstance(event, Features) and draw.random() < 0.75
    name = "values" if telling else draw.choice(names)
    was = said[name]
    if isinstance(was, float):
        return {name: draw.choice((math.nextafter(was, math.inf), -was, *_STATES))}
    if isinstance(was, dict):
        values = {key: math.nextafter(v or 1.0, 0.0) for key, v in was.items()}
        one = draw.choice(list(was)) if was else "other"
        named: tuple[dict[str, Any], ...] = ({**was, "other": 1.0}, {}, dict(reversed(was.items())))
        return {name: draw.choice((values, {**was, one: -1.0}, {**was, one: None}, *named))}
    if isinstance(was, bool) or was is None:
        return {}
    if isinstance(was, int):
        return {name: 1 if was != 1 else -1}
    return {name: ("other",) if isinstance(was, tuple) else "other"}


def _held(left: list[Event], right: list[Event]) -> str | None:
    """Align two traces in every way; say what is not as the plain alignment has it."""
    ours, theirs = Trace.from_events(left), Trace.from_events(right)
    for excused, excuse, over in (((), None, ()), (_EXCUSED, _excuse, _PASSED_OVER)):
        due = aligned(left, right, excused, over)
        found = align(ours, theirs, excuse, pass_over=over)
        told = _unlike(due, found)
        if told is None and excuse is None:
            told = _first_of(found, left, right)
        if told is not None:
            return told
        told = _unlike(
            aligned(right, left, excused, over),
            align(theirs, ours, excuse, pass_over=over, use_digests=False),
        )
        if told is not None:
            return f"the other way round, {told}"
    beside = side_by_side(left, right)
    together = [(left.index(a), right.index(b)) for a, b in beside if a and b]
    if sorted(together) != pairs(left, right):
        return "events stand beside others than their counterparts"
    if [a for a, _ in beside if a] != left or sorted(b.seq for _, b in beside if b) != sorted(
        event.seq for event in right
    ):
        return "events are left out, or not in order"
    return None


def _excuse(kind: EventKind, name: str, column: Column, other: Column) -> Mask | None:
    return np.ones(len(column), np.bool_) if name in _EXCUSED else None


def _unlike(due: Aligned, found: Alignment) -> str | None:
    kinds = {k: (c.different, c.missing, c.extra, dict(c.fields)) for k, c in found.kinds.items()}
    first = found.first
    named = Aligned(
        found.compared, found.different, found.missing, found.extra, found.excused, kinds,
        found.max_abs, found.max_ulp,
        None if first is None else (first.position, first.right_position, first.fields,
                                    2 if first.left and first.right else int(first.left is None)),
    )  # fmt: skip
    return None if named == due else f"found {named}, due {due}"


def _first_of(found: Alignment, left: list[Event], right: list[Event]) -> str | None:
    """Hold the first difference against the traces it is of."""
    first = found.first
    if first is None:
        return None
    shown = (
        (first.left, left[first.position : first.position + 1]),
        (first.right, right[first.right_position : first.right_position + 1]),
    )
    if any(event is not None and [event] != there for event, there in shown):
        return f"the first difference shows what does not stand at {first.position}"
    return None


def long_traces(events: Sequence[Event], folder: Path) -> str | None:
    """Change a trace of several chunks at known places; say what is wrong, null when nothing is.

    Args:
        events: A whole unit, kept at level detailed; it is repeated until it is long enough.
        folder: For traces on disk.
    """
    left = _repeated(events, 2 * CHUNK_ROWS + CHUNK_ROWS // 3)
    last = [row for row, event in enumerate(left) if event.kind in _LAST]
    edges = [CHUNK_ROWS * n + near for n in (1, 2) for near in (-1, 0, 1)]
    rows = {next(r for r in last if r >= edge) for edge in edges}
    updates = [row for row in last if left[row].kind is EventKind.PORTFOLIO_UPDATE]
    acts: dict[str, dict[int, str]] = {
        "the same": {},
        "one number": {updates[len(updates) // 2]: "say"},
        "the last number": {updates[-1]: "say"},
        "numbers at the cuts": dict.fromkeys(rows & set(updates), "say"),
        "times at the cuts": dict.fromkeys(rows & set(updates), "time"),
        "one too many at each cut": dict.fromkeys(rows & set(updates), "double"),
        "one too few at each cut": dict.fromkeys(rows & set(updates), "take"),
        "one too many": {updates[len(updates) // 3]: "double"},
        "one too few": {updates[1]: "take"},
        "many": {row: ("say", "take", "double")[n % 3] for n, row in enumerate(updates[::997])},
    }
    stored = Trace.from_events(left).save(folder / "left")
    at_once = [msgspec.structs.replace(event, time_ns=0) for event in left[: CHUNK_ROWS * 5 // 4]]
    found = align(Trace.from_events(at_once), Trace.from_events(numbered(at_once[9:])))
    if (found.compared, found.missing, found.extra) != (len(at_once) - 9, 9, 0):
        return f"a slice of more than a chunk: found {found}"
    for name, each in acts.items():
        right = _acted(left, each)
        kept = Trace.from_events(right).save(folder / name.replace(" ", "-"))
        ways: dict[str, Callable[[], Alignment]] = {
            "by digests": lambda kept=kept: align(stored, kept),  # type: ignore[misc]
            "in full": lambda kept=kept: align(stored, kept, use_digests=False),  # type: ignore[misc]
            "read back": lambda name=name: align(  # type: ignore[misc]
                Trace.open(folder / "left"), Trace.open(folder / name.replace(" ", "-"))
            ),
        }
        made = Counter(each.values())
        # One at another time is nobody's counterpart.
        count = {act: made[act] + made["time"] for act in ("take", "double")} | {"say": made["say"]}
        for way, call in ways.items():
            found = call()
            counts = {"say": found.different, "take": found.missing, "double": found.extra}
            if counts != count or found.compared != len(left) - count["take"]:
                return f"{name}, {way}: found {counts}, due {count}"
            first = None if found.first is None else found.first.position
            if each and first not in (min(each), min(each) + 1):
                return f"{name}, {way}: the first is at {first}, due {min(each)}"
        if (kept.digest == stored.digest) != (not each):
            return f"{name}: digests do not tell traces apart"
        if name == "many":
            again = Trace.open(folder / "many")
            ends = again.summary().first_ns, again.summary().last_ns
            if list(again) != right or ends != (right[0].time_ns, right[-1].time_ns):
                return f"{name}: what was stored comes back as something else"
    return None


def _repeated(events: Sequence[Event], count: int) -> list[Event]:
    """Let a unit follow itself until there are so many events."""
    span = events[-1].time_ns - events[0].time_ns + 1
    found: list[Event] = []
    for turn in range(math.ceil(count / len(events))):
        shift = turn * len(events)
        for number, event in enumerate(events):
            cause = None if event.cause is None else event.cause - events[0].seq + shift
            found.append(
                msgspec.structs.replace(
                    event, seq=number + shift, time_ns=event.time_ns + turn * span, cause=cause
                )
            )
    return found[:count]


def _acted(events: list[Event], acts: dict[int, str]) -> list[Event]:
    """Change, double or take away events by their rows, and number all anew."""
    found: list[Event] = []
    for row, event in enumerate(events):
        act = acts.get(row)
        if act == "say":
            found.append(msgspec.structs.replace(event, cash=-1.0))
        elif act == "time":
            found.append(msgspec.structs.replace(event, time_ns=event.time_ns - 1))
        elif act != "take":
            found.append(event)
        if act == "double":
            found.append(msgspec.structs.replace(event, seq=10**9 + row))
    return numbered(found)
