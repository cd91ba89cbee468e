"""How the returns of portfolios go together: Pearson's coefficient, in two passes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from containers.results import PortfolioResult
from imperative.analyses.returns import returns_of

__all__ = ["correlation"]


def correlation(
    portfolios: Mapping[str, PortfolioResult], *, initial_capital: float
) -> dict[str, dict[str, float | None]]:
    """Give ``{a: {b: coefficient}}`` of every portfolio with every other, over common times."""
    returns = {name: dict(returns_of(p, initial_capital)) for name, p in portfolios.items()}
    return {
        a: {b: _pearson(returns[a], returns[b]) for b in portfolios if b != a} for a in portfolios
    }


def _pearson(left: Mapping[int, float], right: Mapping[int, float]) -> float | None:
    pairs = [(x, right[time_ns]) for time_ns, x in left.items() if time_ns in right]
    if len(pairs) < 2:
        return None
    total_x, total_y = 0.0, 0.0
    for x, y in pairs:
        total_x += x
        total_y += y
    mean_x, mean_y = total_x / len(pairs), total_y / len(pairs)
    both, own_x, own_y = 0.0, 0.0, 0.0
    for x, y in pairs:
        both += (x - mean_x) * (y - mean_y)
        own_x += (x - mean_x) * (x - mean_x)
        own_y += (y - mean_y) * (y - mean_y)
    scale = own_x * own_y
    if not scale > 0 or not math.isfinite(scale) or not math.isfinite(both):
        return None
    return both / math.sqrt(scale)
