from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from containers.errors import StorageError
from containers.events import Event, EventKind
from containers.trace import (
    CHUNK_ROWS,
    EMPTY_DIGEST,
    PIECE_ROWS,
    InvalidEventError,
    Trace,
    TraceRecorder,
    TraceWriter,
)

Unit = Callable[[int], list[Event]]


def keep(events: Iterable[Event], recorder: TraceRecorder) -> None:
    for event in events:
        recorder.keeper(event.kind)(event)


def record(events: list[Event], recorder: TraceRecorder, step: int = 997) -> Trace:
    for start in range(0, len(events), step):
        keep(events[start : start + step], recorder)
        recorder.trim()
        assert sum(map(len, recorder.waiting.values())) < PIECE_ROWS
    return recorder.finish(len(events))


def test_trimming_tells_how_many_more_may_be_kept_before_it_is_due_again(unit: Unit) -> None:
    recorder, events = TraceRecorder(), unit(PIECE_ROWS + 10)
    assert recorder.trim() == PIECE_ROWS
    keep(events[:1000], recorder)
    assert recorder.trim() == PIECE_ROWS - 1000
    assert sum(map(len, recorder.waiting.values())) == 1000
    keep(events[1000 : PIECE_ROWS + 2], recorder)
    assert recorder.trim() == PIECE_ROWS
    assert not any(recorder.waiting.values())
    keep(events[PIECE_ROWS + 2 :], recorder)
    assert recorder.trim() == PIECE_ROWS - 8
    assert list(recorder.finish(len(events))) == events


@pytest.mark.parametrize("step", [1, 997, 200_000])
def test_pieces_of_any_length_become_chunks_of_exactly_the_fixed_length(
    long_unit: list[Event], long_trace: Trace, step: int
) -> None:
    trace = record(long_unit, TraceRecorder(), step)
    assert [chunk.rows for chunk in trace.chunks] == [CHUNK_ROWS, CHUNK_ROWS, 1000]
    assert trace.prefix_digests == long_trace.prefix_digests


def test_an_event_kept_as_another_kind_is_refused(unit: Unit) -> None:
    recorder, (bar, features) = TraceRecorder(), unit(2)
    recorder.keeper(EventKind.BAR)(bar)
    recorder.keeper(EventKind.BAR)(features)
    with pytest.raises(InvalidEventError, match=r"event 1 \(Features\).*an event of the kind BAR"):
        recorder.finish(2)


def test_a_number_that_is_there_twice_is_refused_across_kinds(unit: Unit) -> None:
    recorder, (bar, features) = TraceRecorder(), unit(2)
    keep([bar, msgspec.structs.replace(features, seq=bar.seq)], recorder)
    with pytest.raises(InvalidEventError, match="expected a number above 0"):
        recorder.finish(2)


def test_all_events_are_kept_in_chunks_of_exactly_the_fixed_length(
    long_unit: list[Event], long_trace: Trace
) -> None:
    trace = record(long_unit, TraceRecorder())
    assert [chunk.rows for chunk in trace.chunks] == [CHUNK_ROWS, CHUNK_ROWS, 1000]
    assert (len(trace), trace.events_total, trace.dropped) == (len(long_unit), len(long_unit), 0)
    assert list(trace.events()) == long_unit
    assert trace.prefix_digests == long_trace.prefix_digests


@pytest.mark.parametrize(
    "limit", [0, 1, 10, PIECE_ROWS - 1, PIECE_ROWS, PIECE_ROWS + 1, 8999, 9000, 9001]
)
@pytest.mark.parametrize("step", [1, 997, 9000])
def test_a_limit_keeps_the_newest_and_counts_the_dropped(unit: Unit, limit: int, step: int) -> None:
    events = unit(9000)
    trace = record(events, TraceRecorder(max_events=limit), step)
    kept = events[max(len(events) - limit, 0) :]
    assert len(trace) == len(kept)
    assert trace.dropped == len(events) - len(kept)
    assert trace.digest == Trace.from_events(kept).digest
    assert trace.digest == Trace.from_events(events).newest(limit).digest


def test_a_limit_of_more_than_a_chunk_cuts_chunks_from_the_first_kept_event(
    long_unit: list[Event],
) -> None:
    trace = record(long_unit, TraceRecorder(max_events=70_000), step=9000)
    assert [chunk.rows for chunk in trace.chunks] == [CHUNK_ROWS, 70_000 - CHUNK_ROWS]
    assert trace.digest == Trace.from_events(long_unit[-70_000:]).digest


def test_a_limit_of_none_at_all_gives_an_empty_trace(unit: Unit) -> None:
    trace = record(unit(20), TraceRecorder(max_events=0))
    assert (len(trace), trace.dropped, trace.digest) == (0, 20, EMPTY_DIGEST)


def test_with_a_store_chunks_leave_the_memory_and_the_digest_stays(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path
) -> None:
    trace = record(long_unit, TraceRecorder(store=TraceWriter(tmp_path / "trace")))
    assert trace.path == tmp_path / "trace"
    assert trace.prefix_digests == long_trace.prefix_digests


def test_a_limit_and_a_store_go_together(unit: Unit, tmp_path: Path) -> None:
    events = unit(9000)
    trace = record(events, TraceRecorder(5000, TraceWriter(tmp_path / "trace")))
    assert (len(trace), trace.dropped, trace.events_total) == (5000, 4000, 9000)
    assert list(trace) == events[4000:]


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="max_events is -1; expected 0 or more"):
        TraceRecorder(max_events=-1)


def test_a_refused_event_leaves_what_waits_as_it_was(unit: Unit) -> None:
    recorder = TraceRecorder()
    events = unit(10)
    events[3] = msgspec.structs.replace(events[3], time_ns=None)
    keep(events, recorder)
    with pytest.raises(InvalidEventError, match="event 3"):
        recorder.finish(10)
    assert sum(map(len, recorder.waiting.values())) == 10


def test_a_number_out_of_order_is_refused_across_pieces(unit: Unit) -> None:
    events = unit(PIECE_ROWS)
    recorder = TraceRecorder()
    keep(events, recorder)
    recorder.trim()
    keep(events[-1:], recorder)
    with pytest.raises(InvalidEventError, match=f"expected a number above {PIECE_ROWS - 1}"):
        recorder.finish(PIECE_ROWS + 1)


def test_a_recorder_finishes_once(unit: Unit) -> None:
    recorder = TraceRecorder()
    record(unit(5), recorder)
    with pytest.raises(RuntimeError, match="finished already"):
        recorder.finish(5)


def test_a_total_below_what_was_kept_is_refused(unit: Unit) -> None:
    recorder = TraceRecorder()
    keep(unit(5), recorder)
    with pytest.raises(ValueError, match="a unit of 4 events cannot have kept 5"):
        recorder.finish(4)


def test_an_abandoned_trace_on_disk_is_recognised_as_interrupted(
    long_unit: list[Event], tmp_path: Path
) -> None:
    recorder = TraceRecorder(store=TraceWriter(tmp_path))
    keep(long_unit[: CHUNK_ROWS + 5], recorder)
    recorder.trim()
    recorder.abandon()
    assert not any(recorder.waiting.values())
    with pytest.raises(StorageError, match=r"has no trace\.json: its recording was interrupted"):
        Trace.open(tmp_path)
