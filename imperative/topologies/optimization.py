"""The topology `optimization`: a backtest of all combinations at once, in one unit.

In combination k strategy S is ``S#k``, and an ensemble hears the members of its combination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

import msgspec

from containers.components import Components
from containers.configuration import Configuration, SpaceKey, StrategySettings
from containers.results import PortfolioResult
from imperative.findings import Findings
from imperative.parameters import strategies_with
from imperative.sequences.combinations import combinations, need_keys
from imperative.sequences.scope import Scope
from imperative.topologies.backtest import BacktestTopology
from imperative.topologies.base import PortfolioOrigin

__all__ = ["OptimizationTopology", "combination_of"]


class OptimizationTopology(BacktestTopology):
    """All strategies of combination 0, then of 1 and so on, each under every profile."""

    name: ClassVar[str] = "optimization"

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""
        plot = self.plot
        tried = _tried(plot.configuration, plot.space, plot.spawn_key)
        strategies = tuple(
            numbered
            for k, parameters in enumerate(tried)
            for numbered in _numbered(plot.configuration, parameters, k, plot.components)
        )
        return self.build_from(
            msgspec.structs.replace(plot.configuration, strategies=strategies)
        )

    def findings(
        self, portfolios: Mapping[str, PortfolioResult], collected: Mapping[str, object]
    ) -> Findings:
        """Say what the unit came to: the best portfolio, and its combination."""
        found = super().findings(portfolios, collected)
        plot = self.plot
        strategy = portfolios[str(found.best_portfolio)].strategy
        best = _combination(strategy, plot.configuration, plot.space, plot.spawn_key)
        return msgspec.structs.replace(found, best_parameters=best)

    @classmethod
    def check(cls, scope: Scope) -> None:
        """Make sure that there is something to combine."""
        need_keys(scope.space, "the topology optimization")


def combination_of(strategy: str, scope: Scope) -> dict[str, Any]:
    """Give the parameters of the combination that strategy ``S#k`` belongs to."""
    return _combination(strategy, scope.configuration, scope.space, scope.spawn_key)


def _combination(
    strategy: str,
    configuration: Configuration,
    space: tuple[SpaceKey, ...],
    spawn_key: tuple[int, ...],
) -> dict[str, Any]:
    k = int(strategy.rpartition("#")[2])
    return next(islice(_tried(configuration, space, spawn_key), k, None))


def _tried(
    configuration: Configuration, space: tuple[SpaceKey, ...], spawn_key: tuple[int, ...]
) -> Iterator[dict[str, Any]]:
    random, seed = configuration.parameter_sweep.random, configuration.random_seed
    return combinations(space, random, seed=seed, spawn_key=spawn_key)


def _numbered(
    configuration: Configuration, parameters: Mapping[str, Any], k: int, components: Components
) -> Iterator[StrategySettings]:
    for entry in strategies_with(configuration.strategies, parameters):
        own = dict(entry.parameters)
        for name, declared in components.strategies[entry.type].parameters.items():
            if declared.kind == "members":
                own[name] = {f"{member}#{k}": weight for member, weight in own[name].items()}
        yield msgspec.structs.replace(entry, name=f"{entry.name}#{k}", parameters=own)
