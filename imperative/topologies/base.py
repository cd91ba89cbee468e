"""What a topology is: a class that puts containers on a bus and connects them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from containers.bus import Bus
from containers.components import Components
from containers.configuration import Configuration
from containers.data import MarketData
from containers.storage import UnitFolder

__all__ = ["Plot", "PortfolioOrigin", "Topology"]


@dataclass(frozen=True, slots=True)
class Plot:
    """What there is to build with.

    Attributes:
        bus: Still empty; the topology attaches and connects, others seal it.
        configuration: The resolved configuration of the phase.
        market: The data of the unit.
        components: Strategies by type, and containers that replace the shipped ones.
        folder: Where portfolios save what they collected; null: nowhere.
    """

    bus: Bus
    configuration: Configuration
    market: MarketData
    components: Components
    folder: UnitFolder | None


@dataclass(frozen=True, slots=True)
class PortfolioOrigin:
    """What a portfolio was made of: a strategy with its parameters, and a risk profile."""

    container: str
    strategy: str
    profile: str
    parameters: Mapping[str, Any]


class Topology(ABC):
    """Base of all topologies; ``name`` is what a phase calls it. One object builds one unit."""

    name: ClassVar[str]

    def __init__(self, plot: Plot) -> None:
        self.plot = plot

    @abstractmethod
    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""
