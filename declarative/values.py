"""Values of a pattern: nested data with references, and what is repeated by ``foreach``.

A mapping with the key ``foreach`` stands for one value per pass of its loops:

    {foreach: {symbol: "${market.symbols}"}, value: "${symbol.name}"}                  a list
    {foreach: {…}, value: …, unique: "${indicator.name}"}      a list, the first of each name
    {foreach: {…}, key: "${symbol.name}", value: …}                                 a mapping

Loops nest in the order in which they are written, the last one fastest; each may refer to the
variables before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from containers.nearest import did_you_mean
from declarative.references import Node, Scope, resolve_text
from declarative.slots import NeedsValueError, Slot, TextSlot

__all__ = ["loops", "resolve", "text_of"]

_ALLOWED: Final = ("foreach", "key", "value", "unique")


def resolve(node: Node, scope: Scope) -> Any:
    """Give what ``node`` stands for in ``scope``: new mappings and lists, leaves handed on.

    Raises:
        PatternError: A reference leads nowhere, or a repetition is malformed.
    """
    value = node.value
    if isinstance(value, str):
        return resolve_text(node, scope)
    if isinstance(value, dict):
        if "foreach" in value:
            return _repeated(node, scope)
        return {key: resolve(node.at(key), scope) for key in value}
    if isinstance(value, list):
        return [resolve(node.at(index), scope) for index in range(len(value))]
    return value


def text_of(node: Node, scope: Scope) -> str:
    """Give what ``node`` stands for, which must be text that is not empty."""
    value = resolve(node, scope)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Slot):
        raise NeedsValueError
    raise node.error(f"found {value!r}, expected text")


def loops(node: Node | None, scope: Scope) -> Iterator[Scope]:
    """Give the scope of every pass of a ``foreach``; null is one pass with nothing added.

    Raises:
        PatternError: A variable hides a name of the scope, or what it runs over is no list.
    """
    if node is None:
        yield scope
        return
    if not isinstance(node.value, dict) or not node.value:
        raise node.error("expected a mapping of variables to lists", "for example {x: [1, 2]}")
    yield from _nested(node, list(node.value), scope)


def _nested(node: Node, variables: list[str], scope: Scope) -> Iterator[Scope]:
    if not variables:
        yield scope
        return
    name, *inner = variables
    over = node.at(name)
    if name in scope:
        raise over.error(f"the variable '{name}' hides what has this name already", key=True)
    items = resolve(over, scope)
    if isinstance(items, Slot):
        raise NeedsValueError
    if not isinstance(items, list | tuple):
        message = f"'{name}' runs over a {type(items).__name__}, expected a list"
        raise over.error(message)
    for item in items:
        yield from _nested(node, inner, {**scope, name: item})


def _repeated(node: Node, scope: Scope) -> Any:
    for key in node.value:
        if key not in _ALLOWED:
            message = f"unknown key '{key}' beside foreach; allowed: {', '.join(_ALLOWED)}"
            raise node.at(key).error(message, did_you_mean(key, _ALLOWED), key=True)
    if "value" not in node.value:
        raise node.error("the required key 'value' is missing beside foreach")
    if "key" in node.value and "unique" in node.value:
        raise node.at("unique").error("a mapping has each key once; drop 'unique'", key=True)
    passes = loops(node.at("foreach"), scope)
    if "key" in node.value:
        return _mapping(node, passes)
    chosen: list[Any] = []
    seen: set[str] = set()
    for inner in passes:
        if "unique" in node.value:
            name = text_of(node.at("unique"), inner)
            if name in seen:
                continue
            seen.add(name)
        chosen.append(resolve(node.at("value"), inner))
    return chosen


def _mapping(node: Node, passes: Iterator[Scope]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for scope in passes:
        key = text_of(node.at("key"), scope)
        if isinstance(key, TextSlot):
            raise NeedsValueError
        if key in made:
            raise node.at("key").error(f"the key '{key}' is given twice")
        made[key] = resolve(node.at("value"), scope)
    return made
