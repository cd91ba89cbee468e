"""What units, iterations and phases come to, and which of several is best."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from containers.configuration import Constraint, ObjectiveSettings
from containers.results import IterationResult, Metric, Metrics, PortfolioResult, Signals
from containers.storage import StoredPortfolios, bare_portfolios

__all__ = [
    "OPERATORS",
    "Findings",
    "aggregate",
    "best_portfolio",
    "figures",
    "joined_signals",
    "of_portfolios",
    "rank",
    "without_details",
]

OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}

Result = TypeVar("Result", bound=IterationResult)


class Findings(msgspec.Struct, frozen=True):
    """What something comes to; fields as those of `IterationResult`."""

    portfolios: Mapping[str, PortfolioResult] = {}
    metrics: Metrics = {}
    best_portfolio: str | None = None
    aggregate_metrics: Mapping[str, Any] = {}
    best_parameters: Mapping[str, Any] = {}
    signals: Signals | None = None


def of_portfolios(
    portfolios: Mapping[str, PortfolioResult],
    objective: ObjectiveSettings,
    *,
    aggregate_metrics: Mapping[str, Any],
    best_parameters: Mapping[str, Any] | None = None,
    signals: Signals | None = None,
) -> Findings:
    """Put together what portfolios come to; the metrics are those of the best one."""
    held = figures(portfolios)
    best = best_portfolio(held, objective)
    return Findings(
        portfolios=portfolios,
        metrics=dict(held[best].metrics),
        best_portfolio=best,
        aggregate_metrics=aggregate_metrics,
        best_parameters=best_parameters or {},
        signals=signals,
    )


def figures(portfolios: Mapping[str, PortfolioResult]) -> Mapping[str, PortfolioResult]:
    """Give portfolios for the sake of their figures: no file is read for them."""
    if type(portfolios) is dict:  # the quick way: a study asks for each of its units
        return portfolios
    return portfolios.bare if isinstance(portfolios, StoredPortfolios) else portfolios


def best_portfolio(portfolios: Mapping[str, PortfolioResult], objective: ObjectiveSettings) -> str:
    """Name the best portfolio; ties go to the first."""
    return min(portfolios, key=lambda name: rank(portfolios[name].metrics, objective))


def rank(metrics: Metrics, objective: ObjectiveSettings) -> tuple[bool, bool, float]:
    """Order results, the best first.

    Those that break a constraint come after all that don't, then those without a value.
    """
    broken = any(_breaks(metrics, constraint) for constraint in objective.constraints)
    value = metrics.get(objective.metric)
    if value is None:
        return broken, True, 0.0
    return broken, False, -value if objective.direction == "max" else value


def _breaks(metrics: Metrics, constraint: Constraint) -> bool:
    value = metrics.get(constraint.metric)
    return value is None or not OPERATORS[constraint.operator](value, constraint.value)


def aggregate(portfolios: Iterable[PortfolioResult], initial_capital: float) -> dict[str, Any]:
    """Add up portfolios that each began with ``initial_capital``, in order.

    A sum in which a figure is undefined, or that overflows, is null.
    """
    held = tuple(portfolios)
    capital = _total(initial_capital for _ in held)
    equity = _total(portfolio.metrics["final_equity"] for portfolio in held)
    total_return = None if capital is None or equity is None else equity / capital - 1
    return {
        "portfolios": len(held),
        "initial_capital": capital,
        "final_equity": equity,
        "total_return": total_return,
        "num_trades": sum(int(portfolio.metrics["num_trades"] or 0) for portfolio in held),
        "total_commission": _total(p.metrics["total_commission"] for p in held),
    }


def _total(values: Iterable[Metric]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total if math.isfinite(total) else None


def joined_signals(parts: Iterable[Signals | None]) -> Signals | None:
    """Put signals one after the other; null of none."""
    held = [part for part in parts if part is not None]
    if not held:
        return None
    strategies = dict.fromkeys(name for part in held for name in part.strategies)
    return Signals(tuple(strategies), tuple(row for part in held for row in part.rows))


def without_details(result: Result) -> Result:
    """Leave trades and curves out of the portfolios of an iteration."""
    if not result.portfolios:
        return result
    return msgspec.structs.replace(result, portfolios=bare_portfolios(result.portfolios))
