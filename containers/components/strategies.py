"""The shipped strategies: pure steps from features to a direction, by the rules of the contract.

Each is flat until all of its features have a value, and its strength is always 1.0. To *keep* is
to answer the last view again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from containers.components.averages import Sma, Std
from containers.components.interfaces import FLAT, LONG, SHORT, Decision, Indicator
from containers.components.parameters import Parameter, integer, number

__all__ = [
    "BuyAndHold",
    "MeanReversion",
    "Momentum",
]


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
