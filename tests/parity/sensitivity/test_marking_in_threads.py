"""Several threads mark changed sources at once, as a run of the catalogue does."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parity.faults.marking import compiled

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def turning_often() -> Iterator[None]:
    """Let threads take turns within a syntax tree: a hook of the collector runs Python there."""

    def hook(phase: str, info: dict[str, int]) -> None:
        sum(range(50))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    gc.callbacks.append(hook)
    gc.set_threshold(50)
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)
    gc.callbacks.remove(hook)


@pytest.mark.usefixtures("turning_often")
def test_threads_at_other_depths_of_their_stacks_do_not_disturb_one_another() -> None:
    texts = [file.read_text() for file in sorted((ROOT / "containers/trading").glob("*.py"))]
    failed: list[SystemError] = []

    def mark(depth: int) -> None:
        if depth:
            return mark(depth - 1)
        for text in texts:
            try:
                compiled(text, text, "file", [(text.rindex("return"), "mark")])
            except SystemError as error:
                failed.append(error)
            except (LookupError, ValueError):
                continue  # this one has no statement there
        return None

    threads = [threading.Thread(target=mark, args=(depth,)) for depth in (0, 3, 6, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
