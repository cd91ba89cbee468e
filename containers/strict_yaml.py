"""Strict YAML with positions: what a person means, or an error that names the place.

PyYAML's parser (the C one where it is installed) gives events with line and column; everything
after that is ours:

1. `_file_text` reads a file of limited size as UTF-8.
2. `_reject_control_characters` refuses what no editor shows.
3. `containers.yaml_building` makes plain data of the events and, beside it, a tree of positions.
   Aliases become fresh copies, so that nothing in the data is shared.
4. `containers.yaml_scalars` decides what an unquoted word is.

The rules are those of the YAML 1.2 core schema: dates, ``on``, ``no`` and ``12:30`` are text,
``1e-3`` is a number, ``010`` is ten. Duplicate keys, keys that are not text, merge keys, explicit
tags and several documents are errors. Everything that can be found wrong without guessing is
reported at once.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from containers.errors import ConfigPath, ConfigurationError, Location, Problem
from containers.nearest import nearest
from containers.yaml_building import MAX_DEPTH, MAX_NODES, UNSEEN, Builder, Place

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "load", "loads"]

MAX_BYTES: Final = 10_000_000
"""Size of a file, in bytes."""


class Document(msgspec.Struct, frozen=True):
    """What a file holds, and where.

    Attributes:
        file: The file's name as it was given.
        data: Mappings, lists, text, numbers, true, false and null; nothing is shared inside.
    """

    file: str
    data: Any
    _places: Place

    def locate(self, path: ConfigPath, *, key: bool = False) -> Location:
        """Give the position of the value at ``path``, or of its key.

        A path that isn't there is given the position of its nearest ancestor that is; the root is
        the file as a whole. An item of a list has no key: its own position stands for it.
        """
        line = column = 0
        place = self._places
        for index, step in enumerate(path):
            parts = place.parts
            if isinstance(parts, dict) and isinstance(step, str) and step in parts:
                entry = parts[step]
                place = entry.value
                at_key = key and index == len(path) - 1
                line, column = entry[:2] if at_key else place[:2]
            elif isinstance(parts, list) and isinstance(step, int) and 0 <= step < len(parts):
                place = parts[step]
                line, column = place[:2]
            else:
                break
        return Location(self.file, line, column)


def load(path: Path, *, mapping: bool = True) -> Document:
    """Read a YAML file.

    Args:
        path: The file; it is named as given in every message.
        mapping: Whether anything but a mapping at the top is an error.

    Raises:
        ConfigurationError: The file cannot be read, or is not what this module accepts. It has
            been closed; nothing else was touched.
    """
    return loads(_file_text(path), str(path), mapping=mapping)


def loads(text: str, file: str, *, mapping: bool = True) -> Document:
    """Read YAML text; ``file`` is the name that messages and positions carry.

    >>> document = loads("portfolio: {initial_capital: 1e5}", "a.yaml")
    >>> document.data
    {'portfolio': {'initial_capital': 100000.0}}
    >>> str(document.locate(("portfolio", "initial_capital")))
    'a.yaml:1:30'

    Raises:
        ConfigurationError: The text is not what this module accepts.
    """
    text = text.removeprefix("\ufeff")
    _reject_control_characters(text, file)
    builder = Builder(text, file)
    data, places = builder.build()
    if mapping and not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "a single value"
        location = Location(file, places.line, places.column)
        hint = "expected a mapping at the top: lines of 'key: value'"
        raise ConfigurationError([Problem(f"found {kind}", location=location, hint=hint)])
    return Document(file, data, places)


def _file_text(path: Path) -> str:
    def fail(message: str, hint: str | None = None, line: int = 0, column: int = 0) -> NoReturn:
        location = Location(str(path), line, column)
        raise ConfigurationError([Problem(message, location=location, hint=hint)])

    try:
        if path.is_dir():
            fail("this is a folder, expected a YAML file")
        if not path.exists():
            fail(*_missing(path))
        if not path.is_file():
            fail("this is not a regular file, expected a YAML file")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fail(f"the file cannot be read: {reason[:1].lower()}{reason[1:]}")
    if len(raw) > MAX_BYTES:
        fail(f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8")) + 1
        fail(
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
            before.count(b"\n") + 1,
            column,
        )


def _missing(path: Path) -> tuple[str, str | None]:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder '{folder}'", None
    with os.scandir(folder) as entries:
        names = [entry.name for entry in itertools.islice(entries, 10_000) if entry.is_file()]
    close = nearest(path.name, names)
    return "there is no such file", f"did you mean '{close}'?" if close else None


def _reject_control_characters(text: str, file: str) -> None:
    found = UNSEEN.search(text)
    if found is None:
        return
    start = found.start()
    location = Location(file, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
    problem = Problem(
        f"found the control character U+{ord(found[0]):04X}",
        location=location,
        hint="remove it, or write it as an escape inside double quotes where text needs it",
    )
    raise ConfigurationError([problem])
