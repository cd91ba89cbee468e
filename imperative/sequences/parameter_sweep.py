"""The sequence that tries every combination of the parameter space."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from containers.configuration import ObjectiveSettings
from containers.results import IterationResult
from imperative.findings import Findings, rank
from imperative.sequences.base import Conclusion, Iteration, Iterations, PhaseSequence
from imperative.sequences.combinations import combinations, count_combinations, need_keys
from imperative.sequences.scope import Scope
from imperative.statistics import MetricTable

__all__ = ["BestOne", "ParameterSweep"]


class BestOne(Conclusion):
    """Comes to what its best iteration did, with statistics over all; keeps no other."""

    def __init__(self, objective: ObjectiveSettings) -> None:
        self._objective = objective
        self._table = MetricTable()
        self._rank: tuple[bool, bool, float] | None = None
        self._best: Findings | None = None

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Keep it if it is better than all before."""
        self._table.add(result.metrics)
        own = rank(result.metrics, self._objective)
        if self._rank is None or own < self._rank:
            self._rank = own
            self._best = Findings(
                portfolios=result.portfolios,
                metrics=result.metrics,
                best_portfolio=result.best_portfolio,
                best_parameters={**result.best_parameters, **iteration.parameters},
                signals=result.signals,
            )

    def findings(self) -> Findings:
        """Give the best one's."""
        if self._best is None:
            return Findings()
        return msgspec.structs.replace(self._best, aggregate_metrics=self._table.aggregate())


class ParameterSweep(PhaseSequence):
    """A ``combination`` for each point of the space; inside them the space is used up.

    A training that optimises is one, over its window.
    """

    name: ClassVar[str] = "parameter_sweep"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the combinations."""
        need_keys(scope.space, "a parameter_sweep")
        random = scope.configuration.parameter_sweep.random
        inside = scope.used_up()
        tried = combinations(
            scope.space, random, seed=scope.configuration.random_seed, spawn_key=scope.spawn_key
        )
        for index, parameters in enumerate(tried):
            spawn_key = scope.spawn_key if random is None else (*scope.spawn_key, index)
            yield Iteration("combination", inside.changed(parameters, spawn_key), parameters)

    def conclusion(self, scope: Scope) -> Conclusion:
        """Look for the best."""
        return BestOne(scope.configuration.objective)

    def alike(self, scope: Scope) -> int | None:
        """Count the combinations."""
        need_keys(scope.space, "a parameter_sweep")
        return count_combinations(scope.space, scope.configuration.parameter_sweep.random)
