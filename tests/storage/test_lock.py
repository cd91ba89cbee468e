"""One holder at a time, until it lets go or its process ends, however it ends."""

from __future__ import annotations

import os
import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from containers.errors import StorageError
from containers.storage import is_held
from containers.storage.lock import LOCK_FILE, RunLock
from tests.storage.logs import open_files
from tests.storage.processes import process


def test_a_lock_is_held_by_one_until_it_lets_go(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    lock = RunLock(tmp_path)
    assert lock.held
    assert is_held(tmp_path)
    assert not RunLock(tmp_path).held
    lock.release()
    assert not lock.held
    assert not is_held(tmp_path)
    lock.release()
    again = RunLock(tmp_path)
    assert again.held
    lock.release()
    assert is_held(tmp_path)
    again.release()


def test_of_threads_one_gets_the_lock(tmp_path: Path) -> None:
    together = Barrier(8)

    def take(_: int) -> RunLock:
        together.wait()
        return RunLock(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        locks = list(pool.map(take, range(8)))
    assert sum(lock.held for lock in locks) == 1
    for lock in locks:
        lock.release()


def test_who_looks_at_a_lock_gets_in_nobodys_way(tmp_path: Path) -> None:
    RunLock(tmp_path).release()
    with ThreadPoolExecutor(2) as pool:
        looks = pool.submit(lambda: [is_held(tmp_path) for _ in range(2_000)])
        while not looks.done():
            lock = RunLock(tmp_path)
            assert lock.held
            lock.release()
        looks.result()


HOLD = (
    "import pathlib, sys; from containers.storage.lock import RunLock\n"
    "lock = RunLock(pathlib.Path({folder!r}))\n"
    "assert lock.held\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


def test_the_lock_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    with process(HOLD.format(folder=str(tmp_path))) as holder:
        assert is_held(tmp_path)
        assert not RunLock(tmp_path).held
        holder.kill()
        holder.wait(60)
        assert not is_held(tmp_path)
        lock = RunLock(tmp_path)
        assert lock.held
        lock.release()


FORK = (
    "import os, pathlib, sys\n"
    "from containers.storage.lock import RunLock\n"
    "lock = RunLock(pathlib.Path({folder!r}))\n"
    "left, right = os.pipe()\n"
    "if os.fork():\n"
    "    os.close(right)\n"
    "    assert os.read(left, 1) == b'x'\n"
    "    {then}\n"
    "    print('ready', flush=True)\n"
    "    sys.stdin.read()\n"
    "else:\n"
    "    assert not lock.held\n"
    "    os.write(right, b'x')\n"
    "    os.read(0, 1)\n"
)


def test_a_forked_process_neither_holds_nor_frees_a_lock(tmp_path: Path) -> None:
    with process(FORK.format(folder=str(tmp_path), then="assert lock.held")) as holder:
        assert is_held(tmp_path)
        holder.kill()  # the process that it forked lives on, and waits for its input
        holder.wait(60)
        assert not is_held(tmp_path)


def test_a_lock_that_was_let_go_is_free_while_forked_processes_live(tmp_path: Path) -> None:
    with process(FORK.format(folder=str(tmp_path), then="lock.release()")):
        assert not is_held(tmp_path)


def test_locks_leave_no_files_open(tmp_path: Path) -> None:
    before = open_files()
    lock = RunLock(tmp_path)
    assert not RunLock(tmp_path).held
    is_held(tmp_path)
    lock.release()
    assert open_files() == before


def test_a_folder_that_nobody_may_write_to_can_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RunLock(tmp_path).release()
    real = os.open

    def read_only(path: Path, how: int, mode: int = 0o777) -> int:
        if how & (os.O_WRONLY | os.O_RDWR):
            raise PermissionError(13, "Permission denied")
        return real(path, how, mode)

    monkeypatch.setattr(os, "open", read_only)
    assert not is_held(tmp_path)
    with pytest.raises(StorageError, match="could not be locked: Permission denied; make the fold"):
        RunLock(tmp_path)


def test_a_disk_without_locks_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(*_: int) -> None:
        raise OSError(37, "No locks available")

    before = open_files()
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="could not be locked: No locks available; make the fol"):
        RunLock(tmp_path)
    with pytest.raises(StorageError, match="could not be locked: No locks available"):
        is_held(tmp_path)
    assert open_files() == before


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="could not be locked: Too many levels of symbolic link"):
        RunLock(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_that_is_not_free_is_waited_for_no_longer_than_a_moment(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    begin = time.monotonic()
    assert not RunLock(tmp_path).held
    assert time.monotonic() - begin < 10
    lock.release()
    assert stat.S_ISREG((tmp_path / LOCK_FILE).stat().st_mode)


@pytest.mark.parametrize("again", [False, True])
def test_the_lock_of_a_run_that_was_removed_meanwhile_is_nobodys(
    again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, folder = os.open, tmp_path / "run"

    def removed(*args: Any) -> int:
        file = real(*args)
        monkeypatch.undo()
        shutil.rmtree(folder)
        if again:
            folder.mkdir()
            locks.append(RunLock(folder))
        return file

    folder.mkdir()
    locks: list[RunLock] = []
    before = open_files()
    monkeypatch.setattr(os, "open", removed)
    assert not RunLock(folder).held
    assert [lock.held for lock in locks] == [True] * again
    for lock in locks:
        lock.release()
    assert open_files() == before
