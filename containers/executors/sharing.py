"""A value that many units share: handed over once, and kept by workers while it is of use.

Its content is an Arrow IPC file of the market data, then the pickled headings of the streams, then
the pickled rest, then the length of the first in eight bytes. Workers of one machine map the file;
to others the same bytes are sent.
"""

from __future__ import annotations

import io
import mmap
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from containers.errors import ExecutorError

if TYPE_CHECKING:
    from containers.data import Bars
    from containers.executors.packing import Common

__all__ = ["Loaded", "MissingContentError", "Pace", "Shared", "load", "write_content"]

KEPT: Final = 4
"""How many values a worker keeps: a few runs may take turns on one executor."""


class MissingContentError(Exception):
    """The content of a shared value has to be sent to this worker."""


class Loaded(NamedTuple):
    """A shared value in a worker, the streams it and its items refer to, and its file if any."""

    value: Any
    bars: list[Bars]
    file: Path | None


class Pace:
    """How long the units of a shared value have taken so far, in seconds.

    Attributes:
        longest_s: The longest; 0 before any has finished.
        mean_s: A mean in which the latest count most; null before any has finished.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.mean_s: float | None = None

    def add(self, seconds: float) -> None:
        """Count a unit that finished."""
        self.longest_s = max(self.longest_s, seconds)
        self.mean_s = seconds if self.mean_s is None else 0.8 * self.mean_s + 0.2 * seconds


class Shared:
    """The handle of a shared value; `UnitExecutor.share` makes it. It pickles as a reference."""

    def __init__(
        self,
        value: object,
        common: Common | None,
        file: Path | None,
        free: Callable[[Shared], None],
    ) -> None:
        self.token: Final = uuid4().hex
        self.file: Final = file
        self.common: Final = common
        self.pace: Final = Pace()
        self._value = value
        self._free = free
        self._released = False

    @property
    def released(self) -> bool:
        """Whether `release` has been called; no further unit can be submitted then."""
        return self._released

    @property
    def value(self) -> Any:
        """The value: where it was shared the very object, in a worker a copy.

        Raises:
            MissingContentError: It has not come to this worker.
            ExecutorError: It cannot be loaded here.
        """
        return self._value

    def release(self) -> None:
        """Free the value, once no unit needs it. A second call does nothing."""
        if not self._released:
            self._released = True
            self._value = None
            self._free(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Received, (self.token, self.file)


class _Received(Shared):
    """The handle as it comes to a worker."""

    def __init__(self, token: str, file: Path | None) -> None:
        self.token = token  # type: ignore[misc]  # set once, here as there
        self.file = file  # type: ignore[misc]  # likewise

    @property
    def value(self) -> Any:
        return load(self).value


def write_content(value: object, common: Common, sink: io.BufferedIOBase) -> None:
    """Write the content of a shared value from the beginning of ``sink``.

    Raises:
        ExecutorError: Something in it cannot be sent.
        OSError: The sink cannot be written to.
    """
    from containers.executors.packing import pack

    try:
        packed = pack(value, common, grow=True)
    except Exception as error:
        raise ExecutorError(
            f"what units share cannot be sent to workers: {type(error).__name__}: {error}; "
            "expected what pickles"
        ) from error
    if common.streams.bars:
        common.streams.write(sink)
    size = sink.tell()
    sink.write(pickle.dumps(common.streams.headings, pickle.HIGHEST_PROTOCOL))
    sink.write(packed)
    sink.write(size.to_bytes(8, "little"))


_kept: Final[OrderedDict[str, Loaded]] = OrderedDict()
_lock: Final = threading.RLock()


def load(shared: Shared, content: bytes | None = None) -> Loaded:
    """Give a shared value in a worker, from what is kept, from ``content``, or from its file.

    Raises:
        MissingContentError: There is none of the three.
        ExecutorError: It cannot be loaded here.
    """
    with _lock:
        found = _kept.get(shared.token)
        if found is None:
            buffer = _map(shared) if content is None else memoryview(content)
            found = _read(buffer, None if content is not None else shared.file)
            _make_room()
            _kept[shared.token] = found
        _kept.move_to_end(shared.token)
        return found


def _make_room() -> None:
    """Let go of the values that have been released, and of the one not needed for longest."""
    for token, loaded in list(_kept.items()):
        if loaded.file is not None and not loaded.file.exists():
            del _kept[token]
    while len(_kept) >= KEPT:
        _kept.popitem(last=False)


def _map(shared: Shared) -> memoryview:
    if shared.file is None:
        raise MissingContentError
    try:
        with shared.file.open("rb") as stream:
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError as error:  # another machine's, or of an executor that was closed
        raise MissingContentError from error


def _read(buffer: memoryview, file: Path | None) -> Loaded:
    from containers.executors.packing import mapped
    from containers.executors.streams import read_streams

    size = int.from_bytes(buffer[-8:], "little")
    rest = io.BytesIO(buffer[size:-8])
    try:
        headings = pickle.load(rest)
        bars = read_streams(buffer[:size], headings) if headings else []
        with mapped(bars):
            return Loaded(pickle.load(rest), bars, file)
    except Exception as error:
        raise ExecutorError(
            f"a worker cannot load what units share: {type(error).__name__}: {error}; "
            "expected the same packages there as here"
        ) from error
