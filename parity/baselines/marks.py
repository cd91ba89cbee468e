"""What is kept of trades, equity curves and traces: digests with counts, and a few figures.

Each has a digest of 128 bits over everything, which says whether anything differs, and short marks
of its parts (32 bits: columns, kinds of events, ranges of rows), which say where. They are made of
exact values in a fixed order, so they are the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import xxhash

from containers.data import format_instant
from containers.results import EquityCurve
from containers.trace import CHUNK_ROWS, Trace, TraceChunk
from parity.baselines.outline import canonical, ranges

__all__ = [
    "mark_of_rows",
    "marks_of_curve",
    "marks_of_trace",
    "marks_of_trades",
    "range_of",
    "rows_of",
]

_RANGES: Final = 8
"""Ranges of rows that have a mark of their own, at most; a trace has as many in each chunk."""

_ROWS: Final = 16
_SAMPLES: Final = 64
_EVENTS: Final = 256

_NUMBERING: Final = frozenset({"seq", "cause"})
"""Columns that the mark of a kind leaves out: one more event renumbers all that follow."""


def marks_of_trades(trades: Sequence[Any]) -> dict[str, Any]:
    """Describe the trades of a portfolio.

    Returns:
        ``count``; unless it is 0 also ``digest``; ``first`` and ``last`` (times of the first entry
        and the last exit), ``net_profit`` (the exact sum, rounded once, in currency), ``columns``
        (name to mark), and ``rows`` (range to mark) where there is more than one range.
    """
    rows = [_fields(trade) for trade in trades]
    if not rows:
        return {"count": 0}
    marks: dict[str, Any] = {"count": len(rows), "digest": _long(rows)}
    entries = [ns for row in rows if isinstance(ns := row.get("entry_time"), int)]
    exits = [ns for row in rows if isinstance(ns := row.get("exit_time"), int)]
    profits = [x for row in rows if isinstance(x := row.get("net_profit"), float)]
    if len(entries) == len(exits) == len(rows):
        marks["first"], marks["last"] = format_instant(min(entries)), format_instant(max(exits))
    if len(profits) == len(rows) and all(map(math.isfinite, profits)):
        marks["net_profit"] = math.fsum(profits)
    names = list(dict.fromkeys(name for row in rows for name in row))
    marks["columns"] = {name: _short([row.get(name) for row in rows]) for name in names}
    cuts = ranges(len(rows), 0, _ROWS, _RANGES)
    if len(cuts) > 1:
        marks["rows"] = {range_of(a, b): mark_of_rows(trades, a, b) for a, b in cuts}
    return marks


def marks_of_curve(curve: EquityCurve) -> dict[str, Any]:
    """Describe an equity curve.

    Returns:
        ``count``; unless it is 0 also ``digest``; ``first_time``, ``last_time``, ``first``,
        ``last``, ``lowest``, ``highest`` (equity, in currency), ``columns`` (name to mark), and
        ``rows`` (range to mark) where there is more than one range.
    """
    time = np.ascontiguousarray(curve.time_ns, np.dtype("<i8"))
    equity = np.ascontiguousarray(curve.equity, np.dtype("<f8"))
    if not len(time):
        return {"count": len(equity)}
    marks: dict[str, Any] = {
        "count": len(equity),
        "digest": xxhash.xxh3_128_hexdigest(time.tobytes() + equity.tobytes()),
        "first_time": format_instant(int(time[0])),
        "last_time": format_instant(int(time[-1])),
    }
    if np.isfinite(equity).all():
        marks["first"], marks["last"] = float(equity[0]), float(equity[-1])
        marks["lowest"], marks["highest"] = float(equity.min()), float(equity.max())
    marks["columns"] = {
        "time_ns": _hashed([time.tobytes()]),
        "equity": _hashed([equity.tobytes()]),
    }
    cuts = ranges(len(equity), 0, _SAMPLES, _RANGES)
    if len(cuts) > 1:
        marks["rows"] = {range_of(a, b): mark_of_rows(curve, a, b) for a, b in cuts}
    return marks


def marks_of_trace(trace: Trace) -> dict[str, Any]:
    """Describe a trace; one on disk is read a chunk at a time.

    Returns:
        ``events`` of the unit, ``kept``, ``dropped``; unless nothing was kept also ``digest``,
        ``first`` and ``last`` (times), ``prefixes`` (digest up to the end of each chunk, where
        there are several), ``kinds`` (kind to count and mark; numbers of events are left out of
        it), ``rows`` (range of positions to mark).
    """
    marks: dict[str, Any] = {
        "events": trace.events_total, "kept": len(trace), "dropped": trace.dropped,
    }  # fmt: skip
    if not len(trace):
        return marks
    marks["digest"] = trace.digest
    marks["first"] = format_instant(trace.infos[0].first_ns)
    marks["last"] = format_instant(trace.infos[-1].last_ns)
    if len(trace.infos) > 1:
        marks["prefixes"] = [info.prefix.digest for info in trace.infos]
    counts: dict[str, int] = {}
    kinds: dict[str, xxhash.xxh3_64] = {}
    rows: dict[str, str] = {}
    for number, chunk in enumerate(trace.chunks):
        for kind, table in chunk.tables.items():
            name = str(kind)
            counts[name] = counts.get(name, 0) + len(table)
            hasher = kinds.setdefault(name, xxhash.xxh3_64())
            for part in _content(chunk, kind):
                hasher.update(part)
        start = number * CHUNK_ROWS
        for a, b in ranges(chunk.rows, 0, _EVENTS, _RANGES):
            rows[range_of(start + a, start + b)] = _mark_of_events(chunk, a, b)
    marks["kinds"] = {
        kind: f"{counts[kind]} {hasher.hexdigest()[:8]}" for kind, hasher in kinds.items()
    }
    if len(rows) > 1:
        marks["rows"] = rows
    return marks


def range_of(first: int, last: int) -> str:
    """Name a range of rows, both inclusive.

    >>> range_of(0, 255)
    '0 to 255'
    """
    return f"{first} to {last}"


def rows_of(name: str) -> tuple[int, int]:
    """Give the first and the last row of a range by its name.

    >>> rows_of("0 to 255")
    (0, 255)
    """
    first, _, last = name.partition(" to ")
    return int(first), int(last)


def mark_of_rows(content: Trace | EquityCurve | Sequence[Any], first: int, last: int) -> str:
    """Give the mark of a range of rows, both inclusive; rows beyond the end are none.

    Args:
        content: A trace, a curve, or the trades of a portfolio.
        first: First row; of a trace a range lies in one chunk.
        last: Last row.
    """
    if isinstance(content, EquityCurve):
        time = np.ascontiguousarray(content.time_ns[first : last + 1], np.dtype("<i8"))
        equity = np.ascontiguousarray(content.equity[first : last + 1], np.dtype("<f8"))
        return _hashed([time.tobytes(), equity.tobytes()])
    if isinstance(content, Trace):
        number, start = divmod(first, CHUNK_ROWS)
        if number >= len(content.chunks):
            return ""
        return _mark_of_events(content.chunks[number], start, start + last - first)
    return _short([_fields(row) for row in content[first : last + 1]])


def _mark_of_events(chunk: TraceChunk, first: int, last: int) -> str:
    return chunk.slice(first, last + 1).digest()[:8]


def _content(chunk: TraceChunk, kind: Any) -> Iterator[bytes]:
    """Give what the events of a kind hold beside their numbers, a column at a time."""
    table = chunk.tables[kind]
    for name, column in table.columns.items():
        if name in _NUMBERING:
            continue
        yield canonical([name, len(table), *column.texts]).encode()
        for buffer in column.buffers():
            yield np.ascontiguousarray(buffer, buffer.dtype.newbyteorder("<")).tobytes()


def _fields(row: Any) -> Mapping[str, Any]:
    if isinstance(row, msgspec.Struct):
        return msgspec.structs.asdict(row)
    return row if isinstance(row, Mapping) else {"row": row}


def _long(tree: Any) -> str:
    return xxhash.xxh3_128_hexdigest(canonical(tree).encode("utf-8", "backslashreplace"))


def _short(tree: Any) -> str:
    return _hashed([canonical(tree).encode("utf-8", "backslashreplace")])


def _hashed(parts: Sequence[bytes]) -> str:
    hasher = xxhash.xxh3_64()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()[:8]
