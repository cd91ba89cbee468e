"""What an executor of units does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from containers.executors.sharing import Shared

__all__ = ["UnitExecutor"]


class UnitExecutor(ABC):
    """Runs units somewhere else. Several threads may use one.

    Attributes:
        name: What it is called, for example ``processes:4``.
        workers: How many units can run at one time, at least 1.
    """

    name: str
    workers: int

    @abstractmethod
    def share(self, value: object) -> Shared:
        """Hand a value over once to each worker that comes to need it, and not with each unit.

        It is copied as it is now: what is changed later, workers may see or not. `MarketData`
        anywhere inside is mapped by all workers of one machine and copied by none.

        Raises:
            ExecutorError: It cannot be sent, or the executor has been closed.
        """

    @abstractmethod
    def submit(
        self, function: Callable[[Any, Any], Any], shared: Shared, item: object
    ) -> Future[Any]:
        """Run ``function(shared value, item)`` in a worker.

        What it gives is the future's result, what it raises is the future's exception, with its
        type, message and causes. Short units travel together; each has its own future. Views of
        the shared market data travel as positions; other market data by value.

        The future's exception is a `WorkerError` when the worker died three times, did not finish
        in time, or could not send what came of the unit; an `ExecutorError` when the executor went
        away or workers cannot load what is shared.

        Args:
            function: Of an importable module.
            shared: What `share` of this executor gave, not yet released.
            item: What is this unit's own.

        Raises:
            ExecutorError: The item cannot be sent, or the executor has been closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Give up what has not finished, end all workers that were begun here, free all shared.

        Futures that are not done get an `ExecutorError`. A second call does nothing.
        """
