"""The source of one stream of bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, ClassVar

from containers.container import Act, Container, Role, Step
from containers.data import BarRow, Bars
from containers.events import Bar, EventKind
from containers.ports import TRADING, WARM_UP, Clock, Outlet, Port

__all__ = ["DataContainer"]


class DataContainer(Container):
    """Publishes each bar of ``bars`` in the slice that ends with it (step 1).

    Args:
        container_id: Its id.
        bars: The stream. It may be empty.
        trading_from_ns: Bars that end before this time, int64 nanoseconds UTC, have the topic
            ``warm_up``; all others, and with null all, have ``trading``.
    """

    role: ClassVar[Role] = Role.DATA

    def __init__(
        self, container_id: str, *, bars: Bars, trading_from_ns: int | None = None
    ) -> None:
        super().__init__(container_id)
        self._bars = bars
        self._trading_from_ns = trading_from_ns
        self._symbol = bars.symbol
        self._timeframe = str(bars.timeframe)
        self._rows: Iterator[BarRow] = iter(())
        self._next: BarRow | None = None
        self._outlet: Outlet
        self._trading: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the stream and its extent."""
        return {
            "symbol": self._symbol,
            "timeframe": self._timeframe,
            "bars": len(self._bars),
            "trading_from_ns": self._trading_from_ns,
        }

    def acts(self) -> Mapping[Step, Act]:
        """Publish in step 1."""
        return {Step.BARS: Act(self.publish_bar)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlets."""
        self._clock = port.clock
        self._outlet = port.outlet(EventKind.BAR, WARM_UP)
        self._trading = port.outlet(EventKind.BAR, TRADING)

    def on_start(self) -> None:
        """Go to the first bar."""
        warming, trading = self._bars.split_at(self._trading_from_ns)
        self._rows = chain(warming, self._turn(), trading)
        self._next = next(self._rows, None)

    def publish_bar(self) -> None:
        """Publish the next bar, if the slice ends with it."""
        clock, row = self._clock, self._next
        if row is None or row[0] != clock.time_ns:
            return
        _, open_, high, low, close, volume = row
        self._outlet.publish(
            Bar(
                clock.seq, clock.time_ns, self.id, None,
                self._symbol, self._timeframe, open_, high, low, close, volume,
            )
        )  # fmt: skip
        self._next = next(self._rows, None)

    def _turn(self) -> Iterator[BarRow]:
        """Stand between two rows as none, and turn to the other outlet when it is passed.

        So no bar has to be asked on which side it is.
        """
        self._outlet = self._trading
        return
        yield

    def on_cleanup(self) -> None:
        """Let go of the stream."""
        self._rows, self._next = iter(()), None
