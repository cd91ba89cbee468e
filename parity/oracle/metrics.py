"""The metrics of a portfolio, each from the whole list of its samples, trades and fills."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from containers.results import Metrics, Trade
from parity.oracle.state import Portfolio

__all__ = ["compute_metrics"]


def compute_metrics(
    portfolio: Portfolio, initial_capital: float, periods_per_year: float
) -> Metrics:
    """Compute all metrics, in the order in which they are documented; null where undefined."""
    equities = [sample.equity for sample in portfolio.samples]
    n, final = len(equities), equities[-1]
    root = math.sqrt(periods_per_year)
    returns = _returns(initial_capital, equities)
    mean, sd = _mean_and_sd(returns)
    downside = _downside(returns)
    annual_return = _annual_return(final / initial_capital, periods_per_year / n)
    drawdown = _max_drawdown(initial_capital, equities)
    commissions, traded, min_cash = 0.0, 0.0, initial_capital
    for fill in portfolio.account.fills:
        commissions += fill.commission
        traded += fill.traded
        min_cash = min(min_cash, fill.cash)
    mean_equity = _total(equities) / n
    in_market = [sample for sample in portfolio.samples if sample.has_position]
    metrics: Metrics = {
        "final_equity": final,
        "total_return": final / initial_capital - 1.0,
        "annual_return": annual_return,
        "annual_volatility": None if sd is None else sd * root,
        "sharpe_ratio": _times(_over(mean, sd), root),
        "sortino_ratio": _times(_over(mean, downside), root),
        "max_drawdown": drawdown,
        "calmar_ratio": (
            None if annual_return is None or drawdown == 0.0 else annual_return / drawdown
        ),
        **_trade_metrics(portfolio.account.trades),
        "exposure": len(in_market) / n,
        "turnover": _over(traded, mean_equity),
        "total_commission": commissions,
        "min_cash": min_cash,
        "bars": n,
        "periods_per_year": periods_per_year,
        "ruined_at": portfolio.ruined_at,
    }
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in metrics.items()
    }


def _trade_metrics(trades: Sequence[Trade]) -> Metrics:
    profits = [trade.net_profit for trade in trades]
    won = [profit for profit in profits if profit > 0.0]
    lost = [profit for profit in profits if profit < 0.0]
    count = len(trades)
    return {
        "num_trades": count,
        "win_rate": len(won) / count if count else None,
        "profit_factor": _over(_total(won), -_total(lost)),
        "expectancy": _total(profits) / count if count else None,
    }


def _over(above: float, below: float | None) -> float | None:
    """Divide; null where the divisor is undefined, zero or has overflowed."""
    if below is None or below == 0.0 or not math.isfinite(below):
        return None
    return above / below


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _returns(initial_capital: float, equities: Sequence[float]) -> list[float]:
    return [now / before - 1.0 for before, now in pairwise([initial_capital, *equities])]


def _mean_and_sd(returns: Sequence[float]) -> tuple[float, float | None]:
    """Give running mean and sample standard deviation (null for a single return)."""
    n, mean, m2 = 0, 0.0, 0.0
    for value in returns:
        n += 1
        difference = value - mean
        mean += difference / n
        m2 += difference * (value - mean)
    return mean, math.sqrt(m2 / (n - 1)) if n > 1 else None


def _downside(returns: Sequence[float]) -> float:
    """Give √(Σ min(r, 0)² ÷ n): 0.0 without a loss."""
    squares = 0.0
    for value in returns:
        loss = min(value, 0.0)
        squares += loss * loss
    return math.sqrt(squares / len(returns))


def _annual_return(growth: float, exponent: float) -> float | None:
    if growth <= 0.0:
        return None
    try:
        return float(growth**exponent) - 1.0
    except OverflowError:
        return None


def _max_drawdown(initial_capital: float, equities: Sequence[float]) -> float:
    peak, largest = initial_capital, 0.0
    for equity in equities:
        peak = max(peak, equity)
        largest = max(largest, 1.0 - equity / peak)
    return largest


def _total(values: Sequence[float]) -> float:
    """Add in order from 0.0; the built-in sum rounds differently from one version to the next."""
    total = 0.0
    for value in values:
        total += value
    return total
