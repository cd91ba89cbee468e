"""Comparing traces, unit by unit, at the level that both sides kept."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from containers.trace import Trace, align
from parity.comparison.outcome import Difference, Tally

__all__ = ["compare_traces"]


def compare_traces(control: Mapping[str, Trace], candidate: Mapping[str, Trace]) -> Tally:
    """Compare traces of the same unit, each event with its counterpart."""
    tally = Tally()
    for unit in [*control, *(key for key in candidate if key not in control)]:
        left, right = control.get(unit), candidate.get(unit)
        if left is None or right is None:
            tally.missing += len(left) if left is not None else 0
            tally.extra += len(right) if right is not None else 0
            tally.note(
                Difference(path=unit, control=_size(left), candidate=_size(right), unit=unit)
            )
            continue
        _compare_unit(tally, unit, left, right)
    return tally


def _compare_unit(tally: Tally, unit: str, left: Trace, right: Trace) -> None:
    counts = align(left, right)
    tally.compared += counts.compared
    tally.different += counts.different
    tally.missing += counts.missing
    tally.extra += counts.extra
    tally.widen(counts.max_abs or None, counts.max_ulp or None)
    first = counts.first
    if first is None:
        return
    tally.note(
        Difference(
            path=f"{unit}: event {first.position}",
            control=None if first.left is None else msgspec.to_builtins(first.left),
            candidate=None if first.right is None else msgspec.to_builtins(first.right),
            fields=first.fields,
            position=first.position,
            unit=unit,
            left=first.left,
            right=first.right,
        )
    )


def _size(trace: Trace | None) -> str | None:
    return None if trace is None else f"a trace of {len(trace)} events"
