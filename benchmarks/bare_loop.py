"""The least an event loop can do: BAR -> SIGNAL -> ORDER -> FILL through a dict of handlers.

Object events, the averages of docs/semantics.md (added afresh at every bar), next-open fills, a
commission. No trace, no metrics, no lifecycle, no risk: what is left is the price of Python, and
the yardstick for what the engines add to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["run_bare_loop"]

Row = tuple[int, float, float, float, float, float | None]


@dataclass(slots=True)
class Bar:
    """A bar became known."""

    time_ns: int
    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float | None


@dataclass(slots=True)
class Signal:
    """The direction changed."""

    time_ns: int
    symbol: str
    direction: int
    close: float


@dataclass(slots=True)
class Order:
    """A quantity to trade at the next open."""

    time_ns: int
    symbol: str
    quantity: float


@dataclass(slots=True)
class Fill:
    """An order was filled."""

    time_ns: int
    symbol: str
    quantity: float
    price: float
    commission: float


class _Loop:
    def __init__(self, fast: int, slow: int, capital: float, commission_bps: float) -> None:
        self.cash = capital
        self.position = 0.0
        self.fills = 0
        self._fast: deque[float] = deque(maxlen=fast)
        self._slow: deque[float] = deque(maxlen=slow)
        self._rate = commission_bps / 10000
        self._direction = 0
        self._pending: Order | None = None
        self._handlers: dict[type, list[Callable[[Any], None]]] = {
            Bar: [self.fill_pending, self.decide],
            Signal: [self.size],
            Order: [self.accept],
            Fill: [self.book],
        }

    def publish(self, event: object) -> None:
        for handler in self._handlers[type(event)]:
            handler(event)

    def fill_pending(self, bar: Bar) -> None:
        order = self._pending
        if order is not None:
            self._pending = None
            commission = self._rate * abs(order.quantity) * bar.open
            self.publish(Fill(bar.time_ns, bar.symbol, order.quantity, bar.open, commission))

    def decide(self, bar: Bar) -> None:
        self._fast.append(bar.close)
        self._slow.append(bar.close)
        if len(self._slow) < (self._slow.maxlen or 0):
            return
        fast, slow = _average(self._fast), _average(self._slow)
        direction = 1 if fast > slow else -1 if fast < slow else 0
        if direction != self._direction:
            self._direction = direction
            self.publish(Signal(bar.time_ns, bar.symbol, direction, bar.close))

    def size(self, signal: Signal) -> None:
        equity = self.cash + self.position * signal.close
        target = float(int(equity / signal.close)) if signal.direction > 0 else 0.0
        if target != self.position:
            self.publish(Order(signal.time_ns, signal.symbol, target - self.position))

    def accept(self, order: Order) -> None:
        self._pending = order

    def book(self, fill: Fill) -> None:
        self.cash -= fill.quantity * fill.price + fill.commission
        self.position += fill.quantity
        self.fills += 1


def _average(window: deque[float]) -> float:
    oldest = window[0]
    total = 0.0
    for x in window:
        total += x - oldest
    return oldest + total / len(window)


def run_bare_loop(
    rows: Iterable[Row], symbol: str, *, fast: int, slow: int, capital: float, commission_bps: float
) -> int:
    """Run the loop over ``rows`` (end, open, high, low, close, volume); answer the fills."""
    loop = _Loop(fast, slow, capital, commission_bps)
    for time_ns, open_, high, low, close, volume in rows:
        loop.publish(Bar(time_ns, symbol, open_, high, low, close, volume))
    return loop.fills
