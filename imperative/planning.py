"""What a phase would run, without running it: the tree of its iterations, and how many units.

Where all iterations of a sequence have the same windows below them, the first stands for all.
"""

from __future__ import annotations

from typing import Final

from containers.errors import ConfigurationError, Problem
from containers.results import IterationResult, PlannedIteration
from imperative.sequences import PhaseSequence, Scope
from imperative.topology import TopologyBuilder

__all__ = ["Planner"]


class Planner:
    """Walks through phases without running them.

    Args:
        builder: Knows the topologies.
    """

    def __init__(self, builder: TopologyBuilder) -> None:
        self._builder: Final = builder

    def plan(self, chain: tuple[PhaseSequence, ...], scope: Scope) -> tuple[PlannedIteration, ...]:
        """Give the iterations of the first sequence of ``chain``, those inside below them.

        Raises:
            ConfigurationError: A sequence has no iteration that fits, or a unit could not be
                built.
        """
        sequence, *inside = chain
        alike = sequence.alike(scope)
        planned: list[PlannedIteration] = []
        iterations = sequence.iterations(scope)
        iteration = next(iterations, None)
        while iteration is not None:
            below = (*iteration.inner, *inside)
            span, repeats = iteration.scope.span, 1 if alike is None else alike
            if below:
                window = span.window(iteration.name)
                nested = self.plan(below, iteration.scope)
                units = sum(part.units for part in nested)
            else:
                self._builder.topologies[iteration.scope.topology].check(iteration.scope)
                asked = self._builder.warmup_bars(iteration.scope)
                window, nested, units = span.window(iteration.name, span.warm_up(asked)), (), 1
            planned.append(PlannedIteration(window, repeats, units * repeats, nested))
            if alike is not None:
                break
            try:
                iteration = iterations.send(IterationResult(window=window, parameters={}, seed=0))
            except StopIteration:
                break
        if not planned:
            message = f"the sequence '{sequence.name}' has no window over {len(scope.span)} bars"
            raise ConfigurationError([Problem(message)])
        return tuple(planned)

    def first_unit(self, chain: tuple[PhaseSequence, ...], scope: Scope) -> Scope:
        """Give the scope of the first unit."""
        while chain:
            sequence, *inside = chain
            iteration = next(sequence.iterations(scope))
            chain, scope = (*iteration.inner, *inside), iteration.scope
        return scope
