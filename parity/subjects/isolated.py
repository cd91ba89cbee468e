"""A subject in a process of its own.

The process is begun afresh (`child`), is given an order through a file and answers through one, and
is supervised meanwhile (`supervision`). That it hangs, crashes, hoards or answers nonsense is a
verdict on the subject: an error whose name says what happened. What that says in words is the same
on every machine and every time, so that two subjects that end alike fail alike; what differs (the
last lines it printed) is for people only.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.files import write_aside
from containers.journal import Entry, JournalConsumer
from parity.errors import (
    SubjectCrashError,
    SubjectError,
    SubjectMemoryError,
    SubjectTimeoutError,
    UsageError,
)
from parity.own import ENGINES, Own
from parity.record import Record
from parity.subjects.child import ANSWER, Order
from parity.subjects.limits import UNLIMITED, Limits
from parity.subjects.specification import HASH_SEED, SubjectSpec
from parity.subjects.supervision import Ending, supervise
from parity.subjects.wire import decode, encode

__all__ = ["ProcessSubject"]

_BEGIN: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from parity.subjects.child import main; main(*sys.argv[1:])"
)
"""The path first: that process is to import what this one would, and nothing from where it is."""
_LINES: Final = 20
_LONGEST: Final = 2**24
"""Bytes of a record of the journal; what says that it is longer is none."""
_UNPRINTABLE: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\t\n\x20-\x7e\xa0-\U0010ffff]")


class ProcessSubject:
    """A subject that runs in a process of its own, each run in a new one.

    Args:
        spec: What to run there; ``hash_seed`` sets ``PYTHONHASHSEED``, else it is as it is here.
        own: A user's own patterns and components, loaded there.
        watch: Hears what progress is made of; null: nobody does.
        executor: Where units of our two engines run that say nothing of it, opened there for
            each run; null: in that process.
        limits: Of each run.
        environment: Variables that are set there and not here.

    Raises:
        UsageError: The engine can't be made, or its executor not be opened; what could fail is
            tried, in a process of its own.
    """

    def __init__(
        self,
        spec: SubjectSpec,
        own: Own,
        *,
        watch: JournalConsumer | None = None,
        executor: str | None = None,
        limits: Limits = UNLIMITED,
        environment: Mapping[str, str] = {},
    ) -> None:
        if not hasattr(os, "waitid"):
            raise UsageError(
                f"subject '{spec}' cannot have a process of its own: this system does not say that "
                "a process has ended before it is waited for (waitid); Linux does"
            )
        self.name = str(spec)
        self._watch = watch
        self._limits = limits
        self._environment = {**os.environ, **environment}
        options = dict(spec.options)
        if HASH_SEED in options:
            self._environment["PYTHONHASHSEED"] = options.pop(HASH_SEED)
        self._order: Final = Order(
            spec.engine,
            options,
            own.patterns,
            own.folder,
            options.get("executor", executor) if spec.engine in ENGINES else None,
            Path(),
        )
        if spec.engine not in ENGINES or self._order.executor is not None:
            self._try()

    def _try(self) -> None:
        with tempfile.TemporaryDirectory(prefix="parity-") as folder:
            try:
                answer = self._asked(self._order, Path(folder), None)
            except SubjectError as error:
                # What it printed says more than that it crashed, and there will be no report.
                text = "\n".join([str(error), *getattr(error, "__notes__", ())])
                raise UsageError(f"engine '{self._order.engine}' can't be made: {text}") from error
        if "usage" in answer:
            raise UsageError(str(answer["usage"]))

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config`` in a new process; its answer, and traces, lie beside ``root``.

        Raises:
            SubjectTimeoutError: It took longer than it may.
            SubjectMemoryError: It used more memory than it may.
            SubjectCrashError: It ended without an answer.
            SubjectError: It can't be made there, or its answer is none, or could not be sent.
        """
        root = root.absolute()
        root.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{root.name}.process-", dir=root.parent))
        order = msgspec.structs.replace(
            self._order, runs=True, config=config, root=root, tells=self._watch is not None
        )
        answer = self._asked(order, folder, self._watch)
        record = answer.get("record")
        if "usage" in answer:
            raise SubjectError(str(answer["usage"]))
        if not isinstance(record, Record):
            raise SubjectError(f"its process answered with {type(record).__name__}, no record")
        return msgspec.structs.replace(record, subject=self.name)

    def _asked(self, order: Order, folder: Path, watch: JournalConsumer | None) -> dict[str, Any]:
        limit = self._limits.time_s
        order = msgspec.structs.replace(
            order, folder=folder, ends_s=None if limit is None else time.monotonic() + limit
        )
        write_aside(folder / "order", encode(msgspec.structs.asdict(order), folder))
        path = json.dumps([os.fspath(entry) for entry in sys.path])
        ending = supervise(
            [sys.executable, "-P", "-X", "faulthandler", "-c", _BEGIN, path, str(folder / "order")],
            self._environment,
            self._limits,
            None if watch is None else _hearing(watch),
        )
        try:
            answer = self._answer(ending, folder / ANSWER)
        except SubjectError as error:
            for line in _last_lines(ending.tail):
                error.add_note(line)
            raise
        if "error" in answer:
            raise SubjectError(str(answer["error"]))
        return answer

    def _answer(self, ending: Ending, file: Path) -> dict[str, Any]:
        limits = self._limits
        if ending.reason == "time":
            raise SubjectTimeoutError(
                f"it did not come to its end within {limits.time_text}; --time-limit allows more"
            )
        if ending.reason == "memory":
            raise SubjectMemoryError(
                f"it used more than {limits.memory_text} of memory; --memory-limit allows more"
            )
        if ending.code < 0:
            raise SubjectCrashError(f"its process was ended by {_signal(-ending.code)}")
        if ending.code > 0 or not file.is_file():
            raise SubjectCrashError(
                f"its process left with exit code {ending.code} before it had given its record"
            )
        try:
            answer = decode(file.read_bytes())
        except (SubjectError, OSError) as error:
            raise SubjectError(f"what its process answered cannot be read: {error}") from error
        if not isinstance(answer, dict):
            raise SubjectError(f"its process answered with {type(answer).__name__}, no record")
        return answer


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    # The system ends who uses too much memory by the one signal that nobody can catch.
    return f"{name} (the system may have run out of memory)" if name == "SIGKILL" else name


def _last_lines(tail: bytes) -> list[str]:
    """Give the last lines that were printed, without what could move a terminal's cursor."""
    text = _UNPRINTABLE.sub("", tail.decode("utf-8", "replace"))
    return [f"| {line}" for line in text.splitlines() if line.strip()][-_LINES:]


def _hearing(watch: JournalConsumer) -> Callable[[bytes], None]:
    """Give a reader of what `child` tells: records of the journal, each after its length."""
    decoder = msgspec.msgpack.Decoder(Entry)
    held = bytearray()
    broken = False

    def hear(piece: bytes) -> None:
        nonlocal broken
        held.extend(piece)
        while not broken and len(held) >= 4:
            size = int.from_bytes(held[:4], "big")
            if size > _LONGEST:
                broken = True
            if len(held) < 4 + size:
                break
            try:
                watch(decoder.decode(held[4 : 4 + size]))
            except (msgspec.MsgspecError, StopIteration, ValueError, LookupError):
                broken = True  # the subject has told what no journal holds: it is heard no more
            del held[: 4 + size]
        if broken:
            held.clear()

    return hear
