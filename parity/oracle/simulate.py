"""The loop: one slice after another, nine steps in each, every container within each step.

For each slice (`simulate`):

1. `_publish_bars` publishes its bars; the last base closes are now theirs.
2. `fill_pending` fills what waited for the open of a base bar (``next_open``).
3. `_publish_features` brings every indicator up to date.
4. `_classify` publishes labels that changed.
5. `_step_strategies` publishes views that changed.
6. `_request_orders` lets each portfolio ask for orders: for new views, and for stops.
7. `_review_requests` lets risk pass, reduce or refuse them.
8. `fill_pending` fills at the close (``same_close``); `end_symbols` cancels and closes where a
   symbol's bars have ended.
9. `ruin` ends portfolios without equity; `_update_portfolios` shows every portfolio.

Slices that only warm up have steps 1, 3 and 4: nobody who trades hears of them.

Sequence numbers need no thought: events are published in the order in which they are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from containers.events import (
    Bar,
    Classification,
    Features,
    Order,
    OrderRequest,
    PortfolioUpdate,
    Rejection,
    RequestReason,
    Signal,
)
from parity.oracle.account import PendingOrder
from parity.oracle.bars import PricedBar, slices
from parity.oracle.components import View, classify, decide, decide_ensemble
from parity.oracle.execution import end_symbols, fill_pending, ruin
from parity.oracle.orders import is_nothing, is_stopped, review, target_quantity
from parity.oracle.settings import Component, Settings, Stream
from parity.oracle.state import Portfolio, Sample, Slice, State, make_state

__all__ = ["simulate"]


def simulate(
    settings: Settings,
    bars: Mapping[Stream, Sequence[PricedBar]],
    periods_per_year: float,
    trading_from_ns: int | None = None,
) -> State:
    """Take every slice of a unit through the nine steps; give the state after the last.

    Args:
        settings: What decides the result.
        bars: Of every stream, oldest first.
        periods_per_year: N of the metrics and of classifiers.
        trading_from_ns: Slices before this time only warm up; null: none do.
    """
    state = make_state(settings, bars, periods_per_year, trading_from_ns)
    at_close = settings.execution.same_close
    base_streams = {symbol.base for symbol in settings.symbols}
    for time_ns, members in slices(bars):
        now = Slice(time_ns, members)
        state.slice_count += 1
        if trading_from_ns is not None and time_ns < trading_from_ns:
            _publish_bars(state, now, base_streams=set())
            _publish_features(state, now)
            _classify(state, now)
            continue
        _publish_bars(state, now, base_streams)
        if not at_close:
            fill_pending(state, now)
        _publish_features(state, now)
        _classify(state, now)
        _step_strategies(state, now)
        _request_orders(state, now)
        _review_requests(state, now)
        if at_close:
            fill_pending(state, now)
        end_symbols(state, now)
        ruin(state, now)
        _update_portfolios(state, now)
    return state


def _publish_bars(state: State, now: Slice, base_streams: set[Stream]) -> None:
    for stream, bar in now.bars:
        symbol, timeframe = stream
        event = Bar(
            seq=state.next_seq,
            time_ns=now.time_ns,
            container=f"data/{symbol}/{timeframe}",
            cause=None,
            symbol=symbol,
            timeframe=timeframe,
            open=bar.open,
            high=bar.high,
            low=bar.low,
            close=bar.close,
            volume=bar.volume,
        )
        state.events.append(event)
        now.bar_seqs[stream] = event.seq
        if stream in base_streams:
            now.base_bars[symbol] = bar
            state.closes[symbol] = bar.close
            state.symbols[symbol].bars_seen += 1
            state.symbols[symbol].bar_seq = event.seq


def _publish_features(state: State, now: Slice) -> None:
    for stream, bar in now.bars:
        symbol, timeframe = stream
        stream_state = state.streams[stream]
        history = stream_state.history
        history.closes.append(bar.close)
        history.highs.append(bar.high)
        history.lows.append(bar.low)
        event = Features(
            seq=state.next_seq,
            time_ns=now.time_ns,
            container=f"features/{symbol}/{timeframe}",
            cause=now.bar_seqs[stream],
            symbol=symbol,
            timeframe=timeframe,
            values={name: compute(history) for name, compute in stream_state.indicators.items()},
        )
        state.events.append(event)
        now.features[stream] = event


def _classify(state: State, now: Slice) -> None:
    for classifier in state.settings.classifiers:
        for stream in classifier.streams:
            features = now.features.get(stream)
            if features is None:
                continue
            label = classify(
                classifier.type, classifier.parameters, features.values, state.periods_per_year
            )
            key = (classifier.name, features.symbol)
            if label is None or label == state.labels.get(key):
                continue
            state.labels[key] = label
            event = Classification(
                seq=state.next_seq,
                time_ns=now.time_ns,
                container=f"classifier/{classifier.name}",
                cause=features.seq,
                symbol=features.symbol,
                label=label,
            )
            state.events.append(event)


def _step_strategies(state: State, now: Slice) -> None:
    for strategy in state.settings.strategies:
        for stream in strategy.streams:
            features = now.features.get(stream)
            if features is None:
                continue
            key = (strategy.name, features.symbol)
            last = state.views.get(key, (0, 1.0))
            view = _view(state, strategy, stream, features, last)
            state.views[key] = view
            if view == last:
                continue
            event = Signal(
                seq=state.next_seq,
                time_ns=now.time_ns,
                container=f"strategy/{strategy.name}",
                cause=features.seq,
                symbol=features.symbol,
                direction=view[0],
                strength=view[1],
            )
            state.events.append(event)
            now.signals[key] = event


def _view(
    state: State, strategy: Component, stream: Stream, features: Features, last: View
) -> View:
    """Give a strategy's view at a bar; an ensemble's members have stepped before it."""
    if strategy.type == "ensemble":
        members = strategy.parameters["members"]
        views = {name: state.views.get((name, features.symbol), (0, 1.0)) for name in members}
        return decide_ensemble(strategy.parameters, views)
    close = state.streams[stream].history.closes[-1]
    return decide(strategy.type, strategy.parameters, features.values, close, last[0]), 1.0


def _request_orders(state: State, now: Slice) -> None:
    for portfolio in state.portfolios:
        if portfolio.ruined_at is not None:
            continue
        for symbol, _ in portfolio.strategy.streams:
            request = _request(state, now, portfolio, symbol)
            if request is not None:
                state.events.append(request)
                now.requests.append((portfolio, request))


def _request(state: State, now: Slice, portfolio: Portfolio, symbol: str) -> OrderRequest | None:
    """Give the one request a portfolio has for a symbol: a stop's, else a new view's.

    Nothing that it looks at changes before step 7: every request sees the same snapshot.
    """
    account, profile, closes = portfolio.account, portfolio.profile, state.closes
    signal = now.signals.get((portfolio.strategy.name, symbol))
    leaves = signal is not None and signal.direction * account.positions[symbol] <= 0.0
    if (
        not leaves
        and symbol in now.base_bars
        and is_stopped(account, symbol, closes[symbol], profile)
    ):
        target = 0.0
        reason, cause = RequestReason.STOP_LOSS, state.symbols[symbol].bar_seq
    elif signal is not None and symbol in closes:
        view, equity = (signal.direction, signal.strength), account.equity(closes)
        target = target_quantity(view, profile, state.settings, equity, closes[symbol])
        reason, cause = RequestReason.SIGNAL, signal.seq
    else:
        return None
    net = account.net(symbol)
    quantity = target - net
    if is_nothing(quantity, net):
        return None
    return OrderRequest(
        seq=state.next_seq,
        time_ns=now.time_ns,
        container=f"portfolio/{portfolio.id}",
        cause=cause,
        symbol=symbol,
        quantity=quantity,
        reference_price=closes[symbol],
        reason=reason.value,
    )


def _review_requests(state: State, now: Slice) -> None:
    for portfolio, request in now.requests:
        account = portfolio.account
        verdict = review(
            account,
            request.symbol,
            request.quantity,
            portfolio.profile,
            portfolio.drawdown,
            state.closes,
            state.settings,
        )
        event_type = Rejection if verdict.quantity == 0.0 else Order
        event = event_type(
            seq=state.next_seq,
            time_ns=now.time_ns,
            container=f"risk/{portfolio.id}",
            cause=request.seq,
            portfolio=portfolio.id,
            symbol=request.symbol,
            quantity=verdict.quantity,
            requested=request.quantity,
            rules=verdict.rules,
        )
        state.events.append(event)
        if verdict.quantity != 0.0:
            account.pending.append(PendingOrder(event.seq, request.symbol, verdict.quantity))


def _update_portfolios(state: State, now: Slice) -> None:
    last_bar_seq = now.bar_seqs[now.bars[-1][0]]
    for portfolio in state.portfolios:
        if portfolio.ruined_at is not None and portfolio.ruined_at < now.time_ns:
            continue
        account = portfolio.account
        positions_value = account.positions_value(state.closes)
        event = PortfolioUpdate(
            seq=state.next_seq,
            time_ns=now.time_ns,
            container=f"portfolio/{portfolio.id}",
            cause=last_bar_seq,
            cash=account.cash,
            positions_value=positions_value,
            equity=account.cash + positions_value,
        )
        state.events.append(event)
        portfolio.samples.append(Sample(now.time_ns, event.equity, not account.is_flat))
        portfolio.drawdown.update(event.equity, is_flat=account.is_flat)
