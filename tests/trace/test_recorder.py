from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from containers.errors import StorageError
from containers.events import Event
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


def record(events: list[Event], recorder: TraceRecorder, step: int = 997) -> Trace:
    append = recorder.buffer.append
    for start in range(0, len(events), step):
        for event in events[start : start + step]:
            append(event)
        recorder.trim()
        assert len(recorder.buffer) < PIECE_ROWS
    return recorder.finish(len(events))


def test_pieces_divide_chunks() -> None:
    assert CHUNK_ROWS % PIECE_ROWS == 0


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


def test_a_refused_event_leaves_the_buffer_as_it_was(unit: Unit) -> None:
    recorder = TraceRecorder()
    recorder.buffer.extend(unit(10))
    recorder.buffer[3] = msgspec.structs.replace(recorder.buffer[3], time_ns=None)
    with pytest.raises(InvalidEventError, match="event 3"):
        recorder.finish(10)
    assert len(recorder.buffer) == 10


def test_a_number_out_of_order_is_refused_across_pieces(unit: Unit) -> None:
    events = unit(PIECE_ROWS)
    recorder = TraceRecorder()
    recorder.buffer.extend([*events, events[-1]])
    with pytest.raises(InvalidEventError, match=f"expected a number above {PIECE_ROWS - 1}"):
        recorder.finish(PIECE_ROWS + 1)


def test_a_recorder_finishes_once(unit: Unit) -> None:
    recorder = TraceRecorder()
    record(unit(5), recorder)
    with pytest.raises(RuntimeError, match="finished already"):
        recorder.finish(5)


def test_a_total_below_what_was_kept_is_refused(unit: Unit) -> None:
    recorder = TraceRecorder()
    recorder.buffer.extend(unit(5))
    with pytest.raises(ValueError, match="a unit of 4 events cannot have kept 5"):
        recorder.finish(4)


def test_an_abandoned_trace_on_disk_is_recognised_as_interrupted(
    long_unit: list[Event], tmp_path: Path
) -> None:
    recorder = TraceRecorder(store=TraceWriter(tmp_path))
    recorder.buffer.extend(long_unit[: CHUNK_ROWS + 5])
    recorder.trim()
    recorder.abandon()
    assert not recorder.buffer
    with pytest.raises(StorageError, match=r"has no trace\.json: its recording was interrupted"):
        Trace.open(tmp_path)
