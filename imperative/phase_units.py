"""The units of a phase: built, driven, and made results of, in this process or in another.

`PhaseUnits` is what all units of a phase share; it goes to a worker once. What is particular to one
is an `Item`: what differs from the phase. `run_item` is what a worker does with it. A unit comes
out alike wherever it runs, since both ways end in `PhaseUnits.run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from containers.configuration import Configuration
from containers.data import MarketData
from containers.journal import Entry, IterationStarted, Journal, JournalPath, Record
from containers.results import ErrorInfo, IterationResult
from containers.storage import RunFolder, UnitFolder
from imperative.outcome import portfolio_results
from imperative.sequences import Scope, Span
from imperative.sequences.bootstrap import Draw
from imperative.sequences.windows import Stretch
from imperative.topology import TopologyBuilder
from imperative.unit import Unit, UnitError, journal_failure, keeping, run_unit
from imperative.walk import Node, iteration_result

__all__ = ["Answer", "Item", "PhaseUnits", "run_item"]


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
    """What a worker sends back.

    Attributes:
        records: Of the unit's journal, in order.
        result: What came of it; null: it failed.
        error: How it failed.
    """

    records: tuple[Record, ...]
    result: IterationResult | None
    error: ErrorInfo | None


class PhaseUnits:
    """What all units of a phase share.

    Args:
        builder: Builds them.
        configuration: Of the phase.
        market: Its data.
        topology: Name of its topology.
        inputs: What it takes from earlier phases, by name.
        save_portfolios: Whether every unit saves its trades and curves.
        folder: Of the run; null when nothing is stored.
        parts: Names of the folders that lead to the phase's.
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
        folder: RunFolder | None,
        parts: tuple[str | int, ...],
    ) -> None:
        self.builder: Final = builder
        self.scope: Final = builder.scope(configuration, market, topology=topology)
        self._inputs: Final = inputs
        self._saves: Final = save_portfolios
        self._folder: Final = folder
        self._parts: Final = parts
        # Units over the same stretch share what is cut from it.
        self._span: Final = lru_cache(maxsize=4)(self._make_span)

    def __reduce__(self) -> tuple[object, ...]:
        market, scope = self.scope.span.market, self.scope
        options = (scope.topology, self._inputs, self._saves, self._folder, self._parts)
        return _restored, (self.builder, scope.configuration, market, *options)

    def run(
        self,
        started: IterationStarted,
        scope: Scope,
        warmup_bars: int,
        journal: Journal,
        keys: tuple[int, ...],
    ) -> IterationResult:
        """Build a unit, drive it, and say what it came to.

        Args:
            started: What the journal says of its iteration.
            scope: What it runs over and with.
            warmup_bars: What it asks for.
            journal: Its own.
            keys: Indexes of the iterations that lead to it.

        Raises:
            UnitError: It failed.
        """
        unit, folder = self._build(scope, warmup_bars, journal, keys)
        outcome = run_unit(unit, journal)
        errors: list[Exception] = []
        with keeping(errors):
            findings = unit.topology.findings(portfolio_results(unit, outcome), outcome.collected)
            if folder is not None and findings.signals is not None:
                folder.save_signals(findings.signals)
            root = None if self._folder is None else self._folder.path
            return msgspec.structs.replace(
                iteration_result(started, findings),
                trace_summary=outcome.trace.summary(root),
                trace=outcome.trace,
            )
        raise journal_failure(journal, errors) from errors[0]

    def _build(
        self, scope: Scope, warmup_bars: int, journal: Journal, keys: tuple[int, ...]
    ) -> tuple[Unit, UnitFolder | None]:
        """Build a unit; a failure is the unit's, though it has no containers."""
        errors: list[Exception] = []
        with keeping(errors):
            folder = None
            on_disk = scope.configuration.results.storage == "disk"
            if self._folder is not None and on_disk:
                folder = self._folder.unit((*self._parts, *keys))
            unit = self.builder.build_over(
                scope,
                scope.span.cut(warmup_bars),
                folder=folder,
                inputs=self._inputs,
                save_portfolios=self._saves,
            )
            return unit, folder
        raise journal_failure(journal, errors) from errors[0]

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


def run_item(units: PhaseUnits, item: Item) -> Answer:
    """Run one unit in a worker.

    Args:
        units: What the units of its phase share.
        item: What is particular to it.
    """
    records: list[Record] = []

    def heard(entry: Entry) -> None:
        records.append(entry.record)

    journal = Journal([heard], path=item.path)
    try:
        result = units.run(item.started, units.scope_of(item), item.warmup_bars, journal, item.keys)
    except UnitError as error:
        return Answer(tuple(records), None, error.info)
    return Answer(tuple(records), result, None)


def _restored(
    builder: TopologyBuilder,
    configuration: Configuration,
    market: MarketData,
    topology: str,
    inputs: Mapping[str, Any],
    save_portfolios: bool,
    folder: RunFolder | None,
    parts: tuple[str | int, ...],
) -> PhaseUnits:
    return PhaseUnits(
        builder,
        configuration,
        market,
        topology=topology,
        inputs=inputs,
        save_portfolios=save_portfolios,
        folder=folder,
        parts=parts,
    )


def _differing(
    own: msgspec.Struct, shared: msgspec.Struct, but: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Give the fields of one struct that are not those of another, by name."""
    return {
        name: value
        for name in own.__struct_fields__
        if name not in but and (value := getattr(own, name)) is not getattr(shared, name)
    }
