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
    SCHEMAS,
    Alignment,
    Difference,
    KindCounts,
    Trace,
    TraceChunk,
    align,
)

Unit = Callable[[int], list[Event]]

QUIET_NAN = float("nan")
NAN_WITH_PAYLOAD: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000123))[0]


def both_ways(left: Trace, right: Trace) -> Alignment:
    found = align(left, right)
    # By their text: events with a NaN are not equal to themselves.
    assert repr(align(left, right, use_digests=False)) == repr(found)
    mirrored = align(right, left)
    assert (mirrored.compared, mirrored.different) == (found.compared, found.different)
    assert (mirrored.missing, mirrored.extra) == (found.extra, found.missing)
    assert (mirrored.max_abs, mirrored.max_ulp) == (found.max_abs, found.max_ulp)
    assert found.compared + found.missing == len(left)
    assert found.compared + found.extra == len(right)
    return found


def changed(events: list[Event], position: int, **fields: Any) -> list[Event]:
    copy = list(events)
    copy[position] = msgspec.structs.replace(copy[position], **fields)
    return copy


def position_of(events: list[Event], kind: EventKind, start: int = 0) -> int:
    return next(i for i in range(start, len(events)) if events[i].kind == kind)


def counted(alignment: Alignment) -> tuple[int, int, int, int]:
    return (alignment.compared, alignment.different, alignment.missing, alignment.extra)


def test_equal_traces_have_no_difference(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path
) -> None:
    again = Trace.from_events(list(long_unit))
    equal = Alignment(len(long_unit), 0, 0, 0, 0, 0.0, 0, None)
    assert both_ways(long_trace, again) == equal
    assert both_ways(again.save(tmp_path / "trace"), long_trace) == equal
    empty = Trace.from_events([])
    assert both_ways(empty, empty) == Alignment(0, 0, 0, 0, 0, 0.0, 0, None)


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        (EventKind.BAR, {"volume": None}, "volume"),
        (EventKind.FEATURES, {"values": {"sma_10": 1.0, "std_20": 2.0}}, "values"),
        (EventKind.FEATURES, {"values": {"sma_10": None}}, "values"),
        (EventKind.CLASSIFICATION, {"label": "sideways"}, "label"),
        (EventKind.SIGNAL, {"direction": -1}, "direction"),
        (EventKind.ORDER_REQUEST, {"cause": None}, "cause"),
        (EventKind.ORDER, {"rules": ("max_leverage", "max_drawdown")}, "rules"),
        (EventKind.REJECTION, {"rules": ("max_leverage",)}, "rules"),
        (EventKind.FILL, {"reason": "ruined"}, "reason"),
        (EventKind.CANCELLATION, {"symbol": "ZZZ"}, "symbol"),
        (EventKind.PORTFOLIO_UPDATE, {"equity": 1.0000000000000002}, "equity"),
    ],
)
def test_one_tampered_field_is_located(
    unit: Unit, kind: EventKind, change: dict[str, Any], field: str
) -> None:
    events = unit(400)
    position = position_of(events, kind, 60)
    other = changed(events, position, **change)
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    expected = Difference(position, events[position], other[position], (field,), position)
    assert found.first == expected
    assert counted(found) == (400, 1, 0, 0)
    assert found.kinds == {kind: KindCounts(1, 0, 0, {field: 1})}


@pytest.mark.parametrize("change", [{"time_ns": 1}, {"container": "someone"}])
def test_an_event_of_another_time_or_container_is_another_event(
    unit: Unit, change: dict[str, Any]
) -> None:
    events = unit(400)
    position = position_of(events, EventKind.CLASSIFICATION, 60)
    other = changed(events, position, **change)
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    assert found.first == Difference(position, events[position], None, (), position)
    # What it caused is caused by another event.
    caused = sum(event.cause == events[position].seq for event in events)
    assert counted(found) == (399, caused, 1, 1)


@pytest.mark.parametrize("position", [0, 65_535, 65_536, 131_071, 131_072, 132_071])
def test_one_tampered_event_is_located_in_any_chunk(
    long_unit: list[Event], long_trace: Trace, position: int
) -> None:
    # Long traces are made once: only the chunk around the change is built anew.
    events = changed(long_unit, position, symbol="ZZZ")
    number = position // 65_536
    chunks = list(long_trace.chunks)
    chunks[number] = TraceChunk.from_events(events[number * 65_536 : (number + 1) * 65_536])
    other = Trace.from_chunks(chunks, long_trace.events_total)
    found = both_ways(long_trace, other)
    assert found.first == Difference(
        position, long_unit[position], events[position], ("symbol",), position
    )
    assert counted(found) == (len(long_unit), 1, 0, 0)


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
        assert found.first is not None
        assert (found.first.position, found.first.fields) == (position, tuple(fields[0]))
        assert both_ways(one, one).first is None
        assert (found.different, found.max_ulp) == (1, ulp)


def test_several_fields_are_named_in_their_order(unit: Unit) -> None:
    events = unit(60)
    position = position_of(events, EventKind.PORTFOLIO_UPDATE)
    other = changed(events, position, equity=5.0, cash=5.0, cause=None)
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    assert found.first is not None
    assert found.first.fields == ("cause", "cash", "equity")


def test_the_first_in_order_wins_over_all_kinds(unit: Unit) -> None:
    events = unit(300)
    places = [position_of(events, kind, 100) for kind in EventKind if "symbol" in SCHEMAS[kind]]
    for first, _ in pairwise(sorted(places)):
        other = events
        for place in (place for place in places if place >= first):
            other = changed(other, place, symbol="ZZZ")
        found = both_ways(Trace.from_events(events), Trace.from_events(other))
        assert found.first is not None
        assert found.first.position == first


def test_dictionaries_in_another_order_are_compared_by_their_texts(unit: Unit) -> None:
    events = unit(300)
    other = changed(events, 0, symbol="ZZZ")
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    assert found.different == 1


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
    assert found.first is not None
    position = position_of(events, EventKind.SIGNAL)
    assert (found.first.position, found.first.fields) == (position, ("symbol",))


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
    rest = len(long_unit) - length
    found = both_ways(long_trace, begin)
    assert counted(found) == (length, 0, rest, 0)
    assert found.first == Difference(length, event, None, (), length)
    assert both_ways(begin, long_trace).first == Difference(length, None, event, (), length)


def test_distances_are_the_largest_over_all_floats(unit: Unit) -> None:
    events = unit(300)
    update = position_of(events, EventKind.PORTFOLIO_UPDATE, 50)
    features = position_of(events, EventKind.FEATURES, 90)
    one, two = events[update], events[features]
    assert isinstance(one, PortfolioUpdate)
    assert isinstance(two, Features)
    values = {**two.values, "std_20": (two.values["std_20"] or 0.0) + 2.5}
    other = changed(changed(events, update, cash=one.cash + 0.5), features, values=values)
    found = both_ways(Trace.from_events(events), Trace.from_events(other))
    assert (found.different, found.max_abs) == (2, 2.5)
    assert found.max_ulp > 1


def test_null_against_a_number_differs_without_a_distance(unit: Unit) -> None:
    events = unit(300)
    bar = position_of(events, EventKind.BAR, 100)
    left = Trace.from_events(changed(events, bar, volume=None))
    right = Trace.from_events(changed(events, bar, volume=0.0))
    found = both_ways(left, right)
    assert (*counted(found), found.max_abs, found.max_ulp) == (300, 1, 0, 0, 0.0, 0)


def test_infinite_distances_are_no_warning(unit: Unit) -> None:
    events = unit(60)
    place = position_of(events, EventKind.PORTFOLIO_UPDATE)
    left = Trace.from_events(changed(events, place, cash=1.7e308))
    right = Trace.from_events(changed(events, place, cash=-1.7e308))
    assert both_ways(left, right).max_abs == float("inf")
    left = Trace.from_events(changed(events, place, cash=float("inf")))
    assert both_ways(left, right).max_abs == float("inf")


def test_with_digests_what_is_equal_up_to_the_first_difference_is_not_read(
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
    found = align(left, right)
    assert found.first is not None
    assert found.first.position == position
    # The digests of what follows tell no more: it is read to be sure that nothing else differs.
    assert sorted(read) == [1, 1, 2, 2]
