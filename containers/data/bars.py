"""The bars of one stream as read-only columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from containers.data.timeframe import Timeframe

__all__ = ["CHUNK_ROWS", "BarRow", "Bars"]

BarRow: TypeAlias = tuple[int, float, float, float, float, float | None]
"""End (ns UTC), open, high, low, close, volume; a null volume is not known."""

CHUNK_ROWS: Final = 8_192
"""Rows that are Python objects at one time while a stream is walked: few enough for the cache."""

_DAY_NS: Final = 86_400_000_000_000
_DTYPES: Final[dict[str, type[np.generic]]] = {
    "label_ns": np.int64,
    "end_ns": np.int64,
    "open": np.float64,
    "high": np.float64,
    "low": np.float64,
    "close": np.float64,
    "volume": np.float64,
    "volume_valid": np.bool_,
}


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one symbol and timeframe, oldest first, labels and ends strictly ascending.

    All columns have the same length and cannot be written to. Parts share them.

    Attributes:
        symbol: As the configuration names it.
        timeframe: Length of the bars.
        label_ns: (n,) int64 nanoseconds UTC: the file's time of the bar, its start or its end.
        end_ns: (n,) int64 nanoseconds UTC: when the bar is known.
        open: (n,) float64, above 0, as are the other prices.
        high: (n,) float64.
        low: (n,) float64.
        close: (n,) float64.
        volume: (n,) float64, 0 or more; 0.0 where `volume_valid` is false.
        volume_valid: (n,) bool; false where the volume is null, everywhere if the file has none.

    Raises:
        TypeError: A column has another dtype.
        ValueError: The columns differ in length or have more than one dimension.
    """

    symbol: str
    timeframe: Timeframe
    label_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    volume_valid: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            column: npt.NDArray[Any] = getattr(self, name)
            if column.dtype != dtype:
                raise TypeError(f"column {name} is {column.dtype}; expected {dtype.__name__}")
            if column.shape != (self.label_ns.size,):
                raise ValueError(
                    f"column {name} has shape {column.shape}; expected ({self.label_ns.size},)"
                )
            view = column.view()  # the caller's own array stays as writable as it was
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return self.label_ns.size

    def __repr__(self) -> str:
        return f"Bars({self.symbol}_{self.timeframe}, {len(self)} bars)"

    def __reduce__(self) -> tuple[type[Bars], tuple[Any, ...]]:
        # Through the constructor, because a pickled array comes back writable.
        return Bars, tuple(getattr(self, field.name) for field in fields(self))

    def rows(self, first: int, last: int) -> Bars:
        """Give bars ``first`` to ``last``, both included; ``last == first - 1`` gives none.

        Raises:
            IndexError: They are not positions of bars; negative ones don't count from the end.
        """
        if not (0 <= first <= last + 1 <= len(self)):
            raise IndexError(
                f"bars {first} to {last} of {self.symbol} {self.timeframe}; expected positions "
                f"from 0 to {len(self) - 1}, the first not after the last"
            )
        return self._part(slice(first, last + 1))

    def between(self, start_ns: int | None, end_ns: int | None) -> Bars:
        """Give the bars whose labels lie in a range, both ends included.

        Args:
            start_ns: Earliest label, ns UTC; null for no limit.
            end_ns: Latest label, ns UTC; null for no limit.
        """
        first = 0 if start_ns is None else int(np.searchsorted(self.label_ns, start_ns, "left"))
        after = len(self)
        if end_ns is not None:
            after = int(np.searchsorted(self.label_ns, end_ns, "right"))
        return self.rows(first, max(first, after) - 1)

    def ending(self, start_ns: int | None, stop_ns: int | None) -> Bars:
        """Give the bars that end in a range.

        Args:
            start_ns: Earliest end, ns UTC; null for no limit.
            stop_ns: The first end that is too late, ns UTC; null for no limit.
        """
        first = self.count_before(start_ns)
        after = len(self) if stop_ns is None else self.count_before(stop_ns)
        return self._part(slice(first, max(first, after)))

    def split_at(self, time_ns: int | None) -> tuple[Bars, Bars]:
        """Give the bars that end before a time, ns UTC, and the others; null: none, and all."""
        count = self.count_before(time_ns)
        return self._part(slice(0, count)), self._part(slice(count, len(self)))

    def count_before(self, time_ns: int | None) -> int:
        """Count the bars that end before a time, ns UTC; null: none do."""
        return 0 if time_ns is None else int(self.end_ns.searchsorted(time_ns))

    def _part(self, rows: slice) -> Bars:
        """Give some rows; what was checked once is not checked again."""
        part = object.__new__(Bars)
        object.__setattr__(part, "symbol", self.symbol)
        object.__setattr__(part, "timeframe", self.timeframe)
        for name in _DTYPES:
            object.__setattr__(part, name, getattr(self, name)[rows])
        return part

    def distinct_dates(self) -> int:
        """Count the different UTC dates of the labels."""
        if not len(self):
            return 0
        return int(np.count_nonzero(np.diff(self.label_ns // _DAY_NS))) + 1

    def __iter__(self) -> Iterator[BarRow]:
        """Walk the bars as Python values, `CHUNK_ROWS` of them in memory at a time."""
        return chain.from_iterable(self._chunks())

    def _chunks(self) -> Iterator[Iterator[BarRow]]:
        for first in range(0, len(self), CHUNK_ROWS):
            part = slice(first, first + CHUNK_ROWS)
            volume: list[float | None] = self.volume[part].tolist()
            valid = self.volume_valid[part]
            if not valid.all():
                for index in np.flatnonzero(~valid).tolist():
                    volume[index] = None
            yield zip(
                self.end_ns[part].tolist(),
                self.open[part].tolist(),
                self.high[part].tolist(),
                self.low[part].tolist(),
                self.close[part].tolist(),
                volume,
                strict=True,
            )
