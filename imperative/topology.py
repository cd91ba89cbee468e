"""From a resolved configuration and loaded data to a unit that is ready to run.

`TopologyBuilder.build` needs no files: it makes the recorder at the configured trace level, the
bus, lets the topology attach and connect its containers, and seals the bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from containers.bus import Bus
from containers.components import Components, default_components
from containers.configuration import Configuration
from containers.data import MarketData
from containers.events import EventKind
from containers.storage import UnitFolder
from containers.trace import TraceRecorder, TraceWriter, kept_kinds
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
    ) -> Unit:
        """Build one unit.

        Args:
            configuration: Resolved and checked.
            market: All streams that the configuration names.
            topology: Name of the topology.
            folder: Where trace and portfolios are saved; null: they stay in memory.

        Raises:
            StorageError: The folder cannot take a trace.
            WiringError: The topology connected what cannot be connected.
        """
        store = None if folder is None else TraceWriter(folder.trace)
        recorder = TraceRecorder(configuration.trace.max_events, store)

        @cache
        def kinds_of(container: str) -> frozenset[EventKind]:
            return kept_kinds(container, configuration.trace_level, configuration.trace.containers)

        bus = Bus(recorder, lambda container, kind: kind in kinds_of(container))
        plot = Plot(bus, configuration, market, self.components, folder)
        portfolios = self.topologies[topology](plot).build()
        bus.seal()
        return Unit(
            bus=bus, recorder=recorder, times_ns=market.slice_times(), portfolios=portfolios
        )
