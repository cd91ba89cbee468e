"""From what units gave back to results: portfolios, phases, the workflow."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from containers.configuration import Configuration, Constraint, ObjectiveSettings
from containers.results import (
    ErrorInfo,
    IterationResult,
    Metric,
    Metrics,
    PhaseResult,
    PortfolioResult,
)
from imperative.unit import Unit, UnitOutcome
from imperative.workflow import Phase

__all__ = [
    "aggregate",
    "best_phase",
    "best_portfolio",
    "failed_phase",
    "finished_phase",
    "portfolio_results",
    "skipped_phase",
]

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def portfolio_results(unit: Unit, outcome: UnitOutcome) -> dict[str, PortfolioResult]:
    """Put together what each portfolio was made of and what it did, in topology order."""
    return {
        portfolio: PortfolioResult(
            strategy=origin.strategy,
            profile=origin.profile,
            parameters=origin.parameters,
            metrics=outcome.reports[portfolio].metrics,
            trades=outcome.reports[portfolio].trades,
            equity_curve=outcome.reports[portfolio].equity_curve,
        )
        for portfolio, origin in unit.portfolios.items()
    }


def finished_phase(
    phase: Phase,
    configuration: Configuration,
    iterations: tuple[IterationResult, ...],
    path: str | None,
) -> PhaseResult:
    """Make the result of a phase whose iterations all succeeded."""
    portfolios = iterations[-1].portfolios
    best = best_portfolio(portfolios, configuration.objective)
    return PhaseResult(
        status="succeeded",
        sequence=phase.sequence,
        topology=phase.topology,
        iterations=iterations,
        metrics=dict(portfolios[best].metrics),
        best_portfolio=best,
        portfolios=portfolios,
        aggregate_metrics=aggregate(portfolios.values(), configuration.portfolio.initial_capital),
        results_path=path,
    )


def failed_phase(phase: Phase, error: ErrorInfo, path: str | None) -> PhaseResult:
    """Make the result of a phase that failed: its error, and no figures."""
    return PhaseResult(
        status="failed",
        sequence=phase.sequence,
        topology=phase.topology,
        results_path=path,
        error=error,
    )


def skipped_phase(phase: Phase, reason: str) -> PhaseResult:
    """Make the result of a phase that did not run."""
    return PhaseResult(
        status="skipped", sequence=phase.sequence, topology=phase.topology, reason=reason
    )


def best_portfolio(portfolios: Mapping[str, PortfolioResult], objective: ObjectiveSettings) -> str:
    """Name the best portfolio; ties go to the first.

    Those that break a constraint come after all that don't, then those without a value.
    """

    def rank(portfolio: str) -> tuple[bool, bool, float]:
        metrics = portfolios[portfolio].metrics
        broken = any(_breaks(metrics, constraint) for constraint in objective.constraints)
        return (broken, *_rank(metrics[objective.metric], objective))

    return min(portfolios, key=rank)


def best_phase(results: Mapping[str, PhaseResult], objective: ObjectiveSettings) -> dict[str, Any]:
    """Name the phase with the best value of the primary metric, and that value.

    Null and null when no phase succeeded.
    """
    values = {
        name: result.metrics[objective.metric]
        for name, result in results.items()
        if result.status == "succeeded"
    }
    if not values:
        return {"primary_metric": None, "best_phase": None}
    best = min(values, key=lambda name: _rank(values[name], objective))
    return {
        "primary_metric": {"metric": objective.metric, "value": values[best]},
        "best_phase": best,
    }


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


def _breaks(metrics: Metrics, constraint: Constraint) -> bool:
    value = metrics[constraint.metric]
    return value is None or not _OPERATORS[constraint.operator](value, constraint.value)


def _rank(value: Metric, objective: ObjectiveSettings) -> tuple[bool, float]:
    """Order values: the best first, null last."""
    if value is None:
        return True, 0.0
    return False, -value if objective.direction == "max" else value
