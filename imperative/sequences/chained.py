"""What windows, folds and pieces come to: their portfolios as one curve each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from containers.results import IterationResult, PortfolioResult, Signals
from imperative.chaining import Chain
from imperative.findings import Findings, joined_signals, of_portfolios
from imperative.sequences.base import Conclusion, Iteration
from imperative.sequences.combinations import combination_of, is_numbered
from imperative.sequences.scope import Scope
from imperative.statistics import MetricTable

__all__ = ["Chained"]


class Chained(Conclusion):
    """Comes to the chained portfolios of its iterations, with statistics over these.

    Where they have no portfolios, as those of a Monte Carlo, it has none either, and the means of
    their metrics.

    Args:
        scope: What the sequence runs over.
        pieces: They are pieces of one training: what each chose counts for nothing, unless the
            topology is the one that optimises.

    Where units tried all combinations, the best chained portfolio chooses.
    """

    def __init__(self, scope: Scope, *, pieces: bool = False) -> None:
        self._scope = scope
        self._pieces = pieces
        self._table = MetricTable()
        self._chains: dict[str, Chain] = {}
        self._signals: list[Signals] = []
        self._count = 0
        self._portfolios: tuple[str, ...] = ()  # of the last iteration
        self._best_parameters: Mapping[str, Any] = {}  # likewise

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Chain it to those before; nothing else of it is kept."""
        scope, stop_ns = self._scope, iteration.stop_ns
        self._count += 1
        self._table.add(result.metrics)
        self._portfolios = tuple(result.portfolios)
        self._best_parameters = result.best_parameters
        for name in self._portfolios:
            if name not in self._chains:
                capital = scope.configuration.portfolio.initial_capital
                self._chains[name] = Chain(capital, scope.periods_per_year)
            self._chains[name].add(result.portfolios[name], stop_ns)
        signals = result.signals
        if signals is not None and stop_ns is not None:
            rows = tuple(row for row in signals.rows if row.time_ns < stop_ns)
            signals = Signals(signals.strategies, rows)
        if signals is not None:
            self._signals.append(signals)

    def findings(self) -> Findings:
        """Give the whole chain."""
        statistics = self._table.aggregate()
        signals = joined_signals(self._signals)
        chosen = {} if self._pieces else self._best_parameters
        if not self._portfolios:
            return Findings(
                metrics=self._table.means(),
                aggregate_metrics=statistics,
                best_parameters=chosen,
                signals=signals,
            )
        configuration = self._scope.configuration
        chained = {name: self._whole(name) for name in self._portfolios}
        found = of_portfolios(
            chained,
            configuration.objective,
            aggregate_metrics=statistics,
            best_parameters=chosen,
            signals=signals,
        )
        if self._scope.topology == "optimization":
            strategy = found.portfolios[str(found.best_portfolio)].strategy
            if is_numbered(strategy):
                return msgspec.structs.replace(found, best_parameters=self._combination_of(found))
            # What was chained had a body, or a test, that ran what was chosen before.
            return msgspec.structs.replace(found, best_parameters=self._best_parameters)
        return found

    def _whole(self, name: str) -> PortfolioResult:
        chain = self._chains[name]
        if chain.windows < self._count:
            raise ValueError(f"portfolio '{name}' is not there in every iteration to be chained")
        return chain.result()

    def _combination_of(self, found: Findings) -> dict[str, object]:
        """Give the combination that the best chained portfolio belongs to."""
        scope = self._scope
        return combination_of(
            found.portfolios[str(found.best_portfolio)].strategy,
            scope.space,
            scope.configuration.parameter_sweep.random,
            seed=scope.configuration.random_seed,
            spawn_key=scope.spawn_key,
        )
