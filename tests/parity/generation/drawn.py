"""Examples drawn from fixed seeds, for counting what strategies give."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

__all__ = ["drawn"]

T = TypeVar("T")


def drawn(strategy: st.SearchStrategy[T], count: int, at: int = 0) -> list[T]:
    """Draw about ``count`` values; the same ones every time."""
    values: list[T] = []

    @seed(at)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def take(value: T) -> None:
        values.append(value)

    take()
    return values
