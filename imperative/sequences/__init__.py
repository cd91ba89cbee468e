"""The shipped sequences, by name, and what a sequence is."""

from collections.abc import Mapping
from typing import Final

from imperative.sequences.base import Iteration, PhaseSequence
from imperative.sequences.single_pass import SinglePass

__all__ = ["SEQUENCES", "Iteration", "PhaseSequence", "SinglePass"]

SEQUENCES: Final[Mapping[str, type[PhaseSequence]]] = {cls.name: cls for cls in (SinglePass,)}
