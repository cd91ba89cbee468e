"""A record as it must be after a change whose effect is known: other names, times, amounts.

A change is told by what it does to one named value (`Change`); it is carried through all channels.
What follows from the bits as a whole (digests) is struck from both sides before they are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from containers.results import EquityCurve, Trade
from containers.trace import Table, Trace, TraceChunk
from containers.trace.columns import Column, FloatColumn, IntColumn
from containers.trace.mappings import MappingColumn
from containers.trace.texts import TextColumn
from parity.channels import Channel
from parity.record import Record
from parity.relations.sheets import PRICES

__all__ = ["Change", "mapped", "without"]

Change: TypeAlias = Callable[[str, Any], Any]
"""From the name of a value (its key, its field) and the value to what it becomes."""

_PLAIN: Final = frozenset(Channel) - {Channel.TRACE, Channel.TRADES, Channel.EQUITY}


def mapped(
    record: Record, change: Change, *, keys: Callable[[str], str] = lambda key: key
) -> Record:
    """Carry a change through a record.

    Args:
        record: The record.
        change: What becomes of a value; asked for scalars, by the nearest key that is text; for the
            prices of a bar by ``bar.open`` and so on.
        keys: What becomes of the keys of mappings.
    """
    channels: dict[Channel, Any] = {}
    for channel, content in record.channels.items():
        if channel in _PLAIN:
            channels[channel] = {
                place: _tree("", value, change, keys) for place, value in content.items()
            }
        else:
            one: Any = _BY_CHANNEL[channel]
            channels[channel] = {place: one(value, change) for place, value in content.items()}
    return msgspec.structs.replace(record, channels=channels)


def without(record: Record, names: Iterable[str], channels: Iterable[Channel]) -> Record:
    """Strike the values of some keys, at any depth of some channels."""
    struck = frozenset(names)
    changed = {
        channel: _without(content, struck) if channel in channels else content
        for channel, content in record.channels.items()
    }
    return msgspec.structs.replace(record, channels=changed)


def _without(tree: Any, names: frozenset[str]) -> Any:
    if isinstance(tree, Mapping):
        return {k: None if k in names else _without(v, names) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without(item, names) for item in tree]
    return tree


def _tree(name: str, tree: Any, change: Change, keys: Callable[[str], str]) -> Any:
    if isinstance(tree, Mapping):
        return {
            keys(key): _tree(_inner(name, key), value, change, keys) for key, value in tree.items()
        }
    if isinstance(tree, list | tuple):
        return [_tree(name, item, change, keys) for item in tree]
    return change(name, tree)


_STATISTICS: Final = frozenset(("mean", "std", "min", "max", "p5", "p25", "p50", "p75", "p95"))


def _inner(name: str, key: Any) -> str:
    """Name a value by its key; statistics of a figure go by the figure's name."""
    if key in _STATISTICS:
        return name
    return f"{name}.{key}" if name == "last_bars" else str(key)


def _trades(trades: Iterable[Trade], change: Change) -> tuple[Trade, ...]:
    return tuple(
        Trade(**{n: change(n, v) for n, v in msgspec.structs.asdict(trade).items()})
        for trade in trades
    )


def _curve(curve: EquityCurve, change: Change) -> EquityCurve:
    return EquityCurve(
        time_ns=np.array([change("time_ns", t) for t in curve.time_ns.tolist()], np.int64),
        equity=np.array([change("equity", e) for e in curve.equity.tolist()], np.float64),
    )


def _trace(trace: Trace, change: Change) -> Trace:
    chunks = [
        TraceChunk(
            Table(kind, {name: _column(name, column, change) for name, column in t.columns.items()})
            for kind, t in chunk.tables.items()
        )
        for chunk in trace.chunks
    ]
    return Trace.from_chunks(chunks, trace.events_total, trace.dropped)


def _column(name: str, column: Column, change: Change) -> Column:
    if name in PRICES:
        name = f"bar.{name}"  # parameters can be called low and high as well
    if isinstance(column, TextColumn):
        texts = tuple(",".join(change(name, t) for t in text.split(",")) for text in column.texts)
        return TextColumn(column.codes, texts, column.plural)
    if isinstance(column, IntColumn):
        if name != "time_ns":
            return column
        return IntColumn(np.array([change(name, v) for v in column.data.tolist()]), column.nullable)
    if isinstance(column, FloatColumn):
        values = np.array([change(name, v) for v in column.data.tolist()], np.float64)
        return FloatColumn(values, column.valid)
    assert isinstance(column, MappingColumn)  # there are no other columns
    members = column.names.members()
    names = [n for code in column.names.codes.tolist() for n in members[code]]
    flat = [change(n, v) for n, v in zip(names, column.flat.data.tolist(), strict=True)]
    return MappingColumn(column.names, FloatColumn(np.array(flat, np.float64), column.flat.valid))


_BY_CHANNEL: Final = {Channel.TRACE: _trace, Channel.TRADES: _trades, Channel.EQUITY: _curve}
