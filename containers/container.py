"""What a container is: isolated state behind a lifecycle, reached by events alone.

An engine drives a container through `initialize`, `start`, `collect`, `stop` and `cleanup`; the
bus delivers events to its `handlers` and lets it act at its `acts`. Handlers take note and publish
nothing; acts publish. Subclasses override the ``on_…`` hooks, never the triggers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

from containers.events import EventKind
from containers.lifecycle import Lifecycle, State, Trigger
from containers.ports import Port

__all__ = ["ALWAYS", "Act", "Container", "Handler", "Role", "Step"]


class Role(StrEnum):
    """What a container is for, in topology order."""

    DATA = "data"
    FEATURES = "features"
    CLASSIFIER = "classifier"
    STRATEGY = "strategy"
    PORTFOLIO = "portfolio"
    RISK = "risk"
    EXECUTION = "execution"


class Step(IntEnum):
    """The steps of a time slice. Every container finishes one before any begins the next.

    docs/semantics.md counts nine: its eighth is CLOSE_FILLS and ENDINGS, its ninth RUIN and
    UPDATES.
    """

    BARS = 1
    OPEN_FILLS = 2
    FEATURES = 3
    CLASSIFICATION = 4
    SIGNALS = 5
    REQUESTS = 6
    RISK = 7
    CLOSE_FILLS = 8
    ENDINGS = 9
    RUIN = 10
    UPDATES = 11


Handler: TypeAlias = Callable[[Any], object]
"""Takes an event of the kind it is registered for; must not publish."""

ALWAYS: Final[Sized] = (None,)
"""For an act that has something to do in every slice."""


class Act(NamedTuple):
    """What a container does at a step.

    Attributes:
        run: Does it; may publish.
        when: A collection of the container's own, always the same object: while it is empty there
            is nothing to do, and the bus passes the act over without a call.
    """

    run: Callable[[], None]
    when: Sized = ALWAYS


class Container:
    """Base of all containers.

    Attributes:
        id: Its name in the topology, for example ``features/GOOG/1d``.
        lifecycle: Its state; assign ``lifecycle.observer`` to hear of moves.
    """

    role: ClassVar[Role]

    def __init__(self, container_id: str) -> None:
        self.id: Final = container_id
        self.lifecycle: Final = Lifecycle(container_id)

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self.lifecycle.state

    def initialize(self, port: Port) -> None:
        """Prepare to run; ``port`` is where it will publish. Ends ``initialized``."""
        with self.lifecycle.moving(Trigger.INITIALIZE):
            self.on_initialize(port)

    def start(self) -> None:
        """Begin to take events. Ends ``running``."""
        with self.lifecycle.moving(Trigger.START):
            self.on_start()

    def collect(self) -> object:
        """Give its results, while it still runs; null when it has none."""
        with self.lifecycle.moving(Trigger.COLLECT):
            return self.on_collect()

    def stop(self) -> None:
        """Take no more events. Ends ``stopped``."""
        with self.lifecycle.moving(Trigger.STOP):
            self.on_stop()

    def cleanup(self) -> None:
        """Save what is to be saved and let go of the rest. Ends ``cleaned``."""
        with self.lifecycle.moving(Trigger.CLEANUP):
            self.on_cleanup()

    def settings(self) -> Mapping[str, Any]:
        """Say, in plain values, what decides its behaviour; for the journal."""
        return {}

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Say which kinds of event it can be sent, and who takes them.

        Null: with its settings it has no use for them, and the bus spares it the call.
        """
        return {}

    def acts(self) -> Mapping[Step, Act]:
        """Say at which steps it acts, and how."""
        return {}

    def on_initialize(self, port: Port) -> None:
        """Prepare: called once, first."""

    def on_start(self) -> None:
        """Begin: called once, after all containers are initialised."""

    def on_collect(self) -> object:
        """Answer results: called once, while all containers run."""
        return None

    def on_stop(self) -> None:
        """End: called once, in reverse order."""

    def on_cleanup(self) -> None:
        """Let go: called once, in reverse order, also after a failure."""
