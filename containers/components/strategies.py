"""The shipped strategies: pure steps from features to a direction, by the rules of the contract.

Each is flat until all of its features have a value, and its strength is always 1.0. To *keep* is
to answer the last view again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from containers.components.averages import Sma, Std
from containers.components.changes import Highest, Lowest, Roc
from containers.components.interfaces import FLAT, LONG, SHORT, Decision, Indicator
from containers.components.parameters import Parameter, integer, number
from containers.components.smoothing import Rsi

__all__ = [
    "Breakout",
    "BuyAndHold",
    "MeanReversion",
    "Momentum",
    "RateOfChange",
    "RelativeStrength",
]


class Momentum(msgspec.Struct, frozen=True):
    """Long while the fast average is above the slow one, short while below, flat on a tie."""

    type_name: ClassVar[str] = "momentum"
    sees_closes: ClassVar[bool] = False
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
    sees_closes: ClassVar[bool] = True
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


class RelativeStrength(msgspec.Struct, frozen=True):
    """Buy what was sold too much, sell what was bought too much; keep the last view between."""

    type_name: ClassVar[str] = "rsi"
    sees_closes: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "period": integer(14, minimum=1),
        "oversold": number(30.0, minimum=0.0),
        "overbought": number(70.0, minimum=0.0),
    }
    period: int
    oversold: float
    overbought: float

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return (Rsi(self.period),)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Hold the index against both bounds, the lower one first."""
        (index,) = values
        if index is None:
            return FLAT
        if index < self.oversold:
            return LONG
        return SHORT if index > self.overbought else last


class Breakout(msgspec.Struct, frozen=True):
    """Go with a close beyond the extremes of the bars before; keep the last view inside them."""

    type_name: ClassVar[str] = "breakout"
    sees_closes: ClassVar[bool] = True
    parameters: ClassVar[Mapping[str, Parameter]] = {"lookback": integer(20, minimum=1)}
    lookback: int

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return Highest(self.lookback), Lowest(self.lookback)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Hold the close against both extremes."""
        highest, lowest = values
        if highest is None or lowest is None:
            return FLAT
        if close > highest:
            return LONG
        return SHORT if close < lowest else last


class RateOfChange(msgspec.Struct, frozen=True):
    """Go with a change of the close beyond the threshold; flat inside it."""

    type_name: ClassVar[str] = "rate_of_change"
    sees_closes: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "lookback": integer(10, minimum=1),
        "threshold": number(0.0, minimum=0.0),
    }
    lookback: int
    threshold: float

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return (Roc(self.lookback),)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Hold the change against the threshold, both ways."""
        (change,) = values
        if change is None:
            return FLAT
        if change > self.threshold:
            return LONG
        return SHORT if change < -self.threshold else FLAT


class BuyAndHold(msgspec.Struct, frozen=True):
    """Long from the first bar on."""

    type_name: ClassVar[str] = "buy_and_hold"
    sees_closes: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {}

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs."""
        return ()

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Answer long, whatever the bar."""
        return LONG
