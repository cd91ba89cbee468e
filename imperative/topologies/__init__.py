"""The shipped topologies, by name, and what a topology is."""

from collections.abc import Mapping
from typing import Final

from imperative.topologies.analysis import AnalysisTopology
from imperative.topologies.backtest import BacktestTopology
from imperative.topologies.base import Plot, PortfolioOrigin, Topology
from imperative.topologies.optimization import OptimizationTopology
from imperative.topologies.signals import SignalGenerationTopology, SignalReplayTopology

__all__ = [
    "TOPOLOGIES",
    "AnalysisTopology",
    "BacktestTopology",
    "OptimizationTopology",
    "Plot",
    "PortfolioOrigin",
    "SignalGenerationTopology",
    "SignalReplayTopology",
    "Topology",
]

_SHIPPED: Final[tuple[type[Topology], ...]] = (
    BacktestTopology,
    OptimizationTopology,
    SignalGenerationTopology,
    SignalReplayTopology,
    AnalysisTopology,
)
TOPOLOGIES: Final[Mapping[str, type[Topology]]] = {cls.name: cls for cls in _SHIPPED}
