"""A plan as it is shown: what would run, without data or patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from containers.results import PlannedIteration, PlannedRun, PlannedRunPhase
from declarative.plan import PhasePlan, Plan

__all__ = ["planned_run"]


def planned_run(plan: Plan) -> PlannedRun:
    """Give what a plan says of the first pass."""
    return PlannedRun(
        workflow=plan.workflow.name,
        digest=plan.resolved.digest,
        phases=tuple(_phase(phase) for phase in plan.phases),
    )


def _phase(phase: PhasePlan) -> PlannedRunPhase:
    planned = phase.planned
    return PlannedRunPhase(
        name=planned.name,
        topology=planned.topology,
        sequence=planned.sequence,
        depends_on=planned.depends_on,
        required=planned.required,
        conditions=planned.conditions,
        inputs=planned.inputs,
        units=planned.units,
        combinations=_combinations(phase),
        iterations=phase.iterations,
        containers=phase.containers,
    )


def _combinations(phase: PhasePlan) -> int | None:
    """Count the combinations of the space, where something walks it."""
    return phase.combined or next(_walked(phase.iterations), None)


def _walked(iterations: Iterable[PlannedIteration]) -> Iterator[int]:
    for iteration in iterations:
        if iteration.window.name == "combination":
            yield iteration.repeats
        yield from _walked(iteration.iterations)
