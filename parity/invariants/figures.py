"""The metrics of `docs/semantics.md` 6, from a curve, trades and fills, in the order written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from containers.results import Trade
from parity.invariants.batch import Floats

__all__ = ["FIGURES", "Traded", "add_up", "figures_of"]

FIGURES = (
    "final_equity", "total_return", "annual_return", "annual_volatility", "sharpe_ratio",
    "sortino_ratio", "max_drawdown", "calmar_ratio", "num_trades", "win_rate", "profit_factor",
    "expectancy", "exposure", "turnover", "total_commission", "min_cash", "bars",
    "periods_per_year", "ruined_at",
)  # fmt: skip
"""All metrics, in the order in which they are documented."""


class Traded(msgspec.Struct, frozen=True):
    """What is known of a portfolio of a unit beside its curve and trades.

    Attributes:
        in_market: Samples with a position.
        volume: Sum of quantity x price over its fills.
        commission: Sum of their commissions.
        min_cash: Least cash, initial capital included.
        ruined_at: End of the slice of its ruin, ns; null when there was none.
    """

    in_market: int
    volume: float
    commission: float
    min_cash: float
    ruined_at: int | None


def figures_of(
    capital: float,
    equity: Floats | Sequence[float],
    trades: Sequence[Trade],
    periods: float,
    traded: Traded | None,
) -> dict[str, Any]:
    """Work out all metrics of a portfolio; null where one is undefined or overflows.

    Args:
        capital: Before the first sample, currency.
        equity: At every sample; only a chain can have none.
        trades: Closed ones, in order of their closing fills.
        periods: N, samples a year.
        traded: What its fills say; null for curves that are chained from several units.
    """
    n = len(equity)
    curve = np.concatenate([[capital], equity])
    with np.errstate(all="ignore"):  # what overflows is null in the end
        returns = curve[1:] / curve[:-1] - 1.0
        falls = 1.0 - curve / np.maximum.accumulate(curve)
        negative = returns[returns < 0.0]
        losses = float(np.add.accumulate(negative * negative)[-1]) if len(negative) else 0.0
    drawdown = max(float(np.fmax.reduce(falls)), 0.0)
    mean, squares, count = 0.0, 0.0, 0.0
    for r in returns.tolist():
        count += 1.0
        d = r - mean
        mean += d / count
        squares += d * (r - mean)
    final, root = float(curve[-1]), math.sqrt(periods)
    sd = math.sqrt(squares / (n - 1)) if n > 1 and squares >= 0.0 else None
    downside = math.sqrt(losses / n) if n else 0.0
    annual = _power(final / capital, periods / n) if n and final > 0.0 else None
    commission = add_up(trade.commission for trade in trades)
    figures: dict[str, Any] = {
        "final_equity": final,
        "total_return": final / capital - 1.0,
        "annual_return": annual,
        "annual_volatility": None if sd is None else sd * root,
        "sharpe_ratio": _ratio(mean, sd, root),
        "sortino_ratio": _ratio(mean, downside, root),
        "max_drawdown": drawdown,
        "calmar_ratio": None if annual is None or drawdown == 0.0 else annual / drawdown,
        **_of_trades(trades),
        "exposure": None if traded is None else traded.in_market / n,
        "turnover": None if traded is None else _over(traded.volume, _sum(curve[1:]) / n),
        "total_commission": commission if traded is None else traded.commission,
        "min_cash": None if traded is None else traded.min_cash,
        "bars": n,
        "periods_per_year": float(periods),
        "ruined_at": None if traded is None else traded.ruined_at,
    }
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.items()
    }


def _sum(values: Floats) -> float:
    return 0.0 + float(np.add.accumulate(values)[-1])


def add_up(values: Any) -> float:
    """Add in order from 0.0."""
    total = 0.0
    for value in values:
        total = total + value
    return total


def _of_trades(trades: Sequence[Trade]) -> dict[str, Any]:
    profits = [trade.net_profit for trade in trades]
    won = add_up(profit for profit in profits if profit > 0.0)
    lost = add_up(profit for profit in profits if profit < 0.0)
    count = len(profits)
    return {
        "num_trades": count,
        "win_rate": sum(profit > 0.0 for profit in profits) / count if count else None,
        "profit_factor": _over(won, -lost),
        "expectancy": add_up(profits) / count if count else None,
    }


def _over(above: float, below: float) -> float | None:
    return None if below == 0.0 or not math.isfinite(below) else above / below


def _ratio(mean: float, below: float | None, root: float) -> float | None:
    if below is None or below == 0.0 or not math.isfinite(below):
        return None
    return (mean / below) * root


def _power(growth: float, exponent: float) -> float | None:
    try:
        return float(growth**exponent) - 1.0
    except OverflowError:
        return None
