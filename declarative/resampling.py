"""Resampled data: blocks of bars in another order, the same for all streams.

A bootstrap is known by its `Resampling`, a few numbers, and drawn where its units run, by the same
generator as all random iterations. `Drawn` keeps the last data that were drawn: units of one
bootstrap run one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from containers.data import Bars, MarketData
from declarative.variations import generator

__all__ = ["Drawn", "Resampling", "bootstrap_problem", "bootstrapped"]

_PRICES: Final = ("open", "high", "low", "close")


class Resampling(msgspec.Struct, frozen=True):
    """One bootstrap.

    Attributes:
        since_ns: End of the first bar that it draws from; null: from the first on.
        until_ns: End of the first bar that it does not; null: to the last.
        block_bars: Bars in a block.
        spawn_key: Of its iteration.
    """

    since_ns: int | None
    until_ns: int | None
    block_bars: int
    spawn_key: tuple[int, ...]

    def drawn(self, market: MarketData, random_seed: int) -> MarketData:
        """Draw its data."""
        part = market
        if self.since_ns is not None or self.until_ns is not None:
            part = market.cut(self.since_ns, self.until_ns)
        return bootstrapped(part, self.block_bars, generator(random_seed, self.spawn_key))


class Drawn:
    """The data of bootstraps of one phase; those of the last one, and of all around it, are kept.

    Args:
        market: Of the phase.
        random_seed: Of the phase.
    """

    def __init__(self, market: MarketData, random_seed: int) -> None:
        self._market = market
        self._random_seed = random_seed
        self._kept: tuple[tuple[Resampling, MarketData], ...] = ()

    def market(self, resampled: Sequence[Resampling]) -> MarketData:
        """Give the data that come of the phase's by one bootstrap after the other."""
        market, kept = self._market, []
        known = iter(self._kept)
        for step in resampled:
            before = next(known, None)
            if before is not None and before[0] == step:
                market = before[1]
            else:
                known = iter(())  # what follows was drawn of other data
                market = step.drawn(market, self._random_seed)
            kept.append((step, market))
        if kept:
            self._kept = tuple(kept)
        return market


def bootstrap_problem(market: MarketData, block_bars: int) -> str | None:
    """Say why the bars cannot be resampled together; null when they can."""
    streams = list(market.values())
    first = streams[0]
    for bars in streams[1:]:
        if bars.timeframe != first.timeframe:
            return (
                f"block_bootstrap needs one timeframe, found {first.timeframe} "
                f"({first.symbol}) and {bars.timeframe} ({bars.symbol})"
            )
        if not np.array_equal(bars.end_ns, first.end_ns):
            return (
                f"block_bootstrap needs bars at equal times, and those of {bars.symbol} differ "
                f"from those of {first.symbol}"
            )
    if block_bars > len(first):
        return f"found block_bars {block_bars}, expected at most the {len(first)} bars there are"
    return None


def bootstrapped(market: MarketData, block_bars: int, draws: np.random.Generator) -> MarketData:
    """Resample blocks of bars, the same for all streams; times stay where they were."""
    streams = list(market.values())
    order = _order(len(streams[0]), block_bars, draws)
    return MarketData([_resampled(bars, order) for bars in streams])


def _order(count: int, block_bars: int, draws: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give the source of every new bar: blocks one after the other, the last one cut."""
    starts = [
        int(draws.integers(0, count - block_bars + 1)) for _ in range(-(-count // block_bars))
    ]
    blocks = np.add.outer(np.array(starts, dtype=np.int64), np.arange(block_bars, dtype=np.int64))
    order: npt.NDArray[np.int64] = blocks.reshape(-1)[:count]
    return order


def _resampled(bars: Bars, order: npt.NDArray[np.int64]) -> Bars:
    """Chain the ratios of the chosen bars to their previous closes (bar 0: to its own open)."""
    before = np.concatenate((bars.open[:1], bars.close[:-1]))
    ratios: Mapping[str, npt.NDArray[np.float64]] = {
        name: (getattr(bars, name) / before)[order] for name in _PRICES
    }
    # From left to right, one rounding each: the closes first, since all else hangs on them.
    closes = np.multiply.accumulate(np.concatenate((bars.close[:1], ratios["close"])))
    prices = {name: closes[:-1] * ratios[name] for name in ("open", "high", "low")}
    return Bars(
        bars.symbol, bars.timeframe, bars.label_ns, bars.end_ns,
        prices["open"], prices["high"], prices["low"], closes[1:],
        bars.volume[order], bars.volume_valid[order],
    )  # fmt: skip
