"""Rows of a file as they were read, before any is judged: what every format is turned into.

A reader gives `Block`s, one after the other, and takes no decision about a value. What a row says
that cannot be a bar stays visible: a number that is missing or unreadable is NaN, an unreadable
time is marked, and the text as found can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from containers.errors import DataError, Location, Problem
from containers.nearest import nearest

__all__ = ["PRICES", "Block", "Cell", "Field", "match_columns"]

Field: TypeAlias = Literal["timestamp", "open", "high", "low", "close", "volume"]

PRICES: Final[tuple[Field, ...]] = ("open", "high", "low", "close")
_NAMES: Final[dict[Field, tuple[str, ...]]] = {
    "timestamp": ("timestamp", "date", "datetime"),
    **{price: (price,) for price in PRICES},
    "volume": ("volume",),
}


class Cell(NamedTuple):
    """One value as the file has it.

    Attributes:
        column: The column's name as the file writes it.
        text: The value as text; empty when it is missing.
        position: The character of the line at which it starts, from 1; 0 in a binary file.
    """

    column: str
    text: str
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive rows of a file.

    Attributes:
        line: (n,) int64 lines of a text file, the header included, or rows of a table; from 1.
        label_ns: (n,) int64 nanoseconds UTC; 0 where not `readable`.
        readable: (n,) bool, whether the row's time could be read.
        prices: (4, n) float64: open, high, low, close; NaN where missing or not a number.
        volume: (n,) float64; NaN where there is a value that is not a number; 0.0 where missing.
        volume_valid: (n,) bool, false where the volume is missing.
        cell: Gives a value of the k-th row of the block as the file has it.
        malformed: Rows that are no rows at all; they are not among the n.
        counted: What `line` counts.
    """

    line: npt.NDArray[np.int64]
    label_ns: npt.NDArray[np.int64]
    readable: npt.NDArray[np.bool_]
    prices: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    volume_valid: npt.NDArray[np.bool_]
    cell: Callable[[int, Field], Cell]
    malformed: tuple[Problem, ...] = ()
    counted: Literal["line", "row"] = "line"


def match_columns(names: Sequence[str], location: Location) -> dict[Field, int]:
    """Find the columns of bars among a file's, in any case; others are left alone.

    Args:
        names: The file's columns, in order.
        location: Where they stand.

    Returns:
        The place of each field among ``names``; without ``volume`` when the file has none.

    Raises:
        DataError: A column is missing or there twice; every such problem.
    """
    found = {
        field: [i for i, name in enumerate(names) if name.strip().lower() in accepted]
        for field, accepted in _NAMES.items()
    }
    listed = ", ".join(f"'{name}'" for name in names) or "none"
    problems = []
    for field, places in found.items():
        if len(places) > 1:
            several = " and ".join(f"'{names[i]}' (column {i + 1})" for i in places)
            problems.append(
                Problem(f"{several} both mean {field}", location=location, hint="keep one of them")
            )
        elif not places and field != "volume":
            problems.append(
                Problem(
                    f"there is no column {' or '.join(_NAMES[field])}; found {listed}",
                    location=location,
                    hint=_column_hint(field, names),
                )
            )
    if problems:
        raise DataError(problems)
    return {field: places[0] for field, places in found.items() if places}


def _column_hint(field: Field, names: Sequence[str]) -> str | None:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return "fields are separated by commas"
    lowered = {name.strip().lower(): name for name in names}
    taken = {name for accepted in _NAMES.values() for name in accepted}
    free = [name for name in lowered if name not in taken]
    for accepted in _NAMES[field]:
        near = nearest(accepted, free)
        if near is not None:
            return f"is it '{lowered[near]}'?"
    return None
