"""Comparing equity curves: sample by sample, by the bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from containers.results import EquityCurve
from containers.trace.columns import Mask
from parity.comparison.fields import settle_fields
from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import same
from parity.policy.judging import NOBODY, Judge

__all__ = ["compare_curves", "looks_at_curves"]

_FIELDS: Final = ("time_ns", "equity")


def compare_curves(
    control: Mapping[str, EquityCurve],
    candidate: Mapping[str, EquityCurve],
    judge: Judge = NOBODY,
) -> Tally:
    """Compare curves of the same key; a sample is a time with its equity.

    Paths are ``PLACE`` for a curve as a whole, ``PLACE: sample 3`` for a sample, and
    ``PLACE: sample 3.equity`` for what a policy is asked about. A curve without a sample counts as
    one where only one side has it; one of another dtype differs in every sample.

    Args:
        control: The control's curves, by structural path.
        candidate: The candidate's.
        judge: Is asked where the two differ.
    """
    curves = _Curves(judge)
    for place in [*control, *(key for key in candidate if key not in control)]:
        if place not in candidate:
            curves.absent(place, control[place], missing=True)
        elif place not in control:
            curves.absent(place, candidate[place], missing=False)
        else:
            curves.compare(place, control[place], candidate[place])
    return curves.tally


def looks_at_curves(
    control: Mapping[str, EquityCurve], candidate: Mapping[str, EquityCurve], judge: Judge
) -> bool:
    """Whether there is any field on both sides that ``judge`` does not ignore, come what may."""
    for place in control:
        if place not in candidate or judge.ignores(place):
            continue
        for row in range(min(len(control[place].equity), len(candidate[place].equity))):
            here = f"{place}: sample {row}"
            if not judge.ignores(here) and not all(
                judge.ignores(f"{here}.{name}") for name in _FIELDS
            ):
                return True
    return False


class _Curves:
    """One comparison, and what came of it so far."""

    def __init__(self, judge: Judge) -> None:
        self.tally = Tally()
        self._judge = judge

    def absent(self, place: str, curve: EquityCurve, *, missing: bool) -> None:
        """Count a curve that only one side has."""
        samples = len(curve.equity)
        ruling = self._judge.on_absence(place)
        told = f"a curve of {samples} samples"
        self.tally.lack(place, told, ruling, missing=missing, things=max(1, samples))

    def compare(self, place: str, left: EquityCurve, right: EquityCurve) -> None:
        """Compare two curves."""
        shared = min(len(left.equity), len(right.equity))
        alike = _are_of_one_type(left, right)
        rows = np.flatnonzero(_differs(left, right, shared)) if alike else np.arange(shared)
        unlike = len(left.equity) != len(right.equity)
        if (len(rows) or unlike) and self._judge.takes_whole(place):
            ruling = self._judge.on_values(place, left, right)
            sizes = f"a curve of {len(left.equity)} samples", f"one of {len(right.equity)}"
            self.tally.settle(Difference(place, *sizes), ruling)
            return
        self.tally.compared += shared - len(rows)
        for row in rows.tolist():
            ours, theirs = _sample(left, row), _sample(right, row)
            here = f"{place}: sample {row}"
            if alike:
                names = [name for name in _FIELDS if not same(ours[name], theirs[name])]
                settle_fields(self.tally, self._judge, here, ours, theirs, names, row)
            else:  # another type, which no tolerance excuses though the numbers be the same
                difference = Difference(here, ours, theirs, position=row)
                self.tally.settle(difference, self._judge.on_absence(here))
        longer = left if len(left.equity) > shared else right
        for row in range(shared, len(longer.equity)):
            here = f"{place}: sample {row}"
            ruling = self._judge.on_absence(here)
            self.tally.lack(
                here, _sample(longer, row), ruling, missing=longer is left, position=row
            )


def _are_of_one_type(left: EquityCurve, right: EquityCurve) -> bool:
    return left.equity.dtype == right.equity.dtype and left.time_ns.dtype == right.time_ns.dtype


def _differs(left: EquityCurve, right: EquityCurve, shared: int) -> Mask:
    """Mark the samples, of those that both curves have, that differ; a NaN always does."""
    a, b = left.equity[:shared], right.equity[:shared]
    differs: Mask = a != b
    if a.dtype == np.float64:
        differs = (a.view(np.int64) != b.view(np.int64)) | np.isnan(a)
    differs |= left.time_ns[:shared] != right.time_ns[:shared]
    return differs


def _sample(curve: EquityCurve, row: int) -> dict[str, float | int]:
    return {"time_ns": curve.time_ns[row].item(), "equity": curve.equity[row].item()}
