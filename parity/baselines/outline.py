"""Trees made small: everything short stays readable, what is long becomes digests of its pieces.

An outline is a tree of the same shape, made of mappings with text keys, lists, text, numbers,
booleans and null, so that it can stand in a JSON file and be compared leaf by leaf: a place in it
is called as in the tree it was made of. Two trees of one outline are the same but for the chance
that digests of 64 bits collide.

- Of a list with more than `LISTED` items the first are kept, then come mappings of one entry each,
  ``items 12 to 27`` to a digest.
- Of a text with more than `SHOWN` characters the beginning is kept, with length and digest.
- What is no mapping, list or scalar is a mapping of its type's name to how it shows itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import xxhash

__all__ = ["LISTED", "SHOWN", "brief", "canonical", "digest_of", "outline", "pieces_of", "ranges"]

LISTED: Final = 12
"""Items of a list that are kept as they are; a longer one is cut."""

SHOWN: Final = 200
"""Characters of a text that are kept as they are; a longer one is cut."""

_BRIEF: Final = 80
_PIECE: Final = 16
_PIECES: Final = 16


def canonical(tree: Any) -> str:
    """Write a tree as text on one line: equal trees, in whatever order of keys, as equal text.

    Types count: 1 is not 1.0, nor true, nor "1". A tuple is a list.

    >>> canonical({"b": (1, 1.0), "a": None})
    '{"a":null,"b":[1,1.0]}'
    """
    return json.dumps(plain(tree), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def brief(tree: Any, depth: int) -> Any:
    """Give an outline in which everything long below ``depth`` is one digest.

    >>> brief({"a": {"b": list(range(40))}}, 2)
    {'a': {'b': 'list of 40, digest 6af0b29372448cef'}}
    """
    if isinstance(tree, Mapping | list | tuple) and tree:
        if depth > 0 and isinstance(tree, Mapping):
            return {_key(key): brief(value, depth - 1) for key, value in tree.items()}
        if len(canonical(tree)) > _BRIEF:
            kind = "mapping" if isinstance(tree, Mapping) else "list"
            return f"{kind} of {len(tree)}, digest {digest_of(tree)}"
    return outline(tree)


def digest_of(tree: Any) -> str:
    """Give the digest of a tree's canonical text: 16 hexadecimal characters."""
    return xxhash.xxh3_64_hexdigest(canonical(tree).encode("utf-8", "backslashreplace"))


def plain(tree: Any) -> Any:
    """Give a tree with text for keys and lists for tuples, nothing left out."""
    kind = type(tree)
    if kind is str or kind is int or kind is bool or kind is float or tree is None:
        return tree
    if isinstance(tree, Mapping):
        return {_key(key): plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [plain(item) for item in tree]
    # A foreign subject can record anything: what it shows itself as stands for it, with its type.
    return {kind.__name__: repr(tree)}


def outline(tree: Any, listed: int = LISTED) -> Any:
    """Give the outline of a tree.

    Args:
        tree: Mappings, lists and scalars; not changed.
        listed: How many items of a list are kept.
    """
    if type(tree) is str:
        return tree if len(tree) <= SHOWN else _cut(tree)
    if isinstance(tree, Mapping):
        return {_key(key): outline(value, listed) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        kept = [outline(item, listed) for item in tree[:listed]]
        return [*kept, *pieces_of(tree, listed)]
    return plain(tree)


def pieces_of(items: Sequence[Any], start: int = 0) -> list[dict[str, str]]:
    """Give the digests of pieces of a list, from ``start`` on, each under the items it is of."""
    return [
        {f"items {first} to {last}": digest_of(items[first : last + 1])}
        for first, last in ranges(len(items), start, _PIECE, _PIECES)
    ]


def ranges(length: int, start: int, least: int, most: int) -> list[tuple[int, int]]:
    """Cut the rows from ``start`` to the end into ranges of equal length, the last one shorter.

    Args:
        length: Rows in all.
        start: First row.
        least: Rows of a range, at least.
        most: Ranges, at most.

    Returns:
        First and last row of each, inclusive.

    >>> ranges(40, 12, 16, 16)
    [(12, 27), (28, 39)]
    """
    rows = length - start
    size = max(least, -(-rows // most))
    return [(at, min(at + size, length) - 1) for at in range(start, length, size)]


def _key(key: object) -> str:
    return key if type(key) is str else f"[{key!r}]"


def _cut(text: str) -> str:
    digest = xxhash.xxh3_64_hexdigest(text.encode("utf-8", "backslashreplace"))
    return f"{text[: SHOWN // 2]}… ({len(text)} characters, digest {digest})"
