"""The tree of a phase's iterations while it grows: levels, and on each the nodes that have begun.

A `Level` is one sequence over one scope. It asks the sequence for iterations (`Level.begin`), and
hands every result back to it in order (`Level.take`). A `Node` is one iteration that has begun:
a unit to be run, or a level inside. Who drives the walk (`imperative.scheduling`) decides which
node goes on next; nothing that comes out depends on it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import msgspec

from containers.journal import HeldJournal, IterationStarted, Journal
from containers.results import IterationResult
from containers.storage import UnitRecord
from imperative.findings import Findings, without_details
from imperative.sequences import Iteration, PhaseSequence, Scope
from imperative.topology import TopologyBuilder

__all__ = ["Level", "Node", "iteration_result"]

Place = tuple[int, ...]
"""Indexes of the iterations that lead to something, outermost first. They order as paths do."""


@dataclass(slots=True, eq=False)
class Node:
    """One iteration that has begun.

    Attributes:
        level: Where it stands.
        keys: Indexes that lead to it, outermost first.
        iteration: What the sequence said of it.
        started: What the journal says of it.
        journal: Its own.
        held: That journal, where it holds records back; null: it does not.
        warmup_bars: What its unit asks for; 0 above units.
        inside: The level below it; null: it is a unit.
        result: What came of it; null as long as that is not known. Once it was taken, as much of
            that as is kept.
        error: What came of it instead.
        record: Of a unit that is stored, its record.
        taken: Whether its level has taken it.
    """

    level: Level
    keys: Place
    iteration: Iteration
    started: IterationStarted
    journal: Journal
    held: HeldJournal | None
    warmup_bars: int
    inside: Level | None = None
    result: IterationResult | None = None
    error: Exception | None = None
    record: UnitRecord | None = None
    taken: bool = False


class Level:
    """One sequence over one scope.

    Args:
        builder: Knows how much warm-up a unit asks for.
        chain: The sequence, and those inside it.
        scope: What it runs over.
        journal: Of what it belongs to.
        keys: Indexes that lead to it.
        above: The iteration that it is inside of; null at the top.
        keeps_all: Whether trades and curves of its iterations are kept.
        holds: Whether its iterations are held in memory.
        ahead: Whether nodes may begin before it is their turn; their records are then held back.

    Attributes:
        above: The iteration that it is inside of; null at the top.
        begun: Nodes that have begun and are not yet settled, in order; see `imperative.scheduling`.
        error: What the sequence raised in place of another iteration.
        exhausted: Whether the sequence has no further iteration.
        kept: Its iterations as results have them, as far as they were taken and are held.
        taken: How many nodes were taken.
    """

    def __init__(
        self,
        builder: TopologyBuilder,
        chain: tuple[PhaseSequence, ...],
        scope: Scope,
        journal: Journal,
        *,
        keys: Place = (),
        above: Node | None = None,
        keeps_all: bool,
        holds: bool,
        ahead: bool,
    ) -> None:
        self._sequence, *inside = chain
        self._inside: Final = tuple(inside)
        self._builder: Final = builder
        self._journal: Final = journal
        self._keys: Final = keys
        self._keeps_all: Final = keeps_all
        self._holds: Final = holds
        self._ahead: Final = ahead
        self._conclusion: Final = self._sequence.conclusion(scope)
        self._iterations: Final = self._sequence.iterations(scope)
        self._answer: IterationResult | None = None  # what the sequence is sent next
        self._nothing: IterationResult | None = None  # that, where it must not look at results
        self._count = 0
        self.above: Final = above
        self.begun: Final[deque[Node]] = deque()
        self.error: Exception | None = None
        self.exhausted = False
        self.kept: Final[list[IterationResult]] = []
        self.taken = 0

    @property
    def independent(self) -> bool:
        """Whether an iteration can begin before those that went before it have come to an end."""
        return self._sequence.independent

    @property
    def next_place(self) -> Place:
        """Indexes that lead to the node that would begin next."""
        return (*self._keys, self._count)

    @property
    def complete(self) -> bool:
        """Whether all there is has been taken."""
        return self.exhausted and self.taken == self._count

    def begin(self) -> Node | None:
        """Begin the next iteration, and journal it; null when there is none.

        Raises:
            Exception: What the sequence raises.
        """
        try:
            if self._answer is None:
                iteration = next(self._iterations)
            else:
                iteration = self._iterations.send(self._answer)
        except StopIteration:
            self.exhausted = True
            return None
        node = self._node(iteration)
        self._answer = self._nothing
        if self._nothing is None and self.independent:
            self._answer = self._nothing = _nothing_of(node.started)
        self._count += 1
        self.begun.append(node)
        self._open(node)
        return node

    def take(self, node: Node) -> None:
        """Take what came of a node; the next in order.

        Raises:
            Exception: What the conclusion of a sequence raises.
        """
        assert node.result is not None  # only what has come to something is taken
        result = node.result
        self._conclusion.take(node.iteration, result)
        if not self.independent:
            self._answer = result
        node.result = result if self._keeps_all else without_details(result)
        if self._holds:
            self.kept.append(node.result)
        self.taken += 1
        node.taken = True

    def findings(self) -> Findings:
        """Say what all its iterations come to."""
        return self._conclusion.findings()

    def conclude(self) -> None:
        """Give the iteration that it is inside of what it comes to.

        Raises:
            Exception: What the conclusion of a sequence raises.
        """
        assert self.above is not None  # what the top comes to is the phase's
        result = iteration_result(self.above.started, self.findings())
        self.above.result = msgspec.structs.replace(result, iterations=tuple(self.kept))

    def _node(self, iteration: Iteration) -> Node:
        keys, scope = self.next_place, iteration.scope
        is_unit = not (iteration.inner or self._inside)
        warmup_bars = self._builder.warmup_bars(scope) if is_unit else 0
        started = IterationStarted(
            window=scope.span.window(iteration.name, scope.span.warm_up(warmup_bars)),
            parameters=iteration.parameters,
            seed=scope.configuration.random_seed,
            spawn_key=scope.spawn_key,
        )
        journal = self._journal.child("window", keys[-1])
        held = None
        if self._ahead:
            held = journal = journal.held()
        journal.write(started)
        return Node(self, keys, iteration, started, journal, held, warmup_bars)

    def _open(self, node: Node) -> None:
        """Make the level inside a node; a failure to do so is what comes of the node."""
        below = (*node.iteration.inner, *self._inside)
        if not below:
            return
        try:
            node.inside = Level(
                self._builder,
                below,
                node.iteration.scope,
                node.journal,
                keys=node.keys,
                above=node,
                keeps_all=self._keeps_all,
                holds=self._holds or self._sequence.looks_below,
                ahead=self._ahead,
            )
        except Exception as error:  # noqa: BLE001  # a user's sequence may raise anything
            node.error = error


def iteration_result(started: IterationStarted, findings: Findings) -> IterationResult:
    """Put together what an iteration is and what it comes to."""
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


def _nothing_of(started: IterationStarted) -> IterationResult:
    """Give what a sequence is sent that must not look at results."""
    return IterationResult(window=started.window, parameters={}, seed=started.seed)
