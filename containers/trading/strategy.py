"""The container of one strategy, over every symbol it trades."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar, TypeAlias

from containers.components import Combiner, Decision, Strategy
from containers.container import Act, Container, Handler, Role, Step
from containers.events import Bar, EventKind, Features, Signal
from containers.ports import Clock, Outlet, Port
from containers.trading.panel import Panel

__all__ = ["StrategyContainer"]

Values: TypeAlias = tuple[float | None, ...]

_BEFORE_THE_FIRST = Decision(0, 1.0)


class StrategyContainer(Container):
    """Publishes a signal when the strategy's view of a symbol changes (step 5).

    It steps on each FEATURES it is sent and keeps apart what it remembers of each symbol. The
    BARs it is sent must be those the FEATURES were made from. A `Combiner` must also be sent the
    SIGNALs of its members, whose containers come before this one.
    """

    role: ClassVar[Role] = Role.STRATEGY

    def __init__(self, container_id: str, *, strategy: Strategy | Combiner) -> None:
        super().__init__(container_id)
        self._strategy = strategy
        self._values = _picker([indicator.name for indicator in strategy.indicators])
        self._views: defaultdict[str, Decision] = defaultdict(lambda: _BEFORE_THE_FIRST)
        self._panel: Panel | None = None
        self._act = self.publish_signals
        if isinstance(strategy, Combiner):
            self._panel = Panel(strategy.members)
            self._act = partial(self._publish_combined, strategy, self._panel)
        else:
            self._decide = strategy.decide
        self._bars: deque[Bar] = deque()
        self._features: deque[Features] = deque()
        self._outlet: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the type and its parameters."""
        names = self._strategy.parameters
        parameters = {name: getattr(self._strategy, name) for name in names}
        return {"type": self._strategy.type_name, "parameters": parameters}

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take bars and their features, and the signals of members."""
        taken: dict[EventKind, Handler | None] = {
            EventKind.BAR: self._bars.append,
            EventKind.FEATURES: self._features.append,
        }
        return taken if self._panel is None else {**taken, EventKind.SIGNAL: self._panel.hear}

    def acts(self) -> Mapping[Step, Act]:
        """Decide in step 5."""
        return {Step.SIGNALS: Act(self._act, when=self._features)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._clock = port.clock
        self._outlet = port.outlet(EventKind.SIGNAL)

    def publish_signals(self) -> None:
        """Step the strategy on every symbol of this slice; publish the views that changed."""
        clock, inbox, bars, views = self._clock, self._features, self._bars, self._views
        while inbox:
            # Both were delivered in topology order of the same streams.
            features = inbox.popleft()
            symbol = features.symbol
            last = views[symbol]
            view = self._decide(last, bars.popleft().close, self._values(features.values))
            if view is last or view == last:
                continue
            views[symbol] = view
            self._outlet.publish(
                Signal(
                    clock.seq, clock.time_ns, self.id, features.seq,
                    symbol, view.direction, view.strength,
                )
            )  # fmt: skip

    def _publish_combined(self, combiner: Combiner, panel: Panel) -> None:
        """As `publish_signals`, for a strategy that hears others."""
        clock = self._clock
        while self._features:
            features, bar = self._features.popleft(), self._bars.popleft()
            symbol = features.symbol
            last, values = self._views[symbol], self._values(features.values)
            view = combiner.combine(last, bar.close, values, panel.views(symbol))
            if view == last:
                continue
            self._views[symbol] = view
            self._outlet.publish(
                Signal(
                    clock.seq, clock.time_ns, self.id, features.seq,
                    symbol, view.direction, view.strength,
                )
            )  # fmt: skip


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, float | None]], Values]:
    """Give a function that takes the named values out of a FEATURES, in order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)
