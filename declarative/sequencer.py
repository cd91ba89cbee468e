"""Running a sequence: its iterations, one below the other, down to units.

1. `Work` is what a phase brings: its configuration and data, its sequence with its bodies, its
   topology, its inputs. `start` gives what surrounds everything.
2. `survey` walks the tree as it would run and runs nothing: it says how many units there are, and
   finds windows that do not fit. Of iterations that are alike one is looked at.
3. `run_sequence` runs it. `_run_entries` takes the stands of `declarative.sequences` in order,
   `_run_stand` decides what runs in one: a sequence that optimises, entries of its own, the body,
   or a unit; `declarative.outcomes` says what they come to.

The first unit that fails ends the phase (`UnitFailedError`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from containers.components import Components
from containers.configuration import Configuration, SpaceKey, space_of
from containers.data import MarketData
from containers.errors import ConfigurationError, Problem, StorageError
from containers.failures import describe_error
from containers.journal import ErrorRaised, IterationStarted, Journal
from containers.results import (
    ErrorInfo,
    IterationResult,
    PhaseResult,
    PlannedIteration,
    Signals,
    Window,
)
from containers.storage import RunFolder, UnitFolder
from declarative.analyses import ANALYSES, AnalysisInput
from declarative.definitions import GivesDefinition, SequenceDefinition
from declarative.moulds import Moulds
from declarative.outcomes import Gathering, Outcome, outcome_of_unit, thinned
from declarative.patterns import Pattern
from declarative.scope import Cast
from declarative.sequences import (
    Around,
    Entries,
    Inner,
    Stand,
    chosen,
    evaluate,
    expand,
    no_keys,
    scope_of,
)
from declarative.topology import Assembly
from declarative.unit import Unit, UnitResult, run_unit
from declarative.variations import Parameters

__all__ = ["UnitFailedError", "Work", "run_sequence", "survey"]


class UnitFailedError(Exception):
    """A unit failed, and the phase with it; what failed has been journalled."""

    def __init__(self, error: ErrorInfo) -> None:
        self.error: Final = error
        super().__init__(error.message)


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do in a phase.

    Attributes:
        configuration: Resolved.
        market: The phase's data.
        components: What exists.
        inner: Its sequence, with its bodies.
        sequences: All patterns by name, for sequences that optimise.
        topology: What its units are of.
        tests_with: What tests the best, where the topology combines; null otherwise.
        inputs: By name.
        periods_per_year: N, for all windows that of the whole range.
        several: Whether it is more than one unit, so that its portfolios lie in its own folder.
        moulds: Its topologies, expanded.
    """

    configuration: Configuration
    market: MarketData
    components: Components
    inner: Inner
    sequences: Mapping[str, Pattern[SequenceDefinition]]
    topology: Assembly
    tests_with: Assembly | None
    periods_per_year: float
    inputs: Mapping[str, Any] = field(default_factory=dict)
    several: bool = False
    moulds: Moulds = field(default_factory=Moulds)

    def start(self) -> Around:
        """Give what surrounds the sequence: all data, and what of the space is to be walked."""
        count = len(self.market.base(self.market.symbols[0]))
        return Around(
            market=self.market,
            origin=0,
            first=0,
            last=count - 1,
            everything=True,
            warmup=0,
            configuration=self.configuration,
            space=self._space(),
        )

    def _space(self) -> tuple[SpaceKey, ...]:
        keys = space_of(self.configuration, self.components)
        if self.topology.definition.sweeps == "all":
            return keys
        combining = {
            settings.name
            for settings in self.configuration.strategies
            if hasattr(self.components.strategies[settings.type], "combine")
        }
        return tuple(key for key in keys if key.strategy in combining)

    def topology_of(self, around: Around) -> Assembly:
        """Give the topology of a unit here."""
        return self.tests_with if around.tested and self.tests_with is not None else self.topology

    def combines(self, around: Around) -> bool:
        """Say whether a unit here runs all combinations at once."""
        return self.topology_of(around).definition.combines is not None

    def combinations(self, around: Around) -> list[Parameters]:
        """Give those combinations; none where the topology does not combine.

        Raises:
            ConfigurationError: The space is empty.
        """
        if not self.combines(around):
            return []
        if not around.space:
            raise no_keys()
        return [parameters for parameters, _ in chosen(around)]

    def unit(self, around: Around) -> Unit:
        """Give a unit that runs here, but for its data.

        Raises:
            ConfigurationError: It runs all combinations, and there are none.
        """
        return Unit(
            topology=self.topology_of(around),
            configuration=around.configuration,
            market=self.market,
            components=self.components,
            periods_per_year=self.periods_per_year,
            inputs=self.inputs,
            combinations=self.combinations(around),
            saves=self.configuration.results.store_full_results or not self.several,
            moulds=self.moulds,
        )


# -- what would run


def survey(work: Work) -> tuple[PlannedIteration, ...]:
    """Say what would run, and run nothing.

    Raises:
        ConfigurationError: Windows do not fit the data, or there is no space to walk.
        PatternError: A pattern gives what it must not.
    """
    _check_replay(work)
    return _survey_inner(work, work.inner, work.start())


def _survey_inner(work: Work, inner: Inner, around: Around) -> tuple[PlannedIteration, ...]:
    entries, _ = _entries_of(inner, around)
    planned = []
    for stand in expand(entries, around, work.components, survey=True):
        below = _inner_of(work, stand, inner.then)
        iterations: tuple[PlannedIteration, ...] = ()
        units = 1
        warmup_bars = 0
        if below is None:
            unit = work.unit(stand.around)
            _, warmup_bars = _cast(unit, stand.around)
        else:
            iterations = _survey_inner(work, below, stand.around)
            units = 0
            for each in iterations:
                units += each.units
        name = stand.definition.name
        window = stand.around.window(name, stand.first, stand.last, warmup_bars)
        planned.append(PlannedIteration(window, stand.times, units * stand.times, iterations))
    return tuple(planned)


def _entries_of(inner: Inner, around: Around) -> tuple[Entries, tuple[GivesDefinition, Any]]:
    """Give the entries of a sequence, or those given; and how to tell what they come to."""
    if isinstance(inner.what, Pattern):
        definition, node = inner.what.definition, inner.what.node()
        if definition.needs_keys and not around.space:
            raise no_keys()
        names = scope_of(definition, node, around)
        entries = Entries(definition.iterations, node.at("iterations"), names, definition.section)
        return entries, (definition.gives, node.at("gives"))
    return inner.what


def _inner_of(work: Work, stand: Stand, then: Inner | None) -> Inner | None:
    """Decide what runs in an iteration; null: a unit."""
    definition, around = stand.definition, stand.around
    own = then
    if definition.iterations:
        node = stand.node
        if definition.gives is None:
            raise node.error("the required key 'gives' is missing beside 'iterations'")
        entries = Entries(definition.iterations, node.at("iterations"), stand.names, stand.section)
        own = Inner((entries, (definition.gives, node.at("gives"))), then)
    if definition.optimizes is not None and around.space and not work.combines(around):
        return Inner(work.sequences[definition.optimizes], own)
    return own


def _check_replay(work: Work) -> None:
    """Check that every strategy can be replayed, once the signals are there."""
    signals = work.inputs.get("signals")
    if not work.topology.replays or not isinstance(signals, Signals):
        return
    problems = []
    for place, settings in enumerate(work.configuration.strategies):
        combines = hasattr(work.components.strategies[settings.type], "combine")
        if not combines and settings.name not in signals.strategies:
            known = ", ".join(signals.strategies)
            message = f"there are no signals of the strategy '{settings.name}' to replay"
            problem = Problem(message, path=("strategies", place), hint=f"there are of: {known}")
            problems.append(problem)
    if problems:
        raise ConfigurationError(problems)


# -- running it


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an iteration is written to: its journal, and the folders that lead to it."""

    journal: Journal
    run: RunFolder | None
    parts: tuple[str | int, ...]

    def below(self, index: int) -> _Place:
        return _Place(self.journal.child("window", index), self.run, (*self.parts, index))


def run_sequence(
    work: Work, journal: Journal, run: RunFolder | None, parts: tuple[str | int, ...]
) -> Outcome:
    """Run the sequence of a phase; answer what the phase comes to.

    Args:
        work: What there is to do.
        journal: Of the phase.
        run: Where results are kept; null: in memory alone.
        parts: Folders that lead to the phase.

    Raises:
        UnitFailedError: A unit failed.
        ConfigurationError: Windows do not fit, which could not be known before.
    """
    _check_replay(work)
    return _run_inner(work, work.inner, work.start(), _Place(journal, run, parts))


def _run_inner(work: Work, inner: Inner, around: Around, place: _Place) -> Outcome:
    entries, (gives, node) = _entries_of(inner, around)
    bars = None if gives.bars is None else evaluate(node.at("bars"), entries.names)
    gathering = Gathering(gives, around.configuration, work.periods_per_year, bars)
    results: list[IterationResult] = []
    for index, stand in enumerate(expand(entries, around, work.components, survey=False)):
        parameters = stand.parameters
        if parameters is None:
            best_of = stand.definition.best_of
            assert best_of is not None  # else it had parameters of its own
            parameters = dict(gathering.by_name[best_of].best_parameters)
            stand = replace(stand, around=stand.around.changed(parameters))  # noqa: PLW2901  # the same, as it runs
        result, outcome = _run_stand(work, stand, parameters, inner.then, place.below(index))
        gathering.take(stand.definition.name, outcome, parameters, stand.around.end_ns)
        results.append(result)
    return gathering.given(tuple(results), (around.first, around.last))


def _run_stand(
    work: Work, stand: Stand, parameters: Parameters, then: Inner | None, place: _Place
) -> tuple[IterationResult, Outcome]:
    below, around = _inner_of(work, stand, then), stand.around
    name, seed = stand.definition.name, around.configuration.random_seed
    if below is None:
        return _run_leaf(work, stand, parameters, place)
    window = around.window(name, stand.first, stand.last)
    place.journal.write(
        IterationStarted(
            window=window, parameters=parameters, seed=seed, spawn_key=around.spawn_key
        )
    )
    outcome = _run_inner(work, below, around, place)
    result = _result(work, outcome, window, parameters, around)
    if not stand.definition.iterations:
        # Chains are cut by the window of the iteration itself, whatever its body makes of it.
        outcome = replace(outcome, span=(stand.first, stand.last))
    return result, replace(outcome, iterations=())


def _run_leaf(
    work: Work, stand: Stand, parameters: Parameters, place: _Place
) -> tuple[IterationResult, Outcome]:
    around = stand.around
    unit = work.unit(around)
    cast, warmup_bars = _cast(unit, around)
    window = around.window(stand.definition.name, stand.first, stand.last, warmup_bars)
    place.journal.write(
        IterationStarted(
            window=window,
            parameters=parameters,
            seed=around.configuration.random_seed,
            spawn_key=around.spawn_key,
        )
    )
    unit = replace(
        unit,
        market=around.cut(warmup_bars),
        trading_from_ns=window.start_ns if warmup_bars else None,
    )
    ran = _run_in_folder(unit, place, cast)
    if ran.error is not None:
        raise UnitFailedError(ran.error)
    span = (stand.first, stand.last)
    analyses = _analyses(work, ran)
    outcome = outcome_of_unit(ran, around.configuration, unit.combinations, analyses, span)
    root = None if place.run is None else place.run.path
    summary = None if ran.trace is None else ran.trace.summary(root)
    result = _result(work, outcome, window, parameters, around, summary=summary, trace=ran.trace)
    return result, outcome


def _cast(unit: Unit, around: Around) -> tuple[Cast | None, int]:
    """Make the components, and say how many bars warm them up.

    What cannot be made is told by the unit, which makes it once more.
    """
    before = around.first - around.origin
    try:
        cast = unit.cast()
    except Exception:  # noqa: BLE001  # it will be raised again, in the unit
        return None, 0
    wanted = cast.lookback if around.warmup == "auto" else around.warmup
    return cast, 0 if around.everything else min(wanted, before)


def _run_in_folder(unit: Unit, place: _Place, cast: Cast | None) -> UnitResult:
    journal = place.journal.child("unit", 0)
    folder: UnitFolder | None = None
    if place.run is not None:
        try:
            folder = place.run.unit(place.parts)
        except StorageError as error:
            described = describe_error(error, journal.path)
            journal.write(ErrorRaised(error=described))
            return UnitResult({}, None, described)
    return run_unit(unit, journal, folder, cast)


def _analyses(work: Work, ran: UnitResult) -> dict[str, Any] | None:
    """Make the analyses that the topology asks for; null when it asks for none."""
    wanted = work.topology.definition.analyses
    if not wanted:
        return None
    result = work.inputs["result"]
    assert isinstance(result, PhaseResult)  # inputs were checked when the phase began
    given = AnalysisInput(
        result=result,
        labels=ran.labels,
        symbol=work.market.symbols[0],
        initial_capital=work.configuration.portfolio.initial_capital,
        periods_per_year=work.periods_per_year,
        objective=work.configuration.objective,
    )
    return {name: ANALYSES[name](given) for name in wanted}


def _result(
    work: Work,
    outcome: Outcome,
    window: Window,
    parameters: Parameters,
    around: Around,
    **leaf: Any,
) -> IterationResult:
    full = work.configuration.results.store_full_results
    return IterationResult(
        window=window,
        parameters=parameters,
        seed=around.configuration.random_seed,
        spawn_key=around.spawn_key,
        metrics=outcome.metrics,
        best_portfolio=outcome.best_portfolio,
        portfolios=outcome.portfolios if full else thinned(outcome.portfolios),
        aggregate_metrics=outcome.aggregate_metrics,
        best_parameters=outcome.best_parameters,
        signals=outcome.signals,
        iterations=outcome.iterations,
        trace_summary=leaf.get("summary"),
        trace=leaf.get("trace"),
    )
