from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.events import Event, EventKind, Features, PortfolioUpdate
from containers.trace import (
    Counts,
    Difference,
    Trace,
    TraceChunk,
    count_differences,
    first_difference,
)

Unit = Callable[[int], list[Event]]

QUIET_NAN = float("nan")
NAN_WITH_PAYLOAD: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000123))[0]


def both_ways(left: Trace, right: Trace) -> Difference | None:
    found = first_difference(left, right)
    # By their text: events with a NaN are not equal to themselves.
    assert repr(first_difference(left, right, use_digests=False)) == repr(found)
    return found


def changed(events: list[Event], position: int, **fields: Any) -> list[Event]:
    copy = list(events)
    copy[position] = msgspec.structs.replace(copy[position], **fields)
    return copy


def position_of(events: list[Event], kind: EventKind, start: int = 0) -> int:
    return next(i for i in range(start, len(events)) if events[i].kind == kind)


def test_equal_traces_have_no_difference(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path
) -> None:
    trace = long_trace
    again = Trace.from_events(list(long_unit))
    assert both_ways(trace, again) is None
    assert both_ways(again.save(tmp_path / "trace"), trace) is None
    assert count_differences(trace, again) == Counts(len(long_unit), 0, 0, 0, 0.0, 0)
    empty = Trace.from_events([])
    assert both_ways(empty, empty) is None


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        (EventKind.BAR, {"volume": None}, "volume"),
        (EventKind.BAR, {"time_ns": 1}, "time_ns"),
        (EventKind.FEATURES, {"values": {"sma_10": 1.0, "std_20": 2.0}}, "values"),
        (EventKind.FEATURES, {"values": {"sma_10": None}}, "values"),
        (EventKind.CLASSIFICATION, {"label": "sideways"}, "label"),
        (EventKind.SIGNAL, {"direction": -1}, "direction"),
        (EventKind.ORDER_REQUEST, {"cause": None}, "cause"),
        (EventKind.ORDER, {"rules": ("max_leverage", "max_drawdown")}, "rules"),
        (EventKind.REJECTION, {"rules": ("max_leverage",)}, "rules"),
        (EventKind.FILL, {"reason": "ruined"}, "reason"),
        (EventKind.CANCELLATION, {"container": "someone"}, "container"),
        (EventKind.PORTFOLIO_UPDATE, {"equity": 1.0000000000000002}, "equity"),
    ],
)
def test_one_tampered_field_is_located(
    unit: Unit, kind: EventKind, change: dict[str, Any], field: str
) -> None:
    events = unit(400)
    position = position_of(events, kind, 60)
    other = changed(events, position, **change)
    left, right = Trace.from_events(events), Trace.from_events(other)
    expected = Difference(position, events[position], other[position], (field,))
    assert both_ways(left, right) == expected
    counts = count_differences(left, right)
    assert (counts.compared, counts.different) == (400, 1)


@pytest.mark.parametrize("position", [0, 65_535, 65_536, 131_071, 131_072, 132_071])
def test_one_tampered_event_is_located_in_any_chunk(
    long_unit: list[Event], long_trace: Trace, position: int
) -> None:
    # Long traces are made once: only the chunk around the change is built anew.
    events = changed(long_unit, position, container="someone")
    number = position // 65_536
    chunks = list(long_trace.chunks)
    chunks[number] = TraceChunk.from_events(events[number * 65_536 : (number + 1) * 65_536])
    other = Trace.from_chunks(chunks, long_trace.events_total)
    expected = Difference(position, long_unit[position], events[position], ("container",))
    assert both_ways(long_trace, other) == expected
    counts = count_differences(long_trace, other)
    assert (counts.compared, counts.different) == (len(long_unit), 1)


@pytest.mark.parametrize(
    ("left", "right", "ulp"),
    [
        (QUIET_NAN, NAN_WITH_PAYLOAD, 0),
        (0.0, -0.0, 1),
        (1.0, 1.0000000000000002, 1),
        (-1.0, 1.0, 2 * 0x3FF0000000000000 + 1),
    ],
)
def test_every_bit_of_a_float_counts(unit: Unit, left: float, right: float, ulp: int) -> None:
    events = unit(60)
    for kind, fields in (
        (EventKind.PORTFOLIO_UPDATE, ({"cash": left}, {"cash": right})),
        (EventKind.BAR, ({"volume": left}, {"volume": right})),
        (EventKind.FEATURES, ({"values": {"a": left}}, {"values": {"a": right}})),
    ):
        position = position_of(events, kind, 20)
        one, other = (Trace.from_events(changed(events, position, **f)) for f in fields)
        found = both_ways(one, other)
        assert found is not None
        assert (found.position, found.fields) == (position, tuple(fields[0]))
        assert both_ways(one, one) is None
        counts = count_differences(one, other)
        assert (counts.different, counts.max_ulp) == (1, ulp)


def test_several_fields_are_named_in_their_order(unit: Unit) -> None:
    events = unit(60)
    position = position_of(events, EventKind.PORTFOLIO_UPDATE)
    other = changed(events, position, equity=5.0, cash=5.0, time_ns=5)
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    assert found is not None
    assert found.fields == ("time_ns", "cash", "equity")


def test_the_lowest_position_wins_over_all_kinds(unit: Unit) -> None:
    events = unit(300)
    places = [position_of(events, kind, 100) for kind in EventKind]
    for first, _ in pairwise(sorted(places)):
        other = events
        for place in (place for place in places if place >= first):
            other = changed(other, place, time_ns=7)
        found = both_ways(Trace.from_events(events), Trace.from_events(other))
        assert found is not None
        assert found.position == first


def test_dictionaries_in_another_order_are_compared_by_their_texts(unit: Unit) -> None:
    events = unit(300)
    other = changed(events, 0, symbol="ZZZ")
    counts = count_differences(Trace.from_events(events), Trace.from_events(other))
    assert counts.different == 1


def test_one_entry_of_a_dictionary_changed_everywhere_is_located_at_its_first_use(
    unit: Unit,
) -> None:
    events = unit(300)
    other = [
        msgspec.structs.replace(event, symbol="AAB")
        if event.kind == EventKind.SIGNAL and getattr(event, "symbol", None) == "AAA"
        else event
        for event in events
    ]
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    assert found is not None
    assert (found.position, found.fields) == (position_of(events, EventKind.SIGNAL), ("symbol",))


def test_a_missing_event_is_located_and_shifts_the_rest(unit: Unit) -> None:
    events = unit(300)
    gap = position_of(events, EventKind.FILL, 100)
    control = Trace.from_events(events)
    candidate = Trace.from_events(events[:gap] + events[gap + 1 :])
    found = both_ways(control, candidate)
    assert found == Difference(gap, events[gap], events[gap + 1], found.fields if found else ())
    assert found.fields[:2] == ("kind", "seq")
    counts = count_differences(control, candidate)
    assert (counts.compared, counts.missing, counts.extra) == (299, 1, 0)
    assert counts.different == 299 - gap


@pytest.mark.parametrize("length", [0, 1, 299, 65_535, 65_536, 65_537, 131_072])
def test_a_trace_that_is_the_beginning_of_the_other_differs_at_its_end(
    long_unit: list[Event], long_trace: Trace, length: int
) -> None:
    begin = Trace.from_chunks(
        chunk.slice(0, max(0, length - number * 65_536))
        for number, chunk in enumerate(long_trace.chunks)
    )
    assert len(begin) == length
    event = long_unit[length]
    assert both_ways(long_trace, begin) == Difference(length, event, None, ())
    assert both_ways(begin, long_trace) == Difference(length, None, event, ())
    rest = len(long_unit) - length
    assert count_differences(long_trace, begin) == Counts(length, 0, rest, 0, 0.0, 0)
    assert count_differences(begin, long_trace) == Counts(length, 0, 0, rest, 0.0, 0)


def test_distances_are_the_largest_over_all_floats(unit: Unit) -> None:
    events = unit(300)
    update = position_of(events, EventKind.PORTFOLIO_UPDATE, 50)
    features = position_of(events, EventKind.FEATURES, 90)
    one, two = events[update], events[features]
    assert isinstance(one, PortfolioUpdate)
    assert isinstance(two, Features)
    values = {**two.values, "std_20": (two.values["std_20"] or 0.0) + 2.5}
    other = changed(changed(events, update, cash=one.cash + 0.5), features, values=values)
    counts = count_differences(Trace.from_events(events), Trace.from_events(other))
    assert (counts.different, counts.max_abs) == (2, 2.5)
    assert counts.max_ulp > 1


def test_null_against_a_number_differs_without_a_distance(unit: Unit) -> None:
    events = unit(300)
    bar = position_of(events, EventKind.BAR, 100)
    left = Trace.from_events(changed(events, bar, volume=None))
    right = Trace.from_events(changed(events, bar, volume=0.0))
    assert count_differences(left, right) == Counts(300, 1, 0, 0, 0.0, 0)


def test_infinite_distances_are_no_warning(unit: Unit) -> None:
    events = unit(60)
    place = position_of(events, EventKind.PORTFOLIO_UPDATE)
    left = Trace.from_events(changed(events, place, cash=1.7e308))
    right = Trace.from_events(changed(events, place, cash=-1.7e308))
    assert count_differences(left, right).max_abs == float("inf")
    left = Trace.from_events(changed(events, place, cash=float("inf")))
    assert count_differences(left, right).max_abs == float("inf")


def test_with_digests_only_the_chunk_that_differs_is_read(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = position_of(long_unit, EventKind.BAR, 70_000)
    left = long_trace.save(tmp_path / "left")
    right = Trace.from_events(changed(long_unit, position, low=0.0)).save(tmp_path / "right")
    read: list[int] = []
    original = type(left.chunks)._read  # type: ignore[attr-defined]

    def counted(self: object, number: int) -> TraceChunk:
        read.append(number)
        chunk: TraceChunk = original(self, number)
        return chunk

    monkeypatch.setattr(type(left.chunks), "_read", counted)
    found = first_difference(left, right)
    assert found is not None
    assert found.position == position
    assert read == [1, 1]
