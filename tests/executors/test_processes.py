"""Workers on this machine, while all goes well."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from containers.errors import ExecutorError, WorkerError
from containers.executors import UnitExecutor, open_executor
from containers.executors.packing import pack
from tests.executors import work
from tests.executors.conftest import MakeMarket, folders, wait_until, workers_of


@pytest.fixture(scope="module")
def pool() -> Iterator[UnitExecutor]:
    with open_executor("processes:2") as executor:
        assert executor is not None
        yield executor


def test_every_unit_has_its_own_result_whatever_order_they_end_in(pool: UnitExecutor) -> None:
    shared = pool.share(0.0)
    items = [0.03, 0.0, 0.02, 0.001, 0.0, 0.01] * 5
    random.Random(1).shuffle(items)
    futures = {pool.submit(work.sleep, shared, item): item for item in items}
    assert all(future.result() == futures[future] for future in as_completed(futures))


def test_units_run_in_several_workers_at_one_time(pool: UnitExecutor, tmp_path: Path) -> None:
    shared = pool.share(tmp_path)
    futures = [pool.submit(work.mark_and_wait, shared, item) for item in (0, 1)]
    begun = [tmp_path / f"begun-{item}" for item in (0, 1)]
    wait_until(lambda: all(file.exists() for file in begun), 20, "both begin before one ends")
    (tmp_path / "go").touch()
    ids = {future.result() for future in futures}
    assert len(ids) == pool.workers == 2
    assert os.getpid() not in ids


def test_thousands_of_short_units_all_come_back_once(pool: UnitExecutor) -> None:
    shared = pool.share(3)
    futures = [pool.submit(work.multiply, shared, item) for item in range(3000)]
    assert [future.result() for future in futures] == [3 * item for item in range(3000)]


def test_what_a_unit_raises_comes_out_as_it_is(pool: UnitExecutor) -> None:
    shared = pool.share(None)
    for error in (ValueError("wrong"), KeyError("k"), SystemExit(4), KeyboardInterrupt("now")):
        raised = pool.submit(work.raise_it, shared, error).exception()
        assert type(raised) is type(error)
        assert str(raised) == str(error)
        assert raised is not None
        assert "raise_it" in raised.__notes__[0]


def test_causes_come_with_what_was_raised(pool: UnitExecutor) -> None:
    shared = pool.share(None)
    raised = pool.submit(work.raise_chained, shared, True).exception()
    assert repr(raised) == "ValueError('last')"
    assert raised is not None
    middle = raised.__cause__
    assert repr(middle) == "KeyError('middle')"
    assert middle is not None
    assert (type(middle.__cause__).__name__, str(middle.__cause__)) == ("OwnError", "a and b")
    unchained = pool.submit(work.raise_chained, shared, False).exception()
    assert unchained is not None
    assert unchained.__cause__ is None
    assert repr(unchained.__context__) == "KeyError('middle')"


def test_an_exception_that_cannot_be_sent_is_a_worker_error_that_says_so(
    pool: UnitExecutor,
) -> None:
    raised = pool.submit(work.raise_own, pool.share(None), ("a", "b")).exception()
    assert isinstance(raised, WorkerError)
    assert str(raised) == (
        "a unit raised OwnError: a and b; this exception cannot be sent back from a worker "
        "(expected one that pickles; run serial to see it itself)"
    )


def test_a_result_that_cannot_be_sent_is_a_worker_error_that_says_so(pool: UnitExecutor) -> None:
    raised = pool.submit(work.give_lock, pool.share(None), None).exception()
    assert isinstance(raised, WorkerError)
    assert "what a unit gave, a lock, cannot be sent back from its worker: TypeError" in str(raised)


def test_what_cannot_be_sent_is_refused_at_once(pool: UnitExecutor) -> None:
    with pytest.raises(ExecutorError, match="what units share cannot be sent to workers: TypeErr"):
        pool.share({"deep": [threading.Lock()]})
    shared = pool.share(1)
    with pytest.raises(ExecutorError, match="a unit cannot be sent to a worker: TypeError"):
        pool.submit(work.multiply, shared, threading.Lock())


def test_market_data_are_mapped_and_not_copied(pool: UnitExecutor, make_market: MakeMarket) -> None:
    market = make_market()
    shared = pool.share({"market": market, "again": market})
    part = market["A", "1h"].rows(20, 90)
    said = pool.submit(work.describe_market, shared, part).result()
    assert said["bytes"] == {key: work.market_bytes(bars) for key, bars in market.items()}
    assert said["dtypes"] == ["bool"] * 3
    assert said["mapped"]
    assert not said["writable"]
    assert said["same"], "one market data is one object there too"
    assert said["item_mapped"], "a view in an item goes as positions"
    assert said["item"] == work.market_bytes(part)


def test_a_window_of_shared_market_data_goes_as_positions(
    pool: UnitExecutor, make_market: MakeMarket
) -> None:
    market = make_market()
    cut = market.cut(10**12, 2 * 10**13)
    shared = pool.share({"market": cut, "whole": market})
    said = pool.submit(work.describe_market, shared, None).result()
    assert said["bytes"] == {key: work.market_bytes(bars) for key, bars in cut.items()}
    assert said["mapped"]


def test_windows_in_items_go_as_positions(pool: UnitExecutor, make_market: MakeMarket) -> None:
    market = make_market(20_000)
    shared = pool.share({"market": market})
    assert shared.common is not None
    cut = market.cut(10**12, 10**15)
    assert len(pack((3, cut), shared.common, grow=False)) < 500
    _, there = pool.submit(work.second, shared, (3, cut)).result()
    assert [work.market_bytes(bars) for bars in there.values()] == [
        work.market_bytes(bars) for bars in cut.values()
    ]


def test_other_market_data_in_an_item_go_by_value(
    pool: UnitExecutor, make_market: MakeMarket
) -> None:
    other = make_market(seed=2)["A", "1m"]
    shared = pool.share({"market": make_market()})
    said = pool.submit(work.describe_market, shared, other).result()
    assert said["item"] == work.market_bytes(other)
    assert not said["item_mapped"]


def test_streams_without_bars_arrive(pool: UnitExecutor, make_market: MakeMarket) -> None:
    empty = make_market().cut(0, 1)
    said = pool.submit(work.describe_market, pool.share({"market": empty}), None).result()
    assert said["bytes"] == dict.fromkeys(empty, b"")


@pytest.fixture
def users(tmp_path: Path, load_users: Callable[[Path], Any]) -> Any:
    return load_users(tmp_path)


def test_components_of_a_users_files_arrive(pool: UnitExecutor, users: Any) -> None:
    shared = pool.share(users.Own())
    pairs = [pool.submit(work.decide, shared, item).result() for item in (1, 2)]
    assert pairs == [users.Pair(users.Settings(item), users.Kind.UP) for item in (1, 2)]


def test_items_can_hold_what_a_users_file_defines(pool: UnitExecutor, users: Any) -> None:
    item = users.Settings(7)
    assert pool.submit(work.second, pool.share(None), item).result() == item
    assert pool.submit(work.decide, pool.share(users.Base()), item).result().left.a == item


def test_a_users_module_itself_arrives(pool: UnitExecutor, users: Any) -> None:
    assert pool.submit(work.decide, pool.share([users]), 1).exception() is not None
    assert pool.submit(work.name_of, pool.share([users]), None).result() == users.__name__


def test_classes_made_in_a_function_arrive(pool: UnitExecutor) -> None:
    class Local:
        def decide(self, item: int) -> int:
            return item + 1

    assert pool.submit(work.decide, pool.share(Local()), 1).result() == 2
    again = Local()
    again.kept = 5  # type: ignore[attr-defined]  # any attribute
    assert type(pool.submit(work.second, pool.share(None), again).result()) is Local


def test_a_struct_that_would_arrive_without_its_fields_is_refused(pool: UnitExecutor) -> None:
    class Local(msgspec.Struct):
        a: int

    with pytest.raises(ExecutorError, match="expected it at the top of a module"):
        pool.share(Local(1))


def test_a_handle_gives_its_value_here_and_in_a_worker(pool: UnitExecutor) -> None:
    first, second = pool.share([1]), pool.share([2])
    assert first.value == [1]
    assert pool.submit(work.value_of_handle, first, second).result() == [2]


def test_values_that_were_released_do_not_pile_up_in_workers() -> None:
    with open_executor("processes:1") as executor:
        assert executor is not None
        for _ in range(8):
            shared = executor.share([0])
            kept = executor.submit(work.kept_values, shared, None).result()
            shared.release()
            shared.release()
        assert kept == 1
        with pytest.raises(ValueError, match="the shared value has been released"):
            executor.submit(work.kept_values, shared, None)
        many = [executor.share([0]) for _ in range(8)]
        counts = [executor.submit(work.kept_values, each, None).result() for each in many]
        assert max(counts) == 4


def test_closing_leaves_no_worker_and_no_file(own_temporary_folder: Path) -> None:
    with open_executor("processes:2") as executor:
        assert executor is not None
        shared = executor.share([1])
        ids = {executor.submit(work.pid, shared, None).result()}
        assert ids <= workers_of(os.getpid())
        (folder,) = own_temporary_folder.glob("paritykit-*")
        assert len(list(folder.glob("*.arrow"))) == 1
        running = executor.submit(work.sleep, shared, 60)
        waiting = [executor.submit(work.sleep, shared, 60) for _ in range(5)]
    executor.close()
    assert not [pid for pid in ids if psutil.pid_exists(pid)]
    assert folders() == set()
    for future in (running, *waiting):
        with pytest.raises(ExecutorError, match="executor processes:2 has been closed"):
            future.result(0)
    with pytest.raises(ExecutorError, match="executor processes:2 has been closed"):
        executor.submit(work.pid, shared, None)
    with pytest.raises(ExecutorError, match="executor processes:2 has been closed"):
        executor.share(1)


def test_an_error_in_the_caller_ends_workers_too() -> None:
    before = workers_of(os.getpid())

    def fail() -> None:
        with open_executor("processes:2") as executor:
            assert executor is not None
            executor.submit(work.pid, executor.share(1), None).result()
            assert workers_of(os.getpid()) > before
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert workers_of(os.getpid()) <= before


def test_a_unit_executor_of_the_callers_is_left_open(pool: UnitExecutor) -> None:
    with open_executor(pool) as same:
        assert same is pool
    assert pool.submit(work.multiply, pool.share(2), 3).result() == 6


def test_two_threads_can_share_one_executor(pool: UnitExecutor) -> None:
    sums: dict[int, int] = {}

    def run(factor: int) -> None:
        shared = pool.share(factor)
        futures = [pool.submit(work.multiply, shared, item) for item in range(300)]
        sums[factor] = sum(future.result() for future in futures)
        shared.release()

    threads = [threading.Thread(target=run, args=(factor,)) for factor in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == {factor: factor * sum(range(300)) for factor in (1, 2, 3)}


def test_a_unit_that_waits_can_be_cancelled(pool: UnitExecutor, tmp_path: Path) -> None:
    shared = pool.share(tmp_path)
    first = [pool.submit(work.mark_and_wait, shared, item) for item in (0, 1)]
    later: list[Future[int]] = [pool.submit(work.mark_and_wait, shared, item) for item in (2, 3)]
    assert later[0].cancel()
    (tmp_path / "go").touch()
    assert all(future.result() for future in (*first, later[1]))
    assert not (tmp_path / "begun-2").exists()


def test_results_that_cannot_be_loaded_here_are_worker_errors(pool: UnitExecutor) -> None:
    raised = pool.submit(work.give_foreign, pool.share(None), None).exception()
    assert isinstance(raised, WorkerError)
    assert "what came of a unit cannot be loaded here: ModuleNotFoundError" in str(raised)


def test_what_workers_cannot_import_is_an_executor_error(
    pool: UnitExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = type(sys)("only_here")
    exec("class Thing: pass", module.__dict__)  # noqa: S102  # a module that has no file
    monkeypatch.setitem(sys.modules, "only_here", module)
    raised = pool.submit(work.multiply, pool.share(module.Thing()), 1).exception()
    assert isinstance(raised, ExecutorError)
    assert "a worker cannot load what units share: ModuleNotFoundError" in str(raised)
    raised = pool.submit(work.multiply, pool.share(1), module.Thing()).exception()
    assert isinstance(raised, WorkerError)
    assert "a worker cannot load its unit: ModuleNotFoundError" in str(raised)
    raised = pool.submit(module.Thing, pool.share(1), 1).exception()
    assert isinstance(raised, ExecutorError)
    assert "a worker cannot load the function of units: ModuleNotFoundError" in str(raised)
