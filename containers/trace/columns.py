"""One column of a trace: a field of many events of one kind, as arrays. Here: numbers.

======================  =======================================================================
annotation of the field  how it is held, one row an event
======================  =======================================================================
``int``                 int64
``int | None``          int64, -1 for null; so other values must not be negative
``float``               float64
``float | None``        float64, and uint8 validity: 1 a number, 0 null, whose slot holds 0.0
``str``                 int32 codes into the column's texts, in order of their first appearance
``tuple[str, ...]``     the same, of the members joined with ","
======================  =======================================================================

`containers.trace.texts` has the columns of text, `containers.trace.mappings` that of a mapping from
names to ``float | None``. Buffers are canonical: equal values give
equal bytes, so bytes can be hashed and compared. Bits count: NaN payloads and -0.0 are kept, and
differ from the plain NaN and 0.0. All arrays are read-only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from operator import is_not
from types import NoneType
from typing import Any, Final, Self, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

__all__ = [
    "ARRAY_HEADERS",
    "ENCODER",
    "Buffer",
    "Column",
    "FloatColumn",
    "Floats",
    "IntColumn",
    "Mask",
    "RefusedValueError",
    "Rows",
    "frozen",
    "packed_floats",
    "same_bits",
]

Buffer: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]

NO_FLOATS: Final[Floats] = np.empty(0, np.float64)


class RefusedValueError(Exception):
    """A value cannot go into a column; the table that builds it names event and field.

    Attributes:
        row: Its index among the values handed in.
        found: The value and its type, as text.
        expected: What the column takes.
    """

    def __init__(self, row: int, value: object, expected: str, found: str | None = None) -> None:
        self.row: Final = row
        self.found: Final = found or f"{value!r} of type {type(value).__name__}"
        self.expected: Final = expected
        super().__init__(f"row {row}: {self.found}; expected {expected}")


class Column(ABC):
    """A field of ``len(column)`` events; immutable."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def buffers(self) -> Iterator[Buffer]:
        """Give the arrays that hold it, contiguous and one-dimensional, in a fixed order."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that codes stand for; empty for a column without codes."""
        return ()

    @abstractmethod
    def values(self) -> list[Any]:
        """Give the values as Python objects, as they were handed in."""

    @abstractmethod
    def take(self, rows: Rows) -> Self:
        """Give the column of these rows, in their order."""

    @abstractmethod
    def part(self, start: int, stop: int) -> Self:
        """Give these rows without copying them, to be compared: texts may be left that none has."""

    @classmethod
    @abstractmethod
    def concatenate(cls, columns: Sequence[Self]) -> Self:
        """Give the column of all rows of these columns, of which there is at least one."""

    @abstractmethod
    def same(self, other: Column) -> bool:
        """Tell whether both hold the same bits. Fast, and says nothing about where they differ."""

    @abstractmethod
    def differs(self, other: Column) -> Mask:
        """Mark the rows that differ; both columns have the same length and the same class."""

    def float_pairs(self, other: Column) -> tuple[Floats, Floats]:
        """Give the floats that stand in the same place of both, without those null in either."""
        return NO_FLOATS, NO_FLOATS


class IntColumn(Column):
    """Whole numbers: int64, where ``nullable`` with -1 for null."""

    def __init__(self, data: Buffer, nullable: bool) -> None:
        self.data: Final = frozen(data, np.int64)
        self.nullable: Final = nullable

    @classmethod
    def build(cls, values: Sequence[Any], nullable: bool) -> IntColumn:
        """Hold values; `RefusedValueError` when one is not an int of 64 bits."""
        packed = packed_ints(values)
        if packed is not None:
            return cls(packed, nullable)
        count = len(values)
        nulls = values.count(None) if nullable else 0
        if nulls == count:
            return cls(np.full(count, -1, np.int64), nullable)
        # The exact type is due: a bool is an int to isinstance and to numpy, but not to us.
        if list(map(type, values)).count(int) + nulls != count:
            allowed = (int, NoneType) if nullable else (int,)
            row = next(row for row, value in enumerate(values) if type(value) not in allowed)
            raise RefusedValueError(row, values[row], "int or null" if nullable else "int")
        filled = values if not nulls else [-1 if value is None else value for value in values]
        try:
            data = np.fromiter(filled, np.int64, count)
        except OverflowError:
            row = next(row for row, value in enumerate(filled) if not -(2**63) <= value < 2**63)
            raise RefusedValueError(row, values[row], "an int that fits 64 bits") from None
        if nullable and (data < 0).sum() != nulls:
            row = next(row for row, value in enumerate(values) if value is not None and value < 0)
            raise RefusedValueError(row, values[row], "an int >= 0 or null")
        return cls(data, nullable)

    def __len__(self) -> int:
        return len(self.data)

    def buffers(self) -> Iterator[Buffer]:  # noqa: D102 - described by Column, as all below
        yield self.data

    def values(self) -> list[Any]:  # noqa: D102
        values: list[int] = self.data.tolist()
        if self.nullable:
            return [None if value == -1 else value for value in values]
        return values

    def take(self, rows: Rows) -> Self:  # noqa: D102
        return type(self)(self.data[rows], self.nullable)

    def part(self, start: int, stop: int) -> Self:  # noqa: D102
        return type(self)(self.data[start:stop], self.nullable)

    @classmethod
    def concatenate(cls, columns: Sequence[Self]) -> Self:  # noqa: D102
        return cls(np.concatenate([column.data for column in columns]), columns[0].nullable)

    def same(self, other: Column) -> bool:  # noqa: D102
        return isinstance(other, IntColumn) and same_bits(self.data, other.data)

    def differs(self, other: Column) -> Mask:  # noqa: D102
        assert isinstance(other, IntColumn)
        different: Mask = self.data != other.data
        return different


class FloatColumn(Column):
    """Numbers: float64; where nullable with ``valid``, uint8, else that is null."""

    def __init__(self, data: Buffer, valid: Buffer | None) -> None:
        self.data: Final = frozen(data, np.float64)
        self.valid: Final = None if valid is None else frozen(valid, np.uint8)

    @classmethod
    def build(cls, values: Sequence[Any], nullable: bool) -> FloatColumn:
        """Hold values; `RefusedValueError` when one is not a float."""
        data = packed_floats(values)
        if data is not None:
            return cls(data, np.ones(len(values), np.uint8) if nullable else None)
        if nullable:
            present = np.fromiter(map(is_not, values, repeat(None)), np.bool_, len(values))
            data = packed_floats([0.0 if value is None else value for value in values])
            if data is not None:
                return cls(data, present)
        allowed = (float, NoneType) if nullable else (float,)
        row = next(row for row, value in enumerate(values) if type(value) not in allowed)
        raise RefusedValueError(row, values[row], "float or null" if nullable else "float")

    def __len__(self) -> int:
        return len(self.data)

    def buffers(self) -> Iterator[Buffer]:  # noqa: D102
        yield self.data
        if self.valid is not None:
            yield self.valid

    def values(self) -> list[Any]:  # noqa: D102
        values: list[Any] = self.data.tolist()
        if self.valid is not None:
            for row in np.flatnonzero(self.valid == 0).tolist():
                values[row] = None
        return values

    def take(self, rows: Rows) -> Self:  # noqa: D102
        return type(self)(self.data[rows], None if self.valid is None else self.valid[rows])

    def part(self, start: int, stop: int) -> Self:  # noqa: D102
        valid = None if self.valid is None else self.valid[start:stop]
        return type(self)(self.data[start:stop], valid)

    @classmethod
    def concatenate(cls, columns: Sequence[Self]) -> Self:  # noqa: D102
        valid = [column.valid for column in columns if column.valid is not None]
        data = np.concatenate([column.data for column in columns])
        return cls(data, np.concatenate(valid) if valid else None)

    def same(self, other: Column) -> bool:  # noqa: D102
        return (
            isinstance(other, FloatColumn)
            and same_bits(self.data, other.data)
            and (
                self.valid is other.valid
                if self.valid is None or other.valid is None
                else same_bits(self.valid, other.valid)
            )
        )

    def differs(self, other: Column) -> Mask:  # noqa: D102
        assert isinstance(other, FloatColumn)
        different: Mask = self.data.view(np.int64) != other.data.view(np.int64)
        if self.valid is not None and other.valid is not None:
            different |= self.valid != other.valid
        return different

    def float_pairs(self, other: Column) -> tuple[Floats, Floats]:  # noqa: D102
        assert isinstance(other, FloatColumn)
        if self.valid is None or other.valid is None:
            return self.data, other.data
        both = (self.valid & other.valid).astype(np.bool_)
        return self.data[both], other.data[both]


def frozen(array: Buffer, dtype: npt.DTypeLike) -> Buffer:
    """Give a contiguous, read-only array of this type."""
    array = np.ascontiguousarray(array, dtype)
    array.setflags(write=False)
    return array


def same_bits(left: Buffer, right: Buffer) -> bool:
    """Compare two arrays of one type bit by bit, so a NaN is equal to itself."""
    if left.dtype == np.float64:
        left, right = left.view(np.int64), right.view(np.int64)
    return left.shape == right.shape and bool((left == right).all())


ENCODER: Final = msgspec.msgpack.Encoder()
ARRAY_HEADERS: Final = (1, 3, 5)
"""How many bytes MessagePack may need to say that an array follows, and how long it is."""

_FLOAT64_TAG: Final = 0xCB
_UINT_TAGS: Final = {3: (0xCD, ">u2"), 5: (0xCE, ">u4"), 9: (0xCF, ">u8")}
"""How MessagePack writes a whole number above 255, by the bytes it takes: a tag, then the number.

It takes the fewest that will do, so what has this many has one of these tags or is negative."""


def packed_floats(values: Sequence[Any]) -> Buffer | None:
    """Convert floats; null when any value is not a float.

    MessagePack writes every float, and nothing else, as the tag 0xCB and eight bytes. So one pass
    in C both converts and checks the types: with all tags in their places, each value was a float.
    That takes 4 ns a value instead of 25.
    """
    # int64, not float64: no conversion of a float may ever touch (quieten) the bits of a NaN.
    bits = _packed(values, {9: (_FLOAT64_TAG, ">i8")})
    return None if bits is None else bits.astype(np.int64).view(np.float64)


def packed_ints(values: Sequence[Any]) -> Buffer | None:
    """Convert ints of 64 bits in the same way, 5 ns a value instead of 25.

    Null when any value is not an int, or when they are not all of one width: a slower way is due.
    """
    numbers = _packed(values, _UINT_TAGS)
    if numbers is None:
        return None
    data = numbers.astype(np.int64)
    return None if data.min() < 0 else data  # beyond 63 bits


def _packed(values: Sequence[Any], tags: Mapping[int, tuple[int, str]]) -> Buffer | None:
    """Give what MessagePack writes behind the tag of each value, all having one tag.

    Args:
        values: At least one, for there to be a result.
        tags: By the bytes that a value takes: the only tag there may be, and what comes behind it.
    """
    try:
        packed = ENCODER.encode(values)
    except (TypeError, ValueError, OverflowError):
        return None
    count = len(values)
    width = (len(packed) - min(ARRAY_HEADERS)) // count if count else 0
    header = len(packed) - width * count
    # Each tag says how long its value is: with the first in its place, the second is, and so on.
    if width not in tags or header not in ARRAY_HEADERS:
        return None
    tag, number = tags[width]
    table = np.frombuffer(packed, [("tag", np.uint8), ("number", number)], count, header)
    return table["number"] if (table["tag"] == tag).all() else None
