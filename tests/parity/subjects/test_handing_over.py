"""What is handed from one process to another is what it was, bit for bit and type for type."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from containers.results import EquityCurve, Trade
from containers.trace import Trace
from parity.channels import Channel
from parity.errors import SubjectError
from parity.oracle import run_backtest
from parity.record import Record, TraceSettings
from parity.subjects.wire import decode, encode
from tests.parity.conftest import HANDMADE

NAN = struct.unpack("<d", bytes.fromhex("010000000000f47f"))[0]  # one that carries bits
TRADE = Trade("p", "AAA", 1, 2.0, 3, 4, 5.0, 6.0, 7, 8.0, 9.0)


class Row(msgspec.Struct, frozen=True):
    symbol: str
    price: float


def there_and_back(value: Any, folder: Path = Path("nowhere")) -> Any:
    return decode(encode(value, folder))


def alike(left: Any, right: Any) -> bool:
    """Whether two values are the same of the same types, NaN with the same bits included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack("<d", left) == struct.pack("<d", right)
    if isinstance(left, dict):
        return list(map(repr, left)) == list(map(repr, right)) and all(
            alike(one, other) for one, other in zip(left.values(), right.values(), strict=True)
        )
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, np.ndarray | np.generic):
        return bool(left.dtype == right.dtype) and left.tobytes() == right.tobytes()
    return bool(left == right)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())  # halves of characters as well
    | st.binary()
)
KEYS = st.text(st.characters()) | st.integers() | st.tuples(st.text(), st.integers())
TREES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below) | st.lists(below).map(tuple) | st.dictionaries(KEYS, below, max_size=4)
    ),
    max_leaves=20,
)


@given(TREES)
def test_any_tree_comes_back_as_it_was(tree: Any) -> None:
    assert alike(there_and_back(tree), tree)


@pytest.mark.parametrize(
    "value",
    [
        *(0.0, -0.0, NAN, math.inf, 5, 5.0, True, 2**63, 2**64, -(2**63) - 1, 10**100, "\ud800"),
        *([], (), {}, [()], {(): 1}, {1: {True: "a"}}, b"\xff"),
        *(np.float64(1.5), np.float32(1.5), np.int8(-1), np.bool_(True), np.datetime64(5, "ns")),
        *(np.arange(6.0).reshape(2, 3), np.array([], np.int64), np.array(["a", "bc"])),
        *(TRADE, TraceSettings("none", {"a": "b"}, 5), Channel.TRADES, frozenset({Channel.TRACE})),
        Path("a/b"),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert alike(there_and_back(value), value)


def test_a_mapping_and_a_sequence_of_any_kind_come_back_as_plain_ones() -> None:
    assert alike(there_and_back(range(3)), (0, 1, 2))


def test_a_row_of_another_type_keeps_its_fields() -> None:
    back = there_and_back([Row("AAA", -0.0), Row("BBB", 2.0)])
    assert alike(msgspec.structs.asdict(back[0]), {"symbol": "AAA", "price": -0.0})
    assert type(back[0]) is type(back[1])


def test_a_curve_keeps_its_arrays() -> None:
    curve = EquityCurve(np.array([1, 2], np.int64), np.array([NAN, -0.0]))
    back = there_and_back(curve)
    assert alike(back.time_ns, curve.time_ns)
    assert alike(back.equity, curve.equity)
    back.equity[0] = 1.0  # it can be written to, as the one it stands for


def test_a_trace_in_memory_is_saved_and_one_on_disk_stays_where_it_is(tmp_path: Path) -> None:
    config = {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(HANDMADE)},
        "symbols": ["AAA"],
        "strategies": [{"type": "buy_and_hold"}],
        "trace_level": "detailed",
    }
    trace = Trace.from_events(list(run_backtest(config, Path()).events))
    first, second = there_and_back([trace, trace.save(tmp_path / "own")], tmp_path / "traces")
    assert (first.path, second.path) == (tmp_path / "traces" / "0", tmp_path / "own")
    assert first.digest == second.digest == trace.digest
    assert list(first) == list(trace)


def test_a_record_keeps_every_field() -> None:
    record = Record(
        subject="s",
        workflow=None,
        status="refused",
        declared=frozenset({Channel.TRADES, Channel.METRICS}),
        channels={Channel.TRADES: {"p": (TRADE,)}, Channel.METRICS: {"p": {"bars": 5}}},
        duration_s=0.5,
        explanation="é",
        told={("results", "storage"): "disk"},
        trace_settings={"u": TraceSettings("none")},
        covers=frozenset({"a", "b"}),
        executor="processes:2",
        resumed=True,
        beyond="why",
        figures=frozenset({"bars"}),
    )
    assert there_and_back(record) == record
    unchanged = [f for f in Record.__struct_fields__ if getattr(record, f) == _default(f)]
    assert unchanged == ["workflow"], "give a new field another value than its default"


def _default(field: str) -> Any:
    defaults = dict(zip(reversed(Record.__struct_fields__), reversed(Record.__struct_defaults__),
                        strict=False))  # fmt: skip
    return defaults.get(field)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "of type object, which cannot be handed over from one process to another"),
        (Text("a"), "of type Text, expected text or bytes of Python's own"),
        (np.array([object()]), "it holds an array of object, expected numbers or text"),
        ({"a": [{1, 2}]}, "it holds {1, 2} of type set"),
    ],
)
def test_what_cannot_be_sent_is_named(value: Any, message: str) -> None:
    with pytest.raises(SubjectError) as caught:
        encode(value, Path())
    assert message in str(caught.value)


GOOD = encode({"a": [1, (2.0, "b")]}, Path())


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_part_of_what_was_written_is_refused(length: int) -> None:
    with pytest.raises(SubjectError, match=r"something else|damaged"):
        decode(GOOD[:length])


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_a_changed_byte_is_refused(place: int) -> None:
    changed = bytearray(GOOD)
    changed[place] ^= 1
    with pytest.raises(SubjectError, match=r"something else|damaged"):
        decode(bytes(changed))


@pytest.mark.parametrize(
    "body",
    [
        [99, 1], [], ["x"], [[1]], [5, "parity.record", "msgspec", {}], [5, "os", "system", {}],
        [5, "containers.results", "Trade", {}], [6, "R", ["a"], []], [2, [[0], 1]],
        [8, "<f8", b"1"], [7, "|O", [1], b"12345678"], [10, "gossip"], [12, "/nowhere"], [12, 5],
        [4, b"\xff"],
    ],
    ids=repr,
)  # fmt: skip
def test_what_only_looks_like_it_is_refused(body: Any) -> None:
    content = msgspec.msgpack.encode(body)
    magic = GOOD[: GOOD.index(b"\n") + 1]
    with pytest.raises(SubjectError):
        decode(magic + xxhash.xxh3_128_digest(content) + content)


def test_damaged_traces_are_refused(tmp_path: Path) -> None:
    content = encode([Trace.from_events([])], tmp_path)
    (tmp_path / "0" / "trace.json").write_text("{}")
    with pytest.raises(SubjectError, match=r"has no format|is not the index of a trace"):
        decode(content)
