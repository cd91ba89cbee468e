"""What a topology is: a class that puts containers on a bus and connects them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from containers.bus import Bus
from containers.components import Components, UnitContext
from containers.configuration import Configuration, SpaceKey
from containers.data import MarketData
from containers.results import PortfolioResult
from containers.storage import UnitFolder
from imperative.findings import Findings, aggregate, figures, of_portfolios
from imperative.sequences.scope import Cut, Scope

__all__ = ["Plot", "PortfolioOrigin", "Topology"]


@dataclass(frozen=True, slots=True)
class Plot:
    """What there is to build with.

    Attributes:
        bus: Still empty; the topology attaches and connects, others seal it.
        configuration: The resolved configuration of the phase, with the iterations' changes.
        cut: The data of the unit: where the window begins, and where symbols end.
        components: Strategies by type, and containers that replace the shipped ones.
        folder: Where portfolios save what they collected; null: nowhere.
        periods_per_year: N of the metrics, as a number.
        space: Keys of the parameter space that are not used up.
        spawn_key: Indexes of the random iterations around, outermost first.
        inputs: What earlier phases give, by name.
    """

    bus: Bus
    configuration: Configuration
    cut: Cut
    components: Components
    folder: UnitFolder | None
    periods_per_year: float
    space: tuple[SpaceKey, ...] = ()
    spawn_key: tuple[int, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def market(self) -> MarketData:
        """The data of the unit."""
        return self.cut.market


@dataclass(frozen=True, slots=True)
class PortfolioOrigin:
    """What a portfolio was made of: a strategy with its parameters, and a risk profile."""

    container: str
    strategy: str
    profile: str
    parameters: Mapping[str, Any]


class Topology(ABC):
    """Base of all topologies; ``name`` is what a phase calls it. One object builds one unit.

    Attributes:
        name: What a phase calls it.
        inputs: Names of the inputs it cannot do without, each with the type that it takes.
        has_strategies: Whether its units have strategies, with their indicators.
        has_classifiers: Whether its units have classifiers.
    """

    name: ClassVar[str]
    inputs: ClassVar[Mapping[str, type]] = {}
    has_strategies: ClassVar[bool] = True
    has_classifiers: ClassVar[bool] = True

    def __init__(self, plot: Plot) -> None:
        self.plot = plot

    @abstractmethod
    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""

    def findings(
        self, portfolios: Mapping[str, PortfolioResult], collected: Mapping[str, object]
    ) -> Findings:
        """Say what the unit came to.

        Args:
            portfolios: What each portfolio did, in the order of `build`.
            collected: What each container gave, by id.
        """
        if not portfolios:
            return Findings()
        configuration = self.plot.configuration
        capital = configuration.portfolio.initial_capital
        sums = aggregate(figures(portfolios).values(), capital)
        return of_portfolios(portfolios, configuration.objective, aggregate_metrics=sums)

    @classmethod
    def walked(
        cls, space: tuple[SpaceKey, ...], configuration: Configuration, components: Components
    ) -> tuple[SpaceKey, ...]:
        """Give the keys of the parameter space that mean something here."""
        return space

    @classmethod
    def check(cls, scope: Scope) -> None:
        """Make sure that a unit over ``scope`` can be built.

        Raises:
            ConfigurationError: It cannot.
        """
        del scope  # most have nothing to check

    @classmethod
    def check_inputs(
        cls, configuration: Configuration, components: Components, inputs: Mapping[str, Any]
    ) -> None:
        """Make sure that units can be built from ``inputs``, whose types are those it takes.

        Raises:
            ConfigurationError: They do not fit the configuration of the phase.
        """
        del configuration, components, inputs  # most take what there is

    @classmethod
    def look_back(cls, scope: Scope) -> int:
        """Give the largest look-back of all indicators in a unit over ``scope``, in bars."""
        configuration, components = scope.configuration, scope.components
        users: list[Any] = []
        if cls.has_strategies:
            users += (
                components.strategies[entry.type](**entry.parameters)
                for entry in configuration.strategies
            )
        if cls.has_classifiers:
            context = UnitContext(scope.periods_per_year)
            users += (
                components.classifiers[entry.type](context, **entry.parameters)
                for entry in configuration.classifiers
            )
        return max(
            (indicator.lookback for user in users for indicator in user.indicators), default=0
        )
