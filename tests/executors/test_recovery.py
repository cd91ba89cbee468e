"""Workers that die, hang, or lose their parent."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from containers.errors import ExecutorError, WorkerError
from containers.executors import Shared, UnitExecutor, open_executor
from tests.executors import work
from tests.executors.conftest import folders, is_there, wait_until, workers_of

COUNT = 24
GUILTY = 7


def begin_both(executor: UnitExecutor, folder: Path) -> Shared:
    """Share a folder, and have both workers begin."""
    shared = executor.share(folder)
    futures = [executor.submit(work.mark_and_wait, shared, item) for item in (0, 1)]
    wait_until(lambda: len(list(folder.glob("begun-*"))) == 2, 30, "both workers begin")
    (folder / "go").touch()
    assert len({future.result(60) for future in futures}) == 2
    return shared


def outcomes(spec: str, shared: dict[str, Any], timeout_s: float | None = None) -> list[Any]:
    """Run `work.die_on` for all items; give results, and exceptions in their place."""
    with open_executor(spec, unit_timeout_s=timeout_s) as executor:
        assert executor is not None
        handle = executor.share(shared)
        futures = [executor.submit(work.die_on, handle, item) for item in range(COUNT)]
        return [future.exception(60) or future.result() for future in futures]


@pytest.mark.parametrize("how", ["exit", "SIGKILL", "SIGSEGV"])
def test_a_unit_whose_worker_dies_three_times_has_a_worker_error_and_no_other(
    tmp_path: Path, how: str
) -> None:
    came = outcomes("processes:2", {"folder": tmp_path, "at": GUILTY, "how": how})
    guilty = came.pop(GUILTY)
    assert came == [item * 10 for item in range(COUNT) if item != GUILTY]
    assert isinstance(guilty, WorkerError)
    ended = {"exit": "EXIT(3)", "SIGKILL": "SIGKILL(-9)", "SIGSEGV": "SIGSEGV(-11)"}[how]
    assert str(guilty) == (
        f"the worker of a unit died 3 times, the last with {ended}; run it serial to see how, and "
        "look for too little memory or a crash in compiled code"
    )
    assert work.runs(tmp_path, GUILTY) == 3


def test_a_unit_whose_worker_dies_twice_succeeds(tmp_path: Path) -> None:
    shared = {"folder": tmp_path, "at": GUILTY, "how": "SIGKILL", "times": 2}
    assert outcomes("processes:2", shared) == [item * 10 for item in range(COUNT)]
    assert work.runs(tmp_path, GUILTY) == 3


def test_a_suspect_runs_alone(tmp_path: Path) -> None:
    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = begin_both(executor, tmp_path)
        futures = [executor.submit(work.die_unless_alone, shared, item) for item in range(8)]
        beside = [future.result(60) for future in futures]
    assert beside[3] == 1
    assert max(beside) == 2, "others do run side by side, or this test shows nothing"


def test_two_guilty_units_are_told_from_the_innocent(tmp_path: Path) -> None:
    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = executor.share({"folder": tmp_path, "at": 1, "how": "exit"})
        other = executor.share({"folder": tmp_path, "at": 2, "how": "SIGKILL"})
        futures = [executor.submit(work.die_on, (shared, other)[i % 2], i) for i in (0, 2, 1, 4)]
        handles = [executor.submit(work.die_on, shared, 1), executor.submit(work.die_on, other, 2)]
        assert [future.result(60) for future in futures] == [0, 20, 10, 40]
        assert all(isinstance(future.exception(60), WorkerError) for future in handles)


def test_a_worker_killed_while_idle_is_replaced() -> None:
    with open_executor("processes:1") as executor:
        assert executor is not None
        shared = executor.share(2)
        for item in range(2):
            pid = executor.submit(work.pid, shared, item).result(60)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not is_there(pid), 5, "it dies")  # type: ignore[misc]
        assert executor.submit(work.multiply, shared, 4).result(60) == 8


@pytest.mark.parametrize("how", ["SIGSTOP", "sleep"])
def test_a_unit_that_is_over_its_limit_is_given_up_with_its_worker(
    tmp_path: Path, how: str
) -> None:
    before = workers_of(os.getpid())
    with open_executor("processes:2", unit_timeout_s=1.0) as executor:
        assert executor is not None
        stop = executor.share({"folder": tmp_path, "at": GUILTY, "how": how})
        plain = executor.share(None)
        begun = time.monotonic()
        if how == "sleep":
            guilty: Any = executor.submit(work.sleep, plain, 600.0)
        else:
            guilty = executor.submit(work.die_on, stop, GUILTY)
        others = [executor.submit(work.sleep, plain, 0.3) for _ in range(6)]
        error = guilty.exception(30)
        assert time.monotonic() - begun < 5
        assert isinstance(error, WorkerError)
        assert str(error) == (
            "a unit was not finished within 1 s, and its worker was given up; "
            "give it more time (unit_timeout_s) if it needs it"
        )
        assert [other.result(30) for other in others] == [0.3] * 6
    assert workers_of(os.getpid()) <= before


def test_short_units_that_travel_with_one_that_hangs_are_not_blamed(tmp_path: Path) -> None:
    shared = {"folder": tmp_path, "at": GUILTY, "how": "SIGSTOP"}
    came = outcomes("processes:1", shared, timeout_s=0.7)
    guilty = came.pop(GUILTY)
    assert came == [item * 10 for item in range(COUNT) if item != GUILTY]
    assert "was not finished within 0.7 s" in str(guilty)
    assert work.runs(tmp_path, GUILTY) == 1


def test_the_limit_is_of_each_unit_and_not_of_what_runs_before_it() -> None:
    with open_executor("processes:1", unit_timeout_s=0.7) as executor:
        assert executor is not None
        shared = executor.share(None)
        futures = [executor.submit(work.sleep, shared, item) for item in (0.4, 0.4, 0.2, 0.4)]
        assert [future.result(30) for future in futures] == [0.4, 0.4, 0.2, 0.4]


def test_without_a_limit_the_longest_unit_so_far_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from containers.executors import dispatch

    monkeypatch.setattr(dispatch, "LONG_S", 0.2)
    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = executor.share(None)
        long = executor.submit(work.sleep, shared, 0.3)
        assert long.result(30) == 0.3, "none has finished before it, so it has no limit"
        assert executor.submit(work.sleep, shared, 0.6).result(30) == 0.6, "50 times 0.3 s"
        monkeypatch.setattr(dispatch, "TIMES_LONGEST", 1.2)
        raised = executor.submit(work.sleep, shared, 600.0).exception(30)
        assert re.search(r"was not finished within [01]\.\d+ s", str(raised)), "1.2 times 0.6 s"


def test_workers_that_cannot_begin_are_an_executor_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from containers.executors import processes

    monkeypatch.setattr(processes, "_begin_worker", work.refuse_to_begin)
    with open_executor("processes:2") as executor:
        assert executor is not None
        futures = [executor.submit(work.pid, executor.share(1), item) for item in range(5)]
        for future in futures:
            error = future.exception(60)
            assert isinstance(error, ExecutorError)
            assert "workers of executor processes:2 end before they begin a unit" in str(error)
        later = executor.submit(work.pid, executor.share(1), 0)
        assert isinstance(later.exception(60), ExecutorError)


def test_workers_leave_ctrl_c_to_their_parent() -> None:
    with open_executor("processes:1") as executor:
        assert executor is not None
        shared = executor.share(None)
        assert executor.submit(work.environment, shared, "HOME").result(60)[0]
        pid = executor.submit(work.pid, shared, None).result(60)
        os.kill(pid, signal.SIGINT)
        assert executor.submit(work.pid, shared, None).result(60) == pid


def test_nothing_is_lost_or_doubled_while_workers_are_killed_at_random(tmp_path: Path) -> None:
    random = Random(7)
    done, killed = threading.Event(), list[int]()

    def kill_some() -> None:
        while len(killed) < 5 and not done.wait(random.uniform(0.05, 0.3)):
            begun = {int(file.suffix[1:]) for file in tmp_path.glob("at-work.*")}
            begun &= workers_of(os.getpid())
            for pid in random.sample(sorted(begun), min(1, len(begun))):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = executor.share(tmp_path)
        killer = threading.Thread(target=kill_some)
        killer.start()
        items = [random.uniform(0.0, 0.02) for _ in range(150)]
        futures = [executor.submit(work.sleep_and_tell, shared, item) for item in items]
        try:
            assert [future.result(60) for future in futures] == items
        finally:
            done.set()
            killer.join()
    assert killed


def test_closing_at_once_leaves_no_worker() -> None:
    before = workers_of(os.getpid())
    for _ in range(3):
        with open_executor("processes:2") as executor:
            assert executor is not None
            shared = executor.share(1)
            futures = [executor.submit(work.multiply, shared, item) for item in range(3)]
        assert all(future.done() for future in futures)
    assert workers_of(os.getpid()) <= before


def test_a_folder_that_goes_away_is_an_executor_error(own_temporary_folder: Path) -> None:
    with open_executor("processes:1") as executor:
        assert executor is not None
        shared = executor.share(1)
        other = executor.submit(work.multiply, executor.share(2), 2)
        assert other.result(60) == 4
        (folder,) = folders()
        for file in folder.glob("*.arrow"):
            file.unlink()
        error = executor.submit(work.multiply, shared, 1).exception(60)
        assert isinstance(error, ExecutorError)
        assert "the files of what units share are gone" in str(error)
    with open_executor("processes:1") as executor:
        assert executor is not None
        shutil.rmtree(own_temporary_folder)
        with pytest.raises(ExecutorError, match=r"could not be written to .* No such file"):
            executor.share(1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_our_own_leaves_no_future_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    from containers.executors.dispatch import DispatchingExecutor

    def fail(self: DispatchingExecutor) -> None:
        raise RuntimeError("not foreseen")

    with open_executor("processes:1") as executor:
        assert executor is not None
        shared = executor.share(1)
        monkeypatch.setattr(DispatchingExecutor, "_dispatch", fail)
        futures = [executor.submit(work.multiply, shared, 1)]
        error = futures[0].exception(60)
        assert isinstance(error, ExecutorError)
        assert str(error) == "executor processes:1 failed: RuntimeError: not foreseen"
        wait_until(lambda: not folders(), 5, "it closes")
        with pytest.raises(ExecutorError, match="has been closed"):
            executor.submit(work.multiply, shared, 1)


SCRIPT = """
import sys, time
from containers.executors import Shared, UnitExecutor, open_executor
from tests.executors import work
with open_executor("processes:2") as executor:
    shared = executor.share([0])
    ids = {executor.submit(work.pid, shared, 0).result()}
    futures = [executor.submit(work.sleep, shared, 600) for _ in range(4)]
    print("ready", flush=True)
    futures[0].result()
"""


def begin_script(folder: Path) -> tuple[subprocess.Popen[str], set[int]]:
    """Begin a process of two workers, both at work; give it and them."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    wait_until(lambda: len(workers_of(process.pid)) == 2, 20, "both workers begin")
    return process, workers_of(process.pid)


def test_no_worker_and_no_file_outlives_a_parent_that_was_killed(
    own_temporary_folder: Path,
) -> None:
    process, workers = begin_script(own_temporary_folder)
    assert folders()
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(is_there, workers)), 2, f"{workers} end within 2 s")
    wait_until(lambda: not folders(), 2, "the folder goes")


def test_a_folder_that_a_killed_process_left_is_removed_by_the_next(
    own_temporary_folder: Path,
) -> None:
    script = (
        "import os\n"
        "from containers.executors import Shared, UnitExecutor, open_executor\n"
        "with open_executor('processes:1') as executor:\n"
        "    executor.share([0])\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    (left,) = folders()
    assert list(left.glob("*.arrow"))
    with open_executor("processes:1"):
        assert left in folders(), "it could be that of a process that has only just made it"
    os.utime(left, (1e9, 1e9))
    not_ours = own_temporary_folder / "paritykit-other"
    not_ours.mkdir()
    os.utime(not_ours, (1e9, 1e9))
    with open_executor("processes:1"), open_executor("processes:1"):
        assert left not in folders()
        assert len(folders()) == 3
    assert folders() == {not_ours}


def test_ctrl_c_ends_all_workers_without_a_word_of_theirs(own_temporary_folder: Path) -> None:
    process, workers = begin_script(own_temporary_folder)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: parent and workers alike
    _, error = process.communicate(timeout=20)
    assert error.count("Traceback") == 1
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert not [pid for pid in workers if psutil.pid_exists(pid)]
    assert not folders()


def test_a_script_needs_no_guard_and_can_define_what_it_sends(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from containers.executors import Shared, UnitExecutor, open_executor\n"
        "class Own:\n"
        "    def decide(self, item):\n"
        "        return item + 1\n"
        "def run(shared, item):\n"
        "    return shared.decide(item)\n"
        "with open_executor('processes:2') as executor:\n"
        "    shared = executor.share(Own())\n"
        "    print(sum(executor.submit(run, shared, i).result() for i in range(5)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("15\n", "")


def test_a_value_whose_loading_kills_workers_is_the_failure_of_its_first_unit() -> None:
    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = executor.share(work.DeadlyLoad())
        error = executor.submit(work.multiply, shared, 1).exception(60)
        assert isinstance(error, WorkerError)
        assert "died 3 times, the last with EXIT(9)" in str(error)
        assert executor.submit(work.multiply, executor.share(2), 2).result(60) == 4


def test_the_time_to_load_what_is_shared_is_not_the_units() -> None:
    with open_executor("processes:1", unit_timeout_s=0.4) as executor:
        assert executor is not None
        shared = executor.share(work.SlowLoad())
        assert executor.submit(work.second, shared, 3).result(60) == 3


def test_units_that_take_longer_than_expected_do_not_pile_up_in_one_worker(tmp_path: Path) -> None:
    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = begin_both(executor, tmp_path)
        for future in [executor.submit(work.second, shared, item) for item in range(400)]:
            future.result(60)
        futures = [executor.submit(work.long_pid, shared, None) for _ in range(12)]
        ids = [future.result(60) for future in futures]
        assert 4 <= ids.count(ids[0]) <= 8
