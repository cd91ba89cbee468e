"""What a sequence is: a class that says which iterations a phase has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from containers.configuration import Configuration
from containers.data import MarketData
from containers.results import Window

__all__ = ["Iteration", "PhaseSequence"]


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration: the data window, the changed parameters, the seed."""

    window: Window
    parameters: Mapping[str, Any]
    seed: int


class PhaseSequence(ABC):
    """Base of all sequences; ``name`` is what a phase calls it."""

    name: ClassVar[str]

    @abstractmethod
    def iterations(self, configuration: Configuration, market: MarketData) -> Iterator[Iteration]:
        """Give the iterations of a phase, in order.

        Args:
            configuration: The resolved configuration of the phase.
            market: All its data.
        """
