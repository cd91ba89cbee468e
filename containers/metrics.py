"""Streaming metrics of one portfolio: constant memory, one pass, in event order.

Mean and variance of the returns follow Welford (1962), in this form: d = r - mean;
mean += d / n; M2 += d x (r - mean). A figure that is undefined or overflows is null: never 0, NaN
or infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from containers.results import Metric, Metrics

__all__ = ["PortfolioMetrics"]


class PortfolioMetrics:
    """Figures over equity samples, fills and closed trades.

    Args:
        initial_capital: Currency; the equity before the first sample.
        periods_per_year: Samples that make a year, for annual figures.
    """

    def __init__(self, initial_capital: float, periods_per_year: float) -> None:
        self._initial = initial_capital
        self._periods_per_year = periods_per_year
        self._equity = initial_capital
        self._peak = initial_capital
        self._max_drawdown = 0.0
        self._samples = 0
        self._exposed = 0
        self._equity_total = 0.0
        self._mean = 0.0
        self._m2 = 0.0
        self._downside = 0.0
        self._traded = 0.0
        self._commission = 0.0
        self._min_cash = initial_capital
        self._trades = 0
        self._wins = 0
        self._profits = 0.0
        self._losses = 0.0
        self._net_profit = 0.0
        self._ruined_at: int | None = None

    def samples(self, equities: npt.NDArray[np.float64], *, exposed: int) -> None:
        """Take equities at the ends of slices, in order, as many at a time as is convenient.

        Args:
            equities: (n,) currency.
            exposed: At how many of these a position was open.
        """
        self._exposed += exposed
        if not len(equities):
            return
        # What overflows is infinite, and its figure null in the end.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            chain = np.concatenate(((self._equity,), equities))
            returns = chain[1:] / chain[:-1] - 1
            losses = returns[returns < 0.0]
            self._downside = _added(self._downside, losses * losses)
            self._equity_total = _added(self._equity_total, equities)
            chain[0] = self._peak
            peaks = np.fmax.accumulate(chain)  # NaN is nobody's peak
            self._max_drawdown = max(self._max_drawdown, float(np.fmax.reduce(1 - chain / peaks)))
        self._equity, self._peak = float(equities[-1]), float(peaks[-1])
        n, mean, m2 = float(self._samples), self._mean, self._m2  # dividing by an int takes longer
        for r in returns.tolist():
            n += 1.0
            d = r - mean
            mean += d / n
            m2 += d * (r - mean)
        self._samples, self._mean, self._m2 = int(n), mean, m2

    def fill(self, quantity: float, price: float, commission: float, cash: float) -> None:
        """Take a fill: signed shares, currency per share, currency, and the cash after it."""
        self._traded += abs(quantity) * price
        self._commission += commission
        self._min_cash = min(self._min_cash, cash)

    def trade(self, net_profit: float) -> None:
        """Take the profit of a closed trade, currency."""
        self._trades += 1
        self._net_profit += net_profit
        if net_profit > 0:
            self._wins += 1
            self._profits += net_profit
        elif net_profit < 0:
            self._losses += net_profit

    def ruin(self, time_ns: int) -> None:
        """Take note that the portfolio is ruined at the end of this slice."""
        self._ruined_at = time_ns

    def figures(self) -> Metrics:
        """Give all metrics so far, in the order of their table in docs/semantics.md."""
        n, years = self._samples, self._periods_per_year
        sd = math.sqrt(self._m2 / (n - 1)) if n > 1 else None
        annual_return = self._annual_return()
        downside = math.sqrt(self._downside / n) if self._downside > 0 else None
        mean_equity = self._equity_total / n if n else None
        scale = math.sqrt(years)
        figures: Metrics = {
            "final_equity": self._equity,
            "total_return": self._equity / self._initial - 1,
            "annual_return": annual_return,
            "annual_volatility": None if sd is None else sd * scale,
            "sharpe_ratio": _scaled(_ratio(self._mean, sd), scale),
            "sortino_ratio": _scaled(_ratio(self._mean, downside), scale),
            "max_drawdown": self._max_drawdown,
            "calmar_ratio": _ratio(annual_return, self._max_drawdown),
            "num_trades": self._trades,
            "win_rate": self._wins / self._trades if self._trades else None,
            "profit_factor": _ratio(self._profits, -self._losses),
            "expectancy": self._net_profit / self._trades if self._trades else None,
            "exposure": self._exposed / n if n else None,
            "turnover": _ratio(self._traded, mean_equity),
            "total_commission": self._commission,
            "min_cash": self._min_cash,
            "bars": n,
            "periods_per_year": years,
            "ruined_at": self._ruined_at,
        }
        return {name: _defined(value) for name, value in figures.items()}

    def _annual_return(self) -> Metric:
        if self._equity <= 0 or not self._samples:
            return None
        growth = self._equity / self._initial
        exponent = self._periods_per_year / self._samples
        return _or_null(lambda: growth**exponent - 1)


def _added(start: float, terms: npt.NDArray[np.float64]) -> float:
    """Add from left to right, as `numpy.sum` would not."""
    return float(np.cumsum(np.concatenate(((start,), terms)))[-1])


def _ratio(numerator: Metric, denominator: Metric) -> Metric:
    """Divide; null when there is nothing to divide by, or when that has overflowed."""
    if numerator is None or not denominator or not math.isfinite(denominator):
        return None
    return numerator / denominator


def _scaled(value: Metric, scale: float) -> Metric:
    return None if value is None else value * scale


def _or_null(formula: Callable[[], float]) -> Metric:
    try:
        return formula()
    except OverflowError:
        return None


def _defined(value: Metric) -> Metric:
    return value if value is None or math.isfinite(value) else None
