"""Block bootstrap: bars drawn in blocks, chained to a price path that never was.

1. `check_bootstrap` says whether the streams can be drawn together: one timeframe, equal ends.
2. `draw_bars` draws which bar stands where, one index sequence for all symbols.
3. `bootstrapped` makes each bar ratios to its previous close and chains them from the first close.

A `Draw` says all of it in a few numbers, so that another process need not be sent the bars.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from containers.data import Bars, MarketData
from containers.errors import ConfigurationError, Problem
from imperative.sequences.noise import generator

__all__ = ["Draw", "bootstrapped", "check_bootstrap", "draw_bars"]


class Draw(NamedTuple):
    """One drawing: the bars of a stretch, drawn anew.

    Attributes:
        ends: Ends of its first bar and of the bar behind it, ns UTC, as `MarketData.cut` takes
            them; null: all there is.
        bars: How many bars of the first symbol it has.
        block_bars: Length of a block.
        seed: The configuration's.
        spawn_key: Of the iteration.
    """

    ends: tuple[int | None, int | None] | None
    bars: int
    block_bars: int
    seed: int
    spawn_key: tuple[int, ...]

    def of(self, market: MarketData) -> MarketData:
        """Draw from ``market``.

        Raises:
            ValueError: A price came out as 0 or beyond all floats.
        """
        part = market if self.ends is None else market.cut(*self.ends)
        drawn = draw_bars(self.bars, self.block_bars, generator(self.seed, self.spawn_key))
        return bootstrapped(part, drawn)


def check_bootstrap(market: MarketData, block_bars: int) -> None:
    """Make sure that the bars of ``market`` can be drawn together.

    Raises:
        ConfigurationError: They are of several timeframes, end at different times, or a block is
            longer than the data.
    """
    first, *others = market.values()
    if len(first) < block_bars:
        raise _refused(f"blocks of {block_bars} bars do not fit into {len(first)} bars")
    for bars in others:
        if bars.timeframe != first.timeframe:
            raise _refused(
                f"block_bootstrap needs one timeframe, found {first.symbol} {first.timeframe} "
                f"and {bars.symbol} {bars.timeframe}"
            )
        if not np.array_equal(bars.end_ns, first.end_ns):
            raise _refused(
                "block_bootstrap needs bars that end at the same times, and those of "
                f"{first.symbol} and {bars.symbol} do not"
            )


def _refused(message: str) -> ConfigurationError:
    return ConfigurationError([Problem(message, path=("monte_carlo",))])


def draw_bars(n: int, block_bars: int, draw: np.random.Generator) -> npt.NDArray[np.intp]:
    """Draw n positions of bars in blocks; the rest of the last block is cut."""
    starts: list[int] = []
    while len(starts) * block_bars < n:
        starts.append(int(draw.integers(0, n - block_bars + 1)))
    blocks = np.array(starts, np.intp)[:, np.newaxis] + np.arange(block_bars, dtype=np.intp)
    drawn: npt.NDArray[np.intp] = blocks.reshape(-1)[:n]
    return drawn


def bootstrapped(market: MarketData, source: npt.NDArray[np.intp]) -> MarketData:
    """Give the market whose bar t moves as bar ``source[t]`` of ``market`` did.

    Raises:
        ValueError: A price came out as 0 or beyond all floats.
    """
    return MarketData([_drawn(bars, source) for bars in market.values()])


def _drawn(bars: Bars, source: npt.NDArray[np.intp]) -> Bars:
    before = np.concatenate((bars.open[:1], bars.close[:-1]))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        ratios = (bars.close / before)[source]
        # Left to right: the first close, then a product for each bar.
        closes = np.multiply.accumulate(np.concatenate((bars.close[:1], ratios)))
        columns: dict[str, npt.NDArray[Any]] = {
            name: (getattr(bars, name) / before)[source] * closes[:-1]
            for name in ("open", "high", "low")
        }
    columns["close"] = closes[1:]
    for name, column in columns.items():
        if not (np.isfinite(column) & (column > 0)).all():
            raise ValueError(
                f"a bootstrapped {name} of {bars.symbol} left the range of floats; its returns are "
                "too large to be chained over so many bars"
            )
    return Bars(
        bars.symbol, bars.timeframe, bars.label_ns, bars.end_ns, **columns,
        volume=bars.volume[source], volume_valid=bars.volume_valid[source],
    )  # fmt: skip
