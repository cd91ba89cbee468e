"""Running a unit: built from its topology, driven, and what its containers gave.

`run_unit` needs nothing but a resolved configuration and data in memory; without a folder it
touches no file. The manager runs every unit through it, benchmarks may as well.

1. The components are made, the topology is expanded and built (`declarative.topology`).
2. Its containers are driven (`declarative.driver`).
3. The trace is finished, after the last cleanup.
4. What the containers gave is filed: portfolios under the names of their reports, signals, labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from containers.bus import Bus
from containers.events import EventKind
from containers.failures import describe_error
from containers.journal import ContainerBuilt, ErrorRaised, Journal, TopologyBuilt
from containers.results import PortfolioResult, Signals
from containers.storage import UnitFolder
from containers.trace import Trace, TraceRecorder, TraceWriter, kept_kinds
from containers.trading import PortfolioReport
from declarative.driver import Driven, drive
from declarative.moulds import Moulds
from declarative.scope import Cast
from declarative.topology import Blueprint, Report, build
from declarative.unit import Unit, UnitResult

__all__ = ["run_unit"]


def run_unit(
    unit: Unit,
    journal: Journal | None = None,
    folder: UnitFolder | None = None,
    cast: Cast | None = None,
    moulds: Moulds | None = None,
) -> UnitResult:
    """Run a unit to its end; a failure is in the result, never raised.

    Args:
        unit: What to run.
        journal: Of the unit; null: nobody listens.
        folder: Where trace and reports are written; made already. Null: nowhere.
        cast: Its components, when they have been made already; they are used up.
        moulds: Those of its phase; null: its topology is expanded for it alone.
    """
    journal = Journal() if journal is None else journal
    errors: tuple[Exception, ...]
    recorder: TraceRecorder | None = None
    try:
        cast = unit.cast() if cast is None else cast
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
