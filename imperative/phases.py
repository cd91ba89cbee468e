"""One pass through the phases of a workflow.

For each phase, in the order of execution, `run_phases`

1. skips it when what it depends on did not succeed (`_obstacle`), or a condition does not hold;
2. resolves its inputs and those settings that hold references, and journals its configuration;
3. has the `Sequencer` run it, and resolves and writes its outputs;
4. makes a result of what came back, or of the failure (`imperative.outcome`).

The pass succeeded when every required phase did, or was skipped by a condition, and at least one
phase ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from containers.errors import ConfigurationError, Problem, WorkflowError
from containers.failures import describe_error
from containers.journal import (
    ConfigResolved,
    ErrorRaised,
    Journal,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    PlannedPhase,
)
from containers.results import ErrorInfo, PhaseResult
from containers.storage import PhaseFolder, PhaseStore, RunFolder, loaded, phase_identity
from imperative.conditions import condition_text, unmet
from imperative.keeping import write_again
from imperative.outcome import failed_phase, finished_phase, skipped_phase, with_attached
from imperative.outputs import resolve_outputs, write_outputs
from imperative.passes import PassView
from imperative.preparation import Preparation, PreparedPhase, ResolvedPhase
from imperative.references import find_references, resolve
from imperative.sequencer import PhaseRun, Sequencer
from imperative.unit import UnitError, keeping
from imperative.values import kind_of
from imperative.workflow import Phase
from imperative.written import as_written

__all__ = ["PassOutcome", "planned_phase", "run_phases"]


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """What came of one pass.

    Attributes:
        view: Results of all phases, in the order of execution.
        success: Whether every required phase succeeded, and at least one phase ran.
        error: The first failure that kept a required phase from succeeding; null on success.
    """

    view: PassView
    success: bool
    error: ErrorInfo | None

    @property
    def results(self) -> Mapping[str, PhaseResult]:
        """Of all phases, in the order of execution."""
        return self.view.results


def run_phases(
    preparation: Preparation,
    sequencer: Sequencer,
    journal: Journal,
    folder: RunFolder | None,
    parts: tuple[str | int, ...],
) -> PassOutcome:
    """Run all phases once.

    Args:
        preparation: What to run.
        sequencer: Runs a phase.
        journal: Of the pass.
        folder: Of the run; null when nothing is written.
        parts: Names of the folders that lead to those of the phases; the index of the pass last.
    """
    journal.write(PlanMade(phases=tuple(map(planned_phase, preparation.phases))))
    view = PassView(preparation.configuration.document, int(parts[-1]))
    # Of each phase that did not succeed, the failure that this goes back to. A phase that was
    # skipped by a condition, its own or one before it, has none.
    failures: dict[str, ErrorInfo | None] = {}
    for phase in preparation.phases:
        definition = phase.definition
        name = definition.name
        run = _PhaseInPass(
            phase, preparation, view, sequencer, journal.child("phase", name), folder, parts
        )
        obstacle = _obstacle(definition, view.results, fail_fast=preparation.workflow.fail_fast)
        if obstacle is None:
            result = run.run()
            if result.status == "failed":
                failures[name] = result.error
        else:
            cause, reason = obstacle
            result = run.skip(reason)
            if cause in failures:
                failures[name] = failures[cause]
    required = [phase.definition.name for phase in preparation.phases if phase.definition.required]
    decisive = [name for name in required if name in failures]
    if decisive:
        return PassOutcome(view, success=False, error=failures[decisive[0]])
    if all(result.status == "skipped" for result in view.results.values()):
        nothing = WorkflowError("no phase ran: every phase was skipped")
        error = describe_error(nothing, journal.path)
        journal.write(ErrorRaised(error=error))
        return PassOutcome(view, success=False, error=error)
    return PassOutcome(view, success=True, error=None)


class _PhaseInPass:
    """One phase of a pass."""

    def __init__(
        self,
        phase: PreparedPhase,
        preparation: Preparation,
        view: PassView,
        sequencer: Sequencer,
        journal: Journal,
        folder: RunFolder | None,
        parts: tuple[str | int, ...],
    ) -> None:
        self._phase: Final = phase
        self._definition: Final = phase.definition
        self._preparation: Final = preparation
        self._view: Final = view
        self._sequencer: Final = sequencer
        self._journal: Final = journal
        self._folder: Final = folder
        self._parts: Final = (*parts, phase.definition.name)
        self._inputs: dict[str, Any] | None = None
        self._look_up: Final = view.look_up(phase.definition, self._resolved_inputs)

    def skip(self, reason: str) -> PhaseResult:
        """Say that the phase does not run, and why."""
        self._journal.write(PhaseSkipped(reason=reason))
        result = skipped_phase(self._definition, reason)
        self._view.add(self._definition.name, result)
        return result

    def run(self) -> PhaseResult:
        """Run the phase, unless a condition does not hold."""
        try:
            reason = self._unmet_condition()
            if reason is not None:
                return self.skip(reason)
            inputs = self._resolved_inputs()
            self._check_types(inputs)
            resolved = self._resolved_phase()
            self._check_inputs(inputs, resolved)
        except Exception as error:  # noqa: BLE001  # a callable condition may raise anything
            self._journal.write(PhaseStarted())
            return self._failed(error)
        configuration = resolved.configuration
        self._journal.write(
            ConfigResolved(config=configuration.document, digest=configuration.digest)
        )
        self._journal.write(PhaseStarted())
        later: list[Exception] = []
        try:
            return self._finished(self._ran(resolved, inputs, later))
        except UnitError as error:
            info = with_attached(error.info, later, self._journal.path)
            return self._ended(failed_phase(self._definition, info, self._path))
        except Exception as error:  # noqa: BLE001  # a user's sequence may raise anything
            return self._failed(error, later)

    def _unmet_condition(self) -> str | None:
        definition = self._definition
        for condition in definition.conditions:
            reason = unmet(condition, self._view, self._look_up, definition.own_names)
            if reason is not None:
                return reason
        return None

    def _resolved_inputs(self) -> dict[str, Any]:
        if self._inputs is None:
            self._inputs = resolve(dict(self._definition.inputs), self._view.look_up())
        return self._inputs

    def _check_types(self, inputs: Mapping[str, Any]) -> None:
        topology = self._sequencer.builder.topologies[self._definition.topology]
        for name, kind in topology.inputs.items():
            if not isinstance(inputs[name], kind):
                path = next(find_references(self._definition.inputs[name]))
                message = (
                    f"${{{path}}} is {kind_of(inputs[name])}, and the topology "
                    f"'{self._definition.topology}' needs a {kind.__name__}"
                )
                raise ConfigurationError([Problem(message, path=("inputs", name))])

    def _check_inputs(self, inputs: Mapping[str, Any], resolved: ResolvedPhase) -> None:
        builder, preparation = self._sequencer.builder, self._preparation
        with as_written(preparation.user, self._definition.name):
            builder.topologies[self._definition.topology].check_inputs(
                resolved.configuration.settings, builder.components, inputs
            )

    def _resolved_phase(self) -> ResolvedPhase:
        if self._phase.resolved is not None:
            return self._phase.resolved
        return self._preparation.resolve_late(self._definition, self._look_up)

    def _ran(
        self, resolved: ResolvedPhase, inputs: Mapping[str, Any], later: list[Exception]
    ) -> PhaseResult:
        """Run the phase, or take what it came to before the run was interrupted.

        Errors that come after the one that is raised go to ``later``.
        """
        definition, folder = self._definition, self._stores_in
        if folder is None:
            result = self._ran_with(None, resolved, inputs, later)
        else:
            configuration = resolved.configuration
            store = folder.store(phase_identity(configuration.document, resolved.market))
            try:
                found = store.finished()
                if found is not None:
                    write_again(store, self._journal)
                result = found or self._ran_with(store, resolved, inputs, later)
            finally:
                with keeping(later):
                    store.close()
            if later:
                raise later.pop(0)
            if self._storage == "hybrid":
                result = loaded(result)
        self._view.add(definition.name, result, resolved.configuration.document["strategies"])
        return result

    def _ran_with(
        self,
        store: PhaseStore | None,
        resolved: ResolvedPhase,
        inputs: Mapping[str, Any],
        later: list[Exception],
    ) -> PhaseResult:
        definition, folder = self._definition, self._stores_in
        run = PhaseRun(
            topology=definition.topology,
            chain=definition.chain,
            configuration=resolved.configuration.settings,
            market=resolved.market,
            folder=folder,
            store=store,
            inputs=inputs,
            one_unit=resolved.units == 1,
            later=later,
        )
        iterations, findings = self._sequencer.run(run, self._journal)
        result = finished_phase(definition, iterations, findings, self._path)
        if folder is None or store is None:
            return result
        if resolved.units != 1:
            for portfolio, held in result.portfolios.items():
                folder.save_portfolio(portfolio, held)
            stored = folder.stored_portfolios(result.portfolios)
            result = msgspec.structs.replace(result, portfolios=stored)
        store.finish(result)
        return result

    def _finished(self, result: PhaseResult) -> PhaseResult:
        """Resolve and write the outputs, in declared order; a later one may read an earlier."""
        definition, name = self._definition, self._definition.name
        strategies = self._view.strategies(name)
        for output, declared in definition.outputs.items():
            look_up = self._view.look_up(definition, self._resolved_inputs)
            values = {**result.outputs, **resolve_outputs({output: declared}, look_up)}
            result = msgspec.structs.replace(result, outputs=values)
            self._view.add(name, result, strategies)
        folder = self._phase_folder
        write = None if folder is None else folder.write_output
        write_outputs(definition.outputs, result.outputs, write, self._journal)
        return self._ended(result)

    def _failed(self, error: Exception, later: Sequence[Exception] = ()) -> PhaseResult:
        info = describe_error(error, self._journal.path, later)
        self._journal.write(ErrorRaised(error=info))
        return self._ended(failed_phase(self._definition, info, self._path))

    def _ended(self, result: PhaseResult) -> PhaseResult:
        if result.status == "failed":
            self._view.add(self._definition.name, result)
        self._journal.write(PhaseFinished(status=result.status))
        return result

    @property
    def _storage(self) -> str:
        return self._preparation.configuration.settings.results.storage

    @property
    def _stores_in(self) -> PhaseFolder | None:
        """Where units, iterations and portfolios go; null when they stay in memory."""
        return None if self._storage == "memory" else self._phase_folder

    @property
    def _path(self) -> str | None:
        return None if self._stores_in is None else "/".join(map(str, self._parts))

    @property
    def _phase_folder(self) -> PhaseFolder | None:
        return None if self._folder is None else self._folder.phase(self._parts)


def planned_phase(phase: PreparedPhase) -> PlannedPhase:
    """Say how a phase is about to run."""
    definition = phase.definition
    return PlannedPhase(
        name=definition.name,
        topology=definition.topology,
        sequence=str(definition.sequence),
        depends_on=definition.dependencies,
        required=definition.required,
        conditions=tuple(map(condition_text, definition.conditions)),
        inputs={name: next(find_references(v)) for name, v in definition.inputs.items()},
        units=None if phase.resolved is None else phase.resolved.units,
    )


def _obstacle(
    phase: Phase, results: Mapping[str, PhaseResult], *, fail_fast: bool
) -> tuple[str, str] | None:
    """Give the phase that keeps this one from running, and the reason in words; null for none."""
    for name in phase.dependencies:
        if results[name].status == "failed":
            return name, f"dependency '{name}' failed"
    for name in phase.dependencies:
        if results[name].status == "skipped":
            return name, f"dependency '{name}' was skipped"
    if fail_fast:
        for name, result in results.items():
            if result.status == "failed":
                return name, f"phase '{name}' failed, and the workflow is fail_fast"
    return None
