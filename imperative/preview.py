"""What a run would do, as `Coordinator.plan_workflow` shows it."""

from __future__ import annotations

from typing import Final

from containers.configuration import Configuration
from containers.errors import ConfigurationError
from containers.results import PhaseResult, PlannedIteration, PlannedRun, PlannedRunPhase, Signals
from imperative.phases import planned_phase
from imperative.planning import Planner
from imperative.preparation import Preparation, PreparedPhase
from imperative.sequencer import Sequencer
from imperative.sequences.combinations import count_combinations
from imperative.sequences.scope import Scope

__all__ = ["planned_run"]

_WALKED: Final = "combination"


def planned_run(preparation: Preparation, sequencer: Sequencer) -> PlannedRun:
    """Say what the first pass of a prepared workflow would run."""
    return PlannedRun(
        workflow=preparation.workflow.name,
        digest=preparation.configuration.digest,
        phases=tuple(_planned(phase, sequencer) for phase in preparation.phases),
    )


def _planned(phase: PreparedPhase, sequencer: Sequencer) -> PlannedRunPhase:
    plan, resolved = planned_phase(phase), phase.resolved
    iterations: tuple[PlannedIteration, ...] = ()
    containers: tuple[str, ...] = ()
    combinations = None
    if resolved is not None:
        settings, definition = resolved.configuration.settings, phase.definition
        scope = sequencer.builder.scope(settings, resolved.market, topology=definition.topology)
        chain = sequencer.chain(definition.chain)
        first = Planner(sequencer.builder).first_unit(chain, scope)
        containers = _containers(first, sequencer, settings)
        iterations = resolved.iterations
        if scope.space and (definition.topology == "optimization" or _walks(iterations)):
            combinations = count_combinations(scope.space, settings.parameter_sweep.random)
    return PlannedRunPhase(
        name=plan.name,
        topology=plan.topology,
        sequence=plan.sequence,
        depends_on=plan.depends_on,
        required=plan.required,
        conditions=plan.conditions,
        inputs=plan.inputs,
        units=plan.units,
        combinations=combinations,
        iterations=iterations,
        containers=containers,
    )


def _walks(iterations: tuple[PlannedIteration, ...]) -> bool:
    return any(
        iteration.window.name == _WALKED or _walks(iteration.iterations) for iteration in iterations
    )


def _containers(scope: Scope, sequencer: Sequencer, settings: Configuration) -> tuple[str, ...]:
    """Build a unit that is never started, and name its containers.

    What earlier phases will give is not there yet; what stands for it names every strategy.
    """
    names = tuple(entry.name for entry in settings.strategies)
    nothing = PhaseResult(status="succeeded", sequence="", topology="")
    builder = sequencer.builder
    try:
        unit = builder.build_over(
            scope,
            scope.span.cut(builder.warmup_bars(scope)),
            folder=None,
            inputs={"signals": Signals(names, ()), "result": nothing},
        )
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001  # a component that cannot be made fails its unit, there
        return ()
    return tuple(container.id for container in unit.bus.containers)
