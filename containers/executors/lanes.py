"""What a kind of executor has to provide: lanes, in each of which one batch runs at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from containers.executors.sharing import Shared
from containers.executors.units import Batch, Result

__all__ = ["Backend", "Came", "Died", "Lane", "Lost", "Report", "Tell"]


class Came(msgspec.Struct, frozen=True):
    """A batch came back, with a result for each unit."""

    results: list[Result]


class Died(msgspec.Struct, frozen=True):
    """The worker of a batch died.

    Attributes:
        how: What is known of its end, for example ``SIGKILL(-9)``; empty when nothing is.
        position: The unit it was at; -1 when it had begun none; null when that is not known.
        final: Whether so many workers died of the batch that it is not to be tried once more, if
            it was alone in the executor.
    """

    how: str
    position: int | None
    final: bool = False


class Lost(msgspec.Struct, frozen=True):
    """The executor went away; nothing more will come from any lane."""

    why: str


Report: TypeAlias = Came | Died | Lost
Tell: TypeAlias = Callable[[Report], None]
"""Takes what became of a batch; from any thread."""


class Lane(Protocol):
    """A place where one batch runs at a time. Used by one thread."""

    def send(self, batch: Batch, tell: Tell) -> None:
        """Begin a batch; ``tell`` is called once, unless `end` comes first."""

    def position(self) -> int | None:
        """Give the position in the batch of the unit that runs; null when none has begun.

        A lane that cannot tell which unit it is gives 0 once the batch has begun.
        """

    def end(self) -> None:
        """Give up the batch, end its worker where that can be done, and be ready for another."""


class Backend(ABC):
    """A kind of executor.

    Attributes:
        name: For messages, for example ``processes:4``.
        lanes: At least one.
        exact: Whether `Lane.position` is certain: that very unit has begun, and no other runs.
        largest_batch: How many units may travel together.
        start_s: How long a worker may take to begin a batch, seconds; null for any time, where
            others may keep the workers busy.
    """

    name: str
    lanes: Sequence[Lane]
    exact: bool = False
    largest_batch: int = 256
    start_s: float | None = None

    @abstractmethod
    def share(self, value: object) -> Shared:
        """Hand a value over; as `UnitExecutor.share`."""

    @abstractmethod
    def pack(self, thing: object, shared: Shared) -> Any:
        """Give a function or an item as batches carry it.

        Raises:
            Exception: It cannot be sent.
        """

    @abstractmethod
    def unpack(self, content: Any) -> Any:
        """Give the value or exception that a result carries.

        Raises:
            Exception: It cannot be loaded.
        """

    def trouble(self) -> str | None:
        """Say why nothing more will come from any lane; null while all is well."""
        return None

    @abstractmethod
    def close(self) -> None:
        """End all workers that were begun here, and free all that was shared."""
