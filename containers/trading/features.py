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
        self._names = [indicator.name for indicator in indicators]
        self._steps = [indicator.step for indicator in indicators]
        self._states = [indicator.initial for indicator in indicators]
        self._bars: list[Bar] = []
        self._outlet: Outlet
        self._port: Port

    def settings(self) -> Mapping[str, Any]:
        """Name the stream and its features."""
        return {
            "symbol": self._symbol, "timeframe": self._timeframe, "features": self._names,
        }  # fmt: skip

    def handlers(self) -> Mapping[EventKind, Handler]:
        """Take bars."""
        return {EventKind.BAR: self._bars.append}

    def acts(self) -> Mapping[Step, Act]:
        """Publish in step 3."""
        return {Step.FEATURES: Act(self.publish_features, when=self._bars)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._port = port
        self._outlet = port.outlet(EventKind.FEATURES)

    def publish_features(self) -> None:
        """Step every indicator over the bar of this slice."""
        bar = self._bars.pop()
        values: dict[str, float | None] = {}
        states = self._states
        for place, step in enumerate(self._steps):
            states[place], values[self._names[place]] = step(states[place], bar)
        bus = self._port.bus
        self._outlet.publish(
            Features(
                bus.seq, bus.time_ns, self.id, bar.seq, self._symbol, self._timeframe, values
            )
        )  # fmt: skip
