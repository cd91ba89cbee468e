"""Which unit of a phase runs when, and where.

`run_in_order` runs one after the other in this process: that is what everything here means.

`SideBySide` has an executor run units that need nothing of one another at the same time, at any
depth of the tree, and comes to the same:

1. `_begin` begins nodes in path order, deepest first, as long as there is room: a level can go on
   to its next iteration at once where its sequence is independent, else when all before it are
   taken. A unit is submitted. Room is bounded by what has begun and is not yet settled.
2. `_finish` has every level take what its nodes come to, in order, as soon as it is there; a level
   that is complete finishes the node it is inside of.
3. `_settle` goes through all that has begun in path order, as running in order would: from what is
   complete it lets records out, up to the first that is not. The first failure it meets is the
   phase's, and nothing behind it is heard of.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import msgspec

from containers.errors import ExecutorError
from containers.journal import Record
from containers.storage import decode_unit
from imperative.keeping import Keeper
from imperative.phase_units import Answer, Failure, PhaseUnits, run_item
from imperative.unit import UnitError, journal_failure, keeping
from imperative.walk import Level, Node, Place

if TYPE_CHECKING:
    from containers.executors import Shared, UnitExecutor

__all__ = ["UNITS_AHEAD", "SideBySide", "run_in_order"]

UNITS_AHEAD: Final = 32
"""Units that have begun and are not settled, for each that can run at once."""


def run_in_order(level: Level, units: PhaseUnits, keeper: Keeper | None = None) -> None:
    """Run all iterations of a level, one after the other, in this process.

    Args:
        level: The level.
        units: What the units share.
        keeper: Keeps what is finished; null: nothing is stored.

    Raises:
        UnitError: A unit failed; later iterations were not begun.
        Exception: What a sequence raised.
    """
    while (node := level.begin()) is not None:
        if node.error is not None:
            raise node.error
        if node.inside is not None:
            run_in_order(node.inside, units, keeper)
            node.inside.conclude()
        else:
            _run_here(node, units, keeper)
        if keeper is not None:
            keeper.publish(node)
        level.take(node)
        if keeper is not None:
            keeper.add(node)
        level.begun.clear()


def _run_here(node: Node, units: PhaseUnits, keeper: Keeper | None) -> None:
    """Run a unit in this process, unless it has finished before."""
    scope = node.iteration.scope
    if keeper is not None:
        record = keeper.found(node)
        if record is not None:
            _journal_again(node, record.journal)
            return
    journal = node.journal.child("unit", 0)
    if keeper is None:
        node.result = units.run(node.started, scope, node.warmup_bars, journal, node.keys)
        return
    answer = units.run_recorded(
        node.started, scope, node.warmup_bars, journal.path, node.keys, journal
    )
    if isinstance(answer, Failure):
        raise UnitError(answer.error)
    keeper.keep(node, answer.content)


def _journal_again(node: Node, records: Iterable[Record]) -> None:
    """Write what the journal said of a unit that has run elsewhere, or before."""
    journal = node.journal.child("unit", 0)
    for record in records:
        journal.write(record)


class SideBySide:
    """Runs the units of one phase on an executor.

    Args:
        units: What the units share.
        executor: Where they run.
        keeper: Keeps what is finished; null: nothing is stored.
        ahead: How many may have begun and not be settled; null: a multiple of what runs at once.
    """

    def __init__(
        self,
        units: PhaseUnits,
        executor: UnitExecutor,
        keeper: Keeper | None = None,
        *,
        ahead: int | None = None,
    ) -> None:
        self._units: Final = units
        self._keeper: Final = keeper
        self._executor: Final = executor
        self._limit: Final = UNITS_AHEAD * executor.workers if ahead is None else ahead
        self._ready: Final[list[tuple[Place, Level]]] = []  # a heap of levels that can go on
        self._unsettled = 0  # units that have begun
        self._running: Final[dict[Future[Any], Node]] = {}
        self._answered: Final[SimpleQueue[Future[Any]]] = SimpleQueue()
        self._end: Place | None = None  # the first failure that is known; nothing begins behind it

    def run(self, top: Level, later: list[Exception]) -> None:
        """Run all iterations of a level and those below them.

        Args:
            top: The level.
            later: Takes errors that come after the one that is raised.

        Raises:
            UnitError: A unit failed, the first in path order.
            ExecutorError: The executor went away.
            Exception: What a sequence raised.
        """
        shared = self._executor.share(self._units)
        try:
            self._offer(top)
            while True:
                moved = self._begin(shared)
                self._settle(top)
                if top.complete and not top.begun:
                    return
                if self._running:
                    self._hear(self._answered.get())
                elif not moved:
                    raise RuntimeError(f"nothing runs, and {top.next_place} is not there yet")
        except Exception:
            with keeping(later):
                self._let_end()
            raise
        except BaseException:
            self._cancel()
            raise
        finally:
            shared.release()

    def _offer(self, level: Level) -> None:
        heapq.heappush(self._ready, (level.next_place, level))

    def _begin(self, shared: Shared) -> bool:
        """Begin what there is room for; without any, one node when else nothing would run.

        Answers whether anything began.
        """
        moved = False
        while self._ready:
            place, level = self._ready[0]
            full = self._unsettled >= self._limit and (moved or self._running)
            if full or (self._end is not None and place > self._end):
                break
            moved = True
            heapq.heappop(self._ready)
            try:
                node = level.begin()
            except Exception as error:  # noqa: BLE001  # a user's sequence may raise anything
                level.error = error
                self._failed_at(place)
                continue
            if node is None:
                self._complete(level)
                continue
            if level.independent:
                self._offer(level)
            if node.error is not None:
                self._failed_at(place)
            elif node.inside is not None:
                self._offer(node.inside)
            else:
                self._run_unit(node, shared)
        return moved

    def _run_unit(self, node: Node, shared: Shared) -> None:
        """Submit a unit, unless it has finished before."""
        self._unsettled += 1
        record = None if self._keeper is None else self._keeper.found(node)
        if record is not None:
            _journal_again(node, record.journal)
            self._finish(node)
            return
        future = self._executor.submit(run_item, shared, self._units.item(node))
        self._running[future] = node
        future.add_done_callback(self._answered.put)

    def _hear(self, future: Future[Any]) -> None:
        """Take note of what became of a unit."""
        node = self._running.pop(future)
        try:
            answer: Answer | Failure = future.result()
        except ExecutorError:
            raise
        except Exception as error:  # noqa: BLE001  # what kept the unit from running is its failure
            node.error = journal_failure(node.journal.child("unit", 0), [error])
            node.error.__cause__ = error
        else:
            self._take_answer(node, answer)
        self._finish(node)

    def _take_answer(self, node: Node, answer: Answer | Failure) -> None:
        if isinstance(answer, Failure):
            _journal_again(node, answer.records)
            node.error = UnitError(answer.error)
            return
        if self._keeper is not None:
            record = self._keeper.keep(node, answer.content)
        else:
            record = decode_unit(answer.content, None)
            node.result = msgspec.structs.replace(record.result, trace=answer.trace)
        _journal_again(node, record.journal)

    def _finish(self, node: Node) -> None:
        """Have the level of a node take it, and those behind it that waited for it."""
        if node.error is not None:
            self._failed_at(node.keys)
            return
        level = node.level
        for waiting in level.begun:
            if waiting.taken:
                continue
            if waiting.result is None or waiting.error is not None:
                return
            try:
                level.take(waiting)
            except Exception as error:  # noqa: BLE001  # a user's conclusion may raise anything
                waiting.error = error
                self._failed_at(waiting.keys)
                return
        if not level.independent:
            self._offer(level)
        self._complete(level)

    def _complete(self, level: Level) -> None:
        """Finish the node that a level is inside of, once that has come to its end."""
        node = level.above
        if not level.complete or node is None:
            return
        try:
            level.conclude()
        except Exception as error:  # noqa: BLE001  # a user's conclusion may raise anything
            node.error = error
        self._finish(node)

    def _failed_at(self, place: Place) -> None:
        self._end = place if self._end is None else min(self._end, place)

    def _settle(self, level: Level) -> None:
        """Settle in path order what is complete.

        Raises:
            Exception: The first failure.
        """
        while level.begun:
            node = level.begun[0]
            if node.held is not None:
                node.held.release()
            if node.inside is not None:
                self._settle(node.inside)
                if node.inside.begun:
                    return
            if self._keeper is not None:
                self._keeper.publish(node)
            if node.error is not None:
                raise node.error
            if not node.taken:
                return
            if self._keeper is not None:
                self._keeper.add(node)
            level.begun.popleft()
            if node.inside is None:
                self._unsettled -= 1
        if level.error is not None:
            raise level.error

    def _cancel(self) -> None:
        """Take back what has not begun to run; what has, stays in ``_running``."""
        for future in list(self._running):
            if future.cancel():
                del self._running[future]

    def _let_end(self) -> None:
        """Take back what waits, wait for what runs, and keep what that comes to."""
        self._cancel()
        wait_for(self._running)
        if self._keeper is None:
            return
        for future, node in self._running.items():
            if future.exception() is None and isinstance(future.result(), Answer):
                self._keeper.keep(node, future.result().content)
