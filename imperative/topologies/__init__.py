"""The shipped topologies, by name, and what a topology is."""

from collections.abc import Mapping
from typing import Final

from imperative.topologies.backtest import BacktestTopology
from imperative.topologies.base import Plot, PortfolioOrigin, Topology

__all__ = ["TOPOLOGIES", "BacktestTopology", "Plot", "PortfolioOrigin", "Topology"]

TOPOLOGIES: Final[Mapping[str, type[Topology]]] = {cls.name: cls for cls in (BacktestTopology,)}
