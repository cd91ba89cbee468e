"""Any `concurrent.futures.Executor` of the caller's: used, and left open."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from typing import Any

from loky import cpu_count

from containers.executors.lanes import Backend, Came, Lost, Report, Tell
from containers.executors.processes import FilesBackend
from containers.executors.sharing import Shared
from containers.executors.units import Batch, Result, run_batch, run_here

__all__ = ["ForeignBackend", "ThreadsBackend"]

_Run = Callable[..., list[Result] | None]


class ForeignBackend(FilesBackend):
    """Workers of which nothing is known but how to submit to them.

    Shared values are files; a worker that does not see them is sent the content.
    """

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.name = type(executor).__name__
        self.lanes = _lanes(executor, run_batch)


class ThreadsBackend(Backend):
    """Threads of this process: units get the shared value itself, and nothing is pickled."""

    exact = True
    largest_batch = 1

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.name = type(executor).__name__
        self.lanes = _lanes(executor, run_here)

    def share(self, value: object) -> Shared:
        """Give a handle of the value itself."""
        return Shared(value, None, None, lambda _: None)

    def pack(self, thing: object, shared: Shared) -> Any:
        """Give it as it is."""
        return thing

    def unpack(self, content: Any) -> Any:
        """Give it as it is."""
        return content

    def close(self) -> None:
        """Leave the caller's threads alone."""


def _lanes(executor: Executor, run: _Run) -> list[_ForeignLane]:
    count = getattr(executor, "_max_workers", None)  # no other way tells how many there are
    return [_ForeignLane(executor, run) for _ in range(count or cpu_count())]


class _ForeignLane:
    def __init__(self, executor: Executor, run: _Run) -> None:
        self._executor = executor
        self._run = run
        self._future: Future[list[Result] | None] | None = None

    def send(self, batch: Batch, tell: Tell) -> None:
        self._submit(tell, batch)

    def _submit(self, tell: Tell, batch: Batch, *content: bytes) -> None:
        try:
            future = self._executor.submit(self._run, batch, *content)
        except Exception as error:  # noqa: BLE001  # whatever it is, it takes no more units
            tell(_lost(self._executor, error))
            return
        self._future = future
        future.add_done_callback(lambda done: self._report(done, batch, tell, bool(content)))

    def _report(
        self, done: Future[list[Result] | None], batch: Batch, tell: Tell, sent: bool
    ) -> None:
        try:
            results = done.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001  # a unit's own is a result
            tell(_lost(self._executor, error))
            return
        if results is not None:
            tell(Came(results))
        elif sent or batch.shared.file is None:
            tell(Lost(f"a worker of {type(self._executor).__name__} takes nothing that is shared"))
        else:
            self._submit(tell, batch, batch.shared.file.read_bytes())

    def position(self) -> int | None:
        return 0 if self._future is not None and self._future.running() else None

    def end(self) -> None:
        """Give the batch up; workers that are not ours cannot be ended."""
        if self._future is not None:
            self._future.cancel()


def _lost(executor: Executor, error: BaseException) -> Report:
    return Lost(f"{type(executor).__name__} takes no more units: {type(error).__name__}: {error}")
