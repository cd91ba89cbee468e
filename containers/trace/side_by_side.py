"""Events of two traces beside their counterparts, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from containers.events import Event
from containers.trace.matching import match
from containers.trace.trace import Trace
from containers.trace.windows import Part, windows

__all__ = ["Beside", "side_by_side"]

Beside: TypeAlias = tuple[Event | None, Event | None]
"""An event and its counterpart; null on the side that has none."""


def side_by_side(left: Sequence[Event], right: Sequence[Event]) -> list[Beside]:
    """Put events beside their counterparts, in the order of the left ones.

    Events without a counterpart stand behind what comes before them on their own side.

    Args:
        left: In ascending ``seq``, of the same slices as ``right``.
        right: Likewise.
    """
    rows: list[Beside] = []
    for part, other in windows(Trace.from_events(left), Trace.from_events(right), 0, _Nobody()):
        rows += _rows(part, other)
    return rows


class _Nobody:
    """Lets no window be left out."""

    untouched: Final = False

    def skip(self, first: int, last: int) -> None:
        raise AssertionError(f"events {first} to {last} were left out")


def _rows(left: Part, right: Part) -> list[Beside]:
    pairs = match(left, right)
    places = np.sort(pairs.right)
    found: list[tuple[tuple[int, int, int, int], Beside]] = []
    for rank, (row, other) in enumerate(
        zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    ):
        order = (int(left.slices[row]), rank, 2, 0)
        found.append((order, (left.event(row), right.event(other))))
    for row in np.setdiff1d(np.arange(len(left)), pairs.left).tolist():
        order = (int(left.slices[row]), int(np.searchsorted(pairs.left, row)), 0, row)
        found.append((order, (left.event(row), None)))
    for row in np.setdiff1d(np.arange(len(right)), places).tolist():
        order = (int(right.slices[row]), int(np.searchsorted(places, row)), 1, row)
        found.append((order, (None, right.event(row))))
    found.sort(key=lambda one: one[0])
    return [beside for _, beside in found]
