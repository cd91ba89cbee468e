"""Where the units of a phase are handed out, and what comes of them is taken in.

A `Desk` gives what was finished before the run was interrupted, and has everything else run: in
this process when it is called, or by the workers of a `RemoteDesk`, as `declarative.scheduling`
asks. What has finished is kept at once, whatever its turn; records, and the name of the unit's
folder, wait for it.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Final

from msgspec.structs import replace

from containers.errors import StorageError, WorkerError
from containers.executors import Shared, UnitExecutor
from containers.failures import describe_error
from containers.journal import ErrorRaised, IterationStarted, Journal, JournalPath, Record
from containers.results import IterationResult
from containers.storage import (
    PhaseStore,
    UnitRecord,
    decode_unit,
    encode_unit,
)
from declarative.scheduling import Gate
from declarative.tasks import (
    Answer,
    Failed,
    Handed,
    Leaf,
    UnitFailedError,
    UnitRunner,
    run_in_worker,
)
from declarative.work import warmed

__all__ = ["Desk", "RemoteDesk"]


class Desk:
    """Has units run in this process, one when it is called.

    Args:
        runner: Runs them.
        store: Keeps them; null: nothing is stored.
    """

    def __init__(self, runner: UnitRunner, store: PhaseStore | None) -> None:
        self._runner: Final = runner
        self._store: Final = store

    def __call__(self, leaf: Leaf) -> UnitRecord:
        """Give what comes of a unit.

        Raises:
            UnitFailedError: It failed, and that has been journalled.
            StorageError: It could not be kept.
        """
        position, store = leaf.position, self._store
        known = self.known(leaf, position.gate)
        if known is not None:
            return known
        record = self._runner.run(leaf)
        if store is None:
            return record
        content = encode_unit(record)
        store.keep(position.keys, content)
        store.publish(position.keys, record.part)
        return decode_unit(content, store.root)

    def known(self, leaf: Leaf, gate: Gate) -> UnitRecord | None:
        """Give what came of a unit before the run was interrupted; null: it has to be run.

        Raises:
            StorageError: What was kept is damaged, or is another unit's.
        """
        store = self._store
        record = None if store is None else store.unit(leaf.position.keys)
        if record is None:
            return None
        if not _is_of(leaf, record.result):
            raise StorageError(
                f"unit {leaf.position.keys} of the phase was bars {record.result.window} with "
                f"{record.result.parameters} when it ran, and now is {leaf.name}, bars "
                f"{leaf.first} to {leaf.last}, with {leaf.parameters}; start a run of its own"
            )
        return self._taken(leaf, record, gate)

    def _taken(self, leaf: Leaf, record: UnitRecord, gate: Gate) -> UnitRecord:
        """Let records and folder of a unit that ran elsewhere, or before, wait for their turn."""
        started = leaf.started(record.result.window)
        gate.do(partial(_write, leaf.position.journal, started, record.journal))
        if self._store is None or record.part is None:
            return record
        gate.do(partial(self._store.publish, leaf.position.keys, record.part))
        return record


class RemoteDesk(Desk):
    """Has units run by an executor's workers.

    Args:
        runner: Runs units; workers are handed it.
        store: Keeps them; null: nothing is stored.
        path: Of the phase, in the journal.
        executor: Has the workers.
    """

    def __init__(
        self,
        runner: UnitRunner,
        store: PhaseStore | None,
        path: JournalPath,
        executor: UnitExecutor,
    ) -> None:
        super().__init__(runner, store)
        self._executor: Final = executor
        self._shared: Final[Shared] = executor.share(Handed(runner, path))

    def submit(self, leaf: Leaf) -> Future[Answer | Failed]:
        """Send a unit to a worker.

        Raises:
            ExecutorError: It cannot be sent.
        """
        return self._executor.submit(run_in_worker, self._shared, leaf.item())

    def received(self, leaf: Leaf, future: Future[Answer | Failed], gate: Gate) -> UnitRecord:
        """Take what a worker gave.

        Raises:
            UnitFailedError: The unit failed, or no worker came to its end.
            StorageError: It could not be kept.
            Exception: What is no failure of the unit.
        """
        try:
            answer = future.result()
        except WorkerError as error:
            answer = self._given_up(leaf, error)
        journal, keys = leaf.position.journal, leaf.position.keys
        if isinstance(answer, Failed):
            gate.do(partial(_write, journal, answer.started, answer.journal))
            raise UnitFailedError(answer.error)
        root = None
        if self._store is not None:
            root = self._store.root
            self._store.keep(keys, answer.content)
        record = decode_unit(answer.content, root)
        if answer.trace is not None:
            record = replace(record, result=replace(record.result, trace=answer.trace))
        return self._taken(leaf, record, gate)

    def _given_up(self, leaf: Leaf, error: WorkerError) -> Failed:
        """Say of a unit that no worker came to an end with what a worker would have said."""
        _, warmup_bars = warmed(self._runner.work.unit(leaf.around), leaf.around)
        described = describe_error(error, (*leaf.position.journal.path, ("unit", 0)))
        started = leaf.started(leaf.window(warmup_bars))
        return Failed(started, (ErrorRaised(error=described),), described)

    def close(self) -> None:
        """Let the workers forget the phase."""
        self._shared.release()


def _is_of(leaf: Leaf, result: IterationResult) -> bool:
    """Say whether a result is that of a unit, as far as is decided before it runs."""
    window = result.window
    return (
        (leaf.name, leaf.first, leaf.last) == (window.name, window.first_bar, window.last_bar)
        and leaf.parameters == result.parameters
        and leaf.around.spawn_key == result.spawn_key
    )


def _write(journal: Journal, started: IterationStarted, records: tuple[Record, ...]) -> None:
    journal.write(started)
    unit = journal.child("unit", 0)
    for record in records:
        unit.write(record)
