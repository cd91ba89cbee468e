"""Units as tasks: run in this process, or by workers that were handed the work of their phase.

1. `Leaf` is a unit where the sequencer stands: window, parameters, what is around, and its
   `Position`.
2. `UnitRunner` runs one, wherever it is. A `UnitRecord` comes of it, or `UnitFailedError` is raised
   and the failure has been journalled.
3. `Item` is its short form, which travels; `run_in_worker` runs it beside the work of its phase,
   exactly as in process, and gives an `Answer`.

`declarative.desk` decides which way a unit goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from containers.errors import StorageError
from containers.failures import describe_error
from containers.journal import ErrorRaised, IterationStarted, Journal, JournalPath, Record
from containers.results import ErrorInfo, IterationResult, PhaseResult, PortfolioResult, Window
from containers.storage import (
    PhaseFolder,
    PhaseStore,
    UnitFolder,
    UnitRecord,
    bare_portfolios,
    encode_unit,
)
from containers.trace import Trace
from declarative.analyses import ANALYSES, AnalysisInput
from declarative.around import Around, Spot
from declarative.outcomes import Need, Outcome, is_needed, outcome_of_unit
from declarative.running import run_unit
from declarative.scheduling import OPEN, Gate
from declarative.scope import Cast
from declarative.unit import Unit, UnitResult
from declarative.variations import Parameters
from declarative.work import Work, warmed

__all__ = [
    "Answer",
    "Failed",
    "Handed",
    "Item",
    "Leaf",
    "Position",
    "UnitFailedError",
    "UnitRunner",
    "outcome_of",
    "run_in_worker",
]


class UnitFailedError(Exception):
    """A unit failed, and the phase with it; what failed has been journalled."""

    def __init__(self, error: ErrorInfo) -> None:
        self.error: Final = error
        super().__init__(error.message)


@dataclass(frozen=True, slots=True)
class Position:
    """Where an iteration is in its phase.

    Attributes:
        journal: Its own.
        gate: What it does to the world goes through.
        store: Keeps the tree of the phase; null: nothing is stored.
        keys: Indexes of the iterations that lead to it.
    """

    journal: Journal
    gate: Gate = OPEN
    store: PhaseStore | None = None
    keys: tuple[int, ...] = ()

    def below(self, index: int, gate: Gate) -> Position:
        """Give the position of an iteration directly below."""
        journal = self.journal.child("window", index)
        return Position(journal, gate, self.store, (*self.keys, index))

    def write(self, record: Record) -> None:
        """Write to its journal, when its turn comes."""
        self.gate.do(partial(self.journal.write, record))

    def add(
        self, result: IterationResult, journal: tuple[Record, ...] = (), children: int = 0
    ) -> None:
        """Put it into the tree of the phase, when its turn comes."""
        if self.store is not None:
            self.gate.do(partial(self.store.add, self.keys, result, journal, children))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A unit that is to be run.

    Attributes:
        name: Of its iteration.
        first: First bar of its window.
        last: Last bar of its window.
        parameters: Changes of its iteration.
        around: What surrounds it.
        position: Where it is.
        need: Whether its trades and curves will be asked for.
    """

    name: str
    first: int
    last: int
    parameters: Parameters
    around: Around
    position: Position
    need: Need

    def window(self, warmup_bars: int) -> Window:
        """Give its window."""
        return self.around.window(self.name, self.first, self.last, warmup_bars)

    def started(self, window: Window) -> IterationStarted:
        """Give the record that its iteration begins with."""
        around = self.around
        return IterationStarted(
            window=window,
            parameters=self.parameters,
            seed=around.configuration.random_seed,
            spawn_key=around.spawn_key,
        )

    def item(self) -> Item:
        """Give its short form."""
        around, keys = self.around.spot(), self.position.keys
        return Item(self.name, self.first, self.last, self.parameters, around, keys, self.need)


def outcome_of(record: UnitRecord) -> Outcome:
    """Give what the iteration of a unit comes to."""
    result = record.result
    return Outcome(
        portfolios=result.portfolios,
        metrics=result.metrics,
        best_portfolio=result.best_portfolio,
        aggregate_metrics=result.aggregate_metrics,
        best_parameters=dict(result.best_parameters),
        signals=result.signals,
        choices=record.extra or {},
        span=(result.window.first_bar, result.window.last_bar),
    )


class _Kept(Journal):
    """Writes to a journal, and keeps what it wrote."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(path=journal.path)
        self.written: Final[list[Record]] = []
        self._journal: Final = journal

    def write(self, record: Record) -> None:
        """Write to both."""
        self.written.append(record)
        self._journal.write(record)


@dataclass(frozen=True, slots=True)
class UnitRunner:
    """Runs the units of a phase; it travels to workers.

    Attributes:
        work: Of the phase.
        folder: Of the phase, where units are stored; null: nowhere.
    """

    work: Work
    folder: PhaseFolder | None

    def run(self, leaf: Leaf) -> UnitRecord:
        """Run a unit; its records are written as they come, and kept if it is stored.

        Raises:
            UnitFailedError: It failed, which has been journalled. It has left no folder.
            Exception: What is no failure of the unit, such as a configuration that cannot be run.
        """
        work, around, position = self.work, leaf.around, leaf.position
        unit = work.unit(around)
        cast, warmup_bars = warmed(unit, around)
        window = leaf.window(warmup_bars)
        position.journal.write(leaf.started(window))
        unit = replace(
            unit,
            market=work.data(around, warmup_bars),
            trading_from_ns=window.start_ns if warmup_bars else None,
        )
        journal = position.journal.child("unit", 0)
        if self.folder is None:
            return self._record(unit, leaf, window, self._ran(unit, cast, journal, None))
        kept, folder = _Kept(journal), self.folder.unit(position.keys)
        try:
            ran = self._ran(unit, cast, kept, folder)
            record = self._record(unit, leaf, window, ran, folder)
        except BaseException:
            folder.discard()
            raise
        return replace(record, journal=tuple(kept.written))

    def _ran(
        self, unit: Unit, cast: Cast | None, journal: Journal, folder: UnitFolder | None
    ) -> UnitResult:
        try:
            if folder is not None:
                folder.create()
        except StorageError as error:
            described = describe_error(error, journal.path)
            journal.write(ErrorRaised(error=described))
            raise UnitFailedError(described) from error
        ran = run_unit(unit, journal, folder, cast, self.work.moulds)
        if ran.error is not None:
            raise UnitFailedError(ran.error)
        return ran

    def _record(
        self,
        unit: Unit,
        leaf: Leaf,
        window: Window,
        ran: UnitResult,
        folder: UnitFolder | None = None,
    ) -> UnitRecord:
        configuration, trace = unit.configuration, ran.trace
        assert trace is not None  # it did not fail
        analyses = _analyses(self.work, ran)
        outcome = outcome_of_unit(ran, configuration, unit.combinations, analyses)
        portfolios: Mapping[str, PortfolioResult] = outcome.portfolios
        if folder is not None and unit.saves and portfolios:
            portfolios = folder.stored_portfolios(bare_portfolios(portfolios))
        elif not (unit.saves or is_needed(leaf.need, outcome.metrics, configuration.objective)):
            portfolios = bare_portfolios(portfolios)
        result = IterationResult(
            window=window,
            parameters=leaf.parameters,
            seed=configuration.random_seed,
            spawn_key=leaf.around.spawn_key,
            metrics=outcome.metrics,
            best_portfolio=outcome.best_portfolio,
            portfolios=portfolios,
            aggregate_metrics=outcome.aggregate_metrics,
            best_parameters=outcome.best_parameters,
            signals=outcome.signals,
            trace_summary=trace.summary() if folder is None else folder.summary(trace),
            trace=trace if folder is None else None,
        )
        part = None if folder is None else folder.part
        return UnitRecord((), result, part, dict(outcome.choices) or None)


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


# -- in a worker


class Handed(msgspec.Struct, frozen=True):
    """What workers are handed once for a phase.

    Attributes:
        runner: Runs its units, there as here.
        path: Of the phase, in the journal.
    """

    runner: UnitRunner
    path: JournalPath


class Item(msgspec.Struct, frozen=True):
    """What a unit has of its own: small, for it travels; attributes as those of `Leaf`."""

    name: str
    first: int
    last: int
    parameters: Parameters
    spot: Spot
    keys: tuple[int, ...]
    need: Need


class Failed(msgspec.Struct, frozen=True):
    """A unit that failed: how its iteration began, the records of its path, and the error."""

    started: IterationStarted
    journal: tuple[Record, ...]
    error: ErrorInfo


class Answer(msgspec.Struct, frozen=True):
    """What a worker gives of a unit that succeeded.

    Attributes:
        content: Its `UnitRecord`, encoded.
        trace: Its trace; null when that is stored.
    """

    content: bytes
    trace: Trace | None


def run_in_worker(handed: Handed, item: Item) -> Answer | Failed:
    """Run a unit in a worker.

    Raises:
        Exception: What is no failure of the unit, such as a configuration that cannot be run.
    """
    path: JournalPath = (*handed.path, *(("window", key) for key in item.keys))
    records: list[Record] = []
    journal = Journal([lambda entry: records.append(entry.record)], path=path)
    leaf = Leaf(
        name=item.name,
        first=item.first,
        last=item.last,
        parameters=item.parameters,
        around=handed.runner.work.around(item.spot),
        position=Position(journal, keys=item.keys),
        need=item.need,
    )
    try:
        record = handed.runner.run(leaf)
    except UnitFailedError as failed:
        started = records[0]
        assert isinstance(started, IterationStarted)  # the first that is written
        return Failed(started, tuple(records[1:]), failed.error)
    return Answer(encode_unit(replace(record, journal=tuple(records[1:]))), record.result.trace)
