"""One pass through the phases of a workflow.

For each phase, in the order of execution, `run_phases`

1. skips it when what it depends on did not succeed (`_obstacle`), or else
2. journals its configuration and has the `Sequencer` run it (`_run_phase`);
3. makes a result of what came back, or of the failure (`imperative.outcome`).

The pass succeeded when every required phase did and at least one phase ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from containers.journal import (
    ConfigResolved,
    Journal,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    PlannedPhase,
)
from containers.results import ErrorInfo, PhaseResult
from containers.storage import RunFolder
from imperative.outcome import failed_phase, finished_phase, skipped_phase
from imperative.preparation import Preparation, PreparedPhase
from imperative.sequencer import PhaseRun, Sequencer
from imperative.unit import UnitError
from imperative.workflow import Phase

__all__ = ["PassOutcome", "run_phases"]


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """What came of one pass.

    Attributes:
        results: Of all phases, in the order of execution.
        success: Whether every required phase succeeded, and at least one phase ran.
        error: The first failure that kept a required phase from succeeding; null on success.
    """

    results: Mapping[str, PhaseResult]
    success: bool
    error: ErrorInfo | None


def run_phases(
    preparation: Preparation,
    sequencer: Sequencer,
    journal: Journal,
    folder: RunFolder | None,
    loop: int,
) -> PassOutcome:
    """Run all phases once.

    Args:
        preparation: What to run.
        sequencer: Runs a phase.
        journal: Of the pass.
        folder: Of the run; null when results stay in memory.
        loop: Index of the pass.
    """
    definitions = [phase.definition for phase in preparation.phases]
    journal.write(PlanMade(phases=tuple(map(_planned, definitions))))
    results: dict[str, PhaseResult] = {}
    # Of each phase that did not succeed, the failure that this goes back to.
    failures: dict[str, ErrorInfo | None] = {}
    for phase in preparation.phases:
        definition = phase.definition
        own_journal = journal.child("phase", definition.name)
        obstacle = _obstacle(definition, results, fail_fast=preparation.workflow.fail_fast)
        if obstacle is None:
            result = _run_phase(phase, sequencer, own_journal, folder, loop)
            if result.status == "failed":
                failures[definition.name] = result.error
        else:
            cause, reason = obstacle
            own_journal.write(PhaseSkipped(reason=reason))
            result = skipped_phase(definition, reason)
            failures[definition.name] = failures[cause]
        results[definition.name] = result
    decisive = [d.name for d in definitions if d.required and d.name in failures]
    ran = any(result.status != "skipped" for result in results.values())
    return PassOutcome(
        results=results,
        success=ran and not decisive,
        error=failures[decisive[0]] if decisive else None,
    )


def _run_phase(
    phase: PreparedPhase,
    sequencer: Sequencer,
    journal: Journal,
    folder: RunFolder | None,
    loop: int,
) -> PhaseResult:
    definition, configuration = phase.definition, phase.configuration
    journal.write(ConfigResolved(config=configuration.document, digest=configuration.digest))
    journal.write(PhaseStarted())
    run = PhaseRun(
        name=definition.name,
        loop=loop,
        topology=definition.topology,
        sequence=definition.sequence,
        configuration=configuration.settings,
        market=phase.market,
        folder=folder,
    )
    path = None if folder is None else f"{loop}/{definition.name}"
    try:
        iterations = sequencer.run(run, journal)
        result = finished_phase(definition, configuration.settings, iterations, path)
    except UnitError as error:
        result = failed_phase(definition, error.info, path)
    journal.write(PhaseFinished(status=result.status))
    return result


def _obstacle(
    phase: Phase, results: Mapping[str, PhaseResult], *, fail_fast: bool
) -> tuple[str, str] | None:
    """Give the phase that keeps this one from running, and the reason in words; null for none."""
    for name in phase.dependencies:
        if results[name].status == "failed":
            return name, f"dependency '{name}' failed"
        if results[name].status == "skipped":
            return name, f"dependency '{name}' was skipped"
    if fail_fast:
        for name, result in results.items():
            if result.status == "failed":
                return name, f"phase '{name}' failed, and the workflow is fail_fast"
    return None


def _planned(phase: Phase) -> PlannedPhase:
    return PlannedPhase(
        name=phase.name,
        topology=phase.topology,
        sequence=phase.sequence,
        depends_on=phase.dependencies,
        required=phase.required,
        conditions=(),
        inputs={},
        units=1,
    )
