"""Running a command that may do anything, until it ends or is ended.

It has a session of its own, so that a Ctrl-C at the terminal is not for it and all that it begins
can be ended with it. Whatever it prints is read and only the last of it kept; whether it closes
its streams, floods them or never ends, the caller gets an `Ending`.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal
from uuid import uuid4

import msgspec

from parity.errors import SubjectError
from parity.subjects.limits import Limits
from parity.subjects.processes import end_all, has_ended, memory_of

__all__ = ["Ending", "supervise"]

_MARK: Final = "PARITY_SUBJECT"
_LOOK_S: Final = 0.05
"""Between two looks at memory and at whether it has ended. Memory is filled at about 3 GB a second,
so a hog is at most some hundred megabytes over its limit when it is ended."""
_PIECE: Final = 65_536
_PIECES_LEFT: Final = 64
"""More than pipes hold, and an end of reading even if something still writes to them."""
_TAIL: Final = 4_096
"""Bytes kept of what it printed."""


class Ending(msgspec.Struct, frozen=True):
    """How a command ended.

    Attributes:
        reason: By itself, or why it was ended.
        code: Its exit code, below 0 the signal that ended it.
        tail: The last of what it printed, to either stream.
    """

    reason: Literal["itself", "time", "memory"]
    code: int
    tail: bytes


def supervise(
    command: Sequence[str],
    environment: Mapping[str, str],
    limits: Limits,
    hear: Callable[[bytes], None] | None = None,
) -> Ending:
    """Run a command to its end; nothing that it began is left, also when this is interrupted.

    Args:
        command: Two numbers are appended: of the pipe whose end says that this process is gone, and
            of the one it may tell things through.
        environment: Of the command.
        limits: When it is ended.
        hear: Is given what it tells, in pieces as they come; null: nobody listens.

    Raises:
        SubjectError: It could not be begun.
    """
    mark = f"{_MARK}={uuid4().hex}"
    alive, here = os.pipe()
    told, tell = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                [*command, str(alive), str(tell)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**environment, _MARK: mark.partition("=")[2]},
                pass_fds=(alive, tell), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise SubjectError(f"its process could not be begun: {error.strerror}") from error
        finally:
            os.close(alive)
            os.close(tell)
        try:
            return _watched(process, told, limits, hear, mark)
        finally:
            if process.returncode is None:  # interrupted: until it is waited for, its number is its
                end_all(process.pid, mark.encode())
                process.wait()
            assert process.stdout is not None  # it was asked for
            process.stdout.close()
    finally:
        os.close(told)
        os.close(here)


def _watched(
    process: subprocess.Popen[bytes],
    told: int,
    limits: Limits,
    hear: Callable[[bytes], None] | None,
    mark: str,
) -> Ending:
    assert process.stdout is not None  # it was asked for
    tail = bytearray()

    def keep(piece: bytes) -> None:
        tail.extend(piece)
        del tail[:-_TAIL]

    reason: Literal["itself", "time", "memory"] = "itself"
    began = look = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for stream, take in ((process.stdout.fileno(), keep), (told, hear or (lambda piece: None))):
            os.set_blocking(stream, False)
            selector.register(stream, selectors.EVENT_READ, take)
        while not has_ended(process.pid):
            now = time.monotonic()
            if limits.time_s is not None and now - began > limits.time_s:
                reason = "time"
                break
            if limits.memory_bytes is not None and now >= look:
                if memory_of(process.pid) > limits.memory_bytes:
                    reason = "memory"
                    break
                look = time.monotonic() + _LOOK_S
            _read(selector, _LOOK_S)
        # What it began may hold the pipes open for ever: ended first, so that they have an end.
        end_all(process.pid, mark.encode())
        for _ in range(_PIECES_LEFT):
            if not selector.get_map() or not _read(selector, _LOOK_S):
                break
    return Ending(reason, process.wait(), bytes(tail))


def _read(selector: selectors.BaseSelector, wait_s: float) -> bool:
    """Read a piece of whatever there is; answer whether there was something."""
    ready = selector.select(wait_s)
    for key, _ in ready:
        piece = os.read(key.fd, _PIECE)
        if piece:
            key.data(piece)
        else:
            selector.unregister(key.fd)
    return bool(ready)
