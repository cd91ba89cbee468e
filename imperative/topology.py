"""From a resolved configuration and loaded data to a unit that is ready to run.

`TopologyBuilder.build_over` needs no files: it makes the recorder at the configured trace level,
the bus, lets the topology attach and connect its containers, and seals the bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from containers.bus import Bus
from containers.components import Components, default_components
from containers.configuration import Configuration, space_of
from containers.data import MarketData
from containers.events import EventKind
from containers.storage import UnitFolder
from containers.trace import TraceRecorder, TraceWriter, kept_kinds
from imperative.sequences.scope import Cut, Scope, Span
from imperative.sequences.windows import Stretch
from imperative.topologies import TOPOLOGIES, Plot, Topology
from imperative.unit import Unit

__all__ = ["TopologyBuilder"]


class TopologyBuilder:
    """Builds units.

    Args:
        components: Strategies and containers to build with; null: the shipped ones.
        topologies: Topologies by name.
    """

    def __init__(
        self,
        components: Components | None = None,
        topologies: Mapping[str, type[Topology]] = TOPOLOGIES,
    ) -> None:
        self.components: Final = default_components() if components is None else components
        self.topologies: Final = topologies

    def build(
        self,
        configuration: Configuration,
        market: MarketData,
        *,
        topology: str = "backtest",
        folder: UnitFolder | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Unit:
        """Build one unit over all of ``market``.

        Args:
            configuration: Resolved and checked.
            market: All streams that the configuration names.
            topology: Name of the topology.
            folder: Where trace and portfolios are saved; null: they stay in memory.
            inputs: What the topology takes from earlier phases, by name.

        Raises:
            StorageError: The folder cannot take a trace.
            WiringError: The topology connected what cannot be connected.
        """
        scope = self.scope(configuration, market, topology=topology)
        return self.build_over(scope, scope.span.cut(0), folder=folder, inputs=inputs or {})

    def scope(self, configuration: Configuration, market: MarketData, *, topology: str) -> Scope:
        """Give the scope of a phase: all its data, and all it may try."""
        bars = len(market.base(market.symbols[0]))
        periods = configuration.metrics.periods_per_year
        made = self.topologies[topology]
        space = space_of(configuration, self.components)
        return Scope(
            span=Span(market, origin=0, bars=Stretch(0, bars - 1), whole=True),
            configuration=configuration,
            topology=topology,
            components=self.components,
            space=made.walked(space, configuration, self.components),
            warmup_bars=0,
            spawn_key=(),
            periods_per_year=market.periods_per_year() if periods == "auto" else periods,
        )

    def build_over(
        self,
        scope: Scope,
        cut: Cut,
        *,
        folder: UnitFolder | None,
        inputs: Mapping[str, Any],
        save_portfolios: bool = True,
    ) -> Unit:
        """Build one unit over a window, with the changes of the iterations around it.

        Args:
            scope: What it runs over and with.
            cut: Its data.
            folder: Where the trace is saved; null: it stays in memory.
            inputs: What the topology takes from earlier phases, by name.
            save_portfolios: Whether portfolios are saved in the folder as well.

        Raises:
            ConfigurationError: The topology cannot build from its inputs.
            StorageError: The folder cannot take a trace.
            WiringError: The topology connected what cannot be connected.
        """
        configuration = scope.configuration
        store = None if folder is None else TraceWriter(folder.trace)
        recorder = TraceRecorder(configuration.trace.max_events, store)

        @cache
        def kinds_of(container: str) -> frozenset[EventKind]:
            return kept_kinds(container, configuration.trace_level, configuration.trace.containers)

        bus = Bus(recorder, lambda container, kind: kind in kinds_of(container))
        plot = Plot(
            bus=bus,
            configuration=configuration,
            cut=cut,
            components=self.components,
            folder=folder if save_portfolios else None,
            periods_per_year=scope.periods_per_year,
            space=scope.space,
            spawn_key=scope.spawn_key,
            inputs=inputs,
        )
        topology = self.topologies[scope.topology](plot)
        portfolios = topology.build()
        bus.seal()
        return Unit(
            bus=bus,
            recorder=recorder,
            times_ns=cut.times_ns,
            portfolios=portfolios,
            topology=topology,
            warm_up_slices=cut.warm_up_slices,
        )

    def warmup_bars(self, scope: Scope) -> int:
        """Give the bars of warm-up that a unit over ``scope`` asks for."""
        if scope.span.whole or scope.warmup_bars != "auto":
            return 0 if scope.span.whole else int(scope.warmup_bars)
        return self.topologies[scope.topology].look_back(scope)
