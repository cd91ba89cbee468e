"""The container of one portfolio: one strategy under one risk profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import msgspec
import numpy as np

from containers.container import ALWAYS, Act, Container, Handler, Role, Step
from containers.events import (
    Bar,
    Cancellation,
    EventKind,
    Fill,
    FillReason,
    Order,
    OrderRequest,
    PortfolioUpdate,
    RequestReason,
    Signal,
)
from containers.metrics import PortfolioMetrics
from containers.ports import Clock, Outlet, Port
from containers.results import EquityCurve, Metrics, Trade
from containers.trading.account import Account
from containers.trading.episodes import EpisodeTracker
from containers.trading.sizing import Sizing, is_nothing

__all__ = ["PortfolioContainer", "PortfolioFiles", "PortfolioReport"]


# Plain text: looking up a member of an enumeration costs more than comparing it.
_ORDER: Final = FillReason.ORDER.value
_RUINED: Final = FillReason.RUINED.value
_SIGNAL: Final = RequestReason.SIGNAL.value
_STOP_LOSS: Final = RequestReason.STOP_LOSS.value

_PIECE: Final = 4_096
"""Samples turned into arrays at a time."""


class PortfolioReport(msgspec.Struct, frozen=True):
    """What a portfolio has to show while it still runs.

    Trades and curve are null when they are written to files as they come.
    """

    metrics: Metrics
    trades: tuple[Trade, ...] | None
    equity_curve: EquityCurve | None


class PortfolioFiles(Protocol):
    """Writes samples and trades as they come; see `containers.storage.PortfolioFiles`."""

    def add_samples(self, piece: EquityCurve) -> None:
        """Take the next samples."""
        ...

    def add_trades(self, trades: list[Trade]) -> None:
        """Take trades out of a list once there are enough of them."""
        ...

    def complete(self, trades: Sequence[Trade]) -> None:
        """Write the rest; from now on the files are there."""
        ...

    def abandon(self) -> None:
        """Leave nothing behind, unless `complete` was called."""
        ...


@dataclass(slots=True)
class _BaseStream:
    """What a portfolio knows of a symbol's base bars."""

    timeframe: str
    newest: Bar | None = None
    count: int = 0


class PortfolioContainer(Container):
    """Turns signals and hit stops into order requests (step 6), and reports equity (step 9).

    Args:
        container_id: Its id.
        portfolio: Id of the portfolio, ``{strategy}.{profile}``.
        base_timeframes: Shortest timeframe of every symbol, in configuration order, also of those
            that have no base bar in the window: they are never traded.
        initial_capital: Currency.
        sizing: How large a position it aims for.
        stop_loss: Loss on the average price at which a position is left; null: never.
        periods_per_year: For annual figures.
        files: Where samples and trades are written as they come; complete after the cleanup, if
            the report was collected. Null: the report has them.
    """

    role: ClassVar[Role] = Role.PORTFOLIO

    def __init__(
        self,
        container_id: str,
        *,
        portfolio: str,
        base_timeframes: Mapping[str, str],
        initial_capital: float,
        sizing: Sizing,
        stop_loss: float | None,
        periods_per_year: float,
        files: PortfolioFiles | None = None,
    ) -> None:
        super().__init__(container_id)
        self.account: Final = Account(tuple(base_timeframes), initial_capital)
        self._closes = self.account.closes
        self._portfolio = portfolio
        self._bases = {name: _BaseStream(timeframe) for name, timeframe in base_timeframes.items()}
        self._initial_capital = initial_capital
        self._sizing = sizing
        self._stop_loss = stop_loss
        self._metrics = PortfolioMetrics(initial_capital, periods_per_year)
        self._episodes = EpisodeTracker(portfolio)
        self._trades: list[Trade] = []
        self._times: list[int] = []
        self._equities: list[float] = []
        self._curve: list[EquityCurve] = []  # of the samples before these
        self._signals: dict[str, Signal] = {}
        self._last_bar: Bar | None = None
        self._exposed = 0
        self._ruined = False
        self._reporting = [portfolio]  # emptied by the last update of a ruined portfolio
        self._files = files
        self._report: PortfolioReport | None = None
        self._requests: Outlet
        self._updates: Outlet
        self._skip_update: Callable[[], None] | None = None  # where nobody wants updates
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the capital, the sizing and the stop."""
        return {
            "portfolio": self._portfolio,
            "base_timeframes": {name: base.timeframe for name, base in self._bases.items()},
            "initial_capital": self._initial_capital,
            "sizing": msgspec.to_builtins(self._sizing),
            "stop_loss": self._stop_loss,
        }

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take bars, its strategy's signals, and what became of its orders."""
        return {
            EventKind.BAR: self.on_bar,
            EventKind.SIGNAL: self.on_signal,
            EventKind.ORDER: self.on_order,
            EventKind.FILL: self.on_fill,
            EventKind.CANCELLATION: self.on_cancellation,
        }

    def acts(self) -> Mapping[Step, Act]:
        """Request in step 6, when there is a signal or a stop to watch; report in step 9."""
        stops = self._stop_loss is not None
        return {
            Step.REQUESTS: Act(self.publish_requests, when=ALWAYS if stops else self._signals),
            Step.UPDATES: Act(self.publish_update, when=self._reporting),
        }

    def on_initialize(self, port: Port) -> None:
        """Find the outlets."""
        self._clock = port.clock
        self._requests = port.outlet(EventKind.ORDER_REQUEST)
        self._updates = port.outlet(EventKind.PORTFOLIO_UPDATE)
        self._skip_update = None if self._updates.wanted else self._updates.skip

    def on_bar(self, bar: Bar) -> None:
        """Mark the symbol, when this is a bar of its base timeframe."""
        self._last_bar = bar
        base = self._bases[bar.symbol]
        if bar.timeframe == base.timeframe:
            base.newest = bar
            base.count += 1
            self._closes[bar.symbol] = bar.close

    def on_signal(self, signal: Signal) -> None:
        """Take note of a changed view."""
        self._signals[signal.symbol] = signal

    def on_order(self, order: Order) -> None:
        """Count the order as pending."""
        self.account.add_pending(order.symbol, order.seq, order.quantity)

    def on_cancellation(self, cancellation: Cancellation) -> None:
        """Count the order as pending no more."""
        self._ruined |= cancellation.reason == _RUINED
        assert cancellation.cause is not None  # a cancellation is caused by its order
        self.account.drop_pending(cancellation.symbol, cancellation.cause)

    def on_fill(self, fill: Fill) -> None:
        """Book the fill: account, trade, figures."""
        account, symbol = self.account, fill.symbol
        self._ruined |= fill.reason == _RUINED
        if fill.reason == _ORDER:
            assert fill.cause is not None  # such a fill is caused by its order
            account.drop_pending(symbol, fill.cause)
        held = account.positions[symbol]
        account.fill(symbol, fill.quantity, fill.price, fill.commission)
        self._metrics.fill(fill.quantity, fill.price, fill.commission, account.cash)
        trade = self._episodes.fill(
            symbol, held, fill.quantity, fill.price, fill.commission,
            time_ns=fill.time_ns, bar=self._bases[symbol].count,
        )  # fmt: skip
        if trade is not None:
            self._trades.append(trade)
            self._metrics.trade(trade.net_profit)
            if self._files is not None:
                self._files.add_trades(self._trades)

    def publish_requests(self) -> None:
        """Ask for what signals and stops call for, all from one snapshot of the account."""
        signals, account = self._signals, self.account
        if self._ruined:
            signals.clear()
            return
        # Neither equity nor net can change between these requests: orders come in step 7.
        equity = account.equity()
        for symbol in self._concerned():
            signal = signals.get(symbol)
            stop = self._hit_stop(symbol, signal)
            if stop is not None:
                self._request(stop.seq, symbol, 0.0, _STOP_LOSS)
            elif signal is not None and symbol in account.closes:
                target = self._sizing.target(
                    signal.direction, signal.strength, equity, account.closes[symbol]
                )
                self._request(signal.seq, symbol, target, _SIGNAL)
        signals.clear()

    def publish_update(self) -> None:
        """Report cash, positions and equity; a ruined portfolio does so once more, then never."""
        clock, account, times = self._clock, self.account, self._times
        value = 0.0
        if account.held:
            value = account.positions_value()
            self._exposed += 1
        equity = account.cash + value
        if equity <= 0.0 or self._ruined:
            # What is left after the closes can be above zero by a rounding; it is ruined all the
            # same, as the closes say.
            self._ruined = True
            self._reporting.clear()
            self._metrics.ruin(clock.time_ns)
        times.append(clock.time_ns)
        self._equities.append(equity)
        if len(times) == _PIECE:
            self._pack()
        if self._skip_update is not None:
            self._skip_update()
            return
        cause = None if self._last_bar is None else self._last_bar.seq
        self._updates.publish(
            PortfolioUpdate(
                clock.seq, clock.time_ns, self.id, cause, account.cash, value, equity
            )
        )  # fmt: skip

    def on_collect(self) -> PortfolioReport:
        """Give figures, trades and curve; asked again, the same."""
        if self._report is not None:
            return self._report
        self._pack()
        trades, curve = None, None
        if self._files is None:
            trades = tuple(self._trades)
            curve = EquityCurve(
                time_ns=np.concatenate([piece.time_ns for piece in self._curve]),
                equity=np.concatenate([piece.equity for piece in self._curve]),
            )
        self._report = PortfolioReport(self._metrics.figures(), trades, curve)
        return self._report

    def on_cleanup(self) -> None:
        """Complete the files, if the report was collected, then let go of everything."""
        report, self._report = self._report, None
        trades, self._trades, self._curve = self._trades, [], []
        if self._files is None:
            return
        try:
            if report is not None:
                self._files.complete(trades)
        finally:
            self._files.abandon()

    def _pack(self) -> None:
        """Turn the newest samples into arrays, an eighth of the size, and take them into figures.

        Appending to an array each time would cost five times as much as to a list.
        """
        piece = EquityCurve(
            time_ns=np.fromiter(self._times, np.int64, len(self._times)),
            equity=np.fromiter(self._equities, np.float64, len(self._equities)),
        )
        self._metrics.samples(piece.equity, exposed=self._exposed)
        if self._files is None:
            self._curve.append(piece)
        else:
            self._files.add_samples(piece)
        self._times.clear()
        self._equities.clear()
        self._exposed = 0

    def _concerned(self) -> Sequence[str]:
        if self._stop_loss is None and len(self._signals) == 1:
            return tuple(self._signals)
        return self.account.symbols

    def _request(self, cause: int, symbol: str, target: float, reason: str) -> None:
        net = self.account.net(symbol)
        quantity = target - net
        if is_nothing(quantity, net):
            return
        clock = self._clock
        self._requests.publish(
            OrderRequest(
                clock.seq, clock.time_ns, self.id, cause,
                symbol, quantity, self.account.closes[symbol], reason,
            )
        )  # fmt: skip

    def _hit_stop(self, symbol: str, signal: Signal | None) -> Bar | None:
        """Give the base bar whose close hit the stop of an open position, if one did."""
        account = self.account
        held = account.positions[symbol]
        if self._stop_loss is None or held == 0.0:
            return None
        bar = self._bases[symbol].newest
        if bar is None or bar.time_ns != self._clock.time_ns:
            return None
        side = 1 if held > 0 else -1
        if signal is not None and signal.direction != side:
            return None
        if account.net(symbol) * side <= 0:
            return None  # an exit is pending already
        average = account.averages[symbol]
        if side > 0:
            return bar if bar.close <= average * (1 - self._stop_loss) else None
        return bar if bar.close >= average * (1 + self._stop_loss) else None
