"""From what a caller gave to a `UnitExecutor`."""

from __future__ import annotations

import concurrent.futures
import math
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from containers.errors import ExecutorError
from containers.executors.base import UnitExecutor
from containers.executors.spec import ExecutorSpec, parse_executor

if TYPE_CHECKING:
    from containers.executors.lanes import Backend

__all__ = ["open_executor"]

_INTERPRETERS: Final[tuple[type, ...]] = tuple(
    filter(None, [getattr(concurrent.futures, "InterpreterPoolExecutor", None)])
)
"""Threads by descent, but what goes to them is pickled. From Python 3.14 on."""


@contextmanager
def open_executor(
    given: str | ExecutorSpec | Executor | UnitExecutor | None,
    *,
    unit_timeout_s: float | None = None,
) -> Iterator[UnitExecutor | None]:
    """Give the executor that a caller means, for as long as it is needed.

    What is made here is ended here, also on an error: no worker and no file is left. An `Executor`
    of the caller's is used and left open, and so is a `UnitExecutor`, which is given back as it is
    and keeps the limit of time it was made with.

    Args:
        given: Null or ``serial`` for none: units run in this process.
        unit_timeout_s: After how many seconds a worker is given up over a unit; null for 300 or 50
            times the longest unit of the same shared value, whichever is more, once one has
            finished. A worker of a caller's own executor that cannot be ended is left to itself.

    Raises:
        ExecutorError: The text is not understood, the limit is no time, or the executor cannot be
            reached or has no workers.
    """
    if isinstance(given, UnitExecutor):
        yield given
        return
    if unit_timeout_s is not None and not (0 < unit_timeout_s < math.inf):
        raise ExecutorError(
            f"found {unit_timeout_s} as the limit of a unit, expected seconds above 0, or None"
        )
    if given is None or isinstance(given, (str, ExecutorSpec)):
        spec = None if given is None else parse_executor(str(given))
        if spec is None or spec.kind == "serial":
            yield None
            return
        executor = _of_spec(spec, unit_timeout_s)
    elif isinstance(given, Executor):
        executor = _of_executor(given, unit_timeout_s)
    else:
        raise ExecutorError(
            f"found a {type(given).__name__} as executor, expected a text such as 'processes:4', "
            "a concurrent.futures.Executor, or None"
        )
    try:
        yield executor
    finally:
        executor.close()


def _of_spec(spec: ExecutorSpec, unit_timeout_s: float | None) -> UnitExecutor:
    # All of these are imported late: most runs are serial, and start without them.
    from containers.executors.dispatch import DispatchingExecutor

    backend: Backend
    if spec.kind == "dask":
        from containers.executors.cluster import connect

        backend = connect(spec)
    else:
        from containers.executors.processes import ProcessesBackend

        backend = ProcessesBackend(spec.workers)
    return DispatchingExecutor(backend, unit_timeout_s)


def _of_executor(given: Executor, unit_timeout_s: float | None) -> UnitExecutor:
    from containers.executors.dispatch import DispatchingExecutor
    from containers.executors.foreign import ForeignBackend, ThreadsBackend

    backend: Backend
    if isinstance(given, ThreadPoolExecutor) and not isinstance(given, _INTERPRETERS):
        backend = ThreadsBackend(given)
    elif type(given).__module__.partition(".")[0] == "distributed":
        # What Client.get_executor gives; through its client more can be done than through it.
        from containers.executors.cluster import ClusterBackend

        client, options = given._client, given._kwargs  # type: ignore[attr-defined]  # as it is
        backend = ClusterBackend(client, f"dask at {client.scheduler.address}", options, own=False)
    else:
        backend = ForeignBackend(given)
    return DispatchingExecutor(backend, unit_timeout_s)
