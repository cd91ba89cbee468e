"""What iterations change: combinations of parameters, noise on them, and resampled data.

All of it is drawn from one generator per iteration, `generator`, whose key says which iteration it
is; so an iteration draws the same numbers wherever and whenever it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from containers.components import Components, Parameter
from containers.configuration import Configuration, ParameterRange, SpaceKey
from containers.data import Bars, MarketData

__all__ = [
    "Parameters",
    "bootstrap_problem",
    "bootstrapped",
    "combinations",
    "count_combinations",
    "generator",
    "noisy",
    "sample",
]

Parameters: TypeAlias = dict[str, Any]
"""Values by ``{strategy}.{parameter}``."""

_PRICES: Final = ("open", "high", "low", "close")


def generator(random_seed: int, spawn_key: tuple[int, ...]) -> np.random.Generator:
    """Give the generator of one iteration."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(random_seed, spawn_key=spawn_key))
    )


def count_combinations(space: Sequence[SpaceKey]) -> int:
    """Count what `combinations` gives."""
    count = 1
    for key in space:
        count *= len(key.values or ())
    return count if space else 0


def combinations(space: Sequence[SpaceKey]) -> Iterator[Parameters]:
    """Give the product of the values, in declared order, the last key fastest."""
    names = [key.key for key in space]
    for chosen in product(*(key.values or () for key in space)):
        yield dict(zip(names, chosen, strict=True))


def sample(space: Sequence[SpaceKey], draws: np.random.Generator) -> Parameters:
    """Draw one value for each key, in order."""
    drawn: Parameters = {}
    for key in space:
        if isinstance(key.range, ParameterRange):
            value = float(draws.uniform(key.range.low, key.range.high))
            drawn[key.key] = _whole(value, key.minimum) if key.integer else value
        else:
            values = key.values or ()
            drawn[key.key] = values[int(draws.integers(0, len(values)))]
    return drawn


def _whole(value: float, minimum: float | None) -> int:
    rounded = round(value)  # half to even
    return rounded if minimum is None else max(rounded, int(minimum))


def noisy(
    configuration: Configuration, components: Components, draws: np.random.Generator
) -> Parameters:
    """Vary every numeric parameter: value x (1 + noise_level x z), one z each, in order.

    Whole numbers are rounded half to even and at least 1; none falls below its parameter's minimum.
    Weights of an ensemble stay.
    """
    level = configuration.monte_carlo.noise_level
    varied: Parameters = {}
    for strategy in configuration.strategies:
        for name, declared in components.strategies[strategy.type].parameters.items():
            if declared.kind not in ("integer", "number"):
                continue
            value = strategy.parameters[name] * (1 + level * float(draws.standard_normal()))
            varied[f"{strategy.name}.{name}"] = _allowed(value, declared)
    return varied


def _allowed(value: float, declared: Parameter) -> int | float:
    if declared.kind == "integer":
        return max(_whole(value, declared.minimum), 1)
    return value if declared.minimum is None else max(value, float(declared.minimum))


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
