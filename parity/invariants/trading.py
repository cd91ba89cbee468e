"""What a unit's portfolios come to: trades from fills, figures from curves, trades and fills."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from containers.events import EventKind
from containers.results import Trade
from parity.channels import Channel
from parity.comparison.rows import compare_rows
from parity.invariants.batch import Batch
from parity.invariants.books import Books, books_of, total
from parity.invariants.figures import FIGURES, Traded, figures_of
from parity.invariants.findings import Findings
from parity.invariants.market import FirstBars, first_bars
from parity.invariants.run import Run, Unit

__all__ = ["check_metrics", "check_trades", "trades_of"]

_KINDS = (EventKind.BAR, EventKind.FILL, EventKind.PORTFOLIO_UPDATE)


class _Account(NamedTuple):
    """One portfolio of one unit, in a batch."""

    place: str
    name: str
    unit: Unit
    code: int


def check_trades(run: Run, found: Findings) -> None:
    """Hold every unit's trades against the episodes that its fills make."""
    recorded = run.channel(Channel.TRADES)
    for batch in run.batches:
        if not batch.keeps(*_KINDS).all():
            found.passes_over("the traces of some units do not hold every BAR, FILL and update")
            continue
        for account in _accounts(batch):
            if account.place not in recorded:
                continue
            due = trades_of(batch, account.code, account.name)
            shown = tuple(recorded[account.place])
            found.compared += len(due)
            if not len(due) and not len(shown):
                found.compared += 1  # that there is none is looked at as well
            if due == shown:
                continue
            tally = compare_rows({account.place: due}, {account.place: shown})
            if tally.first is not None:
                first = tally.first
                found.breaks(first.path, first.control, first.candidate, first.fields)


def check_metrics(run: Run, found: Findings) -> None:
    """Hold the figures of every unit's portfolios against their curve, trades and fills."""
    metrics = run.channel(Channel.METRICS)
    for batch in run.batches:
        if not batch.keeps(*_KINDS).all():
            found.passes_over("the traces of some units do not hold every BAR, FILL and update")
            continue
        books = books_of(batch)
        equity = batch[EventKind.PORTFOLIO_UPDATE].floats("equity")[books.updates]
        capital = float(batch.config["portfolio"]["initial_capital"])
        bars = first_bars(batch.config, batch.phase.run.base_dir)
        traded = _Traded(batch, books)
        for account in _accounts(batch):
            shown = metrics.get(account.place)
            rows = books.samples.get(account.code)
            if shown is None or rows is None:
                found.equal(f"{account.place}: figures", rows is not None, shown is not None)
                continue
            trades = trades_of(batch, account.code, account.name)
            periods = _periods(batch, bars, shown)
            if not isinstance(periods, float):
                found.breaks(f"{account.place}: periods_per_year", "a number", periods)
                continue
            curve = equity[rows]
            due = figures_of(capital, curve, trades, periods, traded.of(account.code))
            compare_figures(account.place, due, shown, found)


def _periods(batch: Batch, bars: FirstBars | None, shown: Mapping[str, Any]) -> Any:
    """Give N: what is configured, else by the bars of the first symbol, else what is shown."""
    configured = batch.config["metrics"]["periods_per_year"]
    if configured != "auto":
        return float(configured)
    return shown.get("periods_per_year") if bars is None else bars.periods_per_year


def compare_figures(place: str, due: dict[str, object], shown: object, found: Findings) -> None:
    """Hold the figures of a portfolio against what is due, one by one."""
    if not isinstance(shown, dict) or tuple(shown) != FIGURES:
        names = list(shown) if isinstance(shown, dict) else shown
        found.breaks(f"{place}: names of figures", list(FIGURES), names)
        return
    for name in FIGURES:
        found.equal(f"{place}: {name}", due[name], shown[name])


def _accounts(batch: Batch) -> Iterator[_Account]:
    count = len(batch.portfolios)
    for number, unit in enumerate(batch.units):
        for container in unit.containers:
            if container["role"] == "portfolio":
                name = container["id"].removeprefix("portfolio/")
                code = number * count + batch.portfolios[name]
                yield _Account(f"{unit.place}/portfolio={name}", name, unit, code)


class _Traded:
    """What is known of the portfolios of a batch beside their curves and trades.

    What is the same for all of them, or can be worked out side by side, is worked out once.
    """

    def __init__(self, batch: Batch, books: Books) -> None:
        updates = batch[EventKind.PORTFOLIO_UPDATE]
        self._books: Final = books
        self._capital: Final = float(batch.config["portfolio"]["initial_capital"])
        self._held: Final = books.at_updates[1]
        self._cash: Final = books.cash[0]
        self._amounts: Final = np.abs(books.quantity) * books.price
        self._ruined: Final = batch[EventKind.FILL].is_text("reason", "ruined")[books.fills]
        # At the last update of each portfolio: its time, and equity before the closes of its slice.
        ends = np.array([rows.stop - 1 for rows in books.samples.values()], np.int64)
        rows = books.updates[ends]
        value, _ = books.value(books.portfolio[ends], updates.unit[rows], books.number[ends])
        times = updates.time_ns[rows].tolist()
        cash = updates.floats("cash")[rows].tolist()
        self._last: Final = {
            code: (time_ns, left + held)
            for code, time_ns, left, held in zip(
                books.samples, times, cash, value.tolist(), strict=True
            )
        }

    def of(self, code: int) -> Traded:
        """Say it of one portfolio, which has updates."""
        books = self._books
        fills = books.fills_of.get(code, slice(0, 0))
        return Traded(
            in_market=int(np.count_nonzero(self._held[books.samples[code]])),
            volume=total(self._amounts[fills]),
            commission=total(books.commission[fills]),
            min_cash=min([self._capital, *self._cash[fills].tolist()]),
            ruined_at=self._ruined_at(code, fills),
        )

    def _ruined_at(self, code: int, fills: slice) -> int | None:
        """Say when a portfolio was ruined: equity at or below 0 before ruin's closes.

        With costs the update can show less than what ruined it, never more: equity before the
        closes is worked out from the fills before them.
        """
        time_ns, equity = self._last[code]
        return time_ns if self._ruined[fills].any() or equity <= 0.0 else None


def trades_of(batch: Batch, code: int, name: str) -> tuple[Trade, ...]:
    """Make the trades of one portfolio of a batch from its fills.

    Args:
        batch: The batch.
        code: Number of the portfolio and its unit.
        name: Id of the portfolio.
    """
    key = f"trades of {code}"
    if key not in batch.worked_out:
        batch.worked_out[key] = _episodes(batch, code, name)
    found = batch.worked_out[key]
    assert isinstance(found, tuple)
    return found


def _episodes(batch: Batch, code: int, name: str) -> tuple[Trade, ...]:
    books, bars = books_of(batch), batch.base_bars
    where = books.fills_of.get(code)
    if where is None:
        return ()
    rows = books.fills[where]
    fills = batch[EventKind.FILL]
    symbols = books.fill_symbol[where]
    own = fills.unit[rows] * len(batch.symbols) + symbols
    places = bars.last(own, books.fill_number[where]).tolist()
    names = list(batch.symbols)
    open_episodes: dict[int, _Episode] = {}
    closed: list[Trade] = []
    for symbol, quantity, price, commission, time_ns, place in zip(
        symbols.tolist(), books.quantity[where].tolist(), books.price[where].tolist(),
        books.commission[where].tolist(), fills.time_ns[rows].tolist(), places, strict=True,
    ):  # fmt: skip
        episode = open_episodes.get(symbol)
        if episode is None:
            open_episodes[symbol] = _Episode(quantity, price, commission, time_ns, place)
            continue
        before = episode.position
        after = before + quantity
        if after * before > 0.0:
            episode.position = after
            episode.commission = episode.commission + commission
            if quantity * before > 0.0:
                episode.enter(abs(quantity), price)
            else:
                episode.leave(abs(quantity), price)
            continue
        closing = commission if after == 0.0 else commission * (abs(before) / abs(quantity))
        episode.commission = episode.commission + closing
        episode.leave(abs(before) if after != 0.0 else abs(quantity), price)
        closed.append(episode.trade(name, names[symbol], time_ns, place))
        del open_episodes[symbol]
        if after != 0.0:
            rest = commission - closing
            open_episodes[symbol] = _Episode(after, price, rest, time_ns, place)
    return tuple(closed)


class _Episode:
    """A position from flat on."""

    def __init__(
        self, quantity: float, price: float, commission: float, time_ns: int, place: int
    ) -> None:
        self.position = quantity
        self.side = 1 if quantity > 0.0 else -1
        self.commission = 0.0 + commission
        self.time_ns = time_ns
        self.place = place
        self.entered, self.money_in = 0.0, 0.0
        self.left, self.money_out = 0.0, 0.0
        self.enter(abs(quantity), price)

    def enter(self, quantity: float, price: float) -> None:
        self.entered = self.entered + quantity
        self.money_in = self.money_in + quantity * price

    def leave(self, quantity: float, price: float) -> None:
        self.left = self.left + quantity
        self.money_out = self.money_out + quantity * price

    def trade(self, portfolio: str, symbol: str, time_ns: int, place: int) -> Trade:
        return Trade(
            portfolio=portfolio,
            symbol=symbol,
            side=self.side,
            quantity=self.entered,
            entry_time=self.time_ns,
            exit_time=time_ns,
            entry_price=self.money_in / self.entered,
            exit_price=self.money_out / self.left,
            bars_held=place - self.place,
            commission=self.commission,
            net_profit=self.side * (self.money_out - self.money_in) - self.commission,
        )
