"""Comparing equity curves: sample by sample, by the bits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from containers.results import EquityCurve
from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import ulp_distance

__all__ = ["compare_curves"]


def compare_curves(
    control: Mapping[str, EquityCurve], candidate: Mapping[str, EquityCurve]
) -> Tally:
    """Compare curves of the same key; a sample is a time with its equity."""
    tally = Tally()
    for place in [*control, *(key for key in candidate if key not in control)]:
        left, right = control.get(place), candidate.get(place)
        if left is None or right is None:
            _one_sided(tally, place, left, right)
        else:
            _compare_curve(tally, place, left, right)
    return tally


def _one_sided(
    tally: Tally, place: str, left: EquityCurve | None, right: EquityCurve | None
) -> None:
    tally.missing += len(left.equity) if left is not None else 0
    tally.extra += len(right.equity) if right is not None else 0
    tally.note(Difference(path=place, control=_length(left), candidate=_length(right)))


def _compare_curve(tally: Tally, place: str, left: EquityCurve, right: EquityCurve) -> None:
    shared = min(len(left.equity), len(right.equity))
    a, b = left.equity[:shared], right.equity[:shared]
    differs = (a.view(np.int64) != b.view(np.int64)) | np.isnan(a)
    differs |= left.time_ns[:shared] != right.time_ns[:shared]
    rows = np.flatnonzero(differs)
    tally.compared += shared
    tally.different += len(rows)
    tally.missing += len(left.equity) - shared
    tally.extra += len(right.equity) - shared
    for row in rows.tolist():
        x, y = float(a[row]), float(b[row])
        tally.widen(abs(x - y), ulp_distance(x, y))
    row = int(rows[0]) if len(rows) else shared
    if len(rows) or len(left.equity) != len(right.equity):
        tally.note(
            Difference(
                path=f"{place}: sample {row}",
                control=_sample(left, row),
                candidate=_sample(right, row),
                position=row,
            )
        )


def _sample(curve: EquityCurve, row: int) -> dict[str, float | int] | None:
    if row >= len(curve.equity):
        return None
    return {"time_ns": int(curve.time_ns[row]), "equity": float(curve.equity[row])}


def _length(curve: EquityCurve | None) -> str | None:
    return None if curve is None else f"a curve of {len(curve.equity)} samples"
