from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.events import Event, EventKind
from containers.trace import (
    EMPTY_DIGEST,
    KINDS,
    PrefixDigest,
    Trace,
    TraceChunk,
    TraceLevel,
    kept_kinds,
)

Unit = Callable[[int], list[Event]]


def test_importing_the_package_imports_neither_pyarrow_nor_pandas() -> None:
    code = "import sys, containers.trace; sys.exit(bool({'pyarrow', 'pandas'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_an_empty_trace_has_a_digest_and_a_summary() -> None:
    trace = Trace.from_events([], events_total=7)
    assert (len(trace), trace.digest, trace.prefix_digests) == (0, EMPTY_DIGEST, ())
    summary = trace.summary()
    assert (summary.events, summary.kept, summary.first_ns, summary.last_ns) == (7, 0, None, None)
    assert summary.path is None
    assert trace.event_by_seq(0) is None
    assert list(trace.events()) == []


def test_prefix_digests_count_events_and_chain(long_unit: list[Event], long_trace: Trace) -> None:
    trace = long_trace
    assert [prefix.events for prefix in trace.prefix_digests] == [65_536, 131_072, 132_072]
    previous = EMPTY_DIGEST
    for chunk, prefix in zip(trace.chunks, trace.prefix_digests, strict=True):
        previous = chunk.digest(previous)
        assert prefix == PrefixDigest(prefix.events, previous)
    shorter = Trace.from_events(long_unit[:65_536])
    assert shorter.prefix_digests == trace.prefix_digests[:1]


def test_the_summary_counts_by_kind_and_container(long_unit: list[Event]) -> None:
    summary = Trace.from_events(long_unit, events_total=200_000).summary()
    assert (summary.events, summary.kept, summary.dropped) == (200_000, len(long_unit), 0)
    assert summary.by_kind == Counter(str(event.kind) for event in long_unit)
    assert list(summary.by_kind) == [str(kind) for kind in EventKind]
    assert summary.by_container == Counter(event.container for event in long_unit)
    assert (summary.first_ns, summary.last_ns) == (long_unit[0].time_ns, long_unit[-1].time_ns)


def test_events_are_found_by_their_number(long_unit: list[Event]) -> None:
    kept = [event for event in long_unit if event.seq % 3]
    trace = Trace.from_events(kept)
    for seq in (1, 2, 65_536, 98_303, 98_305, 131_072):
        expected = long_unit[seq] if seq % 3 else None
        assert trace.event_by_seq(seq) == expected
    for seq in (-5, 0, 3, 98_304, 10**9):
        assert trace.event_by_seq(seq) is None


def test_events_are_found_by_their_position(long_unit: list[Event], long_trace: Trace) -> None:
    trace = long_trace
    for position in (0, 65_535, 65_536, len(long_unit) - 1):
        assert trace.event(position) == long_unit[position]
    with pytest.raises(IndexError, match="position -1 of a trace"):
        trace.event(-1)


def test_chunks_of_any_length_are_cut_anew(long_unit: list[Event], long_trace: Trace) -> None:
    pieces = [TraceChunk.from_events(long_unit[i : i + 30_001]) for i in range(0, 132_072, 30_001)]
    trace = Trace.from_chunks(pieces)
    assert trace.prefix_digests == long_trace.prefix_digests
    whole = Trace.from_chunks([TraceChunk.concatenate(pieces)])
    assert whole.prefix_digests == trace.prefix_digests


def test_chunks_out_of_order_are_refused(long_unit: list[Event]) -> None:
    pieces = [TraceChunk.from_events(long_unit[i : i + 65_536]) for i in (65_536, 0)]
    with pytest.raises(ValueError, match="a chunk begins with event 0, the one before it ends"):
        Trace.from_chunks(pieces)


def test_a_filtered_trace_is_the_one_a_lower_level_records(
    long_unit: list[Event], long_trace: Trace
) -> None:
    trace = long_trace
    overrides = {"execution": "none", "data/BBB/*": "detailed"}

    def keep(kind: EventKind, container: str) -> bool:
        return kind in kept_kinds(container, TraceLevel.STANDARD, overrides)

    expected = [event for event in long_unit if keep(event.kind, event.container)]
    filtered = trace.filtered(keep)
    assert 0 < len(expected) < len(long_unit)
    assert list(filtered.events()) == expected
    recorded = Trace.from_events(expected)
    assert filtered.prefix_digests == recorded.prefix_digests
    assert filtered.events_total == trace.events_total


def test_a_filter_is_asked_once_for_each_kind_and_container_of_a_chunk(unit: Unit) -> None:
    asked: list[tuple[EventKind, str]] = []

    def keep(kind: EventKind, container: str) -> bool:
        asked.append((kind, container))
        return kind in KINDS[TraceLevel.NONE]

    assert len(Trace.from_events(unit(2000)).filtered(keep)) == 0
    assert len(asked) == len(set(asked)) == 12


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda trace: pickle.loads(pickle.dumps(trace))])
def test_traces_travel_between_processes(
    unit: Unit, tmp_path: Path, clone: Callable[[Trace], Trace]
) -> None:
    trace = Trace.from_events(unit(300), events_total=400)
    stored = trace.save(tmp_path / "trace")
    list(stored.events())  # holds open files now, which do not travel
    for original in (trace, stored):
        copied = clone(original)
        assert (copied.path, copied.summary()) == (original.path, original.summary())
        assert list(copied.events()) == list(original.events())


def test_sizes_are_those_of_the_buffers(unit: Unit, tmp_path: Path) -> None:
    trace = Trace.from_events(unit(300))
    buffers = [buffer for chunk in trace.chunks for buffer in chunk.buffers()]
    assert trace.nbytes == sum(buffer.nbytes for buffer in buffers)
    assert trace.save(tmp_path / "trace").nbytes == trace.nbytes
