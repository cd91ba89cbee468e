"""The sequence of random variations: noise on parameters, or bars drawn anew."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from containers.results import IterationResult
from imperative.findings import Findings
from imperative.sequences.base import Conclusion, Iteration, Iterations, PhaseSequence
from imperative.sequences.bootstrap import check_bootstrap
from imperative.sequences.noise import generator, noisy_parameters
from imperative.sequences.scope import Scope
from imperative.statistics import MetricTable

__all__ = ["MonteCarlo"]


class _Distribution(Conclusion):
    """Comes to the statistics of its iterations; there is no best one, and no portfolio."""

    def __init__(self) -> None:
        self._table = MetricTable()

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Keep its metrics."""
        self._table.add(result.metrics)

    def findings(self) -> Findings:
        """Give means and statistics."""
        return Findings(metrics=self._table.means(), aggregate_metrics=self._table.aggregate())


class MonteCarlo(PhaseSequence):
    """A ``sample`` for each iteration, with random numbers of its own."""

    name: ClassVar[str] = "monte_carlo"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the samples."""
        settings, seed = scope.configuration.monte_carlo, scope.configuration.random_seed
        bootstraps = settings.method == "block_bootstrap"
        if bootstraps:
            check_bootstrap(scope.span.alone(), settings.block_bars)
        for index in range(settings.iterations):
            spawn_key = (*scope.spawn_key, index)
            if bootstraps:
                drawn = scope.span.drawn(settings.block_bars, seed, spawn_key)
                sample = msgspec.structs.replace(scope, span=drawn, spawn_key=spawn_key)
                yield Iteration("sample", sample)
            else:
                noise = noisy_parameters(
                    scope.configuration.strategies,
                    scope.components,
                    settings.noise_level,
                    generator(seed, spawn_key),
                )
                yield Iteration("sample", scope.changed(noise, spawn_key), noise)

    def conclusion(self, scope: Scope) -> Conclusion:
        """Gather statistics."""
        return _Distribution()

    def alike(self, scope: Scope) -> int | None:
        """Count the samples."""
        return scope.configuration.monte_carlo.iterations
