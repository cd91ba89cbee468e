"""Tables of stored results: columns of cells, each of one type, with the place of every row.

A table is of one of three kinds, and has the fields of that kind under our names:

- ``trades``: those of `containers.results.Trade`;
- ``equity``: ``portfolio``, ``time_ns``, ``equity``;
- ``metrics``: ``portfolio``, and a column for each figure.

It can have others; what one side alone has is a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from containers.results import Trade

__all__ = ["FIELDS", "KEYS", "Cells", "Kind", "Table", "Type", "field_type"]


class Kind(StrEnum):
    """What the rows of a table are."""

    TRADES = "trades"
    EQUITY = "equity"
    METRICS = "metrics"


class Type(StrEnum):
    """What the cells of a column are.

    A column of ``raw`` text has not said yet: a CSV file has nothing but text. What it is follows
    from its field, or from the other side.
    """

    RAW = "raw"
    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    TIME = "time"
    NOTHING = "nothing"


_TIMES: Final = ("entry_time", "exit_time")
_BY_ANNOTATION: Final[Mapping[str, Type]] = {"str": Type.TEXT, "int": Type.INT, "float": Type.FLOAT}


def _trade_fields() -> dict[str, Type]:
    return {
        field.name: Type.TIME if field.name in _TIMES else _BY_ANNOTATION[field.type.__name__]
        for field in msgspec.structs.fields(Trade)
    }


FIELDS: Final[Mapping[Kind, Mapping[str, Type]]] = {
    Kind.TRADES: _trade_fields(),
    Kind.EQUITY: {"portfolio": Type.TEXT, "time_ns": Type.TIME, "equity": Type.FLOAT},
    Kind.METRICS: {
        "portfolio": Type.TEXT,
        **dict.fromkeys(("bars", "num_trades"), Type.INT),
        "ruined_at": Type.TIME,
    },
}
"""The fields of each kind that have a name and a type of their own; figures are float else."""

KEYS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TRADES: ("portfolio", "symbol", "entry_time"),
    Kind.EQUITY: ("portfolio", "time_ns"),
    Kind.METRICS: ("portfolio",),
}
"""What rows of each kind are matched by, as far as both sides have it."""


def field_type(kind: Kind, name: str) -> Type | None:
    """Give the type of a field; null when it is none of ours."""
    return FIELDS[kind].get(name)


class Cells(msgspec.Struct, frozen=True):
    """A column.

    Attributes:
        type: Of all cells that are not null.
        values: Text, int (times: nanoseconds UTC), float, bool; null for nothing.
        origin: The column they come from, as its file calls it; null when they are ours.
    """

    type: Type
    values: Sequence[Any]
    origin: str | None = None


class Table(msgspec.Struct, frozen=True):
    """Stored results of one kind.

    Attributes:
        kind: What its rows are.
        source: What it was read from, for messages.
        columns: By name; all of the same length.
        rows: How many rows there are.
        place: Gives the place of a row, by its number, as messages tell it.
    """

    kind: Kind
    source: str
    columns: Mapping[str, Cells]
    rows: int
    place: Callable[[int], str]
