"""What units do in workers: work, fail, die, hang. Workers import this."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from containers.data import Bars

__all__ = [
    "ACTS",
    "Deadly",
    "Unloadable",
    "UnsendableError",
    "WordlessError",
    "act",
    "added",
    "bars_seen",
    "killed_always",
    "killed_once",
]


class UnsendableError(RuntimeError):
    """Holds what cannot be sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()


class WordlessError(RuntimeError):
    """Has no text."""

    def __str__(self) -> str:
        raise ValueError("no words")


class Unloadable:
    """Is sent, and cannot be loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _refused, ()


def _refused() -> None:
    raise LookupError("not here")


class Deadly:
    """Is sent, and ends the process that loads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (9,)


class _Sticky:
    """Can be sent from where it is made, and not be loaded where it comes to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _refused, ()


def added(shared: Any, item: int) -> Any:
    """Give what is shared and the item, together."""
    return shared + item


def act(shared: Any, item: str) -> Any:
    """Do what an item names."""
    return ACTS[item](shared)


def _with_cause(shared: Any) -> Any:
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error


def _with_context(shared: Any) -> Any:
    try:
        raise UnsendableError("first")
    except UnsendableError:
        raise ValueError("second")  # noqa: B904  # that is what it is for


def _without_context(shared: Any) -> Any:
    try:
        raise KeyError("first")
    except KeyError:
        raise ValueError("second") from None


def _raising(error: BaseException) -> Any:
    def raise_it(shared: Any) -> Any:
        raise error

    return raise_it


def _slept(shared: Any) -> str:
    time.sleep(0.15)
    return "done"


ACTS: dict[str, Any] = {
    "works": lambda shared: "done",
    "gives nothing": lambda shared: None,
    "gives a function": lambda shared: lambda: 5,
    "gives a lock": lambda shared: threading.Lock(),
    "gives what cannot be loaded": lambda shared: _Sticky(),
    "raises": _raising(ValueError("a value")),
    "raises with a cause": _with_cause,
    "raises in a context": _with_context,
    "raises without its context": _without_context,
    "raises what cannot be sent": _raising(UnsendableError("held")),
    "raises what has no words": _raising(WordlessError()),
    "leaves": _raising(SystemExit(3)),
    "is interrupted": _raising(KeyboardInterrupt()),
    "exits": lambda shared: os._exit(7),
    "is killed": lambda shared: os.kill(os.getpid(), signal.SIGKILL),
    "hangs": lambda shared: time.sleep(60),
    "takes long": lambda shared: time.sleep(1.2),
    "takes a while": _slept,
}
"""By name; each takes what is shared."""


def killed_once(shared: str, item: int) -> Any:
    """Die the first time, as the file says that is shared; work from then on."""
    if item == 3:
        marker = Path(shared)
        if not marker.exists():
            marker.write_text("")
            os._exit(5)
    return item * item


def killed_always(deadly: int, item: int) -> int:
    """Die at the item that is shared, which many quick ones are around."""
    if item == deadly:
        os._exit(6)
    return item * item


def bars_seen(shared: Any, item: Any) -> Any:
    """Say what bars are here, and whose memory they lie in."""
    market, *_ = shared
    return [_seen(bars) for bars in (item if isinstance(item, list) else [market[item]])]


def _seen(bars: Bars) -> Any:
    base: Any = bars.close
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    mapped = not isinstance(base, np.ndarray | bytes | bytearray)
    columns = [getattr(bars, name) for name in Bars.__slots__[2:]]
    values = [column.tolist() for column in columns]
    return [bars.symbol, str(bars.timeframe), len(bars), "mapped" if mapped else "sent", values]
