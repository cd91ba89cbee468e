"""From what units gave back to results: portfolios, phases, the workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from containers.configuration import ObjectiveSettings
from containers.failures import describe_error
from containers.journal import JournalPath
from containers.results import (
    ErrorInfo,
    IterationResult,
    PhaseResult,
    PortfolioResult,
)
from imperative.findings import Findings, rank
from imperative.unit import Unit, UnitOutcome
from imperative.workflow import Phase

__all__ = [
    "best_phase",
    "failed_phase",
    "finished_phase",
    "portfolio_results",
    "skipped_phase",
    "with_attached",
]


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
    iterations: Sequence[IterationResult],
    findings: Findings,
    path: str | None,
) -> PhaseResult:
    """Make the result of a phase whose iterations all succeeded."""
    return PhaseResult(
        status="succeeded",
        sequence=str(phase.sequence),
        topology=phase.topology,
        iterations=iterations,
        metrics=findings.metrics,
        best_portfolio=findings.best_portfolio,
        portfolios=findings.portfolios,
        aggregate_metrics=findings.aggregate_metrics,
        best_parameters=findings.best_parameters,
        signals=findings.signals,
        results_path=path,
    )


def failed_phase(phase: Phase, error: ErrorInfo, path: str | None) -> PhaseResult:
    """Make the result of a phase that failed: its error, and no figures."""
    return PhaseResult(
        status="failed",
        sequence=str(phase.sequence),
        topology=phase.topology,
        results_path=path,
        error=error,
    )


def with_attached(info: ErrorInfo, later: Sequence[Exception], path: JournalPath) -> ErrorInfo:
    """Attach errors that came after a unit's failure, as found at ``path``."""
    if not later:
        return info
    attached = (*info.attached, *(describe_error(error, path) for error in later))
    return msgspec.structs.replace(info, attached=attached)


def skipped_phase(phase: Phase, reason: str) -> PhaseResult:
    """Make the result of a phase that did not run."""
    return PhaseResult(
        status="skipped", sequence=str(phase.sequence), topology=phase.topology, reason=reason
    )


def best_phase(results: Mapping[str, PhaseResult], objective: ObjectiveSettings) -> dict[str, Any]:
    """Name the phase with the best value of the primary metric, and that value.

    Null values come last, constraints count for nothing here; null and null when no phase
    succeeded.
    """
    values = {
        name: result.metrics.get(objective.metric)
        for name, result in results.items()
        if result.status == "succeeded"
    }
    if not values:
        return {"primary_metric": None, "best_phase": None}
    bare = ObjectiveSettings(objective.metric, objective.direction, ())
    best = min(values, key=lambda name: rank({objective.metric: values[name]}, bare))
    return {
        "primary_metric": {"metric": objective.metric, "value": values[best]},
        "best_phase": best,
    }
