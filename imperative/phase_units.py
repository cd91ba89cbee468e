"""The units of a phase: built, driven, and made results of, in this process or in another.

`PhaseUnits` is what all units of a phase share; it goes to a worker once. What is particular to one
is an `Item`: what differs from the phase. `run_item` is what a worker does with it. A unit comes
out alike wherever it runs, since both ways end in `PhaseUnits.run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import msgspec

from containers.configuration import Configuration
from containers.data import MarketData
from containers.journal import Entry, IterationStarted, Journal, JournalPath, Record
from containers.results import ErrorInfo, IterationResult, PortfolioResult
from containers.storage import PhaseFolder, UnitFolder, UnitRecord, encode_unit
from containers.trace import Trace
from imperative.outcome import portfolio_results
from imperative.sequences import Scope, Span
from imperative.sequences.bootstrap import Draw
from imperative.sequences.windows import Stretch
from imperative.topology import TopologyBuilder
from imperative.unit import Unit, UnitError, UnitOutcome, journal_failure, keeping, run_unit
from imperative.walk import Node, iteration_result

__all__ = ["Answer", "Failure", "Item", "PhaseUnits", "run_item"]


class Item(NamedTuple):
    """What is particular to one unit.

    Attributes:
        market: Where its bars come from; null: the phase's.
        draws: How bars were drawn from that.
        origin: As `Span` has it.
        bars: Likewise.
        whole: Likewise.
        settings: Settings that are not the phase's, by name.
        changes: What else of its scope is not the phase's, by name.
        started: What the journal says of its iteration.
        warmup_bars: What it asks for.
        path: Of its journal.
        keys: Indexes of the iterations that lead to it.
    """

    market: MarketData | None
    draws: tuple[Draw, ...]
    origin: int
    bars: Stretch
    whole: bool
    settings: Mapping[str, Any]
    changes: Mapping[str, Any]
    started: IterationStarted
    warmup_bars: int
    path: JournalPath
    keys: tuple[int, ...]


class Answer(NamedTuple):
    """What a worker sends back of a unit that succeeded.

    Attributes:
        content: The record of the unit, encoded.
        trace: What was kept of its events, when nothing is stored.
    """

    content: bytes
    trace: Trace | None


class Failure(NamedTuple):
    """What a worker sends back of a unit that failed.

    Attributes:
        error: What happened.
        records: Of its journal, in order.
    """

    error: ErrorInfo
    records: tuple[Record, ...]


class PhaseUnits:
    """What all units of a phase share.

    Args:
        builder: Builds them.
        configuration: Of the phase.
        market: Its data.
        topology: Name of its topology.
        inputs: What it takes from earlier phases, by name.
        save_portfolios: Whether every unit saves its trades and curves.
        folder: Of the phase; null when nothing is stored.
    """

    def __init__(
        self,
        builder: TopologyBuilder,
        configuration: Configuration,
        market: MarketData,
        *,
        topology: str,
        inputs: Mapping[str, Any],
        save_portfolios: bool,
        folder: PhaseFolder | None,
    ) -> None:
        self.builder: Final = builder
        self.scope: Final = builder.scope(configuration, market, topology=topology)
        self._inputs: Final = inputs
        self._saves: Final = save_portfolios
        self._folder: Final = folder
        # Units over the same stretch share what is cut from it.
        self._span: Final = lru_cache(maxsize=4)(self._make_span)

    def __reduce__(self) -> tuple[object, ...]:
        made = partial(
            PhaseUnits,
            topology=self.scope.topology,
            inputs=self._inputs,
            save_portfolios=self._saves,
            folder=self._folder,
        )
        return made, (self.builder, self.scope.configuration, self.scope.span.market)

    def run(
        self,
        started: IterationStarted,
        scope: Scope,
        warmup_bars: int,
        journal: Journal,
        keys: tuple[int, ...],
    ) -> IterationResult:
        """Build a unit, drive it, and say what it came to, in memory alone.

        Args:
            started: What the journal says of its iteration.
            scope: What it runs over and with.
            warmup_bars: What it asks for.
            journal: Its own.
            keys: Indexes of the iterations that lead to it.

        Raises:
            UnitError: It failed.
        """
        return self._run(started, scope, warmup_bars, journal, keys, [])[0]

    def run_recorded(
        self,
        started: IterationStarted,
        scope: Scope,
        warmup_bars: int,
        path: JournalPath,
        keys: tuple[int, ...],
        live: Journal | None = None,
    ) -> Answer | Failure:
        """Run a unit likewise, and give what can be sent to another process, or be stored.

        Args:
            started: What the journal says of its iteration.
            scope: What it runs over and with.
            warmup_bars: What it asks for.
            path: Of its journal.
            keys: Indexes of the iterations that lead to it.
            live: Its journal, where that is in this process.
        """
        records: list[Record] = []

        def heard(entry: Entry) -> None:
            records.append(entry.record)
            if live is not None:
                live.write(entry.record)

        journal = Journal([heard], path=path)
        try:
            result, content = self._run(started, scope, warmup_bars, journal, keys, records)
        except UnitError as error:
            return Failure(error.info, tuple(records))
        return Answer(content, result.trace)

    def _run(
        self,
        started: IterationStarted,
        scope: Scope,
        warmup_bars: int,
        journal: Journal,
        keys: tuple[int, ...],
        records: list[Record],
    ) -> tuple[IterationResult, bytes]:
        """Run a unit; one that fails leaves no folder."""
        folder = None if self._folder is None else self._folder.unit(keys)
        try:
            unit = self._build(scope, warmup_bars, journal, folder)
            outcome = run_unit(unit, journal)
            errors: list[Exception] = []
            with keeping(errors):
                result = self._result(unit, outcome, started, folder)
                part = None if folder is None else folder.part
                content = encode_unit(UnitRecord(tuple(records), result, part)) if records else b""
                return result, content
            raise journal_failure(journal, errors) from errors[0]
        except BaseException:
            if folder is not None:
                folder.discard()
            raise

    def _build(
        self, scope: Scope, warmup_bars: int, journal: Journal, folder: UnitFolder | None
    ) -> Unit:
        """Build a unit; a failure is the unit's, though it has no containers."""
        errors: list[Exception] = []
        with keeping(errors):
            if folder is not None:
                folder.create()
            return self.builder.build_over(
                scope,
                scope.span.cut(warmup_bars),
                folder=folder,
                inputs=self._inputs,
                save_portfolios=self._saves,
            )
        raise journal_failure(journal, errors) from errors[0]

    def _result(
        self, unit: Unit, outcome: UnitOutcome, started: IterationStarted, folder: UnitFolder | None
    ) -> IterationResult:
        portfolios: Mapping[str, PortfolioResult] = portfolio_results(unit, outcome)
        if folder is not None and self._saves:
            portfolios = folder.stored_portfolios(portfolios)
        findings = unit.topology.findings(portfolios, outcome.collected)
        result = iteration_result(started, findings)
        if folder is None:
            summary = outcome.trace.summary()
            return msgspec.structs.replace(result, trace_summary=summary, trace=outcome.trace)
        if findings.signals is not None:
            folder.save_signals(findings.signals)
        return msgspec.structs.replace(result, trace_summary=folder.summary(outcome.trace))

    def item(self, node: Node) -> Item:
        """Say what is particular to a unit."""
        own, scope = self.scope, node.iteration.scope
        span = scope.span
        return Item(
            market=None if span.given is own.span.market else span.given,
            draws=span.draws,
            origin=span.origin,
            bars=span.bars,
            whole=span.whole,
            settings=_differing(scope.configuration, own.configuration),
            changes=_differing(scope, own, but=("span", "configuration")),
            started=node.started,
            warmup_bars=node.warmup_bars,
            path=(*node.journal.path, ("unit", 0)),
            keys=node.keys,
        )

    def scope_of(self, item: Item) -> Scope:
        """Give the scope that an item was made of."""
        place = (item.draws, item.origin, item.bars, item.whole)
        span = self._make_span(item.market, *place) if item.market else self._span(None, *place)
        configuration = msgspec.structs.replace(self.scope.configuration, **item.settings)
        changes = {**item.changes, "span": span, "configuration": configuration}
        return msgspec.structs.replace(self.scope, **changes)

    def _make_span(
        self,
        market: MarketData | None,
        draws: tuple[Draw, ...],
        origin: int,
        bars: Stretch,
        whole: bool,
    ) -> Span:
        market = self.scope.span.market if market is None else market
        for draw in draws:
            market = draw.of(market)
        return Span(market, origin=origin, bars=bars, whole=whole)


def run_item(units: PhaseUnits, item: Item) -> Answer | Failure:
    """Run one unit in a worker.

    Args:
        units: What the units of its phase share.
        item: What is particular to it.
    """
    scope = units.scope_of(item)
    return units.run_recorded(item.started, scope, item.warmup_bars, item.path, item.keys)


def _differing(
    own: msgspec.Struct, shared: msgspec.Struct, but: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Give the fields of one struct that are not those of another, by name."""
    return {
        name: value
        for name in own.__struct_fields__
        if name not in but and (value := getattr(own, name)) is not getattr(shared, name)
    }
