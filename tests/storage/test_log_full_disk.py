"""A disk that takes no more leaves a log as it was."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import containers
from containers.errors import StorageError
from containers.storage.log import LogWriter, recover
from tests.storage.logs import OWNER, RECORDS, open_files, read, write


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    script = (
        "import pathlib, resource, signal\n"
        "from containers.errors import StorageError\n"
        "from containers.storage.log import LogWriter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"writer = LogWriter(pathlib.Path({str(tmp_path / 'log')!r}), {OWNER!r})\n"
        "writer.append((0,), b'x' * 1000)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))\n"
        "for size in (5000, 2000, 1990):\n"
        "    try:\n"
        "        writer.append((1,), b'y' * size)\n"
        "    except StorageError as error:\n"
        "        print(error)\n"
        "writer.append((2,), b'z' * 1000)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "writer.append((3,), b'a' * 5000)\n"
        "writer.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(containers.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    refused = (
        f"{tmp_path / 'log'} could not be written: File too large; what was complete stays: make "
        "room, or make the place writable, and try again"
    )
    assert done.stdout.splitlines() == [refused] * 3
    assert read(tmp_path / "log") == {
        (0,): b"x" * 1000, (2,): b"z" * 1000, (3,): b"a" * 5000,
    }  # fmt: skip


Write = Callable[[int, Any, int], int]


def short_of_room(written: int, real: Write) -> Write:
    """Stand for a disk that takes so many bytes of a record, and no more."""
    calls = iter((written,))

    def pwrite(file: int, content: Any, place: int) -> int:
        for size in calls:
            return real(file, content[:size], place)
        raise OSError(errno.ENOSPC, "No space left on device")

    return pwrite


@pytest.mark.parametrize("written", [0, 1, 24, 30])
@pytest.mark.parametrize("stuck", [False, True])
def test_a_part_of_a_record_is_cut_off_at_the_latest_by_the_next_write(
    written: int, stuck: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter(tmp_path / "log", OWNER)
    writer.append((0,), b"first")

    def fail(*_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", short_of_room(written, os.pwrite))
        if stuck:
            patch.setattr(os, "ftruncate", fail)
        with pytest.raises(StorageError, match="could not be written: No space left on device"):
            writer.append((1,), b"x" * 1000)
    if not stuck:
        assert read(tmp_path / "log") == {(0,): b"first"}
    writer.append((2,), b"")
    writer.close()
    assert read(tmp_path / "log") == {(0,): b"first", (2,): b""}


def test_a_write_in_parts_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, rest, place: real(file, rest[:7], place))
    write(tmp_path / "log", RECORDS)
    assert read(tmp_path / "log") == dict(RECORDS)


def test_a_writer_that_cannot_begin_lets_go_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_files()
    monkeypatch.setattr(os, "pwrite", short_of_room(5, os.pwrite))
    with pytest.raises(StorageError, match="could not be written"):
        LogWriter(tmp_path / "log", OWNER)
    assert open_files() == before
    assert recover(tmp_path / "log", OWNER) == ({}, 0)


def test_a_writer_that_was_closed_writes_no_more(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "log", OWNER)
    writer.close()
    writer.close()
    with pytest.raises(StorageError, match="could not be written: Bad file descriptor"):
        writer.append((0,), b"")
    assert read(tmp_path / "log") == {}
