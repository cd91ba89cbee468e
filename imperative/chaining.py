"""Portfolios over several windows as one: curves chained by their returns.

C starts as the initial capital; each sample of each window multiplies it by 1 + r, r being the
window's own return since its sample before (the first: since the initial capital). The chain ends
with the first C that is not above 0.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from containers.metrics import PortfolioMetrics
from containers.results import EquityCurve, Metrics, PortfolioResult, Trade

__all__ = ["Chain"]

_UNKNOWN: Final = ("exposure", "turnover", "min_cash", "ruined_at")
"""Figures of a portfolio that a chain has not."""


class Chain:
    """One portfolio chained over windows, which are taken in order and not kept.

    Args:
        initial_capital: What every window, and the chain, starts from.
        periods_per_year: N of the metrics.

    Attributes:
        windows: How many were taken.
    """

    def __init__(self, initial_capital: float, periods_per_year: float) -> None:
        self.windows = 0
        self._initial: Final = initial_capital
        self._periods: Final = periods_per_year
        self._capital = initial_capital
        self._times: Final = array("q")
        self._equities: Final = array("d")
        self._trades: Final[list[Trade]] = []
        self._last: PortfolioResult | None = None

    def add(self, portfolio: PortfolioResult, stop_ns: int | None = None) -> None:
        """Take the next window.

        Args:
            portfolio: What it did there, with trades and curve.
            stop_ns: Samples from this time on are not taken, ns UTC; null: all are.

        Raises:
            ValueError: It comes without its trades and curve.
        """
        curve, trades = portfolio.equity_curve, portfolio.trades
        if curve is None or trades is None:
            raise ValueError("found a portfolio without its curve, which cannot be chained")
        self.windows += 1
        self._last = msgspec.structs.replace(portfolio, trades=None, equity_curve=None)
        if self._capital <= 0:
            return
        capital, before, last_ns = self._capital, self._initial, None
        for time_ns, equity in zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True):
            if stop_ns is not None and time_ns >= stop_ns:
                break
            capital = capital * (1 + (equity / before - 1))
            before, last_ns = equity, time_ns
            self._times.append(time_ns)
            self._equities.append(capital)
            if capital <= 0:
                break
        self._capital = capital
        if last_ns is not None:
            self._trades.extend(trade for trade in trades if trade.exit_time <= last_ns)

    def result(self) -> PortfolioResult:
        """Give the whole.

        Raises:
            ValueError: There was no window.
        """
        if self._last is None:
            raise ValueError("found no window to chain, expected at least one")
        chained = np.array(self._equities, np.float64)
        return PortfolioResult(
            strategy=self._last.strategy,
            profile=self._last.profile,
            parameters=self._last.parameters,
            metrics=_metrics(chained, self._trades, self._initial, self._periods),
            trades=tuple(self._trades),
            equity_curve=EquityCurve(time_ns=np.array(self._times, np.int64), equity=chained),
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
