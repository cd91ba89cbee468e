"""Traces that are recorded and stored: short and long, with a limit, finished and abandoned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from containers.events import Classification, Event, EventKind, Signal
from containers.trace import CHUNK_ROWS, PIECE_ROWS, Trace, TraceChunk, TraceRecorder, TraceWriter
from parity.damage.made_events import PATTERNS, mixed, plain_event
from parity.damage.stored_study import raised_by as raised_below
from parity.damage.told import Outcomes

__all__ = ["raised_by", "recordings", "storing"]

_MEANT: Final = (ValueError, IndexError, RuntimeError)
"""What is raised beside our own errors when a caller does what no caller should."""


def raised_by(act: Callable[[], Any], root: Path) -> str | None:
    """Give what is raised, as text; null when nothing is."""
    return raised_below(act, root, _MEANT)


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
    for stored in (False, True):  # a slice ends when more have come together than are waited for
        place = folder / "in slices" if stored else None
        name = f"{len(long)} events in slices, {'stored' if stored else 'in memory'}"
        told[name] = _recorded(long, None, place, 700)
    told["a limit below nothing"] = str(raised_by(lambda: TraceRecorder(-1), folder))
    return {"recordings": told, "recorders": dict(_recorders(folder))}


def _recorded(
    events: Sequence[Event], limit: int | None, place: Path | None, slice_rows: int = 1
) -> str:
    recorder = TraceRecorder(limit, None if place is None else TraceWriter(place))
    keep = {kind: recorder.keeper(kind) for kind in EventKind}
    asked, room = 0, recorder.trim()
    for number, event in enumerate(events, 1):
        keep[event.kind](event)
        room -= 1
        if room <= 0 and number % slice_rows == 0:
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
