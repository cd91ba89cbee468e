"""What sections 6 to 8 of the documents compute, once more, as plainly as it can be written.

Nothing here comes from the engines or from `containers`; the tests compare the engines with it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Metrics: TypeAlias = dict[str, Any]
Sample: TypeAlias = tuple[int, float]

METRICS = (
    "final_equity", "total_return", "annual_return", "annual_volatility", "sharpe_ratio",
    "sortino_ratio", "max_drawdown", "calmar_ratio", "num_trades", "win_rate", "profit_factor",
    "expectancy", "exposure", "turnover", "total_commission", "min_cash", "bars",
    "periods_per_year", "ruined_at",
)  # fmt: skip


def total(values: Iterable[float]) -> float:
    """Add one at a time, from 0.0."""
    result = 0.0
    for value in values:
        result += value
    return result


def generator(seed: int, *key: int) -> np.random.Generator:
    """Make the random numbers of an iteration."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


# Section 8.3: chaining


def chain(
    windows: Sequence[tuple[Sequence[Sample], Sequence[Any]]],
    initial: float,
    stops: Sequence[int | None],
) -> tuple[list[Sample], list[Any]]:
    """Chain the curves of one portfolio; ``stops`` are exclusive times, null for none."""
    level, samples, trades = initial, list[Sample](), list[Any]()
    for (curve, closed), stop in zip(windows, stops, strict=True):
        before = initial
        last: int | None = None
        for time, equity in curve:
            if stop is not None and time >= stop:
                break
            level = level * (1 + (equity / before - 1))
            before = equity
            samples.append((time, level))
            last = time
            if level <= 0:
                break
        trades += [trade for trade in closed if last is not None and trade.exit_time <= last]
        if level <= 0:
            break
    return samples, trades


def running(returns: Iterable[float]) -> tuple[int, float, float]:
    """Give count, running mean and M2 of section 6."""
    n, mean, m2 = 0, 0.0, 0.0
    for r in returns:
        n += 1
        d = r - mean
        mean = mean + d / n
        m2 = m2 + d * (r - mean)
    return n, mean, m2


def returns_of(curve: Sequence[Sample], initial: float) -> list[float]:
    """Give the returns of a curve, the first against the initial capital."""
    equity = [initial, *(value for _, value in curve)]
    return [after / before - 1 for before, after in itertools.pairwise(equity)]


def sharpe(returns: Sequence[float], per_year: float) -> float | None:
    """Give the Sharpe ratio, null alike."""
    n, mean, m2 = running(returns)
    if n < 2:
        return None
    deviation = math.sqrt(m2 / (n - 1))
    return None if deviation == 0 else (mean / deviation) * math.sqrt(per_year)


def drawdown(levels: Iterable[float], start: float) -> float:
    """Give the largest 1 - level / peak."""
    peak, worst = start, 0.0
    for level in levels:
        peak = max(peak, level)
        worst = max(worst, 1 - level / peak)
    return worst


def chained_metrics(
    curve: Sequence[Sample], trades: Sequence[Any], initial: float, per_year: float
) -> Metrics:
    """Give the metrics of a chained curve."""
    made: Metrics = dict.fromkeys(METRICS)
    returns = returns_of(curve, initial)
    n, mean, m2 = running(returns)
    final = curve[-1][1]
    made["final_equity"] = final
    made["total_return"] = final / initial - 1
    if final > 0:
        made["annual_return"] = (final / initial) ** (per_year / n) - 1
    if n >= 2:
        made["annual_volatility"] = math.sqrt(m2 / (n - 1)) * math.sqrt(per_year)
    made["sharpe_ratio"] = sharpe(returns, per_year)
    losses = [r for r in returns if r < 0]
    if losses:
        down = math.sqrt(total(r * r for r in losses) / n)
        made["sortino_ratio"] = (mean / down) * math.sqrt(per_year)
    made["max_drawdown"] = drawdown((value for _, value in curve), initial)
    if made["max_drawdown"] != 0 and made["annual_return"] is not None:
        made["calmar_ratio"] = made["annual_return"] / made["max_drawdown"]
    made["num_trades"] = len(trades)
    profits = [trade.net_profit for trade in trades]
    if trades:
        made["win_rate"] = sum(p > 0 for p in profits) / len(trades)
        made["expectancy"] = total(profits) / len(trades)
    lost = total(p for p in profits if p < 0)
    if lost < 0:
        made["profit_factor"] = total(p for p in profits if p > 0) / -lost
    made["total_commission"] = total(trade.commission for trade in trades)
    made["bars"] = n
    made["periods_per_year"] = per_year
    return made


# Section 8.3: statistics


def statistics(values: Sequence[float | int | None]) -> dict[str, Any]:
    """Give the statistics of one metric over iterations."""
    known = [float(value) for value in values if value is not None]
    count = len(known)
    names = ("mean", "std", "min", "max", "p5", "p25", "p50", "p75", "p95")
    made: dict[str, Any] = {"count": count, "nulls": len(values) - count}
    if not count:
        return {**made, **dict.fromkeys(names)}
    mean = total(known) / count
    made["mean"] = mean
    squares = total((x - mean) * (x - mean) for x in known)
    made["std"] = math.sqrt(squares / (count - 1)) if count > 1 else None
    ordered = sorted(known)
    made["min"], made["max"] = ordered[0], ordered[-1]
    for q in (5, 25, 50, 75, 95):
        h = (count - 1) * q / 100
        i = math.floor(h)
        made[f"p{q}"] = (
            ordered[i] if h == i else ordered[i] + (h - i) * (ordered[i + 1] - ordered[i])
        )
    return made


def aggregate(metrics: Sequence[Metrics]) -> dict[str, Any]:
    """Give the aggregate metrics of iterations."""
    names = METRICS if any(metrics) else ()
    return {
        "iterations": len(metrics),
        "statistics": {name: statistics([m[name] for m in metrics]) for name in names},
    }


def means(metrics: Sequence[Metrics]) -> Metrics:
    """Give the means over iterations."""
    figures = aggregate(metrics)["statistics"]
    return {name: figures[name]["mean"] for name in figures}


# Section 6: the best of several


def best(
    metrics: Sequence[Metrics], metric: str = "sharpe_ratio", direction: str = "max",
    constraints: Sequence[tuple[str, str, float]] = (),
) -> int:  # fmt: skip
    """Give the index of the best: constraints, null, value, first."""
    tests = {
        ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
    }  # fmt: skip

    def rank(index: int) -> tuple[bool, bool, float, int]:
        figures = metrics[index]
        broken = any(
            figures[name] is None or not tests[operator](figures[name], bound)
            for name, operator, bound in constraints
        )
        value = figures[metric]
        worth = 0.0 if value is None else (-value if direction == "max" else value)
        return broken, value is None, worth, index

    return min(range(len(metrics)), key=rank)


# Section 8.1: windows as (first, last) of train and test


def split(n: int, numerator: int, denominator: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Give train and test of a ratio, which is a fraction of whole numbers here."""
    at = n * numerator // denominator
    return (0, at - 1), (at, n - 1)


def walk(
    n: int, train: int, test: int, step: int | None, *, anchored: bool = False
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Give the windows of a walk-forward study."""
    step = test if step is None else step
    windows, start = [], 0
    while start + train + test <= n:
        first = 0 if anchored else start
        windows.append(((first, start + train - 1), (start + train, start + train + test - 1)))
        start += step
    return windows


def folds(n: int, k: int, embargo: int) -> list[tuple[list[tuple[int, int]], tuple[int, int]]]:
    """Give (pieces of training, test) of each fold."""
    made = []
    for j in range(k):
        first, last = j * n // k, (j + 1) * n // k - 1
        pieces = [(0, first - embargo - 1), (last + embargo + 1, n - 1)]
        made.append(([(a, b) for a, b in pieces if a <= b], (first, last)))
    return made


# Section 8.4 and 8.5: combinations, noise, bootstrap


def product(space: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Give all combinations, the last key fastest."""
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def drawn(space: Mapping[str, Any], integers: Mapping[str, int], seed: int, *key: int) -> Any:
    """Draw one combination; ``integers`` gives the minimum of each integer parameter."""
    random, made = generator(seed, *key), {}
    for name, values in space.items():
        if isinstance(values, Mapping):
            value: Any = float(random.uniform(values["low"], values["high"]))
            made[name] = max(round(value), integers[name]) if name in integers else value
        else:
            made[name] = values[int(random.integers(0, len(values)))]
    return made


def noisy(parameters: Mapping[str, float | int], level: float, seed: int, *key: int) -> Any:
    """Draw the noise on parameters, named as in an iteration, in the order of drawing."""
    random, made = generator(seed, *key), dict[str, Any]()
    for name, value in parameters.items():
        changed = value * (1 + level * float(random.standard_normal()))
        made[name] = max(round(changed), 1) if isinstance(value, int) else max(changed, 0.0)
    return made


def bootstrap_indexes(n: int, block: int, seed: int, *key: int) -> list[int]:
    """Draw which source bar stands at each place."""
    random, made = generator(seed, *key), list[int]()
    while len(made) < n:
        start = int(random.integers(0, n - block + 1))
        made += range(start, start + block)
    return made[:n]


def bootstrapped(
    bars: Sequence[tuple[float, float, float, float]], indexes: Sequence[int]
) -> list[tuple[float, float, float, float]]:
    """Chain the ratios of (open, high, low, close) bars."""
    close, made = bars[0][3], []
    for s in indexes:
        base = bars[s - 1][3] if s else bars[0][0]
        o, h, low, c = (close * (value / base) for value in bars[s])
        made.append((o, h, low, c))
        close = c
    return made
