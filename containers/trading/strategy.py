"""The container of one strategy, over every symbol it trades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from containers.bus import Outlet, Port
from containers.components import Decision, Strategy
from containers.container import Act, Container, Handler, Role, Step
from containers.events import Bar, EventKind, Features, Signal

__all__ = ["StrategyContainer"]

_BEFORE_THE_FIRST = Decision(0, 1.0)


class StrategyContainer(Container):
    """Publishes a signal when the strategy's view of a symbol changes (step 5).

    It steps on each FEATURES it is sent and keeps apart what it remembers of each symbol. The
    BARs it is sent must be those the FEATURES were made from.
    """

    role: ClassVar[Role] = Role.STRATEGY

    def __init__(self, container_id: str, *, strategy: Strategy) -> None:
        super().__init__(container_id)
        self._strategy = strategy
        self._names = tuple(indicator.name for indicator in strategy.indicators)
        self._views: dict[str, Decision] = {}
        self._closes: dict[str, float] = {}
        self._inbox: list[Features] = []
        self._outlet: Outlet
        self._port: Port

    def settings(self) -> Mapping[str, Any]:
        """Name the type and its parameters."""
        names = self._strategy.parameters
        parameters = {name: getattr(self._strategy, name) for name in names}
        return {"type": self._strategy.type_name, "parameters": parameters}

    def handlers(self) -> Mapping[EventKind, Handler]:
        """Take bars and their features."""
        return {EventKind.BAR: self.on_bar, EventKind.FEATURES: self.on_features}

    def acts(self) -> Mapping[Step, Act]:
        """Decide in step 5."""
        return {Step.SIGNALS: self.publish_signals}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._port = port
        self._outlet = port.outlet(EventKind.SIGNAL)

    def on_bar(self, bar: Bar) -> None:
        """Take note of the close."""
        self._closes[bar.symbol] = bar.close

    def on_features(self, features: Features) -> None:
        """Take note of the features of this slice."""
        self._inbox.append(features)

    def publish_signals(self) -> None:
        """Step the strategy on every symbol of this slice; publish the views that changed."""
        if not self._inbox:
            return
        bus = self._port.bus
        for features in self._inbox:
            symbol, values = features.symbol, features.values
            last = self._views.get(symbol, _BEFORE_THE_FIRST)
            view = self._strategy.decide(
                last, self._closes[symbol], [values[name] for name in self._names]
            )
            if view == last:
                continue
            self._views[symbol] = view
            self._outlet.publish(
                Signal(
                    bus.seq, bus.time_ns, self.id, features.seq,
                    symbol, view.direction, view.strength,
                )
            )  # fmt: skip
        self._inbox.clear()
