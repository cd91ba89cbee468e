"""The sequence of random variations: noise on parameters, or bars drawn anew."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from containers.results import IterationResult
from imperative.findings import Findings
from imperative.sequences.base import Conclusion, Iteration, Iterations, PhaseSequence
from imperative.sequences.bootstrap import bootstrapped, check_bootstrap, draw_bars
from imperative.sequences.noise import generator, noisy_parameters
from imperative.sequences.scope import Scope, Span
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

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the samples."""
        settings, seed = scope.configuration.monte_carlo, scope.configuration.random_seed
        whole = scope
        if settings.method == "block_bootstrap":
            whole = _by_itself(scope)
            check_bootstrap(whole.span.market, settings.block_bars)
        for index in range(settings.iterations):
            spawn_key = (*scope.spawn_key, index)
            draw = generator(seed, spawn_key)
            if settings.method == "block_bootstrap":
                span = whole.span
                drawn = draw_bars(len(span), settings.block_bars, draw)
                market = bootstrapped(span.market, drawn)
                resampled = Span(market, origin=span.origin, bars=span.bars, whole=span.whole)
                sample = msgspec.structs.replace(whole, span=resampled, spawn_key=spawn_key)
                yield Iteration("sample", sample)
            else:
                noise = noisy_parameters(
                    scope.configuration.strategies, scope.components, settings.noise_level, draw
                )
                yield Iteration("sample", scope.changed(noise, spawn_key), noise)

    def conclusion(self, scope: Scope) -> Conclusion:
        """Gather statistics."""
        return _Distribution()

    def alike(self, scope: Scope) -> int | None:
        """Count the samples."""
        return scope.configuration.monte_carlo.iterations


def _by_itself(scope: Scope) -> Scope:
    """Give the scope whose market is the window alone: there is no bar before the range."""
    span = scope.span
    if span.whole:
        return scope
    alone = Span(span.alone(), origin=span.bars.first, bars=span.bars)
    return msgspec.structs.replace(scope, span=alone)
