"""Wherever units run: the same result, journal and files, bit for bit."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from containers.executors import UnitExecutor, open_executor
from tests.survival.failing import when_fast
from tests.survival.observing import Study, observe
from tests.survival.studies import everything, nested

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("imperative", "declarative")
STORAGES = ("memory", "disk", "hybrid")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def processes() -> Iterator[UnitExecutor]:
    with open_executor("processes:2") as executor:
        assert executor is not None
        yield executor


class Shuffled(Executor):
    """Runs everything in threads, and lets results come in another order than they were asked."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(3)
        self._draw = random.Random(5)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        pause_s = self._draw.uniform(0.0, 0.01)

        def late() -> Any:
            time.sleep(pause_s)
            return fn(*args, **kwargs)

        return self._threads.submit(late)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def observed(engine: str, study: Study, root: Path, executor: Any) -> Any:
    root.mkdir()
    return observe(engine, study, root, executor=executor)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("make", [nested, everything])
def test_processes_come_to_what_serial_running_comes_to(
    engine: str, make: Any, storage: str, processes: UnitExecutor, tmp_path: Path
) -> None:
    study = make(tmp_path / "market", storage)
    serial = observed(engine, study, tmp_path / "serial", None)
    assert serial.document["success"]
    assert observed(engine, study, tmp_path / "processes", processes) == serial


def test_the_order_in_which_units_finish_decides_nothing(engine: str, tmp_path: Path) -> None:
    study = everything(tmp_path / "market")
    serial = observed(engine, study, tmp_path / "serial", "serial")
    with Shuffled() as executor:
        assert observed(engine, study, tmp_path / "shuffled", executor) == serial


@pytest.mark.parametrize(("make", "full"), [(everything, True), (nested, False)])
def test_modes_of_storage_differ_in_no_number(
    engine: str, make: Any, full: bool, tmp_path: Path
) -> None:
    seen = {}
    for storage in STORAGES:
        settings: Any = {"results": {"storage": storage, "store_full_results": full}}
        study = make(tmp_path / "market", **settings)
        seen[storage] = observed(engine, study, tmp_path / storage, None)
    assert seen["hybrid"].files == seen["disk"].files

    def bare(value: Any) -> Any:
        """Leave out where things lie, and the configuration, which says how they are stored."""
        if isinstance(value, dict):
            left_out = ("path", "results_path", "results", "digest_of_files")
            return {k: bare(v) for k, v in value.items() if k not in left_out}
        return [bare(item) for item in value] if isinstance(value, list) else value

    documents = {storage: bare(one.document) for storage, one in seen.items()}
    assert documents["disk"] == documents["hybrid"] == documents["memory"]


@pytest.mark.parametrize("storage", ["memory", "disk"])
def test_of_units_that_fail_the_first_in_order_is_told_and_nothing_of_later_ones(
    engine: str, storage: str, processes: UnitExecutor, tmp_path: Path
) -> None:
    space = {"momentum.fast_period": [1, 2, 3]}
    study = nested(tmp_path / "market", storage, parameter_space=space)
    study = Study(study.config, study.definitions, {"components": when_fast()})
    serial = observed(engine, study, tmp_path / "serial", None)
    assert serial.document["error"]["type"] == "TooFastError"
    assert observed(engine, study, tmp_path / "processes", processes) == serial


def elsewhere(job: Mapping[str, Any], **environment: str) -> Any:
    """Observe a run in a process of its own, under another environment; give the digests."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.survival.looking", json.dumps(job)],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_hash_seed_time_zone_locale_and_workers_decide_nothing(engine: str, tmp_path: Path) -> None:
    expected = observe(engine, everything(tmp_path / "market"), tmp_path)
    job = {"engine": engine, "study": "everything", "executor": "processes:3"}
    # The hash seed of this process is another one every time.
    other = elsewhere(job, PYTHONHASHSEED="77", TZ="Asia/Kathmandu", LC_ALL="C.UTF-8")
    assert other == expected.digests()
