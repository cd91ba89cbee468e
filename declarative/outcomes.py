"""What iterations come to: of a unit, and of several under one roof.

`outcome_of_unit` takes a unit's results as they are. A `Gathering` takes the outcomes of the
iterations of one place one by one, in order, keeps of each no more than it needs, and gives what
they come to, as the ``gives`` of the pattern says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from containers.configuration import Configuration, ObjectiveSettings
from containers.results import (
    IterationResult,
    Metrics,
    PortfolioResult,
    Signals,
)
from declarative.chaining import Piece, chained
from declarative.definitions import GivesDefinition
from declarative.statistics import Figures, Rank, best_of, rank_of, total
from declarative.unit import UnitResult
from declarative.variations import Parameters

__all__ = ["Gathering", "Need", "Outcome", "is_needed", "outcome_of_unit"]

Need: TypeAlias = Rank | bool
"""Whether trades and curves of an outcome will be asked for: always, never, or if it ranks before
this. Most units of a study are neither the best nor chained, and theirs need not be kept."""


def is_needed(need: Need, metrics: Metrics, objective: ObjectiveSettings) -> bool:
    """Say whether the trades and curves of an outcome with these metrics will be asked for."""
    return need if isinstance(need, bool) else rank_of(metrics, objective) < need


class Outcome(msgspec.Struct, frozen=True):
    """What an iteration, or a phase, comes to.

    Attributes:
        portfolios: With trades and curves.
        metrics: Of the best portfolio, or what stands for it.
        best_portfolio: Null without portfolios.
        aggregate_metrics: Sums of a unit, statistics of several.
        best_parameters: What was chosen in it.
        signals: Those that were kept.
        iterations: Those below; empty where they are stored.
        count: How many there are of these.
        choices: Parameters behind each portfolio, where a unit ran several combinations.
        span: First and last bar that the portfolios are about.
    """

    portfolios: Mapping[str, PortfolioResult] = {}
    metrics: Metrics = {}
    best_portfolio: str | None = None
    aggregate_metrics: Mapping[str, Any] = {}
    best_parameters: Parameters = {}
    signals: Signals | None = None
    iterations: tuple[IterationResult, ...] = ()
    count: int = 0
    choices: Mapping[str, Parameters] = {}
    span: tuple[int, int] = (0, 0)


def outcome_of_unit(
    ran: UnitResult,
    configuration: Configuration,
    combinations: Sequence[Parameters],
    analyses: Mapping[str, Any] | None,
) -> Outcome:
    """Give what a unit comes to, but for its span.

    Args:
        ran: What came of it.
        configuration: Of the unit.
        combinations: Those that it ran at once.
        analyses: What it found out about another phase; null when it analyses nothing.
    """
    portfolios = ran.portfolios
    best = best_of({name: p.metrics for name, p in portfolios.items()}, configuration.objective)
    choices = {name: combinations[k] for name, k in ran.combination_of.items()}
    sums: Mapping[str, Any] = _sums(portfolios, configuration) if portfolios else {}
    return Outcome(
        portfolios=portfolios,
        metrics={} if best is None else dict(portfolios[best].metrics),
        best_portfolio=best,
        aggregate_metrics=sums if analyses is None else analyses,
        best_parameters=dict(choices[best]) if best in choices else {},
        signals=ran.signals,
        choices=choices,
    )


class Gathering:
    """Takes outcomes one by one and gives what they come to.

    Args:
        gives: How.
        configuration: Around them: objective and initial capital.
        periods_per_year: For the metrics of a chain.
        bars: Of each window, how many bars go into a chain; null: all.
        need: What is needed of what they come to.
    """

    def __init__(
        self,
        gives: GivesDefinition,
        configuration: Configuration,
        periods_per_year: float,
        bars: int | None,
        need: Need = True,
    ) -> None:
        self._gives: Final = gives
        self._configuration: Final = configuration
        self._periods_per_year: Final = periods_per_year
        self._bars: Final = bars
        self._need: Final = need
        self.by_name: dict[str, Outcome] = {}
        self._figures: Final = Figures()
        self._pieces: list[Piece] = []
        self._signals: list[Signals] = []
        self._best: tuple[Rank, Outcome] | None = None
        self._last = Outcome()

    def need(self, name: str) -> Need:
        """Say what is needed of the outcome of a further iteration of this name."""
        gives = self._gives
        if gives.chained == name:
            return True
        if gives.like == name:
            return self._need
        if gives.best != name or self._need is False:
            return False
        ranks = [] if self._best is None else [self._best[0]]
        if not isinstance(self._need, bool):
            ranks.append(self._need)
        return min(ranks, default=True)

    def take(
        self,
        name: str,
        outcome: Outcome,
        parameters: Parameters,
        end_ns: Callable[[int], int | None],
    ) -> None:
        """Take the next outcome.

        Args:
            name: Of its iteration.
            outcome: What it comes to.
            parameters: Changes of its iteration, which are the best ones if it is the best.
            end_ns: Gives the end of a bar; null behind the last.
        """
        gives = self._gives
        self._last = outcome
        self.by_name[name] = outcome
        if gives.best == name:
            self._figures.add(outcome.metrics)
            rank = rank_of(outcome.metrics, self._configuration.objective)
            if self._best is None or rank < self._best[0]:
                chosen = {**parameters, **outcome.best_parameters}
                self._best = rank, replace(outcome, best_parameters=chosen)
        elif gives.means == name:
            self._figures.add(outcome.metrics)
        elif gives.chained == name:
            self._figures.add(outcome.metrics)
            until_ns = self._until(outcome, end_ns)
            self._pieces.append(Piece(outcome.portfolios, until_ns))
            if outcome.signals is not None:
                rows = outcome.signals.rows
                if until_ns is not None:
                    rows = tuple(row for row in rows if row.time_ns < until_ns)
                self._signals.append(replace(outcome.signals, rows=rows))

    def given(self, span: tuple[int, int]) -> Outcome:
        """Give what all of them come to, but for the iterations.

        Args:
            span: First and last bar around.
        """
        gives = self._gives
        if gives.like is not None:
            outcome = self.by_name[gives.like]
            if gives.best_parameters is not None:
                chosen = self.by_name[gives.best_parameters].best_parameters
                outcome = replace(outcome, best_parameters=chosen)
            return outcome
        statistics = self._figures.statistics()
        if self._best is not None:
            return replace(self._best[1], aggregate_metrics=statistics, span=span)
        together = Outcome(metrics=self._figures.means(), aggregate_metrics=statistics, span=span)
        if gives.means is not None:
            return together
        return self._chained(together)

    def _chained(self, together: Outcome) -> Outcome:
        configuration, last = self._configuration, self._last
        capital = configuration.portfolio.initial_capital
        portfolios = chained(self._pieces, capital, self._periods_per_year)
        metrics = {name: portfolio.metrics for name, portfolio in portfolios.items()}
        best = best_of(metrics, configuration.objective)
        parameters = last.best_parameters
        if last.choices and best is not None:
            parameters = dict(last.choices[best])
        return replace(
            together,
            portfolios=portfolios,
            metrics=together.metrics if best is None else dict(portfolios[best].metrics),
            best_portfolio=best,
            best_parameters=parameters,
            signals=_joined(self._signals),
            choices=last.choices,
        )

    def _until(self, outcome: Outcome, end_ns: Callable[[int], int | None]) -> int | None:
        """Give the end of the first bar that goes into a chain no more."""
        first, last = outcome.span
        if self._bars is None or first + self._bars > last:
            return None
        return end_ns(first + self._bars)


def _joined(signals: Sequence[Signals]) -> Signals | None:
    if not signals:
        return None
    rows = tuple(row for each in signals for row in each.rows)
    return Signals(strategies=signals[-1].strategies, rows=rows)


def _sums(
    portfolios: Mapping[str, PortfolioResult], configuration: Configuration
) -> dict[str, Any]:
    """Add up the portfolios of a unit, in order, from 0.0."""
    figures = [portfolio.metrics for portfolio in portfolios.values()]
    capital = total(configuration.portfolio.initial_capital for _ in figures)
    equity = total(metrics["final_equity"] for metrics in figures)
    growth = None if equity is None or not capital else equity / capital - 1
    trades = 0
    for metrics in figures:
        trades += int(metrics["num_trades"] or 0)
    return {
        "portfolios": len(figures),
        "initial_capital": capital,
        "final_equity": equity,
        "total_return": growth,
        "num_trades": trades,
        "total_commission": total(metrics["total_commission"] for metrics in figures),
    }
