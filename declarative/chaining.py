"""Portfolios over several windows as one: returns chained, trades put one after the other.

Each window starts from the initial capital again, so its curve gives returns, not equity:
C = initial capital; for each sample r = E / E before - 1 (a window's first against the initial
capital), C = C x (1 + r). The chain ends with the first C that is not above 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.metrics import PortfolioMetrics
from containers.results import EquityCurve, Metrics, PortfolioResult, Trade

__all__ = ["Piece", "chained"]

_UNKNOWN = ("exposure", "turnover", "min_cash", "ruined_at")
"""What cannot be said of several windows together."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The portfolios of one window, by id, and how much of it counts.

    Attributes:
        portfolios: With their trades and curves.
        until_ns: Samples from this time on are left out; null: none is.
    """

    portfolios: Mapping[str, PortfolioResult]
    until_ns: int | None = None


def chained(
    pieces: Sequence[Piece], initial_capital: float, periods_per_year: float
) -> dict[str, PortfolioResult]:
    """Chain every portfolio over the pieces, at least one, in the order of the last one's.

    Nothing comes of pieces without portfolios, or whose portfolios have no curves (those of a
    Monte Carlo).
    """
    chains = {
        name: _chain(name, pieces, initial_capital, periods_per_year)
        for name in pieces[-1].portfolios
    }
    return {name: chain for name, chain in chains.items() if chain is not None}


def _chain(
    name: str, pieces: Sequence[Piece], initial_capital: float, periods_per_year: float
) -> PortfolioResult | None:
    """Chain one portfolio; null where a piece lacks it, or its curve. Each is looked at once."""
    capital = initial_capital
    times: list[npt.NDArray[np.int64]] = []
    equities: list[npt.NDArray[np.float64]] = []
    trades: list[Trade] = []
    for piece in pieces:
        portfolio = piece.portfolios.get(name)
        if portfolio is None or portfolio.equity_curve is None:
            return None
        if capital <= 0:
            continue  # the chain has ended
        taken, chain = _continued(portfolio.equity_curve, piece.until_ns, initial_capital, capital)
        if not len(taken):
            continue
        times.append(taken)
        equities.append(chain)
        end_ns = int(taken[-1])
        trades += [trade for trade in portfolio.trades or () if trade.exit_time <= end_ns]
        capital = float(chain[-1])
    curve = EquityCurve(
        np.concatenate(times) if times else np.array([], dtype=np.int64),
        np.concatenate(equities) if equities else np.array([], dtype=np.float64),
    )
    assert portfolio is not None  # there is a last piece, and it has one
    return PortfolioResult(
        strategy=portfolio.strategy,
        profile=portfolio.profile,
        parameters=portfolio.parameters,
        metrics=_metrics(curve, trades, initial_capital, periods_per_year),
        trades=tuple(trades),
        equity_curve=curve,
    )


def _continued(
    curve: EquityCurve, until_ns: int | None, initial_capital: float, capital: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Give times and chained equities of one window, from ``capital`` on."""
    times, equities = curve.time_ns, curve.equity
    if until_ns is not None:
        count = int(np.searchsorted(times, until_ns, "left"))
        times, equities = times[:count], equities[:count]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        before = np.concatenate(((initial_capital,), equities[:-1]))
        growth = 1 + (equities / before - 1)
        # From left to right, one rounding each: what a loop over the samples gives.
        chain = np.multiply.accumulate(np.concatenate(((capital,), growth)))[1:]
    ends = np.flatnonzero(chain <= 0)
    if ends.size:
        count = int(ends[0]) + 1
        return times[:count], chain[:count]
    return times, chain


def _metrics(
    curve: EquityCurve, trades: Sequence[Trade], initial_capital: float, periods_per_year: float
) -> Metrics:
    figures = PortfolioMetrics(initial_capital, periods_per_year)
    figures.samples(curve.equity, exposed=0)
    commission = 0.0
    for trade in trades:
        figures.trade(trade.net_profit)
        commission += trade.commission
    metrics = figures.figures()
    metrics |= dict.fromkeys(_UNKNOWN)
    finite = commission - commission == 0
    metrics["total_commission"] = commission if finite else None
    return metrics
