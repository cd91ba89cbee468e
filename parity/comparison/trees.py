"""Comparing trees of mappings, lists and scalars, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import same, ulp_distance

__all__ = ["compare_trees", "leaves"]


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give (path, value) of every leaf in document order; an empty mapping or list is a leaf.

    >>> list(leaves({"a": {"b": 1}, "c": [], "d": [True, None]}))
    [('a.b', 1), ('c', []), ('d[0]', True), ('d[1]', None)]
    """
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, _joined(path, key))
    elif isinstance(tree, Sequence) and not isinstance(tree, str) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, tree


def _joined(path: str, key: object) -> str:
    """Add a key to a path; one that could be taken for several, or for no text, is quoted."""
    if not isinstance(key, str) or "." in key or "[" in key:
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def compare_trees(control: Mapping[str, Any], candidate: Mapping[str, Any]) -> Tally:
    """Compare two trees whose top level is keyed by structural path.

    The order of keys has no meaning, that of lists has; a tuple is a list. Empty mappings and lists
    are compared like any leaf, but counted only where they differ: nothing was in them.
    """
    tally = Tally()
    for place in [*control, *(key for key in candidate if key not in control)]:
        if place in control and place in candidate:
            counted = _count_if_equal(control[place], candidate[place])
            if counted is not None:
                tally.compared += counted
                continue
        left = dict(leaves(control[place])) if place in control else {}
        right = dict(leaves(candidate[place])) if place in candidate else {}
        for path in [*left, *(key for key in right if key not in left)]:
            _compare_leaf(tally, f"{place}: {path}" if path else place, path, left, right)
    return tally


def _count_if_equal(left: Any, right: Any) -> int | None:
    """Count the leaves of two equal trees; null where they differ, or would have to be looked at.

    Nearly all of what is compared is equal, and then nobody asks where anything lies.
    """
    kind = type(left)
    if kind is dict and type(right) is dict:
        if len(left) != len(right):
            return None
        total = 0
        for key, value in left.items():
            counted = _count_if_equal(value, right[key]) if key in right else None
            if counted is None:
                return None
            total += counted
        return total
    if kind in (list, tuple) and type(right) in (list, tuple):
        if len(left) != len(right):
            return None
        total = 0
        for one, other in zip(left, right, strict=True):
            counted = _count_if_equal(one, other)
            if counted is None:
                return None
            total += counted
        return total
    return 1 if same(left, right) else None


def _listed(leaf: Any) -> Any:
    return [] if leaf == () else leaf


def _is_empty(value: Any) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and not value


def _compare_leaf(
    tally: Tally, place: str, path: str, left: Mapping[str, Any], right: Mapping[str, Any]
) -> None:
    if path not in right:
        tally.missing += 1
        tally.note(Difference(path=place, control=left[path], candidate=None))
    elif path not in left:
        tally.extra += 1
        tally.note(Difference(path=place, control=None, candidate=right[path]))
    else:
        a, b = _listed(left[path]), _listed(right[path])
        tally.compared += not (_is_empty(a) and _is_empty(b))
        if not same(a, b):
            tally.different += 1
            if isinstance(a, float) and isinstance(b, float):
                tally.widen(abs(a - b), ulp_distance(a, b))
            tally.note(Difference(path=place, control=a, candidate=b))
