"""From a phase to its iterations, each a unit that is built and driven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from containers.configuration import Configuration
from containers.data import MarketData
from containers.journal import IterationStarted, Journal
from containers.results import IterationResult
from containers.storage import RunFolder
from imperative.outcome import portfolio_results
from imperative.sequences import SEQUENCES, Iteration, PhaseSequence
from imperative.topology import TopologyBuilder
from imperative.unit import Unit, journal_failure, keeping, run_unit

__all__ = ["PhaseRun", "Sequencer"]


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """What a phase runs, and where it belongs.

    Attributes:
        name: Of the phase.
        loop: Index of the loop iteration.
        topology: Name of the topology of every unit.
        sequence: Name of the sequence.
        configuration: Resolved, of the phase.
        market: Its data.
        folder: Of the run; null when results stay in memory.
    """

    name: str
    loop: int
    topology: str
    sequence: str
    configuration: Configuration
    market: MarketData
    folder: RunFolder | None


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

    def run(self, phase: PhaseRun, journal: Journal) -> tuple[IterationResult, ...]:
        """Run every iteration of ``phase``, one after the other.

        Raises:
            UnitError: A unit failed; later iterations were not begun.
        """
        sequence = self.sequences[phase.sequence]()
        iterations = sequence.iterations(phase.configuration, phase.market)
        return tuple(
            self._run_iteration(phase, index, iteration, journal.child("window", index))
            for index, iteration in enumerate(iterations)
        )

    def _run_iteration(
        self, phase: PhaseRun, index: int, iteration: Iteration, journal: Journal
    ) -> IterationResult:
        journal.write(
            IterationStarted(
                window=iteration.window,
                parameters=iteration.parameters,
                seed=iteration.seed,
                spawn_key=(),
            )
        )
        unit_journal = journal.child("unit", 0)
        unit = self._build(phase, index, unit_journal)
        outcome = run_unit(unit, unit_journal)
        root = None if phase.folder is None else phase.folder.path
        return IterationResult(
            window=iteration.window,
            parameters=iteration.parameters,
            seed=iteration.seed,
            portfolios=portfolio_results(unit, outcome),
            trace_summary=outcome.trace.summary(root),
            trace=outcome.trace,
        )

    def _build(self, phase: PhaseRun, index: int, journal: Journal) -> Unit:
        """Build the unit of an iteration; a failure is the unit's, though it has no containers."""
        errors: list[Exception] = []
        with keeping(errors):
            folder = None
            if phase.folder is not None:
                folder = phase.folder.unit((phase.loop, phase.name, index))
            return self.builder.build(
                phase.configuration, phase.market, topology=phase.topology, folder=folder
            )
        raise journal_failure(journal, errors) from errors[0]
