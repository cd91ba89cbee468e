"""Strategies: pure steps from features to a direction.

A strategy sees one bar of one symbol at a time: its close and the strategy's own features in the
order it declared them. What it must remember between bars is its last direction for that symbol,
handed in and given back, so one object serves every symbol and can run anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, Protocol

import msgspec

from containers.components.indicators import Indicator, Sma, Std
from containers.components.parameters import Parameter, integer, number

__all__ = ["BuyAndHold", "Decision", "MeanReversion", "Momentum", "Strategy"]


class Decision(NamedTuple):
    """A view of a symbol: direction -1, 0 or 1, and a strength in [0, 1]."""

    direction: int
    strength: float


LONG = Decision(1, 1.0)
FLAT = Decision(0, 1.0)
SHORT = Decision(-1, 1.0)


class Strategy(Protocol):
    """What a strategy class offers. Its constructor takes its parameters by keyword."""

    type_name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs, in the order in which it gets them."""
        ...

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Take one bar; answer the view of the symbol from here on.

        Args:
            last: The last answer for this symbol, (0, 1.0) before the first.
            close: Close of the bar, currency.
            values: One per declared indicator, null while that one warms up.
        """
        ...


class Momentum(msgspec.Struct, frozen=True):
    """Long while the fast average is above the slow one, short while below, flat on a tie."""

    type_name: ClassVar[str] = "momentum"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "fast_period": integer(10, minimum=1),
        "slow_period": integer(30, minimum=1),
    }
    fast_period: int
    slow_period: int

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return Sma(self.fast_period), Sma(self.slow_period)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Compare the two averages."""
        fast, slow = values
        if fast is None or slow is None:
            return FLAT
        if fast > slow:
            return LONG
        return SHORT if fast < slow else FLAT


class MeanReversion(msgspec.Struct, frozen=True):
    """Buy below the band, sell above it, go flat when the close is back at the average."""

    type_name: ClassVar[str] = "mean_reversion"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "lookback": integer(20, minimum=1),
        "num_std": number(2.0, minimum=0.0),
    }
    lookback: int
    num_std: float

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return Sma(self.lookback), Std(self.lookback)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Hold the close against the band; keep the last view inside it."""
        average, deviation = values
        if average is None or deviation is None:
            return FLAT
        if close < average - self.num_std * deviation:
            return LONG
        if close > average + self.num_std * deviation:
            return SHORT
        if last.direction == 1 and close >= average:
            return FLAT
        if last.direction == -1 and close <= average:
            return FLAT
        return last


class BuyAndHold(msgspec.Struct, frozen=True):
    """Long from the first bar on."""

    type_name: ClassVar[str] = "buy_and_hold"
    parameters: ClassVar[Mapping[str, Parameter]] = {}

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return ()

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Answer long, whatever the bar."""
        return LONG
