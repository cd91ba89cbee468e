"""Events of every kind, with values of every sort, made by number alone."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from containers.events import EVENT_TYPES, Event, EventKind

__all__ = ["PATTERNS", "made", "mixed", "plain_event"]

_NAN: Final = struct.unpack("<d", b"\x01\x00\x00\x00\x00\x00\xf8\x7f")[0]
"""One that says more than that it is no number."""

_FLOATS: Final = (0.5, -0.0, 0.0, math.nan, _NAN, math.inf, -math.inf, 5e-324, 1e308, -7.25)
_TEXTS: Final = tuple(f"text{number}" for number in range(21))
_NAMES: Final = ("a", "ä", "b" * 31, "c" * 32, "d" * 256)

PATTERNS: Final[Mapping[str, Mapping[Any, Sequence[Any]]]] = {
    "alike": {
        int: (7,),
        int | None: (None,),
        float: (1.5,),
        float | None: (None,),
        str: ("one",),
        tuple[str, ...]: (("one", "two"),),
        Mapping[str, float | None]: ({"a": 1.5, "b": -0.0},),
    },
    "small": {
        int: (0, 1, 127),
        int | None: (0, None, 1),
        float: _FLOATS,
        float | None: (*_FLOATS, None),
        str: ("", "ä,ö", "two", "two"),
        tuple[str, ...]: ((), ("one",), ("two", "one")),
        Mapping[str, float | None]: tuple(
            dict.fromkeys(_NAMES, value) for value in (*_FLOATS, 2.0)
        ),
    },
    "of one byte": {
        int: (128, 255, 200),
        int | None: (128, 255),
        float: (1.0, 2.0),
        float | None: (1.0, 2.0),
        str: _TEXTS[:8],
        tuple[str, ...]: tuple((text,) for text in _TEXTS[:9]),
        Mapping[str, float | None]: ({"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 2.0}),
    },
    "of two bytes": {
        int: (256, 65_535),
        int | None: (256, 65_535),
        float: (1.0,),
        float | None: (None, 1.0, 2.0),
        str: _TEXTS[:9],
        tuple[str, ...]: tuple((text, "more") for text in _TEXTS),
        Mapping[str, float | None]: ({}, {"a": None}, {"a": 1.0, "b": None, "c": 2.0}),
    },
    "of four bytes": {
        int: (65_536, 2**32 - 1),
        int | None: (65_536, 2**32 - 1),
        float: (-1.0,),
        float | None: (-1.0,),
        str: _TEXTS,
        tuple[str, ...]: ((),),
        Mapping[str, float | None]: ({},),
    },
    "of eight bytes": {
        int: (2**32, 2**63 - 1),
        int | None: (2**32, 2**63 - 1, None),
        float: (math.nan,),
        float | None: (math.nan, None),
        str: _TEXTS[::-1],
        tuple[str, ...]: (("a",), ()),
        Mapping[str, float | None]: (dict.fromkeys(_TEXTS, 1.0), {"a": 2.0}),
    },
    "negative": {
        int: (-1, -(2**63), 5),
        int | None: (0, 5),
        float: (1e-5,),
        float | None: (1e-5,),
        str: ("-",),
        tuple[str, ...]: (("-",),),
        Mapping[str, float | None]: ({"a": 1.0}, {"a": 1.0, "b": 2.0}),
    },
    "of many names": {
        int: (-(2**31), -(2**31) - 1),
        int | None: (None, 2**31),
        float: (0.1,),
        float | None: (0.1,),
        str: ("a", "a", "a", "b"),
        tuple[str, ...]: (("a",), ("a",), ("b",)),
        Mapping[str, float | None]: (
            dict.fromkeys(_TEXTS, 0.5),
            dict.fromkeys(_TEXTS, 2.5),
        ),
    },
}
"""For each type of a field the values that take turns."""


def made(kind: EventKind, pattern: str, count: int) -> list[Event]:
    """Make events of one kind; their numbers have gaps."""
    type_, pools = EVENT_TYPES[kind], PATTERNS[pattern]
    fields = msgspec.structs.fields(type_)[1:]
    events: list[Event] = []
    for row in range(count):
        values = [
            pools[field.type][(row + place) % len(pools[field.type])]
            for place, field in enumerate(fields)
        ]
        events.append(type_(row * 3 + row // 5, *values))
    return events


def mixed(count: int, pattern: str = "small") -> list[Event]:
    """Make events of all kinds in turn, some kinds more often than others."""
    kinds = [kind for number, kind in enumerate(EventKind) for _ in range(1 + number % 3)]
    of_kind = {kind: made(kind, pattern, count) for kind in EventKind}
    return [
        msgspec.structs.replace(of_kind[kinds[row * 7 % len(kinds)]][row], seq=row * 2)
        for row in range(count)
    ]


def plain_event(event: Event) -> Any:
    """Give an event so that two are equal when every bit is."""
    return type(event).__name__, [_plain(value) for value in msgspec.structs.astuple(event)]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, Mapping):
        return [(name, _plain(item)) for name, item in value.items()]
    return type(value).__name__, value
