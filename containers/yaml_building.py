"""From the events of PyYAML's parser to plain data and a tree of positions, in one pass.

1. `_parser` gives events with line and column: the C parser's, or the Python one's where that is
   missing. Both say the same.
2. `Builder.build` walks them without recursion, with a stack of open lists and mappings.
3. `Builder._scalar`, ``_open``, ``_close`` and ``_alias`` each make one value and hand it to
   ``_add``, which puts it into the list or mapping on top of the stack, as item, key or value.

Problems are collected as long as what follows can still be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

import yaml
from yaml import events as ev
from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from containers.errors import ConfigurationError, Location, Problem
from containers.nearest import nearest
from containers.yaml_scalars import AbsurdNumberError, scalar, syntax_problem

__all__ = ["MAX_DEPTH", "MAX_NODES", "MAX_PROBLEMS", "UNSEEN", "Builder", "Entry", "Place"]

MAX_NODES: Final = 100_000
"""Values in a document, counted after aliases are expanded."""
MAX_DEPTH: Final = 100
"""Nesting of lists and mappings, counted after aliases are expanded."""
MAX_PROBLEMS: Final = 50
"""Problems that are collected before reading gives up."""

# Line breaks that YAML 1.1 knows and editors don't (U+0085, U+2028, U+2029) would hide text.
UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)


class Place(NamedTuple):
    """Where a value stands (from 1), and where its parts do."""

    line: int
    column: int
    parts: dict[str, Entry] | list[Place] | None = None


class Entry(NamedTuple):
    """Where a key stands, and its value."""

    line: int
    column: int
    value: Place


class _Anchor:
    """A value that aliases may repeat, once it is complete."""

    __slots__ = ("nodes", "open", "place", "value")

    def __init__(self, nodes: int) -> None:
        self.open = True
        self.nodes = nodes
        self.value: Any = None
        self.place = Place(0, 0)

    def close(self, value: object, place: Place, nodes: int) -> None:
        self.open, self.value, self.place, self.nodes = False, value, place, nodes - self.nodes


class _Frame:
    """A list or mapping that is being read. ``key`` is the key that waits for its value."""

    __slots__ = ("anchor", "data", "has_key", "key", "key_place", "parts", "place")

    def __init__(self, mapping: bool, place: Place, anchor: _Anchor | None) -> None:
        self.data: Any = {} if mapping else []
        self.parts: Any = {} if mapping else []
        self.place = place
        self.anchor = anchor
        self.has_key = False
        self.key: str | None = None
        self.key_place = place


class Builder:
    """One pass over the events of a text."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Anchor] = {}
        self.stack: list[_Frame] = []
        self.nodes = 0
        self.root: tuple[Any, Place] | None = None

    def build(self) -> tuple[Any, Place]:
        """Read the whole text; answer its data and where everything stands.

        Raises:
            ConfigurationError: With every problem up to where reading could not go on. The
                builder is spent.
        """
        documents = 0
        for event in self._events():
            kind = type(event)
            if kind is ev.ScalarEvent:
                self._scalar(event)
            elif kind is ev.MappingStartEvent or kind is ev.SequenceStartEvent:
                self._open(event, kind is ev.MappingStartEvent)
            elif kind is ev.MappingEndEvent or kind is ev.SequenceEndEvent:
                self._close()
            elif kind is ev.AliasEvent:
                self._alias(event)
            elif kind is ev.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._stop("a second document starts here, expected one", event.start_mark)
        if self.root is None and not self.problems:
            location = Location(self.file)
            self.problems.append(Problem("the file is empty", location=location))
        if self.problems or self.root is None:
            raise ConfigurationError(self.problems)
        return self.root

    def _events(self) -> Iterator[Any]:
        parser = _parser(self.text)
        try:
            while (event := parser.get_event()) is not None:
                yield event
        except MarkedYAMLError as error:
            found = syntax_problem(error, self.text)
            self._stop(found.message, found.mark, found.hint)
        except YAMLError:
            self._stop("this cannot be read as YAML", None)
        finally:
            parser.dispose()

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1)
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        self._count(place)
        value: Any = event.value
        if event.implicit[0]:  # unquoted, and without a tag
            if not self.stack and value == "":
                return  # nothing but comments
            try:
                value = scalar(value)
            except AbsurdNumberError as error:
                self._report(str(error), place)
                value = 0
            if value == "<<" and self._awaits_key():
                self._report(
                    "the merge key '<<' is not supported",
                    place,
                    "write the keys out; in quotes it is an ordinary key",
                )
                self._take_bad_key()
                return
        elif UNSEEN.search(value):
            self._report("found a control character, written as an escape", place, "remove it")
        if event.anchor is not None:
            anchor = self.anchors[event.anchor] = _Anchor(self.nodes - 1)
            anchor.close(value, place, self.nodes)
        self._add(value, place)

    def _open(self, event: Any, mapping: bool) -> None:
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1)
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        self._count(place)
        if len(self.stack) == MAX_DEPTH:
            self._stop(f"lists and mappings are nested deeper than {MAX_DEPTH} levels", mark)
        anchor = None
        if event.anchor is not None:
            anchor = self.anchors[event.anchor] = _Anchor(self.nodes - 1)
        self.stack.append(_Frame(mapping, place, anchor))

    def _close(self) -> None:
        frame = self.stack.pop()
        place = frame.place._replace(parts=frame.parts)
        if frame.anchor is not None:
            frame.anchor.close(frame.data, place, self.nodes)
        self._add(frame.data, place)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1)
        anchor = self.anchors.get(event.anchor)
        if anchor is None or anchor.open:
            message = f"the alias '*{event.anchor}' " + (
                "has no anchor before it" if anchor is None else "stands inside its own anchor"
            )
            close = nearest(event.anchor, self.anchors) if anchor is None else None
            self._report(message, place, f"did you mean '*{close}'?" if close else None)
            self._add(None, place)
            return
        self._count(place, anchor.nodes)
        value = self._copy(anchor.value, len(self.stack), mark)
        self._add(value, place._replace(parts=anchor.place.parts))

    def _copy(self, value: Any, depth: int, mark: Mark) -> Any:
        if not isinstance(value, dict | list):
            return value
        if depth == MAX_DEPTH:
            self._stop(f"this alias nests deeper than {MAX_DEPTH} levels", mark)
        if isinstance(value, dict):
            return {key: self._copy(item, depth + 1, mark) for key, item in value.items()}
        return [self._copy(item, depth + 1, mark) for item in value]

    def _add(self, value: Any, place: Place) -> None:
        if not self.stack:
            self.root = value, place
            return
        frame = self.stack[-1]
        if isinstance(frame.data, list):
            frame.data.append(value)
            frame.parts.append(place)
        elif not frame.has_key:
            self._take_key(frame, value, place)
        else:
            if frame.key is not None:
                frame.data[frame.key] = value
                at = frame.key_place
                frame.parts[frame.key] = Entry(at.line, at.column, place)
            frame.has_key = False

    def _take_key(self, frame: _Frame, key: Any, place: Place) -> None:
        frame.has_key = True
        frame.key_place = place
        frame.key = key if isinstance(key, str) else None
        if frame.key is None:
            plain = not isinstance(key, dict | list)
            hint = "put it in quotes" if plain and key is not None else None
            self._report(f"found {_named(key)} as a key, expected text", place, hint)
        elif frame.key in frame.data:
            first = frame.parts[frame.key]
            self._report(
                f"the key '{key}' stands here a second time; "
                f"first in line {first.line}, column {first.column}",
                place,
                "remove one of the two",
            )
            frame.key = None

    def _awaits_key(self) -> bool:
        return (
            bool(self.stack)
            and isinstance(self.stack[-1].data, dict)
            and not (self.stack[-1].has_key)
        )

    def _take_bad_key(self) -> None:
        self.stack[-1].has_key = True
        self.stack[-1].key = None

    def _refuse_tag(self, tag: str, place: Place) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self._report(f"the tag '{shown}' is not supported", place, "remove it")

    def _count(self, place: Place, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self._report(f"the document holds more than {MAX_NODES:,} values", place)
            raise ConfigurationError(self.problems)

    def _report(self, message: str, place: Place, hint: str | None = None) -> None:
        location = Location(self.file, place.line, place.column)
        self.problems.append(Problem(message, location=location, hint=hint))
        if len(self.problems) == MAX_PROBLEMS:
            raise ConfigurationError(self.problems)

    def _stop(self, message: str, mark: Mark | None, hint: str | None = None) -> NoReturn:
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        lines = self.text.split("\n")
        if line > len(lines):  # where the C parser sees the end of a text without a last line break
            line, column = len(lines), len(lines[-1]) + 1
        problem = Problem(message, location=Location(self.file, line, column), hint=hint)
        raise ConfigurationError([*self.problems, problem]) from None


def _named(key: object) -> str:
    if isinstance(key, dict | list):
        return "a mapping" if isinstance(key, dict) else "a list"
    if key is None or isinstance(key, bool):
        return {None: "nothing (null)", True: "true", False: "false"}[key]
    return f"the number {key}"


def _parser(text: str) -> Any:
    """Give PyYAML's C parser of events, or the one in Python where that is missing."""
    if yaml.__with_libyaml__:
        from yaml._yaml import CParser

        return CParser(text)
    return _PythonParser(text)


class _PythonParser(Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
