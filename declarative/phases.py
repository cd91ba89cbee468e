"""Running the phases of a pass, in order.

1. `_skipped` says whether a phase does not run: a dependency failed or was skipped, the workflow
   is ``fail_fast``, a condition does not hold.
2. `_begun` resolves what references decide: inputs, settings, and so the configuration.
3. `_concluded` runs its sequence, or takes what it came to before the run was interrupted;
   `_outputs` resolves its outputs and writes their files.
4. Whatever fails outside a unit is told at the phase; phases that do not depend on it go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from containers.configuration.plain import found
from containers.errors import ConfigurationError, Problem
from containers.executors import UnitExecutor
from containers.failures import describe_error
from containers.journal import (
    ConfigResolved,
    ErrorRaised,
    Journal,
    OutputWritten,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
)
from containers.results import ErrorInfo, PhaseResult, PortfolioResult, Signals
from containers.storage import PhaseFolder, PhaseStore, RunFolder, loaded, phase_identity
from declarative.conditions import all_of
from declarative.definitions import OutputDefinition
from declarative.outcomes import Outcome
from declarative.plan import Markets, PhasePlan, Plan
from declarative.reading import resolve_value
from declarative.references import Node
from declarative.resolution import Resolved
from declarative.resuming import replay
from declarative.sequencer import UnitFailedError, run_sequence
from declarative.surveying import survey
from declarative.views import PhaseView
from declarative.work import Work

__all__ = ["CONDITION", "Finished", "run_phases", "write_outputs"]

CONDITION: Final = ""
"""What stands for a condition as the cause of a skip; phases have longer names."""


@dataclass(slots=True)
class Finished:
    """What is done of a pass.

    Attributes:
        results: By full name, in order.
        views: Of the same phases, as references see them.
        causes: Of every skipped phase, the phase whose failure caused it, or `CONDITION`.
    """

    results: dict[str, PhaseResult] = field(default_factory=dict)
    views: dict[str, PhaseView] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)

    def take(
        self, name: str, result: PhaseResult, strategies: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Take what a phase came to; without success nobody asks for its strategies."""
        self.results[name] = result
        self.views[name] = PhaseView(result, strategies)

    def scope(
        self, names: Mapping[str, str], config: Mapping[str, Any], index: int
    ) -> tuple[dict[str, Any], dict[str, PhaseView]]:
        """Give what references may begin with, and the phases among it, by local names."""
        views = {local: self.views[full] for local, full in names.items() if full in self.views}
        outputs = {local: v.result.outputs for local, v in views.items() if v.result.outputs}
        rest = {"config": config, "outputs": outputs, "iteration": index}
        return {**rest, **views}, views


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass is written to.

    Attributes:
        journal: Of the pass.
        run: The run's folder; null: there is none.
        storage: As in ``results.storage``; with ``memory`` it has files of outputs alone.
        parts: Folders that lead to the pass.
        executor: Has workers that run units; null: they run in this process.
    """

    journal: Journal
    run: RunFolder | None
    storage: str
    parts: tuple[str | int, ...]
    executor: UnitExecutor | None = None

    @property
    def stores(self) -> bool:
        """Whether results are kept in the folder."""
        return self.storage != "memory" and self.run is not None


def run_phases(plan: Plan, index: int, place: Place, markets: Markets) -> Finished:
    """Run the phases in order.

    Args:
        plan: What there is to run.
        index: Of the pass.
        place: Where it is written to.
        markets: The data of the run.
    """
    finished = Finished()
    for phase in plan.phases:
        journal = place.journal.child("phase", phase.name)
        cause = _not_run(plan, phase, finished)
        if cause is not None:
            reason, finished.causes[phase.name] = cause
            finished.take(phase.name, _skip(phase, reason, journal))
            continue
        _run_phase(plan, phase, index, place, journal, finished, markets)
    return finished


def _not_run(plan: Plan, phase: PhasePlan, finished: Finished) -> tuple[str, str] | None:
    """Give reason and cause, when other phases keep this one from running."""
    depends_on = phase.planned.depends_on
    for name in depends_on:
        if finished.results[name].status == "failed":
            return f"dependency '{name}' failed", name
    for name in depends_on:
        if finished.results[name].status == "skipped":
            return f"dependency '{name}' was skipped", finished.causes[name]
    if plan.workflow.definition.fail_fast:
        for name, result in finished.results.items():
            if result.status == "failed":
                return f"phase '{name}' failed, and the workflow is fail_fast", name
    return None


def _skip(phase: PhasePlan, reason: str, journal: Journal) -> PhaseResult:
    journal.write(PhaseSkipped(reason=reason))
    return PhaseResult(
        status="skipped",
        sequence=phase.planned.sequence,
        topology=phase.planned.topology,
        reason=reason,
    )


def _run_phase(
    plan: Plan,
    phase: PhasePlan,
    index: int,
    place: Place,
    journal: Journal,
    finished: Finished,
    markets: Markets,
) -> None:
    scope, views = finished.scope(phase.spec.names, plan.resolved.plain, index)
    parts = (*place.parts, index, phase.name)
    folder = None if place.run is None else place.run.phase(parts)
    stored = folder if place.stores else None
    begun = False
    error: ErrorInfo | None = None
    result: PhaseResult | None = None
    strategies: Sequence[Mapping[str, Any]] = ()
    try:
        conditions = phase.spec.conditions
        reason = all_of(
            [condition for condition, _ in conditions],
            [node for _, node in conditions],
            scope,
            phase.spec.names,
            views,
        )
        if reason is not None:
            finished.causes[phase.name] = CONDITION
            finished.take(phase.name, _skip(phase, reason, journal))
            return
        resolved, work = _begun(plan, phase, scope, markets)
        journal.write(ConfigResolved(config=resolved.plain, digest=resolved.digest))
        journal.write(PhaseStarted())
        begun = True
        with resolved.blame.as_written():
            result = _concluded(phase, resolved, work, journal, stored, place)
        view = PhaseView(result, resolved.plain["strategies"])
        outputs = _outputs(phase, view, scope, folder, journal)
        result = msgspec.structs.replace(result, outputs=outputs)
        strategies = resolved.plain["strategies"]
    except UnitFailedError as failed:
        error = failed.error
    except Exception as raised:  # noqa: BLE001  # handed on, in the result
        if not begun:
            journal.write(PhaseStarted())
        error = describe_error(raised, journal.path)
        journal.write(ErrorRaised(error=error))
    if error is not None or result is None:
        result = PhaseResult(
            status="failed",
            sequence=phase.planned.sequence,
            topology=phase.planned.topology,
            results_path=None if stored is None else stored.relative,
            error=error,
        )
    journal.write(PhaseFinished(status=result.status))
    finished.take(phase.name, result, strategies)


def _begun(
    plan: Plan, phase: PhasePlan, scope: dict[str, Any], markets: Markets
) -> tuple[Resolved, Work]:
    """Resolve what references decide."""
    inputs = _inputs(phase, scope)
    scope["inputs"] = inputs
    resolved = phase.resolved
    if resolved is None:
        resolved = plan.resolver.for_phase(phase.spec, _settings(phase, scope))
    market = phase.market if phase.market is not None else markets.load(resolved)
    units = phase.planned.units
    work = phase.work(resolved, market, inputs, several=True)
    if units is None:
        units = 0
        with resolved.blame.as_written():
            for iteration in survey(work):
                units += iteration.units
    return resolved, phase.work(resolved, market, inputs, several=units > 1)


def _inputs(phase: PhasePlan, scope: Mapping[str, Any]) -> dict[str, Any]:
    node = phase.spec.part("inputs")
    inputs = {name: resolve_value(node.at(name), scope) for name in phase.spec.definition.inputs}
    kinds: Mapping[str, type] = {"signals": Signals, "result": PhaseResult}
    wanted = {"signals": "the signals of a phase", "result": "the result of a phase"}
    for name, kind in phase.kit.topology.definition.inputs.items():
        if not isinstance(inputs[name], kinds[kind]):
            what = f"the input '{name}' is {found(inputs[name])}, expected {wanted[kind]}"
            location = node.document.locate((*node.path, name))
            raise ConfigurationError([Problem(what, ("inputs", name), location)])
    return inputs


def _settings(phase: PhasePlan, scope: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve the settings that hold references, leaf by leaf."""
    node = phase.spec.part("config")
    settings: dict[str, Any] = {}
    for path in phase.references:
        target = settings
        for step in path[:-1]:
            target = target.setdefault(str(step), {})
        target[str(path[-1])] = resolve_value(node.at(*path), scope)
    return settings


def _concluded(
    phase: PhasePlan,
    resolved: Resolved,
    work: Work,
    journal: Journal,
    folder: PhaseFolder | None,
    place: Place,
) -> PhaseResult:
    """Give what a phase comes to, but for its outputs; ``folder`` is null where nothing is kept."""
    if folder is None:
        return _result(phase, run_sequence(work, journal, executor=place.executor))
    store = folder.store(phase_identity(resolved.plain, work.market))
    try:
        result = store.finished()
        if result is None:
            outcome = run_sequence(work, journal, folder, store, place.executor)
            result = _stored(phase, outcome, work, folder, store)
        else:
            replay(store, journal)
    finally:
        store.close()
    return loaded(result) if place.storage == "hybrid" else result


def _stored(
    phase: PhasePlan, outcome: Outcome, work: Work, folder: PhaseFolder, store: PhaseStore
) -> PhaseResult:
    """Close the books of a phase, whose iterations and portfolios lie in files from now on."""
    result = _result(phase, outcome)
    portfolios = _saved(result.portfolios, folder) if work.several else result.portfolios
    result = msgspec.structs.replace(
        result,
        iterations=store.iterations(outcome.count),
        portfolios=portfolios,
        results_path=folder.relative,
    )
    store.finish(result)
    return result


def _result(phase: PhasePlan, outcome: Outcome) -> PhaseResult:
    return PhaseResult(
        status="succeeded",
        sequence=phase.planned.sequence,
        topology=phase.planned.topology,
        iterations=outcome.iterations,
        metrics=outcome.metrics,
        best_portfolio=outcome.best_portfolio,
        portfolios=outcome.portfolios,
        aggregate_metrics=outcome.aggregate_metrics,
        best_parameters=outcome.best_parameters,
        signals=outcome.signals,
    )


def _saved(
    portfolios: Mapping[str, PortfolioResult], folder: PhaseFolder
) -> Mapping[str, PortfolioResult]:
    """Write the portfolios of a phase of several units; answer them as they lie there."""
    for name, portfolio in portfolios.items():
        folder.save_portfolio(name, portfolio)
    return folder.stored_portfolios(portfolios)


def _outputs(
    phase: PhasePlan,
    view: PhaseView,
    scope: Mapping[str, Any],
    folder: PhaseFolder | None,
    journal: Journal,
) -> dict[str, Any]:
    local = next(name for name, full in phase.spec.names.items() if full == phase.name)

    def seen(values: dict[str, Any]) -> dict[str, Any]:
        result = msgspec.structs.replace(view.result, outputs=values)
        outputs = {**scope["outputs"], local: values} if values else scope["outputs"]
        return {**scope, local: PhaseView(result, view.strategies), "outputs": outputs}

    definitions, node = phase.spec.definition.outputs, phase.spec.part("outputs")
    return write_outputs(definitions, node, seen, folder, journal)


def write_outputs(
    outputs: Mapping[str, OutputDefinition],
    node: Node,
    scope: Callable[[dict[str, Any]], Mapping[str, Any]],
    folder: PhaseFolder | RunFolder | None,
    journal: Journal,
) -> dict[str, Any]:
    """Resolve outputs in declared order, and write those that have a file once all are there.

    Args:
        outputs: What the definition says.
        node: Where that stands.
        scope: Gives what references begin with, of the outputs so far.
        folder: Where files go; null when none is written.
        journal: Told of every file.

    Raises:
        MissingReferenceError: A reference leads to nothing.
        OutputError: A value does not fit its file.
        StorageError: A file could not be written.
    """
    values: dict[str, Any] = {}
    for name in outputs:
        # Each sees a mapping of its own: one that grew further would come to hold itself.
        values[name] = resolve_value(node.at(name, "value"), scope(dict(values)))
    for name, output in outputs.items():
        if output.file is not None:
            assert folder is not None  # a run that writes files has one
            path = folder.write_output(output.file, values[name])
            journal.write(OutputWritten(path=path))
    return values
