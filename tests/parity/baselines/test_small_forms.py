"""What a baseline keeps: outlines, marks, flat trees. Whatever changes, it must change too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.results import EquityCurve
from containers.trace import Trace
from parity.baselines.flat import flatten, unflatten
from parity.baselines.marks import (
    mark_of_rows,
    marks_of_curve,
    marks_of_trace,
    marks_of_trades,
    rows_of,
)
from parity.baselines.outline import LISTED, SHOWN, brief, canonical, outline, ranges
from tests.parity.comparing.building import curve, events, trade

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
)
keys = st.text(alphabet="ab/~[]$. \n", max_size=4)
trees = st.recursive(
    scalars,
    lambda t: st.lists(t, max_size=20) | st.dictionaries(keys, t, max_size=4),
    max_leaves=40,
)


@given(st.dictionaries(keys, trees, max_size=4))
def test_a_tree_is_what_its_flat_form_unfolds_to(tree: dict[str, Any]) -> None:
    assert canonical(unflatten(flatten(tree))) == canonical(tree)


@given(trees, trees)
def test_outlines_are_equal_only_where_trees_are(left: Any, right: Any) -> None:
    same = canonical(left) == canonical(right)
    assert (canonical(outline(left)) == canonical(outline(right))) is same
    assert (canonical(brief(left, 1)) == canonical(brief(right, 1))) is same


@given(st.lists(st.integers(), min_size=LISTED + 1, max_size=400), st.data())
def test_a_long_list_is_cut_and_no_item_of_it_can_change_unseen(
    items: list[int], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(items) - 1))
    changed = [*items]
    changed[number] += 1
    before, after = outline(items), outline(changed)
    assert len(before) <= LISTED + 16
    (place,) = [at for at, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    if number < LISTED:
        assert place == number
    else:
        (name,) = before[place]
        first, last = rows_of(name.removeprefix("items "))
        assert first <= number <= last


def test_a_long_text_keeps_its_beginning_and_tells_how_long_it_was() -> None:
    text = "x" * (SHOWN + 1)
    assert outline(text).startswith("x" * 100 + "… (201 characters, digest ")
    assert outline(text) != outline(text[:-1] + "y")
    assert outline("x" * SHOWN) == "x" * SHOWN


def test_what_json_does_not_know_says_what_it_is() -> None:
    assert outline({1: np.float64(0.5)}) == {"[1]": {"float64": "np.float64(0.5)"}}
    assert json.dumps(outline((1, {2})))  # a tuple is a list, a set shows itself


def test_ranges_cover_all_rows_once() -> None:
    for length in range(200):
        found = [row for a, b in ranges(length, 0, 16, 8) for row in range(a, b + 1)]
        assert found == list(range(length))
        assert len(ranges(length, 0, 16, 8)) <= 8


@pytest.mark.parametrize(
    "change",
    [
        {"portfolio": "x"}, {"symbol": "x"}, {"side": -1}, {"quantity": 10.000000000000002},
        {"entry_time": 1}, {"exit_time": 1}, {"entry_price": 0.1}, {"exit_price": -0.0},
        {"bars_held": 4}, {"commission": 0.0}, {"net_profit": 1.0}, {"quantity": 10},
    ],
    ids=str,
)  # fmt: skip
def test_marks_of_trades_name_the_column_and_the_rows_that_differ(change: dict[str, Any]) -> None:
    trades = [trade(bars_held=number) for number in range(40)]
    other = [*trades]
    other[20] = trade(bars_held=20, **change) if "bars_held" not in change else trade(bars_held=99)
    before, after = marks_of_trades(trades), marks_of_trades(other)
    assert before["count"] == after["count"] == 40
    assert before["digest"] != after["digest"]
    differing = [n for n in before["columns"] if before["columns"][n] != after["columns"][n]]
    assert differing == list(change)
    assert [n for n in before["rows"] if before["rows"][n] != after["rows"][n]] == ["16 to 31"]
    assert mark_of_rows(other, 16, 31) == after["rows"]["16 to 31"]


def test_no_trades_are_told_apart_from_some_and_from_fewer() -> None:
    assert marks_of_trades(()) == {"count": 0}
    assert marks_of_trades([trade()])["count"] == 1
    assert marks_of_trades([trade()])["digest"] != marks_of_trades([trade()] * 2)["digest"]
    assert marks_of_trades([{"a": 1}])["columns"].keys() == {"a"}  # a foreign subject's


def test_marks_of_a_curve_see_a_bit_of_a_value_and_of_a_time() -> None:
    long = curve(tuple(map(float, range(200))), tuple(range(200)))
    value = curve((*map(float, range(199)), -0.0), tuple(range(200)))
    time = curve(tuple(map(float, range(200))), (*range(199), 999))
    for other, column in ((value, "equity"), (time, "time_ns")):
        before, after = marks_of_curve(long), marks_of_curve(other)
        assert before["digest"] != after["digest"]
        differing = [n for n in before["columns"] if before["columns"][n] != after["columns"][n]]
        assert differing == [column]
        rows = [n for n in before["rows"] if before["rows"][n] != after["rows"][n]]
        assert rows == [list(before["rows"])[-1]]
        assert mark_of_rows(other, *rows_of(rows[0])) == after["rows"][rows[0]]
    assert marks_of_curve(curve((), ())) == {"count": 0}
    assert marks_of_curve(curve((1.5, 4.0, 2.0)))["highest"] == 4.0


def test_a_value_moved_from_times_to_equity_is_seen() -> None:
    bits = np.array([1.0, 2.0]).view(np.int64)
    left = EquityCurve(time_ns=bits, equity=np.array([3.0]))
    right = EquityCurve(time_ns=bits[:1], equity=np.array([2.0, 3.0]))
    assert marks_of_curve(left) != marks_of_curve(right)


def test_marks_of_a_trace_leave_numbers_out_of_kinds_and_nothing_out_of_the_digest() -> None:
    trace = Trace.from_events(events())
    later = Trace.from_events(
        [
            msgspec.structs.replace(
                event, seq=event.seq + 5, cause=None if event.cause is None else event.cause + 5
            )
            for event in events()
        ]
    )
    before, after = marks_of_trace(trace), marks_of_trace(later)
    assert before["digest"] != after["digest"]
    assert before["kinds"] == after["kinds"]
    assert before["kept"] == len(events())
    assert marks_of_trace(Trace.from_events([]))["kept"] == 0


def change_of(event: Any, name: str) -> Any:
    value = getattr(event, name)
    if isinstance(value, str):
        return "x"
    if isinstance(value, float | int):
        return type(value)(value + 1)
    return None


@pytest.mark.parametrize("number", range(len(events())))
def test_every_field_of_every_event_changes_the_marks(number: int) -> None:
    before = marks_of_trace(Trace.from_events(events()))
    event = events()[number]
    for name in event.__struct_fields__:
        value = change_of(event, name)
        if name in ("seq", "cause") or value is None:
            continue
        changed = [*events()]
        changed[number] = msgspec.structs.replace(event, **{name: value})
        after = marks_of_trace(Trace.from_events(changed))
        assert before["digest"] != after["digest"], name
        kind = event.kind.value
        assert before["kinds"][kind] != after["kinds"][kind], name


def damaged(leaves: dict[str, Any]) -> Callable[[], Any]:
    return lambda: unflatten(leaves)


@pytest.mark.parametrize(
    "leaves", [{"": 1, "a": 2}, {"[0]": 1, "[2]": 2}, {"[0]": 1, "a": 2}], ids=str
)
def test_leaves_of_no_tree_are_refused(leaves: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"leaf|item"):
        unflatten(leaves)
