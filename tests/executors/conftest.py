"""Processes of this machine, and market data to share."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import psutil
import pytest

from containers.components import default_components
from containers.components.discovery import with_folder
from containers.data import Bars, MarketData, Timeframe

MakeMarket: TypeAlias = Callable[..., MarketData]


def workers_of(parent: int) -> set[int]:
    """Give the ids of loky's workers below a process; its resource trackers are none."""
    found = set()
    for child in psutil.Process(parent).children(recursive=True):
        try:
            if "popen_loky_posix" in " ".join(child.cmdline()):
                found.add(child.pid)
        except psutil.NoSuchProcess:
            continue
    return found


def is_there(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    limit = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.01)


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("paritykit-*"))


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let shared values lie in a folder of the test, so that what is left there is seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    monkeypatch.undo()
    tempfile.tempdir = None


@pytest.fixture
def make_market() -> MakeMarket:
    """Give market data of two streams of one symbol and one of another, with null volumes."""

    def make(bars: int = 500, seed: int = 1) -> MarketData:
        random = np.random.default_rng(seed)

        def stream(symbol: str, text: str, minutes: int) -> Bars:
            timeframe = Timeframe.parse(text)
            label = np.arange(bars, dtype=np.int64) * minutes * 60_000_000_000
            close = random.uniform(50, 150, bars)
            valid = random.uniform(0, 1, bars) > 0.2
            volume = np.where(valid, random.uniform(0, 1e6, bars), 0.0)
            high, low = close * 1.01, close * 0.99
            return Bars(
                symbol, timeframe, label, timeframe.end_ns(label), close, high, low, close * 1.001,
                volume, valid,
            )  # fmt: skip

        return MarketData([stream("A", "1m", 1), stream("A", "1h", 60), stream("B", "5m", 5)])

    return make


USERS_FILE = """
from dataclasses import dataclass
import enum
import msgspec

PARAMETERS = {}

class Kind(enum.Enum):
    UP = 1

class Settings(msgspec.Struct, frozen=True):
    a: int
    b: float = 2.5

@dataclass(frozen=True, slots=True)
class Pair:
    left: object
    right: object

class Base:
    def decide(self, item):
        return Pair(Settings(item), Kind.UP)

class Own(Base):
    type_name = "own"
    parameters = PARAMETERS

    def decide(self, item):
        return super().decide(item)
"""


@pytest.fixture
def load_users() -> Callable[[Path], Any]:
    """Write a user's file into a folder, and give its module as a run loads it."""

    def load(folder: Path) -> Any:
        (folder / "mine.py").write_text(USERS_FILE)
        components = with_folder(default_components(), folder)
        return sys.modules[components.strategies["own"].__module__]

    return load
