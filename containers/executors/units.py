"""What happens inside a worker."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from containers.errors import ExecutorError, WorkerError
from containers.executors.packing import mapped, pack_error, pack_result
from containers.executors.sharing import Loaded, MissingContentError, Shared, load

__all__ = ["LOADING", "Batch", "Result", "announce", "run_batch", "run_here"]

LOADING: Final = -2
"""What is announced, in place of a position, while what units share is loaded."""

ENOUGH_S: Final = 0.1
"""After how long a batch comes back as far as it is: its units took longer than was expected."""


class Batch(msgspec.Struct, frozen=True):
    """Units that travel together: one shared value, one function, an item each."""

    shared: Shared
    function: Any
    items: list[Any]


class Result(msgspec.Struct, frozen=True):
    """What came of a unit.

    Attributes:
        seconds: How long the function ran; 0 if it could not be begun.
        raised: Whether ``content`` is an exception.
        content: A value or an exception, pickled by `run_batch` and as it is by `run_here`.
    """

    seconds: float
    raised: bool
    content: Any


_announced: list[Callable[[int], None]] = []


def announce(tell: Callable[[int], None]) -> None:
    """Have ``tell`` called with the position of each unit in its batch before anything of it.

    Before the first, while what they share is loaded, it is called with `LOADING`.
    """
    _announced[:] = [tell]


def run_batch(batch: Batch, content: bytes | None = None) -> list[Result] | None:
    """Run units one after the other; null when the content of the shared value must be sent.

    Nothing that goes wrong with a unit is raised: it is the unit's result. There is at least one
    result; units at the end of the batch, for which there is none, have not been begun.
    """
    begun = time.perf_counter()
    for tell in _announced:
        tell(LOADING)
    try:
        loaded = load(batch.shared, content)
        function = pickle.loads(batch.function)
    except MissingContentError:
        return None
    except Exception as error:  # noqa: BLE001  # it is the units' result
        if not isinstance(error, ExecutorError):
            error = ExecutorError(
                f"a worker cannot load the function of units: {type(error).__name__}: {error}"
            )
        return [Result(0.0, True, pack_error(error)) for _ in batch.items]
    results = []
    for position, item in enumerate(batch.items):
        for tell in _announced:
            tell(position)
        results.append(_run(function, loaded, item))
        if time.perf_counter() - begun > ENOUGH_S:
            break
    return results


def _run(function: Callable[[Any, Any], Any], loaded: Loaded, packed: bytes) -> Result:
    try:
        with mapped(loaded.bars):
            item = pickle.loads(packed)
    except Exception as error:  # noqa: BLE001  # it is the unit's result
        why = f"a worker cannot load its unit: {type(error).__name__}: {error}"
        return Result(0.0, True, pack_error(WorkerError(why)))
    begun = time.perf_counter()
    try:
        value = function(loaded.value, item)
    except BaseException as error:  # noqa: BLE001  # a unit's own affair, SystemExit included
        return Result(time.perf_counter() - begun, True, pack_error(error))
    seconds = time.perf_counter() - begun
    try:
        return Result(seconds, False, pack_result(value))
    except Exception as error:  # noqa: BLE001  # it is the unit's result
        why = (
            f"what a unit gave, a {type(value).__name__}, cannot be sent back from its worker: "
            f"{type(error).__name__}: {error}"
        )
        return Result(seconds, True, pack_error(WorkerError(why)))


def run_here(batch: Batch) -> list[Result]:
    """Run units in a thread of this process: nothing is pickled, all is the very object."""
    results = []
    for item in batch.items:
        begun = time.perf_counter()
        try:
            value, raised = batch.function(batch.shared.value, item), False
        except BaseException as error:  # noqa: BLE001  # a unit's own affair
            value, raised = error, True
        results.append(Result(time.perf_counter() - begun, raised, value))
    return results
