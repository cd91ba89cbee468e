from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import msgspec
import numpy as np
import pytest
import xxhash

from containers.events import (
    EVENT_TYPES,
    Bar,
    Event,
    EventKind,
    Features,
    Fill,
    FillReason,
    Order,
    Signal,
)
from containers.trace import EMPTY_DIGEST, SCHEMAS, InvalidEventError, TraceChunk
from containers.trace.columns import IntColumn, packed_ints
from containers.trace.mappings import MappingColumn
from containers.trace.texts import TextColumn

Unit = Callable[[int], list[Event]]

BAR: Final = Bar(0, 0, "data/A/1d", None, "A", "1d", 1.0, 2.0, 0.5, 1.5, 7.0)
FILL: Final = Fill(0, 0, "execution", 1, "p", "A", 1.0, 2.0, 0.0, "order")


def types_of(event: Event) -> list[type]:
    return [type(value) for value in msgspec.structs.astuple(event)]


def test_every_kind_has_a_schema_with_the_fields_of_its_struct_in_order() -> None:
    assert set(SCHEMAS) == set(EventKind)
    for kind, cls in EVENT_TYPES.items():
        assert tuple(SCHEMAS[kind]) == cls.__struct_fields__


def test_events_come_back_equal_and_of_the_same_types(unit: Unit) -> None:
    events = unit(500)
    chunk = TraceChunk.from_events(events)
    assert set(chunk.tables) == set(EventKind)
    back = chunk.events()
    assert back == events
    assert list(map(types_of, back)) == list(map(types_of, events))
    assert [chunk.event(row) for row in range(500)] == events
    assert chunk.layout.seqs.tolist() == list(range(500))


def test_a_row_outside_the_chunk_is_an_index_error(unit: Unit) -> None:
    chunk = TraceChunk.from_events(unit(3))
    for row in (-1, 3):
        with pytest.raises(IndexError, match="chunk of 3 events"):
            chunk.event(row)


def test_a_chunk_without_events_is_possible() -> None:
    chunk = TraceChunk.from_events([])
    assert (len(chunk), chunk.events(), chunk.nbytes) == (0, [], 0)
    assert chunk.row_of(0) is None


def test_bits_of_floats_are_kept() -> None:
    bits = (0x7FF8000000000123, 0xFFF8000000000001, 0x7FF0000000000001, 1 << 63, 1)
    values = [struct.unpack("<d", struct.pack("<Q", pattern))[0] for pattern in bits]
    bars = [msgspec.structs.replace(BAR, seq=i, open=v, volume=v) for i, v in enumerate(values)]
    table = TraceChunk.from_events(bars).tables[EventKind.BAR]
    for name in ("open", "volume"):
        back = table.columns[name].values()
        assert [struct.unpack("<Q", struct.pack("<d", value))[0] for value in back] == list(bits)


def test_null_slots_hold_positive_zero_and_no_validity() -> None:
    bars = [
        msgspec.structs.replace(BAR, seq=0, volume=None),
        msgspec.structs.replace(BAR, seq=1, volume=-0.0),
    ]
    data, valid = TraceChunk.from_events(bars).tables[EventKind.BAR].columns["volume"].buffers()
    assert valid.tolist() == [0, 1]
    assert data.view(np.int64).tolist() == [0, -(2**63)]
    (cause,) = TraceChunk.from_events(bars).tables[EventKind.BAR].columns["cause"].buffers()
    assert cause.tolist() == [-1, -1]


def test_texts_are_numbered_in_order_of_first_appearance() -> None:
    symbols = ["C", "A", "C", "B", "A"]
    bars = [msgspec.structs.replace(BAR, seq=i, symbol=s) for i, s in enumerate(symbols)]
    column = TraceChunk.from_events(bars).tables[EventKind.BAR].columns["symbol"]
    assert column.texts == ("C", "A", "B")
    assert [buffer.tolist() for buffer in column.buffers()] == [[0, 1, 0, 2, 1]]


def test_members_of_a_string_enum_are_recorded_as_text() -> None:
    chunk = TraceChunk.from_events([msgspec.structs.replace(FILL, reason=FillReason.ORDER)])
    (event,) = chunk.events()
    assert event == FILL
    assert isinstance(event, Fill)
    assert type(event.reason) is str
    assert chunk.digest() == TraceChunk.from_events([FILL]).digest()


@pytest.mark.parametrize(
    "rows",
    [
        [{}],
        [{}, {}],
        [{"a": 1.0}, {}, {"a": None, "b": -0.0}, {"b": 1.0, "a": 2.0}, {"a": None}],
        [{"a": 1.0, "é" * 40: 2.0}] * 20,
        [{f"x_{i}": float(i) for i in range(40)}] * 3,
    ],
)
def test_mappings_of_all_widths_come_back_in_their_own_order(
    rows: list[dict[str, float | None]],
) -> None:
    events = [Features(i, 0, "f", 0, "A", "1d", row) for i, row in enumerate(rows)]
    back = TraceChunk.from_events(events).events()
    assert [list(e.values.items()) for e in back if isinstance(e, Features)] == [
        list(row.items()) for row in rows
    ]


def test_the_fast_way_for_mappings_gives_the_same_column_as_the_slow_one() -> None:
    rows = [{"a": float(i), "bb": -float(i)} for i in range(50)]
    fast = MappingColumn.build(rows)
    mixed = MappingColumn.build([*rows, {"a": None}])
    assert fast.same(mixed.take(np.arange(50)))


@pytest.mark.parametrize("count", [1, 2, 3, 15, 16, 17, 300])
@pytest.mark.parametrize("first", [0, 127, 128, 255, 256, 65_535, 2**31, 2**32, 2**40, 2**63 - 300])
def test_numbers_of_all_widths_come_back(first: int, count: int) -> None:
    values = list(range(first, first + count))
    column = IntColumn.build(values, nullable=True)
    assert column.values() == values
    assert column.data.dtype == np.int64


@pytest.mark.parametrize("stranger", [True, 2.0, None, "ab", b"a", -300, 2**63, np.int64(300)])
def test_numbers_of_one_width_do_not_hide_a_stranger(stranger: object) -> None:
    for width in (300, 70_000, 2**40):
        values = [width] * 20
        values[7] = stranger  # type: ignore[call-overload]
        assert packed_ints(values) is None
        assert packed_ints([width] * 20) is not None


def test_any_mapping_will_do_for_features() -> None:
    values = MappingProxyType({"a": 1.0})
    (event,) = TraceChunk.from_events([Features(0, 0, "f", 0, "A", "1d", values)]).events()
    assert event == Features(0, 0, "f", 0, "A", "1d", {"a": 1.0})


class _Price(float):
    """A float to isinstance, but not to us."""


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("seq", True, "int"),
        ("seq", 2.0, "int"),
        ("time_ns", np.int64(3), "int"),
        ("time_ns", 2**63, "an int that fits 64 bits"),
        ("cause", "1", "int or null"),
        ("cause", False, "int or null"),
        ("cause", -1, "an int >= 0 or null"),
        ("container", None, "text"),
        ("container", b"data", "text"),
        ("container", ["data"], "text"),
        ("symbol", 5, "text"),
        ("symbol", "\ud800", "text"),
        ("open", 1, "float"),
        ("open", True, "float"),
        ("open", "1.0", "float"),
        ("open", None, "float"),
        ("open", np.float64(1.0), "float"),
        ("open", _Price(1.0), "float"),
        ("open", 2**70, "float"),
        ("open", object(), "float"),
        ("volume", 1, "float or null"),
        ("volume", np.float64(1.0), "float or null"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_a_value_of_the_wrong_type_is_refused(
    field: str, value: object, expected: str, alone: bool
) -> None:
    events = [msgspec.structs.replace(BAR, seq=i, symbol=f"S{i}") for i in range(9)]
    events[4] = msgspec.structs.replace(events[4], **{field: value})
    with pytest.raises(InvalidEventError) as caught:
        TraceChunk.from_events(events[4:5] if alone else events)
    error = caught.value
    assert (error.kind, error.field, error.expected) == ("BAR", field, expected)
    assert error.seq == (value if field == "seq" else 4)
    assert repr(value) in error.found
    assert str(error).startswith(f"event {error.seq!r} (BAR): field '{field}' is {value!r}")


def test_a_refusal_reads_as_a_sentence() -> None:
    with pytest.raises(InvalidEventError) as caught:
        TraceChunk.from_events([msgspec.structs.replace(BAR, seq=17, open=True)])
    text = "event 17 (BAR): field 'open' is True of type bool; expected float"
    assert str(caught.value) == text
    assert str(pickle.loads(pickle.dumps(caught.value))) == text


def test_a_direction_that_is_a_float_is_refused() -> None:
    signals: list[Event] = [Signal(i, 0, "s", 0, "A", 1, 1.0) for i in range(3)]
    signals[1] = msgspec.structs.replace(signals[1], direction=1.0)
    with pytest.raises(InvalidEventError, match=r"event 1 \(SIGNAL\): field 'direction' is 1\.0"):
        TraceChunk.from_events(signals)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": 1}, "a mapping in which 'a' is 1 of type int; expected float or null"),
        ({"a": 1.0, "b": True}, "in which 'b' is True of type bool; expected float or null"),
        ({"a,b": 1.0}, "expected names that are text, none of them empty or with a comma"),
        ({"": 1.0}, "expected names that are text"),
        ({1: 1.0}, "expected names that are text"),
        ([("a", 1.0)], "expected a mapping from names to float or null"),
        (None, "expected a mapping from names to float or null"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_values_of_features_are_checked_inside(values: Any, message: str, alone: bool) -> None:
    events = [Features(i, 0, "f", 0, "A", "1d", {"a": 1.0}) for i in range(5)]
    events[2] = Features(2, 0, "f", 0, "A", "1d", values)
    with pytest.raises(InvalidEventError) as caught:
        TraceChunk.from_events(events[2:3] if alone else events)
    assert (caught.value.seq, caught.value.field) == (2, "values")
    assert message in str(caught.value)


@pytest.mark.parametrize("rules", ["max", ["max"], ("a,b",), ("",), (1,), None])
def test_rules_must_be_a_tuple_of_plain_names(rules: Any) -> None:
    orders = [Order(i, 0, "r", 0, "p", "A", 1.0, 1.0, ("x", "y")) for i in range(3)]
    orders[1] = msgspec.structs.replace(orders[1], rules=rules)
    with pytest.raises(InvalidEventError) as caught:
        TraceChunk.from_events(orders)
    assert (caught.value.seq, caught.value.field) == (1, "rules")
    assert "expected a tuple of texts, none of them empty or with a comma" in str(caught.value)


@pytest.mark.parametrize("stranger", [{"seq": 3}, None, "event"])
def test_what_is_not_an_event_is_refused(stranger: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"expected one of the event types of containers"):
        TraceChunk.from_events([BAR, stranger])


def test_a_subclass_of_an_event_is_refused() -> None:
    class Mine(Bar, frozen=True):
        pass

    with pytest.raises(InvalidEventError, match=r"event 0 \(Mine\)"):
        TraceChunk.from_events([Mine(*msgspec.structs.astuple(BAR))])


def test_numbers_must_ascend_also_across_kinds(unit: Unit) -> None:
    events = unit(40)
    for wrong in ([*events[:7], events[8], events[7]], [*events[:7], events[6]]):
        with pytest.raises(InvalidEventError, match="expected a number above") as caught:
            TraceChunk.from_events(wrong)
        assert caught.value.field == "seq"


def test_slices_and_concatenation_are_what_the_same_events_would_give(unit: Unit) -> None:
    events = unit(700)
    whole = TraceChunk.from_events(events)
    for start, stop in ((0, 700), (0, 1), (699, 700), (13, 360), (5, 5)):
        part = whole.slice(start, stop)
        assert part.events() == events[start:stop]
        assert part.digest() == TraceChunk.from_events(events[start:stop]).digest()
    parts = [whole.slice(0, 3), whole.slice(3, 400), whole.slice(400, 700)]
    joined = TraceChunk.concatenate(parts)
    assert joined.same(whole)
    assert joined.digest() == whole.digest()


def test_texts_are_renumbered_when_rows_are_taken() -> None:
    column = TextColumn.build(["a", "b", "c", "b"], plural=False)
    assert column.take(np.array([2, 3])).texts == ("c", "b")


def test_arrays_cannot_be_changed(unit: Unit) -> None:
    for buffer in TraceChunk.from_events(unit(300)).buffers():
        with pytest.raises(ValueError, match="read-only"):
            buffer[0] = 0


def test_the_digest_does_not_confuse_neighbouring_texts() -> None:
    one = msgspec.structs.replace(BAR, symbol="AB", timeframe="C")
    other = msgspec.structs.replace(BAR, symbol="A", timeframe="BC")
    digests = {TraceChunk.from_events([event]).digest() for event in (BAR, one, other)}
    assert len(digests) == 3


def test_the_digest_is_that_of_the_bytes_the_format_describes() -> None:
    def number(value: int) -> bytes:
        return struct.pack("<Q", value)

    def text(value: str) -> bytes:
        return number(len(value.encode())) + value.encode()

    def column(name: str, type_: str, texts: list[str], *buffers: bytes) -> bytes:
        content = text(name) + text(type_) + number(len(texts)) + b"".join(map(text, texts))
        return content + number(len(buffers)) + b"".join(number(len(b)) + b for b in buffers)

    events = [
        Features(3, 7, "é", None, "A", "1d", {}),
        Features(4, 8, "é", 3, "B", "1d", {"x": None, "y": -0.0}),
    ]
    expected = (
        number(1)
        + (text("FEATURES") + number(2) + number(7))
        + column("seq", "int", [], struct.pack("<2q", 3, 4))
        + column("time_ns", "int", [], struct.pack("<2q", 7, 8))
        + column("container", "text", ["é"], struct.pack("<2i", 0, 0))
        + column("cause", "int?", [], struct.pack("<2q", -1, 3))
        + column("symbol", "text", ["A", "B"], struct.pack("<2i", 0, 1))
        + column("timeframe", "text", ["1d"], struct.pack("<2i", 0, 0))
        + column(
            "values",
            "floats by name",
            ["", "x,y"],
            struct.pack("<2i", 0, 1),
            struct.pack("<2d", 0.0, -0.0),
            bytes([0, 1]),
        )
    )
    before = xxhash.xxh3_128_digest(b"paritykit/trace/1")
    assert before.hex() == EMPTY_DIGEST
    digest = xxhash.xxh3_128_hexdigest(before + expected)
    assert TraceChunk.from_events(events).digest() == digest


def test_the_digest_is_pinned() -> None:
    """The canonical bytes are a format: a change of this value is a new format version."""
    events: list[Event] = [
        BAR,
        Features(1, 0, "features/A/1d", 0, "A", "1d", {"sma_2": None, "std_2": 0.5}),
        Order(2, 0, "risk/p", 1, "p", "A", 1.0, 2.0, ("max_leverage",)),
    ]
    assert EMPTY_DIGEST == "216c17dc652b986ef0147f98f184f516"
    assert TraceChunk.from_events(events).digest() == "f99b0065fea99b181417cfd2159eb274"
