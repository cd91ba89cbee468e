"""What a sequence is: a class that says which iterations a phase has, and what they come to.

`PhaseSequence.iterations` is a generator. It yields an `Iteration`, is sent what came of it, and
may look at that before it yields the next, as a test takes the parameters that its training chose.
A planner sends it empty results, so what it yields may depend on them in values, never in number.
Iterations that need nothing of one another can run side by side: `PhaseSequence.independent`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from containers.results import IterationResult
from imperative.findings import Findings
from imperative.sequences.scope import Scope

__all__ = ["Conclusion", "Iteration", "Iterations", "LastOne", "PhaseSequence"]


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration.

    Attributes:
        name: What it is: ``full``, ``train``, ``combination`` and so on.
        scope: What it runs over and with.
        parameters: Its own changes, for the record; the scope has them already.
        inner: Sequences that stand between it and the body of the phase.
        stop_ns: What is chained of it ends before this time, ns UTC; null: all of it counts.
    """

    name: str
    scope: Scope
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inner: tuple[PhaseSequence, ...] = ()
    stop_ns: int | None = None


Iterations: TypeAlias = Generator[Iteration, IterationResult, None]


class Conclusion(ABC):
    """What the iterations of a sequence come to, taken one after the other."""

    @abstractmethod
    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Take the next iteration; its portfolios have trades and curves."""

    @abstractmethod
    def findings(self) -> Findings:
        """Give what all of them come to."""


class LastOne(Conclusion):
    """Comes to what its last iteration did."""

    def __init__(self) -> None:
        self._findings = Findings()

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Keep it in place of the one before."""
        self._findings = Findings(
            portfolios=result.portfolios,
            metrics=result.metrics,
            best_portfolio=result.best_portfolio,
            aggregate_metrics=result.aggregate_metrics,
            best_parameters=result.best_parameters,
            signals=result.signals,
        )

    def findings(self) -> Findings:
        """Give the last one's."""
        return self._findings


class PhaseSequence(ABC):
    """Base of all sequences.

    Attributes:
        name: What a phase calls it.
        independent: Whether no iteration looks at what came of another. They may then run side by
            side, and all that is sent is an empty result.
        looks_below: Whether the sequence or its conclusion looks at the iterations below its own.
            Where a run stores them, they are then held in memory as well, until they are taken.
    """

    name: ClassVar[str]
    independent: ClassVar[bool] = False
    looks_below: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        """Take nobody's word for iterations but that of the class that says which there are."""
        if "iterations" in vars(cls) and "independent" not in vars(cls):
            cls.independent = False
        if {"iterations", "conclusion"} & vars(cls).keys() and "looks_below" not in vars(cls):
            cls.looks_below = True

    @abstractmethod
    def iterations(self, scope: Scope) -> Iterations:
        """Yield the iterations over ``scope``, in order; each is answered with its result.

        Raises:
            ConfigurationError: There is none that fits.
        """

    def conclusion(self, scope: Scope) -> Conclusion:
        """Give what will take the results; by default the last one is that of the sequence."""
        return LastOne()

    def alike(self, scope: Scope) -> int | None:
        """Say how many iterations there are if all have the same windows below them; else null.

        A plan then looks at the first alone.
        """
        return None
