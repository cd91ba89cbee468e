"""An executor for tests: it runs units in random order, in a thread of this process."""

from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from containers.executors import Shared, UnitExecutor

__all__ = ["AtOnce", "Shuffled"]


class Shuffled(UnitExecutor):
    """Runs what waits in random order, and pickles all that goes to and fro.

    It begins when nothing more is submitted for a moment, so that as much waits as ever can.

    Args:
        seed: Of the order.
        workers: How many it says it has.
        lost: Gives what comes of an item in place of running it; null: it is run.

    Attributes:
        most: The most that were not done at any time.
        ran: How many were run.
    """

    def __init__(
        self,
        seed: int,
        workers: int = 2,
        lost: Callable[[Any], Exception | None] = lambda item: None,
    ) -> None:
        self.workers = workers
        self._lost = lost
        self.most = 0
        self.ran = 0
        self._random = random.Random(seed)
        self._waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def __enter__(self) -> Shuffled:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def share(self, value: object) -> Shared:
        return Shared(pickle.loads(pickle.dumps(value)), None, None, lambda _: None)

    def submit(
        self, function: Callable[[Any, Any], Any], shared: Shared, item: object
    ) -> Future[Any]:
        future: Future[Any] = Future()
        self._add(future, partial(self._run, function, shared, pickle.dumps(item)))
        return future

    def _add(self, future: Future[Any], call: Callable[[], Any]) -> None:
        with self._changed:
            self._waiting.append((future, call))
            self.most = max(self.most, len(self._waiting))
            self._changed.notify_all()

    def _run(self, function: Callable[[Any, Any], Any], shared: Shared, content: bytes) -> Any:
        item = pickle.loads(content)
        error = self._lost(item)
        if error is not None:
            raise error
        return function(shared.value, item)

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while (taken := self._taken()) is not None:
            self._settle(*taken)

    def _settle(self, future: Future[Any], call: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        self.ran += 1
        try:
            answer = pickle.loads(pickle.dumps(call()))
        except BaseException as error:  # noqa: BLE001  # handed on
            future.set_exception(error)
        else:
            future.set_result(answer)

    def _taken(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            while not self._ended and self._changed.wait(timeout=0.0005):
                pass  # more has come
            if not self._waiting:
                return None
            return self._waiting.pop(self._random.randrange(len(self._waiting)))


class AtOnce(Shuffled):
    """Has finished a unit before anybody can ask for it."""

    def _add(self, future: Future[Any], call: Callable[[], Any]) -> None:
        self._settle(future, call)
