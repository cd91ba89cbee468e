"""What stands beside a difference in a tree: a configuration, a plan, a list of moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from parity.channels import Channel
from parity.obeying import MISSING, parsed_path, path_text, value_at
from parity.record import Record

__all__ = ["Sibling", "siblings"]

_AROUND: Final = 2
_MOST: Final = 8


class Sibling(msgspec.Struct, frozen=True):
    """An entry beside the one that differs, in the same mapping or list.

    Attributes:
        path: Inside the place.
        same: Whether both sides have the same there.
        here: Whether it is the one that differs, or holds it.
        control: What the control has; null also when it has nothing.
        candidate: What the candidate has.
    """

    path: str
    same: bool
    here: bool
    control: Any
    candidate: Any


def siblings(
    control: Record, candidate: Record, channel: Channel, place: str, inside: str
) -> tuple[Sibling, ...]:
    """Give the nearest entries around a difference, itself among them.

    Of a list those next to it; of a mapping of single values all of them, up to eight.
    """
    trees = [record.channels.get(channel, {}).get(place) for record in (control, candidate)]
    path = parsed_path(inside)
    if not path or all(tree is None for tree in trees):
        return ()
    depth = len(path) - 1
    if depth and isinstance(path[depth - 1], int):
        depth -= 1  # of a list of records the ones next to it tell more than its own fields
    found = []
    for step in _around(path[depth], [value_at(tree, path[:depth]) for tree in trees]):
        here = (*path[:depth], step)
        a, b = (value_at(tree, here) for tree in trees)
        found.append(
            Sibling(
                path=path_text(here),
                same=repr(a) == repr(b),
                here=step == path[depth],
                control=None if a is MISSING else a,
                candidate=None if b is MISSING else b,
            )
        )
    return tuple(found)


def _around(step: str | int, parents: list[Any]) -> Iterator[str | int]:
    if isinstance(step, int):
        longest = max((len(p) for p in parents if isinstance(p, list | tuple)), default=0)
        yield from range(max(0, step - _AROUND), min(longest, step + _AROUND + 1))
        return
    keys = list(dict.fromkeys(key for p in parents if isinstance(p, Mapping) for key in p))
    at = keys.index(step) if step in keys else 0
    start = max(0, min(at - _MOST // 2, len(keys) - _MOST))
    yield from keys[start : start + _MOST]
