"""What came of comparing two tables: counts, columns with what differs most, sample rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from parity.stored.table import Kind

__all__ = ["ColumnOutcome", "Row", "TableOutcome", "Widest"]


class Widest(msgspec.Struct, frozen=True):
    """The largest difference of a column by one measure, and where it is.

    Attributes:
        size: Of the difference.
        key: Of the row.
        left: The cell.
        right: Its counterpart.
    """

    size: float | int
    key: Mapping[str, Any]
    left: Any
    right: Any


class ColumnOutcome(msgspec.Struct, frozen=True):
    """What came of comparing the cells of one column in matched rows.

    Attributes:
        name: Of the column.
        compared: Cells that were compared.
        different: Of these, those that differ and are not tolerated.
        tolerated: Those that differ and are.
        widest_abs: The largest difference of two numbers; null when no numbers differ.
        widest_rel: The largest as a share of the larger of both.
        widest_ulp: The largest, counted in doubles between both.
        used: The largest share of the tolerance that a difference used, 0 to 1; null without one.
        tolerance: The reason of the tolerance; null without one.
        note: What to know about it, for example that types differ; null: nothing.
    """

    name: str
    compared: int
    different: int
    tolerated: int = 0
    widest_abs: Widest | None = None
    widest_rel: Widest | None = None
    widest_ulp: Widest | None = None
    used: float | None = None
    tolerance: str | None = None
    note: str | None = None


class Row(msgspec.Struct, frozen=True):
    """A row that is not the same on both sides.

    Attributes:
        key: What rows are matched by.
        left: The cells that differ, or all of a row that only the left side has; null: not there.
        right: Their counterparts.
        left_place: Where it stands; null: not there.
        right_place: Where its counterpart stands.
    """

    key: Mapping[str, Any]
    left: Mapping[str, Any] | None
    right: Mapping[str, Any] | None
    left_place: str | None
    right_place: str | None


class TableOutcome(msgspec.Struct, frozen=True):
    """What came of comparing two tables.

    Attributes:
        kind: What the rows are.
        left: What the left table was read from.
        right: What the right one was read from.
        key: What rows were matched by.
        left_rows: Rows of the left table.
        right_rows: Rows of the right table.
        matched: Rows that both have.
        different: Of these, those with a cell that differs and is not tolerated.
        only_left: Rows that the left side alone has.
        only_right: Rows that the right side alone has.
        left_again: Rows of the left table whose key an earlier one has.
        right_again: The same of the right table.
        columns: Of those that both have and that are no key.
        left_columns: Columns that the left side alone has.
        right_columns: Columns that the right side alone has.
        ignored: Columns that were left out, with the reason.
        rows: The first rows that are not the same: differing ones, then those of one side.
        problems: Rules that did nothing.
        notes: What to know about how it was compared.
    """

    kind: Kind
    left: str
    right: str
    key: tuple[str, ...]
    left_rows: int
    right_rows: int
    matched: int
    different: int
    only_left: int
    only_right: int
    left_again: int
    right_again: int
    columns: tuple[ColumnOutcome, ...]
    left_columns: tuple[str, ...]
    right_columns: tuple[str, ...]
    ignored: Mapping[str, str]
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything is not the same on both sides, or a rule did nothing."""
        return bool(
            self.different
            or self.only_left
            or self.only_right
            or self.left_columns
            or self.right_columns
            or any(column.different for column in self.columns)
            or self.problems
        )

    @property
    def is_empty(self) -> bool:
        """Whether no row, or no cell of one, was compared."""
        return not self.matched or not any(column.compared for column in self.columns)
