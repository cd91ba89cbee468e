"""What two traces can have against each other, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.errors import StorageError
from containers.events import Event, EventKind, Order, Rejection
from containers.trace import (
    KINDS,
    Alignment,
    Column,
    Difference,
    KindCounts,
    Trace,
    TraceChunk,
    TraceLevel,
    align,
    side_by_side,
)
from parity.sensitivity.alignments import numbered
from tests.trace.test_alignment_laws import counted

Unit = Callable[[int], list[Event]]


def aligned(left: list[Event], right: list[Event]) -> Alignment:
    return align(Trace.from_events(left), Trace.from_events(right))


def row_of(events: list[Event], kind: EventKind, start: int = 0) -> int:
    return next(row for row in range(start, len(events)) if events[row].kind is kind)


def test_a_missing_event_is_one_missing_and_what_follows_is_compared(unit: Unit) -> None:
    events = unit(300)
    gap = row_of(events, EventKind.FILL, 100)
    rest = events[:gap] + events[gap + 1 :]
    # Numbered anew, or with a gap as a level leaves it: the event is what is missing.
    for candidate in (numbered(rest), rest):
        found = aligned(events, candidate)
        assert counted(found) == (299, 0, 1, 0)
        assert found.first == Difference(gap, events[gap], None, (), gap)
        assert found.kinds == {EventKind.FILL: KindCounts(0, 1, 0, {})}
        # One that differs later changes nothing of what is shown first.
        later = row_of(candidate, EventKind.PORTFOLIO_UPDATE, 250)
        candidate[later] = msgspec.structs.replace(candidate[later], cash=-1.0)
        assert aligned(events, candidate).first == found.first
        # Where missing fills are passed over, it is what is shown.
        sides = Trace.from_events(events), Trace.from_events(candidate)
        first = align(*sides, pass_over=[EventKind.FILL]).first
        assert first is not None
        assert (first.right, first.fields) == (candidate[later], ("cash",))
        back = align(sides[1], sides[0], pass_over=[EventKind.FILL]).first
        assert back is not None
        assert (back.left, back.fields) == (candidate[later], ("cash",))
        assert align(*sides, pass_over=[EventKind.ORDER]).first == found.first


def test_an_event_too_many_is_one_extra_and_later_differences_are_found(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.FILL, 50)
    later = row_of(events, EventKind.PORTFOLIO_UPDATE, 250)
    other = list(events)
    other[later] = msgspec.structs.replace(other[later], cash=-1.0)
    other.insert(place + 1, msgspec.structs.replace(events[place], seq=10_000))
    found = aligned(events, numbered(other))
    assert counted(found) == (300, 1, 0, 1)
    assert found.first is not None
    assert (found.first.left, found.first.right_position) == (None, place + 1)
    assert found.kinds[EventKind.PORTFOLIO_UPDATE].fields == {"cash": 1}


def test_of_a_longer_group_the_event_without_a_counterpart_is_left_over(unit: Unit) -> None:
    events = unit(60)
    fills = [row for row, event in enumerate(events) if event.kind is EventKind.FILL][:2]
    assert events[fills[0]].time_ns == events[fills[1]].time_ns
    for gone, stays in (fills, fills[::-1]):
        other = list(events)
        # The one that stays is changed too: it is known by whose it is.
        other[stays] = msgspec.structs.replace(other[stays], price=-1.0)
        del other[gone]
        found = aligned(events, numbered(other))
        assert counted(found) == (59, 1, 1, 0)
        assert found.kinds[EventKind.FILL] == KindCounts(1, 1, 0, {"price": 1})


def test_a_slice_that_is_missing_is_missing_event_by_event(unit: Unit) -> None:
    events = unit(300)
    time = events[150].time_ns
    left = [event for event in events if event.time_ns != time]
    gone = len(events) - len(left)
    assert counted(aligned(events, numbered(left))) == (300 - gone, 0, gone, 0)
    assert counted(aligned(numbered(left), events)) == (300 - gone, 0, 0, gone)


def test_a_container_that_is_missing_is_missing_event_by_event(unit: Unit) -> None:
    events = unit(300)
    left = [event for event in events if event.container != "features/BBB/1m"]
    found = aligned(events, numbered(left))
    orphans = sum(
        event.cause is None and event.kind is not EventKind.BAR for event in numbered(left)
    )
    assert counted(found) == (len(left), orphans, 300 - len(left), 0)
    assert set(found.kinds[EventKind.SIGNAL].fields) == {"cause"}


def test_many_insertions_are_counted_one_by_one(unit: Unit) -> None:
    events = unit(300)
    other = []
    for row, event in enumerate(events):
        other.append(event)
        if event.kind is EventKind.PORTFOLIO_UPDATE:
            other.append(msgspec.structs.replace(event, seq=10_000 + row))
    extra = len(other) - 300
    assert extra > 20
    assert counted(aligned(events, numbered(other))) == (300, 0, 0, extra)


def test_kinds_of_one_step_are_counterparts_that_differ_in_their_kind(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.ORDER)
    order = events[place]
    assert isinstance(order, Order)
    swapped = Rejection(**msgspec.structs.asdict(order))
    found = aligned(events, [*events[:place], swapped, *events[place + 1 :]])
    assert counted(found) == (300, 1, 0, 0)
    assert found.first == Difference(place, order, swapped, ("kind",), place)


def test_events_in_another_order_within_a_slice_differ_in_their_numbers(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.FEATURES, 100)
    other = list(events)
    other[place], other[place + 1] = other[place + 1], other[place]
    assert events[place].time_ns == events[place + 1].time_ns
    found = aligned(events, numbered(other))
    assert counted(found) == (300, 2, 0, 0)
    assert found.first is not None
    assert (found.first.position, found.first.fields) == (place, ("seq",))


def test_traces_with_nothing_in_common_are_missing_and_extra(unit: Unit) -> None:
    left = unit(300)
    right = [msgspec.structs.replace(event, container=f"{event.container}*") for event in unit(200)]
    assert counted(aligned(left, right)) == (0, 0, 300, 200)
    later = [msgspec.structs.replace(event, time_ns=event.time_ns + 1) for event in unit(200)]
    assert counted(aligned(left, later)) == (0, 0, 300, 200)
    assert counted(aligned(left, [])) == (0, 0, 300, 0)


def test_another_cause_is_a_difference_even_where_numbers_are_equal(unit: Unit) -> None:
    events = unit(300)
    bars = [row for row, event in enumerate(events) if event.kind is EventKind.BAR]
    extra = msgspec.structs.replace(events[bars[20]], seq=10_000, container="data/ZZZ/1m")
    right = numbered([*events[: bars[20]], extra, *events[bars[20] :]])
    # It names the number that the left one does: on this side that is another event.
    row = next(r for r in range(bars[20] + 2, len(right)) if right[r].cause == bars[20] + 1)
    right[row] = msgspec.structs.replace(right[row], cause=bars[20])
    found = aligned(events, right)
    assert counted(found) == (300, 1, 0, 1)
    assert found.kinds[right[row].kind].fields == {"cause": 1}


def test_of_an_event_published_twice_the_one_without_effects_is_extra(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.FEATURES, 100)
    twin = msgspec.structs.replace(events[place], seq=10_000)
    for at in (place, place + 1):
        other = numbered([*events[:at], twin, *events[at:]])
        assert counted(aligned(events, other)) == (300, 0, 0, 1)
        assert counted(aligned(other, events)) == (300, 0, 1, 0)


def test_a_shift_that_no_extra_event_explains_is_one_difference(unit: Unit) -> None:
    events = unit(300)
    shifted = [
        msgspec.structs.replace(
            event, seq=event.seq + 1, cause=None if event.cause is None else event.cause + 1
        )
        if event.seq >= 100
        else event
        for event in events
    ]
    # Causes before the shift keep their numbers.
    right = [
        event
        if event.cause is None or event.cause > 100
        else msgspec.structs.replace(event, cause=event.cause - 1)
        for event in shifted[100:]
    ]
    found = aligned(events, [*events[:100], *right])
    assert counted(found) == (300, 1, 0, 0)
    assert found.first is not None
    assert (found.first.position, found.first.fields) == (100, ("seq",))


@pytest.mark.parametrize(
    ("few", "many", "different"),
    [
        (500, 999, 0),  # 250,000 ways: all of them are weighed
        (499, 1000, 499),  # 250,498: the last of the longer side are left over
    ],
)
def test_of_a_group_beyond_bounds_the_last_events_are_left_over(
    few: int, many: int, different: int
) -> None:
    def orders(prices: list[float]) -> list[Event]:
        return [
            Order(n, 60, "risk/a", None, "a", "AAA", price, price, ())
            for n, price in enumerate(prices)
        ]

    short = orders([float(n) for n in range(few)])
    long = orders([-1.0] * (many - few) + [float(n) for n in range(few)])
    assert counted(aligned(short, long)) == (few, different, 0, many - few)
    assert counted(aligned(long, short)) == (few, different, many - few, 0)


def test_causes_that_were_not_kept_shift_with_their_neighbours(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.FILL, 100)
    other = numbered(
        [*events[:place], msgspec.structs.replace(events[place], seq=10_000), *events[place:]]
    )
    kept = KINDS[TraceLevel.STANDARD]
    ours, theirs = ([e for e in side if e.kind in kept] for side in (events, other))
    assert counted(aligned(ours, theirs)) == (len(ours), 0, 0, 1)
    row = row_of(theirs, EventKind.SIGNAL, 60)
    theirs[row] = msgspec.structs.replace(theirs[row], cause=(theirs[row].cause or 0) + 1)
    assert counted(aligned(ours, theirs)) == (len(ours), 1, 0, 1)


def test_one_wrong_time_spoils_no_other_event(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.PORTFOLIO_UPDATE, 100)
    for time in (-1, 10**18):
        other = list(events)
        other[place] = msgspec.structs.replace(other[place], time_ns=time)
        assert counted(aligned(events, other)) == (299, 0, 1, 1)


@pytest.mark.parametrize("use_digests", [True, False])
@pytest.mark.parametrize("position", [65_535, 65_536, 65_537, 131_071, 131_072, 131_073])
def test_one_wrong_time_at_a_cut_spoils_no_other_event(
    long_unit: list[Event], long_trace: Trace, position: int, use_digests: bool
) -> None:
    number = position // 65_536
    event = long_unit[position]
    caused = sum(each.cause == event.seq for each in long_unit[position : position + 100])
    for time in (event.time_ns - 1, 10**19 // 2):
        events = long_unit[number * 65_536 : (number + 1) * 65_536]
        events[position % 65_536] = msgspec.structs.replace(event, time_ns=time)
        chunks = list(long_trace.chunks)
        chunks[number] = TraceChunk.from_events(events)
        other = Trace.from_chunks(chunks, long_trace.events_total)
        for left, right in ((long_trace, other), (other, long_trace)):
            found = align(left, right, use_digests=use_digests)
            assert counted(found) == (len(long_unit) - 1, caused, 1, 1)


def test_after_a_wrong_time_that_both_have_the_next_one_is_found(
    long_unit: list[Event], long_trace: Trace
) -> None:
    # The last time of a chunk is wrong on both sides: it says nothing of where the next begins.
    wrong = msgspec.structs.replace(long_unit[65_535], time_ns=10**19 // 2)
    second = long_unit[65_536:131_072]
    gone = next(row for row in range(20_000, 65_536) if second[row].kind is EventKind.FILL)
    whole, shorter = (
        Trace.from_chunks(
            [
                TraceChunk.from_events([*long_unit[:65_535], wrong]),
                TraceChunk.from_events(events),
            ]
        )
        for events in (second, second[:gone] + second[gone + 1 :])
    )
    found = align(whole, shorter)
    assert counted(found) == (131_071, 0, 1, 0)
    assert found.first is not None
    assert found.first.position == 65_536 + gone


def test_an_extra_event_is_aligned_over_chunks_on_disk(
    long_unit: list[Event], long_trace: Trace, tmp_path: Path
) -> None:
    place = row_of(long_unit, EventKind.FILL, 60_000)
    chunk, first = long_trace.chunks[0], long_unit[place].seq
    head = chunk.slice(0, place + 1).events()
    tail = [
        msgspec.structs.replace(event, seq=event.seq + 1, cause=_moved(event.cause, first))
        for event in (msgspec.structs.replace(long_unit[place]), *long_unit[place + 1 :])
    ]
    tail[-1] = msgspec.structs.replace(tail[-1], container="someone")
    pieces = [head + tail[: 65_535 - place], tail[65_535 - place :]]
    other = Trace.from_chunks(TraceChunk.from_events(piece) for piece in pieces)
    left, right = long_trace.save(tmp_path / "left"), other.save(tmp_path / "right")
    found = align(left, right)
    assert counted(found) == (len(long_unit) - 1, 0, 1, 2)
    assert found.first is not None
    assert found.first.right_position in (place, place + 1)
    assert counted(align(left, right, use_digests=False)) == counted(found)
    assert align(left, left, use_digests=False).first is None


@pytest.mark.parametrize("side", [0, 1])
def test_damage_on_either_side_is_an_error_and_no_difference(
    unit: Unit, tmp_path: Path, side: int
) -> None:
    events = unit(300)
    traces = [Trace.from_events(events).save(tmp_path / name) for name in ("left", "right")]
    file = tmp_path / ("left", "right")[side] / "bar.parquet"
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    assert align(traces[0], traces[1]).first is None  # equal by their digests: nothing is read
    with pytest.raises(StorageError, match=str(file.parent)):
        align(traces[0], traces[1], use_digests=False)


def _moved(cause: int | None, first: int) -> int | None:
    return cause if cause is None or cause <= first else cause + 1


def test_an_excuse_is_asked_about_the_rows_that_differ_and_about_no_other(unit: Unit) -> None:
    events = unit(300)
    rows = [row for row, e in enumerate(events) if e.kind is EventKind.PORTFOLIO_UPDATE][:3]
    other = list(events)
    for row, (cash, equity) in zip(rows, ((1.0, 2.0), (3.0, None), (None, 4.0)), strict=True):
        changes = {k: v for k, v in (("cash", cash), ("equity", equity)) if v is not None}
        other[row] = msgspec.structs.replace(other[row], **changes)
    asked: list[tuple[EventKind, str, list[Any]]] = []

    def excuse(kind: EventKind, field: str, left: Column, right: Column) -> Any:
        asked.append((kind, field, right.values()))
        return np.ones(len(left), np.bool_) if field == "cash" else None

    left, right = Trace.from_events(events), Trace.from_events(other)
    found = align(left, right, excuse)
    kind = EventKind.PORTFOLIO_UPDATE
    assert asked == [(kind, "cash", [1.0, 3.0]), (kind, "equity", [2.0, 4.0])]
    assert (*counted(found), found.excused) == (300, 2, 0, 0, 1)
    assert found.first is not None
    assert (found.first.position, found.first.fields) == (rows[0], ("equity",))
    assert found.max_abs == align(left, right).max_abs > 0
    all_excused = align(left, right, lambda kind, field, a, b: np.ones(len(a), np.bool_))
    assert (all_excused.different, all_excused.excused, all_excused.first) == (0, 3, None)


def test_an_excuse_can_let_numbers_pass_but_not_events_of_one_side(unit: Unit) -> None:
    events = unit(300)
    place = row_of(events, EventKind.FILL, 100)
    other = numbered(events[:place] + events[place + 1 :])
    other[200] = msgspec.structs.replace(other[200], cause=1)
    excuse = lambda kind, field, a, b: np.ones(len(a), np.bool_)  # noqa: E731
    found = align(Trace.from_events(events), Trace.from_events(other), excuse)
    assert (*counted(found), found.excused) == (299, 0, 1, 0, 1)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_an_event_too_many_stands_alone_beside_nothing(unit: Unit, count: int) -> None:
    events = unit(60)
    other = [*events[:count], *events[count + 1 :]]
    rows = side_by_side(events, numbered(other))
    assert rows[count] == (events[count], None)
    assert all(a is not None and b is not None for row, (a, b) in enumerate(rows) if row != count)
