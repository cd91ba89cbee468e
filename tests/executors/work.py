"""What the tests of this folder have workers do. The first argument is what is shared."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from containers.data import Bars, MarketData


class OwnError(Exception):
    """Takes two arguments and keeps one, so it cannot be pickled as exceptions are."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def multiply(shared: Any, item: Any) -> Any:
    return shared * item


def pid(shared: Any, item: Any) -> int:
    return os.getpid()


def slow_pid(shared: Any, item: Any) -> int:
    time.sleep(0.05)
    return os.getpid()


def long_pid(shared: Any, item: Any) -> int:
    time.sleep(0.15)
    return os.getpid()


class DeadlyLoad:
    def __reduce__(self) -> Any:
        return os._exit, (9,)


class SlowLoad:
    def __reduce__(self) -> Any:
        return _load_slowly, ()


def _load_slowly() -> str:
    time.sleep(1.0)
    return "loaded"


def wait_for(file: Path) -> None:
    limit = time.monotonic() + 20
    while not file.exists():
        if time.monotonic() > limit:
            raise TimeoutError(f"{file} did not come")
        time.sleep(0.005)


def mark_and_wait(shared: Path, item: int) -> int:
    """Say that it has begun, then wait until told to go on."""
    (shared / f"begun-{item}").touch()
    wait_for(shared / "go")
    return os.getpid()


def sleep(shared: Any, item: float) -> float:
    time.sleep(item)
    return item


def sleep_and_tell(folder: Path, item: float) -> float:
    """Say who is at work here."""
    (folder / f"at-work.{os.getpid()}").touch()
    time.sleep(item)
    return item


def count_run(folder: Path, name: object) -> int:
    """Count the runs of a unit, over all processes."""
    with (folder / f"runs-{name}").open("ab") as stream:
        stream.write(b".")
        return stream.tell()


def runs(folder: Path, name: object) -> int:
    file = folder / f"runs-{name}"
    return file.stat().st_size if file.exists() else 0


def die_on(shared: dict[str, Any], item: int) -> int:
    """Die in the manner of ``shared["how"]`` where the item is ``shared["at"]``."""
    run = count_run(shared["folder"], item)
    if item == shared["at"] and run <= shared.get("times", 1000):
        if shared["how"] == "exit":
            os._exit(3)
        os.kill(os.getpid(), getattr(signal, shared["how"]))
        time.sleep(30)  # SIGSTOP takes a moment
    return item * 10


def die_unless_alone(folder: Path, item: int) -> int:
    """Die the first time; then note who else is there meanwhile."""
    if count_run(folder, item) == 1 and item == 3:
        os._exit(1)
    here = folder / f"in-{item}"
    here.touch()
    time.sleep(0.1)
    beside = len(list(folder.glob("in-*")))
    here.unlink()
    return beside


def raise_it(shared: Any, item: BaseException) -> None:
    raise item


def raise_own(shared: Any, item: tuple[str, str]) -> None:
    raise OwnError(*item)


def raise_chained(shared: Any, item: bool) -> None:
    try:
        try:
            raise OwnError("a", "b")
        except OwnError as error:
            raise KeyError("middle") from error
    except KeyError as error:
        if item:
            raise ValueError("last") from error
        raise ValueError("last")  # noqa: B904  # the context is what is wanted


def give_lock(shared: Any, item: Any) -> Any:
    import threading

    return threading.Lock()


def describe_market(shared: dict[str, Any], item: Any) -> dict[str, Any]:
    """Say what the market data look like here: bits, whether writable, whether mapped."""
    market: MarketData = shared["market"]
    mapped = [
        tuple(int(end, 16) for end in line.split()[0].split("-"))
        for line in Path("/proc/self/maps").read_text().splitlines()
        if ".arrow" in line
    ]

    def is_mapped(bars: Bars) -> bool:
        columns = [bars.label_ns, bars.close, bars.volume_valid]
        places = [column.__array_interface__["data"][0] for column in columns]
        return all(any(start <= place < end for start, end in mapped) for place in places)

    return {
        "bytes": {key: market_bytes(bars) for key, bars in market.items()},
        "dtypes": [str(bars.volume_valid.dtype) for bars in market.values()],
        "writable": any(bars.close.flags.writeable for bars in market.values()),
        "mapped": all(is_mapped(bars) for bars in market.values()),
        "same": shared.get("again") is market,
        "item_mapped": item is not None and is_mapped(item),
        "item": None if item is None else market_bytes(item),
        "pid": os.getpid(),
    }


def market_bytes(bars: Bars) -> bytes:
    columns = [bars.label_ns, bars.end_ns, bars.open, bars.high, bars.low, bars.close]
    return b"".join(np.ascontiguousarray(c).tobytes() for c in [*columns, bars.volume]) + (
        bars.volume_valid.tobytes()
    )


def kept_values(shared: Any, item: Any) -> int:
    from containers.executors import sharing

    return len(sharing._kept)


def call(shared: Any, item: Any) -> Any:
    return shared(item)


def value_of_handle(shared: Any, item: Any) -> Any:
    return item.value


def environment(shared: Any, item: str) -> Any:
    return signal.getsignal(signal.SIGINT) == signal.SIG_IGN, os.environ.get(item)


def decide(shared: Any, item: Any) -> Any:
    return shared.decide(item)


def second(shared: Any, item: Any) -> Any:
    return item


def name_of(shared: Any, item: Any) -> str:
    name: str = shared[0].__name__
    return name


class _Foreign:
    def __reduce__(self) -> Any:
        return _import, ("no_such_module",)


def _import(name: str) -> Any:
    import importlib

    return importlib.import_module(name)


def give_foreign(shared: Any, item: Any) -> Any:
    return _Foreign()


def refuse_to_begin(parent: int, file: Path) -> None:
    os._exit(5)


def leave(shared: Any, item: int) -> None:
    os._exit(item)
