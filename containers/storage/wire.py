"""Iterations, phases and units as bytes: what logs hold and what workers send.

MessagePack keeps 5 from 5.0 and every float's bits. Equal values give equal bytes. Trades and
curves stand in the record, or it says in which folder their files lie; traces are never in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace

from containers.errors import StorageError
from containers.journal import Record
from containers.results import (
    EquityCurve,
    IterationResult,
    PhaseResult,
    PortfolioResult,
    Signals,
    StoredSignal,
    TraceSummary,
    Trade,
    Window,
)
from containers.storage.portfolios import StoredPortfolios
from containers.trace import Trace

__all__ = ["StoredIteration", "UnitRecord", "decode_iteration", "decode_phase", "decode_unit",
           "encode_iteration", "encode_phase", "encode_unit"]  # fmt: skip

T = TypeVar("T")

_SCALAR: Final = 1
"""Extension type of a numpy scalar: dtype and bytes. None should be there, and none may change."""
_LONG: Final = 2
"""Extension type of a whole number beyond 64 bits, as text."""


class UnitRecord(msgspec.Struct, frozen=True):
    """What came of a unit.

    Attributes:
        journal: The records of its own path, in order.
        result: The iteration it is; its trace is left out when it is encoded.
        part: Name of the hidden folder it was written into; null: it wrote nothing.
        extra: What else its engine wants to know of it, plain data.
    """

    journal: tuple[Record, ...]
    result: IterationResult
    part: str | None = None
    extra: Any = None


class StoredIteration(msgspec.Struct, frozen=True):
    """An iteration as the tree of a phase keeps it.

    Attributes:
        result: Itself, without the iterations below.
        children: How many there are of these.
        journal: Of a unit, the records of its own path.
    """

    result: IterationResult
    children: int
    journal: tuple[Record, ...]


class _Portfolio(msgspec.Struct, array_like=True):
    strategy: str
    profile: str
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    trades: list[tuple[Any, ...]] | None
    time_ns: bytes | None
    equity: bytes | None


class _Figures(msgspec.Struct, array_like=True):
    """What iterations and phases come to alike; ``folder`` has trades and curves, if not null.

    Figures are of any type, so that none becomes another's.
    """

    metrics: dict[str, Any]
    best_portfolio: str | None
    portfolios: dict[str, _Portfolio]
    folder: str | None
    aggregate_metrics: dict[str, Any]
    best_parameters: dict[str, Any]
    signals: tuple[list[str], list[tuple[Any, ...]]] | None


class _Iteration(msgspec.Struct, array_like=True):
    window: Window
    parameters: dict[str, Any]
    seed: str  # text: it may be longer than 64 bits
    spawn_key: tuple[int, ...]
    figures: _Figures
    trace_summary: TraceSummary | None
    children: int
    journal: tuple[Record, ...]
    part: str | None
    extra: Any


class _Phase(msgspec.Struct, array_like=True):
    sequence: str
    topology: str
    figures: _Figures
    results_path: str | None
    children: int


def encode_unit(record: UnitRecord) -> bytes:
    """Write a unit's record.

    Raises:
        StorageError: It holds what is no plain data.
    """
    return _encoded(
        _iteration(record.result, 0, record.journal, part=record.part, extra=record.extra)
    )


def decode_unit(content: bytes, root: Path | None) -> UnitRecord:
    """Read a unit's record.

    Args:
        content: What `encode_unit` gave.
        root: The run's folder. Its files are opened when trades, curves or the trace are first
            looked at. Null: nothing of the unit lies in files, and it has no trace.

    Raises:
        StorageError: It is something else.
    """
    with _checked():
        stored = _decoded(content, _Iteration)
        return UnitRecord(stored.journal, _result(stored, root), stored.part, stored.extra)


def encode_iteration(
    result: IterationResult, children: int, journal: tuple[Record, ...] = ()
) -> bytes:
    """Write an iteration without those below it, of which there are ``children``.

    Raises:
        StorageError: It holds what is no plain data.
    """
    return _encoded(_iteration(result, children, journal))


def decode_iteration(content: bytes, root: Path) -> StoredIteration:
    """Read an iteration, as `decode_unit` does.

    Raises:
        StorageError: It is something else.
    """
    with _checked():
        stored = _decoded(content, _Iteration)
        return StoredIteration(_result(stored, root), stored.children, stored.journal)


def encode_phase(result: PhaseResult) -> bytes:
    """Write what a phase came to, without its iterations and outputs.

    Raises:
        StorageError: It holds what is no plain data.
    """
    return _encoded(
        _Phase(
            result.sequence, result.topology, _figures(result), result.results_path,
            len(result.iterations),
        )
    )  # fmt: skip


def decode_phase(content: bytes, root: Path) -> tuple[PhaseResult, int]:
    """Read what a phase came to, and how many iterations it has at its top level.

    Raises:
        StorageError: It is something else.
    """
    with _checked():
        stored = _decoded(content, _Phase)
        result = PhaseResult(
            status="succeeded",
            sequence=stored.sequence,
            topology=stored.topology,
            results_path=stored.results_path,
            **_parts(stored.figures, root),
        )
        return result, stored.children


def _iteration(
    result: IterationResult,
    children: int,
    journal: tuple[Record, ...],
    part: str | None = None,
    extra: Any = None,
) -> _Iteration:
    return _Iteration(
        window=result.window,
        parameters=dict(result.parameters),
        seed=str(result.seed),
        spawn_key=result.spawn_key,
        figures=_figures(result),
        trace_summary=result.trace_summary,
        children=children,
        journal=journal,
        part=part,
        extra=extra,
    )


def _result(stored: _Iteration, root: Path | None) -> IterationResult:
    summary = stored.trace_summary
    trace = None
    if root is not None and summary is not None and summary.path is not None:
        trace = Trace.later(root / summary.path)
    return IterationResult(
        window=stored.window,
        parameters=stored.parameters,
        seed=int(stored.seed),
        spawn_key=stored.spawn_key,
        trace_summary=summary,
        trace=trace,
        **_parts(stored.figures, root, stored.part),
    )


def _figures(found: IterationResult | PhaseResult) -> _Figures:
    portfolios = found.portfolios
    folder = None
    if isinstance(portfolios, StoredPortfolios):
        folder, portfolios = portfolios.relative, portfolios.bare
    signals = found.signals
    return _Figures(
        metrics=found.metrics,
        best_portfolio=found.best_portfolio,
        portfolios={name: _portfolio(held) for name, held in portfolios.items()},
        folder=folder,
        aggregate_metrics=dict(found.aggregate_metrics),
        best_parameters=dict(found.best_parameters),
        signals=None if signals is None else (
            list(signals.strategies), [msgspec.structs.astuple(row) for row in signals.rows]
        ),
    )  # fmt: skip


def _parts(stored: _Figures, root: Path | None, part: str | None = None) -> dict[str, Any]:
    portfolios: Mapping[str, PortfolioResult] = {
        name: _portfolio_result(held) for name, held in stored.portfolios.items()
    }
    if stored.folder is not None:
        if root is None:
            raise ValueError("it names a folder, and the run has none")
        portfolios = StoredPortfolios(root, stored.folder, portfolios, part)
    signals = stored.signals
    return {
        "metrics": stored.metrics,
        "best_portfolio": stored.best_portfolio,
        "portfolios": portfolios,
        "aggregate_metrics": stored.aggregate_metrics,
        "best_parameters": stored.best_parameters,
        "signals": None if signals is None else Signals(
            tuple(signals[0]), tuple(StoredSignal(*row) for row in signals[1])
        ),
    }  # fmt: skip


def _portfolio(held: PortfolioResult) -> _Portfolio:
    curve, trades = held.equity_curve, held.trades
    return _Portfolio(
        strategy=held.strategy,
        profile=held.profile,
        parameters=dict(held.parameters),
        metrics=held.metrics,
        trades=None if trades is None else [msgspec.structs.astuple(trade) for trade in trades],
        time_ns=None if curve is None else _bytes(curve.time_ns, "<i8"),
        equity=None if curve is None else _bytes(curve.equity, "<f8"),
    )


def _portfolio_result(stored: _Portfolio) -> PortfolioResult:
    curve = None
    if stored.time_ns is not None and stored.equity is not None:
        curve = EquityCurve(
            time_ns=np.frombuffer(stored.time_ns, "<i8").astype(np.int64, copy=False),
            equity=np.frombuffer(stored.equity, "<f8").astype(np.float64, copy=False),
        )
    return PortfolioResult(
        strategy=stored.strategy,
        profile=stored.profile,
        parameters=stored.parameters,
        metrics=stored.metrics,
        trades=None if stored.trades is None else tuple(Trade(*row) for row in stored.trades),
        equity_curve=curve,
    )


def _bytes(column: np.ndarray[Any, Any], dtype: str) -> bytes:
    return np.ascontiguousarray(column, dtype).tobytes()


def _encoded(stored: _Iteration | _Phase) -> bytes:
    try:
        try:
            return msgspec.msgpack.encode(stored, enc_hook=_plain)
        except OverflowError:
            return msgspec.msgpack.encode(_with_long(stored), enc_hook=_plain)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StorageError(
            f"a result cannot be stored: {error}; parameters, labels and settings must be text, "
            "numbers, lists and mappings"
        ) from error


def _decoded(content: bytes, kind: type[T]) -> T:
    return msgspec.msgpack.decode(content, type=kind, ext_hook=_scalar)


@contextmanager
def _checked() -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        raise StorageError(
            f"a record of a run is not what it should be: {error}; it is another version's: "
            "start a run of its own"
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return msgspec.msgpack.Ext(_SCALAR, value.dtype.str.encode() + b" " + value.tobytes())
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"found {type(value).__name__}")


def _with_long(value: Any) -> Any:
    """Put extensions in place of the whole numbers that MessagePack has no room for."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(_LONG, str(value).encode())
    if isinstance(value, Mapping):
        return {key: _with_long(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_long(item) for item in value]
    if isinstance(value, msgspec.Struct):
        parts = msgspec.structs.asdict(value).items()
        return replace(value, **{name: _with_long(part) for name, part in parts})
    return value


def _scalar(code: int, data: memoryview) -> object:
    if code == _LONG:
        return int(bytes(data))
    if code != _SCALAR:
        raise ValueError(f"extension {code}")
    dtype, _, content = bytes(data).partition(b" ")
    return np.frombuffer(content, dtype.decode())[0]
