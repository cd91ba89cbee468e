"""The declarative engine, from a configuration to a result.

1. `read_user` reads what the user wrote; `make_plan` checks and resolves it, loads the data, and
   fixes what will run (`declarative.plan`). All that can be wrong beforehand is raised here.
2. `_claim` gives the run its id and, where something is stored, its folder.
3. The journal opens: the workflow, the bars left out, the resolved configuration, the plan.
4. `_run_phases` takes the phases in order. One whose dependency did not succeed is skipped;
   any other has its iterations run (`declarative.sequencer`), each a unit (`declarative.unit`)
   that is built from its topology (`declarative.topology`) and driven (`declarative.driver`).
5. `workflow_result` puts together what came of it (`declarative.assembly`).
6. `_store` writes the result and the manifest, and the journal closes.

None of this knows a workflow, a sequence or a topology: those are patterns (``patterns/``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from containers.components import Components, default_components
from containers.configuration import UserInput, read_user
from containers.errors import StorageError
from containers.failures import describe_error
from containers.journal import (
    ConfigResolved,
    ErrorRaised,
    Journal,
    JournalConsumer,
    OutputWritten,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.results import PhaseResult, WorkflowResult
from containers.storage import RunFolder, check_workflow_id, default_workflow_id
from declarative.assembly import phase_result, skipped_phase, workflow_result
from declarative.patterns import shipped
from declarative.plan import PhasePlan, Plan, make_plan
from declarative.sequencer import PhaseFolder, run_iterations

__all__ = ["DeclarativeWorkflowManager"]

_LOOP = 0
"""Workflows pass through their phases once."""


class DeclarativeWorkflowManager:
    """Runs workflows that are written as patterns.

    Args:
        components: What exists; null: the shipped components.
        consumers: Hear of every journal record as it is written.
        root: Where ``results.directory`` starts; null: the working directory at the time of a run.
        patterns: A folder with patterns of the user's own, beside the shipped ones.

    Raises:
        PatternError: Something in ``patterns`` is no pattern, or has the name of another.
    """

    def __init__(
        self,
        *,
        components: Components | None = None,
        consumers: Sequence[JournalConsumer] = (),
        root: Path | None = None,
        patterns: Path | None = None,
    ) -> None:
        self._components = default_components() if components is None else components
        self._consumers = tuple(consumers)
        self._root = root
        self._library = shipped() if patterns is None else shipped().with_folder(patterns)

    def plan_workflow(self, config: Mapping[str, Any] | str | Path | UserInput) -> Plan:
        """Say what `run_workflow` would run, and run nothing.

        Raises:
            ConfigurationError: As `run_workflow`.
        """
        return make_plan(read_user(config), self._library, self._components)

    def run_workflow(
        self, config: Mapping[str, Any] | str | Path | UserInput, workflow_id: str | None = None
    ) -> WorkflowResult:
        """Run the workflow that a configuration names.

        Args:
            config: A configuration, the path of its YAML file, or what was read; not changed.
            workflow_id: Id of the run; null: one made of workflow and configuration.

        Returns:
            The result; a failure while running is in it, with all finished work.

        Raises:
            ConfigurationError: The configuration, a pattern or the data are wrong, or the id is
                taken. Nothing has run, nothing was written.
        """
        plan = self.plan_workflow(config)
        run_id, folder = self._claim(plan, workflow_id)
        journal = Journal(self._consumers)
        journal.write(WorkflowStarted(workflow=plan.workflow))
        for record in plan.dropped:
            journal.write(record)
        journal.write(ConfigResolved(config=plan.resolved.plain, digest=plan.resolved.digest))
        result = workflow_result(plan, run_id, _run_phases(plan, journal, folder))
        if folder is not None:
            result = _store(result, folder, journal)
        journal.write(WorkflowFinished(success=result.success))
        return result

    def _claim(self, plan: Plan, workflow_id: str | None) -> tuple[str, RunFolder | None]:
        """Give the run's id, and its folder where any phase stores something."""
        digest, settings = plan.resolved.digest, plan.resolved.typed.results
        if workflow_id is not None:
            check_workflow_id(workflow_id)
        if settings.storage != "disk":
            return workflow_id or default_workflow_id(plan.workflow, digest, 1), None
        root = Path.cwd() if self._root is None else self._root
        folder = RunFolder.create(
            root / settings.directory,
            workflow=plan.workflow,
            digest=digest,
            workflow_id=workflow_id,
        )
        return folder.workflow_id, folder


def _run_phases(plan: Plan, journal: Journal, folder: RunFolder | None) -> dict[str, PhaseResult]:
    """Run the phases in order; answer their results, in that order."""
    loop = journal.child("iteration", _LOOP)
    loop.write(PlanMade(phases=tuple(phase.planned for phase in plan.phases)))
    results: dict[str, PhaseResult] = {}
    for phase in plan.phases:
        inner = loop.child("phase", phase.name)
        reason = _reason_to_skip(phase, results)
        if reason is None:
            results[phase.name] = _run_phase(phase, inner, folder)
        else:
            inner.write(PhaseSkipped(reason=reason))
            results[phase.name] = skipped_phase(phase.planned, reason)
    return results


def _run_phase(phase: PhasePlan, journal: Journal, run: RunFolder | None) -> PhaseResult:
    journal.write(ConfigResolved(config=phase.resolved.plain, digest=phase.resolved.digest))
    journal.write(PhaseStarted())
    folder = None
    if run is not None:
        folder = PhaseFolder(run, _LOOP, phase.name)
    iterations, error = run_iterations(phase.iterations, journal, folder)
    path = None if folder is None else folder.relative
    result = phase_result(phase, iterations, error, path)
    journal.write(PhaseFinished(status=result.status))
    return result


def _reason_to_skip(phase: PhasePlan, results: Mapping[str, PhaseResult]) -> str | None:
    for name in phase.planned.depends_on:
        status = results[name].status
        if status == "failed":
            return f"dependency '{name}' failed"
        if status == "skipped":
            return f"dependency '{name}' was skipped"
    return None


def _store(result: WorkflowResult, folder: RunFolder, journal: Journal) -> WorkflowResult:
    """Write result and manifest; a run whose result cannot be written has failed."""
    try:
        journal.write(OutputWritten(path=folder.write_result(result.to_document())))
        journal.write(OutputWritten(path=folder.write_manifest()))
    except StorageError as error:
        described = describe_error(error, journal.path)
        journal.write(ErrorRaised(error=described))
        first = result.error or described
        return msgspec.structs.replace(result, success=False, error=first)
    return result
