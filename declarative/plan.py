"""What is going to run, fixed before anything does: Definition -> Plan -> Run.

1. The configurations of the workflow and of each phase are resolved (`declarative.resolution`).
2. `order_phases` puts the phases into the order of execution.
3. Every phase finds its topology and its sequence (`_found`).
4. `_Markets` loads the data, each distinct selection once.
5. The windows of every phase are laid over its data (`declarative.sequencer`).
6. `_rehearse` expands every topology once, so that a mistake in one is found now.

Whatever is wrong with configuration, patterns or data is raised here; nothing has been written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from containers.components import Components
from containers.configuration import UserInput
from containers.data import MarketData, load_market
from containers.errors import Problem
from containers.journal import BarDropped, PlannedPhase
from containers.nearest import did_you_mean
from declarative.errors import PatternError
from declarative.patterns import D, Library, Pattern
from declarative.references import Node
from declarative.resolution import Resolved, Resolver
from declarative.schema import WorkflowDefinition
from declarative.sequencer import PlannedIteration, plan_iterations
from declarative.unit import Unit

__all__ = ["PhasePlan", "Plan", "make_plan", "order_phases"]


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase as it is going to run."""

    planned: PlannedPhase
    resolved: Resolved
    iterations: tuple[PlannedIteration, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.planned.name


@dataclass(frozen=True, slots=True)
class Plan:
    """A workflow as it is going to run.

    Attributes:
        workflow: Its name.
        resolved: The workflow's own configuration.
        phases: In the order of execution.
        dropped: Bad bars that were left out of the data.
    """

    workflow: str
    resolved: Resolved
    phases: tuple[PhasePlan, ...]
    dropped: tuple[BarDropped, ...]


def make_plan(user: UserInput, library: Library, components: Components) -> Plan:
    """Plan a run.

    Raises:
        ConfigurationError: The configuration, a pattern or the data are wrong.
    """
    resolver = Resolver(user, library, components)
    workflow = resolver.workflow
    resolved = resolver.for_workflow()
    order = order_phases(workflow)
    found = []
    for index in order:
        node = workflow.node("phases", index)
        topology = _found(node.at("topology"), library.topologies(), "topology")
        sequence = _found(node.at("sequence"), library.sequences(), "sequence")
        found.append((topology, sequence, resolver.for_phase(index)))
    markets = _Markets(user.base_dir)
    # All data first: they are far more often wrong than the windows over them.
    loaded = [markets.load(phase) for _, _, phase in found]
    phases = []
    for index, (topology, sequence, phase), market in zip(order, found, loaded, strict=True):
        definition = workflow.definition.phases[index]
        iterations = plan_iterations(sequence, topology, phase.typed, market, components)
        for iteration in iterations:
            _rehearse(iteration.unit)
        planned = PlannedPhase(
            name=definition.name,
            topology=topology.name,
            sequence=sequence.name,
            depends_on=tuple(definition.depends_on),
            required=definition.required,
            conditions=(),
            inputs={},
            units=len(iterations),
        )
        phases.append(PhasePlan(planned, phase, iterations))
    return Plan(workflow.name, resolved, tuple(phases), markets.dropped)


def order_phases(workflow: Pattern[WorkflowDefinition]) -> tuple[int, ...]:
    """Give the indexes of the phases: repeatedly the first declared whose dependencies are done.

    Raises:
        PatternError: A name is there twice or unknown, or phases wait for each other.
    """
    phases = workflow.definition.phases
    names = [phase.name for phase in phases]
    problems: list[Problem] = []
    for index, phase in enumerate(phases):
        node = workflow.node("phases", index)
        if phase.name in names[:index]:
            problems += node.at("name").error(f"two phases are called '{phase.name}'").problems
        for name in phase.depends_on:
            if name not in names:
                message = f"phase '{phase.name}' depends on '{name}', which does not exist"
                hint = did_you_mean(name, names)
                problems += node.at("depends_on").error(message, hint).problems
    if problems:
        raise PatternError(problems)
    order: list[int] = []
    done: set[str] = set()
    while len(order) < len(phases):
        ready = (
            index
            for index, phase in enumerate(phases)
            if phase.name not in done and done.issuperset(phase.depends_on)
        )
        chosen = next(ready, None)
        if chosen is None:
            raise _circle(workflow, done)
        order.append(chosen)
        done.add(phases[chosen].name)
    return tuple(order)


def _circle(workflow: Pattern[WorkflowDefinition], done: set[str]) -> PatternError:
    """Name a circle, from its first declared phase on."""
    phases = {phase.name: phase for phase in workflow.definition.phases}
    walked = [next(name for name in phases if name not in done)]
    while True:
        waits_for = next(name for name in phases[walked[-1]].depends_on if name not in done)
        if waits_for in walked:
            break
        walked.append(waits_for)
    circle = walked[walked.index(waits_for) :]
    names = list(phases)
    start = circle.index(min(circle, key=names.index))
    circle = [*circle[start:], *circle[:start]]
    text = " -> ".join([*circle, circle[0]])
    node = workflow.node("phases", names.index(circle[0]), "depends_on")
    return node.error(f"phases depend on each other in a circle: {text}")


def _found(node: Node, known: Mapping[str, Pattern[D]], kind: str) -> Pattern[D]:
    if node.value not in known:
        message = f"there is no {kind} '{node.value}'"
        raise node.error(message, did_you_mean(node.value, known))
    return known[node.value]


class _Markets:
    """The data of a run: each distinct selection is loaded once."""

    def __init__(self, base_dir: Path) -> None:
        self._base_dir = base_dir
        self._loaded: dict[object, MarketData] = {}

    @property
    def dropped(self) -> tuple[BarDropped, ...]:
        """A record for each bad bar left out of any selection, each once."""
        records: Sequence[BarDropped] = [r for m in self._loaded.values() for r in m.dropped]
        return tuple(dict.fromkeys(records))

    def load(self, resolved: Resolved) -> MarketData:
        """Give the data that a configuration selects."""
        data, symbols = resolved.typed.data, resolved.typed.symbols
        if (data, symbols) not in self._loaded:
            with resolved.blame.as_written():
                self._loaded[data, symbols] = load_market(
                    self._base_dir / data.data_dir,
                    [(entry.symbol, entry.timeframes) for entry in symbols],
                    start=data.start_date,
                    end=data.end_date,
                    timestamp=data.timestamp,
                    on_bad_bar=data.on_bad_bar,
                )
        return self._loaded[data, symbols]


def _rehearse(unit: Unit) -> None:
    try:
        _ = unit.blueprint
    except PatternError:
        raise
    except Exception:  # noqa: BLE001  # a component that cannot be made fails its unit, there
        return
