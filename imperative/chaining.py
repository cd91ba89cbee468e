"""Portfolios over several windows as one: curves chained by their returns.

C starts as the initial capital; each sample of each window multiplies it by 1 + r, r being the
window's own return since its sample before (the first: since the initial capital). The chain ends
with the first C that is not above 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from containers.metrics import PortfolioMetrics
from containers.results import EquityCurve, Metrics, PortfolioResult, Trade

__all__ = ["Piece", "chain"]

_UNKNOWN: Final = ("exposure", "turnover", "min_cash", "ruined_at")
"""Figures of a portfolio that a chain has not."""


class Piece(NamedTuple):
    """What one window gives to a chain.

    Attributes:
        portfolio: With trades and curve.
        stop_ns: Samples from this time on are not taken, ns UTC; null: all are.
    """

    portfolio: PortfolioResult
    stop_ns: int | None = None


def chain(
    pieces: Sequence[Piece], *, initial_capital: float, periods_per_year: float
) -> PortfolioResult:
    """Chain one portfolio over windows, in order.

    Raises:
        ValueError: There is no piece, or one without its trades and curve.
    """
    if not pieces:
        raise ValueError("found no window to chain, expected at least one")
    times: list[int] = []
    equities: list[float] = []
    trades: list[Trade] = []
    capital = initial_capital
    for portfolio, stop_ns in pieces:
        if portfolio.equity_curve is None or portfolio.trades is None:
            raise ValueError("found a portfolio without its curve, which cannot be chained")
        if capital <= 0:
            break
        before, last_ns = initial_capital, None
        curve = portfolio.equity_curve
        for time_ns, equity in zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True):
            if stop_ns is not None and time_ns >= stop_ns:
                break
            capital = capital * (1 + (equity / before - 1))
            before, last_ns = equity, time_ns
            times.append(time_ns)
            equities.append(capital)
            if capital <= 0:
                break
        if last_ns is not None:
            trades += (trade for trade in portfolio.trades if trade.exit_time <= last_ns)
    last = pieces[-1].portfolio
    chained = np.array(equities, np.float64)
    return PortfolioResult(
        strategy=last.strategy,
        profile=last.profile,
        parameters=last.parameters,
        metrics=_metrics(chained, trades, initial_capital, periods_per_year),
        trades=tuple(trades),
        equity_curve=EquityCurve(time_ns=np.array(times, np.int64), equity=chained),
    )


def _metrics(
    equities: np.ndarray[tuple[int], np.dtype[np.float64]],
    trades: Sequence[Trade],
    initial_capital: float,
    periods_per_year: float,
) -> Metrics:
    streaming = PortfolioMetrics(initial_capital, periods_per_year)
    streaming.samples(equities, exposed=0)
    commission = 0.0
    for trade in trades:
        streaming.trade(trade.net_profit)
        commission += trade.commission
    figures: Mapping[str, float | int | None] = streaming.figures()
    own = {"total_commission": commission if np.isfinite(commission) else None}
    return {**figures, **own, **dict.fromkeys(_UNKNOWN)}
