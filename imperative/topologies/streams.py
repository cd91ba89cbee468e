"""Pieces of topologies on the side of the data: streams, features, classifiers, strategies.

A class of components replaces the shipped container class of its role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from containers.components import (
    Classifier,
    Combiner,
    Indicator,
    Strategy,
    UnitContext,
    members_of,
)
from containers.configuration import ClassifierSettings, Configuration, StrategySettings
from containers.container import Role
from containers.data import StreamKey
from containers.events import EventKind
from containers.ports import TRADING
from containers.trading import (
    ClassifierContainer,
    DataContainer,
    FeaturesContainer,
    StrategyContainer,
)
from imperative.topologies.base import Plot

__all__ = ["Streams"]


class Streams:
    """Attaches and connects everything from bars to signals.

    Args:
        plot: What there is to build with.
        configuration: Whose strategies and classifiers are meant.
        with_strategies: Whether there are strategies, with their indicators.
    """

    def __init__(
        self, plot: Plot, configuration: Configuration, *, with_strategies: bool = True
    ) -> None:
        self._plot = plot
        self._configuration = configuration
        self.strategies: dict[str, Strategy | Combiner] = {}
        if with_strategies:
            self.strategies = make_strategies(plot, configuration)
        context = UnitContext(plot.periods_per_year)
        self.classifiers: dict[str, Classifier] = {
            entry.name: plot.components.classifiers[entry.type](context, **entry.parameters)
            for entry in configuration.classifiers
        }

    def add_data(self) -> None:
        """Attach a data container for each stream."""
        plot = self._plot
        make = container_class(plot, Role.DATA, DataContainer)
        for (symbol, timeframe), bars in plot.market.items():
            plot.bus.attach(
                make(
                    f"data/{symbol}/{timeframe}",
                    bars=bars,
                    trading_from_ns=plot.cut.trading_from_ns,
                )
            )

    def add_features(self) -> None:
        """Attach a features container for each stream, and connect it."""
        plot = self._plot
        make = container_class(plot, Role.FEATURES, FeaturesContainer)
        indicators = self._indicators()
        for stream, bars in plot.market.items():
            symbol, timeframe = stream
            plot.bus.attach(
                make(
                    f"features/{symbol}/{timeframe}",
                    symbol=symbol,
                    timeframe=timeframe,
                    indicators=list(indicators[stream].values()),
                    bars=bars,
                    trading_from_ns=plot.cut.trading_from_ns,
                )
            )
            data = f"data/{symbol}/{timeframe}"
            plot.bus.connect(EventKind.BAR, data, f"features/{symbol}/{timeframe}")

    def add_classifiers(self) -> None:
        """Attach the classifiers, and connect them; they hear the warm-up too."""
        plot = self._plot
        make = container_class(plot, Role.CLASSIFIER, ClassifierContainer)
        for entry in self._configuration.classifiers:
            container = f"classifier/{entry.name}"
            plot.bus.attach(make(container, classifier=self.classifiers[entry.name]))
            for symbol, timeframe in streams_of(plot, entry):
                data, features = f"data/{symbol}/{timeframe}", f"features/{symbol}/{timeframe}"
                plot.bus.connect(EventKind.BAR, data, container)
                plot.bus.connect(EventKind.FEATURES, features, container)

    def add_strategies(self, *, keep_signals: bool = False) -> None:
        """Attach the strategies, and connect them; they hear nothing of the warm-up."""
        plot = self._plot
        make = container_class(plot, Role.STRATEGY, StrategyContainer)
        options = {"keep_signals": True} if keep_signals else {}
        for name, strategy in self.strategies.items():
            plot.bus.attach(make(f"strategy/{name}", strategy=strategy, **options))
        for entry in self._configuration.strategies:
            container = f"strategy/{entry.name}"
            for symbol, timeframe in streams_of(plot, entry):
                data, features = f"data/{symbol}/{timeframe}", f"features/{symbol}/{timeframe}"
                plot.bus.connect(EventKind.BAR, data, container, topic=TRADING)
                plot.bus.connect(EventKind.FEATURES, features, container, topic=TRADING)
            connect_members(plot, entry.name, self.strategies[entry.name])

    def _indicators(self) -> dict[StreamKey, dict[str, Indicator]]:
        """Give the indicators of each stream in order of first declaration, each name once."""
        found: dict[StreamKey, dict[str, Indicator]] = {key: {} for key in self._plot.market}
        for entry in self._configuration.strategies if self.strategies else ():
            for indicator in self.strategies[entry.name].indicators:
                for stream in streams_of(self._plot, entry):
                    found[stream].setdefault(indicator.name, indicator)
        for watching in self._configuration.classifiers:
            for indicator in self.classifiers[watching.name].indicators:
                for stream in streams_of(self._plot, watching):
                    found[stream].setdefault(indicator.name, indicator)
        return found


def make_strategies(plot: Plot, configuration: Configuration) -> dict[str, Strategy | Combiner]:
    """Make the strategies of a configuration, by name."""
    return {
        entry.name: plot.components.strategies[entry.type](**entry.parameters)
        for entry in configuration.strategies
    }


def connect_members(plot: Plot, name: str, strategy: Strategy | Combiner) -> None:
    """Have a strategy that hears others hear them."""
    for member in members_of(strategy):
        plot.bus.connect(EventKind.SIGNAL, f"strategy/{member}", f"strategy/{name}")


def streams_of(plot: Plot, component: StrategySettings | ClassifierSettings) -> Iterator[StreamKey]:
    """Give the streams a strategy or classifier steps on: one for each of its symbols."""
    for symbol, timeframe in base_streams(plot):
        if component.symbols is None or symbol in component.symbols:
            yield symbol, component.timeframe or timeframe


def base_streams(plot: Plot) -> Iterator[StreamKey]:
    """Give the stream of every symbol's base timeframe."""
    for symbol in plot.market.symbols:
        yield symbol, str(plot.market.base_timeframe(symbol))


def container_class(plot: Plot, role: Role, shipped: Any) -> Any:
    """Give the class for a role: the shipped one, unless the components replace it."""
    replaced: Mapping[str, Any] = plot.components.containers
    return replaced.get(role, shipped)
