"""All events of one kind in a chunk: a column for each field, derived from the event's type.

`SCHEMAS` is made once, from the annotations of the event types; there is no second schema to keep
in step. A field of a type that no column can hold fails the import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self, assert_never

import msgspec
import numpy as np
import numpy.typing as npt

from containers.events import EVENT_TYPES, Event, EventKind
from containers.trace.columns import (
    Buffer,
    Column,
    FloatColumn,
    IntColumn,
    Mask,
    RefusedValueError,
    Rows,
)
from containers.trace.errors import InvalidEventError
from containers.trace.mappings import MappingColumn
from containers.trace.texts import TextColumn

__all__ = ["HEADER", "SCHEMAS", "ColumnType", "Table"]

HEADER: Final = ("seq", "time_ns", "container", "cause")
"""The fields that every kind has, in their order."""

_BATCH: Final = 256  # rows turned at a time: they stay in the processor's cache


class ColumnType(StrEnum):
    """What a column can hold; part of the canonical bytes, so names are for ever."""

    INT = "int"
    NULLABLE_INT = "int?"
    FLOAT = "float"
    NULLABLE_FLOAT = "float?"
    TEXT = "text"
    TEXTS = "texts"
    FLOATS_BY_NAME = "floats by name"

    @property
    def column(self) -> type[Column]:
        """The class of such a column."""
        return _CLASSES[self]

    def build(self, values: Sequence[Any]) -> Column:
        """Hold values; `RefusedValueError` when one has another type."""
        match self:
            case ColumnType.INT | ColumnType.NULLABLE_INT:
                return IntColumn.build(values, nullable=self is ColumnType.NULLABLE_INT)
            case ColumnType.FLOAT | ColumnType.NULLABLE_FLOAT:
                return FloatColumn.build(values, nullable=self is ColumnType.NULLABLE_FLOAT)
            case ColumnType.TEXT | ColumnType.TEXTS:
                return TextColumn.build(values, plural=self is ColumnType.TEXTS)
            case ColumnType.FLOATS_BY_NAME:
                return MappingColumn.build(values)
            case _:
                assert_never(self)


_CLASSES: Final[Mapping[ColumnType, type[Column]]] = {
    ColumnType.INT: IntColumn,
    ColumnType.NULLABLE_INT: IntColumn,
    ColumnType.FLOAT: FloatColumn,
    ColumnType.NULLABLE_FLOAT: FloatColumn,
    ColumnType.TEXT: TextColumn,
    ColumnType.TEXTS: TextColumn,
    ColumnType.FLOATS_BY_NAME: MappingColumn,
}

_BY_ANNOTATION: Final[Mapping[Any, ColumnType]] = {
    int: ColumnType.INT,
    int | None: ColumnType.NULLABLE_INT,
    float: ColumnType.FLOAT,
    float | None: ColumnType.NULLABLE_FLOAT,
    str: ColumnType.TEXT,
    tuple[str, ...]: ColumnType.TEXTS,
    Mapping[str, float | None]: ColumnType.FLOATS_BY_NAME,
}


def _schema(cls: type[Event]) -> Mapping[str, ColumnType]:
    columns = {}
    for field in msgspec.structs.fields(cls):
        if field.type not in _BY_ANNOTATION:
            raise TypeError(f"no column holds {cls.__name__}.{field.name}: {field.type}")
        columns[field.name] = _BY_ANNOTATION[field.type]
    return MappingProxyType(columns)


SCHEMAS: Final[Mapping[EventKind, Mapping[str, ColumnType]]] = {
    kind: _schema(cls) for kind, cls in EVENT_TYPES.items()
}
"""For each kind its fields in order, and how a column holds them."""


class Table:
    """Events of one kind, in ascending ``seq``; immutable.

    Attributes:
        kind: The kind of all of them.
        columns: A column for each field of the kind, in the order of the fields.
    """

    __slots__ = ("columns", "kind")

    def __init__(self, kind: EventKind, columns: Mapping[str, Column]) -> None:
        self.kind: Final = kind
        self.columns: Final = columns

    @classmethod
    def from_events(cls, kind: EventKind, events: Sequence[Event]) -> Table:
        """Hold events of this kind; there is at least one.

        Raises:
            InvalidEventError: A value does not have the type its field is annotated with.
        """
        schema = SCHEMAS[kind]
        turned: list[list[Any]] = [[] for _ in schema]
        astuple = msgspec.structs.astuple
        for start in range(0, len(events), _BATCH):
            rows = map(astuple, events[start : start + _BATCH])
            for values, more in zip(turned, zip(*rows, strict=True), strict=True):
                values.extend(more)
        columns = {}
        for (field, type_), values in zip(schema.items(), turned, strict=True):
            try:
                columns[field] = type_.build(values)
            except RefusedValueError as error:
                seq = events[error.row].seq
                raise InvalidEventError(seq, kind, field, error.found, error.expected) from None
        return cls(kind, columns)

    def __len__(self) -> int:
        return len(self.columns["seq"])

    @property
    def seq(self) -> npt.NDArray[np.int64]:
        """The numbers of its events, ascending."""
        column = self.columns["seq"]
        assert isinstance(column, IntColumn)
        return column.data

    @property
    def time_ns(self) -> npt.NDArray[np.int64]:
        """The times of its events, int64 nanoseconds UTC."""
        column = self.columns["time_ns"]
        assert isinstance(column, IntColumn)
        return column.data

    @property
    def containers(self) -> TextColumn:
        """The publishers of its events."""
        column = self.columns["container"]
        assert isinstance(column, TextColumn)
        return column

    def buffers(self) -> Iterator[Buffer]:
        """Give the arrays of all columns, in order."""
        for column in self.columns.values():
            yield from column.buffers()

    def events(self) -> list[Event]:
        """Give the events, equal to those it was built from."""
        columns = [column.values() for column in self.columns.values()]
        return list(map(EVENT_TYPES[self.kind], *columns))

    def take(self, rows: Rows) -> Table:
        """Give the table of these rows, which ascend."""
        return Table(self.kind, {name: column.take(rows) for name, column in self.columns.items()})

    def part(self, start: int, stop: int) -> Table:
        """Give the table of these rows without copying them, to be compared; see `Column.part`."""
        return Table(
            self.kind, {name: column.part(start, stop) for name, column in self.columns.items()}
        )

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Table:
        """Give the table of all rows of these tables, of one kind and in order."""
        kind = tables[0].kind
        return cls(
            kind,
            {
                name: type_.column.concatenate([table.columns[name] for table in tables])
                for name, type_ in SCHEMAS[kind].items()
            },
        )

    def same(self, other: Table) -> bool:
        """Tell whether both hold the same bits."""
        return all(
            column.same(other.columns[name]) for name, column in self.columns.items()
        )  # columns that every kind has come first, so tables of two kinds differ early

    def differs(self, other: Table) -> Mask:
        """Mark the rows that differ; both tables have one kind and one length."""
        different = np.zeros(len(self), np.bool_)
        for name, column in self.columns.items():
            different |= column.differs(other.columns[name])
        return different

    def fields_differing(self, other: Table) -> tuple[str, ...]:
        """Name the fields in which any row differs; both tables have one length.

        Tables of two kinds differ in ``kind``, and are compared in the fields all kinds have.
        """
        alike = self.kind == other.kind
        names = tuple(
            name
            for name in (self.columns if alike else HEADER)
            if self.columns[name].differs(other.columns[name]).any()
        )
        return names if alike else ("kind", *names)
