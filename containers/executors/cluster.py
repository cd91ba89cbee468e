"""The workers of a Dask cluster.

Shared values are scattered to all workers once. Dask by itself runs the batches of a dead worker
again; one that it gives up, or whose shared value went down with the workers, comes back here as
the death of its worker. The scheduler is asked now and then which worker has begun which batch.
"""

from __future__ import annotations

import asyncio
import io
import logging
import pickle
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from containers.errors import ExecutorError
from containers.executors.lanes import Backend, Came, Died, Lost, Report, Tell
from containers.executors.packing import Common, pack
from containers.executors.sharing import Shared, write_content
from containers.executors.spec import ExecutorSpec
from containers.executors.units import Batch, run_batch

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ClusterBackend", "connect"]

_log: Final = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
"""How long a scheduler may take to answer, and a first worker to be there."""

ALONE_S: Final = 30.0
"""How long a cluster may be without workers, and a scheduler not answer, while units run."""

LOOK_S: Final = 0.5
"""How often the scheduler is asked for its workers and what they do."""

END_S: Final = 2.0
"""How long ending a worker may take."""

CLOSE_S: Final = 2.0
"""How long leaving the scheduler may take."""


def connect(spec: ExecutorSpec) -> ClusterBackend:
    """Reach a scheduler.

    Raises:
        ExecutorError: ``distributed`` is not installed, the scheduler does not answer, or it has no
            workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ExecutorError(
            f"executor {spec} needs the package distributed: {error}; "
            "install it with: pip install 'paritykit[dask]'"
        ) from error
    try:
        client = Client(spec.address, timeout=CONNECT_S, set_as_default=False, name="paritykit")
    except (OSError, ValueError) as error:
        raise ExecutorError(
            f"executor {spec} cannot be reached within {CONNECT_S:g} s: {error}; "
            "expected a Dask scheduler at that address"
        ) from error
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
        return ClusterBackend(client, str(spec), {}, own=True)
    except (OSError, ValueError) as error:  # whatever it is, the client must not stay
        _close(client)
        raise ExecutorError(
            f"executor {spec} has no workers after {CONNECT_S:g} s; start some: "
            f"dask worker {spec.address}"
        ) from error


class ClusterBackend(Backend):
    """A cluster behind a client, with a lane for each thread that its workers have now.

    Args:
        client: Connected; closed with the backend only if ``own``.
        name: For messages.
        options: For every `Client.submit`.
        own: Whether the client was made for this backend.
    """

    def __init__(self, client: Client, name: str, options: Mapping[str, Any], *, own: bool) -> None:
        self.name = name
        self._client = client
        self._options = {**options, "pure": False}
        self._own = own
        self._scattered: dict[str, _Scattered] = {}
        threads = sum(client.nthreads().values())
        self.lanes = self._all = [_ClusterLane(self) for _ in range(max(1, threads))]
        self._begun: Mapping[str, str] = {}
        self._last_answer = self._last_worker = time.monotonic()
        self._ending: list[threading.Thread] = []
        self._ended: set[str] = set()  # what waits there has not begun
        self._closed = threading.Event()
        threading.Thread(target=self._look, name="paritykit-cluster", daemon=True).start()

    def share(self, value: object) -> Shared:
        """Scatter a value to all workers.

        Raises:
            ExecutorError: It cannot be sent, or there is nothing to send it to.
        """
        trouble = self.trouble()
        if trouble is not None:
            raise ExecutorError(trouble)
        common, sink = Common(), io.BytesIO()
        write_content(value, common, sink)
        scattered = _Scattered(self._client, sink.getvalue())
        try:
            scattered.send()
        except Exception as error:
            raise ExecutorError(
                f"what units share cannot be sent to {self.name}: {type(error).__name__}: {error}"
            ) from error
        shared = Shared(value, common, None, self._free)
        self._scattered[shared.token] = scattered
        return shared

    def _free(self, shared: Shared) -> None:
        self._scattered.pop(shared.token).release()

    def pack(self, thing: object, shared: Shared) -> bytes:
        """Give a function or an item as bytes."""
        assert shared.common is not None  # it was shared here
        return pack(thing, shared.common, grow=False)

    def unpack(self, content: Any) -> Any:
        """Give what a worker packed."""
        return pickle.loads(content)

    def trouble(self) -> str | None:
        """Say that the scheduler or all workers have gone; null while they are there."""
        now = time.monotonic()
        if self._client.status != "running":
            return f"the scheduler of {self.name} went away"
        if now - self._last_answer > ALONE_S:
            return f"the scheduler of {self.name} has not answered for {ALONE_S:g} s"
        if now - self._last_worker > ALONE_S:
            return f"{self.name} has had no workers for {ALONE_S:g} s"
        return None

    def close(self) -> None:
        """Give up all batches and free what was scattered; leave the scheduler if it was joined."""
        self._closed.set()
        for lane in self._all:
            lane.give_up()
        for thread in self._ending:
            thread.join(END_S)
        for scattered in self._scattered.values():
            scattered.release()
        if self._own:
            _close(self._client)

    def scattered(self, batch: Batch) -> _Scattered:
        """Give the content of what a batch shares."""
        return self._scattered[batch.shared.token]

    def submit(self, batch: Batch, content: Any) -> Any:
        """Submit a batch and give Dask's future of it."""
        key = f"paritykit-{uuid4().hex}"
        return self._client.submit(run_batch, batch, content, key=key, **self._options)

    def worker_of(self, key: str) -> str | None:
        """Give the address of the worker that has begun a batch; null when none has."""
        return self._begun.get(key)

    def end_worker(self, address: str) -> None:
        """Have the nanny of a worker begin it anew; a worker without a nanny is left to itself."""
        self._ended.add(address)
        thread = threading.Thread(target=self._restart, args=(address,), daemon=True)
        thread.start()
        self._ending.append(thread)

    def _restart(self, address: str) -> None:
        try:
            self._client.restart_workers([address], timeout=END_S, raise_for_error=False)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # no nanny, not there
            _log.warning("the worker %s could not be ended: %s", address, error)

    def _look(self) -> None:
        """Note who has begun what, and when the scheduler answered and a worker was there last."""
        while not self._closed.wait(LOOK_S) and self._client.status == "running":
            try:
                threads = self._client.nthreads()
                processing = self._client.processing()
            except (Exception, asyncio.CancelledError):  # noqa: BLE001  # of many kinds
                continue  # when it goes on, `trouble` says so
            self._last_answer = time.monotonic()
            if threads:
                self._last_worker = self._last_answer
            self._begun = {
                key: address
                for address, keys in processing.items()
                if address not in self._ended
                for key in list(keys)[: threads.get(address, 0)]
            }


class _Scattered:
    """The content of a shared value, here and at the workers."""

    def __init__(self, client: Client, content: bytes) -> None:
        self._client = client
        self._content = content
        self._sending = threading.Lock()
        self.future: Any = None

    def is_there(self) -> bool:
        """Say whether a worker has it; all that had it may have died."""
        return self.future is not None and self.future.status == "finished"

    def send(self) -> Any:
        """Send it to all workers, unless it is there; give Dask's future of it."""
        until = time.monotonic() + ALONE_S
        with self._sending:
            while not self.is_there():
                try:
                    self.future = self._client.scatter(
                        self._content, broadcast=True, hash=False, timeout=ALONE_S
                    )
                    break
                except (OSError, ValueError):  # who had it went away before others had it too
                    if time.monotonic() > until or self._client.status != "running":
                        raise
                    time.sleep(LOOK_S)
            return self.future

    def release(self) -> None:
        """Let the workers forget it."""
        if self.future is not None:
            self.future.release()


class _ClusterLane:
    def __init__(self, backend: ClusterBackend) -> None:
        self._backend = backend
        self._future: Any = None
        self._worker: str | None = None
        self._sent = 0
        self._changing = threading.Lock()

    def send(self, batch: Batch, tell: Tell) -> None:
        self._worker = None
        self._sent += 1
        content = self._backend.scattered(batch)
        if content.is_there():
            self._submit(batch, tell, content, self._sent)
        else:  # in a thread of its own, for it can wait long for a worker
            args = (batch, tell, content, self._sent)
            threading.Thread(target=self._submit, args=args, daemon=True).start()

    def _submit(self, batch: Batch, tell: Tell, content: _Scattered, number: int) -> None:
        try:
            future = self._backend.submit(batch, content.send())
        except Exception as error:  # noqa: BLE001  # whatever it is, it takes no more units
            tell(Lost(_refusal(self._backend.name, error)))
            return
        with self._changing:
            if number != self._sent:
                future.release()
                return
            self._future = future
        future.add_done_callback(partial(self._report, tell))

    def position(self) -> int | None:
        future = self._future
        worker = None if future is None else self._backend.worker_of(future.key)
        before, self._worker = self._worker, worker
        return None if worker is None or worker != before else 0  # anew at another worker

    def end(self) -> None:
        self.give_up()
        if self._worker is not None:
            self._backend.end_worker(self._worker)

    def give_up(self) -> None:
        """Have the batch forgotten."""
        with self._changing:
            self._sent += 1
            future, self._future = self._future, None
        if future is not None:
            future.release()

    def _report(self, tell: Tell, done: Any) -> None:
        tell(self._outcome(done))

    def _outcome(self, done: Any) -> Report:
        try:
            return Came(done.result())
        except (CancelledError, asyncio.CancelledError):
            # What was shared, or the result on its way, went down with the workers that had it.
            trouble = self._backend.trouble()
            return Died("", None) if trouble is None else Lost(trouble)
        except Exception as error:  # noqa: BLE001  # a unit's own is a result
            if type(error).__name__ == "KilledWorker":
                return Died("", None, final=True)
            return Lost(self._backend.trouble() or _refusal(self._backend.name, error))


def _refusal(name: str, error: BaseException) -> str:
    return (
        f"{name} takes no more units: {type(error).__name__}: {error}; "
        "expected workers with the same packages as here"
    )


def _close(client: Client) -> None:
    """Close a client; one that has lost its scheduler has nothing to tell about it."""
    loggers = [logging.getLogger(f"distributed.{name}") for name in ("client", "core", "batched")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        client.close(timeout=CLOSE_S)
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
