"""One unit: one execution of one topology over one range of data.

`run_unit` needs nothing but a resolved configuration and data in memory; without a folder it
touches no file. The manager runs every unit through it, benchmarks may as well.

1. The topology is expanded and built (`declarative.topology`).
2. Its containers are driven (`declarative.driver`).
3. The trace is finished, after the last cleanup.
4. What the containers gave is filed under the names of their reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property

from containers.bus import Bus
from containers.components import Components
from containers.configuration import Configuration
from containers.data import MarketData
from containers.events import EventKind
from containers.failures import describe_error
from containers.journal import ContainerBuilt, ErrorRaised, Journal, TopologyBuilt
from containers.results import ErrorInfo, PortfolioResult
from containers.storage import UnitFolder
from containers.trace import Trace, TraceRecorder, TraceWriter, kept_kinds
from containers.trading import PortfolioReport
from declarative.driver import Driven, drive
from declarative.patterns import Pattern
from declarative.schema import TopologyDefinition
from declarative.scope import topology_scope
from declarative.topology import Blueprint, Report, build, expand

__all__ = ["Unit", "UnitResult", "run_unit"]


@dataclass(frozen=True)
class Unit:
    """What there is to run.

    Attributes:
        topology: The pattern.
        configuration: Resolved, of the phase.
        market: The unit's own data.
        components: What exists.
        periods_per_year: For ``metrics.periods_per_year: auto``; null: from the unit's own data.
    """

    topology: Pattern[TopologyDefinition]
    configuration: Configuration
    market: MarketData
    components: Components
    periods_per_year: float | None = None

    @cached_property
    def blueprint(self) -> Blueprint:
        """The topology, expanded once: the rehearsal of a plan is the one that is run.

        It holds no container and nothing that a run changes, so it may be built any number of
        times. What fails is not remembered.

        Raises:
            PatternError: The topology is wrong.
            Exception: Whatever a component raises while it is made.
        """
        periods = self.configuration.metrics.periods_per_year
        if periods == "auto":
            periods = self.periods_per_year or self.market.periods_per_year()
        scope = topology_scope(self.configuration, self.market, self.components, periods)
        return expand(self.topology, scope, self.components)


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What came of a unit: portfolios and trace, or the error."""

    portfolios: Mapping[str, PortfolioResult]
    trace: Trace | None
    error: ErrorInfo | None = None


def run_unit(
    unit: Unit, journal: Journal | None = None, folder: UnitFolder | None = None
) -> UnitResult:
    """Run a unit to its end; a failure is in the result, never raised.

    Args:
        unit: What to run.
        journal: Of the unit; null: nobody listens.
        folder: Where trace and reports are saved; null: nowhere.
    """
    journal = Journal() if journal is None else journal
    errors: tuple[Exception, ...]
    recorder: TraceRecorder | None = None
    try:
        blueprint = unit.blueprint
        recorder = TraceRecorder(
            unit.configuration.trace.max_events,
            None if folder is None else TraceWriter(folder.trace),
        )
        bus = _wired(blueprint, unit, recorder, journal, folder)
        driven = drive(bus, unit.market.slice_times(), journal)
        errors = driven.errors
        if not errors:
            trace = recorder.finish(bus.seq)
            return UnitResult(_filed(driven, blueprint.reports), trace)
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

    @cache
    def kinds_of(container: str) -> frozenset[EventKind]:
        return kept_kinds(container, level, overrides)

    bus = Bus(recorder, lambda container, kind: kind in kinds_of(container))
    build(blueprint, bus, folder)
    built = tuple(
        ContainerBuilt(id=container.id, role=container.role.value, settings=container.settings())
        for container in bus.containers
    )
    journal.write(TopologyBuilt(containers=built, routes=bus.routes))
    return bus


def _filed(driven: Driven, reports: Mapping[str, Report]) -> dict[str, PortfolioResult]:
    filed: dict[str, PortfolioResult] = {}
    for container, names in reports.items():
        report = driven.collected[container]
        if not isinstance(report, PortfolioReport):
            what = type(report).__name__
            raise TypeError(f"'{container}' collected a {what}, expected a PortfolioReport")
        filed[names.portfolio] = PortfolioResult(
            strategy=names.strategy,
            profile=names.profile,
            parameters=deepcopy(names.parameters),  # the blueprint keeps its own
            metrics=report.metrics,
            trades=report.trades,
            equity_curve=report.equity_curve,
        )
    return filed
