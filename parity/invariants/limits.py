"""What portfolios may ask for and what risk may let pass. `docs/semantics.md` 4.1 to 4.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from containers.events import EventKind
from parity.invariants.batch import Batch, Floats, Ints
from parity.invariants.books import Books, books_of
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_leverage", "check_reductions", "check_references", "check_stops"]

_K: Final = EventKind
_NEEDED: Final = (
    _K.BAR, _K.FILL, _K.PORTFOLIO_UPDATE, _K.ORDER, _K.ORDER_REQUEST, _K.REJECTION,
    _K.CANCELLATION,
)  # fmt: skip


def check_references(run: Run, found: Findings) -> None:
    """Hold the reference price of every request against the symbol's last base close."""
    for batch in _known(run, found):
        requests, bars = batch[_K.ORDER_REQUEST], batch.base_bars
        rows = np.arange(len(requests))
        if not len(rows):
            continue
        last = bars.last(_symbols(batch, _K.ORDER_REQUEST), requests.number)
        due = np.where(last < 0, np.nan, bars.close[last])
        shown = requests.floats("reference_price")
        found.compared += len(rows)
        for row in np.flatnonzero(~(due == shown))[:1].tolist():
            path, unit = batch.place(_K.ORDER_REQUEST, row, "reference_price")
            found.breaks(path, float(due[row]), float(shown[row]), ("reference_price",), unit)


def check_reductions(run: Run, found: Findings) -> None:
    """Look for orders that are larger than asked for, on the other side, or cut without a rule."""
    for batch in run.batches:
        lot = float(batch.config["portfolio"]["lot_size"])
        whole = not batch.config["portfolio"]["fractional"]
        for kind in (_K.ORDER, _K.REJECTION):
            events = batch[kind]
            quantity, asked = events.floats("quantity"), events.floats("requested")
            codes, texts = events.texts("rules")
            named = np.array([bool(text) for text in texts] or [False])[codes]
            known = np.array(
                [set(text.split(",")) <= {"max_drawdown", "max_leverage"} for text in texts if text]
                or [True]
            )
            found.compared += len(events)
            wrong = (quantity != asked) & ~named
            if kind is _K.ORDER:
                # A cut order may still be a close: never more than asked for, nor the other way.
                wrong |= (np.sign(quantity) != np.sign(asked)) | (np.abs(quantity) > np.abs(asked))
                wrong |= (quantity == asked) & named
                if whole:
                    lots = quantity / lot
                    # Billions of lots are rounded by more than a part of one.
                    slack = 1e-6 + 16.0 * np.spacing(np.abs(lots))
                    wrong |= np.abs(lots - np.round(lots)) > slack
            else:
                wrong |= (quantity != 0.0) | ~named
            if not known.all():
                wrong |= True
            for row in np.flatnonzero(wrong)[:1].tolist():
                path, unit = batch.place(kind, row)
                due = "cut or refused by a rule that is named, towards nothing, in whole lots"
                event = {"quantity": float(quantity[row]), "requested": float(asked[row])}
                found.breaks(path, due, {**event, "rules": texts[codes[row]]}, unit=unit)


def check_leverage(run: Run, found: Findings) -> None:
    """Look for orders that add exposure beyond the leverage that their profile allows."""
    for batch in _known(run, found):
        orders = batch[_K.ORDER]
        limits = _limits(batch, "max_leverage")
        rows = np.flatnonzero(~np.isnan(limits[orders.coded("portfolio", batch.portfolios)]))
        if not len(rows):
            continue
        books = books_of(batch)
        view = _View(batch, books, rows)
        quantity = orders.floats("quantity")[rows]
        own = orders.coded("symbol", batch.symbols)[rows]
        limit = limits[orders.coded("portfolio", batch.portfolios)[rows]]
        gross, before, after = view.gross(own, quantity)
        adds = (np.abs(after) > np.abs(before)) | (after * before < 0.0)
        # A flip is never cut below its close, so that of one which closes alone nothing is due.
        allowed = (limit * view.equity) * (1.0 + 1e-9)
        found.compared += int(np.count_nonzero(adds))
        for at in np.flatnonzero(adds & (gross > allowed * (1.0 + 1e-9)))[:1].tolist():
            path, unit = batch.place(_K.ORDER, int(rows[at]))
            found.breaks(path, f"gross of at most {allowed[at]!r}", float(gross[at]), unit=unit)


class _View:
    """What risk sees when it answers: positions, pending orders, closes, equity.

    Args:
        batch: The batch.
        books: Its books.
        rows: Rows of the ORDERs that were given.
    """

    def __init__(self, batch: Batch, books: Books, rows: Ints) -> None:
        orders = batch[_K.ORDER]
        self._batch = batch
        self._books = books
        self._number = orders.number[rows]
        self._unit = orders.unit[rows]
        self._portfolio = batch.portfolio_of(orders, "portfolio")[rows]
        value, _ = books.value(self._portfolio, self._unit, self._number)
        self.equity: Floats = self._cash() + value
        self._pending = _pending_sums(batch)

    def _cash(self) -> Floats:
        """Give cash after the last fill before each order."""
        books = self._books
        after, _ = books.cash
        span = np.int64(self._batch.total + 1)
        key = books.fill_portfolio * span + books.fill_number
        place = np.searchsorted(key, self._portfolio * span + self._number) - 1
        capital = float(self._batch.config["portfolio"]["initial_capital"])
        if not len(key):
            return np.full(len(self._number), capital)
        fits = (place >= 0) & (books.fill_portfolio[place] == self._portfolio)
        cash: Floats = np.where(fits, after[place], capital)
        return cash

    def gross(self, own: Ints, quantity: Floats) -> tuple[Floats, Floats, Floats]:
        """Give gross with the order added, and the net of its symbol before and after it."""
        count, bars = len(self._batch.symbols), self._batch.base_bars
        gross = np.zeros(len(own))
        before = np.zeros(len(own))
        for symbol in range(count):
            net = self._books.position(self._portfolio, symbol, self._number)
            net = net + self._pending.before(self._portfolio * count + symbol, self._number)
            mine = own == symbol
            before = np.where(mine, net, before)
            net = np.where(mine, net + quantity, net)
            last = bars.last(self._unit * count + symbol, self._number)
            close = np.where(last < 0, 0.0, bars.close[last]) if len(bars.close) else 0.0
            gross = gross + np.abs(net) * close
        return gross, before, before + quantity


class _Pending:
    """Quantities of orders that wait, by portfolio and symbol, as they come and go."""

    def __init__(self, pairs: Ints, numbers: Ints, quantities: Floats, span: np.int64) -> None:
        order = np.lexsort((numbers, pairs))
        self._pairs = pairs[order]
        self._span = span
        self._key = self._pairs * span + numbers[order]
        self._sums = quantities[order].copy()
        starts = np.flatnonzero(np.diff(self._pairs, prepend=-1))
        stops = [*starts[1:].tolist(), len(order)]
        for start, stop in zip(starts.tolist(), stops, strict=False):
            np.add.accumulate(self._sums[start:stop], out=self._sums[start:stop])

    def before(self, pairs: Ints, numbers: Ints) -> Floats:
        """Give the sum that waits before events of these numbers."""
        if not len(self._key):
            return np.zeros(len(numbers))
        place = np.searchsorted(self._key, pairs * self._span + numbers) - 1
        fits = (place >= 0) & (self._pairs[place] == pairs)
        found: Floats = np.where(fits, self._sums[place], 0.0)
        return found


def _pending_sums(batch: Batch) -> _Pending:
    count = len(batch.symbols)
    pairs, numbers, quantities = [], [], []
    for kind, sign in ((_K.ORDER, 1.0), (_K.FILL, -1.0), (_K.CANCELLATION, -1.0)):
        events = batch[kind]
        rows = np.arange(len(events))
        if kind is _K.FILL:
            rows = np.flatnonzero(events.is_text("reason", "order"))
        portfolio = batch.portfolio_of(events, "portfolio")[rows]
        pairs.append(portfolio * count + events.coded("symbol", batch.symbols)[rows])
        numbers.append(events.number[rows])
        quantities.append(sign * events.floats("quantity")[rows])
    return _Pending(
        np.concatenate(pairs), np.concatenate(numbers), np.concatenate(quantities),
        np.int64(batch.total + 1),
    )  # fmt: skip


def check_stops(run: Run, found: Findings) -> None:
    """Hold every stop against its profile, and against the position that it must close."""
    for batch in _known(run, found):
        requests = batch[_K.ORDER_REQUEST]
        rows = np.flatnonzero(requests.is_text("reason", "stop_loss"))
        if not len(rows):
            continue
        limits = _limits(batch, "stop_loss")
        portfolio = requests.coded("container", batch.portfolios, "portfolio/")[rows]
        own = batch.portfolio_of(requests, "container", "portfolio/")[rows]
        symbol = requests.coded("symbol", batch.symbols)[rows]
        books = books_of(batch)
        position = books.position(own, symbol, requests.number[rows])
        pending = _pending_sums(batch).before(
            own * len(batch.symbols) + symbol, requests.number[rows]
        )
        asked = requests.floats("quantity")[rows]
        limit = limits[portfolio]
        found.compared += len(rows)
        net = position + pending
        wrong = np.isnan(limit) | (position == 0.0) | (np.abs(asked + net) > 1e-9 * np.abs(net))
        for at in np.flatnonzero(wrong)[:1].tolist():
            path, unit = batch.place(_K.ORDER_REQUEST, int(rows[at]))
            found.breaks(
                path, f"a close of {float(net[at])!r}, by a profile with a stop_loss",
                float(asked[at]), unit=unit,
            )  # fmt: skip


def _limits(batch: Batch, name: str) -> Floats:
    """Give a limit of every portfolio's profile; NaN where it is off."""
    profiles: dict[str, Mapping[str, Any]] = {p["name"]: p for p in batch.config["risk_profiles"]}
    limits = []
    for portfolio in batch.portfolios:
        fitting = [p for key, p in profiles.items() if portfolio.endswith(f".{key}")]
        value = max(fitting, key=lambda p: len(p["name"]))[name] if fitting else None
        limits.append(np.nan if value is None else float(value))
    return np.array([*limits, np.nan])


def _symbols(batch: Batch, kind: EventKind) -> Ints:
    events = batch[kind]
    found: Ints = events.unit * len(batch.symbols) + events.coded("symbol", batch.symbols)
    return found


def _known(run: Run, found: Findings) -> list[Batch]:
    """Give the batches whose traces hold what is needed."""
    known = [batch for batch in run.batches if batch.keeps(*_NEEDED).all()]
    if len(known) < len(list(run.batches)):
        found.passes_over("the traces of some units do not hold every event of portfolios and risk")
    return known
