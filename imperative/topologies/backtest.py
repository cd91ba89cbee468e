"""The topology `backtest`: data through features and strategies to portfolios that trade.

The order of attaching is the topology order, on which the numbers of all events depend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from containers.configuration import Configuration
from imperative.topologies.base import PortfolioOrigin, Topology
from imperative.topologies.streams import Streams
from imperative.topologies.trading import Trading

__all__ = ["BacktestTopology"]


class BacktestTopology(Topology):
    """Every strategy under every risk profile, over all streams."""

    name: ClassVar[str] = "backtest"

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""
        return self.build_from(self.plot.configuration)

    def build_from(self, configuration: Configuration) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect what a configuration has."""
        streams = Streams(self.plot, configuration)
        streams.add_data()
        streams.add_features()
        streams.add_classifiers()
        streams.add_strategies()
        return Trading(self.plot, configuration).add()
