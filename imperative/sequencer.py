"""From a phase to its tree of iterations, whose leaves are units that are built and driven.

1. `Sequencer.run` starts with the scope of the phase: all data, all it may try.
2. `imperative.walk` makes the tree: each sequence says which iterations there are, and is handed
   each result, since a later one may depend on it.
3. `imperative.scheduling` says which unit runs when: one after the other in this process, or side
   by side on an executor; `imperative.phase_units` runs it.
4. The conclusion of every sequence says what its iterations come to; what lies below is kept
   without trades and curves, unless all of it is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from containers.configuration import Configuration
from containers.data import MarketData
from containers.journal import Journal
from containers.results import IterationResult
from containers.storage import PhaseFolder, PhaseStore
from imperative.findings import Findings
from imperative.keeping import Keeper
from imperative.phase_units import PhaseUnits
from imperative.scheduling import SideBySide, run_in_order
from imperative.sequences import SEQUENCES, PhaseSequence
from imperative.topology import TopologyBuilder
from imperative.walk import Level

if TYPE_CHECKING:
    from containers.executors import UnitExecutor

__all__ = ["PhaseRun", "Sequencer"]


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """What a phase runs, and where it belongs.

    Attributes:
        topology: Name of the topology of its units.
        chain: Names of its sequences, outermost first.
        configuration: Resolved, of the phase.
        market: Its data.
        folder: Its own; null when nothing is stored.
        store: Its logs; null alike.
        inputs: What it takes from earlier phases, by name.
        one_unit: Whether it comes to a single unit, which then keeps the phase's portfolios.
        later: Takes errors that come after the one that is raised.
    """

    topology: str
    chain: tuple[str, ...]
    configuration: Configuration
    market: MarketData
    folder: PhaseFolder | None
    store: PhaseStore | None
    inputs: Mapping[str, Any]
    one_unit: bool
    later: list[Exception]


class Sequencer:
    """Runs phases.

    Args:
        builder: Builds the units.
        sequences: Sequences by name.
        executor: Where units run; null: in this process, one after the other.
    """

    def __init__(
        self,
        builder: TopologyBuilder,
        sequences: Mapping[str, type[PhaseSequence]] = SEQUENCES,
        executor: UnitExecutor | None = None,
    ) -> None:
        self.builder: Final = builder
        self.sequences: Final = sequences
        self._executor: Final = executor

    def on(self, executor: UnitExecutor | None) -> Sequencer:
        """Give one that runs units on an executor."""
        return Sequencer(self.builder, self.sequences, executor)

    def chain(self, names: Sequence[str]) -> tuple[PhaseSequence, ...]:
        """Make the sequences of a phase, outermost first."""
        return tuple(self.sequences[name]() for name in names)

    def run(self, phase: PhaseRun, journal: Journal) -> tuple[Sequence[IterationResult], Findings]:
        """Run every iteration of ``phase``; say what they come to.

        Raises:
            UnitError: A unit failed, the first in path order; nothing is heard of later ones.
            ConfigurationError: There is no iteration that fits.
            ExecutorError: The executor went away.
            StorageError: Something could not be stored, or what was stored before is damaged.
        """
        keeps_all = phase.configuration.results.store_full_results
        units = PhaseUnits(
            self.builder,
            phase.configuration,
            phase.market,
            topology=phase.topology,
            inputs=phase.inputs,
            save_portfolios=phase.one_unit or keeps_all,
            folder=phase.folder,
        )
        keeper = None if phase.store is None else Keeper(phase.store)
        executor = None if phase.one_unit else self._executor
        top = Level(
            self.builder,
            self.chain(phase.chain),
            units.scope,
            journal,
            keeps_all=keeps_all,
            holds=keeper is None,
            ahead=executor is not None,
        )
        if executor is None:
            run_in_order(top, units, keeper)
        else:
            SideBySide(units, executor, keeper).run(top, phase.later)
        held = tuple(top.kept) if phase.store is None else phase.store.iterations(top.taken)
        return held, top.findings()
