"""Comparing lists of rows: trade by trade, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from parity.comparison.fields import settle_fields
from parity.comparison.matching import match
from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import same
from parity.policy.judging import NOBODY, Judge
from parity.policy.rule import Rule

__all__ = ["compare_rows", "looks_at_rows"]

_Rows = Sequence[msgspec.Struct]


def compare_rows(
    control: Mapping[str, _Rows], candidate: Mapping[str, _Rows], judge: Judge = NOBODY
) -> Tally:
    """Compare rows at equal positions; counts are of rows, and a list without any counts as one.

    Paths are ``PLACE`` for a list as a whole, ``PLACE: row 3`` for a row, and
    ``PLACE: row 3.quantity`` for what a policy is asked about.

    Args:
        control: The control's rows, by structural path.
        candidate: The candidate's.
        judge: Is asked where the two differ.
    """
    rows = _Compared(judge)
    for place in [*control, *(key for key in candidate if key not in control)]:
        if place not in candidate:
            rows.absent(place, control[place], missing=True)
        elif place not in control:
            rows.absent(place, candidate[place], missing=False)
        else:
            rows.compare(place, control[place], candidate[place])
    return rows.tally


def looks_at_rows(
    control: Mapping[str, _Rows], candidate: Mapping[str, _Rows], judge: Judge
) -> bool:
    """Whether there is any field on both sides that ``judge`` does not ignore, come what may."""
    for place in control:
        if place not in candidate or judge.ignores(place):
            continue
        for number, row in enumerate(control[place][: len(candidate[place])]):
            here = _row(place, number)
            if not judge.ignores(here) and not all(
                judge.ignores(f"{here}.{name}") for name in row.__struct_fields__
            ):
                return True
    return False


class _Compared:
    """One comparison, and what came of it so far."""

    def __init__(self, judge: Judge) -> None:
        self.tally = Tally()
        self._judge = judge

    def absent(self, place: str, rows: _Rows, *, missing: bool) -> None:
        """Count a list that only one side has."""
        if not rows or self._judge.ignores(place):
            ruling = self._judge.on_absence(place)
            told = f"a list of {len(rows)} rows"
            self.tally.lack(place, told, ruling, missing=missing, things=max(1, len(rows)))
            return
        self._lack(place, rows, range(len(rows)), missing=missing)

    def compare(self, place: str, left: _Rows, right: _Rows) -> None:
        """Compare two lists."""
        shared = min(len(left), len(right))
        differing = [row for row in range(shared) if _fields(left[row], right[row])]
        if not differing and len(left) == len(right):
            self.tally.compared += shared
            return
        rule = self._judge.unordered(place)
        if self._judge.takes_whole(place):
            ruling = self._judge.on_values(place, [*map(_tree, left)], [*map(_tree, right)])
            told = f"a list of {len(left)} rows", f"a list of {len(right)} rows"
            self.tally.settle(Difference(place, *told), ruling)
        elif rule is not None:
            self._without_order(place, left, right, rule)
        else:
            self.tally.compared += shared - len(differing)
            for row in differing:
                self._pair(place, row, left[row], right[row])
            self._lack(place, left, range(shared, len(left)), missing=True)
            self._lack(place, right, range(shared, len(right)), missing=False)

    def _without_order(self, place: str, left: _Rows, right: _Rows, rule: Rule) -> None:
        found = match([_tree(row) for row in left], [_tree(row) for row in right])
        self.tally.compared += len(found.same)
        if found.moved:
            self.tally.excuse([self._judge.on_order(rule)])
        for ours, theirs in found.pairs:
            self._pair(place, ours, left[ours], right[theirs])
        self._lack(place, left, found.missing, missing=True)
        self._lack(place, right, found.extra, missing=False)

    def _lack(self, place: str, rows: _Rows, numbers: Iterable[int], *, missing: bool) -> None:
        for number in numbers:
            here = _row(place, number)
            ruling = self._judge.on_absence(here)
            self.tally.lack(here, _tree(rows[number]), ruling, missing=missing, position=number)

    def _pair(self, place: str, number: int, left: msgspec.Struct, right: msgspec.Struct) -> None:
        """Compare two rows that differ."""
        here, fields = _row(place, number), _fields(left, right)
        settle_fields(self.tally, self._judge, here, _tree(left), _tree(right), fields, number)


def _row(place: str, number: int) -> str:
    return f"{place}: row {number}"


def _tree(row: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(row)


def _fields(left: msgspec.Struct, right: msgspec.Struct) -> tuple[str, ...]:
    """Name the fields in which two rows differ; one that only one of them has does."""
    names, others = left.__struct_fields__, right.__struct_fields__
    both = [*names, *(name for name in others if name not in names)]
    return tuple(
        name
        for name in both
        if name not in names
        or name not in others
        or not same(getattr(left, name), getattr(right, name))
    )
