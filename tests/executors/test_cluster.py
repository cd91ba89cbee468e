"""The workers of a Dask cluster: a scheduler and two workers with nannies, each a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from distributed import Client

from containers.errors import ExecutorError, WorkerError
from containers.executors import UnitExecutor, cluster, dispatch, open_executor
from tests.executors import work
from tests.executors.conftest import MakeMarket, wait_until

ROOT: Final = Path(__file__).resolve().parents[2]


class Cluster:
    """A scheduler and some workers, begun as a user would."""

    def __init__(self, folder: Path, workers: int, *options: str) -> None:
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._begin(
            "scheduler", "--port", "0", "--scheduler-file", str(file), "--no-show"
        )
        wait_until(lambda: file.exists() and bool(file.read_text()), 30, "the scheduler begins")
        self.address = str(json.loads(file.read_text())["address"]).removeprefix("tcp://")
        self.workers = [
            self._begin("worker", self.address, "--nthreads", "1", *options) for _ in range(workers)
        ]

    def _begin(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--no-dashboard"],
            env=self._environment,
            cwd=self._folder,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that a nanny and its worker can be ended as one
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it began."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"), workers=2)
    yield made
    made.end()


@pytest.fixture
def spec(begun: Cluster) -> str:
    """The text of an executor whose workers are both there."""
    with Client(begun.address, set_as_default=False) as client:
        wait_until(lambda: len(client.nthreads()) == 2, 30, "both workers are there")
    return f"dask://{begun.address}"


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Begin a cluster of the test's own."""
    made: list[Cluster] = []

    def make(workers: int, *options: str) -> Cluster:
        made.append(Cluster(tmp_path, workers, *options))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_units_come_back_each_with_its_own_result(spec: str) -> None:
    with open_executor(spec) as executor:
        assert executor is not None
        assert executor.workers == 2
        shared = executor.share(3)
        futures = [executor.submit(work.multiply, shared, item) for item in range(500)]
        assert [future.result(60) for future in futures] == [3 * item for item in range(500)]
        again = [executor.submit(work.multiply, shared, 1) for _ in range(3)]
        ids = {executor.submit(work.pid, shared, 0).result(60) for _ in range(3)}
        assert [future.result(60) for future in again] == [3, 3, 3]
        assert os.getpid() not in ids


def test_equal_units_all_run(spec: str, tmp_path: Path) -> None:
    with open_executor(spec) as executor:
        assert executor is not None
        shared = executor.share(tmp_path)
        futures = [executor.submit(work.count_run, shared, "same") for _ in range(20)]
        for future in futures:
            future.result(60)
    assert work.runs(tmp_path, "same") == 20


def test_what_a_unit_raises_comes_out_as_it_is(spec: str) -> None:
    with open_executor(spec) as executor:
        assert executor is not None
        shared = executor.share(None)
        raised = executor.submit(work.raise_chained, shared, True).exception(60)
        assert repr(raised) == "ValueError('last')"
        assert raised is not None
        assert repr(raised.__cause__) == "KeyError('middle')"
        lost = executor.submit(work.raise_own, shared, ("a", "b")).exception(60)
        assert isinstance(lost, WorkerError)
        assert isinstance(executor.submit(work.give_lock, shared, 0).exception(60), WorkerError)


def test_market_data_arrive_bit_for_bit_and_cannot_be_written(
    spec: str, make_market: MakeMarket
) -> None:
    market = make_market()
    part = market["A", "1h"].rows(20, 90)
    with open_executor(spec) as executor:
        assert executor is not None
        shared = executor.share({"market": market, "again": market})
        said = executor.submit(work.describe_market, shared, part).result(60)
        assert said["bytes"] == {key: work.market_bytes(bars) for key, bars in market.items()}
        assert said["item"] == work.market_bytes(part)
        assert said["same"]
        assert not said["writable"]
        shared.release()


def test_a_users_files_are_not_looked_for_on_the_workers_disk(
    spec: str, tmp_path: Path, load_users: Callable[[Path], Any]
) -> None:
    module = load_users(tmp_path)
    (tmp_path / "mine.py").rename(tmp_path / "gone.txt")
    with open_executor(spec) as executor:
        assert executor is not None
        with pytest.raises(ExecutorError, match="No such file"):
            executor.share(module.Own())  # never sent, so its text is not known
    (tmp_path / "gone.txt").rename(tmp_path / "mine.py")
    with open_executor(spec) as executor:
        assert executor is not None
        shared = executor.share(module.Own())
        (tmp_path / "mine.py").unlink()
        expected = module.Pair(module.Settings(4), module.Kind.UP)
        assert executor.submit(work.decide, shared, 4).result(60) == expected


def test_a_file_that_was_changed_between_two_runs_is_taken_as_it_is_now(
    spec: str, tmp_path: Path
) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from containers.components.discovery import load_modules\n"
        "from containers.executors import open_executor\n"
        "from tests.executors import work\n"
        "(module,) = load_modules(Path(sys.argv[2]))\n"
        "with open_executor(sys.argv[1]) as executor:\n"
        "    shared = executor.share(module.Own())\n"
        "    print({executor.submit(work.decide, shared, 0).result(60) for _ in range(8)})\n"
    )
    said = []
    for answer in (1, 2):
        (tmp_path / "mine.py").write_text(
            f"class Own:\n    def decide(self, _):\n        return {answer}\n"
        )
        command = [sys.executable, "-c", script, spec, str(tmp_path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.append(done.stdout.strip())
    assert said == ["{1}", "{2}"]


def test_a_unit_whose_workers_die_has_a_worker_error_and_no_other(
    spec: str, tmp_path: Path
) -> None:
    with open_executor(spec) as executor:
        assert executor is not None
        shared = executor.share({"folder": tmp_path, "at": 3, "how": "SIGKILL"})
        futures = [executor.submit(work.die_on, shared, item) for item in range(10)]
        came = [future.exception(60) or future.result() for future in futures]
        guilty = came.pop(3)
        assert came == [item * 10 for item in range(10) if item != 3]
        assert isinstance(guilty, WorkerError)
        assert "the worker of a unit died 3 times" in str(guilty)
        assert work.runs(tmp_path, 3) >= 3


def test_what_is_shared_is_sent_again_after_all_workers_have_died(
    spec: str, begun: Cluster
) -> None:
    with open_executor(spec) as executor, Client(begun.address, set_as_default=False) as client:
        assert executor is not None
        shared = executor.share(5)
        assert executor.submit(work.multiply, shared, 1).result(60) == 5
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        futures = [executor.submit(work.multiply, shared, item) for item in range(20)]
        assert [future.result(60) for future in futures] == [5 * item for item in range(20)]


def test_a_unit_that_is_over_its_limit_is_given_up_with_its_worker(spec: str) -> None:
    with open_executor(spec, unit_timeout_s=0.5) as executor:
        assert executor is not None
        shared = executor.share(None)
        before = worker_ids(executor, shared)
        late = executor.submit(work.sleep, shared, 600.0)
        others = [executor.submit(work.sleep, shared, 0.1) for _ in range(6)]
        error = late.exception(60)
        assert isinstance(error, WorkerError)
        assert "was not finished within 0.5 s" in str(error)
        assert [other.result(60) for other in others] == [0.1] * 6
    wait_until(lambda: not any(map(os.path.exists, [f"/proc/{p}" for p in before])), 20, "ended")


def worker_ids(executor: UnitExecutor, shared: Any) -> set[int]:
    ids: set[int] = set()
    limit = time.monotonic() + 30
    while len(ids) < 2 and time.monotonic() < limit:
        futures = [executor.submit(work.slow_pid, shared, None) for _ in range(2)]
        ids |= {future.result(60) for future in futures}
    return ids


def test_the_executor_of_a_client_of_the_callers_is_left_open(spec: str, begun: Cluster) -> None:
    with Client(begun.address, set_as_default=False) as client:
        own = client.get_executor(pure=False)
        with open_executor(own) as executor:
            assert executor is not None
            assert executor.workers == 2
            shared = executor.share(3)
            futures = [executor.submit(work.multiply, shared, item) for item in range(100)]
            assert [future.result(60) for future in futures] == [3 * item for item in range(100)]
        assert client.status == "running"
        assert own.submit(int).result(60) == 0


def test_a_scheduler_that_goes_away_is_an_executor_error_at_once(
    make_cluster: Callable[..., Cluster], capfd: pytest.CaptureFixture[str]
) -> None:
    own = make_cluster(1)
    with open_executor(f"dask://{own.address}") as executor:
        assert executor is not None
        shared = executor.share(None)
        assert executor.submit(work.sleep, shared, 0.0).result(60) == 0.0
        futures = [executor.submit(work.sleep, shared, 600.0) for _ in range(5)]
        capfd.readouterr()
        own.scheduler.kill()
        begun = time.monotonic()
        for future in futures:
            error = future.exception(60)
            assert isinstance(error, ExecutorError)
            assert str(error) == f"the scheduler of dask://{own.address} went away"
        with pytest.raises(ExecutorError):
            executor.share(1)
        assert isinstance(executor.submit(work.sleep, shared, 0.0).exception(60), ExecutorError)
    assert time.monotonic() - begun < 5
    assert capfd.readouterr().err == ""


def test_a_cluster_that_loses_all_its_workers_is_an_executor_error(
    make_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ALONE_S", 2.0)
    own = make_cluster(1)
    with open_executor(f"dask://{own.address}") as executor:
        assert executor is not None
        future = executor.submit(work.sleep, executor.share(None), 600.0)
        end(own.workers[0])
        error = future.exception(60)
        assert isinstance(error, ExecutorError)
        assert "has had no workers for 2 s" in str(error)


def test_a_scheduler_that_says_nothing_any_more_is_an_executor_error(
    make_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ALONE_S", 2.0)
    own = make_cluster(1)
    with open_executor(f"dask://{own.address}") as executor:
        assert executor is not None
        future = executor.submit(work.sleep, executor.share(None), 600.0)
        os.kill(own.scheduler.pid, signal.SIGSTOP)
        error = future.exception(60)
        assert isinstance(error, ExecutorError)
        assert "has not answered for 2 s" in str(error)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10


def test_a_unit_that_hangs_a_worker_without_a_nanny_is_given_up_all_the_same(
    make_cluster: Callable[..., Cluster],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dispatch, "AGAIN_S", 1.0)
    own = make_cluster(1, "--no-nanny")
    with open_executor(f"dask://{own.address}", unit_timeout_s=0.5) as executor:
        assert executor is not None
        late = executor.submit(work.sleep, executor.share(None), 600.0)
        error = late.exception(60)
        assert isinstance(error, WorkerError)
        assert "was not finished within" in str(error)
    assert "could not be ended" in caplog.text


def test_a_scheduler_without_workers_is_refused(
    make_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1.5)
    own = make_cluster(0)
    with (
        pytest.raises(ExecutorError, match=r"has no workers after 1\.5 s; start some: dask worker"),
        open_executor(f"dask://{own.address}"),
    ):
        pass


def test_a_scheduler_that_does_not_answer_is_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        port = taken.getsockname()[1]
        begun = time.monotonic()
        with (
            pytest.raises(ExecutorError, match=f"dask://127.0.0.1:{port} cannot be reached within"),
            open_executor(f"dask://127.0.0.1:{port}"),
        ):
            pass
        assert time.monotonic() - begun < 6
    assert capfd.readouterr().err == ""


def test_without_distributed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ExecutorError, match=r"pip install 'paritykit\[dask\]'"),
        open_executor("dask://127.0.0.1:1"),
    ):
        pass


def test_leaving_a_cluster_says_nothing(spec: str, capfd: pytest.CaptureFixture[str]) -> None:
    with open_executor(spec) as executor:
        assert executor is not None
        shared = executor.share(1)
        executor.submit(work.multiply, shared, 1).result(60)
        running = [executor.submit(work.sleep, shared, 2.0) for _ in range(5)]
    assert all(isinstance(future.exception(0), ExecutorError) for future in running)
    assert capfd.readouterr().err == ""
