"""Analyses of an earlier phase's result, by the names under which topologies ask for them.

Each takes an `AnalysisInput` and gives plain data. Sums run in order, from 0.0.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from containers.configuration import ObjectiveSettings
from containers.results import IterationResult, Label, Metric, PhaseResult, PortfolioResult
from declarative.statistics import statistics

__all__ = ["ANALYSES", "AnalysisInput"]


@dataclass(frozen=True, slots=True)
class AnalysisInput:
    """What analyses look at.

    Attributes:
        result: Of the phase that is analysed.
        labels: What each classifier said, oldest first, by its name.
        symbol: The first symbol, whose labels count.
        initial_capital: Currency; what the first return is against.
        periods_per_year: For annual figures.
        objective: Whose metric tells how good parameters are.
    """

    result: PhaseResult
    labels: Mapping[str, Sequence[Label]]
    symbol: str
    initial_capital: float
    periods_per_year: float
    objective: ObjectiveSettings


def regime_performance(given: AnalysisInput) -> dict[str, Any]:
    """Give samples, mean return, Sharpe and drawdown per portfolio, classifier and label."""
    return {
        portfolio: {
            classifier: _by_label(result, labels, given)
            for classifier, labels in given.labels.items()
        }
        for portfolio, result in given.result.portfolios.items()
    }


def _by_label(
    portfolio: PortfolioResult, labels: Sequence[Label], given: AnalysisInput
) -> dict[str, Any]:
    own = [label for label in labels if label.symbol == given.symbol]
    times = [label.time_ns for label in own]
    returns: dict[str, list[float]] = {}
    for time_ns, value in _returns(portfolio, given.initial_capital):
        place = bisect_right(times, time_ns)
        if place:
            returns.setdefault(own[place - 1].label, []).append(value)
    return {label: _regime(values, given) for label, values in returns.items()}


def _regime(returns: Sequence[float], given: AnalysisInput) -> dict[str, Metric]:
    mean = m2 = 0.0
    capital = peak = 1.0
    drawdown = 0.0
    for n, r in enumerate(returns, 1):
        d = r - mean
        mean += d / n
        m2 += d * (r - mean)
        capital = capital * (1 + r)
        peak = max(peak, capital)
        drawdown = max(drawdown, 1 - capital / peak)
    count = len(returns)
    sharpe = None
    if count > 1:
        sd = math.sqrt(m2 / (count - 1))
        if sd > 0 and math.isfinite(sd):
            sharpe = (mean / sd) * math.sqrt(given.periods_per_year)
    return {
        "samples": count,
        "mean_return": _finite(mean),
        "sharpe_ratio": _finite(sharpe),
        "max_drawdown": _finite(drawdown),
    }


def parameter_sensitivity(given: AnalysisInput) -> dict[str, Any]:
    """Give the statistics of the objective's metric per parameter and value."""
    values: dict[str, dict[str, list[Metric]]] = {}
    for iteration in _all(given.result.iterations):
        if iteration.window.name == "combination":
            for name, value in iteration.parameters.items():
                by_value = values.setdefault(name, {})
                found = iteration.metrics.get(given.objective.metric)
                by_value.setdefault(_text(value), []).append(found)
    return {
        name: {text: statistics(found) for text, found in by_value.items()}
        for name, by_value in values.items()
    }


def _all(iterations: Sequence[IterationResult]) -> Iterator[IterationResult]:
    for iteration in iterations:
        yield iteration
        yield from _all(iteration.iterations)


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def correlation(given: AnalysisInput) -> dict[str, Any]:
    """Give Pearson's correlation of the returns of each portfolio with every other."""
    returns = {
        name: dict(_returns(portfolio, given.initial_capital))
        for name, portfolio in given.result.portfolios.items()
    }
    return {
        a: {b: _pearson(first, second) for b, second in returns.items() if b != a}
        for a, first in returns.items()
    }


def _pearson(first: Mapping[int, float], second: Mapping[int, float]) -> Metric:
    """Correlate what both have at the same times; two passes."""
    pairs = [(value, second[time]) for time, value in first.items() if time in second]
    count = len(pairs)
    if count < 2:
        return None
    x_sum = y_sum = 0.0
    for x, y in pairs:
        x_sum += x
        y_sum += y
    x_mean, y_mean = x_sum / count, y_sum / count
    both = xs = ys = 0.0
    for x, y in pairs:
        both += (x - x_mean) * (y - y_mean)
        xs += (x - x_mean) * (x - x_mean)
        ys += (y - y_mean) * (y - y_mean)
    scale = math.sqrt(xs * ys) if math.isfinite(xs * ys) else math.inf
    return _finite(both / scale) if 0 < scale < math.inf else None


def strategy_characteristics(given: AnalysisInput) -> dict[str, Any]:
    """Give the statistics of the trades per strategy, over its portfolios in order."""
    portfolios: dict[str, list[PortfolioResult]] = {}
    for portfolio in given.result.portfolios.values():
        portfolios.setdefault(portfolio.strategy, []).append(portfolio)
    return {strategy: _trades(of) for strategy, of in portfolios.items()}


def _trades(portfolios: Sequence[PortfolioResult]) -> dict[str, Metric]:
    count = wins = longs = shorts = 0
    net = held = profits = losses = 0.0
    for portfolio in portfolios:
        for trade in portfolio.trades or ():
            count += 1
            net += trade.net_profit
            held += trade.bars_held
            longs += trade.side > 0
            shorts += trade.side < 0
            if trade.net_profit > 0:
                wins += 1
                profits += trade.net_profit
            elif trade.net_profit < 0:
                losses += trade.net_profit
    return {
        "num_trades": count,
        "win_rate": wins / count if count else None,
        "mean_net_profit": _finite(net / count) if count else None,
        "mean_bars_held": held / count if count else None,
        "profit_factor": _finite(profits / -losses) if losses else None,
        "long_trades": longs,
        "short_trades": shorts,
    }


def _returns(portfolio: PortfolioResult, initial_capital: float) -> Iterator[tuple[int, float]]:
    """Give time and return of every sample, the first against the initial capital."""
    curve = portfolio.equity_curve
    if curve is None:
        return
    before = initial_capital
    for time_ns, equity in zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True):
        # A portfolio that has come to nothing earns nothing on it.
        yield time_ns, equity / before - 1 if before else 0.0
        before = equity


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


ANALYSES: Final[Mapping[str, Callable[[AnalysisInput], dict[str, Any]]]] = {
    "regime_performance": regime_performance,
    "parameter_sensitivity": parameter_sensitivity,
    "correlation": correlation,
    "strategy_characteristics": strategy_characteristics,
}
"""In the order in which results list them."""
