"""Processes of this machine that one began, directly or not: their memory, and their end.

What Linux tells below ``/proc`` is used where it is there. Elsewhere memory is unknown, and of what
was begun only the process group is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["can_measure", "end_all", "has_ended", "memory_of"]

_PROC: Final = Path("/proc")
_COUNTED: Final = (b"RssAnon:", b"RssShmem:")
"""Memory that only the process's end gives back; pages of mapped files the system drops itself."""


def can_measure() -> bool:
    """Say whether the memory of a process can be asked for here."""
    return memory_of(os.getpid()) > 0


def memory_of(pid: int) -> int:
    """Give the bytes of memory that a process and those below it hold; 0 where nobody can say."""
    return sum(map(_held, _tree(pid)))


def _tree(pid: int) -> Iterator[int]:
    """Give a process and all below it; one whose parent has ended is below it no more."""
    yield pid
    with contextlib.suppress(OSError):  # it may end at any moment
        for task in (_PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                for child in (task / "children").read_bytes().split():
                    yield from _tree(int(child))


def _held(pid: int) -> int:
    held = 0
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_bytes().splitlines():
            if line.startswith(_COUNTED):
                held += int(line.split()[1]) * 1024
    return held


def has_ended(pid: int) -> bool:
    """Say whether a child of this process has ended, and leave it to be waited for.

    Until it is, no other process and no other group can have its number.
    """
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_all(group: int, mark: bytes) -> None:
    """End a process group, and every process whose environment holds ``mark``.

    Args:
        group: Number of a child of this process that leads the group, not yet waited for.
        mark: ``NAME=value`` as no other process has it. So what has left the group, as a daemon
            does, is found as well.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    ended: set[int] = set()
    # Until none is new: one can begin another until the moment when it is ended.
    while left := set(_marked(mark)) - ended:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended |= left


def _marked(mark: bytes) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for entry in _PROC.iterdir():
            if entry.name.isdecimal():
                # Those of others cannot be read; what has ended has none.
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        yield int(entry.name)
