"""What is going to run in a pass, fixed before anything does: Definition -> Plan -> Run.

1. The configurations of the workflow and of each phase are resolved (`declarative.resolution`).
2. What the definition shows is checked: names, references, conditions (`declarative.workflows`).
3. `order_phases` puts the phases into the order of execution.
4. Every phase finds its topology and its sequences (`Patterns`).
5. `Markets` loads the data, each distinct selection once.
6. `survey` lays the windows of every phase over its data, and finds what does not fit.
7. `_rehearse` expands every topology once, so that a mistake in one is found now.

Whatever is wrong with configuration, patterns or data is raised here; nothing has been written. A
phase whose settings hold references gets its data now, and everything else when it begins
(`PhasePlan.work`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from containers.components import Components
from containers.configuration import UserInput
from containers.data import MarketData, load_market
from containers.errors import ConfigurationError, OutputError, Problem
from containers.journal import BarDropped, PlannedPhase
from containers.nearest import did_you_mean
from containers.outputs import check_output_name
from containers.results import PlannedIteration
from declarative.around import Around
from declarative.definitions import IterationDefinition, SequenceDefinition, SequenceUse
from declarative.errors import PatternError
from declarative.patterns import D, Library, Pattern
from declarative.reading import split
from declarative.references import Node
from declarative.resolution import Resolved, Resolver
from declarative.sequences import Inner
from declarative.surveying import survey
from declarative.topology import Assembly, assemble
from declarative.unit import Unit
from declarative.work import Work
from declarative.workflows import PhaseSpec, Workflow, check_workflow, order_phases

__all__ = ["Markets", "PhasePlan", "Plan", "make_plan"]


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase as it is going to run.

    Attributes:
        spec: The phase.
        planned: As records tell it.
        references: Paths of its settings that hold references.
        resolved: Its configuration; null: references decide.
        market: Its data; null: references decide.
        kit: Its topology and sequences.
        iterations: As they are going to run; empty where references decide.
        containers: Ids of the containers of its first unit; empty where references decide, or
            a component cannot be made.
        combined: How many combinations a unit runs at once; null when it runs one.
    """

    spec: PhaseSpec
    planned: PlannedPhase
    references: tuple[tuple[str | int, ...], ...]
    resolved: Resolved | None
    market: MarketData | None
    kit: Kit
    iterations: tuple[PlannedIteration, ...] = ()
    containers: tuple[str, ...] = ()
    combined: int | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.planned.name

    def unit(self) -> Unit:
        """Give a unit of its topology over all its data, for those who need no more.

        Raises:
            ValueError: References decide what it runs.
        """
        if self.resolved is None or self.market is None:
            raise ValueError(f"what the phase '{self.name}' runs is decided by references")
        work = self.work(self.resolved, self.market, {}, several=False)
        return work.unit(work.start())

    def work(
        self, resolved: Resolved, market: MarketData, inputs: Mapping[str, Any], several: bool
    ) -> Work:
        """Give what there is to do, once everything is known."""
        return replace(self.kit.work(resolved, market), inputs=inputs, several=several)


@dataclass(frozen=True, slots=True)
class Kit:
    """The patterns that a phase needs."""

    inner: Inner
    sequences: Mapping[str, Pattern[SequenceDefinition]]
    topology: Assembly
    tests_with: Assembly | None
    components: Components

    def work(self, resolved: Resolved, market: MarketData) -> Work:
        """Give what there is to do with a configuration and data."""
        periods = resolved.typed.metrics.periods_per_year
        return Work(
            configuration=resolved.typed,
            market=market,
            components=self.components,
            inner=self.inner,
            sequences=self.sequences,
            topology=self.topology,
            tests_with=self.tests_with,
            periods_per_year=market.periods_per_year() if isinstance(periods, str) else periods,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A pass of a workflow as it is going to run.

    Attributes:
        workflow: The workflow.
        resolver: Resolves what references decide.
        resolved: The workflow's own configuration.
        phases: In the order of execution.
        dropped: Bad bars that were left out of the data.
    """

    workflow: Workflow
    resolver: Resolver
    resolved: Resolved
    phases: tuple[PhasePlan, ...]
    dropped: tuple[BarDropped, ...]


def make_plan(
    user: UserInput, library: Library, components: Components, markets: Markets | None = None
) -> Plan:
    """Plan a pass.

    Args:
        user: What the user wrote, with the changes so far.
        library: All patterns.
        components: What exists.
        markets: Data loaded before; null: none.

    Raises:
        ConfigurationError: The configuration, a pattern or the data are wrong.
    """
    resolver = Resolver(user, library, components)
    workflow, resolved = resolver.workflow, resolver.for_workflow()
    unknown = resolver.unknown_phases()
    try:
        order = order_phases(workflow)
        check_workflow(workflow, resolved.plain)
        kits = {spec.name: _kit(spec, library, components) for spec in order}
        _check_files(workflow)
    except PatternError as error:
        if unknown:
            raise ConfigurationError([*error.problems, *unknown]) from error
        raise
    if unknown:
        raise ConfigurationError(unknown)
    references = {spec.name: tuple(split(spec.part("config"))[1]) for spec in order}
    configurations = _configurations(order, references, resolver)
    markets = Markets(user.base_dir) if markets is None else markets
    # All data first: they are far more often wrong than the windows over them.
    loaded: dict[str, MarketData] = {
        name: markets.load(configuration)
        for name, configuration in configurations.items()
        if not any(path[0] in ("data", "symbols") for path in references[name])
    }
    phases = []
    problems: list[Problem] = []
    for spec in order:
        name, kit = spec.name, kits[spec.name]
        known = not references[name]
        iterations: tuple[PlannedIteration, ...] = ()
        containers: tuple[str, ...] = ()
        combined = 0
        if known:
            configuration = configurations[name]
            work = kit.work(configuration, loaded[name])
            try:
                with configuration.blame.as_written():
                    iterations = survey(work)
            except PatternError:  # which stands in a pattern of its own
                raise
            except ConfigurationError as error:
                problems += (p for p in error.problems if p not in problems)
                continue
            containers = _rehearse(work)
            combined = len(work.combinations(work.start()))
        units = 0
        for iteration in iterations:
            units += iteration.units
        planned = PlannedPhase(
            name=name,
            topology=spec.definition.topology,
            sequence=spec.definition.sequence.text,
            depends_on=spec.depends_on,
            required=spec.definition.required,
            conditions=spec.condition_texts,
            inputs=spec.input_paths,
            units=units if known else None,
        )
        phases.append(
            PhasePlan(
                spec, planned, references[name], configurations[name] if known else None,
                loaded.get(name), kit, iterations, containers, combined or None,
            )
        )  # fmt: skip
    if problems:
        raise ConfigurationError(problems)
    dropped = dict.fromkeys(record for market in loaded.values() for record in market.dropped)
    return Plan(workflow, resolver, resolved, tuple(phases), tuple(dropped))


def _configurations(
    order: Sequence[PhaseSpec],
    references: Mapping[str, Sequence[object]],
    resolver: Resolver,
) -> dict[str, Resolved]:
    """Resolve every phase, as far as it is known; all problems are raised at once."""
    configurations: dict[str, Resolved] = {}
    wrong: list[ConfigurationError] = []
    for spec in order:
        try:
            configurations[spec.name] = (
                resolver.selection(spec) if references[spec.name] else resolver.for_phase(spec)
            )
        except ConfigurationError as error:
            wrong.append(error)
    if wrong:
        problems = dict.fromkeys(problem for error in wrong for problem in error.problems)
        is_pattern = all(isinstance(error, PatternError) for error in wrong)
        raise PatternError(problems) if is_pattern else ConfigurationError(problems)
    return configurations


def _kit(spec: PhaseSpec, library: Library, components: Components) -> Kit:
    """Find the patterns that a phase names."""
    topologies, sequences = library.topologies(), library.sequences()
    topology = _found(spec.node.at("topology"), topologies, "topology")
    for name in topology.definition.inputs:
        if name not in spec.definition.inputs:
            message = f"the topology '{topology.name}' needs the input '{name}'"
            raise spec.node.at("topology").error(message, "give it under inputs")
    tests_with = None
    if topology.definition.combines is not None:
        node = topology.node("combines_and_tests_with")
        tests_with = assemble(_found(node, topologies, "topology"), library)
    inner = _inner(spec.definition.sequence, spec.node.at("sequence"), sequences)
    return Kit(inner, sequences, assemble(topology, library), tests_with, components)


def _inner(
    use: SequenceUse, node: Node, sequences: Mapping[str, Pattern[SequenceDefinition]]
) -> Inner:
    at = node if isinstance(node.value, str) else node.at("type")
    pattern = _found(at, sequences, "sequence")
    _check_iterations(pattern.definition, pattern.node(), sequences, (pattern.name,))
    body = None
    if use.body is not None:
        body = _inner(use.body, node.at("body"), sequences)
    return Inner(pattern, body)


def _check_iterations(
    above: SequenceDefinition | IterationDefinition,
    node: Node,
    sequences: Mapping[str, Pattern[SequenceDefinition]],
    around: tuple[str, ...],
) -> None:
    """Check what the iterations of a sequence, or of an iteration, name."""
    names: list[str] = []
    for place, definition in enumerate(above.iterations):
        below = node.at("iterations", place)
        if definition.best_of is not None and definition.best_of not in names:
            message = f"no iteration before this one is called '{definition.best_of}'"
            raise below.at("best_of").error(message, did_you_mean(definition.best_of, names))
        names.append(definition.name)
        if definition.optimizes is not None:
            pattern = _found(below.at("optimizes"), sequences, "sequence")
            circle = (*around, pattern.name)
            if pattern.name in around:
                message = f"sequences optimise by each other in a circle: {' -> '.join(circle)}"
                raise below.at("optimizes").error(message)
            _check_iterations(pattern.definition, pattern.node(), sequences, circle)
        _check_iterations(definition, below, sequences, around)
    gives = above.gives
    for key in ("like", "best_parameters", "chained", "best", "means") if gives else ():
        name = getattr(gives, key)
        if name is not None and name not in names:
            message = f"no iteration here is called '{name}'"
            raise node.at("gives", key).error(message, did_you_mean(name, names))


def _found(node: Node, known: Mapping[str, Pattern[D]], kind: str) -> Pattern[D]:
    if node.value not in known:
        message = f"there is no {kind} '{node.value}'"
        raise node.error(message, did_you_mean(node.value, known))
    return known[node.value]


def _check_files(workflow: Workflow) -> None:
    """Check the names of files that outputs are written to."""
    problems: list[Problem] = []
    places = [
        (output, phase.part("outputs").at(name))
        for phase in workflow.phases
        for name, output in phase.definition.outputs.items()
    ]
    places += [
        (output, workflow.pattern.node("outputs", name))
        for name, output in workflow.definition.outputs.items()
    ]
    for output, node in places:
        if output.file is not None:
            try:
                check_output_name(output.file)
            except OutputError as error:
                problems += node.at("file").error(str(error)).problems
    if problems:
        raise PatternError(problems)


class Markets:
    """The data of a run: each distinct selection is loaded once."""

    def __init__(self, base_dir: Path) -> None:
        self._base_dir = base_dir
        self._loaded: dict[object, MarketData] = {}

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


def _rehearse(work: Work) -> tuple[str, ...]:
    """Expand the topology once; answer the containers of a unit."""
    around: Around = work.start()
    unit = Unit(
        topology=work.topology,
        configuration=work.configuration,
        market=work.market,
        components=work.components,
        inputs={
            name: {"strategies": (), "rows": ()} if kind == "signals" else None
            for name, kind in work.topology.definition.inputs.items()
        },
        combinations=work.combinations(around),
    )
    try:
        return tuple(container.id for container in unit.blueprint().containers)
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001  # a component that cannot be made fails its unit, there
        return ()
