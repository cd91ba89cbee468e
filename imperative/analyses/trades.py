"""What the trades of each strategy are like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from containers.results import PortfolioResult, Trade

__all__ = ["strategy_characteristics"]


def strategy_characteristics(portfolios: Mapping[str, PortfolioResult]) -> dict[str, Any]:
    """Give figures over the trades of all portfolios of a strategy, in their order."""
    by_strategy: dict[str, list[Trade]] = {}
    for portfolio in portfolios.values():
        by_strategy.setdefault(portfolio.strategy, []).extend(portfolio.trades or ())
    return {strategy: _figures(trades) for strategy, trades in by_strategy.items()}


def _figures(trades: Sequence[Trade]) -> dict[str, Any]:
    count = len(trades)
    net, profits, losses, wins, bars = 0.0, 0.0, 0.0, 0, 0.0
    for trade in trades:
        net += trade.net_profit
        bars += trade.bars_held
        if trade.net_profit > 0:
            wins += 1
            profits += trade.net_profit
        elif trade.net_profit < 0:
            losses += trade.net_profit
    figures: dict[str, float | None] = {
        "win_rate": wins / count if count else None,
        "mean_net_profit": net / count if count else None,
        "mean_bars_held": bars / count if count else None,
        "profit_factor": profits / -losses if losses and math.isfinite(losses) else None,
    }
    return {
        "num_trades": count,
        **{name: _finite(value) for name, value in figures.items()},
        "long_trades": sum(trade.side > 0 for trade in trades),
        "short_trades": sum(trade.side < 0 for trade in trades),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
