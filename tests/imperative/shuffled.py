"""An executor for tests: it runs units in random order, in a thread of this process."""

from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from containers.executors import Shared, UnitExecutor

__all__ = ["Shuffled"]


class Shuffled(UnitExecutor):
    """Runs what waits in random order, and pickles all that goes to and fro.

    It begins when nothing more is submitted for a moment, so that as much waits as ever can.

    Attributes:
        most: The most that were not done at any time.
        ran: How many were run.
    """

    def __init__(self, seed: int, workers: int = 2) -> None:
        self.workers = workers
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
        content = pickle.dumps(item)
        with self._changed:
            call = lambda: function(shared.value, pickle.loads(content))  # noqa: E731
            self._waiting.append((future, call))
            self.most = max(self.most, len(self._waiting))
            self._changed.notify_all()
        return future

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while (taken := self._taken()) is not None:
            future, call = taken
            if not future.set_running_or_notify_cancel():
                continue
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
