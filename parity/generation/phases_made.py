"""What a phase that was drawn gives to later ones."""

from __future__ import annotations

from typing import NamedTuple

from parity.generation.specs import PhaseSpec

__all__ = ["Made"]


class Made(NamedTuple):
    """An earlier phase, and what can be read of it.

    Attributes:
        phase: As it was drawn.
        gives: Kinds of things its result has: metrics, portfolios, signals, result.
        is_sure: Whether it surely runs.
        portfolio: Id of a portfolio that it surely has; null: unknown.
    """

    phase: PhaseSpec
    gives: frozenset[str]
    is_sure: bool
    portfolio: str | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.phase.name
