"""Few and cheap draws: what every strategy of this package is made of.

A choice is drawn as its index, so that it shrinks to the first of what there is to choose from: put
the plainest first. A chance shrinks to "no".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from hypothesis import strategies as st

__all__ = ["Drawing", "Forced", "whole_numbers"]

T = TypeVar("T")

_HUNDRED: Final = 100


@lru_cache(maxsize=1024)
def whole_numbers(least: int, most: int) -> st.SearchStrategy[int]:
    """Give the strategy for whole numbers in a range; making one costs more than a draw."""
    return st.integers(least, most)


class Forced(NamedTuple):
    """What one phase of an example must be.

    Attributes:
        topology: Name of its topology.
        chain: Its sequences, outermost first.
        config: Settings that it has, which the user's configuration leaves to it.
    """

    topology: str
    chain: tuple[str, ...]
    config: Mapping[str, Any] = MappingProxyType({})


class Drawing:
    """Draws from Hypothesis, and knows what the example is to have.

    Args:
        draw: Hypothesis's own.
        focus: Features that the example is to have, as ``kind:name`` (see
            `parity.generation.features`); empty: whatever comes.

    Attributes:
        draw: Hypothesis's own.
        focus: As given.
        forced: What the phase in focus must be; null: whatever comes.
    """

    def __init__(self, draw: st.DrawFn, focus: frozenset[str] = frozenset()) -> None:
        self.draw: Final = draw
        self.focus: Final = focus
        self.forced: Forced | None = None

    def whole(self, least: int, most: int) -> int:
        """Draw a whole number; both ends belong."""
        return self.draw(whole_numbers(least, most)) if most > least else least

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of some options."""
        return options[self.whole(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """Draw true so often."""
        return self.whole(0, _HUNDRED - 1) >= _HUNDRED - percent

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """Draw one of some options, each as often as its weight says; the first is the plainest."""
        at = self.whole(0, sum(weight for _, weight in options) - 1)
        for option, weight in options:
            at -= weight
            if at < 0:
                return option
        raise AssertionError("weights are positive")

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """Draw up to ``most`` different options, in their order."""
        count = self.whole(0, min(most, len(options)))
        left = list(range(len(options)))
        taken = [left.pop(self.whole(0, len(left) - 1)) for _ in range(count)]
        return [options[index] for index in sorted(taken)]

    def wants(self, kind: str) -> str | None:
        """Give the name of the feature of a kind that the example is to have; null: none."""
        for feature in sorted(self.focus):
            if feature.startswith(f"{kind}:"):
                return feature.partition(":")[2]
        return None

    def wanted(self, kind: str, otherwise: Callable[[], str]) -> str:
        """Give the feature of a kind that is wanted, or draw one."""
        return self.wants(kind) or otherwise()
