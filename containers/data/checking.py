"""The rules a row must pass to be a bar, and what happens to one that does not.

The checks of a row, in this order; the first that fails names the reason:

1. its timestamp can be read;
2. its timestamp is after the last kept bar's;
3. open, high, low, close are there and finite;
4. they are above 0;
5. high is not below the larger of open and close, by more than 1e-9 of close;
6. low is not above the smaller of them, by more than 1e-9 of close;
7. volume is null, or finite and not negative.

A block in which all rows pass is judged at once, over columns; otherwise row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from containers.data.blocks import PRICES, Block, Field
from containers.data.instants import format_instant, parse_instant
from containers.errors import DataError, Location, Problem
from containers.journal import BarDropped

__all__ = ["MOST_PROBLEMS", "TOLERANCE", "CheckedRows", "OnBadBar", "Reason", "check_rows"]

OnBadBar: TypeAlias = Literal["error", "drop"]
Reason: TypeAlias = Literal[
    "timestamp unreadable",
    "timestamp not after the last kept bar's",
    "price missing or not finite",
    "price not above 0",
    "high below open or close",
    "low above open or close",
    "volume negative or not finite",
]

TOLERANCE: Final = 1e-9
"""Share of close by which high and low may fail to enclose open and close."""
MOST_PROBLEMS: Final = 20
"""Problems of one file that are told one by one; the others are counted."""


class _Bad(NamedTuple):
    row: int
    field: Field
    reason: Reason


@dataclass(slots=True)
class _LastKept:
    label_ns: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class CheckedRows:
    """The good rows of one file, oldest first, and what was left out.

    Attributes:
        label_ns: (n,) int64 nanoseconds UTC, strictly ascending.
        prices: (4, n) float64: open, high, low, close; finite and above 0.
        volume: (n,) float64, 0.0 where null.
        volume_valid: (n,) bool, false where null.
        dropped: A record for each bad bar, in the order of the file.
    """

    label_ns: npt.NDArray[np.int64]
    prices: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    volume_valid: npt.NDArray[np.bool_]
    dropped: tuple[BarDropped, ...]


@dataclass(slots=True)
class _Problems:
    """The first `MOST_PROBLEMS` of a file, and how many more there are."""

    file: str
    kept: list[Problem] = field(default_factory=list)
    more: int = 0

    def room(self) -> int:
        return MOST_PROBLEMS - len(self.kept)

    def add(self, problems: Iterable[Problem], uncounted: int = 0) -> None:
        for problem in problems:
            if self.room() > 0:
                self.kept.append(problem)
            else:
                self.more += 1
        self.more += uncounted

    def finish(self) -> None:
        if self.more:
            text = f"and {self.more} more problem{'s' if self.more > 1 else ''}"
            self.kept.append(Problem(text, location=Location(self.file)))
        if self.kept:
            raise DataError(self.kept)


def check_rows(blocks: Iterable[Block], file: str, name: str, on_bad_bar: OnBadBar) -> CheckedRows:
    """Judge all rows of a file.

    Args:
        blocks: Its rows, in order.
        file: The file as it was reached, for errors.
        name: The file's name alone, for the journal, which must not depend on the machine.
        on_bad_bar: ``error`` to raise, ``drop`` to leave bad bars out.

    Raises:
        DataError: Rows that are no rows, whatever ``on_bad_bar`` says; bad bars, if it says
            ``error``; what the reader raised. At most `MOST_PROBLEMS`, then how many more.
    """
    last = _LastKept()
    problems = _Problems(file)
    dropped: list[BarDropped] = []
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    try:
        for block in blocks:
            kept, bad = _judge(block, last)
            columns = (block.label_ns, block.prices, block.volume, block.volume_valid)
            parts.append(columns if kept is None else tuple(c[..., kept] for c in columns))
            if on_bad_bar == "drop":
                dropped.extend(_record(block, name, one) for one, _ in bad)
                problems.add(block.malformed)
            else:
                told = [
                    _problem(block, file, one, before) for one, before in bad[: problems.room()]
                ]
                in_order = sorted([*block.malformed, *told], key=_line)
                problems.add(in_order, uncounted=len(bad) - len(told))
    except DataError as error:  # the reader could not go on: what it found comes last
        problems.add(error.problems)
    problems.finish()
    label_ns, prices, volume, volume_valid = (
        (np.concatenate(column, axis=-1) for column in zip(*parts, strict=True))
        if parts
        else (np.empty(0, np.int64), np.empty((4, 0)), np.empty(0), np.empty(0, np.bool_))
    )
    return CheckedRows(label_ns, prices, volume, volume_valid, tuple(dropped))


def _line(problem: Problem) -> int:
    return problem.location.line if problem.location is not None else 0


def _judge(
    block: Block, last: _LastKept
) -> tuple[npt.NDArray[np.intp] | None, list[tuple[_Bad, _LastKept]]]:
    """Judge a block and move ``last`` on.

    Returns:
        The rows to keep, null for all; and the bad ones, each with the bar last kept before it.
    """
    if _all_good(block, last):
        if block.line.size:
            last.label_ns, last.line = int(block.label_ns[-1]), int(block.line[-1])
        return None, []
    kept: list[int] = []
    bad: list[tuple[_Bad, _LastKept]] = []
    for row, verdict in enumerate(_verdicts(block, last)):
        if verdict is None:
            kept.append(row)
        else:
            bad.append((_Bad(row, *verdict), _LastKept(last.label_ns, last.line)))
    return np.array(kept, dtype=np.intp), bad


def _all_good(block: Block, last: _LastKept) -> bool:
    open_, high, low, close = block.prices
    slack = TOLERANCE * close
    label_ns = block.label_ns
    in_order = bool((label_ns[1:] > label_ns[:-1]).all())
    if last.label_ns is not None and label_ns.size:
        in_order = in_order and int(label_ns[0]) > last.label_ns
    # Comparisons are written so that NaN fails them; a sum may overflow, as Python's floats do.
    with np.errstate(over="ignore"):
        return bool(
            in_order
            and block.readable.all()
            and ((block.prices > 0.0) & (block.prices < np.inf)).all()
            and (high >= np.maximum(open_, close) - slack).all()
            and (low <= np.minimum(open_, close) + slack).all()
            and ((block.volume >= 0.0) & (block.volume < np.inf)).all()
        )


def _verdicts(block: Block, last: _LastKept) -> Iterator[tuple[Field, Reason] | None]:
    rows = zip(
        block.line.tolist(),
        block.label_ns.tolist(),
        block.readable.tolist(),
        block.prices.T.tolist(),
        block.volume.tolist(),
        strict=True,
    )
    for line, label_ns, readable, prices, volume in rows:
        verdict = _verdict(label_ns, readable, prices, volume, last.label_ns)
        if verdict is None:
            last.label_ns, last.line = label_ns, line
        yield verdict


def _verdict(
    label_ns: int, readable: bool, prices: list[float], volume: float, last_ns: int | None
) -> tuple[Field, Reason] | None:
    if not readable:
        return "timestamp", "timestamp unreadable"
    if last_ns is not None and label_ns <= last_ns:
        return "timestamp", "timestamp not after the last kept bar's"
    for name, price in zip(PRICES, prices, strict=True):
        if not isfinite(price):
            return name, "price missing or not finite"
    for name, price in zip(PRICES, prices, strict=True):
        if price <= 0.0:
            return name, "price not above 0"
    open_, high, low, close = prices
    if high < max(open_, close) - TOLERANCE * close:
        return "high", "high below open or close"
    if low > min(open_, close) + TOLERANCE * close:
        return "low", "low above open or close"
    if volume < 0.0 or not isfinite(volume):
        return "volume", "volume negative or not finite"
    return None


def _record(block: Block, name: str, bad: _Bad) -> BarDropped:
    cell = block.cell(bad.row, bad.field)
    return BarDropped(
        file=name,
        line=int(block.line[bad.row]),
        column=cell.column,
        value=cell.text,
        reason=bad.reason,
    )


def _problem(block: Block, file: str, bad: _Bad, before: _LastKept) -> Problem:
    cell = block.cell(bad.row, bad.field)
    line = int(block.line[bad.row])
    # A line can be looked up by its number; in a table the number needs a name.
    place = f"row {line}: " if block.counted == "row" else ""
    found = f"{cell.column} is missing" if not cell.text else f"{cell.column} is '{cell.text}'"
    return Problem(
        f"{place}{found}; expected {_expected(block, bad, cell.text, before)}",
        location=Location(file, line, cell.position),
        hint="on_bad_bar: drop leaves such bars out",
    )


def _expected(block: Block, bad: _Bad, text: str, before: _LastKept) -> str:
    open_, _, _, close = block.prices[:, bad.row].tolist()
    match bad.reason:
        case "timestamp unreadable":
            return _readable_time(text)
        case "timestamp not after the last kept bar's":
            label_ns = 0 if before.label_ns is None else before.label_ns
            kept = f"the last kept bar's ({block.counted} {before.line})"
            return f"a time after {format_instant(label_ns)}, {kept}"
        case "price missing or not finite" | "price not above 0":
            return "a finite price above 0 as a plain decimal number"
        case "high below open or close":
            return f"at least {max(open_, close)!r}, the larger of open and close"
        case "low above open or close":
            return f"at most {min(open_, close)!r}, the smaller of open and close"
        case "volume negative or not finite":
            return "nothing, or a finite volume of 0 or more as a plain decimal number"


def _readable_time(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        # "'2005-02-30' has no such date in the calendar": the value has been told already.
        if text and not str(error).endswith("+01:00"):
            return f"a time that exists ({error})"
    return "an ISO 8601 date or time, for example 2005-01-03 or 2005-01-03T09:30:00+01:00"
