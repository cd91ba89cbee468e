"""Running a sequence: its iterations, one below the other, down to units.

1. `run_sequence` makes a walk of the tree, and drives it: units one after the other in this
   process, or side by side by an executor's workers (`declarative.scheduling`).
2. `_inner` takes the stands of `declarative.sequences` in groups (`_Groups`) of which none needs
   what another has chosen.
3. `_stand` decides what runs in one: a sequence that optimises, entries of its own, the body, or a
   unit, which goes over the `declarative.desk`; `declarative.outcomes` says what they come to.

The first unit that fails ends the phase (`UnitFailedError`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, TypeAlias

from msgspec.structs import replace

from containers.executors import UnitExecutor
from containers.journal import IterationStarted, Journal
from containers.results import IterationResult, Window
from containers.storage import PhaseFolder, PhaseStore, UnitRecord, bare_portfolios
from declarative.around import Around
from declarative.desk import Desk, RemoteDesk
from declarative.outcomes import Gathering, Need, Outcome
from declarative.scheduling import Beside, Gate, SideBySide, Walk, walk_through
from declarative.sequences import Inner, Stand, evaluate, expand
from declarative.surveying import check_replay, entries_of, inner_of
from declarative.tasks import Leaf, Position, UnitFailedError, UnitRunner, outcome_of
from declarative.variations import Parameters
from declarative.work import Work

__all__ = ["UnitFailedError", "run_sequence"]

_AHEAD: Final = 32
"""Units under way for each worker: enough to keep it busy, few enough to be held in memory."""


def run_sequence(
    work: Work,
    journal: Journal,
    folder: PhaseFolder | None = None,
    store: PhaseStore | None = None,
    executor: UnitExecutor | None = None,
) -> Outcome:
    """Run the sequence of a phase; answer what the phase comes to.

    Args:
        work: What there is to do.
        journal: Of the phase.
        folder: Where its units are stored; null: in memory alone.
        store: Keeps what has finished, where there is a folder.
        executor: Has workers that run the units; null: they run in this process, as does a unit
            that is alone.

    Raises:
        UnitFailedError: A unit failed.
        ConfigurationError: Windows do not fit, which could not be known before.
        ExecutorError: The executor has gone away.
    """
    check_replay(work)
    walk = _inner(work, work.inner, work.start(), Position(journal, store=store))
    runner = UnitRunner(work, folder)
    if executor is None or not work.several:
        return walk_through(walk, Desk(runner, store))
    desk = RemoteDesk(runner, store, journal.path, executor)
    try:
        return SideBySide(desk, _AHEAD * executor.workers).run(walk)
    finally:
        desk.close()


class _Groups:
    """Stands in groups: none of a group needs what another one of it has chosen.

    Stands are looked for as late as possible: what is wrong with one comes after those before it.
    """

    def __init__(self, stands: Iterator[Stand]) -> None:
        self._stands: Final = enumerate(stands)
        self._next: tuple[int, Stand] | None = None
        self.more = True

    def group(self) -> Iterator[tuple[int, Stand]]:
        """Give the stands of the next group, each with its index among all."""
        ahead: set[str] = set()
        while True:
            if self._next is None:
                self._next = next(self._stands, None)
            if self._next is None:
                self.more = False
                return
            definition = self._next[1].definition
            if definition.best_of in ahead:
                return
            ahead.add(definition.name)
            found, self._next = self._next, None
            yield found


def _inner(
    work: Work, inner: Inner, around: Around, position: Position, need: Need = True
) -> Walk[Outcome]:
    """Walk the iterations of a sequence, or of an iteration's own entries."""
    entries, (gives, node) = entries_of(inner, around)
    bars = None if gives.bars is None else evaluate(node.at("bars"), entries.names)
    gathering = Gathering(gives, around.configuration, work.periods_per_year, bars, need)
    results: list[IterationResult] = []
    count = 0

    def started(index: int, stand: Stand, gate: Gate) -> Walk[_Taken]:
        parameters = stand.parameters
        if parameters is None:
            best_of = stand.definition.best_of
            assert best_of is not None  # else it had parameters of its own
            if best_of not in gathering.by_name:
                node = stand.node.at("best_of")
                raise node.error(f"no iteration '{best_of}' ran before this one")
            parameters = dict(gathering.by_name[best_of].best_parameters)
            stand = replace(stand, around=stand.around.changed(parameters))
        here, needed = position.below(index, gate), gathering.need(stand.definition.name)
        return _stand(work, stand, parameters, inner.then, here, needed)

    def take(taken: _Taken) -> None:
        nonlocal count
        stand, parameters, result, outcome = taken
        gathering.take(stand.definition.name, outcome, parameters, stand.around.end_ns)
        count += 1
        if position.store is None:
            results.append(result)

    groups = _Groups(expand(entries, around, work.components, survey=False))
    while groups.more:
        starts = (partial(started, index, stand) for index, stand in groups.group())
        yield Beside(starts, take)
    for key in ("like", "best_parameters", "chained", "best", "means"):
        wanted = getattr(gives, key)
        if wanted is not None and wanted not in gathering.by_name:
            raise node.at(key).error(f"no iteration '{wanted}' ran")
    outcome = gathering.given((around.first, around.last))
    return replace(outcome, iterations=tuple(results), count=count)


_Taken: TypeAlias = tuple[Stand, Parameters, IterationResult, Outcome]
"""A stand as it ran, its own changes, its result, and what it comes to."""


def _stand(
    work: Work,
    stand: Stand,
    parameters: Parameters,
    then: Inner | None,
    position: Position,
    need: Need,
) -> Walk[_Taken]:
    """Walk one iteration."""
    below, around = inner_of(work, stand, then), stand.around
    name = stand.definition.name
    if below is None:
        leaf = Leaf(name, stand.first, stand.last, parameters, around, position, need)
        record: UnitRecord = yield leaf
        result = record.result
        if not work.configuration.results.store_full_results:
            result = replace(result, portfolios=bare_portfolios(result.portfolios))
        position.add(result, record.journal)
        return stand, parameters, result, outcome_of(record)
    window = around.window(name, stand.first, stand.last)
    seed = around.configuration.random_seed
    position.write(
        IterationStarted(
            window=window, parameters=parameters, seed=seed, spawn_key=around.spawn_key
        )
    )
    outcome = yield from _inner(work, below, around, position, need)
    result = _result(work, outcome, window, parameters, around)
    position.add(result, children=outcome.count)
    if not stand.definition.iterations:
        # Chains are cut by the window of the iteration itself, whatever its body makes of it.
        outcome = replace(outcome, span=(stand.first, stand.last))
    return stand, parameters, result, replace(outcome, iterations=())


def _result(
    work: Work, outcome: Outcome, window: Window, parameters: Parameters, around: Around
) -> IterationResult:
    full = work.configuration.results.store_full_results
    return IterationResult(
        window=window,
        parameters=parameters,
        seed=around.configuration.random_seed,
        spawn_key=around.spawn_key,
        metrics=outcome.metrics,
        best_portfolio=outcome.best_portfolio,
        portfolios=outcome.portfolios if full else bare_portfolios(outcome.portfolios),
        aggregate_metrics=outcome.aggregate_metrics,
        best_parameters=outcome.best_parameters,
        signals=outcome.signals,
        iterations=outcome.iterations,
    )
