"""What the strategy for markets promises, by finding each thing, and by reading what it writes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.data import load_market
from parity.generation import SIZES, MarketSpec, StreamSpec, markets
from parity.generation.rendering.market_files import write_market
from tests.parity.generation.drawn import drawn

DRAWN = drawn(markets(), 300)


def closes(stream: StreamSpec) -> list[float]:
    return [float(row.close or 0) for row in stream.rows]


def gaps(stream: StreamSpec) -> set[int]:
    rows = stream.rows
    return {b.label_s - a.label_s for a, b in itertools.pairwise(rows)}


def ties(stream: StreamSpec) -> bool:
    """Whether averages of 2 and 4 bars are equal somewhere, though the price moves."""
    prices = closes(stream)
    return any(
        sum(four) / 4 == sum(four[2:]) / 2 and len(set(four)) > 1
        for four in (prices[at : at + 4] for at in range(len(prices) - 3))
    )


PROMISED: dict[str, Callable[[MarketSpec], bool]] = {
    "one bar": lambda market: market.bars == 1,
    "many bars": lambda market: market.bars > 50,
    "gaps": lambda market: (
        market.streams[0].timeframe != "1mo" and len(gaps(market.streams[0])) > 1
    ),
    "holes between symbols": lambda market: (
        len({tuple(row.label_s for row in stream.rows) for stream in market.streams}) > 1
    ),
    "ties": lambda market: ties(market.streams[0]),
    "flat bars": lambda market: any(row.high == row.low for row in market.streams[0].rows),
    "extreme bars": lambda market: any(
        float(row.high or 0) > 2 * float(row.low or 0) for row in market.streams[0].rows
    ),
    "jumps": lambda market: any(
        b > 1.9 * a for a, b in itertools.pairwise(closes(market.streams[0]))
    ),
    "tiny prices": lambda market: min(closes(market.streams[0])) < 0.001,
    "huge prices": lambda market: max(closes(market.streams[0])) > 1e8,
    "several timeframes": lambda market: len(market.timeframes(market.symbols[0])) > 1,
    "three symbols": lambda market: len(market.symbols) == 3,
    "no column of volumes": lambda market: not market.streams[0].has_volume,
    "missing volumes": lambda market: any(r.volume is None for r in market.streams[0].rows),
    "parquet": lambda market: any(stream.form == "parquet" for stream in market.streams),
    "labels that mark ends": lambda market: market.timestamp == "end",
    "intraday": lambda market: market.streams[0].timeframe in ("1h", "15m", "5m"),
    "months": lambda market: market.streams[0].timeframe == "1mo",
    "a longer timeframe that begins earlier": lambda market: (
        len(market.streams) > 1
        and market.streams[1].rows[0].label_s < market.streams[0].rows[0].label_s
    ),
}


@pytest.mark.parametrize("promise", PROMISED)
def test_markets_have_what_is_promised(promise: str) -> None:
    assert any(PROMISED[promise](market) for market in DRAWN)


def test_every_market_can_be_loaded(tmp_path: Path) -> None:
    for number, market in enumerate(DRAWN[:60]):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_market(market, folder)
        symbols = [(symbol, market.timeframes(symbol)) for symbol in market.symbols]
        loaded = load_market(folder, symbols, timestamp=market.timestamp)
        assert not loaded.dropped
        for stream in market.streams:
            bars = loaded[stream.symbol, stream.timeframe]
            assert bars.close.tolist() == closes(stream)


def test_sizes_can_be_chosen() -> None:
    for size, (least, most) in SIZES.items():
        for market in drawn(markets(sizes=[size], aligned=True), 10):
            assert least <= market.bars <= most


def test_aligned_markets_have_bars_at_the_same_times() -> None:
    for market in drawn(markets(aligned=True), 30):
        assert len({tuple(row.label_s for row in s.rows) for s in market.streams}) == 1
        assert len({stream.timeframe for stream in market.streams}) == 1
