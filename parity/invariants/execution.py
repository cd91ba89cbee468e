"""Fills: which bar, what price, what commission; and how symbols and portfolios end."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from containers.events import EventKind
from parity.channels import Channel
from parity.invariants.accounting import compare_floats
from parity.invariants.batch import Batch, Floats, Ints, Mask
from parity.invariants.books import Books, books_of
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_commissions", "check_ends", "check_fill_bars", "check_prices", "check_updates"]

_FILL: Final = EventKind.FILL


def check_fill_bars(run: Run, found: Findings) -> None:
    """Hold the slice of every fill of an order against the first base bar that could fill it."""
    for batch in run.batches:
        fills, orders = batch[_FILL], batch[EventKind.ORDER]
        if not batch.keeps(_FILL, EventKind.ORDER, EventKind.BAR).all():
            found.passes_over("the traces of some units do not hold every BAR, ORDER and FILL")
            continue
        rows = np.flatnonzero(fills.is_text("reason", "order"))
        at = orders.find(fills.cause[rows])
        rows, at = rows[at >= 0], at[at >= 0]
        if not len(rows):
            continue
        bars = batch.base_bars
        symbol = _symbols(batch, rows)
        # With next_open the order's own slice is over: its bar comes before the order's number.
        last = bars.last(symbol, orders.number[at])
        fresh = bars.time_ns[last] == orders.time_ns[at]
        at_close = batch.config["execution"]["fill"] == "same_close"
        due = np.where((last >= 0) & fresh & at_close, last, last + 1)
        filled = bars.last(symbol, fills.number[rows])
        found.compared += len(rows)
        inside = (filled >= 0) & (bars.time_ns[filled] == fills.time_ns[rows])
        wrong = rows[(filled != due) | ~inside]
        for row in wrong[:1].tolist():
            path, unit = batch.place(_FILL, row)
            what = "its own slice's base bar, or the next" if at_close else "the next base bar"
            found.breaks(path, f"filled in the slice of {what}", "another slice", unit=unit)


def check_prices(run: Run, found: Findings) -> None:
    """Hold the price of every fill against its bar and the slippage."""
    for batch in run.batches:
        if not batch.keeps(_FILL, EventKind.BAR).all():
            found.passes_over("the traces of some units do not hold every BAR and FILL")
            continue
        fills, bars = batch[_FILL], batch.base_bars
        rows = np.arange(len(fills))
        if not len(rows):
            continue
        last = bars.last(_symbols(batch, rows), fills.number)
        at_open = fills.is_text("reason", "order")
        at_open &= batch.config["execution"]["fill"] != "same_close"
        base = np.where(at_open, bars.open[last], bars.close[last])
        side = np.sign(fills.floats("quantity"))
        slippage = float(batch.config["execution"]["slippage_bps"])
        due = base * (1.0 + (side * slippage) / 10000.0)
        compare_floats(batch, _FILL, "price", rows, due, fills.floats("price"), found)


def check_commissions(run: Run, found: Findings) -> None:
    """Hold the commission of every fill against its quantity, its price and the settings."""
    for batch in run.batches:
        fills = batch[_FILL]
        costs: dict[str, Any] = dict(batch.config["execution"])
        size, price = np.abs(fills.floats("quantity")), fills.floats("price")
        plain = costs["commission_fixed"] + costs["commission_per_share"] * size
        due = plain + ((costs["commission_bps"] / 10000.0) * size) * price
        due = np.maximum(due, costs["commission_minimum"])
        rows = np.arange(len(fills))
        compare_floats(batch, _FILL, "commission", rows, due, fills.floats("commission"), found)


def check_ends(run: Run, found: Findings) -> None:
    """Look for positions that are open where they must have been closed, and for shorts."""
    for batch in run.batches:
        if not batch.keeps(_FILL, EventKind.BAR).all():
            found.passes_over("the traces of some units do not hold every BAR and FILL")
            continue
        books = books_of(batch)
        shorts = batch.config["portfolio"]["allow_short"]
        count = len(batch.portfolios)
        far = np.array([batch.total], np.int64)
        closes = [unit.close_at_end for unit in batch.units]
        for number, unit in enumerate(batch.units):
            for name, code in batch.portfolios.items():
                own = number * count + code
                if own not in books.samples:
                    continue
                for symbol, index in batch.symbols.items():
                    if closes[number]:
                        left = books.position(np.array([own]), index, far)[0]
                        place = f"{unit.place}/portfolio={name}"
                        found.equal(f"{place}: {symbol} at the end", 0.0, float(left) + 0.0)
        if not shorts:
            _hold_long(batch, books, found)
        _hold_ruin(batch, books, found)
        _hold_end_of_data(batch, np.array(closes), found)


def _hold_end_of_data(batch: Batch, closes: Mask, found: Findings) -> None:
    """What the end of a symbol brings comes from its last base bar on, and only where asked for."""
    bars, far = batch.base_bars, np.int64(batch.total)
    for kind, reason in ((_FILL, "close_at_end"), (EventKind.CANCELLATION, "end_of_data")):
        events = batch[kind]
        rows = np.flatnonzero(events.is_text("reason", reason))
        if not len(rows):
            continue
        found.compared += len(rows)
        symbol = events.unit * len(batch.symbols) + events.coded("symbol", batch.symbols)
        last = bars.last(symbol[rows], np.full(len(rows), far))
        now = bars.last(symbol[rows], events.number[rows])
        wrong = now != last
        if kind is _FILL:
            wrong |= ~closes[events.unit[rows]]
        for row in rows[wrong][:1].tolist():
            path, unit = batch.place(kind, row)
            found.breaks(path, f"no {reason} before the symbol's last base bar", "this", unit=unit)


def _hold_long(batch: Batch, books: Books, found: Findings) -> None:
    after = books.position(books.fill_portfolio, books.fill_symbol, books.fill_number + 1)
    found.compared += len(after)
    for row in books.fills[after < 0.0][:1].tolist():
        path, unit = batch.place(_FILL, row)
        found.breaks(path, "a position of 0 or more", "a short position", unit=unit)


def _hold_ruin(batch: Batch, books: Books, found: Findings) -> None:
    """A portfolio that is ruined has no position left; nobody else fills for this reason."""
    fills = batch[_FILL]
    ruined = fills.is_text("reason", "ruined")[books.fills]
    if not ruined.any():
        return
    left = books.position(
        books.fill_portfolio[ruined], books.fill_symbol[ruined], books.fill_number[ruined] + 1
    )
    found.compared += len(left)
    for row in books.fills[ruined][left != 0.0][:1].tolist():
        path, unit = batch.place(_FILL, row)
        found.breaks(path, "no position after it", "a position", unit=unit)


def check_updates(run: Run, found: Findings) -> None:
    """Count the updates: one of every portfolio in every slice of the window, until its ruin."""
    metrics = run.channel(Channel.METRICS)
    for batch in run.batches:
        if not batch.keeps(EventKind.BAR, EventKind.PORTFOLIO_UPDATE).all():
            found.passes_over("the traces of some units do not hold every BAR and update")
            continue
        books, bars = books_of(batch), batch[EventKind.BAR]
        updates = batch[EventKind.PORTFOLIO_UPDATE]
        times = updates.time_ns[books.updates]
        equity = updates.floats("equity")[books.updates]
        for number, unit in enumerate(batch.units):
            start, stop = np.searchsorted(bars.unit, [number, number + 1]).tolist()
            slices = _distinct(bars.time_ns[start:stop])
            if unit.trading_from_ns is not None:
                slices = slices[slices >= unit.trading_from_ns]
            for container in unit.containers:
                if container["role"] != "portfolio":
                    continue
                name = container["id"].removeprefix("portfolio/")
                own = number * len(batch.portfolios) + batch.portfolios[name]
                rows = books.samples.get(own, slice(0, 0))
                place = f"{unit.place}/portfolio={name}"
                ruined_at = metrics.get(place, {}).get("ruined_at")
                _hold_updates(place, slices, times[rows], equity[rows], ruined_at, found)


def _distinct(times: Ints) -> Ints:
    """Give the distinct times, ascending, which they are but for what other checks find."""
    steps = np.diff(times)
    if len(times) and (steps >= 0).all():
        distinct: Ints = times[np.concatenate([[True], steps > 0])]
        return distinct
    return np.unique(times)


def _hold_updates(
    place: str, slices: Ints, times: Ints, equity: Floats, ruined_at: Any, found: Findings
) -> None:
    due = slices if ruined_at is None else slices[slices <= ruined_at]
    found.compared += len(due)
    if not np.array_equal(due, times):
        short = min(len(due), len(times))
        at = [*np.flatnonzero(due[:short] != times[:short]).tolist(), short][0]
        found.breaks(
            f"{place}: update {at}, time_ns",
            int(due[at]) if at < len(due) else None, int(times[at]) if at < len(times) else None,
        )  # fmt: skip
    # Only the last update, which shows what ruin has left, may be without equity.
    low = np.flatnonzero(equity[:-1] <= 0.0)
    if len(low):
        found.breaks(f"{place}: update {int(low[0])}, equity", "above 0", float(equity[low[0]]))


def _symbols(batch: Batch, rows: Ints) -> Ints:
    fills = batch[_FILL]
    found: Ints = fills.unit[rows] * len(batch.symbols) + fills.coded("symbol", batch.symbols)[rows]
    return found
