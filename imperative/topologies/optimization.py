"""The topology `optimization`: a backtest of all combinations at once, in one unit.

In combination k strategy S is ``S#k``, and an ensemble hears the members of its combination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from containers.components import Components
from containers.configuration import Configuration, SpaceKey, StrategySettings
from containers.results import PortfolioResult
from imperative.findings import Findings, figures
from imperative.parameters import strategies_with
from imperative.sequences.combinations import (
    combination_of,
    combinations,
    need_keys,
    numbered,
)
from imperative.sequences.scope import Scope
from imperative.topologies.backtest import BacktestTopology
from imperative.topologies.base import PortfolioOrigin

__all__ = ["OptimizationTopology"]


class OptimizationTopology(BacktestTopology):
    """All strategies of combination 0, then of 1 and so on, each under every profile."""

    name: ClassVar[str] = "optimization"

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""
        plot = self.plot
        return self.build_from(
            _expanded(plot.configuration, plot.space, plot.spawn_key, plot.components)
        )

    def findings(
        self, portfolios: Mapping[str, PortfolioResult], collected: Mapping[str, object]
    ) -> Findings:
        """Say what the unit came to: the best portfolio, and its combination."""
        found = super().findings(portfolios, collected)
        plot = self.plot
        best = combination_of(
            figures(portfolios)[str(found.best_portfolio)].strategy,
            plot.space,
            plot.configuration.parameter_sweep.random,
            seed=plot.configuration.random_seed,
            spawn_key=plot.spawn_key,
        )
        return msgspec.structs.replace(found, best_parameters=best)

    @classmethod
    def check(cls, scope: Scope) -> None:
        """Make sure that there is something to combine."""
        need_keys(scope.space, "the topology optimization")

    @classmethod
    def look_back(cls, scope: Scope) -> int:
        """Give the largest look-back of all combinations, which are all in the unit."""
        expanded = _expanded(scope.configuration, scope.space, scope.spawn_key, scope.components)
        return super().look_back(msgspec.structs.replace(scope, configuration=expanded))


def _expanded(
    configuration: Configuration,
    space: tuple[SpaceKey, ...],
    spawn_key: tuple[int, ...],
    components: Components,
) -> Configuration:
    """Give the configuration with the strategies of all combinations."""
    tried = combinations(
        space,
        configuration.parameter_sweep.random,
        seed=configuration.random_seed,
        spawn_key=spawn_key,
    )
    strategies = tuple(
        entry
        for k, parameters in enumerate(tried)
        for entry in _numbered(configuration, parameters, k, components)
    )
    return msgspec.structs.replace(configuration, strategies=strategies)


def _numbered(
    configuration: Configuration, parameters: Mapping[str, Any], k: int, components: Components
) -> Iterator[StrategySettings]:
    for entry in strategies_with(configuration.strategies, parameters):
        own = dict(entry.parameters)
        for name, declared in components.strategies[entry.type].parameters.items():
            if declared.kind == "members":
                own[name] = {numbered(member, k): weight for member, weight in own[name].items()}
        yield msgspec.structs.replace(entry, name=numbered(entry.name, k), parameters=own)
