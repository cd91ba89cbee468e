"""Money: what portfolios show of themselves follows from fills and closes."""

from __future__ import annotations

from typing import Any

import numpy as np

from containers.events import EventKind
from parity.channels import Channel
from parity.invariants.batch import Batch, Floats, Ints, Mask
from parity.invariants.books import books_of
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_cash", "check_curves", "check_equity", "check_positions_value"]

_UPDATE = EventKind.PORTFOLIO_UPDATE


def check_equity(run: Run, found: Findings) -> None:
    """Hold every update's equity against the sum of its cash and its positions value."""
    for batch in run.batches:
        updates = batch[_UPDATE]
        due = updates.floats("cash") + updates.floats("positions_value")
        rows = np.arange(len(updates))
        compare_floats(batch, _UPDATE, "equity", rows, due, updates.floats("equity"), found)


def check_cash(run: Run, found: Findings) -> None:
    """Hold every update's cash against the one before it and the fills between them."""
    for batch in run.batches:
        books = books_of(batch)
        known = batch.keeps(EventKind.FILL, _UPDATE)
        updates, fills = batch[_UPDATE], batch[EventKind.FILL]
        lost = np.flatnonzero((books.until < 0) & known[fills.unit[books.fills]])
        if len(lost):
            path, unit = batch.place(EventKind.FILL, int(books.fills[lost[0]]))
            found.breaks(path, "an update of its portfolio after it", None, unit=unit)
        _, due = books.cash
        shown = updates.floats("cash")[books.updates]
        rows = known[updates.unit[books.updates]]
        compare_floats(batch, _UPDATE, "cash", books.updates[rows], due[rows], shown[rows], found)
        _say_if_unknown(known, found, "FILL and PORTFOLIO_UPDATE")


def check_positions_value(run: Run, found: Findings) -> None:
    """Hold every update's positions value against positions and last base closes."""
    for batch in run.batches:
        books = books_of(batch)
        known = batch.keeps(EventKind.FILL, _UPDATE, EventKind.BAR)
        due, _ = books.at_updates
        updates = batch[_UPDATE]
        shown = updates.floats("positions_value")[books.updates]
        rows = known[updates.unit[books.updates]]
        compare_floats(
            batch, _UPDATE, "positions_value",
            books.updates[rows], due[rows], shown[rows], found,
        )  # fmt: skip
        _say_if_unknown(known, found, "BAR, FILL and PORTFOLIO_UPDATE")


def check_curves(run: Run, found: Findings) -> None:
    """Hold every unit's equity curves against its updates."""
    curves = run.channel(Channel.EQUITY)
    for batch in run.batches:
        books = books_of(batch)
        known = batch.keeps(_UPDATE)
        updates = batch[_UPDATE]
        times, equity = updates.time_ns[books.updates], updates.floats("equity")[books.updates]
        for number, unit in enumerate(batch.units):
            if not known[number]:
                continue
            for name, code in batch.portfolios.items():
                place = f"{unit.place}/portfolio={name}"
                curve = curves.get(place)
                if curve is None:
                    continue
                rows = books.samples.get(number * len(batch.portfolios) + code, slice(0, 0))
                _compare_curve(place, times[rows], equity[rows], curve, found)
        _say_if_unknown(known, found, "PORTFOLIO_UPDATE")


def _compare_curve(place: str, times: Ints, equity: Floats, curve: Any, found: Findings) -> None:
    if not found.equal(f"{place}: samples", len(times), len(curve.equity)):
        return
    found.compared += len(times)
    wrong = (times != curve.time_ns) | differing(equity, curve.equity)
    for row in np.flatnonzero(wrong)[:1].tolist():
        due = {"time_ns": int(times[row]), "equity": float(equity[row])}
        shown = {"time_ns": int(curve.time_ns[row]), "equity": float(curve.equity[row])}
        found.breaks(f"{place}: sample {row}", due, shown)


def differing(left: Floats, right: Floats) -> Mask:
    """Mark where two arrays of numbers differ in any bit."""
    wrong: Mask = np.ascontiguousarray(left, np.float64).view(np.int64) != np.ascontiguousarray(
        right, np.float64
    ).view(np.int64)
    return wrong


def compare_floats(
    batch: Batch,
    kind: EventKind,
    field: str,
    rows: Ints,
    due: Floats,
    shown: Floats,
    found: Findings,
) -> None:
    """Hold a field of some events against what is due, bit by bit."""
    found.compared += len(rows)
    wrong = np.flatnonzero(differing(due, shown))
    if len(wrong):
        first = int(wrong[np.argmin(rows[wrong])])
        path, unit = batch.place(kind, int(rows[first]), field)
        found.breaks(path, float(due[first]), float(shown[first]), (field,), unit)


def _say_if_unknown(known: Mask, found: Findings, kinds: str) -> None:
    if not known.all():
        found.passes_over(f"the traces of some units do not hold every {kinds}")
