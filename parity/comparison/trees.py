"""Comparing trees of mappings, lists and scalars, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from parity.comparison.matching import match
from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import distances, same
from parity.policy.judging import NOBODY, Judge

__all__ = ["compare_trees", "joined", "leaves", "looks_at_trees"]


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give (path, value) of every leaf in document order; an empty mapping or list is a leaf.

    >>> list(leaves({"a": {"b": 1}, "c": [], "d": [True, None]}))
    [('a.b', 1), ('c', []), ('d[0]', True), ('d[1]', None)]
    """
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, joined(path, key))
    elif isinstance(tree, list | tuple) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, tree


def compare_trees(
    control: Mapping[str, Any], candidate: Mapping[str, Any], judge: Judge = NOBODY
) -> Tally:
    """Compare two trees whose top level is keyed by structural path.

    The order of keys has no meaning, that of lists has; a tuple is a list, but a mapping is not.
    What only one side has is counted by its leaves; an empty mapping or list is one there, and
    counts for nothing where both have it.

    Args:
        control: The control's content.
        candidate: The candidate's.
        judge: Is asked where the two differ.
    """
    trees = _Trees(judge)
    for place in [*control, *(key for key in candidate if key not in control)]:
        if place not in candidate:
            trees.absent(place, "", control[place], missing=True)
        elif place not in control:
            trees.absent(place, "", candidate[place], missing=False)
        else:
            trees.compare(place, "", control[place], candidate[place])
    return trees.tally


def looks_at_trees(control: Mapping[str, Any], candidate: Mapping[str, Any], judge: Judge) -> bool:
    """Whether there is any leaf on both sides that ``judge`` does not ignore, come what may."""
    return any(
        _looks_at(place, "", control[place], candidate[place], judge)
        for place in control
        if place in candidate
    )


def _looks_at(place: str, path: str, left: Any, right: Any, judge: Judge) -> bool:
    if judge.ignores(_full(place, path)):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return any(
            _looks_at(place, joined(path, key), left[key], right[key], judge)
            for key in left
            if key in right
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return any(
            _looks_at(place, f"{path}[{index}]", left[index], right[index], judge)
            for index in range(min(len(left), len(right)))
        )
    return True


class _Trees:
    """One comparison, and what came of it so far."""

    def __init__(self, judge: Judge) -> None:
        self.tally = Tally()
        self._judge = judge

    def compare(self, place: str, path: str, left: Any, right: Any) -> None:
        """Compare what both sides have."""
        counted = _count_if_equal(left, right)
        if counted is not None:
            self.tally.compared += counted
        elif isinstance(left, Mapping) and isinstance(right, Mapping):
            if not self._decided_as_whole(place, path, left, right):
                self._mappings(place, path, left, right)
        elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
            if not self._decided_as_whole(place, path, left, right):
                self._lists(place, path, left, right)
        else:
            self._leaf(place, path, left, right)

    def absent(self, place: str, path: str, value: Any, *, missing: bool) -> None:
        """Count what only one side has, by its leaves."""
        full = _full(place, path)
        whole = self._judge.ignores(full)
        if isinstance(value, Mapping) and value and not whole:
            for key, part in value.items():
                self.absent(place, joined(path, key), part, missing=missing)
        elif isinstance(value, list | tuple) and value and not whole:
            for index, part in enumerate(value):
                self.absent(place, f"{path}[{index}]", part, missing=missing)
        else:
            self.tally.lack(full, value, self._judge.on_absence(full), missing=missing)

    def _decided_as_whole(self, place: str, path: str, left: Any, right: Any) -> bool:
        full = _full(place, path)
        if not self._judge.takes_whole(full):
            return False
        ruling = self._judge.on_values(full, left, right)
        self.tally.settle(Difference(path=full, control=left, candidate=right), ruling)
        return True

    def _mappings(
        self, place: str, path: str, left: Mapping[Any, Any], right: Mapping[Any, Any]
    ) -> None:
        # 1, 1.0 and True are one key to Python, and three to us.
        theirs = {(type(key), key): value for key, value in right.items()}
        ours = {(type(key), key): value for key, value in left.items()}
        for typed, value in ours.items():
            below = joined(path, typed[1])
            if typed in theirs:
                self.compare(place, below, value, theirs[typed])
            else:
                self.absent(place, below, value, missing=True)
        for typed, value in theirs.items():
            if typed not in ours:
                self.absent(place, joined(path, typed[1]), value, missing=False)

    def _lists(self, place: str, path: str, left: Any, right: Any) -> None:
        rule = self._judge.unordered(_full(place, path))
        shared = min(len(left), len(right))
        pairs = [(index, index) for index in range(shared)]
        missing, extra = list(range(shared, len(left))), list(range(shared, len(right)))
        if rule is not None:
            found = match(left, right)
            pairs, missing, extra = found.pairs, found.missing, found.extra
            self.tally.compared += sum(_count_if_equal(left[i], left[i]) or 0 for i in found.same)
            if found.moved:
                self.tally.excuse([self._judge.on_order(rule)])
        for ours, theirs in pairs:
            self.compare(place, f"{path}[{ours}]", left[ours], right[theirs])
        for index in missing:
            self.absent(place, f"{path}[{index}]", left[index], missing=True)
        for index in extra:
            self.absent(place, f"{path}[{index}]", right[index], missing=False)

    def _leaf(self, place: str, path: str, left: Any, right: Any) -> None:
        if same(left, right):
            self.tally.compared += 1
            return
        self.tally.widen(*distances(left, right))
        full = _full(place, path)
        ruling = self._judge.on_values(full, left, right)
        self.tally.settle(Difference(path=full, control=left, candidate=right), ruling)


def _full(place: str, path: str) -> str:
    return f"{place}: {path}" if path else place


def joined(path: str, key: object) -> str:
    """Add a key to a path; one that could be taken for several, or for no text, is quoted."""
    if not isinstance(key, str) or not key or "." in key or "[" in key:
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _count_if_equal(left: Any, right: Any) -> int | None:
    """Count the leaves of two equal trees; null where they differ, or would have to be looked at.

    Nearly all of what is compared is equal, and then nobody asks where anything lies. Most leaves
    are texts and whole numbers, which are looked at where they stand.
    """
    kind = type(left)
    if kind is dict and type(right) is dict:
        if len(left) != len(right):
            return None
        total = 0
        for key, value in left.items():
            if type(key) is not str or key not in right:
                return None
            other = right[key]
            of = type(value)
            if of is str or of is int:
                counted = 1 if of is type(other) and value == other else None
            else:
                counted = _count_if_equal(value, other)
            if counted is None:
                return None
            total += counted
        return total
    if kind in (list, tuple) and type(right) in (list, tuple):
        if len(left) != len(right):
            return None
        total = 0
        for value, other in zip(left, right, strict=True):
            of = type(value)
            if of is str or of is int:
                counted = 1 if of is type(other) and value == other else None
            else:
                counted = _count_if_equal(value, other)
            if counted is None:
                return None
            total += counted
        return total
    return 1 if same(left, right) else None
