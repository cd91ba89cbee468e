"""The topologies that make signals and that replay them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, ClassVar

from containers.components import Combiner, Components
from containers.configuration import Configuration, SpaceKey, StrategySettings
from containers.container import Role
from containers.errors import ConfigurationError, Problem
from containers.events import EventKind
from containers.nearest import did_you_mean
from containers.ports import TRADING
from containers.results import PortfolioResult, Signals, StoredSignal
from containers.trading import ReplayContainer, StrategyContainer
from imperative.findings import Findings
from imperative.topologies.base import PortfolioOrigin, Topology
from imperative.topologies.streams import (
    Streams,
    connect_members,
    container_class,
    make_strategies,
    streams_of,
)
from imperative.topologies.trading import Trading

__all__ = ["SignalGenerationTopology", "SignalReplayTopology"]


class SignalGenerationTopology(Topology):
    """Strategies without portfolios; every SIGNAL is kept."""

    name: ClassVar[str] = "signal_generation"

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; there are no portfolios."""
        streams = Streams(self.plot, self.plot.configuration)
        streams.add_data()
        streams.add_features()
        streams.add_classifiers()
        streams.add_strategies(keep_signals=True)
        return {}

    def findings(
        self, portfolios: Mapping[str, PortfolioResult], collected: Mapping[str, object]
    ) -> Findings:
        """Give the signals of all strategies in the order in which they were published."""
        names = tuple(entry.name for entry in self.plot.configuration.strategies)
        rows: list[StoredSignal] = []
        for name in names:
            kept: Any = collected[f"strategy/{name}"]
            rows += kept
        return Findings(signals=Signals(names, tuple(sorted(rows, key=attrgetter("seq")))))


class SignalReplayTopology(Topology):
    """Portfolios that trade stored signals; only ensembles decide anew, on what they hear."""

    name: ClassVar[str] = "signal_replay"
    inputs: ClassVar[Mapping[str, type]] = {"signals": Signals}
    has_strategies: ClassVar[bool] = False
    has_classifiers: ClassVar[bool] = False

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""
        plot, configuration = self.plot, self.plot.configuration
        signals: Signals = plot.inputs["signals"]
        Streams(plot, configuration, with_strategies=False).add_data()
        strategies = make_strategies(plot, configuration)
        make = container_class(plot, Role.STRATEGY, StrategyContainer)
        for entry in configuration.strategies:
            container, strategy = f"strategy/{entry.name}", strategies[entry.name]
            if isinstance(strategy, Combiner):
                plot.bus.attach(make(container, strategy=strategy, on_bars=True))
                for symbol, timeframe in streams_of(plot, entry):
                    data = f"data/{symbol}/{timeframe}"
                    plot.bus.connect(EventKind.BAR, data, container, topic=TRADING)
                connect_members(plot, entry.name, strategy)
            else:
                self._add_replay(entry, signals)
        return Trading(plot, configuration).add()

    def _add_replay(self, entry: StrategySettings, signals: Signals) -> None:
        plot, container = self.plot, f"strategy/{entry.name}"
        symbols = [s for s in plot.market.symbols if entry.symbols is None or s in entry.symbols]
        plot.bus.attach(
            ReplayContainer(
                container,
                strategy=entry.name,
                signals=signals.rows,
                symbols=symbols,
                from_ns=plot.cut.from_ns,
            )
        )
        for symbol, timeframe in plot.market:
            if symbol in symbols:
                data = f"data/{symbol}/{timeframe}"
                plot.bus.connect(EventKind.BAR, data, container, topic=TRADING)

    @classmethod
    def walked(
        cls, space: tuple[SpaceKey, ...], configuration: Configuration, components: Components
    ) -> tuple[SpaceKey, ...]:
        """Leave out what names a replayed strategy: it decides nothing."""
        deciding = {e.name for e in configuration.strategies if _decides(e, components)}
        return tuple(key for key in space if key.strategy in deciding)

    @classmethod
    def check_inputs(
        cls, configuration: Configuration, components: Components, inputs: Mapping[str, Any]
    ) -> None:
        """Make sure that every strategy is an ensemble or one of the stored ones."""
        stored = inputs["signals"].strategies
        problems = [
            Problem(
                f"there are no stored signals of the strategy '{entry.name}' to replay",
                path=("strategies", place),
                hint=did_you_mean(entry.name, stored),
            )
            for place, entry in enumerate(configuration.strategies)
            if entry.name not in stored and not _decides(entry, components)
        ]
        if problems:
            raise ConfigurationError(problems)


def _decides(entry: StrategySettings, components: Components) -> bool:
    """Say whether a strategy decides anew under replay, on what it hears of others."""
    return isinstance(components.strategies[entry.type](**entry.parameters), Combiner)
