"""Processes that changed code runs in: each in a session of its own, ended with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["Ended", "Processes"]


class Ended(msgspec.Struct, frozen=True):
    """How a process ended.

    Attributes:
        code: Its exit code, negative for a signal; null: it was cut off.
        last: The last line it wrote.
    """

    code: int | None
    last: str

    @property
    def told(self) -> str:
        """What there is to say of it."""
        if self.code is None:
            return "time limit"
        if self.code < 0:
            return f"died of {signal.Signals(-self.code).name}"
        return self.last or f"exit code {self.code}"


class Processes:
    """Runs processes, from any number of threads, and can end all that are running."""

    def __init__(self) -> None:
        self._running: Final[set[subprocess.Popen[bytes]]] = set()
        self._lock: Final = threading.Lock()
        self._ended = False

    def call(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        output: Path,
        limit_s: float | None,
    ) -> Ended:
        """Run a command to its end, or to its limit.

        Args:
            command: Program and arguments.
            folder: Its working directory.
            environment: Its environment.
            output: File for what it writes.
            limit_s: Seconds it may take; null: as long as it likes.
        """
        with output.open("w+b") as written:
            with self._lock:
                if self._ended:
                    return Ended(None, "")
                process = subprocess.Popen(
                    command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                    stdout=written, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
                self._running.add(process)
            try:
                code: int | None = process.wait(limit_s)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _end(process)
                with self._lock:
                    self._running.discard(process)
            written.seek(0)
            lines = written.read().decode("utf-8", "replace").strip().splitlines()
        return Ended(code, lines[-1].strip()[:200] if lines else "")

    def end(self) -> None:
        """End all that are running, and start no others."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, which share its session."""
    with suppress(ProcessLookupError, PermissionError):  # all of it has ended
        os.killpg(process.pid, signal.SIGKILL)
