"""References: how a pattern takes values from what surrounds it.

    ${config.portfolio.lot_size}                     keys, by name
    ${market.streams[0].symbol}                      items of lists, from 0
    ${containers['risk/${portfolio.id}'].account}    any key, in quotes, itself a template
    data/${stream.symbol}                            inside text
    $${not a reference}                              the two characters themselves

A text that is one reference takes the value as it is, with its type; inside text the value is
written out. Values are taken once: what a reference gives is never searched for references again,
so text of a user stays text. Nothing is evaluated, and only mappings and lists are looked into:
anything else is a leaf, handed on whole.

1. `parse` turns a text into a `Template`, once per text.
2. `resolve_text` looks up the template's references in a scope, a mapping of names to values.
3. What is missing is a `PatternError` that names the place, the path and the nearest name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from containers.errors import ConfigPath, Problem
from containers.nearest import did_you_mean
from containers.strict_yaml import Document
from declarative.errors import PatternError
from declarative.slots import NeedsValueError, Slot, TextSlot

__all__ = ["Node", "Reference", "Scope", "Template", "parse", "resolve_text", "template_of"]

Scope: TypeAlias = Mapping[str, Any]
"""What references may name: plain data, with leaves of any type."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_#-]*")
_INDEX: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a pattern, and where it stands."""

    document: Document
    path: ConfigPath
    value: Any

    def at(self, *steps: str | int) -> Node:
        """Give the node below, at these keys and indexes, which must be there."""
        value = self.value
        for step in steps:
            value = value[step]
        return Node(self.document, (*self.path, *steps), value)

    def error(self, message: str, hint: str | None = None, *, key: bool = False) -> PatternError:
        """Make the error that says what is wrong with this value, or with its key."""
        location = self.document.locate(self.path, key=key)
        return PatternError([Problem(message, path=self.path, location=location, hint=hint)])


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${…}``: a name of the scope, then keys, indexes, or templates that give keys."""

    text: str
    root: str
    steps: tuple[str | int | Template, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A text cut into what is literal and what is looked up."""

    parts: tuple[str | Reference, ...]


class _SyntaxError(Exception):
    """The text isn't a template; the message says why."""


def resolve_text(node: Node, scope: Scope) -> Any:
    """Give what the text of ``node`` stands for in ``scope``.

    Raises:
        PatternError: The text is malformed, or names what isn't there.
    """
    return _fill(template_of(node), scope, node)


def template_of(node: Node) -> Template:
    """Cut the text of ``node`` into its parts.

    Raises:
        PatternError: The text is malformed.
    """
    try:
        return parse(node.value)
    except _SyntaxError as error:
        raise node.error(str(error)) from None


@lru_cache(maxsize=4096)
def parse(text: str) -> Template:
    """Cut a text into its parts.

    >>> [part if isinstance(part, str) else part.root for part in parse("data/${x.id}").parts]
    ['data/', 'x']
    """
    parts, end = _template(text, 0, until=None)
    assert end == len(text)
    return Template(parts)


def _template(text: str, start: int, until: str | None) -> tuple[tuple[str | Reference, ...], int]:
    """Read parts from ``start`` to the character ``until``, or to the end of the text."""
    parts: list[str | Reference] = []
    literal = ""
    place = start
    while place < len(text) and text[place] != until:
        if text.startswith("$${", place):
            literal, place = literal + "${", place + 3
        elif text.startswith("${", place):
            if literal:
                parts.append(literal)
            reference, place = _reference(text, place + 2)
            parts.append(reference)
            literal = ""
        else:
            literal, place = literal + text[place], place + 1
    if literal or not parts:
        parts.append(literal)
    return tuple(parts), place


def _reference(text: str, start: int) -> tuple[Reference, int]:
    """Read a path up to its closing brace; answer it and the place after."""
    root = _NAME.match(text, start)
    if root is None:
        raise _SyntaxError(f"found {_shown(text, start)}, expected a name after '${{'")
    place = root.end()
    steps: list[str | int | Template] = []
    while place < len(text) and text[place] != "}":
        if text[place] == ".":
            name = _NAME.match(text, place + 1)
            if name is None:
                raise _SyntaxError(f"found {_shown(text, place + 1)}, expected a name after '.'")
            steps.append(name[0])
            place = name.end()
        elif text[place] == "[":
            step, place = _bracket(text, place + 1)
            steps.append(step)
        else:
            raise _SyntaxError(f"found {_shown(text, place)}, expected '.', '[' or '}}'")
    if place == len(text):
        raise _SyntaxError(f"the reference ${{{text[start:]} is not closed; expected '}}'")
    return Reference(text[start:place], root[0], tuple(steps)), place + 1


def _bracket(text: str, start: int) -> tuple[int | Template, int]:
    step: int | Template
    index = _INDEX.match(text, start)
    if index is not None:
        step, place = int(index[0]), index.end()
    elif text[start : start + 1] in ("'", '"'):
        parts, place = _template(text, start + 1, until=text[start])
        step, place = Template(parts), place + 1
    else:
        raise _SyntaxError(f"found {_shown(text, start)}, expected an index or a quoted key")
    if text[place : place + 1] != "]":
        raise _SyntaxError(f"found {_shown(text, place)}, expected ']'")
    return step, place + 1


def _shown(text: str, place: int) -> str:
    return f"'{text[place]}' in '{text}'" if place < len(text) else f"the end of '{text}'"


def _fill(template: Template, scope: Scope, node: Node) -> Any:
    parts = template.parts
    if len(parts) == 1:
        only = parts[0]
        return only if isinstance(only, str) else _follow(only, scope, node)
    return "".join(
        part if isinstance(part, str) else _written(part, _follow(part, scope, node), node)
        for part in parts
    )


def _follow(reference: Reference, scope: Scope, node: Node) -> Any:
    walked = ""
    value: Any = scope
    for step in (reference.root, *reference.steps):
        key = _key(step, scope, node) if isinstance(step, Template) else step
        where = f"'{walked}' has" if walked else "there is"
        if isinstance(value, Mapping):
            if key not in value:
                message = f"${{{reference.text}}} leads nowhere: {where} no '{key}'"
                raise node.error(message, did_you_mean(str(key), map(str, value)))
        elif isinstance(value, list | tuple):
            if not isinstance(key, int):
                message = f"${{{reference.text}}}: '{walked}' is a list, and '{key}' no index"
                raise node.error(message, "write an index in brackets, from [0]")
            if key >= len(value):
                message = f"${{{reference.text}}} leads nowhere: {where} no item {key}"
                raise node.error(message, f"it has {len(value)}, counted from 0")
        elif isinstance(value, Slot):
            raise NeedsValueError
        else:
            message = f"${{{reference.text}}}: '{walked}' is {_kind(value)}, which has no '{key}'"
            raise node.error(message)
        value = value[key]
        walked = f"{walked}[{key!r}]" if isinstance(step, int | Template) else _joined(walked, step)
    return value


def _key(step: Template, scope: Scope, node: Node) -> str:
    parts = (
        part if isinstance(part, str) else _written(part, _follow(part, scope, node), node)
        for part in step.parts
    )
    return "".join(parts)


def _joined(walked: str, step: str) -> str:
    return f"{walked}.{step}" if walked else step


def _written(reference: Reference, value: Any, node: Node) -> str:
    """Write a value inside text, the way YAML would."""
    if isinstance(value, Slot | TextSlot):
        raise NeedsValueError
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    message = f"${{{reference.text}}} is {_kind(value)}, which cannot be written inside text"
    raise node.error(message, "let the reference stand alone, or refer to a part of it")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    names = {bool: "true or false", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), f"a Python {type(value).__name__}")
