"""The features of one stream of bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, ClassVar, Final, TypeAlias

from containers.components import Indicator, takes_blocks
from containers.container import Act, Container, Handler, Role, Step
from containers.data import Bars
from containers.events import Bar, EventKind, Features
from containers.ports import TRADING, WARM_UP, Clock, Outlet, Port

__all__ = ["FeaturesContainer"]

_BLOCK: Final = 4_096
"""Bars whose features are computed at a time."""

_Values: TypeAlias = dict[str, float | None]

_Row: TypeAlias = tuple[int | None, float, _Values]
"""End of a bar, its close, and its features."""

_NO_ROW: Final[_Row] = (None, 0.0, {})


class FeaturesContainer(Container):
    """Publishes the value of every indicator for each bar (step 3), null while warming up.

    Args:
        container_id: Its id.
        symbol: Symbol of the stream.
        timeframe: Timeframe of the stream, as text.
        indicators: In order of declaration, each name once. None is allowed: FEATURES is then
            published empty, so that strategies without features still step.
        bars: The stream itself. Indicators that have `over` are then computed over arrays, a
            block at a time, and each value is let out with its BAR, which must be the bar it was
            computed for. Null: bar by bar, from the BARs alone. Either way the bits are the same.
        trading_from_ns: FEATURES of bars that end before this time, int64 nanoseconds UTC, have
            the topic ``warm_up``; all others, and with null all, have ``trading``.
    """

    role: ClassVar[Role] = Role.FEATURES

    def __init__(
        self,
        container_id: str,
        *,
        symbol: str,
        timeframe: str,
        indicators: Sequence[Indicator],
        bars: Bars | None = None,
        trading_from_ns: int | None = None,
    ) -> None:
        super().__init__(container_id)
        self._symbol = symbol
        self._timeframe = timeframe
        self._names = [indicator.name for indicator in indicators]
        self._states = [indicator.initial for indicator in indicators]
        self._over = [
            indicator if bars is not None and takes_blocks(indicator) else None
            for indicator in indicators
        ]
        # What cannot take blocks steps on the BARs as they come, also when the stream is known.
        self._stepping = [
            (place, indicator)
            for place, indicator in enumerate(indicators)
            if self._over[place] is None
        ]
        self._stream = bars
        self._trading_from_ns = trading_from_ns
        self._ahead: Iterator[_Row] = iter(())
        self._bars: list[Bar] = []
        self._outlet: Outlet
        self._trading: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the stream and its features."""
        return {
            "symbol": self._symbol,
            "timeframe": self._timeframe,
            "features": self._names,
            "trading_from_ns": self._trading_from_ns,
        }

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take bars."""
        return {EventKind.BAR: self._bars.append}

    def acts(self) -> Mapping[Step, Act]:
        """Publish in step 3."""
        return {Step.FEATURES: Act(self.publish_features, when=self._bars)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlets."""
        self._clock = port.clock
        self._outlet = port.outlet(EventKind.FEATURES, WARM_UP)
        self._trading = port.outlet(EventKind.FEATURES, TRADING)

    def on_start(self) -> None:
        """Go to the first bar."""
        if self._stream is not None:
            rows = chain.from_iterable(self._blocks(self._stream))
            warming = self._stream.count_before(self._trading_from_ns)
            self._ahead = chain(islice(rows, warming), self._turn(), rows)

    def publish_features(self) -> None:
        """Publish the features of this slice's bar."""
        bar, clock = self._bars.pop(), self._clock
        if self._stream is None:
            if self._trading_from_ns is None or bar.time_ns >= self._trading_from_ns:
                self._outlet = self._trading
            values: _Values = {}
        else:
            end_ns, close, values = next(self._ahead, _NO_ROW)
            if end_ns != bar.time_ns or close != bar.close:
                raise self._not_the_next(bar, end_ns, close)
        if self._stepping:
            self._step(bar, values)
        self._outlet.publish(
            Features(
                clock.seq, clock.time_ns, self.id, bar.seq, self._symbol, self._timeframe, values
            )
        )  # fmt: skip

    def _turn(self) -> Iterator[_Row]:
        """Stand between two rows as none, and turn to the other outlet when it is passed."""
        self._outlet = self._trading
        return
        yield

    def on_cleanup(self) -> None:
        """Let go of the stream."""
        self._ahead = iter(())

    def _step(self, bar: Bar, values: _Values) -> None:
        for place, indicator in self._stepping:
            self._states[place], value = indicator.step(self._states[place], bar)
            values[indicator.name] = value

    def _not_the_next(self, bar: Bar, end_ns: int | None, close: float) -> ValueError:
        expected = "none" if end_ns is None else f"{end_ns} and {close}"
        return ValueError(
            f"BAR {bar.seq} of {self._symbol} {self._timeframe} is not the next bar of the "
            f"stream: it ends at {bar.time_ns} and closes at {bar.close}, expected {expected}"
        )

    def _blocks(self, bars: Bars) -> Iterator[Iterator[_Row]]:
        for first in range(0, len(bars), _BLOCK):
            block = bars.rows(first, min(first + _BLOCK, len(bars)) - 1)
            columns = [self._column(place, block) for place in range(len(self._names))]
            rows = _rows(self._names, columns, len(block))
            yield zip(block.end_ns.tolist(), block.close.tolist(), rows, strict=True)

    def _column(self, place: int, block: Bars) -> list[float | None]:
        """Take an indicator over the next block; give its values, null where it has none.

        Null also stands in the place of what is yet to be stepped.
        """
        indicator = self._over[place]
        known: list[float | None] = []
        if indicator is not None:
            self._states[place], values = indicator.over(self._states[place], block)
            known = values.tolist()
        return [None] * (len(block) - len(known)) + known


def _rows(names: Sequence[str], columns: Sequence[list[float | None]], count: int) -> list[_Values]:
    """Give ``count`` mappings of the names to the values of a column each, in order."""
    if not names:
        return [{} for _ in range(count)]
    first = names[0]
    rows: list[_Values] = [
        {first: value} for value in columns[0]
    ]  # quicker than to fill empty ones
    for name, column in zip(names[1:], columns[1:], strict=True):
        for row, value in zip(rows, column, strict=True):
            row[name] = value
    return rows
