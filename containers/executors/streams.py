"""Market data as Arrow record batches, one per stream, which workers map and never copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from io import IOBase
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from containers.data import Bars, Timeframe

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Heading", "Streams", "read_streams"]

Heading: TypeAlias = tuple[str, Timeframe]
"""Symbol and timeframe of a stream; a record batch has only its columns."""

_COLUMNS: Final = tuple(field.name for field in fields(Bars))[2:]


class Streams:
    """Streams that are shared, and where other bars lie within them.

    It holds on to the bars, so that no other array can come to lie at their addresses.
    """

    def __init__(self) -> None:
        self.bars: Final[list[Bars]] = []

    @property
    def headings(self) -> list[Heading]:
        """Symbol and timeframe of each stream, in order of the record batches."""
        return [(bars.symbol, bars.timeframe) for bars in self.bars]

    def find(self, bars: Bars) -> tuple[int, int, int] | None:
        """Give stream, first and last bar where ``bars`` lie; null when they lie in none."""
        for index, stream in enumerate(self.bars):
            if stream.symbol == bars.symbol and stream.timeframe == bars.timeframe:
                first = _offset(stream, bars)
                if first is not None:
                    return index, first, first + len(bars) - 1
        return None

    def add(self, bars: Bars) -> tuple[int, int, int]:
        """Take in bars that lie in no stream so far; they become one."""
        self.bars.append(bars)
        return len(self.bars) - 1, 0, len(bars) - 1

    def write(self, sink: IOBase) -> None:
        """Write an Arrow IPC file from the sink's beginning: uncompressed, a batch per stream."""
        import pyarrow as pa

        schema = pa.schema([(name, _arrow_type(name)) for name in _COLUMNS])
        with pa.ipc.new_file(sink, schema) as writer:
            for bars in self.bars:
                columns = [pa.array(_written(getattr(bars, name))) for name in _COLUMNS]
                writer.write_batch(pa.record_batch(columns, schema=schema))


def read_streams(content: memoryview, headings: Sequence[Heading]) -> list[Bars]:
    """Give the streams of an Arrow IPC file; their columns are views of ``content``.

    Raises:
        pyarrow.ArrowException: It is not such a file.
    """
    import pyarrow as pa

    reader = pa.ipc.open_file(pa.py_buffer(content))
    streams = []
    for index, (symbol, timeframe) in enumerate(headings):
        batch = reader.get_batch(index)
        columns = [batch.column(name).to_numpy(zero_copy_only=True) for name in _COLUMNS]
        columns[-1] = columns[-1].view(np.bool_)
        streams.append(Bars(symbol, timeframe, *columns))
    return streams


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    if name == "volume_valid":
        return pa.uint8()  # Arrow packs booleans into bits, which no array can be a view of
    return pa.int64() if name.endswith("_ns") else pa.float64()


def _written(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    column = np.ascontiguousarray(column)
    return column.view(np.uint8) if column.dtype == np.bool_ else column


def _offset(stream: Bars, bars: Bars) -> int | None:
    """Give the bar of ``stream`` at which ``bars`` begin, when all columns are parts of its."""
    if bars is stream:
        return 0
    first: int | None = None
    for name in _COLUMNS:
        whole, part = getattr(stream, name), getattr(bars, name)
        if not (whole.flags.c_contiguous and part.flags.c_contiguous and part.size):
            return None
        distance = _address(part) - _address(whole)
        if distance % whole.itemsize:
            return None
        offset = distance // whole.itemsize
        if first is None:
            first = offset
        if offset != first or not 0 <= offset <= whole.size - part.size:
            return None
    return first


def _address(column: npt.NDArray[Any]) -> int:
    address: int = column.__array_interface__["data"][0]
    return address
