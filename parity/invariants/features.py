"""Features: each name with the value that its bars give. `docs/semantics.md` 5.1.

Values are worked out by the oracle's formulas from the BARs of the trace, under the name in which
the unit's container declares them. So what holds a mapping's names and values apart, or mixes them
up, is seen even where the traces of both engines and of the oracle are held by the same columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from containers.events import EventKind
from containers.trace import Table
from parity.invariants.batch import Batch
from parity.invariants.findings import Findings
from parity.invariants.run import Run, Unit
from parity.oracle.components import is_classifier, is_strategy
from parity.oracle.indicators import History, Indicator, Request, make_indicator

__all__ = ["check_features"]

_FIRST: Final = 100
_LAST: Final = 10
_EVERY: Final = 64
"""The first and the last bars of a stream are looked at, and every so many between them."""

_Stream: TypeAlias = tuple[str, str]


def check_features(run: Run, found: Findings) -> None:
    """Hold FEATURES of the first, the middle and the last unit of each batch against their BARs."""
    for batch in run.batches:
        if not _is_ours(batch.config):
            found.passes_over("components of a user's own can have indicators of their own")
            continue
        known = batch.keeps(EventKind.BAR, EventKind.FEATURES)
        last = len(batch.units) - 1
        for number in sorted({0, last // 2, last}):
            if known[number]:
                _hold_unit(batch, batch.units[number], found)
            else:
                found.passes_over("the traces of some units do not hold every BAR and FEATURES")


def _is_ours(config: Mapping[str, Any]) -> bool:
    return all(is_strategy(item["type"]) for item in config["strategies"]) and all(
        is_classifier(item["type"]) for item in config["classifiers"]
    )


def _hold_unit(batch: Batch, unit: Unit, found: Findings) -> None:
    bars, features = _by_stream(unit, EventKind.BAR), _by_stream(unit, EventKind.FEATURES)
    for container in unit.containers:
        if container["role"] != "features":
            continue
        settings = container["settings"]
        stream = settings["symbol"], settings["timeframe"]
        place = f"{unit.place}: {container['id']}"
        prices, values = bars.get(stream, ()), features.get(stream, ())
        count, shown = sum(map(len, prices)), sum(map(len, values))
        if found.equal(f"{place}: FEATURES", count, shown):
            _hold_stream(place, settings["features"], prices, values, count, found)


def _by_stream(unit: Unit, kind: EventKind) -> dict[_Stream, list[Table]]:
    """Give the events of one kind by their stream, in the order of their publication."""
    streams: dict[_Stream, list[Table]] = {}
    assert unit.trace is not None  # batches have units with traces
    for chunk in unit.trace.chunks:
        table = chunk.tables.get(kind)
        if table is None:
            continue
        symbols, timeframes = (table.columns[name].values() for name in ("symbol", "timeframe"))
        rows: dict[_Stream, list[int]] = {}
        for row, stream in enumerate(zip(symbols, timeframes, strict=True)):
            rows.setdefault(stream, []).append(row)
        for stream, mine in rows.items():
            streams.setdefault(stream, []).append(table.take(np.array(mine, np.int64)))
    return streams


def _hold_stream(
    place: str,
    names: Sequence[str],
    bars: Sequence[Table],
    features: Sequence[Table],
    count: int,
    found: Findings,
) -> None:
    looked_at = [
        row for row in range(count) if row < _FIRST or row >= count - _LAST or row % _EVERY == 0
    ]
    due = _due(names, bars, set(looked_at))
    for row, shown in zip(looked_at, _shown(features, looked_at), strict=True):
        values = next(due)
        if not found.equal(f"{place}: names of row {row}", list(names), list(shown)):
            return
        for name, value in values.items():
            path = f"{place}: {name} of row {row}"
            if not found.holds(path, _is_same(value, shown[name]), value, shown[name]):
                return


def _shown(features: Sequence[Table], rows: Sequence[int]) -> Iterator[Mapping[str, float | None]]:
    first = 0
    for table in features:
        mine = [row - first for row in rows if first <= row < first + len(table)]
        yield from table.columns["values"].take(np.array(mine, np.int64)).values()
        first += len(table)


def _due(
    names: Sequence[str], bars: Sequence[Table], rows: set[int]
) -> Iterator[dict[str, float | None]]:
    """Give what features are due at some rows, of those names that are an indicator of ours."""
    history = History()
    indicators = {name: made for name in names if (made := _indicator(name)) is not None}
    row = 0
    for table in bars:
        columns = (table.columns[name].values() for name in ("close", "high", "low"))
        for close, high, low in zip(*columns, strict=True):
            history.closes.append(close)
            history.highs.append(high)
            history.lows.append(low)
            is_due = row in rows
            # What remembers all bars must hear of each; all others look at the last ones alone.
            values = {
                name: indicator(history)
                for name, indicator in indicators.items()
                if is_due or name.startswith("rsi_")
            }
            if is_due:
                yield values
            row += 1


def _indicator(name: str) -> Indicator | None:
    kind, _, length = name.rpartition("_")
    request: Request = kind, int(length) if length.isdecimal() else 0
    try:
        return make_indicator(request) if request[1] else None
    except KeyError:
        return None  # the oracle has no such formula


def _is_same(due: float | None, shown: float | None) -> bool:
    if due is None or shown is None:
        return due is shown
    if math.isnan(due):
        return math.isnan(shown)  # which of the NaNs it is means nothing
    return due == shown and math.copysign(1.0, due) == math.copysign(1.0, shown)
