"""The column of a mapping from names to numbers or nulls: the values of FEATURES.

Rows differ in width, so it holds three things: the names of each row as text joined with ",", and
all values one after another as flat float64 with flat uint8 validity. The widths follow from the
names, hence nothing else needs to be stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from containers.trace.columns import (
    ARRAY_HEADERS,
    ENCODER,
    Buffer,
    Column,
    FloatColumn,
    Floats,
    Mask,
    RefusedValueError,
    Rows,
)
from containers.trace.texts import TextColumn

__all__ = ["MappingColumn"]


class MappingColumn(Column):
    """Mappings from text to ``float | None``, in their own order of names.

    Attributes:
        names: The names of each row, a plural text column.
        flat: The values of all rows, one after another; nullable.
        starts: int64, ``len(column) + 1``: row i is ``flat[starts[i] : starts[i + 1]]``.
    """

    def __init__(self, names: TextColumn, flat: FloatColumn) -> None:
        self.names: Final = names
        self.flat: Final = flat
        widths = np.array([len(members) for members in names.members()], np.int64)
        self.starts: Final[npt.NDArray[np.int64]] = np.zeros(len(names) + 1, np.int64)
        np.cumsum(widths[names.codes], out=self.starts[1:])
        if self.starts[-1] != len(flat):
            raise ValueError(f"names need {self.starts[-1]} values, there are {len(flat)}")

    @classmethod
    def build(cls, values: Sequence[Any]) -> MappingColumn:
        """Hold mappings; `RefusedValueError` when one is none, or holds a wrong name or value."""
        if list(map(type, values)).count(dict) != len(values):
            for row, value in enumerate(values):
                if not isinstance(value, Mapping):
                    raise RefusedValueError(row, value, "a mapping from names to float or null")
            values = [dict(value) for value in values]
        fast = _alike(values)
        if fast is not None:
            return cls(*fast)
        try:
            names = TextColumn.numbered(map(tuple, values), len(values), plural=True)
        except RefusedValueError as error:
            expected = "names that are text, none of them empty or with a comma"
            raise RefusedValueError(error.row, values[error.row], expected) from None
        flat = list(chain.from_iterable(map(dict.values, values)))
        try:
            return cls(names, FloatColumn.build(flat, nullable=True))
        except RefusedValueError as error:
            ends = np.cumsum([len(value) for value in values])
            row = int(np.searchsorted(ends, error.row, side="right"))
            name = list(values[row])[error.row - int(ends[row]) + len(values[row])]
            found = f"a mapping in which '{name}' is {error.found}"
            raise RefusedValueError(row, values[row], error.expected, found) from None

    def __len__(self) -> int:
        return len(self.names)

    def buffers(self) -> Iterator[Buffer]:  # noqa: D102 - described by Column, as all below
        yield from self.names.buffers()
        yield from self.flat.buffers()

    @property
    def texts(self) -> tuple[str, ...]:  # noqa: D102
        return self.names.texts

    def values(self) -> list[Any]:  # noqa: D102
        flat = self.flat.values()
        bounds = self.starts.tolist()
        return [
            dict(zip(names, flat[start:stop], strict=True))
            for names, start, stop in zip(self.names.values(), bounds, bounds[1:], strict=False)
        ]

    def take(self, rows: Rows) -> Self:  # noqa: D102
        return type(self)(self.names.take(rows), self.flat.take(self._places(rows)))

    def part(self, start: int, stop: int) -> Self:  # noqa: D102
        first, last = int(self.starts[start]), int(self.starts[stop])
        return type(self)(self.names.part(start, stop), self.flat.part(first, last))

    @classmethod
    def concatenate(cls, columns: Sequence[Self]) -> Self:  # noqa: D102
        return cls(
            TextColumn.concatenate([column.names for column in columns]),
            FloatColumn.concatenate([column.flat for column in columns]),
        )

    def same(self, other: Column) -> bool:  # noqa: D102
        return (
            isinstance(other, MappingColumn)
            and self.names.same(other.names)
            and self.flat.same(other.flat)
        )

    def differs(self, other: Column) -> Mask:  # noqa: D102
        assert isinstance(other, MappingColumn)
        different = self.names.differs(other.names)
        if not different.any():
            apart = np.flatnonzero(self.flat.differs(other.flat))
            if len(apart):
                different[np.searchsorted(self.starts, apart, side="right") - 1] = True
            return different
        # Rows with equal names have equal widths, so their values lie side by side.
        alike = np.flatnonzero(~different)
        mine = self.flat.take(self._places(alike))
        theirs = other.flat.take(other._places(alike))
        owners = np.repeat(alike, np.diff(self.starts)[alike])
        different[owners[mine.differs(theirs)]] = True
        return different

    def float_pairs(self, other: Column) -> tuple[Floats, Floats]:  # noqa: D102
        assert isinstance(other, MappingColumn)
        alike = np.flatnonzero(~self.names.differs(other.names))
        mine = self.flat.take(self._places(alike))
        return mine.float_pairs(other.flat.take(other._places(alike)))

    def _places(self, rows: Rows) -> Rows:
        """Give the places in ``flat`` of all values of these rows, row by row."""
        widths = np.diff(self.starts)[rows]
        shifts = self.starts[rows] - (np.cumsum(widths) - widths)
        places: Rows = np.repeat(shifts, widths) + np.arange(int(widths.sum()), dtype=np.int64)
        return places


def _alike(values: Sequence[dict[Any, Any]]) -> tuple[TextColumn, FloatColumn] | None:
    """Hold mappings that all have the same names, and no nulls; null when there is another.

    As in `containers.trace.columns.packed_floats`, but with whole mappings: MessagePack then writes
    rows of one width that differ only in the eight bytes of each float. This is what nearly all
    FEATURES are, and takes a fifth of the time.
    """
    try:
        names = TextColumn.build([tuple(values[0])], plural=True)
        row = np.frombuffer(ENCODER.encode(dict.fromkeys(values[0], 0.0)), np.uint8)
        packed = ENCODER.encode(values)
    except (RefusedValueError, TypeError, ValueError, OverflowError):
        return None  # which value it is, the slow way says
    count, width = len(values), len(row)
    header = len(packed) - width * count
    if header not in ARRAY_HEADERS:
        return None
    fixed = np.ones(width, np.bool_)
    flat = np.empty((count, len(values[0])), np.int64)
    stop = width
    for number, name in reversed(list(enumerate(values[0]))):
        fixed[stop - 8 : stop] = False
        place = header + stop - 8
        flat[:, number] = np.ndarray((count,), ">i8", packed, place, (width,))
        stop -= 9 + len(ENCODER.encode(name))
    table = np.frombuffer(packed, np.uint8, offset=header).reshape(count, width)
    if not (table[:, fixed] == row[fixed]).all():
        return None
    codes = np.zeros(count, np.int32)
    data = flat.reshape(-1).view(np.float64)
    return (
        TextColumn(codes, names.texts, plural=True),
        FloatColumn(data, np.ones(len(data), np.uint8)),
    )
