"""Market data: symbols, timeframes, calendars with gaps and holes, and their bars.

All symbols share a calendar of slots. A symbol has a bar in each slot, or leaves some out (holes),
begins late or ends early. Longer timeframes are made of the bars of the base.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final, Literal

from hypothesis import strategies as st

from parity.generation.bars import KINDS, Prices, Stretch, prices
from parity.generation.drawing import Drawing
from parity.generation.specs import BarRow, MarketSpec, StreamSpec

__all__ = ["SECONDS", "SIZES", "START_S", "draw_market", "draw_rows", "markets"]

START_S: Final = 1_704_067_200
"""When calendars begin, in seconds: 2024-01-01, a Monday."""

_DAY_S: Final = 86_400

SECONDS: Final = {
    "1d": _DAY_S,
    "1h": 3_600,
    "15m": 900,
    "5m": 300,
    "2h": 7_200,
    "4h": 14_400,
    "1w": 7 * _DAY_S,
    "2d": 2 * _DAY_S,
}
"""Of timeframes of one length."""

_BASES: Final = (("1d", 60), ("1h", 15), ("15m", 8), ("5m", 4), ("1w", 6), ("1mo", 7))
_LONGER: Final = {
    "1d": ("1w", "2d", "1mo"),
    "1h": ("2h", "4h", "1d"),
    "15m": ("1h", "2h", "1d"),
    "5m": ("15m", "1h"),
    "1w": ("1mo",),
    "1mo": (),
}
SIZES: Final = {"one": (1, 1), "few": (2, 10), "some": (11, 50), "many": (51, 140)}
"""How many slots a calendar has, by size."""

_FIRST_PRICES: Final = (
    (100.0, 60),
    (10.0, 15),
    (0.05, 5),
    (25_000.0, 8),
    (0.00002, 5),
    (1e9, 7),
    (33.333333, 6),
)


@st.composite
def markets(
    draw: st.DrawFn, *, sizes: Sequence[str] = tuple(SIZES), aligned: bool | None = None
) -> MarketSpec:
    """Draw market data: all files of bars of one to three symbols.

    There are markets of a single bar, gaps in the calendar, holes between symbols, ties between
    averages, flat stretches, tiny, huge and jumping prices, several timeframes for a symbol,
    missing volumes, CSV and Parquet, labels that mark starts or ends.

    Args:
        draw: Hypothesis's own.
        sizes: The sizes to choose from, of `SIZES`.
        aligned: Whether all symbols have one timeframe and bars at the same times, as a block
            bootstrap needs; null: now and then.
    """
    return draw_market(Drawing(draw), sizes, aligned)


def draw_market(
    drawing: Drawing, sizes: Sequence[str] = tuple(SIZES), aligned: bool | None = None
) -> MarketSpec:
    """Draw as `markets` does."""
    weights = {"one": 4, "few": 16, "some": 50, "many": 30}
    least, most = SIZES[drawing.weighted([(s, weights[s]) for s in _plainest_first(sizes)])]
    base = drawing.weighted(_BASES)
    slots = _slots(drawing, base, drawing.whole(least, most))
    symbols = [f"S{index}" for index in range(drawing.weighted(((1, 55), (2, 30), (3, 15))))]
    if aligned is None:
        aligned = drawing.chance(45)
    timestamp: Literal["start", "end"] = "end" if drawing.chance(30) else "start"
    streams: list[StreamSpec] = []
    for symbol in symbols:
        own = list(slots) if aligned else _with_holes(drawing, slots)
        rows = draw_rows(drawing, own)
        form: Literal["csv", "parquet"] = "parquet" if drawing.chance(12) else "csv"
        volume = not drawing.chance(15)
        streams.append(StreamSpec(symbol, base, tuple(rows), form, volume))
        if not aligned and _LONGER[base] and drawing.chance(30):
            longer = drawing.pick(_LONGER[base])
            joined = _joined(rows, base, longer, timestamp)
            streams.append(StreamSpec(symbol, longer, tuple(joined), form, volume))
            if len(rows) > 2 and drawing.chance(25):  # the longer one begins earlier
                streams[-2] = StreamSpec(symbol, base, tuple(rows[2:]), form, volume)
    return MarketSpec(tuple(streams), timestamp)


def _plainest_first(sizes: Sequence[str]) -> list[str]:
    return [size for size in ("few", "one", "some", "many") if size in sizes]


def _slots(drawing: Drawing, timeframe: str, count: int) -> list[int]:
    """Give the labels of a calendar, with weekends, nights or nothing between them."""
    if timeframe == "1mo":
        return [_month(index) for index in range(count)]
    step, labels, at = SECONDS[timeframe], [], START_S
    every = drawing.weighted(((0, 50), (5, 25), (3, 10), (7, 15)))
    gap = drawing.pick((2, 3, 11)) if every else 0
    for index in range(count):
        labels.append(at)
        at += step * (1 + gap if every and index % every == every - 1 else 1)
    return labels


def _month(index: int) -> int:
    moment = datetime.datetime(2024 + index // 12, index % 12 + 1, 1, tzinfo=datetime.UTC)
    return int(moment.timestamp())


def _with_holes(drawing: Drawing, slots: Sequence[int]) -> list[int]:
    """Leave out some slots: every few, a late beginning, an early end."""
    own = list(slots)
    every = drawing.weighted(((0, 50), (2, 15), (3, 20), (7, 15)))
    if every:
        at = drawing.whole(0, every - 1)
        own = [slot for index, slot in enumerate(own) if index % every != at]
    if drawing.chance(25):
        own = own[drawing.whole(0, len(own) // 2) :]
    if drawing.chance(25):
        own = own[: max(1, len(own) - drawing.whole(0, len(own) // 2))]
    return own or list(slots)


def draw_rows(drawing: Drawing, labels: Sequence[int]) -> list[BarRow]:
    """Draw the bars of a stream whose labels are known, in seconds."""
    stretches: list[Stretch] = []
    left = len(labels)
    while left:
        length = drawing.whole(1, left) if len(stretches) < 5 else left
        stretches.append(Stretch(drawing.pick(tuple(KINDS)), length, drawing.whole(0, 99)))
        left -= length
    bars = prices(stretches, drawing.weighted(_FIRST_PRICES))
    volumes = drawing.weighted((((1000.0,), 50), ((None,), 10), ((0.0, 1e6, None, 12.5), 40)))
    return [
        BarRow(label, *bar, volumes[index % len(volumes)])
        for index, (label, bar) in enumerate(zip(labels, bars, strict=True))
    ]


def _joined(rows: Sequence[BarRow], base: str, longer: str, timestamp: str) -> list[BarRow]:
    """Make the bars of a longer timeframe of those of the base."""
    groups: dict[int, list[BarRow]] = {}
    for row in rows:
        # A bar belongs to the longer one that contains its beginning.
        begins = row.label_s - (SECONDS[base] if timestamp == "end" else 0)
        groups.setdefault(_beginning(begins, longer), []).append(row)
    return [
        BarRow(_labelled(begins, longer, timestamp), *_join(group), _volume(group))
        for begins, group in groups.items()
    ]


def _beginning(seconds: int, timeframe: str) -> int:
    if timeframe == "1mo":
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        return int(datetime.datetime(moment.year, moment.month, 1, tzinfo=datetime.UTC).timestamp())
    length = SECONDS[timeframe]
    return START_S + (seconds - START_S) // length * length


def _labelled(begins: int, timeframe: str, timestamp: str) -> int:
    if timestamp == "start":
        return begins
    if timeframe == "1mo":
        return _beginning(begins + 32 * _DAY_S, timeframe)
    return begins + SECONDS[timeframe]


def _join(group: Sequence[BarRow]) -> Prices:
    bars = [Prices(*(float(p) for p in (r.open, r.high, r.low, r.close) if p)) for r in group]
    return Prices(
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
    )


def _volume(group: Sequence[BarRow]) -> float | None:
    volumes = [row.volume for row in group if row.volume is not None]
    return float(sum(volumes)) if volumes else None
