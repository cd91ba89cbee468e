"""Executors: what is refused, what comes back, and what becomes of units that die or hang."""

from __future__ import annotations

import logging
import math
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np

from containers.data import Bars, MarketData, Timeframe
from containers.executors import UnitExecutor, open_executor, parse_executor
from parity.damage.stored_study import raised_by
from parity.damage.told import Outcomes
from parity.damage.worker_acts import (
    ACTS,
    Deadly,
    Unloadable,
    act,
    added,
    bars_seen,
    killed_always,
    killed_once,
)

__all__ = ["WORKERS"]


_NOWHERE: Final = Path("/nowhere")
_WAIT_S: Final = 30.0
_DEADLY: Final = 301
_NOT_IN_CLUSTERS: Final = ("leaves", "is interrupted")
"""What ends a worker of Dask in one version and is an error of the unit in another."""
_TEXTS: Final = (
    "serial", "serial:", "serial:1", "Serial", "", ":", "processes", "processes:", "processes:0",
    "processes:1", "processes:2", "processes:00", "processes:007", "processes:-1", "processes:+1",
    "processes:1.5", "processes: 1", "processes:x", "processes:²", "processes:99999",
    "processes:100000", "proceses:2", "threads", "dask", "dask:", "dask:/", "dask://", "dask://host",
    "dask://host:", "dask://:8786", "dask://host:0", "dask://host:1", "dask://host:65535",
    "dask://host:65536", "dask://host:008786", "dask://host:²", "dask:host:8786", "dask://a/b:1",
    "dask://a@b:1", "dask://a b:1", "dask://[::1]:8786", "tcp://host:8786",
)  # fmt: skip
_LIMITS: Final = (0, 0.0, -0.0, -1, -0.5, 1e-9, 1, 1e9, math.inf, -math.inf, math.nan)


def options(folder: Path) -> Outcomes:
    """Name executors and limits of time, good ones and others."""
    texts: dict[str, str] = {}
    for text in _TEXTS:
        said = raised_by(lambda: parse_executor(text), folder)  # noqa: B023  # called at once
        spec = None if said else parse_executor(text)
        texts[repr(text)] = said or f"{spec}, {spec!r}"
    limits = {repr(limit): _opened("serial", limit) for limit in _LIMITS}
    limits |= {f"{limit!r}, of no executor": _opened(None, limit) for limit in (0, 1)}
    limits |= {
        f"{limit!r}, of processes": _opened("processes:1", limit) for limit in (-1, math.nan)
    }
    others = {
        "a number": _opened(5), "an object": _opened(object()), "a wrong text": _opened("none"),
        "a specification": _opened(parse_executor("serial")), "null": _opened(None),
    }  # fmt: skip
    with open_executor("processes:3") as outer, open_executor(outer) as inner:
        others["an executor of ours"] = f"{inner is outer} {outer and (outer.name, outer.workers)}"
    with ThreadPoolExecutor(3) as given, open_executor(given) as threads:
        others["threads"] = f"{threads and (threads.name, threads.workers)}"
    return {"texts": texts, "limits": limits, "others": others}


def _opened(given: Any, limit: float | None = None) -> str:
    def enter() -> None:
        with open_executor(given, unit_timeout_s=limit):
            pass

    return raised_by(enter, _NOWHERE) or "is opened"


def _came(future: Future[Any]) -> str:
    """Give what came of a unit."""
    try:
        value = future.result(timeout=_WAIT_S)
    except CancelledError:
        return "cancelled"
    except BaseException as error:  # noqa: BLE001  # whatever came of it
        return _error(error)
    if callable(value):
        return f"a function that gives {value()}"
    return repr(value) if not hasattr(value, "acquire") else "the very lock"


def _error(error: BaseException) -> str:
    parts = []
    each: BaseException | None = error
    while each is not None:
        try:
            text = str(each)
        except ValueError as wordless:
            text = f"no text: {wordless}"
        parts.append(f"{type(each).__name__}: {text}")
        hidden = each.__suppress_context__ and each.__cause__ is None
        parts += ["hides"] if hidden and each.__context__ is not None else []
        parts += ["because of"] if each.__cause__ is not None else []
        each = each.__cause__ or each.__context__
    notes = getattr(error, "__notes__", [])
    told = [f"{note.splitlines()[0]} … {note.splitlines()[-1]}" for note in notes]
    return " | ".join([*parts, *told])


def _acts(executor: UnitExecutor, names: Sequence[str]) -> dict[str, str]:
    shared = executor.share(None)
    futures = {name: executor.submit(act, shared, name) for name in names}
    told = {name: _came(future) for name, future in futures.items()}
    shared.release()
    return told


_HARMLESS: Final = tuple(
    name
    for name in ACTS
    if name not in ("exits", "is killed", "hangs", "takes a while", "takes long")
)


def _values(executor: UnitExecutor) -> Iterator[tuple[str, str]]:
    """Share values in turn, more than a worker keeps, and let them go."""
    shared = [executor.share(number * 1000) for number in range(7)]
    futures = [
        (number * 1000 + item, executor.submit(added, each, item))
        for item in range(40)
        for number, each in enumerate(shared)
    ]
    wrong = [due for due, future in futures if future.result(timeout=_WAIT_S) != due]
    yield "sums", f"{len(futures)} units, wrong: {wrong}"
    shared[0].release()
    shared[0].release()
    yield (
        "released",
        str(raised_by(lambda: executor.submit(added, shared[0], 1), _NOWHERE, (ValueError,))),
    )
    yield "released, its value", str(raised_by(lambda: shared[0].value, _NOWHERE, (ValueError,)))
    yield "another", _came(executor.submit(added, shared[1], 1))
    lock = threading.Lock()
    yield "shares a lock", str(raised_by(lambda: executor.share(lock), _NOWHERE))
    yield (
        "an item of a lock",
        str(raised_by(lambda: executor.submit(added, shared[1], lock), _NOWHERE)),
    )
    yield "an item that cannot be loaded", _came(executor.submit(added, shared[1], Unloadable()))
    refused = executor.share(Unloadable())
    both = [executor.submit(added, refused, item) for item in range(2)]
    yield "shared, and cannot be loaded", " and ".join(map(_came, both))
    waiting = [executor.submit(act, executor.share(None), "takes a while") for _ in range(30)]
    cancelled = [future for future in waiting if future.cancel()]
    others = {_came(future) for future in waiting if future not in cancelled}
    yield "cancelled", f"{len(cancelled) > 20}, the others are done: {others <= {repr('done')}}"


def _market() -> MarketData:
    def bars(symbol: str, timeframe: str, count: int, first: int) -> Bars:
        step = 86_400_000_000_000
        label = np.arange(first, first + count, dtype=np.int64) * step
        rising = np.arange(count, dtype=np.float64) + first
        return Bars(
            symbol, Timeframe.parse(timeframe), label, label + step,
            rising + 5, rising + 7, rising + 3, rising + 6, rising, rising > first + 2,
        )  # fmt: skip

    return MarketData([bars("ONE", "1d", 30, 0), bars("TWO", "1d", 9, 4), bars("ONE", "1w", 6, 0)])


def _bars(executor: UnitExecutor) -> Iterator[tuple[str, str]]:
    """Send bars in every way: those that are shared, parts of them, and others."""
    market = _market()
    one, weeks, two = market.values()
    other, weeks_alone = next(iter(_market().values())), next(iter(_market().values()))
    longer = other.rows(0, 19)
    every_other = {name: getattr(other, name)[::2] for name in Bars.__slots__[2:]}
    shared = executor.share((market, two, longer))
    mixed = replace(one, high=np.array(one.high))
    shifted = replace(
        one.rows(0, 8), **{name: getattr(one.rows(1, 9), name) for name in ("open", "close")}
    )
    items: dict[str, Any] = {
        **{str(key): key for key in market},
        "whole": [one, two, weeks],
        "first bars": [one.rows(0, 0), one.rows(0, 4), two.rows(0, 7)],
        "last bars": [one.rows(29, 29), one.rows(3, 29), two.rows(8, 8), weeks.rows(5, 5)],
        "within": [one.rows(7, 12), one.rows(1, 28), weeks.rows(1, 4)],
        "parts of parts": [one.rows(5, 20).rows(2, 9)],
        "others": [weeks_alone, weeks_alone.rows(2, 3)],
        "beyond what is shared": [
            other.rows(10, 25),
            other.rows(20, 29),
            other.rows(19, 20),
            other,
        ],
        "every other one": [Bars(one.symbol, one.timeframe, **every_other)],
        "of another name": [replace(one, symbol="TWO"), replace(two, symbol="ONE")],
        "of another length": [replace(one, timeframe=weeks.timeframe)],
        "with a column of its own": [mixed],
        "with columns of other rows": [shifted],
    }
    for name, item in items.items():
        came = executor.submit(bars_seen, shared, item).result(timeout=_WAIT_S)
        due = bars_seen((market, two, longer), item)
        same = [each[:3] + each[4:] for each in came] == [each[:3] + each[4:] for each in due]
        yield name, f"{', '.join(each[3] for each in came)}{'' if same else ', not meant: others'}"


def processes(folder: Path) -> Outcomes:
    """Run units in two processes of this machine."""
    with open_executor("processes:2") as executor:
        assert executor is not None  # two processes are asked for
        told = {
            "acts": _acts(executor, _HARMLESS),
            "values": dict(_values(executor)),
            "bars": dict(_bars(executor)),
        }
        left = executor
    told["closed"] = _closed(left)
    told["pending"] = _pending("processes:1")
    return told


def _closed(executor: UnitExecutor) -> dict[str, str]:
    return {
        "shares": str(raised_by(lambda: executor.share(1), _NOWHERE)),
        "again": str(raised_by(executor.close, _NOWHERE) or "nothing"),
    }


def _pending(given: Any) -> dict[str, str]:
    """Close an executor over units that wait."""
    with open_executor(given) as executor:
        assert executor is not None  # it is asked for
        shared = executor.share(None)
        futures = [executor.submit(act, shared, "takes a while") for _ in range(6)]
        futures[0].result(timeout=_WAIT_S)
    said = str(raised_by(lambda: executor.submit(act, shared, "works"), _NOWHERE))
    return {"the last": _came(futures[-1]), "one more": said}


def deaths(folder: Path) -> Outcomes:
    """Let workers die, and units hang: no other unit is lost."""
    told: dict[str, dict[str, str]] = {}
    with open_executor("processes:2") as executor:
        assert executor is not None  # two processes are asked for
        told["dying"] = _acts(executor, ("works", "gives nothing", "is killed", "raises"))
        told["after it"] = _acts(executor, ("works",))
        marker = executor.share(str(folder / "marker"))
        futures = [executor.submit(killed_once, marker, item) for item in range(12)]
        told["once"] = {"killed": " ".join(map(_came, futures))}
        one = executor.share(_DEADLY)
        quick = [executor.submit(killed_always, one, item) for item in range(2 * _DEADLY)]
        came = dict(enumerate(map(_came, quick)))
        told["among quick ones"] = {
            str(item): text for item, text in came.items() if text != str(item * item)
        }
        deadly = executor.share(Deadly())
        told["while loading"] = {"shared": _came(executor.submit(added, deadly, 1))}
    with open_executor("processes:2", unit_timeout_s=1.0) as executor:
        assert executor is not None  # as above
        told["hanging"] = _acts(executor, ("works", "hangs", "gives nothing", "raises", "works"))
        told["after hanging"] = _acts(executor, ("takes a while",))
    return told


def cluster(folder: Path) -> Outcomes:
    """Run units on a Dask cluster of this machine, some of which end or hold up their workers."""
    from distributed import LocalCluster

    told: dict[str, dict[str, str]] = {}
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.CRITICAL + 1,
    ) as scheduler:
        address = scheduler.scheduler_address.replace("tcp://", "dask://")
        with open_executor(address) as executor:
            assert executor is not None  # a cluster is asked for
            acts = tuple(name for name in _HARMLESS if name not in _NOT_IN_CLUSTERS)
            told["cluster"] = {**_acts(executor, acts), **dict(_bars(executor))}
            told["cluster, dying"] = _acts(executor, ("works", "exits", "raises"))
            told["cluster, after it"] = _acts(executor, ("works",))
        with open_executor(address, unit_timeout_s=1.0) as executor:
            assert executor is not None  # as above
            told["cluster, hanging"] = _acts(executor, ("works", "hangs", "raises", "works"))
            told["cluster, after hanging"] = _acts(executor, ("takes a while",))
        told["cluster, pending"] = _pending(address)
    return {
        name: {way: text.replace(address, "CLUSTER") for way, text in ways.items()}
        for name, ways in told.items()
    }


class _Elsewhere(Executor):
    """Runs what it gets as another machine would: sent as bytes, and without our files.

    Args:
        limit: After so many calls it takes no more; null: it takes all.
    """

    _max_workers = 2

    def __init__(self, limit: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(2)
        self._left = limit

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise RuntimeError("no more")
        # The same number of letters, so that the text of a path can be replaced in the bytes.
        sent = pickle.dumps((fn, args)).replace(b"paritykit-", b"elsewhere-")
        return self._threads.submit(_run_sent, sent)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def _run_sent(sent: bytes) -> Any:
    function, args = pickle.loads(sent)
    return pickle.loads(pickle.dumps(function(*args)))


def others(folder: Path) -> Outcomes:
    """Run units on executors of a caller's own, which are left open."""
    told: dict[str, dict[str, str]] = {}
    with ThreadPoolExecutor(2) as threads:
        with open_executor(threads) as executor:
            assert executor is not None  # it is given
            acts = tuple(name for name in _HARMLESS if name != "gives what cannot be loaded")
            told["threads"] = {**_acts(executor, acts), **_very_same(executor)}
        told["threads, left open"] = {"works": _came(threads.submit(added, 1, 2))}
        with open_executor(threads, unit_timeout_s=0.3) as executor:
            assert executor is not None  # as above
            told["threads that hang"] = _acts(executor, ("takes long", "works"))
        told["threads, pending"] = _pending(threads)
    for name, given in (("elsewhere", _Elsewhere()), ("elsewhere, no more", _Elsewhere(3))):
        with given, open_executor(given) as executor:
            assert executor is not None  # as above
            if name == "elsewhere":
                told[name] = {**_acts(executor, _HARMLESS), **dict(_bars(executor))}
                told[f"{name}, values"] = dict(_values(executor))
            else:
                shared = executor.share(1)
                futures = [executor.submit(added, shared, item) for item in range(9)]
                told[name] = {"the last": _came(futures[-1])}
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, open_executor(pool) as executor:
        assert executor is not None  # as above
        told["a pool"] = _acts(executor, ("works", "raises", "gives a lock"))
        told["a pool that breaks"] = _acts(executor, ("exits",))
    return told


def _very_same(executor: UnitExecutor) -> dict[str, str]:
    thing = [1]
    shared = executor.share(thing)
    came = executor.submit(added, shared, [2]).result(timeout=_WAIT_S)
    return {"the very value": f"{shared.value is thing} {came}"}


WORKERS: Final[Mapping[str, Callable[[Path], Outcomes]]] = {
    "options": options,
    "processes": processes,
    "deaths": deaths,
    "others": others,
    "cluster": cluster,
}
"""What is held, by name; each takes an empty folder."""
