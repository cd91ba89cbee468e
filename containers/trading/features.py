"""The features of one stream of bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from containers.bus import Outlet, Port
from containers.components import Indicator
from containers.container import Act, Container, Handler, Role, Step
from containers.events import Bar, EventKind, Features

__all__ = ["FeaturesContainer"]


class FeaturesContainer(Container):
    """Publishes the value of every indicator for each bar (step 3), null while warming up.

    Args:
        container_id: Its id.
        symbol: Symbol of the stream.
        timeframe: Timeframe of the stream, as text.
        indicators: In order of declaration, each name once. None is allowed: FEATURES is then
            published empty, so that strategies without features still step.
    """

    role: ClassVar[Role] = Role.FEATURES

    def __init__(
        self, container_id: str, *, symbol: str, timeframe: str, indicators: Sequence[Indicator]
    ) -> None:
        super().__init__(container_id)
        self._symbol = symbol
        self._timeframe = timeframe
        self._indicators = tuple(indicators)
        self._steps = tuple(indicator.step for indicator in indicators)
        self._names = tuple(indicator.name for indicator in indicators)
        self._states = [indicator.initial for indicator in indicators]
        self._bar: Bar | None = None
        self._outlet: Outlet
        self._port: Port

    def settings(self) -> Mapping[str, Any]:
        """Name the stream and its features."""
        return {
            "symbol": self._symbol, "timeframe": self._timeframe, "features": list(self._names),
        }  # fmt: skip

    def handlers(self) -> Mapping[EventKind, Handler]:
        """Take bars."""
        return {EventKind.BAR: self.on_bar}

    def acts(self) -> Mapping[Step, Act]:
        """Publish in step 3."""
        return {Step.FEATURES: self.publish_features}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._port = port
        self._outlet = port.outlet(EventKind.FEATURES)

    def on_bar(self, bar: Bar) -> None:
        """Take note of the bar of this slice."""
        self._bar = bar

    def publish_features(self) -> None:
        """Step every indicator over the bar of this slice, if there is one."""
        bar = self._bar
        if bar is None:
            return
        self._bar = None
        values: dict[str, float | None] = {}
        states = self._states
        for i, step in enumerate(self._steps):
            states[i], values[self._names[i]] = step(states[i], bar)
        bus = self._port.bus
        self._outlet.publish(
            Features(
                bus.seq, bus.time_ns, self.id, bar.seq, self._symbol, self._timeframe, values
            )
        )  # fmt: skip
