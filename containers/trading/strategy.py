"""The container of one strategy, over every symbol it trades."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar, Final, TypeAlias, cast

from containers.components import Combiner, Decision, Strategy, hears_others
from containers.container import Act, Container, Handler, Role, Step
from containers.events import Bar, EventKind, Features, Signal
from containers.ports import Clock, Outlet, Port
from containers.results import StoredSignal
from containers.trading.panel import Panel

__all__ = ["STRATEGY_PREFIX", "StrategyContainer"]

STRATEGY_PREFIX: Final = "strategy/"
"""What the id of a strategy's container has before the strategy's name."""

Values: TypeAlias = tuple[float | None, ...]

_BEFORE_THE_FIRST = Decision(0, 1.0)


class StrategyContainer(Container):
    """Publishes a signal when the strategy's view of a symbol changes (step 5).

    It steps on each FEATURES it is sent and keeps apart what it remembers of each symbol. The
    BARs it is sent must be those the FEATURES were made from; a strategy that does not see closes
    is spared them. A `Combiner` must also be sent the
    SIGNALs of its members, whose containers come before this one.

    Args:
        container_id: Its id, ``strategy/{name}``.
        strategy: What decides.
        keep_signals: Keep every signal, for `collect`: a tuple of `StoredSignal`, else null.
        on_bars: Step on each BAR and do without FEATURES, as an ensemble does under replay.

    Raises:
        ValueError: ``on_bars`` with a strategy that hears no others or needs features.
    """

    role: ClassVar[Role] = Role.STRATEGY

    def __init__(
        self,
        container_id: str,
        *,
        strategy: Strategy | Combiner,
        keep_signals: bool = False,
        on_bars: bool = False,
    ) -> None:
        super().__init__(container_id)
        self._strategy = strategy
        names = [indicator.name for indicator in strategy.indicators]
        self._values = _picker(names)
        self._views: defaultdict[str, Decision] = defaultdict(lambda: _BEFORE_THE_FIRST)
        self._bars: deque[Bar] = deque()
        self._features: deque[Features] = deque()
        # A user's own strategy need not say that it sees them.
        self._sees_closes = getattr(strategy, "sees_closes", True)
        self._panel: Panel | None = None
        self._act = self.publish_signals
        if hears_others(strategy):
            self._panel = Panel(strategy.members)
            publish = self._publish_on_bars if on_bars else self._publish_combined
            self._act = partial(publish, strategy, self._panel)
        else:
            self._decide = cast(Strategy, strategy).decide
        if on_bars and (names or self._panel is None):
            needs = f"the features {', '.join(names)}" if names else "to be replayed"
            raise ValueError(
                f"'{container_id}' cannot step on bars alone; a {strategy.type_name} needs {needs}"
            )
        self._on_bars = on_bars
        self._kept: list[Signal] | None = [] if keep_signals else None
        self._outlet: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the type and its parameters, and what else it does."""
        names = self._strategy.parameters
        return {
            "type": self._strategy.type_name,
            "parameters": {name: getattr(self._strategy, name) for name in names},
            "keep_signals": self._kept is not None,
            "on_bars": self._on_bars,
        }

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take bars and their features, and the signals of members."""
        sees = self._sees_closes or self._on_bars
        taken: dict[EventKind, Handler | None] = {
            EventKind.BAR: self._bars.append if sees else None
        }
        if not self._on_bars:
            taken[EventKind.FEATURES] = self._features.append
        if self._panel is not None:
            taken[EventKind.SIGNAL] = self._panel.hear
        return taken

    def acts(self) -> Mapping[Step, Act]:
        """Decide in step 5."""
        return {Step.SIGNALS: Act(self._act, when=self._bars if self._on_bars else self._features)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._clock = port.clock
        self._outlet = port.outlet(EventKind.SIGNAL)

    def publish_signals(self) -> None:
        """Step the strategy on every symbol of this slice; publish the views that changed."""
        bars, views, picked = self._bars, self._views, self._values
        decide, sees_closes = self._decide, self._sees_closes
        # Both were delivered in topology order of the same streams.
        for features in self._features:
            symbol = features.symbol
            last = views[symbol]
            close = bars.popleft().close if sees_closes else math.nan
            view = decide(last, close, picked(features.values))
            if view is last or view == last:
                continue
            self._say(features.seq, symbol, view)
        self._features.clear()

    def on_collect(self) -> tuple[StoredSignal, ...] | None:
        """Give the signals that were kept; null when none were to be."""
        if self._kept is None:
            return None
        name = self.id.removeprefix(STRATEGY_PREFIX)
        return tuple(
            StoredSignal(s.time_ns, name, s.symbol, s.direction, s.strength, s.seq)
            for s in self._kept
        )

    def on_cleanup(self) -> None:
        """Let go of the signals."""
        if self._kept is not None:
            self._kept = []

    def _publish_combined(self, combiner: Combiner, panel: Panel) -> None:
        """As `publish_signals`, for a strategy that hears others."""
        while self._features:
            features = self._features.popleft()
            close = self._bars.popleft().close if self._sees_closes else math.nan
            symbol = features.symbol
            last, values = self._views[symbol], self._values(features.values)
            view = combiner.combine(last, close, values, panel.views(symbol))
            if view != last:
                self._say(features.seq, symbol, view)

    def _publish_on_bars(self, combiner: Combiner, panel: Panel) -> None:
        """As `_publish_combined`, on bars alone."""
        while self._bars:
            bar = self._bars.popleft()
            symbol = bar.symbol
            last = self._views[symbol]
            view = combiner.combine(last, bar.close, (), panel.views(symbol))
            if view != last:
                self._say(bar.seq, symbol, view)

    def _say(self, cause: int, symbol: str, view: Decision) -> None:
        self._views[symbol] = view
        clock = self._clock
        signal = Signal(
            clock.seq, clock.time_ns, self.id, cause, symbol, view.direction, view.strength
        )
        self._outlet.publish(signal)
        if self._kept is not None:
            self._kept.append(signal)


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, float | None]], Values]:
    """Give a function that takes the named values out of a FEATURES, in order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)
