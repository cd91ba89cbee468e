"""What must hold of any two traces, against an alignment in its plainest form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.events import Event, EventKind
from containers.trace import Alignment, Trace, align, side_by_side
from parity.sensitivity import plain_alignment
from parity.sensitivity.alignments import numbered
from tests.trace.conftest import endless

LAWS = settings(derandomize=True, max_examples=100, deadline=None, database=None)

SAID: dict[EventKind, dict[str, Any]] = {
    EventKind.BAR: {"high": -1.0},
    EventKind.FILL: {"price": -1.0},
    EventKind.FEATURES: {"values": {"other": -1.0}},
    EventKind.CLASSIFICATION: {"label": "other"},
    EventKind.SIGNAL: {"strength": -1.0},
    EventKind.ORDER_REQUEST: {"reason": "other"},
    EventKind.ORDER: {"rules": ("other",)},
    EventKind.REJECTION: {"requested": -1.0},
    EventKind.CANCELLATION: {"quantity": -1.0},
    EventKind.PORTFOLIO_UPDATE: {"cash": -1.0},
}
"""A change of each kind that touches nothing by which events are aligned."""


@pytest.fixture(scope="module")
def unit() -> Callable[[int], list[Event]]:
    return endless


def counted(alignment: Alignment) -> tuple[int, int, int, int]:
    return (alignment.compared, alignment.different, alignment.missing, alignment.extra)


def checked(left: list[Event], right: list[Event]) -> Alignment:
    """Align both ways, and hold it against the plain alignment."""
    found = align(Trace.from_events(left), Trace.from_events(right))
    back = align(Trace.from_events(right), Trace.from_events(left))
    due = plain_alignment.aligned(left, right)
    assert counted(found) == (due.compared, due.different, due.missing, due.extra)
    assert counted(back) == (found.compared, found.different, found.extra, found.missing)
    assert (back.max_abs, back.max_ulp) == (found.max_abs, found.max_ulp)
    assert found.compared + found.missing == len(left)
    assert found.compared + found.extra == len(right)
    assert (found.first is None) == (counted(found)[1:] == (0, 0, 0))
    assert sum(kind.different for kind in found.kinds.values()) == found.different
    assert sum(kind.missing for kind in found.kinds.values()) == found.missing
    assert sum(kind.extra for kind in found.kinds.values()) == found.extra
    if found.first is not None:
        first = found.first
        assert first.left is None or first.left == left[first.position]
        assert first.right is None or first.right == right[first.right_position]
    return found


# What nothing is caused by: taking these away leaves the causes of all others as they were.
LAST = (EventKind.PORTFOLIO_UPDATE, EventKind.FILL, EventKind.CANCELLATION)


@LAWS
@given(st.integers(0, 150), st.data())
def test_events_taken_put_in_and_changed_are_counted_as_such(
    start: int, data: st.DataObject
) -> None:
    left = numbered(endless(start + 60)[start:])
    rows = [row for row, event in enumerate(left) if event.kind in LAST]
    chosen = data.draw(st.lists(st.sampled_from(rows), unique=True, max_size=6))
    acts = {row: data.draw(st.sampled_from(["take", "double", "change"])) for row in chosen}
    right: list[Event] = []
    for row, event in enumerate(left):
        act = acts.get(row)
        if act == "change":
            right.append(msgspec.structs.replace(event, **SAID[event.kind]))
        elif act != "take":
            right.append(event)
        if act == "double":
            right.append(msgspec.structs.replace(event, seq=10_000 + row))
    found = checked(left, numbered(right))
    wanted = [list(acts.values()).count(act) for act in ("change", "take", "double")]
    # Where one of a group was taken and another put in, they are counterparts that differ.
    if len({(left[row].time_ns, left[row].container) for row in chosen}) == len(chosen):
        assert [found.different, found.missing, found.extra] == wanted
    both = wanted[1] + found.compared, wanted[2] + found.compared
    assert both[0] - found.compared >= found.missing
    assert both[1] - found.compared >= found.extra


@LAWS
@given(st.integers(0, 150), st.integers(0, 50), st.data())
def test_anything_at_all_is_counted_as_the_plain_alignment_does(
    start: int, count: int, data: st.DataObject
) -> None:
    left = numbered(endless(start + count)[start:])
    right = list(left)
    for fresh in range(data.draw(st.integers(0, 4))):
        if not right:
            break
        row = data.draw(st.integers(0, len(right) - 1))
        event = right[row]
        act = data.draw(st.sampled_from(["take", "double", "say", "time", "container", "swap"]))
        if act == "take":
            del right[row]
        elif act == "double":
            right.insert(row, msgspec.structs.replace(event, seq=10_000 + fresh))
        elif act == "say":
            right[row] = msgspec.structs.replace(event, **SAID[event.kind])
        elif act == "time":
            right[row] = msgspec.structs.replace(
                event, time_ns=data.draw(st.sampled_from([-5, 10**15]))
            )
        elif act == "container":
            right[row] = msgspec.structs.replace(event, container="execution")
        elif row + 1 < len(right) and right[row + 1].time_ns == event.time_ns:
            right[row : row + 2] = right[row + 1], event
    checked(left, numbered(right))


@LAWS
@given(st.integers(0, 100), st.data())
def test_where_lengths_and_keys_agree_it_is_a_comparison_by_position(
    start: int, data: st.DataObject
) -> None:
    left = numbered(endless(start + 60)[start:])
    right = list(left)
    for row in data.draw(st.lists(st.integers(0, 59), unique=True, max_size=8)):
        fields = SAID[right[row].kind]
        if data.draw(st.booleans()):
            fields = {"cause": None if right[row].cause is not None else 0}
        right[row] = msgspec.structs.replace(right[row], **fields)
    found = checked(left, right)
    differing = [row for row in range(60) if repr(left[row]) != repr(right[row])]
    assert counted(found) == (60, len(differing), 0, 0)
    assert (found.first.position if found.first else None) == (differing[0] if differing else None)


@LAWS
@given(st.integers(0, 150), st.integers(0, 60), st.data())
def test_events_stand_beside_their_counterparts(
    start: int, count: int, data: st.DataObject
) -> None:
    left = numbered(endless(start + count)[start:])
    kept = [event for event in left if data.draw(st.integers(0, 5))]
    rows = side_by_side(left, numbered(kept))
    assert [a for a, _ in rows if a is not None] == left
    assert [b for _, b in rows if b is not None] == numbered(kept)
    pairs = [(left.index(a), numbered(kept).index(b)) for a, b in rows if a and b]
    assert pairs == plain_alignment.pairs(left, numbered(kept))
