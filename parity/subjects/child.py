"""The process of a subject: takes an order, runs it, leaves an answer. See `isolated`.

It is begun afresh, never forked, with ``main(order, alive, tell)``. Whatever the subject does with
streams, folders and environment of its process, order and answer have absolute paths.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from containers.errors import ContainersError, ExecutorError
from containers.files import write_aside
from parity.errors import ParityError, UsageError
from parity.subjects.wire import decode, encode

if TYPE_CHECKING:
    from containers.journal import Entry

__all__ = ["ANSWER", "Answer", "Order", "main"]

ANSWER: Final = "answer"
"""Name of the file, below the order's folder."""
_BEFORE_S: Final = 0.3
"""How long before its time is up a subject's process says where it is: nobody can ask it later."""

Answer: TypeAlias = Mapping[Literal["record", "name", "usage", "error"], Any]
"""The record; or how the subject calls itself; or why it cannot be made, or not be sent."""


class Order(msgspec.Struct, frozen=True):
    """What a process is to do.

    Attributes:
        engine: Of the specification.
        options: Of the specification, those left out that are about the process.
        patterns: A folder of the user's patterns; null: none.
        components: A folder of his components; null: none.
        executor: Where units run, as text, opened for the run; null: nothing is opened.
        folder: Where it leaves its answer, and traces.
        ends_s: When its time is up, on the clock that all processes share; null: never.
        runs: Whether it is to run; else only to be made.
        tells: Whether somebody listens to its progress.
        config: What to run.
        root: The subject's own folder.
    """

    engine: str
    options: Mapping[str, str]
    patterns: Path | None
    components: Path | None
    executor: str | None
    folder: Path
    ends_s: float | None = None
    runs: bool = False
    tells: bool = False
    config: Any = None
    root: Path | None = None


def main(order_file: str, alive: str, tell: str) -> None:
    """Do what the order says and leave; whatever else the subject began is left behind."""
    import resource  # not on every system, and this module is imported by whoever orders, too

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no file
    _die_with_parent()
    threading.Thread(target=_watch, args=(int(alive),), daemon=True).start()
    order = Order(**decode(Path(order_file).read_bytes()))
    if order.ends_s is not None:
        # It watches from outside the interpreter: a hang in C is shown as well.
        faulthandler.dump_traceback_later(max(order.ends_s - time.monotonic() - _BEFORE_S, 0.001))
    path = list(sys.path)
    try:
        answer: Answer = _done(order, int(tell))
        sys.path[:] = path  # writing may import, whatever the subject has done to it
        content = encode(dict(answer), order.folder / "traces")
    except (UsageError, ExecutorError) as error:
        content = encode({"usage": str(error)}, order.folder)
    except (ParityError, ContainersError, RecursionError) as error:
        content = encode({"error": f"its record could not be handed over: {error}"}, order.folder)
    write_aside(order.folder / ANSWER, content)
    with contextlib.suppress(Exception):  # it may have closed or replaced them
        sys.stdout.flush()
        sys.stderr.flush()
    # Its run is over: threads it left, and what it wants done at exit, are no part of it.
    os._exit(0)


def _done(order: Order, tell: int) -> Answer:
    from containers.executors import open_executor
    from parity.own import Own
    from parity.subjects.guard import record_of
    from parity.subjects.specification import SubjectSpec, subject_for

    own = Own(order.patterns, order.components)
    spec = SubjectSpec(order.engine, order.options)
    with open_executor(order.executor) as executor:
        subject = subject_for(spec, own, _teller(tell) if order.tells else None, executor)
        if not order.runs:
            return {"name": subject.name}
        assert order.root is not None  # whoever orders a run says where
        return {"record": record_of(subject, order.config, order.root)}


def _teller(tell: int) -> Callable[[Entry], None]:
    """Give a consumer of journals that tells what progress is made of."""
    from parity.commands.progress import TELLING

    encoder = msgspec.msgpack.Encoder()
    listened = True

    def consume(entry: Entry) -> None:
        nonlocal listened
        if listened and type(entry.record) in TELLING:
            piece = encoder.encode(entry)
            try:
                os.write(tell, len(piece).to_bytes(4, "big") + piece)
            except OSError:  # the subject has closed what it did not open
                listened = False

    return consume


def _die_with_parent() -> None:
    """Ask the system to end this process with the other one, also while C code lets nobody run.

    What this process began is then left to itself; `_watch`, where it can run, ends that too.
    """
    if sys.platform == "linux":
        import ctypes

        set_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_signal, signal.SIGKILL)


def _watch(alive: int) -> None:
    """End this process and what it began when the one that ordered has gone."""
    try:
        os.read(alive, 1)
    except OSError:
        return  # the subject has closed it
    os.killpg(os.getpgrp(), signal.SIGKILL)
