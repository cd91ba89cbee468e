"""Settling two rows, or two samples, that differ in some of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import distances
from parity.policy.judging import Judge, Ruling

__all__ = ["settle_fields"]


def settle_fields(
    tally: Tally,
    judge: Judge,
    path: str,
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    names: Sequence[str],
    position: int,
) -> None:
    """Count one row that differs: excused where a rule takes it whole, or excuses each field.

    Args:
        tally: What counts.
        judge: Is asked about ``path``, or else about ``path.NAME``.
        path: Of the row.
        left: Its fields in the control.
        right: Its fields in the candidate.
        names: Of the fields that differ; one that only one side has does.
        position: Of the row, from 0.
    """
    if judge.takes_whole(path):
        ruling = judge.on_values(path, left, right)
        tally.settle(Difference(path, left, right, tuple(names), position), ruling)
        return
    excused: list[Ruling] = []
    remaining: list[str] = []
    for name in names:
        field = f"{path}.{name}"
        if name in left and name in right:
            tally.widen(*distances(left[name], right[name]))
            ruling = judge.on_values(field, left[name], right[name])
        else:
            ruling = judge.on_absence(field)
        if ruling is None:
            remaining.append(name)
        else:
            excused.append(ruling)
    tally.compared += 1
    if not remaining:
        tally.excuse(excused)
        return
    for ruling in excused:
        tally.credit(ruling)
    tally.different += 1
    tally.note(Difference(path, left, right, tuple(remaining), position))
