"""What the execution container does: fill, cancel, close.

`fill_pending` is step 2 or the first part of step 8, `end_symbols` the rest of step 8, `ruin` the
first part of step 9.
"""

from __future__ import annotations

from containers.events import Cancellation, CancellationReason, Fill, FillReason
from parity.oracle.account import Moment
from parity.oracle.settings import Execution
from parity.oracle.state import Portfolio, Slice, State

__all__ = ["end_symbols", "fill_pending", "ruin"]


def fill_pending(state: State, now: Slice) -> None:
    """Fill pending orders of symbols with a base bar, by portfolio, then age."""
    at_close = state.settings.execution.same_close
    for portfolio in state.portfolios:
        pending = portfolio.account.pending
        for order in list(pending):
            bar = now.base_bars.get(order.symbol)
            if bar is None:
                continue
            pending.remove(order)
            base = bar.close if at_close else bar.open
            size, cause, reason = order.quantity, order.seq, FillReason.ORDER
            _fill(state, now, portfolio, order.symbol, size, base, cause=cause, reason=reason)


def end_symbols(state: State, now: Slice) -> None:
    """Cancel orders, and close positions if wanted, of each symbol without a later base bar."""
    for symbol, symbol_state in state.symbols.items():
        if symbol_state.last_end_ns is None or now.time_ns < symbol_state.last_end_ns:
            continue
        for portfolio in state.portfolios:
            _cancel(state, now, portfolio, CancellationReason.END_OF_DATA, symbol)
        if state.settings.execution.close_at_end:
            for portfolio in state.portfolios:
                _close(state, now, portfolio, symbol, FillReason.CLOSE_AT_END)


def ruin(state: State, now: Slice) -> None:
    """End each portfolio whose equity is gone: cancel its orders, close its positions."""
    ruined = [
        portfolio
        for portfolio in state.portfolios
        if portfolio.ruined_at is None and portfolio.account.equity(state.closes) <= 0.0
    ]
    for portfolio in ruined:
        portfolio.ruined_at = now.time_ns
        _cancel(state, now, portfolio, CancellationReason.RUINED)
        for symbol in state.symbols:
            _close(state, now, portfolio, symbol, FillReason.RUINED)


def _cancel(
    state: State,
    now: Slice,
    portfolio: Portfolio,
    reason: CancellationReason,
    symbol: str | None = None,
) -> None:
    """Cancel the pending orders of a portfolio, oldest first; of one symbol if given."""
    for order in list(portfolio.account.pending):
        if symbol is not None and order.symbol != symbol:
            continue
        portfolio.account.pending.remove(order)
        cancellation = Cancellation(
            seq=state.next_seq,
            time_ns=now.time_ns,
            container="execution",
            cause=order.seq,
            portfolio=portfolio.id,
            symbol=order.symbol,
            quantity=order.quantity,
            reason=reason.value,
        )
        state.events.append(cancellation)


def _close(state: State, now: Slice, portfolio: Portfolio, symbol: str, reason: FillReason) -> None:
    """Close a position, if there is one, at the symbol's last close."""
    position = portfolio.account.positions[symbol]
    if position == 0.0:
        return
    cause, base = state.symbols[symbol].bar_seq, state.closes[symbol]
    _fill(state, now, portfolio, symbol, -position, base, cause=cause, reason=reason)


def _fill(
    state: State,
    now: Slice,
    portfolio: Portfolio,
    symbol: str,
    quantity: float,
    base: float,
    *,
    cause: int,
    reason: FillReason,
) -> None:
    costs = state.settings.execution
    side = 1.0 if quantity > 0.0 else -1.0
    price = base * (1.0 + (side * costs.slippage_bps) / 10000.0)
    commission = _commission(costs, abs(quantity), price)
    moment = Moment(now.time_ns, state.symbols[symbol].bars_seen - 1)
    portfolio.account.apply_fill(symbol, quantity, price, commission, moment)
    fill = Fill(
        seq=state.next_seq,
        time_ns=now.time_ns,
        container="execution",
        cause=cause,
        portfolio=portfolio.id,
        symbol=symbol,
        quantity=quantity,
        price=price,
        commission=commission,
        reason=reason.value,
    )
    state.events.append(fill)


def _commission(costs: Execution, shares: float, price: float) -> float:
    by_shares = costs.commission_fixed + costs.commission_per_share * shares
    by_value = ((costs.commission_bps / 10000.0) * shares) * price
    return max(by_shares + by_value, costs.commission_minimum)
