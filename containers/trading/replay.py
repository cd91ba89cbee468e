"""The container of one strategy whose signals are known already."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar

from containers.container import Act, Container, Handler, Role, Step
from containers.events import Bar, EventKind, Signal
from containers.ports import Clock, Outlet, Port
from containers.results import StoredSignal

__all__ = ["ReplayContainer"]

_BEFORE_THE_FIRST = (0, 1.0)


class ReplayContainer(Container):
    """Publishes stored signals of a strategy again, each in the slice with its time (step 5).

    It must be sent the BARs of every stream of its symbols, from the window on. A signal is caused
    by the symbol's BAR of the slice: that of the shortest timeframe that has one. Where a symbol
    has none at the time of a stored signal, that signal is left out.

    At the first slice with a BAR of a symbol, the last signal stored before is published, unless
    the slice has one of its own, or it says what holds before the first: (0, 1.0).

    Args:
        container_id: Its id.
        strategy: Name of the strategy whose signals are replayed; others are passed over.
        signals: As a signal_generation gave them. Of two of one symbol and time the later counts.
        symbols: Its symbols, in configuration order; signals of others are passed over.
        from_ns: End of the first bar of the window, int64 nanoseconds UTC.
    """

    role: ClassVar[Role] = Role.STRATEGY

    def __init__(
        self,
        container_id: str,
        *,
        strategy: str,
        signals: Sequence[StoredSignal],
        symbols: Sequence[str],
        from_ns: int,
    ) -> None:
        super().__init__(container_id)
        self._strategy = strategy
        self._symbols = tuple(symbols)
        self._from_ns = from_ns
        own = set(symbols)
        self._signals = [s for s in signals if s.strategy == strategy and s.symbol in own]
        self._queue: deque[StoredSignal] = deque()
        # Symbols that have had no BAR yet, with the last signal stored for them.
        self._waiting: dict[str, StoredSignal | None] = {}
        self._bars: dict[str, Bar] = {}
        self._outlet: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the strategy, its symbols, and how many signals are stored for them."""
        return {
            "strategy": self._strategy,
            "symbols": list(self._symbols),
            "signals": len(self._signals),
            "from_ns": self._from_ns,
        }

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take bars."""
        return {EventKind.BAR: self.on_bar}

    def acts(self) -> Mapping[Step, Act]:
        """Publish in step 5."""
        return {Step.SIGNALS: Act(self.publish_signals, when=self._bars)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._clock = port.clock
        self._outlet = port.outlet(EventKind.SIGNAL)

    def on_start(self) -> None:
        """Go to the first signal of the window, with what was stored before in mind."""
        self._queue = deque(sorted(self._signals, key=attrgetter("time_ns")))
        self._waiting = dict.fromkeys(self._symbols)
        self._take_before(self._from_ns)

    def on_bar(self, bar: Bar) -> None:
        """Take note of a symbol's bar; the shortest timeframe's comes first, and stays."""
        self._bars.setdefault(bar.symbol, bar)

    def publish_signals(self) -> None:
        """Publish what is stored for this slice, symbols in configuration order."""
        now, queue = self._clock.time_ns, self._queue
        if self._waiting or (queue and queue[0].time_ns <= now):
            self._take_before(now)
            due = {}
            while queue and queue[0].time_ns == now:
                signal = queue.popleft()
                due[signal.symbol] = signal
            for symbol in self._symbols:
                self._publish(symbol, due.get(symbol))
        self._bars.clear()

    def on_cleanup(self) -> None:
        """Let go of the signals."""
        self._queue.clear()
        self._signals = []

    def _publish(self, symbol: str, signal: StoredSignal | None) -> None:
        bar = self._bars.get(symbol)
        if bar is None:
            if signal is not None and symbol in self._waiting:
                self._waiting[symbol] = signal
            return
        before = self._waiting.pop(symbol, None)
        if signal is None and before is not None:
            view = (before.direction, before.strength)
            signal = None if view == _BEFORE_THE_FIRST else before
        if signal is not None:
            clock = self._clock
            self._outlet.publish(
                Signal(
                    clock.seq, clock.time_ns, self.id, bar.seq,
                    symbol, signal.direction, signal.strength, signal.seq,
                )
            )  # fmt: skip

    def _take_before(self, time_ns: int) -> None:
        """Take what is stored before a time off the queue, and note it where it may count yet."""
        while self._queue and self._queue[0].time_ns < time_ns:
            signal = self._queue.popleft()
            if signal.symbol in self._waiting:
                self._waiting[signal.symbol] = signal
