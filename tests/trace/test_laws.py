"""What must hold of any events at all."""

from __future__ import annotations

import struct
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from containers.events import EVENT_TYPES, Event
from containers.trace import (
    SCHEMAS,
    ColumnType,
    Trace,
    TraceChunk,
)

LAWS = settings(derandomize=True, max_examples=60, deadline=None, database=None)

names = st.text(st.characters(exclude_characters=",", codec="utf-8"), min_size=1, max_size=3)
floats = st.floats(allow_nan=True, allow_infinity=True, width=64)
values_of: dict[ColumnType, st.SearchStrategy[Any]] = {
    ColumnType.INT: st.integers(-(2**63), 2**63 - 1),
    ColumnType.NULLABLE_INT: st.none() | st.integers(0, 2**63 - 1),
    ColumnType.FLOAT: floats,
    ColumnType.NULLABLE_FLOAT: st.none() | floats,
    ColumnType.TEXT: st.text(st.characters(codec="utf-8"), max_size=3),
    ColumnType.TEXTS: st.lists(names, max_size=3).map(tuple),
    ColumnType.FLOATS_BY_NAME: st.dictionaries(names, st.none() | floats, max_size=3),
}


@st.composite
def units(draw: st.DrawFn) -> list[Event]:
    """Draw events of all kinds, with gaps in their numbers."""
    events: list[Event] = []
    seq = 0
    for kind in draw(st.lists(st.sampled_from(list(EVENT_TYPES)), max_size=12)):
        seq += draw(st.integers(1, 3))
        fields = {
            field: draw(values_of[type_])
            for field, type_ in SCHEMAS[kind].items()
            if field != "seq"
        }
        events.append(EVENT_TYPES[kind](seq=seq, **fields))
    return events


def bits(value: object) -> object:
    """Make a value comparable in every bit and in its type."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return [(name, bits(inner)) for name, inner in value.items()]
    return (type(value), value)


def exact(event: Event) -> object:
    return (type(event), [bits(value) for value in msgspec.structs.astuple(event)])


@LAWS
@given(units())
def test_events_survive_the_columns_bit_by_bit(events: list[Event]) -> None:
    back = TraceChunk.from_events(events).events()
    assert list(map(exact, back)) == list(map(exact, events))


@settings(LAWS, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(units())
def test_events_survive_the_disk_bit_by_bit(events: list[Event]) -> None:
    trace = Trace.from_events(events)
    with tempfile.TemporaryDirectory() as folder:
        stored = trace.save(Path(folder) / "trace")
        assert stored.prefix_digests == trace.prefix_digests
        assert list(map(exact, stored.events())) == list(map(exact, events))


@LAWS
@given(units(), st.integers(0, 12), st.integers(0, 12))
def test_cutting_and_joining_change_no_byte(events: list[Event], one: int, two: int) -> None:
    whole = TraceChunk.from_events(events)
    cuts = (0, min(one, two), max(one, two), len(events))
    pieces = [whole.slice(start, stop) for start, stop in pairwise(cuts) if stop > start]
    assume(pieces)
    assert TraceChunk.concatenate(pieces).digest() == whole.digest()
    assert Trace.from_chunks(pieces).digest == Trace.from_events(events).digest
