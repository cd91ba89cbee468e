"""Bars from CSV: UTF-8, commas, one header line, numbers as plain decimals.

Rows are read by Python's `csv` in blocks, so that lines can be named exactly and memory stays
bounded, and converted a column at a time. Blank lines are skipped. Each conversion has a fast path
that is only taken when it surely gives what the exact one gives.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, TextIO, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from containers.data.blocks import PRICES, Block, Cell, Field, match_columns
from containers.data.instants import parse_column
from containers.errors import DataError, Location, Problem

__all__ = ["read_csv"]

_Numbers: TypeAlias = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]

# Few enough for the rows to be gone again before the garbage collector walks them often.
_BLOCK_ROWS: Final = 4_096
_BLANKS: Final = " \t\r\n"  # what JSON allows around a number
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# JSON's numbers are plain decimals, read to the nearest double, six times as fast as by float().
_JSON_NUMBERS: Final = msgspec.json.Decoder(list[float])
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def read_csv(path: Path) -> Iterator[Block]:
    """Read a file block by block.

    Raises:
        DataError: The file as a whole cannot be read, or not to its end: it is not UTF-8, has no
            header, lacks a column, or its quoting is broken. Blocks given before stay valid.
    """
    file = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from _blocks(stream, file)
    except UnicodeDecodeError:
        raise DataError([_not_utf8(path)]) from None
    except OSError as error:
        raise DataError(
            [Problem(f"cannot be read: {error.strerror}", location=Location(file))]
        ) from error


def _blocks(stream: TextIO, file: str) -> Iterator[Block]:
    lines: list[str] = []

    def noted() -> Iterator[str]:
        for line in stream:
            lines.append(line)
            yield line

    reader = csv.reader(noted(), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise DataError([Problem("is empty; expected a header line", location=Location(file))])
        names = [name.strip() for name in header]
        places = match_columns(names, Location(file, 1))
        while True:
            first_line = reader.line_num + 1
            lines.clear()
            rows = list(islice(reader, _BLOCK_ROWS))
            if not rows:
                return
            yield _block(rows, tuple(lines), first_line, names, places, file)
    except csv.Error as error:
        raise DataError(
            [
                Problem(
                    f"is not readable as CSV: {error}; the rest of the file was not read",
                    location=Location(file, reader.line_num),
                    hint="look for a quotation mark without its pair",
                )
            ]
        ) from None


def _block(
    rows: list[list[str]],
    lines: tuple[str, ...],
    first_line: int,
    names: list[str],
    places: dict[Field, int],
    file: str,
) -> Block:
    line = _line_numbers(rows, first_line, len(lines))
    malformed: tuple[Problem, ...] = ()
    if set(map(len, rows)) != {len(names)}:
        malformed = tuple(
            _wrong_count(row, int(number), len(names), file)
            for row, number in zip(rows, line, strict=True)
            if row and len(row) != len(names)
        )
        kept = [index for index, row in enumerate(rows) if len(row) == len(names)]
        rows, line = [rows[index] for index in kept], line[kept]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    label_ns, readable = parse_column(columns[places["timestamp"]])
    prices = np.empty((len(PRICES), len(rows)), dtype=np.float64)
    for index, field in enumerate(PRICES):
        prices[index] = _numbers(columns[places[field]], missing=np.nan)[0]
    if "volume" in places:
        volume, volume_valid = _numbers(columns[places["volume"]], missing=0.0)
        volume += 0.0  # -0 becomes 0, whichever path read it
    else:
        volume, volume_valid = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.bool_)

    def cell(row: int, field: Field) -> Cell:
        place = places[field]
        position = _field_start(lines[int(line[row]) - first_line], place)
        return Cell(names[place], rows[row][place].strip(_BLANKS), position)

    return Block(line, label_ns, readable, prices, volume, volume_valid, cell, malformed)


def _numbers(cells: Sequence[str], *, missing: float) -> _Numbers:
    """Read a column of numbers.

    Returns:
        (n,) float64, ``missing`` where a cell is blank and NaN where it is no plain decimal; and
        (n,) bool, false where it is blank.
    """
    values = _json_numbers(cells)
    if values is not None:
        return values, np.ones(len(cells), dtype=np.bool_)
    stripped = [cell.strip(_BLANKS) for cell in cells]
    given = np.array([bool(cell) for cell in stripped], dtype=np.bool_)
    values = _json_numbers([cell or "0" for cell in stripped])
    if values is None:
        exact = [float(cell) if _DECIMAL.fullmatch(cell) else np.nan for cell in stripped]
        values = np.array(exact, dtype=np.float64)
    return np.where(given, values, missing), given


def _json_numbers(cells: Sequence[str]) -> npt.NDArray[np.float64] | None:
    try:
        values = _JSON_NUMBERS.decode(f"[{','.join(cells)}]")
    except msgspec.DecodeError:
        return None  # a blank cell, a form that JSON has not (+1, .5, 1e999), or no number
    # A cell cannot stand for no number, so one that stands for two shows in the count.
    return np.array(values, dtype=np.float64) if len(values) == len(cells) else None


def _line_numbers(rows: list[list[str]], first_line: int, count: int) -> npt.NDArray[np.int64]:
    """Give the line on which each row begins; a quoted field may run over several."""
    if count == len(rows):
        return np.arange(first_line, first_line + count, dtype=np.int64)
    heights = [1 + sum(len(_LINE_END.findall(field)) for field in row) for row in rows]
    return first_line + np.cumsum([0, *heights[:-1]], dtype=np.int64)


def _field_start(line: str, place: int) -> int:
    """Give the character, from 1, at which a field of a line starts; 0 if on a later line."""
    quoted = False
    for index, character in enumerate(line):
        if place == 0:
            return index + 1
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            place -= 1
    return 0 if place else len(line) + 1


def _wrong_count(row: list[str], line: int, expected: int, file: str) -> Problem:
    return Problem(
        f"the row has {len(row)} fields; expected {expected}, as many as the header",
        location=Location(file, line),
        hint="a number must not contain a comma" if len(row) > expected else None,
    )


def _not_utf8(path: Path) -> Problem:
    content = path.read_bytes()
    line, found = 0, ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f" (byte 0x{content[error.start]:02x})"
    return Problem(
        f"is not UTF-8{found}",
        location=Location(str(path), line),
        hint="save it as UTF-8",
    )
