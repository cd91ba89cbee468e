"""Plain data: the only values a configuration is made of, wherever it comes from.

`to_plain` copies a configuration that was made in Python into mappings, lists, text, numbers,
true, false and null: what the same configuration read from YAML would be. It also holds the words
in which messages name a value.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from containers.errors import ConfigPath, Problem
from containers.strict_yaml import MAX_DEPTH, MAX_NODES
from containers.yaml_scalars import MAX_DIGITS

__all__ = ["found", "to_plain"]

_PATH_KEYS: Final = frozenset(("data_dir", "directory"))
_LARGEST: Final = 10**MAX_DIGITS
_LONGEST_SHOWN: Final = 60
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def found(value: object) -> str:
    """Name a value in a message.

    >>> found("ten"), found(10), found(True), found(None), found([])
    ("'ten'", '10', 'true', 'nothing (null)', 'a list')
    """
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"
        return repr(text)
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "a list"
    if isinstance(value, int | float):
        return repr(value)
    return f"a Python {type(value).__name__}"


def to_plain(value: object) -> tuple[Any, list[Problem]]:
    """Copy ``value`` into plain data; ``value`` is not changed and nothing is shared with it.

    Tuples become lists, dates their ISO text, and paths, under keys that name a folder, text.

    Returns:
        The copy, with null in place of what is not plain, and the problems, which say what was.
    """
    copier = _Copier()
    return copier.copy(value, ()), copier.problems


class _Copier:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.nodes = 0

    def copy(self, value: object, path: ConfigPath) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1:
                self.report(path, f"the configuration holds more than {MAX_NODES:,} values")
            return None
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is int:
            return self.integer(value, path)
        if kind is str:
            return self.text(value, path)
        if isinstance(value, Mapping):
            return self.mapping(value, path)
        if isinstance(value, list | tuple):
            if self.too_deep(path):
                return None
            return [self.copy(item, (*path, index)) for index, item in enumerate(value)]
        if kind is datetime.date or kind is datetime.datetime:
            return value.isoformat()  # type: ignore[attr-defined]  # a date, by its type
        if isinstance(value, PurePath) and path and path[-1] in _PATH_KEYS:
            return self.text(str(value), path)
        self.report(
            path,
            f"a Python {kind.__name__} has no place in a configuration, "
            "expected text, a number, true, false, null, a list or a mapping",
            _advice(value),
        )
        return None

    def integer(self, value: Any, path: ConfigPath) -> int | None:
        if -_LARGEST < value < _LARGEST:
            return int(value)
        self.report(path, f"found a whole number of more than {MAX_DIGITS} digits")
        return None

    def text(self, value: Any, path: ConfigPath) -> str | None:
        if _UNREADABLE.search(value) is None:
            return str(value)
        self.report(path, "found text with a control character", "remove it")
        return None

    def mapping(self, value: Mapping[Any, Any], path: ConfigPath) -> dict[str, Any] | None:
        if self.too_deep(path):
            return None
        copied: dict[str, Any] = {}
        for key, item in value.items():
            if type(key) is not str:
                hint = f"write '{key}' as text" if isinstance(key, str | int | float) else None
                self.report(path, f"{found(key)} is a key, expected text", hint)
            elif self.text(key, path) is not None:
                copied[key] = self.copy(item, (*path, key))
        return copied

    def too_deep(self, path: ConfigPath) -> bool:
        if len(path) < MAX_DEPTH:
            return False
        self.report(path, f"lists and mappings are nested deeper than {MAX_DEPTH} levels")
        return True

    def report(self, path: ConfigPath, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(message, path=path, hint=hint))


def _advice(value: object) -> str | None:
    if isinstance(value, set | frozenset):
        return "write a list, whose order is certain"
    if isinstance(value, datetime.date | datetime.time):
        return "write it as text"
    for kind, maker in ((str, "str"), (float, "float"), (int, "int")):
        if isinstance(value, kind):
            return f"convert it with {maker}(…)"
    if isinstance(value, PurePath):
        return "write it as text"
    if hasattr(value, "tolist"):
        return "convert it with .tolist()"
    return None
