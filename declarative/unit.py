"""One unit: one execution of one topology over one range of data.

`run_unit` needs nothing but a resolved configuration and data in memory; without a folder it
touches no file. The manager runs every unit through it, benchmarks may as well.

1. The components are made, the topology is expanded and built (`declarative.topology`).
2. Its containers are driven (`declarative.driver`).
3. The trace is finished, after the last cleanup.
4. What the containers gave is filed: portfolios under the names of their reports, signals, labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from containers.bus import Bus
from containers.components import Components
from containers.configuration import Configuration
from containers.data import MarketData
from containers.events import EventKind
from containers.failures import describe_error
from containers.journal import ContainerBuilt, ErrorRaised, Journal, TopologyBuilt
from containers.results import ErrorInfo, Label, PortfolioResult, Signals
from containers.storage import UnitFolder
from containers.trace import Trace, TraceRecorder, TraceWriter, kept_kinds
from containers.trading import PortfolioReport
from declarative.driver import Driven, drive
from declarative.moulds import Moulds
from declarative.scope import Cast, cast_of, topology_scope
from declarative.topology import Assembly, Blueprint, Report, build, expand
from declarative.variations import Parameters

__all__ = ["Unit", "UnitResult", "run_unit"]


class Unit(msgspec.Struct, frozen=True):
    """What there is to run.

    Attributes:
        topology: Put together from its pattern.
        configuration: Resolved, with the changes of the iterations it is in.
        market: The unit's own data, with the bars that warm up.
        components: What exists.
        periods_per_year: For ``metrics.periods_per_year: auto``; null: from the unit's own data.
        trading_from_ns: End of the first bar that is no warm-up; null when there is none.
        inputs: What the phase hands in, by name.
        combinations: Parameters that run at once, where the topology combines.
        saves: Whether portfolios save trades and curve into the unit's folder.
        moulds: Those of its phase; null: its topology is expanded for it alone.
    """

    topology: Assembly
    configuration: Configuration
    market: MarketData
    components: Components
    periods_per_year: float | None = None
    trading_from_ns: int | None = None
    inputs: Mapping[str, Any] = {}
    combinations: Sequence[Parameters] = ()
    saves: bool = True
    moulds: Moulds | None = None

    @property
    def periods(self) -> float:
        """What ``metrics.periods_per_year`` comes to."""
        periods = self.configuration.metrics.periods_per_year
        if isinstance(periods, str):
            return self.periods_per_year or self.market.periods_per_year()
        return periods

    def cast(self) -> Cast:
        """Make the components; whatever one raises is raised."""
        return cast_of(
            self.topology, self.configuration, self.components, self.periods, self.combinations
        )

    def blueprint(self, cast: Cast | None = None) -> Blueprint:
        """Expand the topology.

        Raises:
            PatternError: The topology is wrong.
            Exception: Whatever a component raises while it is made.
        """
        scope = self.scope(self.cast() if cast is None else cast)
        return expand(self.topology, scope, self.components)

    def scope(self, cast: Cast) -> dict[str, Any]:
        """Give what its topology may refer to."""
        return topology_scope(
            self.topology,
            self.configuration,
            self.market,
            cast,
            periods_per_year=self.periods,
            trading_from_ns=self.trading_from_ns,
            from_ns=self.from_ns(),
            last_bars=self.last_bars(),
            inputs=_plain(self.inputs),
        )

    def last_bars(self) -> list[tuple[str, int]]:
        """Give the end of the last base bar of every symbol that has one in the window."""
        since = self.trading_from_ns
        lasts = ((symbol, self.market.last_base_end(symbol)) for symbol in self.market.symbols)
        return [(s, last) for s, last in lasts if last is not None and (since or last) <= last]

    def from_ns(self) -> int:
        """Give the end of the window's first slice."""
        if self.trading_from_ns is not None:
            return self.trading_from_ns
        streams = [bars for bars in self.market.values() if len(bars)]
        return min((int(bars.end_ns[0]) for bars in streams), default=0)


class UnitResult(msgspec.Struct, frozen=True):
    """What came of a unit, or the error.

    Attributes:
        portfolios: By id.
        trace: Null after an error.
        error: Null on success.
        signals: Null when the topology keeps none.
        labels: What each classifier said, by its name.
        combination_of: Which combination a portfolio belongs to, where several ran at once.
    """

    portfolios: Mapping[str, PortfolioResult]
    trace: Trace | None
    error: ErrorInfo | None = None
    signals: Signals | None = None
    labels: Mapping[str, Sequence[Label]] = {}
    combination_of: Mapping[str, int] = {}


def run_unit(
    unit: Unit,
    journal: Journal | None = None,
    folder: UnitFolder | None = None,
    cast: Cast | None = None,
) -> UnitResult:
    """Run a unit to its end; a failure is in the result, never raised.

    Args:
        unit: What to run.
        journal: Of the unit; null: nobody listens.
        folder: Where trace and reports are saved; null: nowhere.
        cast: Its components, when they have been made already; they are used up.
    """
    journal = Journal() if journal is None else journal
    errors: tuple[Exception, ...]
    recorder: TraceRecorder | None = None
    try:
        cast = unit.cast() if cast is None else cast
        moulds = unit.moulds
        blueprint = unit.blueprint(cast) if moulds is None else moulds.blueprint(unit, cast)
        recorder = TraceRecorder(
            unit.configuration.trace.max_events,
            None if folder is None else TraceWriter(folder.trace),
        )
        bus = _wired(blueprint, unit, recorder, journal, folder if unit.saves else None)
        driven = drive(bus, unit.market.slice_times(), journal, unit.trading_from_ns)
        errors = driven.errors
        if not errors:
            trace = recorder.finish(bus.seq)
            return _filed(driven, blueprint, cast, trace, folder)
    except Exception as error:  # noqa: BLE001  # handed on, in the result
        errors = (error,)
    except BaseException:
        if recorder is not None:
            recorder.abandon()
        raise
    if recorder is not None:
        recorder.abandon()
    described = describe_error(errors[0], journal.path, errors[1:])
    journal.write(ErrorRaised(error=described))
    return UnitResult({}, None, described)


def _wired(
    blueprint: Blueprint,
    unit: Unit,
    recorder: TraceRecorder,
    journal: Journal,
    folder: UnitFolder | None,
) -> Bus:
    level, overrides = unit.configuration.trace_level, unit.configuration.trace.containers

    kinds: dict[str, frozenset[EventKind]] = {}

    def keeps(container: str, kind: EventKind) -> bool:
        if container not in kinds:
            kinds[container] = kept_kinds(container, level, overrides)
        return kind in kinds[container]

    bus = Bus(recorder, keeps)
    build(blueprint, bus, folder)
    built = tuple(
        ContainerBuilt(id=container.id, role=container.role.value, settings=container.settings())
        for container in bus.containers
    )
    journal.write(TopologyBuilt(containers=built, routes=bus.routes))
    return bus


def _filed(
    driven: Driven, blueprint: Blueprint, cast: Cast, trace: Trace, folder: UnitFolder | None
) -> UnitResult:
    portfolios: dict[str, PortfolioResult] = {}
    combination_of: dict[str, int] = {}
    for container, names in blueprint.reports.items():
        report = driven.collected[container]
        if not isinstance(report, PortfolioReport):
            what = type(report).__name__
            raise TypeError(f"'{container}' collected a {what}, expected a PortfolioReport")
        portfolios[names.portfolio] = PortfolioResult(
            strategy=names.strategy,
            profile=names.profile,
            parameters=_own(names),
            metrics=report.metrics,
            trades=report.trades,
            equity_curve=report.equity_curve,
        )
        if names.strategy in cast.combination_of:
            combination_of[names.portfolio] = cast.combination_of[names.strategy]
    signals = _signals(driven, blueprint, cast)
    if signals is not None and folder is not None:
        folder.save_signals(signals)
    labels = {c["name"]: driven.collected[f"classifier/{c['name']}"] for c in cast.classifiers}
    return UnitResult(portfolios, trace, None, signals, labels, combination_of)  # type: ignore[arg-type]  # a classifier collects labels


def _own(names: Report) -> dict[str, Any]:
    """Give the parameters of a report; the blueprint keeps its own."""
    assert isinstance(names.parameters, Mapping)  # no slot is left
    return {name: _copied(value) for name, value in names.parameters.items()}


def _copied(value: Any) -> Any:
    """Copy plain data, so that nothing of it is shared."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def _signals(driven: Driven, blueprint: Blueprint, cast: Cast) -> Signals | None:
    """Give all signals in the order in which they were published; null when none are kept."""
    kept: list[Any] = [driven.collected[name] for name in blueprint.giving("signals")]
    if not kept or any(rows is None for rows in kept):
        return None
    rows = sorted((row for rows in kept for row in rows), key=lambda row: row.seq)
    names = tuple(strategy["name"] for strategy in cast.strategies)
    return Signals(strategies=names, rows=tuple(rows))


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Let topologies look into stored signals; everything else is handed on whole."""
    return {
        name: {"strategies": value.strategies, "rows": value.rows}
        if isinstance(value, Signals)
        else value
        for name, value in inputs.items()
    }
