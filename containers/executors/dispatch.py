"""Who runs what and when.

One thread decides; everyone else puts units and reports into its inbox. Each turn of it

1. takes what is in the inbox (`_take_unit`, `_take_report`);
2. ends the workers of units that are over their limit of time (`_end_overdue`);
3. hands batches to idle lanes (`_dispatch`).

**Batches.** Short units travel together, so many that they take about `BATCH_S`, but never more
than their lane's share of a fourth of what waits, so that no lane idles at the end. A batch that
takes much longer than that comes back as far as it is.

**Suspects.** A worker that dies takes its batch with it. The unit it was at is a suspect: it waits
until all else that runs has come back, and is run alone in the whole executor; at the `DEATHS`-th
death it has a `WorkerError`. The others of the batch go back to the head of the queue. Where it is
not known which unit the worker was at, all of the batch are suspects.

**Limits of time.** A unit that is over its limit has a `WorkerError` at once, and its worker is
ended. The others of its batch go back to the head of the queue. Where it is not certain which unit
it was, or that it was the unit, all of them do, each to be run once more in a batch of its own.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from containers.errors import ExecutorError, WorkerError
from containers.executors.base import UnitExecutor
from containers.executors.lanes import Backend, Died, Lost, Report
from containers.executors.sharing import Shared
from containers.executors.units import Batch, Result

__all__ = ["DispatchingExecutor"]

BATCH_S: Final = 0.03
"""How long the units of a batch should take together."""

DEATHS: Final = 3
"""How many workers a unit may take with it."""

STARTS: Final = 5
"""How many workers in a row may end before they begin a unit: then none ever will."""

LONG_S: Final = 300.0
TIMES_LONGEST: Final = 50.0
"""The limit of a unit where none is given: the greater of both, in seconds and in longest units."""

AGAIN_S: Final = 30.0
"""How long a unit that is run once more may wait for a worker, beyond its limit."""


class _Unit:
    """A unit on its way. ``alone``: it must not travel in a batch with others."""

    __slots__ = ("alone", "deaths", "function", "future", "item", "shared")

    def __init__(self, function: Any, shared: Shared, item: Any) -> None:
        self.future: Future[Any] = Future()
        self.function = function
        self.shared = shared
        self.item = item
        self.deaths = 0
        self.alone = False


class _Running:
    """A batch in a lane, the unit that was last seen to run there, and since when."""

    __slots__ = ("position", "since", "units")

    def __init__(self, units: list[_Unit]) -> None:
        self.units = units
        self.position: int | None = None
        self.since = time.monotonic()


class DispatchingExecutor(UnitExecutor):
    """An executor over lanes.

    Args:
        backend: Its lanes; closed with it.
        unit_timeout_s: Limit of each unit in seconds; null for `LONG_S` or `TIMES_LONGEST` times
            the longest of the same shared value, once one has finished.
    """

    def __init__(self, backend: Backend, unit_timeout_s: float | None) -> None:
        self.name = backend.name
        self.workers = len(backend.lanes)
        self._backend = backend
        self._timeout_s = unit_timeout_s
        self._inbox: queue.SimpleQueue[_Unit | tuple[int, _Running, Report] | None] = (
            queue.SimpleQueue()
        )
        self._waiting: deque[_Unit] = deque()
        self._suspects: deque[_Unit] = deque()
        self._running: dict[int, _Running] = {}
        self._idle = list(range(self.workers))[::-1]
        self._starts_failed = 0
        self._lost: str | None = None
        self._closed = False
        self._door = threading.Lock()  # nothing comes into the inbox after it has been closed
        self._thread = threading.Thread(target=self._run, name="paritykit-executor", daemon=True)
        self._thread.start()

    def share(self, value: object) -> Shared:
        """Hand a value over; as `UnitExecutor` says."""
        self._refuse_when_closed()
        return self._backend.share(value)

    def submit(
        self, function: Callable[[Any, Any], Any], shared: Shared, item: object
    ) -> Future[Any]:
        """Run a unit in a worker; as `UnitExecutor` says.

        Raises:
            ExecutorError: The item cannot be sent, or the executor has been closed.
            ValueError: What is shared has been released.
        """
        if shared.released:
            raise ValueError("the shared value has been released; submit before that")
        try:
            packed = [self._backend.pack(thing, shared) for thing in (function, item)]
        except Exception as error:
            raise ExecutorError(
                f"a unit cannot be sent to a worker: {type(error).__name__}: {error}; "
                "expected what pickles"
            ) from error
        unit = _Unit(packed[0], shared, packed[1])
        with self._door:
            self._refuse_when_closed()
            self._inbox.put(unit)
        return unit.future

    def close(self) -> None:
        """Give up what has not finished; as `UnitExecutor` says."""
        with self._door:
            self._closed = True
            self._inbox.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ExecutorError(self._was_closed())

    def _was_closed(self) -> str:
        return f"executor {self._backend.name} has been closed"

    # ---- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        why = self._was_closed()
        try:
            while self._turn():
                pass
        except BaseException as error:
            why = f"executor {self._backend.name} failed: {type(error).__name__}: {error}"
            raise
        finally:
            with self._door:
                self._closed = True
            self._lose(why)
            self._empty_inbox()
            self._backend.close()

    def _turn(self) -> bool:
        """Take one turn; false when the executor is to close."""
        with contextlib.suppress(queue.Empty):
            entry = self._inbox.get(timeout=self._patience())
            while True:
                if entry is None:
                    return False
                if isinstance(entry, _Unit):
                    self._take_unit(entry)
                else:
                    self._take_report(*entry)
                entry = self._inbox.get_nowait()
        if self._lost is None and (trouble := self._backend.trouble()) is not None:
            self._lose(trouble)
        self._end_overdue()
        self._dispatch()
        return True

    def _patience(self) -> float | None:
        """Give how long nothing may happen before limits of time are looked at, in seconds."""
        if not self._running:
            return None
        shortest = LONG_S if self._timeout_s is None else self._timeout_s
        return min(1.0, max(0.01, shortest / 10))

    def _take_unit(self, unit: _Unit) -> None:
        if self._lost is not None:
            _fail(unit, ExecutorError(self._lost))
        else:
            self._waiting.append(unit)

    def _take_report(self, lane: int, batch: _Running, report: Report) -> None:
        if self._running.get(lane) is not batch:
            return  # of a batch that was given up
        if isinstance(report, Lost):
            self._lose(report.why)
            return
        del self._running[lane]
        self._idle.append(lane)
        if isinstance(report, Died):
            self._take_death(batch.units, report)
            return
        self._starts_failed = 0
        not_begun = batch.units[len(report.results) :]
        self._waiting.extendleft(reversed(not_begun))
        for unit, result in zip(batch.units, report.results, strict=False):
            if not result.raised:
                unit.shared.pace.add(result.seconds)
            self._settle(unit, result)

    def _take_death(self, units: list[_Unit], death: Died) -> None:
        if death.position == -1:
            self._starts_failed += 1
            again = self._suspects if units[0].deaths else self._waiting
            again.extendleft(reversed(units))
            if self._starts_failed >= STARTS:
                self._lose(
                    f"workers of executor {self._backend.name} end before they begin a unit"
                    f"{_ended(death.how)}; {STARTS} in a row did"
                )
            return
        self._starts_failed = 0
        suspects = units if death.position is None else [units[death.position]]
        self._waiting.extendleft(unit for unit in reversed(units) if unit not in suspects)
        for unit in suspects:
            was_alone, unit.alone = unit.alone, True
            unit.deaths = DEATHS if death.final and was_alone else unit.deaths + 1
            if unit.deaths < DEATHS:
                self._suspects.append(unit)
                continue
            _fail(
                unit,
                WorkerError(
                    f"the worker of a unit died {DEATHS} times{_ended(death.how)}; run it serial "
                    "to see how, and look for too little memory or a crash in compiled code"
                ),
            )

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for lane, batch in list(self._running.items()):
            position = self._backend.lanes[lane].position()
            if position != batch.position:
                batch.position, batch.since = position, now
                continue
            limit = self._limit(batch)
            if limit is None or now - batch.since <= limit:
                continue
            del self._running[lane]
            self._idle.append(lane)
            self._backend.lanes[lane].end()
            if position is None and self._backend.exact:
                self._take_death(batch.units, Died("", -1))
                continue
            if position is not None and self._backend.exact:
                guilty: _Unit | None = batch.units[position]
            elif batch.units[0].alone:
                guilty = batch.units[0]
            else:
                guilty = None
                for unit in batch.units:
                    unit.alone = True
            self._waiting.extendleft(unit for unit in reversed(batch.units) if unit is not guilty)
            if guilty is not None:
                _fail(
                    guilty,
                    WorkerError(
                        f"a unit was not finished within {limit:g} s, and its worker was given up; "
                        "give it more time (unit_timeout_s) if it needs it"
                    ),
                )

    def _limit(self, batch: _Running) -> float | None:
        """Give the limit of what a lane does now, in seconds; null while there is none."""
        longest = batch.units[0].shared.pace.longest_s
        limit = self._timeout_s
        if limit is None and longest:
            limit = max(LONG_S, TIMES_LONGEST * longest)
        if batch.position is not None:
            return limit
        if self._backend.start_s is None and batch.units[0].alone and limit is not None:
            return limit + AGAIN_S  # it may wait for the very worker that it, or another, hangs
        return self._backend.start_s

    def _dispatch(self) -> None:
        while self._idle and self._lost is None:
            if self._suspects:
                if self._running:
                    return
                batch = [self._suspects.popleft()]
            else:
                batch = self._next_batch()
            if not batch:
                return
            self._begin(batch)

    def _begin(self, units: list[_Unit]) -> None:
        lane = self._idle.pop()
        batch = _Running(units)
        self._running[lane] = batch
        first = units[0]
        self._backend.lanes[lane].send(
            Batch(first.shared, first.function, [unit.item for unit in units]),
            lambda report: self._inbox.put((lane, batch, report)),
        )

    def _next_batch(self) -> list[_Unit]:
        batch: list[_Unit] = []
        wanted = 1
        while self._waiting and len(batch) < wanted:
            unit = self._waiting[0]
            first = batch[0] if batch else unit
            if (unit.shared, unit.function) != (first.shared, first.function):
                break
            if batch and unit.alone:
                break
            self._waiting.popleft()
            if unit.future.running() or unit.future.set_running_or_notify_cancel():
                batch.append(unit)
                wanted = 1 if unit.alone else max(wanted, self._wanted(unit.shared))
        return batch

    def _wanted(self, shared: Shared) -> int:
        """Give how many units a batch should have."""
        if shared.pace.mean_s is None:
            return 1
        together = BATCH_S / max(shared.pace.mean_s, 1e-6)
        fair = math.ceil((len(self._waiting) + 1) / (4 * self.workers))
        return max(1, min(int(together), fair, self._backend.largest_batch))

    def _lose(self, why: str) -> None:
        """Give up everything there is, and everything still to come."""
        self._lost = why
        pending = [*self._waiting, *self._suspects]
        for batch in self._running.values():
            pending += batch.units
        self._waiting.clear()
        self._suspects.clear()
        self._running.clear()
        for unit in pending:
            _fail(unit, ExecutorError(why))

    def _empty_inbox(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                entry = self._inbox.get_nowait()
                if isinstance(entry, _Unit):
                    self._take_unit(entry)

    def _settle(self, unit: _Unit, result: Result) -> None:
        try:
            value = self._backend.unpack(result.content)
        except Exception as error:  # noqa: BLE001  # it is the unit's result
            why = f"what came of a unit cannot be loaded here: {type(error).__name__}: {error}"
            _fail(unit, WorkerError(why))
            return
        if result.raised:
            _fail(unit, value)
        else:
            unit.future.set_result(value)


def _ended(how: str) -> str:
    return f", the last with {how}" if how else ""


def _fail(unit: _Unit, error: BaseException) -> None:
    if unit.future.running() or unit.future.set_running_or_notify_cancel():
        unit.future.set_exception(error)
