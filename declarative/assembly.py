"""Putting results together: what a phase and a workflow have to show.

1. `phase_result` gathers the portfolios of a phase, picks the best (`best_portfolio`) and adds up.
2. `workflow_result` decides about success, finds the best phase and the first cause of a failure.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from containers.configuration import Configuration, Constraint, ObjectiveSettings
from containers.journal import PlannedPhase
from containers.results import (
    ErrorInfo,
    IterationResult,
    LoopIterationResult,
    Metric,
    Metrics,
    PhaseResult,
    PortfolioResult,
    WorkflowResult,
)
from containers.trace import combine_summaries
from declarative.plan import PhasePlan, Plan

__all__ = ["ENGINE", "best_portfolio", "phase_result", "skipped_phase", "workflow_result"]

ENGINE: Final = "declarative"

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def phase_result(
    phase: PhasePlan,
    iterations: tuple[IterationResult, ...],
    error: ErrorInfo | None,
    results_path: str | None,
) -> PhaseResult:
    """Give the result of a phase that ran."""
    planned, configuration = phase.planned, phase.resolved.typed
    if error is not None:
        return PhaseResult(
            status="failed",
            sequence=planned.sequence,
            topology=planned.topology,
            results_path=results_path,
            error=error,
        )
    portfolios = iterations[-1].portfolios
    best = best_portfolio(portfolios, configuration.objective)
    return PhaseResult(
        status="succeeded",
        sequence=planned.sequence,
        topology=planned.topology,
        iterations=iterations,
        metrics={} if best is None else dict(portfolios[best].metrics),
        best_portfolio=best,
        portfolios=portfolios,
        aggregate_metrics=_aggregate(portfolios.values(), configuration),
        results_path=results_path,
    )


def skipped_phase(planned: PlannedPhase, reason: str) -> PhaseResult:
    """Give the result of a phase that did not run."""
    return PhaseResult(
        status="skipped", sequence=planned.sequence, topology=planned.topology, reason=reason
    )


def workflow_result(
    plan: Plan, workflow_id: str, phase_results: Mapping[str, PhaseResult]
) -> WorkflowResult:
    """Give the result of a workflow whose phases all came to an end."""
    status = {name: result.status for name, result in phase_results.items()}
    required = [phase.name for phase in plan.phases if phase.planned.required]
    ran = any(state != "skipped" for state in status.values())
    success = ran and all(status[name] == "succeeded" for name in required)
    summaries = (
        iteration.trace_summary
        for result in phase_results.values()
        for iteration in result.iterations
        if iteration.trace_summary is not None
    )
    configuration = plan.resolved.typed
    return WorkflowResult(
        workflow=plan.workflow,
        workflow_id=workflow_id,
        engine=ENGINE,
        success=success,
        error=None if success else _first_cause(phase_results, required),
        phase_results=phase_results,
        iterations=(LoopIterationResult(index=0, success=success, phase_results=phase_results),),
        branches={},
        aggregated_results=_best_phase(phase_results, configuration.objective),
        outputs={},
        trace_summary=combine_summaries(summaries),
        metadata={
            "config_digest": plan.resolved.digest,
            "random_seed": configuration.random_seed,
        },
    )


def best_portfolio(
    portfolios: Mapping[str, PortfolioResult], objective: ObjectiveSettings
) -> str | None:
    """Name the best portfolio: constraint breakers last, then null, ties to the first."""
    ranked = {
        name: (
            any(_breaks(portfolio.metrics, constraint) for constraint in objective.constraints),
            *_rank(portfolio.metrics.get(objective.metric), objective.direction),
        )
        for name, portfolio in portfolios.items()
    }
    return min(ranked, key=ranked.__getitem__, default=None)


def _breaks(metrics: Metrics, constraint: Constraint) -> bool:
    value = metrics.get(constraint.metric)
    return value is None or not _OPERATORS[constraint.operator](value, constraint.value)


def _rank(value: Metric, direction: str) -> tuple[bool, float]:
    """Give what sorts the best value first and null last."""
    if value is None:
        return True, 0.0
    return False, -value if direction == "max" else value


def _best_phase(
    phase_results: Mapping[str, PhaseResult], objective: ObjectiveSettings
) -> dict[str, Any]:
    ranked = {
        name: _rank(result.metrics.get(objective.metric), objective.direction)
        for name, result in phase_results.items()
        if result.status == "succeeded"
    }
    if not ranked:
        return {"primary_metric": None, "best_phase": None}
    best = min(ranked, key=ranked.__getitem__)
    value = phase_results[best].metrics.get(objective.metric)
    return {"primary_metric": {"metric": objective.metric, "value": value}, "best_phase": best}


def _first_cause(
    phase_results: Mapping[str, PhaseResult], required: Iterable[str]
) -> ErrorInfo | None:
    """Give the error of the first required phase that failed, else of the first that did."""
    errors = {name: r.error for name, r in phase_results.items() if r.error is not None}
    return next((errors[name] for name in (*required, *errors) if name in errors), None)


def _aggregate(
    portfolios: Iterable[PortfolioResult], configuration: Configuration
) -> dict[str, Any]:
    figures = [portfolio.metrics for portfolio in portfolios]
    capital = _total(configuration.portfolio.initial_capital for _ in figures)
    equity = _total(metrics["final_equity"] for metrics in figures)
    growth = None if equity is None or not capital else equity / capital - 1
    trades = 0
    for metrics in figures:
        trades += int(metrics["num_trades"] or 0)
    return {
        "portfolios": len(figures),
        "initial_capital": capital,
        "final_equity": equity,
        "total_return": growth,
        "num_trades": trades,
        "total_commission": _total(metrics["total_commission"] for metrics in figures),
    }


def _total(values: Iterable[Metric]) -> float | None:
    """Add up from 0.0, in order; null when a term is null or the sum overflows."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total if math.isfinite(total) else None
