"""The mapping of another system's columns to our fields, read from a YAML file.

    trades:
      side: left
      columns:
        EntryTime: {field: entry_time, zone: America/New_York, shift: 1d}
        Size: [{field: quantity, absolute: true}, {field: side, sign: true}]
        PnL: net_profit
      constants: {symbol: GOOG}
      ignore: {Tag: not kept by ours}
      key: [symbol, entry_time]
      nulls: [nan]
      tolerance: {net_profit: {abs: 0.005, reason: their file is rounded to cents}}

Sections are ``trades``, ``equity`` and ``metrics``. Everything wrong in the file is told at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from containers.errors import ConfigPath, ConfigurationError, Problem
from containers.nearest import did_you_mean
from containers.strict_yaml import Document, load
from parity.policy.tolerance import Tolerance
from parity.stored.table import Kind, Type

__all__ = ["FieldMapping", "TableMapping", "Tolerated", "read_mapping"]

Side: TypeAlias = Literal["left", "right"]

_SECTION: Final = (
    "side", "columns", "constants", "ignore", "key", "nulls", "delimiter", "tolerance",
)  # fmt: skip
_FIELD: Final = (
    "field", "type", "values", "unit", "scale", "absolute", "sign", "format", "zone", "epoch",
    "shift",
)  # fmt: skip
_UNITS: Final[Mapping[str, float]] = {"percent": 100.0, "bps": 10_000.0, "cents": 100.0}
_EPOCHS: Final[Mapping[str, int]] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DURATIONS: Final[Mapping[str, int]] = {
    **_EPOCHS, "min": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9,
}  # fmt: skip
_DURATION: Final = re.compile(r"([+-]?\d{1,9})(ns|us|ms|s|min|h|d)")
_TYPES: Final = ("text", "int", "float", "time")


class FieldMapping(msgspec.Struct, frozen=True):
    """How a column becomes a field.

    Attributes:
        field: The field's name.
        type: What its cells are to become; null: what the field's are, or what they are.
        values: Word to value, for a column of words; null: none.
        divisor: What numbers are divided by: 100 of percent; null: nothing.
        scale: What numbers are multiplied by; null: nothing.
        absolute: Take numbers without their sign.
        sign: Take of numbers the sign alone: -1, 0 or 1.
        format: Of times written as text, as `datetime.strptime` takes it; null: ISO 8601.
        zone: Of times that name none; null: UTC.
        epoch: Nanoseconds of the unit in which times are counted since 1970.
        shift_ns: What is added to times.
    """

    field: str
    type: Type | None = None
    values: Mapping[str, int | str] | None = None
    divisor: float | None = None
    scale: float | None = None
    absolute: bool = False
    sign: bool = False
    format: str | None = None
    zone: str | None = None
    epoch: int = 1
    shift_ns: int = 0


class Tolerated(msgspec.Struct, frozen=True):
    """How far two cells of a column may be apart, and why.

    Attributes:
        place: Where it stands, ``file:line:column``.
        reason: Why, in its author's words.
        bounds: How far.
    """

    place: str
    reason: str
    bounds: Tolerance


class TableMapping(msgspec.Struct, frozen=True):
    """What a mapping says of tables of one kind.

    Attributes:
        side: Whose columns it is about; null: of the side that is a file, of two the left one.
        columns: Column to the fields it becomes; a column that is not named keeps its name.
        places: Where each of these columns stands in the mapping.
        constants: Fields that the side has not, and what they are in all of its rows.
        ignore: Globs over fields and columns that are left out, each with the reason.
        key: Fields by which rows are matched; empty: the usual ones.
        nulls: Words that mean nothing; compared without regard to case.
        delimiter: Between the cells of a CSV file; null: a comma.
        tolerance: Globs over fields, with what is tolerated.
    """

    side: Side | None = None
    columns: Mapping[str, tuple[FieldMapping, ...]] = {}
    places: Mapping[str, str] = {}
    constants: Mapping[str, Any] = {}
    ignore: Mapping[str, str] = {}
    key: tuple[str, ...] = ()
    nulls: frozenset[str] = frozenset()
    delimiter: str | None = None
    tolerance: Mapping[str, Tolerated] = {}


def read_mapping(path: Path) -> dict[Kind, TableMapping]:
    """Read a mapping.

    Raises:
        ConfigurationError: It cannot be read, or something in it is wrong; every problem is named.
    """
    document = load(path)
    reader = _Reader(document)
    found: dict[Kind, TableMapping] = {}
    for name, section in document.data.items():
        if name not in list(Kind):
            reader.unknown((name,), name, list(Kind), "a section")
        elif reader.expect((name,), section, dict, "a mapping"):
            found[Kind(name)] = reader.section((name,), section)
    if not document.data:
        reader.fail((), f"found nothing, expected one of the sections {', '.join(Kind)}")
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return found


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document: Final = document
        self.problems: Final[list[Problem]] = []

    def fail(self, path: ConfigPath, message: str, hint: str | None = None) -> None:
        where = self._document.locate(path)
        self.problems.append(Problem(message, path=path, location=where, hint=hint))

    def unknown(self, path: ConfigPath, name: str, known: Sequence[str], what: str) -> None:
        where = self._document.locate(path, key=True)
        message = f"'{name}' is not {what} of a mapping"
        hint = did_you_mean(name, known)
        self.problems.append(Problem(message, path=path, location=where, hint=hint))

    def expect(self, path: ConfigPath, value: Any, kind: Any, what: str) -> bool:
        kinds = kind if isinstance(kind, tuple) else (kind,)
        # True is an int to Python, and never one to us.
        if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
            return True
        self.fail(path, f"found {value!r:.60}, expected {what}")
        return False

    def section(self, path: ConfigPath, section: Mapping[str, Any]) -> TableMapping:
        for name in section:
            if name not in _SECTION:
                self.unknown((*path, name), name, _SECTION, "a key")
        side = section.get("side")
        if side not in (None, "left", "right"):
            self.fail((*path, "side"), f"found {side!r}, expected left or right")
            side = None
        delimiter = section.get("delimiter")
        if delimiter is not None and not (isinstance(delimiter, str) and len(delimiter) == 1):
            self.fail((*path, "delimiter"), f"found {delimiter!r}, expected one character")
            delimiter = None
        columns = self._mapping(path, section, "columns")
        return TableMapping(
            side=side,
            columns={
                name: self._fields((*path, "columns", name), told) for name, told in columns.items()
            },
            places={
                name: str(self._document.locate((*path, "columns", name), key=True))
                for name in columns
            },
            constants=self._constants(path, section),
            ignore=self._ignore(path, section),
            key=self._names(path, section, "key"),
            nulls=frozenset(word.casefold() for word in self._names(path, section, "nulls")),
            delimiter=delimiter,
            tolerance={
                name: tolerance
                for name, told in self._mapping(path, section, "tolerance").items()
                if (tolerance := self._tolerance((*path, "tolerance", name), told)) is not None
            },
        )

    def _mapping(self, path: ConfigPath, section: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = section.get(key, {})
        return value if self.expect((*path, key), value, dict, "a mapping") else {}

    def _names(self, path: ConfigPath, section: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = section.get(key, [])
        if not self.expect((*path, key), value, list, "a list of names"):
            return ()
        names = [
            name
            for index, name in enumerate(value)
            if self.expect((*path, key, index), name, str, "a name")
        ]
        if len(set(names)) < len(names):
            self.fail((*path, key), "a name is there twice")
        return tuple(names)

    def _constants(self, path: ConfigPath, section: Mapping[str, Any]) -> dict[str, Any]:
        constants = self._mapping(path, section, "constants")
        return {
            name: value
            for name, value in constants.items()
            if self.expect((*path, "constants", name), value, (str, int, float), "text or a number")
        }

    def _ignore(self, path: ConfigPath, section: Mapping[str, Any]) -> dict[str, str]:
        ignore = self._mapping(path, section, "ignore")
        for name, reason in ignore.items():
            if not isinstance(reason, str) or not reason.strip():
                self.fail(
                    (*path, "ignore", name),
                    f"found {reason!r:.60}, expected the reason why '{name}' is left out",
                )
        return {name: str(reason) for name, reason in ignore.items()}

    def _fields(self, path: ConfigPath, told: Any) -> tuple[FieldMapping, ...]:
        parts = told if isinstance(told, list) else [told]
        if not parts:
            self.fail(path, "found nothing, expected a field; leave a column out under 'ignore'")
        found = []
        for index, part in enumerate(parts):
            here = (*path, index) if isinstance(told, list) else path
            if isinstance(part, str):
                found.append(FieldMapping(part))
            elif self.expect(here, part, dict, "the name of a field, or a mapping"):
                field = self._field(here, part)
                if field is not None:
                    found.append(field)
        return tuple(found)

    def _field(self, path: ConfigPath, told: Mapping[str, Any]) -> FieldMapping | None:
        before = len(self.problems)
        for name in told:
            if name not in _FIELD:
                self.unknown((*path, name), name, _FIELD, "a key of a column")
        if not isinstance(told.get("field"), str):
            self.fail(path, "it has no 'field', the name of what the column becomes")
        for name in ("absolute", "sign"):
            self.expect((*path, name), told.get(name, False), bool, "true or false")
        unit, epoch, kind = told.get("unit"), told.get("epoch", "ns"), told.get("type")
        self._choice((*path, "unit"), unit, tuple(_UNITS))
        self._choice((*path, "epoch"), epoch, tuple(_EPOCHS))
        self._choice((*path, "type"), kind, _TYPES)
        scale = told.get("scale")
        if scale is not None and self.expect((*path, "scale"), scale, (int, float), "a number"):
            if not math.isfinite(scale) or not scale:
                self.fail((*path, "scale"), f"found {scale!r}, expected a number other than 0")
            if unit is not None:
                self.fail((*path, "scale"), "a column has a unit or a scale, not both")
        values = told.get("values")
        if values is not None and self.expect((*path, "values"), values, dict, "a mapping"):
            for word, value in values.items():
                self.expect((*path, "values", word), value, (int, str), "text or a whole number")
            if len({type(value) for value in values.values()}) > 1:
                self.fail((*path, "values"), "its values are of several types")
        for name in ("format", "zone"):
            if told.get(name) is not None:
                self.expect((*path, name), told[name], str, "text")
        if isinstance(told.get("zone"), str):
            self._zone((*path, "zone"), told["zone"])
        shift = self._duration((*path, "shift"), told.get("shift"))
        if len(self.problems) > before:
            return None
        return FieldMapping(
            field=told["field"],
            type=None if kind is None else Type(kind),
            values=values,
            divisor=None if unit is None else _UNITS[unit],
            scale=None if scale is None else float(scale),
            absolute=told.get("absolute", False),
            sign=told.get("sign", False),
            format=told.get("format"),
            zone=told.get("zone"),
            epoch=_EPOCHS[epoch],
            shift_ns=shift,
        )

    def _choice(self, path: ConfigPath, value: Any, known: Sequence[str]) -> None:
        if value is not None and value not in known:
            hint = did_you_mean(value, known) if isinstance(value, str) else None
            self.fail(path, f"found {value!r:.60}, expected one of {', '.join(known)}", hint)

    def _zone(self, path: ConfigPath, name: str) -> None:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(name)
        except (OSError, ValueError, LookupError):
            self.fail(path, f"there is no time zone '{name}', expected for example Europe/Berlin")

    def _duration(self, path: ConfigPath, told: Any) -> int:
        if told is None:
            return 0
        found = _DURATION.fullmatch(told) if isinstance(told, str) else None
        if found is None:
            units = ", ".join(_DURATIONS)
            self.fail(path, f"found {told!r:.60}, expected a number and one of {units}, like 1d")
            return 0
        return int(found[1]) * _DURATIONS[found[2]]

    def _tolerance(self, path: ConfigPath, told: Any) -> Tolerated | None:
        before = len(self.problems)
        if not self.expect(path, told, dict, "a mapping with abs, rel or ulp and a reason"):
            return None
        for name in told:
            if name not in ("abs", "rel", "ulp", "reason"):
                self.unknown((*path, name), name, ("abs", "rel", "ulp", "reason"), "a key")
        reason = told.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            self.fail(path, "it has no 'reason': say why a difference may be there")
        sizes = {name: told[name] for name in ("abs", "rel", "ulp") if name in told}
        if not sizes:
            self.fail(path, "it tolerates nothing: give abs, rel or ulp")
        for name, size in sizes.items():
            kinds = int if name == "ulp" else (int, float)
            if self.expect((*path, name), size, kinds, "a number") and not 0 < size < math.inf:
                self.fail((*path, name), f"found {size!r}, expected more than 0")
        if len(self.problems) > before:
            return None
        return Tolerated(
            place=str(self._document.locate(path, key=True)),
            reason=str(reason),
            bounds=Tolerance(abs=sizes.get("abs"), rel=sizes.get("rel"), ulp=sizes.get("ulp")),
        )
