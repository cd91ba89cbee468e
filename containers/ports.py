"""What a container sees of the bus: a clock, a counter, and outlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from containers.events import Event, EventKind

__all__ = ["TRADING", "WARM_UP", "Clock", "Outlet", "Port"]

WARM_UP: Final = "warm_up"
"""Topic of the BARs and FEATURES before the window of a unit."""

TRADING: Final = "trading"
"""Topic of all other BARs and FEATURES."""


class Clock(Protocol):
    """Where a unit is in time and in its events."""

    @property
    def seq(self) -> int:
        """Number of the next event, which an event made now must carry."""
        ...

    @property
    def time_ns(self) -> int:
        """End of the current slice, int64 nanoseconds UTC."""
        ...


class Outlet(Protocol):
    """Where one container publishes one kind of event (on one topic)."""

    @property
    def wanted(self) -> bool:
        """Somebody hears or keeps the events; else a publisher may `skip` instead of making one."""
        ...

    @property
    def skip(self) -> Callable[[], None]:
        """Number an event that nobody wants, without its being made."""
        ...

    @property
    def publish(self) -> Callable[[Event], None]:
        """Number, keep and deliver an event, which must carry the next number.

        Raises:
            WiringError: It was called from a handler, or with another number; nothing is kept.
            ContainerError: A subscriber raised; it is faulted.
        """
        ...


class Port(Protocol):
    """A container's connection to the bus."""

    @property
    def clock(self) -> Clock:
        """The bus's clock and counter."""
        ...

    def outlet(self, kind: EventKind, topic: str | None = None) -> Outlet:
        """Give the outlet for ``kind``; subscribers of ``topic`` and of all topics hear it."""
        ...
