"""Traces that are kept: turned into columns, cut, put together, stored, and read again.

What comes out is what went in, bit by bit, and has the digest that was approved: a digest is for
ever. What cannot be kept is refused with the approved text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow.parquet as pq

from containers.events import EVENT_TYPES, Classification, Event, EventKind, Signal
from containers.trace import CHUNK_ROWS, PIECE_ROWS, Trace, TraceChunk, TraceRecorder, TraceWriter
from parity.sensitivity.made_events import PATTERNS, made, mixed, plain_event
from parity.sensitivity.stored_study import raised_by as raised_below

__all__ = ["TRACES"]

_COUNTS: Final = (*range(1, 19), 31, 32, 33, 255, 256, 257, 513)

_MEANT: Final = (ValueError, IndexError, RuntimeError)
"""What is raised beside our own errors when a caller does what no caller should."""

Outcomes = dict[str, dict[str, str]]


def raised_by(act: Callable[[], Any], root: Path) -> str | None:
    """Give what is raised, as text; null when nothing is."""
    return raised_below(act, root, _MEANT)


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


def _signals(count: int) -> list[Event]:
    return [
        Signal(n, n * 10, "mine", n - 1, "ONE", n % 3 - 1, n / 7, None)
        if n % 3
        else Classification(n, n * 10, "regimes", None, "ONE", "up" if n % 5 else "down")
        for n in range(count)
    ]


def recordings(folder: Path) -> Outcomes:
    """Record short and long traces, with and without a limit, in memory and on disk."""
    told: dict[str, str] = {}
    long = _signals(2 * CHUNK_ROWS + 9)
    sizes = [0, 1, PIECE_ROWS - 1, PIECE_ROWS, PIECE_ROWS + 1, CHUNK_ROWS, len(long)]
    for size in sizes:
        for limit in (None, 0, 1, PIECE_ROWS, CHUNK_ROWS + 1):
            if size < PIECE_ROWS - 1 or limit in (None, PIECE_ROWS) or size == len(long):
                for stored in (False, True):
                    place = folder / f"{size} {limit}" if stored else None
                    name = f"{size} events, {limit} kept, {'stored' if stored else 'in memory'}"
                    told[name] = _recorded(long[:size], limit, place)
    told["a limit below nothing"] = str(raised_by(lambda: TraceRecorder(-1), folder))
    return {"recordings": told, "recorders": dict(_recorders(folder))}


def _recorded(events: Sequence[Event], limit: int | None, place: Path | None) -> str:
    recorder = TraceRecorder(limit, None if place is None else TraceWriter(place))
    keep = {kind: recorder.keeper(kind) for kind in EventKind}
    asked, room = 0, recorder.trim()
    for event in events:
        keep[event.kind](event)
        room -= 1
        if not room:
            asked, room = asked + 1, recorder.trim()
    trace = recorder.finish(len(events) + 3)
    due = list(events) if limit is None else list(events)[max(len(events) - limit, 0) :]
    if [*trace] != due or len(trace) != len(due):
        return "not meant: other events"
    if trace.digest != Trace.from_events(due).digest:
        return "not meant: another digest"
    return f"{len(trace)} kept, {trace.dropped} dropped, {len(trace.chunks)} chunks, {asked} turns"


def _recorders(folder: Path) -> Iterator[tuple[str, str]]:
    recorder = TraceRecorder()
    keep = recorder.keeper(EventKind.SIGNAL)
    events = [event for event in _signals(9) if event.kind is EventKind.SIGNAL]
    for event in events:
        keep(event)
    yield "room left", str(recorder.trim())
    yield "too few in all", str(raised_by(lambda: recorder.finish(3), folder))
    recorder = TraceRecorder()
    recorder.keeper(EventKind.BAR)(events[0])
    yield "a wrong kind", str(raised_by(lambda: recorder.finish(99), folder))
    recorder = TraceRecorder()
    recorder.finish(0)
    yield "finished twice", str(raised_by(lambda: recorder.finish(0), folder))
    writer = TraceWriter(folder / "abandoned")
    recorder = TraceRecorder(None, writer)
    keep = recorder.keeper(EventKind.SIGNAL)
    for event in _signals(CHUNK_ROWS * 2):
        if event.kind is EventKind.SIGNAL:
            keep(event)
    recorder.trim()
    recorder.abandon()
    yield "abandoned", str(raised_by(lambda: Trace.open(folder / "abandoned"), folder))
    yield "abandoned and finished", str(raised_by(lambda: recorder.finish(0), folder))
    yield "begun anew", _recorded(_signals(20), None, folder / "abandoned")


def storing(folder: Path) -> Outcomes:
    """Store traces, and ask for what there is and what there is not."""
    told: dict[str, str] = {}
    for pattern in PATTERNS:
        events = mixed(400, pattern)
        trace = Trace.from_events(events).save(folder / pattern)
        again = Trace.open(folder / pattern)
        same = [*map(plain_event, again)] == [*map(plain_event, events)]
        files = [_form(file) for file in sorted((folder / pattern).glob("*.parquet"))]
        counts = f"{trace.digest} {again.nbytes} {files} {again.infos} {again.summary(folder)}"
        shown = hashlib.sha256(counts.encode()).hexdigest()[:16]
        told[pattern] = shown if same and len(again.chunks) == 1 else "not meant: other events"
    return {"stored": told, "long": dict(_long(folder)), "writers": dict(_writers(folder))}


def _form(file: Path) -> str:
    """Say of a Parquet file what other readers see."""
    group = pq.ParquetFile(file).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    forms = [(c.path_in_schema, c.compression, c.encodings, c.is_stats_set) for c in columns]
    return f"{file.name}: {group.num_rows} {pq.read_schema(file)} {forms}"


def _long(folder: Path) -> Iterator[tuple[str, str]]:
    # The middle chunk has one kind alone, so that the other has fewer row groups.
    events = _signals(3 * CHUNK_ROWS)
    alone = [event for event in events[CHUNK_ROWS:] if event.kind is EventKind.SIGNAL]
    events = [*events[:CHUNK_ROWS], *alone[:CHUNK_ROWS], *events[-5:]]
    trace = Trace.from_events(events).save(folder / "long trace")
    chunks = trace.chunks
    ends = [f"{len(chunk)} {chunk.last_seq}" for chunk in (chunks[-1], chunks[0], chunks[1])]
    yield "chunks", f"{len(chunks)}: {', '.join(ends)}"
    for number in (len(chunks), -len(chunks) - 1):
        yield f"chunk {number}", str(raised_by(lambda n=number: chunks[n], folder))  # type: ignore[misc]
    yield "a slice", str([len(chunk) for chunk in chunks[1:]])
    yield "from the end", str([len(chunk) for chunk in chunks[::-1]])
    asked: Iterable[int] = (0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, len(trace) - 1)
    wrong = [n for n in asked if trace.event(n) != events[n]]
    found = [n for n in asked if trace.event_by_seq(events[n].seq) != events[n]]
    yield "events", str(wrong + found)
    for number in (-1, len(trace)):
        yield f"event {number}", str(raised_by(lambda n=number: trace.event(n), folder))  # type: ignore[misc]
    between = [-1, CHUNK_ROWS, CHUNK_ROWS + 2, events[-1].seq + 1]
    yield "numbers", str([trace.event_by_seq(seq) is None for seq in between])
    for limit in (0, 1, 5, CHUNK_ROWS, len(trace) - 1, len(trace), len(trace) + 1):
        kept = trace.newest(limit)
        due = Trace.from_events(events[max(len(events) - limit, 0) :])
        yield f"newest {limit}", f"{len(kept)} {kept.dropped} {kept.digest == due.digest}"


def _writers(folder: Path) -> Iterator[tuple[str, str]]:
    events = _signals(CHUNK_ROWS + 20)
    first, rest = (TraceChunk.from_events(e) for e in (events[:CHUNK_ROWS], events[CHUNK_ROWS:]))
    small, all_of_it = rest.slice(0, 5), TraceChunk.concatenate([first, rest])
    late = all_of_it.slice(CHUNK_ROWS - 1, CHUNK_ROWS + 3)

    def written(name: str, *chunks: TraceChunk, end: tuple[int, int] | None = None) -> str:
        def act() -> None:
            with TraceWriter(folder / name) as writer:
                for chunk in chunks:
                    writer.write(chunk)
                if end is not None:
                    writer.finish(*end)

        return (
            raised_by(act, folder)
            or raised_by(lambda: Trace.open(folder / name), folder)
            or (f"{len(Trace.open(folder / name))} events")
        )

    cases: dict[str, Callable[[str], str]] = {
        "whole": lambda name: written(name, first, rest, end=(len(events), 0)),
        "again": lambda name: written("whole", first),
        "not finished": lambda name: written(name, first),
        "nothing": lambda name: written(name, end=(0, 0)),
        "nothing of some": lambda name: written(name, end=(9, 4)),
        "nothing but dropped": lambda name: written(name, end=(4, 4)),
        "nothing, more dropped": lambda name: written(name, end=(4, 5)),
        "less than nothing dropped": lambda name: written(name, end=(4, -1)),
        "an empty chunk": lambda name: written(name, small.slice(0, 0), end=(0, 0)),
        "a short chunk first": lambda name: written(name, small, rest.slice(5, 9)),
        "the same twice": lambda name: written(name, first, first),
        "the other way round": lambda name: written(name, rest, first),
        "overlapping": lambda name: written(name, first, late),
        "too long": lambda name: written(name, all_of_it),
        "too few events": lambda name: written(name, small, end=(4, 0)),
        "as many as the last number": lambda name: written(name, small, end=(CHUNK_ROWS + 4, 0)),
        "one more": lambda name: written(name, small, end=(CHUNK_ROWS + 5, 0)),
        "as many as can be dropped": lambda name: written(
            name, small, end=(CHUNK_ROWS + 5, CHUNK_ROWS)
        ),
        "one too many dropped": lambda name: written(
            name, small, end=(CHUNK_ROWS + 5, CHUNK_ROWS + 1)
        ),
        "nowhere": lambda name: raised_by(lambda: Trace.open(folder / name), folder) or "opened",
    }  # fmt: skip
    for name, act in cases.items():
        yield name, act(name)
    (folder / "a file").write_text("kept")
    yield "in a file", str(raised_by(lambda: TraceWriter(folder / "a file"), folder))


TRACES: Final[Mapping[str, Callable[[Path], Outcomes]]] = {
    "columns": columns,
    "cuts": cuts,
    "recordings": recordings,
    "refusals": refusals,
    "storing": storing,
}
"""What is held, by name; each takes an empty folder."""
