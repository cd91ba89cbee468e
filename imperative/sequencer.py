"""From a phase to its tree of iterations, whose leaves are units that are built and driven.

1. `Sequencer.run` starts with the scope of the phase: all data, all it may try.
2. `_run_sequence` takes iterations from the outermost sequence, one after the other, and hands
   each result back to it, since a later one may depend on it.
3. `_run_iteration` goes on with the sequence inside, or with `_run_unit` where there is none.
4. The sequence's conclusion says what its iterations come to; what lies below is kept without
   trades and curves, unless all of it is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from containers.configuration import Configuration
from containers.data import MarketData
from containers.journal import IterationStarted, Journal
from containers.results import IterationResult
from containers.storage import RunFolder, UnitFolder
from imperative.findings import Findings, without_details
from imperative.outcome import portfolio_results
from imperative.sequences import SEQUENCES, Iteration, PhaseSequence, Scope
from imperative.topology import TopologyBuilder
from imperative.unit import Unit, journal_failure, keeping, run_unit

__all__ = ["PhaseRun", "Sequencer"]


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """What a phase runs, and where it belongs.

    Attributes:
        parts: Names of the folders that lead to the phase's own, inside the run's.
        topology: Name of the topology of its units.
        chain: Names of its sequences, outermost first.
        configuration: Resolved, of the phase.
        market: Its data.
        folder: Of the run; null when results stay in memory.
        inputs: What it takes from earlier phases, by name.
        one_unit: Whether it comes to a single unit, which then keeps the phase's portfolios.
    """

    parts: tuple[str | int, ...]
    topology: str
    chain: tuple[str, ...]
    configuration: Configuration
    market: MarketData
    folder: RunFolder | None
    inputs: Mapping[str, Any]
    one_unit: bool


class Sequencer:
    """Runs phases.

    Args:
        builder: Builds the units.
        sequences: Sequences by name.
    """

    def __init__(
        self, builder: TopologyBuilder, sequences: Mapping[str, type[PhaseSequence]] = SEQUENCES
    ) -> None:
        self.builder: Final = builder
        self.sequences: Final = sequences

    def chain(self, names: Sequence[str]) -> tuple[PhaseSequence, ...]:
        """Make the sequences of a phase, outermost first."""
        return tuple(self.sequences[name]() for name in names)

    def run(
        self, phase: PhaseRun, journal: Journal
    ) -> tuple[tuple[IterationResult, ...], Findings]:
        """Run every iteration of ``phase``, one after the other; say what they come to.

        Raises:
            UnitError: A unit failed; later iterations were not begun.
            ConfigurationError: There is no iteration that fits.
        """
        scope = self.builder.scope(phase.configuration, phase.market, topology=phase.topology)
        return _Run(self.builder, phase).run_sequence(self.chain(phase.chain), scope, journal, ())


class _Run:
    """One run of a phase."""

    def __init__(self, builder: TopologyBuilder, phase: PhaseRun) -> None:
        self._builder = builder
        self._phase = phase
        self._keeps_all = phase.configuration.results.store_full_results

    def run_sequence(
        self,
        chain: tuple[PhaseSequence, ...],
        scope: Scope,
        journal: Journal,
        keys: tuple[int, ...],
    ) -> tuple[tuple[IterationResult, ...], Findings]:
        """Run the iterations of the first sequence of ``chain``; the others are inside it."""
        sequence, *inside = chain
        conclusion = sequence.conclusion(scope)
        kept: list[IterationResult] = []
        iterations = sequence.iterations(scope)
        iteration = next(iterations, None)
        while iteration is not None:
            place = (*keys, len(kept))
            below = (*iteration.inner, *inside)
            own = journal.child("window", len(kept))
            result = self._run_iteration(iteration, below, own, place)
            conclusion.take(iteration, result)
            kept.append(result if self._keeps_all else without_details(result))
            try:
                iteration = iterations.send(result)
            except StopIteration:
                iteration = None
        return tuple(kept), conclusion.findings()

    def _run_iteration(
        self,
        iteration: Iteration,
        below: tuple[PhaseSequence, ...],
        journal: Journal,
        keys: tuple[int, ...],
    ) -> IterationResult:
        scope = iteration.scope
        warmup_bars = 0 if below else self._builder.warmup_bars(scope)
        cut = None if below else scope.span.cut(warmup_bars)
        started = IterationStarted(
            window=scope.span.window(iteration.name, 0 if cut is None else cut.warmup_bars),
            parameters=iteration.parameters,
            seed=scope.configuration.random_seed,
            spawn_key=scope.spawn_key,
        )
        journal.write(started)
        if below:
            iterations, findings = self.run_sequence(below, scope, journal, keys)
            result = _result(started, findings)
            return msgspec.structs.replace(result, iterations=iterations)
        return self._run_unit(started, scope, warmup_bars, journal.child("unit", 0), keys)

    def _run_unit(
        self,
        started: IterationStarted,
        scope: Scope,
        warmup_bars: int,
        journal: Journal,
        keys: tuple[int, ...],
    ) -> IterationResult:
        unit, folder = self._build(scope, warmup_bars, journal, keys)
        outcome = run_unit(unit, journal)
        errors: list[Exception] = []
        with keeping(errors):
            findings = unit.topology.findings(portfolio_results(unit, outcome), outcome.collected)
            if folder is not None and findings.signals is not None:
                folder.save_signals(findings.signals)
            root = None if self._phase.folder is None else self._phase.folder.path
            return msgspec.structs.replace(
                _result(started, findings),
                trace_summary=outcome.trace.summary(root),
                trace=outcome.trace,
            )
        raise journal_failure(journal, errors) from errors[0]

    def _build(
        self, scope: Scope, warmup_bars: int, journal: Journal, keys: tuple[int, ...]
    ) -> tuple[Unit, UnitFolder | None]:
        """Build a unit; a failure is the unit's, though it has no containers."""
        errors: list[Exception] = []
        with keeping(errors):
            phase, folder = self._phase, None
            on_disk = phase.configuration.results.storage == "disk"
            if phase.folder is not None and on_disk:
                folder = phase.folder.unit((*phase.parts, *keys))
            unit = self._builder.build_over(
                scope,
                scope.span.cut(warmup_bars),
                folder=folder,
                inputs=phase.inputs,
                save_portfolios=phase.one_unit or self._keeps_all,
            )
            return unit, folder
        raise journal_failure(journal, errors) from errors[0]


def _result(started: IterationStarted, findings: Findings) -> IterationResult:
    return IterationResult(
        window=started.window,
        parameters=started.parameters,
        seed=started.seed,
        spawn_key=started.spawn_key,
        metrics=findings.metrics,
        best_portfolio=findings.best_portfolio,
        portfolios=findings.portfolios,
        aggregate_metrics=findings.aggregate_metrics,
        best_parameters=findings.best_parameters,
        signals=findings.signals,
    )
