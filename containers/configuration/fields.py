"""What one value of the configuration may be: each kind checks, words its errors, describes itself.

A kind stands in the annotation of a model's field: ``Annotated[float, Number(above=0)]``. Its
``check`` gives the normalised value or raises `_refusal`; pydantic collects those. Types are
strict: true is no number, "5" is no number, and a whole number given for a float becomes one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec
from pydantic import GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from containers.configuration.plain import found
from containers.data.instants import parse_instant
from containers.data.timeframe import Timeframe
from containers.nearest import did_you_mean

__all__ = ["Choice", "Flag", "FreeMapping", "Instant", "Name", "Number", "Text", "TimeframeText"]

LONGEST_NAME = 100


def _refuse(value: object, expected: str, hint: str | None = None) -> NoReturn:
    _refuse_with(f"found {found(value)}, expected {expected}", hint)


def _refuse_with(message: str, hint: str | None) -> NoReturn:
    raise PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the kinds, each of which checks and describes. ``null``: null is allowed."""

    null: bool = False

    def check(self, value: Any) -> Any:
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        raise NotImplementedError

    def expected(self, text: str) -> str:
        return f"{text}, or null" if self.null else text

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        described = self.describe()
        return {"anyOf": [described, {"type": "null"}]} if self.null else described

    def _checked(self, value: Any) -> Any:
        return None if value is None and self.null else self.check(value)


class Text(_Kind, frozen=True, kw_only=True):
    """Text that is not empty."""

    def check(self, value: Any) -> str:
        """Give the text as it is."""
        if isinstance(value, str) and value.strip():
            return value
        numeric = isinstance(value, int | float)
        _refuse(value, self.expected("text"), "put it in quotes" if numeric else None)

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        return {"type": "string", "minLength": 1}


class Name(_Kind, frozen=True, kw_only=True):
    """A name that becomes part of ids such as ``strategy/{name}`` and of file names."""

    def check(self, value: Any) -> str:
        """Give the name as it is."""
        text = Text(null=self.null).check(value)
        for character in "/\\#":
            if character in text:
                _refuse(text, f"a name without '{character}'")
        if text != text.strip() or not text.isprintable():
            _refuse(text, "a name without blanks around it or invisible characters in it")
        if text.startswith("."):
            _refuse(text, "a name that does not begin with a dot")  # what does is nobody's result
        # Two names and a dot are the name of a folder, which may have 255 bytes.
        if len(text.encode()) > LONGEST_NAME:
            _refuse(text, f"a name of at most {LONGEST_NAME} bytes in UTF-8")
        return text

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        pattern = r"^(?!\.)[^/\\#\s]([^/\\#]*[^/\\#\s])?$"
        return {"type": "string", "pattern": pattern, "maxLength": LONGEST_NAME}


class Number(_Kind, frozen=True, kw_only=True):
    """A finite number; whole ones become floats. ``word`` is text that is allowed as well."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    word: str | None = None

    def check(self, value: Any) -> float | str:
        """Give the number as a float."""
        if self.word is not None and value == self.word and isinstance(value, str):
            return self.word
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or (self.above is not None and not value > self.above)
            or (self.at_least is not None and not value >= self.at_least)
            or (self.below is not None and not value < self.below)
        ):
            _refuse(value, self.expected(self._words()), _unquoted(value))
        return float(value)

    def _words(self) -> str:
        bounds = []
        if self.above is not None:
            bounds.append(f"above {self.above:g}")
        if self.at_least is not None:
            bounds.append(f"of at least {self.at_least:g}")
        if self.below is not None:
            bounds.append(f"below {self.below:g}")
        words = " ".join(["a number", " and ".join(bounds)]) if bounds else "a finite number"
        return f"{words}, or '{self.word}'" if self.word is not None else words

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        bounds = {
            "exclusiveMinimum": self.above,
            "minimum": self.at_least,
            "exclusiveMaximum": self.below,
        }
        schema = {"type": "number", **{k: v for k, v in bounds.items() if v is not None}}
        return {"anyOf": [schema, {"const": self.word}]} if self.word is not None else schema


class Whole(_Kind, frozen=True, kw_only=True):
    """A whole number of at least ``at_least``. ``word`` is text that is allowed as well."""

    at_least: int
    word: str | None = None

    def check(self, value: Any) -> int | str:
        """Give the number as it is; 5.0 is no whole number."""
        if self.word is not None and value == self.word and isinstance(value, str):
            return self.word
        if isinstance(value, int) and not isinstance(value, bool) and value >= self.at_least:
            return value
        words = f"a whole number of at least {self.at_least}"
        words = f"{words}, or '{self.word}'" if self.word is not None else words
        whole = isinstance(value, float) and value.is_integer()
        hint = "write it without a decimal point" if whole else _unquoted(value)
        _refuse(value, self.expected(words), hint)

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        schema = {"type": "integer", "minimum": self.at_least}
        return {"anyOf": [schema, {"const": self.word}]} if self.word is not None else schema


class Flag(_Kind, frozen=True, kw_only=True):
    """True or false; the numbers 1 and 0 and words such as ``yes`` are neither."""

    def check(self, value: Any) -> bool:
        """Give the flag as it is."""
        if isinstance(value, bool):
            return value
        wordy = isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "y", "n")
        _refuse(value, self.expected("true or false"), "write true or false" if wordy else None)

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        return {"type": "boolean"}


class Choice(_Kind, frozen=True, kw_only=True):
    """One word of a list."""

    words: tuple[str, ...]

    def check(self, value: Any) -> str:
        """Give the word as it is."""
        if isinstance(value, str):
            if value in self.words:
                return value
            if len(self.words) > 6:
                _refuse(value, "a known name", did_you_mean(value, self.words))
            hint = did_you_mean(value, self.words)
            close = hint if not hint.startswith("known") else None
            _refuse(value, self.expected(self._list()), close)
        expected = self._list() if len(self.words) <= 6 else "a known name"
        _refuse(value, self.expected(expected))

    def _list(self) -> str:
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        return {"enum": list(self.words)}


class Instant(_Kind, frozen=True, kw_only=True):
    """A date, or a date and time, as ISO 8601 text."""

    def check(self, value: Any) -> str:
        """Give the text as it is."""
        if not isinstance(value, str):
            _refuse(value, self.expected("a date as text, for example 2005-01-03"))
        try:
            parse_instant(value)
        except ValueError as error:
            _refuse_with(str(error), None)
        return value

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}


class TimeframeText(_Kind, frozen=True, kw_only=True):
    """A timeframe such as ``15m`` or ``1d``."""

    def check(self, value: Any) -> str:
        """Give the text as it is."""
        if not isinstance(value, str):
            _refuse(value, self.expected("a timeframe, for example 15m or 1d"))
        try:
            Timeframe.parse(value)
        except ValueError as error:
            _refuse_with(str(error), None)
        return value

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        return {"type": "string", "pattern": r"^[1-9][0-9]*(m|h|d|w|mo)$"}


class FreeMapping(_Kind, frozen=True, kw_only=True):
    """A mapping whose keys are not known here; its values are checked by rules of their own."""

    def check(self, value: Any) -> Mapping[str, Any]:
        """Give the mapping as it is."""
        if isinstance(value, Mapping):
            return value
        _refuse(value, self.expected("a mapping"))

    def describe(self) -> dict[str, Any]:
        """Give the JSON Schema."""
        return {"type": "object"}


def _unquoted(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return "remove the quotes" if math.isfinite(number) else None
