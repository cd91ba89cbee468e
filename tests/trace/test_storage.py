from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from containers.errors import StorageError
from containers.events import Bar, Event, EventKind, Features
from containers.trace import CHUNK_ROWS, EMPTY_DIGEST, Trace, TraceChunk, TraceWriter
from containers.trace.storage import (
    INDEX_FILE,
    KindEntry,
    TraceIndex,
    TraceReader,
    file_of,
    sealed,
)

Unit = Callable[[int], list[Event]]


@pytest.fixture
def stored(unit: Unit, tmp_path: Path) -> Path:
    Trace.from_events(unit(400)).save(tmp_path / "trace")
    return tmp_path / "trace"


def forge_index(path: Path, **changes: Any) -> None:
    """Change the index as one would who knows of the checksum."""
    index = msgspec.json.decode((path / INDEX_FILE).read_bytes(), type=TraceIndex)
    forged = sealed(msgspec.structs.replace(index, **changes))
    (path / INDEX_FILE).write_bytes(msgspec.json.encode(forged))


def test_reading_back_gives_the_same_bits_and_digests(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path
) -> None:
    trace = Trace.from_chunks(long_trace.chunks, events_total=200_000)
    stored = trace.save(tmp_path / "trace")
    assert stored.prefix_digests == trace.prefix_digests
    assert stored.infos == trace.infos
    assert all(ours.same(theirs) for ours, theirs in zip(trace.chunks, stored.chunks, strict=True))
    assert stored.events_total == 200_000
    assert list(stored.events()) == long_unit
    assert stored.event_by_seq(70_000) == long_unit[70_000]
    assert stored.summary(tmp_path).path == "trace"
    files = {file_of(kind) for kind in EventKind} | {INDEX_FILE}
    assert {file.name for file in (tmp_path / "trace").iterdir()} == files


def test_bits_of_nan_and_negative_zero_survive_the_disk(tmp_path: Path) -> None:
    patterns = (0x7FF8000000000123, 0xFFF0000000000001, 0x7FF8000000000000, 1 << 63, 0)
    values = [struct.unpack("<d", struct.pack("<Q", pattern))[0] for pattern in patterns]
    events: list[Event] = []
    for value in values:
        seq = len(events)
        prices = (value, 1.0, 1.0, 1.0)
        events.append(Bar(seq, 0, "d", None, "A", "1d", *prices, value))
        events.append(Features(seq + 1, 0, "f", seq, "A", "1d", {"x": value, "y": None}))
    trace = Trace.from_events(events)
    stored = trace.save(tmp_path / "trace")
    assert stored.chunks[0].same(trace.chunks[0])


def test_a_kind_that_is_absent_from_some_chunks_is_read_from_the_right_row_group(
    long_unit: list[Event], tmp_path: Path
) -> None:
    def rare(event: Event) -> bool:
        return event.kind != EventKind.SIGNAL or event.seq > 2 * CHUNK_ROWS

    events = [event for event in long_unit if rare(event)]
    stored = Trace.from_events(events).save(tmp_path / "trace")
    assert EventKind.SIGNAL not in stored.chunks[0].tables
    assert EventKind.SIGNAL in stored.chunks[-1].tables
    assert list(stored.events()) == events


def test_an_empty_trace_is_stored_as_an_index_alone(tmp_path: Path) -> None:
    stored = Trace.from_events([], events_total=9).save(tmp_path / "deep" / "trace")
    assert (len(stored), stored.digest, stored.events_total) == (0, EMPTY_DIGEST, 9)
    assert [file.name for file in (tmp_path / "deep" / "trace").iterdir()] == [INDEX_FILE]


def test_pandas_reads_what_a_user_expects(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path
) -> None:
    folder = tmp_path / "trace"
    long_trace.save(folder)
    fills = pd.read_parquet(folder / "fill.parquet")
    expected = [event for event in long_unit if event.kind == EventKind.FILL]
    assert len(fills) == len(expected)
    assert fills["portfolio"].unique().tolist() == ["fast.moderate"]
    assert pd.api.types.is_string_dtype(fills["symbol"])
    assert fills["time_ns"].dtype == np.int64
    bars = pd.read_parquet(folder / "bar.parquet")
    assert bars["cause"].isna().all()
    assert bars["volume"].isna().sum() == sum(
        event.volume is None for event in long_unit if isinstance(event, Bar)
    )
    features = pd.read_parquet(folder / "features.parquet")
    assert features["names"].iloc[1] == "sma_10,std_20"
    assert features["values"].iloc[0].tolist() == []
    assert len(features["values"].iloc[-1]) == 2
    orders = pd.read_parquet(folder / "order.parquet")
    assert orders["rules"].unique().tolist() == ["max_drawdown,max_leverage"]


def test_chunks_are_read_only_when_needed(stored: Path) -> None:
    trace = Trace.open(stored)
    (stored / "bar.parquet").unlink()
    assert trace.summary().kept == 400
    with pytest.raises(StorageError, match=r"bar\.parquet is damaged or foreign"):
        list(trace.events())


def test_indexing_chunks_behaves_as_for_any_sequence(stored: Path) -> None:
    reader = TraceReader(stored)
    assert reader[-1] is reader[0]
    assert [chunk.rows for chunk in reader[:5]] == [400]
    with pytest.raises(IndexError, match="chunk 1 of a trace of 1 chunks"):
        reader[1]
    reader.close()
    assert TraceReader(stored)[0].same(reader[0])


def test_a_folder_without_a_trace_is_told_from_an_interrupted_one(
    stored: Path, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match=r"has no trace\.json: there is no trace"):
        Trace.open(tmp_path / "nowhere")
    (stored / INDEX_FILE).unlink()
    with pytest.raises(StorageError, match=r"has no trace\.json: its recording was interrupted"):
        Trace.open(stored)


def test_a_new_writer_clears_an_interrupted_trace_away_and_nothing_else(
    stored: Path, unit: Unit
) -> None:
    (stored / INDEX_FILE).unlink()
    (stored / "notes.txt").write_text("mine")
    few = [event for event in unit(400) if event.kind == EventKind.BAR]
    assert list(Trace.from_events(few).save(stored).events()) == few
    names = {file.name for file in stored.iterdir()}
    assert names == {"bar.parquet", INDEX_FILE, "notes.txt"}


def test_a_complete_trace_is_never_overwritten(stored: Path) -> None:
    before = {file.name: file.read_bytes() for file in stored.iterdir()}
    with pytest.raises(StorageError, match="holds a complete trace; choose another folder"):
        TraceWriter(stored)
    assert {file.name: file.read_bytes() for file in stored.iterdir()} == before


def test_a_file_where_the_folder_should_be_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("")
    with pytest.raises(StorageError, match="cannot take a trace"):
        TraceWriter(tmp_path / "trace")
    with pytest.raises(StorageError, match=r"trace\.json cannot be read"):
        Trace.open(tmp_path / "trace")


def test_a_failing_disk_is_a_storage_error(unit: Unit, tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "trace")
    (tmp_path / "trace").rmdir()
    with pytest.raises(StorageError, match="cannot be written"):
        writer.write(TraceChunk.from_events(unit(10)))
    with pytest.raises(StorageError, match="cannot be finished"):
        writer.finish(10, 0)


def test_a_writer_refuses_chunks_that_do_not_follow_on(unit: Unit, tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    writer.write(TraceChunk.from_events([]))
    writer.write(TraceChunk.from_events(unit(10)))
    with pytest.raises(ValueError, match="cannot follow 10 events that end with 9"):
        writer.write(TraceChunk.from_events(unit(20)[10:]))
    writer.close()


def test_a_total_that_cannot_be_is_refused_before_the_index_is_written(
    unit: Unit, tmp_path: Path
) -> None:
    with TraceWriter(tmp_path) as writer:
        writer.write(TraceChunk.from_events(unit(10)))
        with pytest.raises(ValueError, match="a unit of 9 events cannot have kept 10"):
            writer.finish(9, 0)
    assert not (tmp_path / INDEX_FILE).exists()


def test_another_version_is_refused_by_name(stored: Path) -> None:
    index = {**json.loads((stored / INDEX_FILE).read_text()), "format": "paritykit/trace/2"}
    (stored / INDEX_FILE).write_text(json.dumps({**index, "novelty": 1}))
    with pytest.raises(StorageError, match="'paritykit/trace/2'; expected 'paritykit/trace/1'"):
        Trace.open(stored)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 1}', b"null"])
def test_an_index_that_is_none_is_refused(stored: Path, content: bytes) -> None:
    (stored / INDEX_FILE).write_bytes(content)
    with pytest.raises(StorageError, match="is not the index of a trace"):
        Trace.open(stored)


@pytest.mark.parametrize("size", [0.1, 0.5, 0.9])
def test_a_truncated_index_is_refused(stored: Path, size: float) -> None:
    content = (stored / INDEX_FILE).read_bytes()
    (stored / INDEX_FILE).write_bytes(content[: int(len(content) * size)])
    with pytest.raises(StorageError, match="is not the index of a trace"):
        Trace.open(stored)


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.update(events=401),
        lambda index: index.update(dropped=1),
        lambda index: index.update(chunk_rows=7),
        lambda index: index["chunks"][0]["kinds"].update(BAR=1),
        lambda index: index["chunks"].append(index["chunks"][0]),
        lambda index: index["files"].pop("bar.parquet"),
        lambda index: index.pop("checksum"),
    ],
)
def test_an_index_that_was_edited_is_refused(
    stored: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    index = json.loads((stored / INDEX_FILE).read_text())
    change(index)
    (stored / INDEX_FILE).write_text(json.dumps(index))
    with pytest.raises(StorageError, match="does not have the checksum it states"):
        Trace.open(stored)


@pytest.mark.parametrize("cut", [1, 300])
def test_a_truncated_file_is_refused_when_the_trace_is_opened(stored: Path, cut: int) -> None:
    file = stored / "bar.parquet"
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(StorageError, match=r"bar\.parquet has \d+ bytes; trace\.json states \d+"):
        Trace.open(stored)


def test_a_missing_file_is_refused_when_the_trace_is_opened(stored: Path) -> None:
    (stored / "order.parquet").unlink()
    with pytest.raises(StorageError, match=r"order\.parquet cannot be read"):
        Trace.open(stored)


def replace_file(stored: Path, name: str, content: bytes) -> None:
    index = msgspec.json.decode((stored / INDEX_FILE).read_bytes(), type=TraceIndex)
    files = index.files
    (stored / name).write_bytes(content)
    forge_index(stored, files={**files, name: KindEntry(files[name].rows, len(content))})


def test_a_foreign_file_is_refused_with_what_it_holds(stored: Path) -> None:
    replace_file(stored, "bar.parquet", (stored / "fill.parquet").read_bytes())
    with pytest.raises(StorageError, match=r"bar\.parquet is damaged or foreign: its columns are"):
        list(Trace.open(stored).events())
    replace_file(stored, "bar.parquet", b"PAR1 nonsense PAR1")
    with pytest.raises(StorageError, match=r"bar\.parquet is damaged or foreign"):
        list(Trace.open(stored).events())


def test_the_file_of_another_trace_is_refused_by_its_digest(
    stored: Path, unit: Unit, tmp_path: Path
) -> None:
    events = unit(400)
    events[0] = msgspec.structs.replace(events[0], open=1.0)
    Trace.from_events(events).save(tmp_path / "other")
    replace_file(stored, "bar.parquet", (tmp_path / "other" / "bar.parquet").read_bytes())
    with pytest.raises(StorageError, match="does not have the digest or the counts"):
        list(Trace.open(stored).events())


def test_a_summary_that_was_tampered_with_is_noticed_on_reading(stored: Path) -> None:
    (info,) = TraceReader(stored).trace_index.chunks
    more = msgspec.structs.replace(info, containers={**info.containers, "execution": 10**6})
    forge_index(stored, chunks=(more,))
    with pytest.raises(StorageError, match="does not have the digest or the counts"):
        list(Trace.open(stored).events())


def test_no_flipped_bit_is_ever_shown_as_events(stored: Path, unit: Unit) -> None:
    expected = unit(400)
    file = stored / "features.parquet"
    content = file.read_bytes()
    draw = random.Random(11)
    refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        try:
            assert list(Trace.open(stored).events()) == expected
        except StorageError:
            refused += 1
    assert refused > 30
