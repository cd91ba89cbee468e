"""From a file's columns to a table of our fields, by a mapping.

Conversions are exact where the values allow it: whole numbers never pass through floats, times are
whole nanoseconds. Of percent and basis points it is one division, rounded once.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from containers.data import parse_instant
from containers.data.instants import FIRST_NS, LAST_NS
from containers.nearest import did_you_mean
from parity.errors import UsageError
from parity.stored.mapping import FieldMapping, TableMapping
from parity.stored.raw import RawTable
from parity.stored.table import Cells, Kind, Table, Type, field_type

__all__ = ["NUMBER", "WHOLE", "converted", "parse_cells"]

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""A number as text."""

WHOLE: Final = re.compile(r"[+-]?\d+")
"""A whole number as text."""

_DIGITS: Final = 20
"""Of a time as a whole number, its sign included, at most."""

_SIDES: Final[Mapping[str, int]] = {"long": 1, "short": -1}
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

Place = Callable[[int], str]


def converted(raw: RawTable, kind: Kind, mapping: TableMapping) -> Table:
    """Give a file's columns under our names and in our units.

    Raises:
        UsageError: The mapping names a column that is not there, two columns become one field, or
            a cell is not what its field needs.
    """
    for name, place in mapping.places.items():
        if name not in raw.columns:
            hint = did_you_mean(name, raw.columns)
            raise UsageError(f"{place}: {raw.file} has no column '{name}'; {hint}")
    columns: dict[str, Cells] = {}
    for name, cells in raw.columns.items():
        if name not in mapping.columns and _ignored(name, mapping):
            columns[name] = cells  # compared by nobody, so it may hold what it likes
            continue
        for field in mapping.columns.get(name, (FieldMapping(name),)):
            if field.field in columns:
                raise UsageError(
                    f"{raw.file}: the columns '{columns[field.field].origin}' and '{name}' are "
                    f"both '{field.field}'; map one of them to another name, or ignore it"
                )
            columns[field.field] = _Conversion(raw, name, field, kind, mapping).cells(cells)
    for name, value in mapping.constants.items():
        if name in columns:
            raise UsageError(f"{raw.file} has a column '{name}'; leave it out of the constants")
        columns[name] = _constant(name, value, kind, raw.rows)
    return Table(kind, raw.file, columns, raw.rows, lambda row: raw.place(row, None))


def _ignored(name: str, mapping: TableMapping) -> bool:
    return any(fnmatchcase(name, glob) for glob in mapping.ignore)


def _constant(name: str, value: Any, kind: Kind, rows: int) -> Cells:
    due = field_type(kind, name)
    if due is Type.TIME and isinstance(value, str):
        try:
            value = parse_instant(value)
        except ValueError as error:
            raise UsageError(f"the constant '{name}': {error}") from None
    found = {str: Type.TEXT, int: Type.INT, float: Type.FLOAT}[type(value)]
    if due is Type.TIME and found is Type.INT:
        found = Type.TIME
    return Cells(found, [value] * rows, name)


class _Conversion:
    """One column becoming one field."""

    def __init__(
        self, raw: RawTable, name: str, field: FieldMapping, kind: Kind, mapping: TableMapping
    ) -> None:
        self._raw = raw
        self._name = name
        self._field = field
        self._nulls = mapping.nulls
        self._due = field_type(kind, field.field)

    def cells(self, cells: Cells) -> Cells:
        cells = self._without_nulls(cells)
        field = self._field
        if field.values is not None or self._is_side(cells):
            return self._words(cells, field.values or _SIDES)
        due = field.type or self._due
        numbers = field.absolute or field.sign or field.divisor or field.scale
        if due is Type.TIME or field.format or field.zone or field.shift_ns or field.epoch != 1:
            return self._times(cells)
        if numbers:
            return self._numbers(cells, due)
        if cells.type is Type.RAW:
            if due is None:
                return Cells(Type.RAW, cells.values, self._name)
            return parse_cells(cells, due, self._place)
        if field.type is not None and field.type is not cells.type:
            return self._as_type(cells, field.type)
        return Cells(cells.type, self._checked(cells), self._name)

    def _place(self, row: int) -> str:
        return self._raw.place(row, self._name)

    def _without_nulls(self, cells: Cells) -> Cells:
        if cells.type not in (Type.RAW, Type.TEXT, Type.FLOAT) or not self._nulls:
            if cells.type is Type.RAW:
                return Cells(Type.RAW, [cell or None for cell in cells.values], self._name)
            return cells
        if cells.type is Type.FLOAT:
            nan = "nan" in self._nulls
            values = [
                None if nan and cell is not None and cell != cell else cell for cell in cells.values
            ]
            return Cells(Type.FLOAT, values, self._name)
        values = [
            None if not cell or cell.strip().casefold() in self._nulls else cell
            for cell in cells.values
        ]
        return Cells(cells.type, values, self._name)

    def _checked(self, cells: Cells) -> Sequence[Any]:
        if cells.type is Type.FLOAT:
            for row, cell in enumerate(cells.values):
                if cell is not None and not math.isfinite(cell):
                    raise UsageError(_no_number(self._place(row), cell))
        return cells.values

    def _is_side(self, cells: Cells) -> bool:
        """Whether a side is told in words, as other systems do."""
        if self._field.field != "side" or cells.type not in (Type.RAW, Type.TEXT):
            return False
        return any(cell and not WHOLE.fullmatch(cell.strip()) for cell in cells.values)

    def _words(self, cells: Cells, words: Mapping[str, int | str]) -> Cells:
        exact = self._field.values is not None
        found: list[int | str | None] = []
        for row, cell in enumerate(cells.values):
            if cell is None:
                found.append(None)
                continue
            word = str(cell).strip()
            word = word if exact else word.casefold()
            if word not in words:
                hint = did_you_mean(word, words)
                raise UsageError(
                    f"{self._place(row)}: found {cell!r}, which 'values' of the mapping does not "
                    f"have; {hint}"
                )
            found.append(words[word])
        kind = Type.TEXT if any(isinstance(value, str) for value in words.values()) else Type.INT
        return Cells(kind, found, self._name)

    def _numbers(self, cells: Cells, due: Type | None) -> Cells:
        field = self._field
        whole = due is Type.INT or (field.sign and due is None)
        if cells.type is Type.RAW:
            cells = parse_cells(
                cells, Type.INT if whole and not field.sign else Type.FLOAT, self._place
            )
        if cells.type not in (Type.INT, Type.FLOAT):
            raise UsageError(
                f"{self._place(0)}: found {cells.type}, expected numbers, since the mapping "
                "calculates with them"
            )
        self._checked(cells)

        def change(value: Any) -> Any:
            if value is None:
                return None
            if field.sign:
                return (value > 0) - (value < 0)
            value = abs(value) if field.absolute else value
            if field.divisor is not None:
                return value / field.divisor
            return value * field.scale if field.scale is not None else value

        kind = Type.INT if field.sign else cells.type
        if field.divisor is not None or field.scale is not None:
            kind = Type.FLOAT
        changed = Cells(kind, [change(value) for value in cells.values], self._name)
        self._checked(changed)
        return self._as_type(changed, field.type) if field.type not in (None, kind) else changed

    def _as_type(self, cells: Cells, due: Type | None) -> Cells:
        """Give cells as another type, if that loses nothing."""
        if cells.type is Type.RAW and due is not None:
            return parse_cells(cells, due, self._place)
        found = []
        for row, cell in enumerate(self._checked(cells)):
            value: Any = cell
            if cell is not None and due is Type.FLOAT and cells.type is Type.INT:
                value = float(cell)
            elif cell is not None and due is Type.INT and cells.type is Type.FLOAT:
                value = int(cell)
            elif cell is not None and due is Type.TEXT and cells.type is Type.INT:
                value = str(cell)
            elif cell is not None:
                raise UsageError(
                    f"{self._place(row)}: found {cells.type}, which can't become {due}"
                )
            if cell is not None and due is not Type.TEXT and value != cell:
                raise UsageError(f"{self._place(row)}: {cell!r} can't become {due} without a loss")
            found.append(value)
        return Cells(due or cells.type, found, self._name)

    def _times(self, cells: Cells) -> Cells:
        field = self._field
        found: list[int | None] = []
        for row, cell in enumerate(cells.values):
            if cell is None:
                found.append(None)
                continue
            ns = self._time(cell, cells.type, row)
            ns += field.shift_ns
            if not FIRST_NS <= ns <= LAST_NS:
                raise UsageError(f"{self._place(row)}: {cell!r} is beyond what nanoseconds reach")
            found.append(ns)
        return Cells(Type.TIME, found, self._name)

    def _time(self, cell: Any, kind: Type, row: int) -> int:
        field = self._field
        text = cell.strip() if isinstance(cell, str) else ""
        counted = kind in (Type.RAW, Type.TEXT) and field.format is None and WHOLE.fullmatch(text)
        if counted and len(text) <= _DIGITS:
            return int(text) * field.epoch
        if kind is Type.INT:
            return int(cell) * field.epoch
        if kind is Type.TIME:
            return _in_zone(int(cell), field.zone, self._place(row))
        if kind not in (Type.RAW, Type.TEXT):
            raise UsageError(
                f"{self._place(row)}: found {cell!r} ({kind}), expected a time; counted times are "
                "whole numbers (epoch: s, ms, us or ns)"
            )
        try:
            if field.format is None:
                ns = parse_instant(text)
                named = text.endswith("Z") or re.search(r"[+-]\d\d:?(\d\d)?$", text[10:])
                return ns if named else _in_zone(ns, field.zone, self._place(row))
            moment = datetime.datetime.strptime(text, field.format)
        except ValueError as error:
            raise UsageError(
                f"{self._place(row)}: {error}; where times have another form, give its 'format' in "
                "the mapping"
            ) from None
        if moment.tzinfo is not None:
            return _ns(moment - _EPOCH)
        naive = _ns(moment.replace(tzinfo=datetime.UTC) - _EPOCH)
        return _in_zone(naive, field.zone, self._place(row))


def _ns(delta: datetime.timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 10**9 + delta.microseconds * 1_000


def _in_zone(ns: int, zone: str | None, where: str) -> int:
    """Give the instant at which clocks of a zone showed what ``ns`` shows in UTC."""
    if zone is None:
        return ns
    from zoneinfo import ZoneInfo

    seconds = ns // 10**9
    shown = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    place = ZoneInfo(zone)
    first, second = (shown.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None  # a zone always knows
    assert second is not None
    if first != second:
        raise UsageError(
            f"{where}: {shown} is no single time in {zone}: clocks were changed then; give times "
            "with their offset, or in UTC"
        )
    return ns - _ns(first)


def parse_cells(cells: Cells, due: Type, place: Place) -> Cells:
    """Read text as what it is to be; an empty cell is null.

    Raises:
        UsageError: A cell is not of that type, or no number at all.
    """
    parse = _PARSERS.get(due)
    if parse is None:
        return Cells(Type.TEXT, [cell or None for cell in cells.values], cells.origin)
    found: list[Any] = []
    for row, cell in enumerate(cells.values):
        text = cell.strip() if cell else ""
        if not text:
            found.append(None)
            continue
        try:
            found.append(parse(text))
        except ValueError:
            raise UsageError(_no_number(place(row), cell, due)) from None
    return Cells(due, found, cells.origin)


def _whole(text: str) -> int:
    if not WHOLE.fullmatch(text) or abs(int(text)) >= 2**63:
        raise ValueError
    return int(text)


def _double(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise ValueError
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _instant(text: str) -> int:
    return int(text) if WHOLE.fullmatch(text) else parse_instant(text)


_PARSERS: Final[Mapping[Type, Callable[[str], Any]]] = {
    Type.INT: _whole,
    Type.FLOAT: _double,
    Type.TIME: _instant,
}


def _no_number(where: str, cell: Any, due: Type = Type.FLOAT) -> str:
    expected = {
        Type.INT: "a whole number",
        Type.FLOAT: "a number",
        Type.TIME: "a time (ISO 8601, or whole nanoseconds)",
    }[due]
    shown = cell if isinstance(cell, float) else repr(cell)[:60]
    hint = f"where it stands for nothing, say so in the mapping: nulls: [{str(cell).strip()}]"
    if due is Type.INT and NUMBER.fullmatch(str(cell).strip()):
        hint = "if the column has decimals, say so in the mapping: type: float"
    return f"{where}: found {shown}, expected {expected}; {hint}"
