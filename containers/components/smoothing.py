"""Indicators that smooth: each value is made from the one before, so all bars so far matter.

No window of bars gives their values, only the state does, which is why `over` takes one and hands
the next one on. Both `step` and `over` walk the same loop, which keeps their bits the same.

J. W. Wilder, New Concepts in Technical Trading Systems (1978), for true range and strength index;
his smoothing is (a x (n - 1) + x) / n, seeded by the plain mean of the first n.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, TypeAlias

import msgspec
import numpy as np

from containers.components.interfaces import Floats
from containers.data import Bars
from containers.events import Bar

__all__ = ["Atr", "Ema", "Rsi"]

_Values: TypeAlias = list[float | None]

_LOOKBACK_PERIODS: Final = 5
"""Declared look-back in periods: then less than a hundredth of the start is left, in all three.

Of a value n bars back Wilder's smoothing keeps (1 - 1 / n) ** n, at most 1 / e.
"""


class _Smoothed(msgspec.Struct, frozen=True):
    """What all share: a period, and a look-back of several."""

    period: int

    @property
    def ready(self) -> int:
        """The period."""
        return self.period

    @property
    def lookback(self) -> int:
        """Five periods."""
        return _LOOKBACK_PERIODS * self.period


_EmaState: TypeAlias = tuple[int, float]
"""Bars so far, and the average."""


class Ema(_Smoothed, frozen=True):
    """Exponential moving average: a x close + (1 - a) x before, a = 2 / (n + 1).

    It begins with the first close and is let out from bar n on. Unit: that of the close.

    """

    initial: ClassVar[_EmaState] = (0, 0.0)

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"ema_{self.period}"

    def step(self, state: _EmaState, bar: Bar) -> tuple[_EmaState, float | None]:
        """Take one bar; answer the next state and the average, null while warming up."""
        state, values = self._walk(state, (bar.close,))
        return state, values[0]

    def over(self, state: _EmaState, bars: Bars) -> tuple[_EmaState, Floats]:
        """Take all of ``bars``; answer the next state and the averages."""
        state, values = self._walk(state, bars.close.tolist())
        return state, _known(values)

    def _walk(self, state: _EmaState, closes: Iterable[float]) -> tuple[_EmaState, _Values]:
        n = self.period
        seen, average = state
        alpha = 2 / (n + 1)
        rest = 1 - alpha
        values: _Values = []
        for close in closes:
            average = alpha * close + rest * average if seen else close
            seen += 1
            values.append(average if seen >= n else None)
        return (seen, average), values


_AtrState: TypeAlias = tuple[int, float, float]
"""Bars so far, the last close, and the average: a sum until bar n."""


class Atr(_Smoothed, frozen=True):
    """Average true range: how far a bar reaches, seen from the close before it too; Wilder.

    True range = max(high - low, |high - close before|, |low - close before|); of the first bar
    high - low. Unit: that of the prices.

    """

    initial: ClassVar[_AtrState] = (0, 0.0, 0.0)

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"atr_{self.period}"

    def step(self, state: _AtrState, bar: Bar) -> tuple[_AtrState, float | None]:
        """Take one bar; answer the next state and the average, null while warming up."""
        state, values = self._walk(state, ((bar.high, bar.low, bar.close),))
        return state, values[0]

    def over(self, state: _AtrState, bars: Bars) -> tuple[_AtrState, Floats]:
        """Take all of ``bars``; answer the next state and the averages."""
        columns = (bars.high.tolist(), bars.low.tolist(), bars.close.tolist())
        state, values = self._walk(state, zip(*columns, strict=True))
        return state, _known(values)

    def _walk(
        self, state: _AtrState, rows: Iterable[tuple[float, float, float]]
    ) -> tuple[_AtrState, _Values]:
        n = self.period
        seen, before, average = state
        values: _Values = []
        for high, low, close in rows:
            reach = high - low
            if seen:
                reach = max(reach, abs(high - before), abs(low - before))
            before = close
            seen += 1
            if seen > n:
                average = (average * (n - 1) + reach) / n
            else:
                average += reach
                if seen == n:
                    average /= n
            values.append(average if seen >= n else None)
        return (seen, before, average), values


_RsiState: TypeAlias = tuple[int, float, float, float]
"""Bars so far, the last close, and gain and loss: sums until change n."""


class Rsi(_Smoothed, frozen=True):
    """Relative strength index: 100 - 100 / (1 + gain / loss), means of the changes; Wilder.

    100 when only the loss is 0, 50 when both are. From 0 to 100, without a unit.

    """

    initial: ClassVar[_RsiState] = (0, 0.0, 0.0, 0.0)

    @property
    def name(self) -> str:
        """Its name in FEATURES."""
        return f"rsi_{self.period}"

    @property
    def ready(self) -> int:
        """The period and one bar, since n changes take n + 1 closes."""
        return self.period + 1

    def step(self, state: _RsiState, bar: Bar) -> tuple[_RsiState, float | None]:
        """Take one bar; answer the next state and the index, null while warming up."""
        state, values = self._walk(state, (bar.close,))
        return state, values[0]

    def over(self, state: _RsiState, bars: Bars) -> tuple[_RsiState, Floats]:
        """Take all of ``bars``; answer the next state and the indexes."""
        state, values = self._walk(state, bars.close.tolist())
        return state, _known(values)

    def _walk(self, state: _RsiState, closes: Iterable[float]) -> tuple[_RsiState, _Values]:
        n = self.period
        seen, before, gain, loss = state
        values: _Values = []
        for close in closes:
            change = close - before
            before = close
            seen += 1
            if seen == 1:  # the first close changes nothing
                values.append(None)
                continue
            up = change if change > 0.0 else 0.0
            down = -change if change < 0.0 else 0.0
            if seen > n + 1:
                gain = (gain * (n - 1) + up) / n
                loss = (loss * (n - 1) + down) / n
            else:
                gain += up
                loss += down
                if seen == n + 1:
                    gain /= n
                    loss /= n
            values.append(_index(gain, loss) if seen > n else None)
        return (seen, before, gain, loss), values


def _index(gain: float, loss: float) -> float:
    if loss == 0.0:
        return 50.0 if gain == 0.0 else 100.0
    return 100.0 - 100.0 / (1.0 + gain / loss)


def _known(values: _Values) -> Floats:
    """Give the values of the bars that have one: null comes first, and then never again."""
    return np.array([value for value in values if value is not None], dtype=np.float64)
