"""Traces that are kept: turned into columns, cut, put together, and turned back.

What comes out is what went in, bit by bit, and has the digest that was approved: a digest is for
ever. What cannot be kept is refused with the approved text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.events import EVENT_TYPES, Event, EventKind
from containers.trace import TraceChunk
from parity.damage.made_events import PATTERNS, made, mixed, plain_event
from parity.damage.stored_traces import raised_by, recordings, storing
from parity.damage.told import Outcomes

__all__ = ["TRACES"]

_COUNTS: Final = (*range(1, 19), 31, 32, 33, 255, 256, 257, 513)


def _held(chunk: TraceChunk, events: Sequence[Event]) -> bool:
    return [*map(plain_event, chunk.events())] == [*map(plain_event, events)]


def columns(folder: Path) -> Outcomes:
    """Turn events of every kind and sort of value into columns and back."""
    told: dict[str, dict[str, str]] = {}
    for kind in EventKind:
        for pattern in PATTERNS:
            digests = hashlib.sha256()
            for count in _COUNTS:
                events = made(kind, pattern, count)
                chunk = TraceChunk.from_events(events)
                if not _held(chunk, events):
                    told.setdefault(kind, {})[pattern] = f"not meant: {count} come out otherwise"
                    break
                digests.update(f"{chunk.digest()} {chunk.nbytes} {chunk.last_seq}".encode())
            else:
                told.setdefault(kind, {})[pattern] = digests.hexdigest()[:16]
    return told


def cuts(folder: Path) -> Outcomes:
    """Cut pieces out of a chunk, put pieces together, choose rows and events."""
    told: dict[str, str] = {}
    for pattern in PATTERNS:
        events = mixed(97, pattern)
        told[pattern] = next(_wrong_cuts(events), "as lists are cut")
    long = [msgspec.structs.replace(event, seq=n) for n, event in enumerate(mixed(1))]
    told["of one event"] = next(_wrong_cuts(long), "as lists are cut")
    return {"cuts": told}


_CHOICES: Final[tuple[Callable[[EventKind, str], bool], ...]] = (
    lambda kind, container: True,
    lambda kind, container: False,
    lambda kind, container: kind is EventKind.FILL,
    lambda kind, container: kind is not EventKind.BAR,
    lambda kind, container: container.endswith("o"),
)


def _wrong_cuts(events: Sequence[Event]) -> Iterator[str]:
    whole = TraceChunk.from_events(events)
    digest = whole.digest()
    size = len(events)
    for start, stop in [(0, size), (-1, size + 1), (0, 1), (size - 1, size), (3, 3), (5, 30),
                        (30, size), (1, size), (0, size - 1), (size, size + 5)]:  # fmt: skip
        piece, due = whole.slice(start, stop), events[max(start, 0) : stop]
        if not _held(piece, due) or piece.digest() != TraceChunk.from_events(due).digest():
            yield f"not meant: slice {start} to {stop}"
    edges = [0, 1, 2, 20, 20, 60, size]
    pieces = [whole.slice(a, b) for a, b in pairwise(edges)]
    if not _held(TraceChunk.concatenate(pieces), events):
        yield "not meant: concatenation"
    if TraceChunk.concatenate(pieces).digest() != digest:
        yield "not meant: digest of a concatenation"
    for row, event in enumerate(events):
        if plain_event(whole.event(row)) != plain_event(event):
            yield f"not meant: event {row}"
        if whole.row_of(event.seq) != row:
            yield f"not meant: row of {event.seq}"
    for seq in (-1, 1, events[-1].seq + 1, events[-1].seq + 2):
        if whole.row_of(seq) is not None:
            yield f"not meant: row of {seq}"
    for row in (-1, size):
        if raised_by(lambda row=row: whole.event(row), Path("/")) is None:  # type: ignore[misc]
            yield f"not meant: an event at {row}"
    for kept in _CHOICES:
        due = [event for event in events if kept(event.kind, event.container)]
        if not _held(whole.select(kept), due):
            yield "not meant: a choice"
    if not whole.same(TraceChunk.from_events(list(events))):
        yield "not meant: the same chunk is another"
    if size > 1 and whole.same(whole.slice(0, size - 1)):
        yield "not meant: another chunk is the same"


_CASES: Final[tuple[tuple[EventKind, str, tuple[Any, ...]], ...]] = (
    (EventKind.BAR, "time_ns", (1.0, True, "1", None, 2**63, -(2**63) - 1)),
    (EventKind.BAR, "cause", (-1, -5, 1.0, False, 2**63, "1")),
    (EventKind.BAR, "container", (1, None, b"one", ["one"], "\ud800")),
    (EventKind.BAR, "open", (1, None, "1.0", True)),
    (EventKind.BAR, "volume", (1, "1.0", False)),
    (EventKind.SIGNAL, "direction", (1.0, None, 2**64)),
    (EventKind.FEATURES, "values", (
        None, [], {"a,b": 1.0}, {"": 1.0}, {1: 1.0}, {"a": 1}, {"a": "x", "b": 1.0},
        {"a": 1.0, "b": True}, {"\ud800": 1.0}, {"a": 1.0, "b": 1.0, "c": 2},
    )),
)  # fmt: skip


def _text_fields() -> Iterator[tuple[EventKind, str]]:
    for kind, type_ in EVENT_TYPES.items():
        for field in msgspec.structs.fields(type_):
            if field.type == tuple[str, ...]:
                yield kind, field.name


def refusals(folder: Path) -> Outcomes:
    """Put what no column takes among good events, at several rows and in several company."""
    told: dict[str, dict[str, str]] = {}
    texts: tuple[Any, ...] = ("one", ["one"], ("a", ""), ("a,b",), (1,), None, ("\ud800",))
    cases = [*_CASES, *((kind, name, texts) for kind, name in _text_fields())]
    for kind, name, values in cases:
        for number, value in enumerate(values):
            for pattern in ("alike", "small", "of two bytes"):
                for row in (0, 4, 8):
                    events = made(kind, pattern, 9)
                    events[row] = msgspec.structs.replace(events[row], **{name: value})
                    said = _refused(events)
                    told.setdefault(f"{kind}.{name}", {})[f"{number}, {pattern}, {row}"] = said
    return {"values": {where: _short(each) for where, each in told.items()}, **_orders()}


def _short(told: dict[str, str]) -> str:
    """Sum texts up: they are many, and alike; one of each row is shown."""
    digest = hashlib.sha256("\n".join(f"{k}: {v}" for k, v in told.items()).encode())
    return f"{list(told.values())[-1]} … {digest.hexdigest()[:16]}"


def _refused(events: Sequence[Any], above: int = -1) -> str:
    return raised_by(lambda: TraceChunk.from_events(events, above), Path("/")) or "is kept"


def _orders() -> Outcomes:
    events = mixed(9)
    early = msgspec.structs.replace(events[4], seq=6)
    before = msgspec.structs.replace(events[4], seq=5)
    by_kind: dict[EventKind, list[Event]] = {kind: [] for kind in EventKind}
    for event in events:
        by_kind[event.kind].append(event)
    kind = next(kind for kind, each in by_kind.items() if len(each) > 1)
    other = next(each for each in by_kind if each is not kind and by_kind[each])
    twice = msgspec.structs.replace(by_kind[other][0], seq=by_kind[kind][0].seq)

    def from_kinds(more: Mapping[EventKind, list[Event]] | None = None, above: int = -1) -> str:
        given = {**by_kind, **(more or {})}
        act = lambda: TraceChunk.from_kinds(given, above)  # noqa: E731  # short
        return raised_by(act, Path("/")) or "is kept"

    return {
        "orders": {
            "as they are": _refused(events),
            "above what came before": _refused(events, -1),
            "the first came before": _refused(events, 0),
            "the first came long before": _refused(events, 99),
            "one is there twice": _refused([*events[:4], early, *events[4:]]),
            "one comes late": _refused([*events[:4], before, *events[4:]]),
            "no event": _refused([*events, "an event"]),
            "no event at all": _refused([object]),
            "nothing": _refused([]),
            "kinds as they are": from_kinds(),
            "kinds, the first came before": from_kinds(above=0),
            "kinds, one is another": from_kinds({kind: [by_kind[other][0]]}),
            "kinds, one late": from_kinds({kind: by_kind[kind][::-1]}),
            "kinds, one twice": from_kinds({kind: [by_kind[kind][0]] * 2}),
            "kinds, one number for two": from_kinds({other: [twice]}),
            "kinds of nothing": from_kinds({each: [] for each in EventKind}),
        }
    }


TRACES: Final[Mapping[str, Callable[[Path], Outcomes]]] = {
    "columns": columns,
    "cuts": cuts,
    "recordings": recordings,
    "refusals": refusals,
    "storing": storing,
}
"""What is held, by name; each takes an empty folder."""
