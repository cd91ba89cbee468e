"""Executors of the caller's."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from containers.errors import ExecutorError, WorkerError
from containers.executors import open_executor
from containers.executors.units import Batch
from tests.executors import work
from tests.executors.conftest import MakeMarket, folders


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


def test_threads_get_the_shared_value_itself() -> None:
    value, lock = [1], threading.Lock()
    with ThreadPoolExecutor(3) as threads, open_executor(threads) as executor:
        assert executor is not None
        assert executor.workers == 3
        shared = executor.share(value)
        assert executor.submit(lambda given, _: given is value, shared, None).result(30)
        assert executor.submit(work.second, shared, lock).result(30) is lock
        assert executor.submit(work.second, shared, b"bytes").result(30) == b"bytes"
        error = ValueError("as it is")
        assert executor.submit(work.raise_it, shared, error).exception(30) is error


def test_an_executor_of_the_callers_is_left_open() -> None:
    with ThreadPoolExecutor(1) as threads:
        with open_executor(threads) as executor:
            assert executor is not None
            assert executor.submit(work.multiply, executor.share(2), 3).result(30) == 6
        assert threads.submit(int).result(30) == 0


def test_processes_of_the_callers_map_what_is_shared(
    processes: Executor, make_market: MakeMarket
) -> None:
    market = make_market()
    with open_executor(processes) as executor:
        assert executor is not None
        assert executor.workers == 2
        shared = executor.share({"market": market})
        said = executor.submit(work.describe_market, shared, market["B", "5m"].rows(3, 9))
        assert said.result(60)["mapped"]
        assert said.result(60)["item_mapped"]
        assert said.result(60)["pid"] != os.getpid()
        factor = executor.share(4)
        futures = [executor.submit(work.multiply, factor, item) for item in range(300)]
        assert [future.result(60) for future in futures] == [4 * item for item in range(300)]
        raised = executor.submit(work.raise_own, shared, ("a", "b")).exception(60)
        assert isinstance(raised, WorkerError)
    assert folders() == set()
    assert processes.submit(int).result(60) == 0


class Elsewhere(ThreadPoolExecutor):
    """Workers that see no file of this machine: they are told of a place that does not exist."""

    def __init__(self, deaf: bool = False) -> None:
        super().__init__(2)
        self.contents: list[bytes] = []
        self.deaf = deaf

    def submit(self, run: Callable[..., Any], /, batch: Any, *content: Any) -> Future[Any]:  # type: ignore[override]  # narrower on purpose
        self.contents += content
        token, _ = batch.shared.__reduce__()[1]
        there = batch.shared.__reduce__()[0](token, Path("/no/such/file"))
        if self.deaf:
            content = ()
        return super().submit(run, Batch(there, batch.function, batch.items), *content)


def test_workers_that_do_not_see_the_file_are_sent_the_content_once(
    make_market: MakeMarket,
) -> None:
    market = make_market()
    part = market["A", "1m"].rows(5, 10)
    with Elsewhere() as far, open_executor(_hidden(far)) as executor:
        assert executor is not None
        shared = executor.share({"market": market})
        for _ in range(4):
            said = executor.submit(work.describe_market, shared, part).result(60)
            assert said["bytes"] == {key: work.market_bytes(bars) for key, bars in market.items()}
            assert said["item"] == work.market_bytes(part)
            assert not said["writable"]
    assert len(far.contents) == 1


def test_workers_that_take_nothing_that_is_shared_are_an_executor_error() -> None:
    with Elsewhere(deaf=True) as far, open_executor(_hidden(far)) as executor:
        assert executor is not None
        raised = executor.submit(work.multiply, executor.share(1), 1).exception(60)
        assert isinstance(raised, ExecutorError)
        assert "takes nothing that is shared" in str(raised)


class _Hidden(Executor):
    """Hides that it has threads."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner
        self._max_workers = 2

    def submit(self, run: Callable[..., Any], /, *args: Any) -> Future[Any]:  # type: ignore[override]  # narrower on purpose
        return self._inner.submit(run, *args)


def _hidden(inner: Executor) -> Executor:
    return _Hidden(inner)


def test_a_broken_executor_is_an_executor_error_for_all_that_wait() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own,
        open_executor(own) as executor,
    ):
        assert executor is not None
        shared = executor.share(None)
        futures = [executor.submit(work.leave, shared, 1) for _ in range(3)]
        futures.append(executor.submit(work.sleep, shared, 0.0))
        for future in futures:
            error = future.exception(60)
            assert isinstance(error, ExecutorError)
            assert "ProcessPoolExecutor takes no more units: BrokenProcessPool" in str(error)
        late = executor.submit(work.sleep, shared, 0.0).exception(60)
        assert isinstance(late, ExecutorError)


def test_an_executor_that_was_shut_down_is_an_executor_error() -> None:
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    with open_executor(threads) as executor:
        assert executor is not None
        error = executor.submit(work.multiply, executor.share(1), 1).exception(60)
        assert isinstance(error, ExecutorError)
        assert "ThreadPoolExecutor takes no more units: RuntimeError" in str(error)


def test_a_thread_that_is_over_its_limit_is_left_to_itself(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        with open_executor(threads, unit_timeout_s=0.3) as executor:
            assert executor is not None
            shared = executor.share(tmp_path)
            begun = time.monotonic()
            late = executor.submit(work.mark_and_wait, shared, 1)
            others = [executor.submit(work.second, shared, item) for item in range(5)]
            assert "was not finished within 0.3 s" in str(late.exception(60))
            assert time.monotonic() - begun < 5
            assert [other.result(60) for other in others] == list(range(5))
        (tmp_path / "go").touch()


def test_processes_of_the_callers_have_limits_of_time(processes: Executor, tmp_path: Path) -> None:
    with open_executor(processes, unit_timeout_s=0.5) as executor:
        assert executor is not None
        shared = executor.share(tmp_path)
        late = executor.submit(work.mark_and_wait, shared, 1)
        assert "was not finished within 0.5 s" in str(late.exception(60))
        (tmp_path / "go").touch()
        assert executor.submit(work.second, shared, 5).result(60) == 5
