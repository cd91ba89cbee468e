"""Trees as flat mappings from a path to a value, and back, so that two can share what is alike.

A path is written as in JSON Pointer: keys joined by ``/``, with ``~1`` for a slash and ``~0`` for
a tilde in a key. An index is ``[3]``, a key that begins with a bracket begins with ``~2`` instead,
and an empty key is ``~3``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["flatten", "unflatten"]


def flatten(tree: Any) -> dict[str, Any]:
    """Give each leaf under its path; an empty mapping or list is a leaf.

    >>> flatten({"a": {"b/c": [1, {}]}})
    {'a/b~1c/[0]': 1, 'a/b~1c/[1]': {}}
    """
    return dict(_leaves(tree, ""))


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    below = f"{path}/" if path else ""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from _leaves(value, below + _written(key))
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from _leaves(value, f"{below}[{index}]")
    else:
        yield path, tree


def unflatten(leaves: Mapping[str, Any]) -> Any:
    """Give the tree of which these are the leaves.

    >>> unflatten({"a/[1]": 2, "a/[0]": 1})
    {'a': [1, 2]}

    Raises:
        ValueError: They are of no tree: a path leads through a leaf, or an item of a list is
            missing.
    """
    if "" in leaves:
        if len(leaves) > 1:
            raise ValueError("a leaf at the top is not the only one")
        return leaves[""]
    below: dict[str, dict[str, Any]] = {}
    for path, value in leaves.items():
        step, _, rest = path.partition("/")
        below.setdefault(step, {})[rest] = value
    if not all(step.startswith("[") for step in below):
        return {_read(step): unflatten(rest) for step, rest in below.items()}
    items = [below.get(f"[{index}]") for index in range(len(below))]
    if any(item is None for item in items):
        raise ValueError("a list has no item for one of its numbers")
    return [unflatten(item) for item in items if item is not None]


def _written(key: str) -> str:
    text = key.replace("~", "~0").replace("/", "~1") or "~3"
    return f"~2{text[1:]}" if text.startswith("[") else text


def _read(step: str) -> str:
    if step.startswith("["):
        raise ValueError("a mapping has an item with a number")
    if step == "~3":
        return ""
    step = f"[{step[2:]}" if step.startswith("~2") else step
    return step.replace("~1", "/").replace("~0", "~")
