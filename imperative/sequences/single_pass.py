"""The sequence of one iteration over all data."""

from __future__ import annotations

from typing import ClassVar

from imperative.sequences.base import Iteration, Iterations, PhaseSequence
from imperative.sequences.scope import Scope

__all__ = ["SinglePass"]


class SinglePass(PhaseSequence):
    """One iteration, ``full``, over everything around it; nothing changed."""

    name: ClassVar[str] = "single_pass"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the one iteration."""
        yield Iteration("full", scope)
