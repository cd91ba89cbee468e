"""Workers on this machine: each lane is a loky pool of one process.

So the end of a worker, wanted or not, concerns its own batch alone, and there is no guess at which
one died. Where a worker is in its batch it writes into eight bytes of a file that both map.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import re
import shutil
import signal
import struct
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from loky import cpu_count, process_executor
from loky.process_executor import ProcessPoolExecutor, ShutdownExecutorError

from containers.errors import ExecutorError
from containers.executors.folders import SharedFolder
from containers.executors.lanes import Backend, Came, Died, Lost, Tell
from containers.executors.packing import Common, pack
from containers.executors.sharing import Shared, write_content
from containers.executors.units import LOADING, Batch, Result, announce, run_batch

__all__ = ["FilesBackend", "ProcessesBackend"]

WATCH_S: Final = 0.25
"""How often a worker looks whether its parent is still there."""


class FilesBackend(Backend):
    """What workers need that see this machine's files: shared values are mapped from a folder."""

    def __init__(self) -> None:
        self._folder: Final = SharedFolder()
        self.folder: Final = self._folder.path

    def share(self, value: object) -> Shared:
        """Write a value where workers can map it.

        Raises:
            ExecutorError: It cannot be sent, or not be written; no file is left.
        """
        common = Common()
        shared = Shared(value, common, self.folder / f"{uuid4().hex}.arrow", _free)
        assert shared.file is not None  # just named
        try:
            with shared.file.open("wb") as sink:
                write_content(value, common, sink)
        except OSError as error:
            shared.release()
            raise ExecutorError(
                f"what units share could not be written to {self.folder}: {error.strerror}; "
                "expected room there (TMPDIR names another place)"
            ) from error
        except BaseException:
            shared.release()
            raise
        return shared

    def pack(self, thing: object, shared: Shared) -> bytes:
        """Give a function or an item as bytes."""
        assert shared.common is not None  # it was shared here
        return pack(thing, shared.common, grow=False)

    def unpack(self, content: Any) -> Any:
        """Give what a worker packed."""
        return pickle.loads(content)

    def close(self) -> None:
        """Remove the folder."""
        self._folder.remove()


def _free(shared: Shared) -> None:
    assert shared.file is not None  # it has one, being of this backend
    shared.file.unlink(missing_ok=True)


class ProcessesBackend(FilesBackend):
    """Processes of this machine, begun when first needed.

    Args:
        workers: How many, at least 1; null for as many as there are processors for this process.
    """

    exact = True
    start_s = 300.0

    def __init__(self, workers: int | None) -> None:
        super().__init__()
        count = cpu_count() if workers is None else workers
        self.name = f"processes:{count}"
        self.lanes = self._all = [_ProcessLane(self.folder, number) for number in range(count)]

    def close(self) -> None:
        """End all workers, whatever they do, and remove the folder."""
        for lane in self._all:
            lane.end()
        for lane in self._all:
            lane.join()
        super().close()


class _ProcessLane:
    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._number = folder, number
        self._generation = 0
        self._pool: ProcessPoolExecutor | None = None
        self._file: Path | None = None
        self._place = _Place()
        self._ending: list[threading.Thread] = []

    def send(self, batch: Batch, tell: Tell) -> None:
        for _ in range(2):
            if self._pool is None:
                self._pool = self._begin()
            place = self._place
            place.position = -1
            try:
                future = self._pool.submit(run_batch, batch)
            except BrokenExecutor:  # it died while it had nothing to do
                self.end()
                continue
            future.add_done_callback(partial(_report, place, tell))
            return
        tell(Died("", -1))

    def position(self) -> int | None:
        position = self._place.position
        return None if position < 0 else position

    def end(self) -> None:
        if self._pool is not None and self._file is not None:
            thread = threading.Thread(target=self._pool.shutdown, args=(True, True), daemon=True)
            thread.start()
            self._ending = [*(each for each in self._ending if each.is_alive()), thread]
            self._pool = None
            self._file.unlink(missing_ok=True)

    def join(self) -> None:
        """Wait until all that was ended has gone."""
        for thread in self._ending:
            thread.join()

    def _begin(self) -> ProcessPoolExecutor:
        self._generation += 1
        file = self._file = self._folder / f"worker-{self._number}-{self._generation}"
        file.write_bytes(bytes(_Place.SIZE))
        self._place = _Place(file)
        resource_tracker.ensure_running()  # it unblocks signals, which is not to happen below
        pool = ProcessPoolExecutor(1, initializer=_begin_worker, initargs=(os.getpid(), file))
        # A worker has the mask of this thread: it is not to see a Ctrl-C before it ignores them.
        with contextlib.suppress(AttributeError):  # Windows has no mask
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        return pool


class _Place:
    """Where a worker is in its batch, as both sides see it: a position, -1, or `LOADING`."""

    SIZE: Final = 8

    def __init__(self, file: Path | None = None) -> None:
        self._bytes: mmap.mmap | bytearray = bytearray(self.SIZE)
        if file is not None:
            with file.open("r+b") as stream:
                self._bytes = mmap.mmap(stream.fileno(), self.SIZE)

    @property
    def position(self) -> int:
        position: int = struct.unpack_from("<q", self._bytes)[0]
        return position

    @position.setter
    def position(self, position: int) -> None:
        struct.pack_into("<q", self._bytes, 0, position)


def _report(place: _Place, tell: Tell, done: Future[list[Result] | None]) -> None:
    error = done.exception()
    if error is None:
        results = done.result()
        tell(Lost("the files of what units share are gone") if results is None else Came(results))
    elif not isinstance(error, ShutdownExecutorError):  # that is what `end` leads to
        how = re.search(r"[A-Z]+\(-?\d+\)", str(error))
        position = 0 if place.position == LOADING else place.position  # on behalf of the first
        tell(Died(how[0] if how else f"{type(error).__name__}: {error}", position))


# ---- in the worker ----------------------------------------------------------------------------


def _begin_worker(parent: int, file: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends workers
    with contextlib.suppress(AttributeError):  # Windows has no mask
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_watch, args=(parent, file.parent), daemon=True).start()
    # loky would begin workers anew whose memory grows; ours map files of any size.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    place = _Place(file)
    announce(lambda position: setattr(place, "position", position))


def _watch(parent: int, folder: Path) -> None:
    """End this process, and remove what it was given, when the parent has gone."""
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    shutil.rmtree(folder, ignore_errors=True)  # other workers are at the same
    os._exit(1)
