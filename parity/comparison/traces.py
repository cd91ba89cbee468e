"""Comparing traces, unit by unit, at the level that both sides kept.

Events are held against their counterparts (`containers.trace.align`). Where a field of some of them
differs, the policy is asked about all of these at once (`_Unit.excuse`). Its paths are ``UNIT`` for
a trace as a whole, ``UNIT: FILL`` for events of a kind, ``UNIT: FILL.price`` for a field, and
``UNIT: FEATURES.values.NAME`` for one feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from containers.events import EventKind
from containers.trace import SCHEMAS, Alignment, Trace, align
from containers.trace.columns import Buffer, Column, FloatColumn, IntColumn, Mask
from containers.trace.mappings import MappingColumn
from containers.trace.texts import TextColumn
from parity.comparison.outcome import Difference, Tally
from parity.comparison.trees import joined
from parity.policy.judging import NOBODY, Judge, Ruling
from parity.policy.rule import Kind

__all__ = ["compare_traces", "looks_at_traces"]


def compare_traces(
    control: Mapping[str, Trace], candidate: Mapping[str, Trace], judge: Judge = NOBODY
) -> Tally:
    """Compare traces of the same unit, each event with its counterpart; counts are of events.

    A trace without an event counts as one where only one side has it. Of the events of one unit
    that rules excuse, all are counted as tolerated where any of them is within a tolerance.

    Args:
        control: The control's traces, by unit.
        candidate: The candidate's.
        judge: Is asked where the two differ.
    """
    tally = Tally()
    for unit in [*control, *(key for key in candidate if key not in control)]:
        if unit not in candidate:
            _lack(tally, unit, control[unit], judge, missing=True)
        elif unit not in control:
            _lack(tally, unit, candidate[unit], judge, missing=False)
        elif control[unit].prefix_digests == candidate[unit].prefix_digests:
            tally.compared += len(control[unit])
        else:
            _Unit(tally, unit, judge).compare(control[unit], candidate[unit])
    return tally


def looks_at_traces(
    control: Mapping[str, Trace], candidate: Mapping[str, Trace], judge: Judge
) -> bool:
    """Whether there is any field on both sides that ``judge`` does not ignore, come what may."""
    for unit in control:
        if unit not in candidate or judge.ignores(unit):
            continue
        for name in control[unit].summary().by_kind:
            kind = f"{unit}: {name}"
            fields = SCHEMAS[EventKind(name)]
            if not judge.ignores(kind) and not all(judge.ignores(f"{kind}.{f}") for f in fields):
                return True
    return False


def _lack(tally: Tally, unit: str, trace: Trace, judge: Judge, *, missing: bool) -> None:
    told = f"a trace of {len(trace)} events"
    things = max(1, len(trace))
    tally.lack(unit, told, judge.on_absence(unit), missing=missing, things=things, unit=unit)


class _Unit:
    """The comparison of one unit's traces, which differ in some bit."""

    def __init__(self, tally: Tally, unit: str, judge: Judge) -> None:
        self._tally: Final = tally
        self._unit: Final = unit
        self._judge: Final = judge
        self._tolerant = False

    def compare(self, left: Trace, right: Trace) -> None:
        """Add what comes of it to the tally."""
        if self._judge.ignores(self._unit):
            ruling = self._judge.on_absence(self._unit)
            assert ruling is not None  # as it is ignored
            self._tally.excuse([ruling])
            return
        ignored_kinds = [k for k in EventKind if self._judge.ignores(f"{self._unit}: {k}")]
        excuse = self.excuse if self._judge else None
        found = align(left, right, excuse, pass_over=ignored_kinds)
        tally = self._tally
        missing, extra, ignored = self._alone(found)
        tally.compared += found.compared
        tally.different += found.different
        tally.missing += missing
        tally.extra += extra
        tally.ignored += ignored
        if self._tolerant:
            tally.tolerated += found.excused
        else:
            tally.ignored += found.excused
        tally.widen(found.max_abs or None, found.max_ulp or None)
        if found.different or missing or extra:
            self._note(found)

    def excuse(self, kind: EventKind, field: str, left: Column, right: Column) -> Mask | None:
        """Say which of some aligned events, whose field differs in all of them, are excused."""
        if self._judge.ignores(f"{self._unit}: {kind}"):
            return self._mark(f"{self._unit}: {kind}", left, right)
        path = f"{self._unit}: {kind}.{field}"
        if isinstance(left, MappingColumn) and isinstance(right, MappingColumn):
            return self._by_name(path, left, right)
        return self._mark(path, left, right)

    def _alone(self, found: Alignment) -> tuple[int, int, int]:
        """Count what only one side has: missing, extra, and what of both is ignored."""
        missing, extra, ignored = found.missing, found.extra, 0
        for kind, counts in found.kinds.items():
            alone = counts.missing + counts.extra
            path = f"{self._unit}: {kind}"
            if alone and self._judge.ignores(path):
                ruling = self._judge.on_absence(path, alone)
                assert ruling is not None  # as it is ignored
                self._tally.credit(ruling, alone)
                missing, extra = missing - counts.missing, extra - counts.extra
                ignored += alone
        return missing, extra, ignored

    def _note(self, found: Alignment) -> None:
        """Note the first difference that is not ignored."""
        first = found.first
        assert first is not None  # something differs
        self._tally.note(
            Difference(
                path=f"{self._unit}: event {first.position}",
                control=None if first.left is None else msgspec.to_builtins(first.left),
                candidate=None if first.right is None else msgspec.to_builtins(first.right),
                fields=first.fields,
                position=first.position,
                unit=self._unit,
                left=first.left,
                right=first.right,
            )
        )

    def _by_name(self, path: str, left: MappingColumn, right: MappingColumn) -> Mask | None:
        """Decide on each feature that differs; a row is excused when all of its own are."""
        if self._judge.ignores(path):
            return self._mark(path, left, right)
        excused = ~left.names.differs(right.names)  # a name that one side lacks is beyond excuse
        for code, names in enumerate(left.names.members()):
            rows = np.flatnonzero(excused & (left.names.codes == code))
            for place, name in enumerate(names):
                ours = left.flat.take(left.starts[rows] + place)
                theirs = right.flat.take(right.starts[rows] + place)
                differing = np.flatnonzero(ours.differs(theirs))
                if not len(differing):
                    continue
                marks = self._mark(joined(path, name), ours.take(differing), theirs.take(differing))
                excused[rows[differing]] &= False if marks is None else marks
        return excused

    def _mark(self, path: str, left: Column, right: Column) -> Mask | None:
        """Decide on rows that all differ in one field; null where no rule covers them."""
        rule = self._judge.rule_for(path)
        if rule is None:
            return None
        if rule.kind is Kind.IGNORE:
            self._judge.on_absence(path, len(left))
            self._tally.credit(Ruling(rule, None), len(left))
            return np.ones(len(left), np.bool_)
        shares = np.full(len(left), np.nan)
        if isinstance(left, TextColumn):
            for row, (a, b) in enumerate(zip(left.values(), right.values(), strict=True)):
                ruling = self._judge.on_values(path, a, b)
                if ruling is not None and ruling.share is not None:
                    shares[row] = ruling.share
        else:
            (ours, have), (theirs, others) = _numbers(left), _numbers(right)
            both = np.flatnonzero(have & others)  # null against a number is beyond excuse
            shares[both] = self._judge.on_numbers(path, ours[both], theirs[both])
        marks: Mask = ~np.isnan(shares)
        if marks.any():
            self._tolerant = True
            self._tally.credit(Ruling(rule, float(shares[marks].max())), int(marks.sum()))
        return marks


def _numbers(column: Column) -> tuple[Buffer, Mask]:
    """Give the numbers of a column, and which of them are there."""
    if isinstance(column, FloatColumn):
        valid = column.valid
        return column.data, np.ones(len(column), np.bool_) if valid is None else valid != 0
    assert isinstance(column, IntColumn)  # there are no other columns of numbers
    return column.data, column.data >= 0 if column.nullable else np.ones(len(column), np.bool_)
