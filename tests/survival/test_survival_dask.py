"""Units on a Dask cluster: a real scheduler and two workers, each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from containers.errors import ExecutorError
from containers.journal import Entry, UnitExecuted
from tests.survival.observing import observe
from tests.survival.studies import everything, nested

ENGINES = ("imperative", "declarative")
PATIENCE_S = 30.0


class Cluster:
    """A scheduler and two workers without nannies, so that a dead worker stays dead."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._processes: list[subprocess.Popen[str]] = []
        scheduler = self._begin(
            "scheduler", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
            "--no-dashboard",
        )  # fmt: skip
        host = self._wait_for(scheduler, r"tcp://([0-9.]+:[0-9]+)")
        self.address = f"dask://{host}"
        for number in range(2):
            name = f"worker-{number}"
            self._begin(
                name, "distributed.cli.dask_worker", f"tcp://{host}", "--no-nanny",
                "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
            )  # fmt: skip
        for number in range(2):
            self._wait_for(f"worker-{number}", r"Registered to:")

    def _begin(self, name: str, module: str, *arguments: str) -> str:
        with (self._folder / f"{name}.log").open("w") as log:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", module, *arguments],
                    stdout=log, stderr=log, text=True, cwd=self._folder,
                )
            )  # fmt: skip
        return name

    def _wait_for(self, name: str, pattern: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            text = (self._folder / f"{name}.log").read_text()
            found = re.search(pattern, text)
            if found:
                return found[found.lastindex or 0]
            time.sleep(0.02)
        raise TimeoutError(f"{name} does not say {pattern}: {text}")

    def kill(self, number: int) -> None:
        """Kill a process: 0 is the scheduler."""
        os.kill(self._processes[number].pid, signal.SIGKILL)

    def close(self) -> None:
        """End everything that still runs."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster")
    yield made
    made.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    made = Cluster(tmp_path_factory.mktemp("dask") / "cluster")
    yield made.address
    made.close()


@pytest.mark.parametrize(
    ("engine", "make", "storage"),
    [
        ("imperative", everything, "disk"),
        ("declarative", everything, "hybrid"),
        ("imperative", nested, "memory"),
        ("declarative", nested, "disk"),
    ],
)
def test_dask_comes_to_what_serial_running_comes_to(
    engine: str, make: Any, storage: str, lasting: str, tmp_path: Path
) -> None:
    study = make(tmp_path / "market", storage)
    for name in ("serial", "dask"):
        (tmp_path / name).mkdir()
    serial = observe(engine, study, tmp_path / "serial")
    assert serial.document["success"]
    assert observe(engine, study, tmp_path / "dask", executor=lasting) == serial


def long_sweep(folder: Path) -> Any:
    """Give a sweep of sixty combinations, so that there is a middle of it."""
    space = {"momentum.fast_period": list(range(1, 11)), "momentum.slow_period": [11, 12, 13]}
    return nested(
        folder, parameter_space=space, monte_carlo={"iterations": 1}, trace_level="detailed"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sweep_survives_the_death_of_a_worker_with_every_combination_once(
    engine: str, cluster: Cluster, tmp_path: Path
) -> None:
    study = long_sweep(tmp_path / "market")
    for name in ("serial", "dask"):
        (tmp_path / name).mkdir()
    serial = observe(engine, study, tmp_path / "serial")
    finished = 0

    def hear(entry: Entry) -> None:
        nonlocal finished
        finished += isinstance(entry.record, UnitExecuted)
        if finished == 5 and isinstance(entry.record, UnitExecuted):
            cluster.kill(1)

    seen = observe(engine, study, tmp_path / "dask", executor=cluster.address, consumers=[hear])
    assert seen == serial
    assert finished == sum(e["record"]["type"] == "UnitExecuted" for e in serial.journal) > 60


@pytest.mark.parametrize("engine", ENGINES)
def test_a_scheduler_that_vanishes_fails_the_phase_and_the_run_is_resumed_elsewhere(
    engine: str, cluster: Cluster, tmp_path: Path
) -> None:
    study = long_sweep(tmp_path / "market")
    for name in ("serial", "dask"):
        (tmp_path / name).mkdir()
    serial = observe(engine, study, tmp_path / "serial")
    ended: list[int] = []

    def hear(entry: Entry) -> None:
        if isinstance(entry.record, UnitExecuted) and not ended:
            ended.append(1)
            threading.Thread(target=cluster.kill, args=(0,)).start()

    seen = observe(engine, study, tmp_path / "dask", executor=cluster.address, consumers=[hear])
    assert not seen.document["success"]
    assert seen.document["error"]["type"] == "ExecutorError"
    assert seen.document["error"]["path"] == "iteration=0/phase=work"
    assert observe(engine, study, tmp_path / "dask", resume=True) == serial


@pytest.mark.parametrize("engine", ENGINES)
def test_a_scheduler_that_is_not_there_is_refused_before_anything_is_written(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("containers.executors.cluster.CONNECT_S", 0.5)
    study = nested(tmp_path / "market")
    with pytest.raises(ExecutorError, match=r"127\.0\.0\.1:9"):
        observe(engine, study, tmp_path, executor="dask://127.0.0.1:9")
    assert not (tmp_path / "results").exists()
