"""How portfolios did while a classifier said what: figures for each label alone."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from containers.results import Label, PortfolioResult
from imperative.analyses.returns import returns_of

__all__ = ["regime_performance"]


def regime_performance(
    portfolios: Mapping[str, PortfolioResult],
    labels: Mapping[str, Sequence[Label]],
    *,
    symbol: str,
    initial_capital: float,
    periods_per_year: float,
) -> dict[str, Any]:
    """Give ``{portfolio: {classifier: {label: figures}}}``.

    Args:
        portfolios: With their curves.
        labels: What each classifier said, in order.
        symbol: Whose labels count.
        initial_capital: What the first return is against, currency.
        periods_per_year: N of the Sharpe ratio.
    """
    return {
        name: {
            classifier: _by_label(
                returns_of(portfolio, initial_capital),
                [label for label in said if label.symbol == symbol],
                periods_per_year,
            )
            for classifier, said in labels.items()
        }
        for name, portfolio in portfolios.items()
    }


def _by_label(
    returns: Sequence[tuple[int, float]], labels: Sequence[Label], periods_per_year: float
) -> dict[str, Any]:
    times = [label.time_ns for label in labels]
    by_label: dict[str, list[float]] = {}
    for time_ns, r in returns:
        place = bisect_right(times, time_ns) - 1
        if place >= 0:
            by_label.setdefault(labels[place].label, []).append(r)
    return {label: _figures(own, periods_per_year) for label, own in by_label.items()}


def _figures(returns: Sequence[float], periods_per_year: float) -> dict[str, Any]:
    mean, m2 = 0.0, 0.0
    capital, peak, drawdown = 1.0, 1.0, 0.0
    for n, r in enumerate(returns, start=1):
        d = r - mean
        mean += d / n
        m2 += d * (r - mean)
        capital = capital * (1 + r)
        peak = max(peak, capital)
        drawdown = max(drawdown, 1 - capital / peak)
    count = len(returns)
    sd = math.sqrt(m2 / (count - 1)) if count > 1 else 0.0
    sharpe = (mean / sd) * math.sqrt(periods_per_year) if sd and math.isfinite(sd) else None
    return {
        "samples": count,
        "mean_return": _finite(mean),
        "sharpe_ratio": _finite(sharpe),
        "max_drawdown": _finite(drawdown),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
