"""The sequence of one iteration over all data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from containers.configuration import Configuration
from containers.data import MarketData
from containers.results import Window
from imperative.sequences.base import Iteration, PhaseSequence

__all__ = ["SinglePass"]


class SinglePass(PhaseSequence):
    """One window, ``full``: every base bar of the first symbol, no warm-up, nothing changed."""

    name: ClassVar[str] = "single_pass"

    def iterations(self, configuration: Configuration, market: MarketData) -> Iterator[Iteration]:
        """Give the one iteration."""
        bars = market.base(market.symbols[0])
        window = Window(
            name="full",
            first_bar=0,
            last_bar=len(bars) - 1,
            warmup_bars=0,
            start_ns=int(bars.end_ns[0]),
            end_ns=int(bars.end_ns[-1]),
        )
        yield Iteration(window=window, parameters={}, seed=configuration.random_seed)
