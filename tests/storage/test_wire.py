"""Records as bytes: every value, type and bit comes back, and equal records are equal bytes."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.errors import StorageError
from containers.journal import (
    ContainerBuilt,
    ErrorRaised,
    LifecycleMoved,
    Record,
    Route,
    TopologyBuilt,
    UnitExecuted,
)
from containers.results import (
    ErrorInfo,
    IterationResult,
    PortfolioResult,
    Signals,
    StoredSignal,
    TraceSummary,
    Trade,
)
from containers.storage import StoredPortfolios, UnitRecord, decode_unit, encode_unit
from containers.storage.wire import (
    decode_iteration,
    decode_phase,
    encode_iteration,
    encode_phase,
)
from tests.storage.samples import (
    SIGNALS,
    TRADES,
    iteration,
    phase_result,
    portfolio,
    same_portfolios,
    window,
)

ROOT = Path("/nowhere")
NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0123))[0]
PLAIN: dict[str, Any] = {
    "int": 5,
    "float": 5.0,
    "zero": 0.0,
    "negative zero": -0.0,
    "nan": math.nan,
    "infinity": -math.inf,
    "least": 5e-324,
    "long": 2**70,
    "longer": -(10**400),
    "64 bits": [2**64 - 1, -(2**63), 2**64, -(2**63) - 1],
    "true": True,
    "one": 1,
    "null": None,
    "text": "ä\x00\U0001f600",
    "": {"deep": [{"er": [[], {}, ""]}]},
}
JOURNAL: tuple[Record, ...] = (
    TopologyBuilt(
        containers=(ContainerBuilt("portfolio/s.p", "portfolio", PLAIN),),
        routes=(Route("BAR", "data/AAA/1d", "portfolio/s.p"), Route("FILL", "x", "y", "s.p")),
    ),
    LifecycleMoved("x", "start", "initialized", "running"),
    UnitExecuted(slices=0, events=2**62),
    ErrorRaised(ErrorInfo("E", "m", "p", "c", "a", ("x",), (ErrorInfo("F", "n", "q"),))),
)
SUMMARY = TraceSummary(3, 2, 1, {"FILL": 2}, {"execution": 2}, None, 2**62, "d" * 32, None)


def rich(**changes: Any) -> IterationResult:
    fields: dict[str, Any] = {
        "window": window("test", first_bar=2**40),
        "parameters": PLAIN,
        "seed": 2**200 + 1,
        "spawn_key": (0, 2**31),
        "metrics": {"bars": 5, "sharpe_ratio": 5.0, "null": None, "nan": NAN},
        "best_portfolio": "s.p",
        "portfolios": {
            "s.p": portfolio(),
            "s.q": portfolio((), 0),
            "s.r": portfolio(None, None),
            "s.s": portfolio(None, 3),
        },
        "aggregate_metrics": PLAIN,
        "best_parameters": {"s.fast": 3},
        "signals": SIGNALS,
        "trace_summary": SUMMARY,
    }
    return iteration(**{**fields, **changes})


def exactly(value: Any) -> Any:
    """Say a value with its types and bits, so that equal means the same."""
    if isinstance(value, float) and not isinstance(value, np.generic):
        return ("float", struct.pack("<d", value))
    if isinstance(value, np.ndarray | np.generic):
        return (value.dtype.str, value.tobytes())
    if isinstance(value, msgspec.Struct):
        return (type(value), [(n, exactly(getattr(value, n))) for n in value.__struct_fields__])
    if isinstance(value, dict | StoredPortfolios):
        return [(key, exactly(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return (type(value), [exactly(item) for item in value])
    return (type(value), value)


# --- there and back ---------------------------------------------------------------------------


def test_a_unit_comes_back_with_every_value_type_and_bit() -> None:
    record = UnitRecord(JOURNAL, rich(), ".0.1-2.part", PLAIN)
    found = decode_unit(encode_unit(record), ROOT)
    assert exactly(found) == exactly(record)
    assert encode_unit(found) == encode_unit(record)


def test_an_empty_unit_comes_back() -> None:
    record = UnitRecord((), iteration())
    assert decode_unit(encode_unit(record), None) == record


def test_an_iteration_comes_back_with_the_number_of_those_below() -> None:
    found = decode_iteration(encode_iteration(rich(), 7, JOURNAL), ROOT)
    assert (exactly(found.result), found.children) == (exactly(rich()), 7)
    assert exactly(found.journal) == exactly(JOURNAL)
    below = rich(iterations=(iteration(), iteration()))
    assert encode_iteration(below, 7, JOURNAL) == encode_iteration(rich(), 7, JOURNAL)


def test_a_phase_comes_back_without_iterations_and_outputs() -> None:
    result = phase_result(
        metrics={"bars": 5},
        portfolios={"s.p": portfolio()},
        signals=SIGNALS,
        best_parameters=PLAIN,
        aggregate_metrics=PLAIN,
        iterations=(iteration(), iteration()),
        outputs={"best.json": 3},
    )
    found, count = decode_phase(encode_phase(result), ROOT)
    assert count == 2
    expected = msgspec.structs.replace(result, iterations=(), outputs={})
    assert exactly(found) == exactly(expected)


@pytest.mark.parametrize(
    "scalar",
    [np.float64(0.1), np.float32(0.1), np.int64(-5), np.uint8(5), np.bool_(True), np.str_("ä"),
     np.float64("nan"), np.float64(-0.0), np.int64(2**62)],
)  # fmt: skip
def test_a_numpy_scalar_stays_what_it_is_wherever_it_stands(scalar: np.generic) -> None:
    result = rich(
        metrics={"a": scalar},
        parameters={"a": [scalar]},
        portfolios={
            "s.p": msgspec.structs.replace(
                portfolio(),
                metrics={"a": scalar},
                trades=(msgspec.structs.replace(TRADES[0], quantity=scalar),),
            )
        },
        signals=Signals(("s",), (StoredSignal(1, "s", "A", 1, scalar, 2),)),  # type: ignore[arg-type]
    )
    found = decode_unit(encode_unit(UnitRecord((), result, None, scalar)), ROOT)
    assert exactly(found.result) == exactly(result)
    assert exactly(found.extra) == exactly(scalar)


def test_a_whole_number_of_any_length_stands_beside_a_numpy_scalar() -> None:
    mixed = {"long": 2**64, "scalar": np.float64(0.1), "proxy": MappingProxyType({"a": 2**64})}
    found = decode_unit(encode_unit(UnitRecord((), rich(parameters=mixed))), ROOT)
    assert exactly(found.result.parameters) == exactly({**mixed, "proxy": {"a": 2**64}})


def test_a_mapping_of_any_kind_becomes_one() -> None:
    result = iteration(
        parameters=MappingProxyType({"a": 1}), best_parameters=MappingProxyType({"b": 2})
    )
    found = decode_unit(encode_unit(UnitRecord((), result)), None).result
    assert (found.parameters, found.best_parameters) == ({"a": 1}, {"b": 2})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.integers())
def test_any_plain_data_come_back(value: dict[str, Any], seed: int) -> None:
    record = UnitRecord((), iteration(parameters=value, seed=seed), None, value)
    content = encode_unit(record)
    found = decode_unit(content, None)
    assert exactly(found) == exactly(record)
    assert encode_unit(found) == content


@given(
    st.lists(
        st.builds(
            Trade, st.text(), st.text(), st.sampled_from((1, -1)), st.floats(),
            st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.floats(),
            st.floats(), st.integers(0, 2**62), st.floats(), st.floats() | st.integers(),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_any_trades_come_back(trades: list[Trade]) -> None:
    held = {"s.p": portfolio(tuple(trades))}
    found = decode_unit(encode_unit(UnitRecord((), iteration(portfolios=held))), None)
    assert exactly(found.result.portfolios) == exactly(held)


# --- what lies in files -----------------------------------------------------------------------


def test_stored_portfolios_are_named_by_their_folder_and_not_read() -> None:
    bare: dict[str, PortfolioResult] = {"s.p": portfolio(None, None)}
    result = rich(portfolios=StoredPortfolios(ROOT, "0/backtest/3", bare))
    content = encode_unit(UnitRecord((), result, ".3.part"))
    assert str(ROOT).encode() not in content
    found = decode_unit(content, Path("/another")).result.portfolios
    assert isinstance(found, StoredPortfolios)
    assert found.relative == "0/backtest/3"
    assert same_portfolios(found.bare, bare)
    with pytest.raises(StorageError, match=r"another/0/backtest/3/portfolios/s\.p/trades\.par"):
        found["s.p"]


def test_a_unit_with_files_cannot_be_read_where_there_is_no_folder() -> None:
    result = iteration(portfolios=StoredPortfolios(ROOT, "0/backtest/3", {}))
    with pytest.raises(StorageError, match="it names a folder, and the run has none"):
        decode_unit(encode_unit(UnitRecord((), result)), None)


def test_a_trace_is_left_out_and_found_by_the_path_of_its_summary() -> None:
    summary = msgspec.structs.replace(SUMMARY, path="0/backtest/3/trace")
    content = encode_unit(UnitRecord((), iteration(trace=object(), trace_summary=summary)))
    found = decode_unit(content, ROOT).result
    assert found.trace_summary == summary
    assert found.trace.path == ROOT / "0/backtest/3/trace"
    assert decode_unit(content, None).result.trace is None
    without = encode_unit(UnitRecord((), iteration(trace=object(), trace_summary=SUMMARY)))
    assert decode_unit(without, ROOT).result.trace is None


# --- refused ----------------------------------------------------------------------------------


class Foreign:
    pass


@pytest.mark.parametrize("value", [Foreign(), {"a": [Foreign()]}, {1.5: Foreign()}, ["\ud800"]])
def test_what_is_no_plain_data_cannot_be_stored(value: Any) -> None:
    for result in (iteration(parameters={"a": value}), iteration(best_parameters={"a": value})):
        with pytest.raises(StorageError, match=r"a result cannot be stored: .*; parameters, "):
            encode_unit(UnitRecord((), result))


def test_what_never_ends_cannot_be_stored() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    for more in ({}, {"long": 2**64}):
        with pytest.raises(StorageError, match="a result cannot be stored"):
            encode_unit(UnitRecord((), iteration(parameters={**more, "a": endless})))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xc1", b"\x90", b"\xff" * 100, msgspec.msgpack.encode({}),
        encode_phase(phase_result()),
        encode_unit(UnitRecord((), iteration()))[:-1],
        encode_unit(UnitRecord((), iteration())) + b"\x00",
        encode_unit(UnitRecord((), iteration(seed=777))).replace(b"777", b"7x7"),
    ],
)  # fmt: skip
def test_what_is_no_unit_is_refused(content: bytes) -> None:
    for decode in (decode_unit, decode_iteration):
        with pytest.raises(StorageError, match="a record of a run is not what it should be: "):
            decode(content, ROOT)
    with pytest.raises(StorageError, match="a record of a run is not what it should be: "):
        decode_phase(encode_unit(UnitRecord((), iteration())), ROOT)


def test_nothing_but_a_storage_error_comes_of_any_damage() -> None:
    content = encode_unit(UnitRecord(JOURNAL, rich(parameters={"a": np.float64(1.0)})))
    for byte in range(len(content)):
        for flip in (1 << byte % 8, 0xFF):
            damaged = bytearray(content)
            damaged[byte] ^= flip
            try:
                decode_unit(bytes(damaged), ROOT)
            except StorageError:
                continue
