"""What windows, folds and pieces come to: their portfolios as one curve each."""

from __future__ import annotations

import msgspec

from containers.results import IterationResult, Signals
from imperative.chaining import Piece, chain
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
        pieces: They are pieces of one training: what each chose counts for nothing, but where
            their units tried all combinations, the best chained portfolio chooses.
    """

    def __init__(self, scope: Scope, *, pieces: bool = False) -> None:
        self._scope = scope
        self._pieces = pieces
        self._table = MetricTable()
        self._taken: list[tuple[Iteration, IterationResult]] = []

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Keep it for the chain."""
        self._table.add(result.metrics)
        # What lies below it has been stored; the chain needs its own portfolios and signals.
        self._taken.append((iteration, msgspec.structs.replace(result, iterations=())))

    def findings(self) -> Findings:
        """Chain everything."""
        last = self._taken[-1][1]
        statistics = self._table.aggregate()
        signals = joined_signals(self._signals())
        chosen = {} if self._pieces else last.best_parameters
        if not last.portfolios:
            return Findings(
                metrics=self._table.means(),
                aggregate_metrics=statistics,
                best_parameters=chosen,
                signals=signals,
            )
        configuration = self._scope.configuration
        chained = {
            name: chain(
                [Piece(result.portfolios[name], it.stop_ns) for it, result in self._taken],
                initial_capital=configuration.portfolio.initial_capital,
                periods_per_year=self._scope.periods_per_year,
            )
            for name in last.portfolios
        }
        found = of_portfolios(
            chained,
            configuration.objective,
            aggregate_metrics=statistics,
            best_parameters=chosen,
            signals=signals,
        )
        if self._pieces and self._scope.topology == "optimization":
            strategy = found.portfolios[str(found.best_portfolio)].strategy
            if not is_numbered(strategy):  # the pieces had a body, which tested what it chose
                return msgspec.structs.replace(found, best_parameters=last.best_parameters)
            return msgspec.structs.replace(found, best_parameters=self._combination_of(found))
        return found

    def _signals(self) -> list[Signals | None]:
        """Give the signals of each, cut as its samples are."""
        parts: list[Signals | None] = []
        for iteration, result in self._taken:
            signals, stop_ns = result.signals, iteration.stop_ns
            if signals is not None and stop_ns is not None:
                rows = tuple(row for row in signals.rows if row.time_ns < stop_ns)
                signals = Signals(signals.strategies, rows)
            parts.append(signals)
        return parts

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
