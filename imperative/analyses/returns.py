"""Returns of an equity curve."""

from __future__ import annotations

from containers.results import PortfolioResult

__all__ = ["returns_of"]


def returns_of(portfolio: PortfolioResult, initial_capital: float) -> list[tuple[int, float]]:
    """Give time, ns UTC, and return of each sample, the first against the initial capital.

    A return of nothing, after an equity of 0, is left out. Without a curve there are none.
    """
    curve = portfolio.equity_curve
    if curve is None:
        return []
    found: list[tuple[int, float]] = []
    before = initial_capital
    for time_ns, equity in zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True):
        if before != 0:
            found.append((time_ns, equity / before - 1))
        before = equity
    return found
