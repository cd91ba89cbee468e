"""Slices before the window: who hears of them, and what comes of symbols without bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import pytest

from containers.bus import Bus
from containers.components import Ema, Indicator, Momentum, Sma, Trend, UnitContext
from containers.container import Act, Container, Step
from containers.data import Bars, MarketData
from containers.events import Bar, Classification, Event, EventKind, Features, Signal
from containers.ports import TRADING, WARM_UP
from containers.results import EquityCurve, Label
from containers.trace import TraceRecorder
from containers.trading import (
    ClassifierContainer,
    Costs,
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    FillModel,
    PortfolioContainer,
    PortfolioReport,
    RiskContainer,
    RiskLimits,
    Sizing,
    StrategyContainer,
)

MakeBars: TypeAlias = Callable[[str, str, Sequence[float] | Mapping[int, float]], Bars]


class Listener(Container):
    """Notes the numbers of the events it is told of."""

    def __init__(self, container_id: str) -> None:
        super().__init__(container_id)
        self.heard: list[int] = []

    def handlers(self) -> Mapping[EventKind, Any]:
        return dict.fromkeys((EventKind.BAR, EventKind.FEATURES), self._note)

    def _note(self, event: Event) -> None:
        self.heard.append(event.seq)


def drive(bus: Bus, times: Sequence[int], window: int) -> None:
    for container in bus.containers:
        container.initialize(bus.port(container))
    for container in bus.containers:
        container.start()
    bus.run_warm_up_slices([time for time in times if time < window])
    bus.run_slices([time for time in times if time >= window])


def stream(bus: Bus, bars: Bars, indicators: Sequence[Indicator], window: int, known: bool) -> None:
    name = f"{bars.symbol}/{bars.timeframe}"
    bus.attach(DataContainer(f"data/{name}", bars=bars, trading_from_ns=window))
    bus.attach(
        FeaturesContainer(
            f"features/{name}",
            symbol=bars.symbol,
            timeframe=str(bars.timeframe),
            indicators=indicators,
            bars=bars if known else None,
            trading_from_ns=window,
        )
    )
    bus.connect(EventKind.BAR, f"data/{name}", f"features/{name}")


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("window", [0, 1, 3, 5, 9])
def test_bars_and_features_before_the_window_have_their_own_topic(
    known: bool, window: int, make_bars: MakeBars
) -> None:
    recorder = TraceRecorder()
    bus = Bus(recorder)
    stream(bus, make_bars("AAA", "1d", [3.0, 1.0, 4.0, 1.0, 5.0]), [Sma(2)], window, known)
    listeners = {topic: Listener(f"listener/{topic}") for topic in (WARM_UP, TRADING, None)}
    for topic, listener in listeners.items():
        bus.attach(listener)
        bus.connect(EventKind.BAR, "data/AAA/1d", listener.id, topic)
        bus.connect(EventKind.FEATURES, "features/AAA/1d", listener.id, topic)
    bus.seal()
    drive(bus, range(5), window)
    events = list(recorder.finish(bus.seq).events())
    assert [type(event) for event in events] == [Bar, Features] * 5
    assert listeners[None].heard == [event.seq for event in events]
    assert listeners[WARM_UP].heard == [e.seq for e in events if e.time_ns < window]
    assert listeners[TRADING].heard == [e.seq for e in events if e.time_ns >= window]


def test_without_a_window_everything_is_trading(make_bars: MakeBars) -> None:
    recorder = TraceRecorder()
    bus = Bus(recorder)
    bus.attach(DataContainer("data/AAA/1d", bars=make_bars("AAA", "1d", [1.0, 2.0])))
    listener = Listener("listener")
    bus.attach(listener)
    bus.connect(EventKind.BAR, "data/AAA/1d", "listener", TRADING)
    bus.seal()
    drive(bus, range(2), 0)
    assert listener.heard == [0, 1]


def test_features_over_a_cut_are_computed_from_its_first_bar_on(make_bars: MakeBars) -> None:
    """Bit for bit what the bars of the cut give, stepped one by one; never from before it."""
    closes = [1.0 + 0.37 * ((7 * i) % 11) for i in range(40)]
    market = MarketData([make_bars("AAA", "1d", closes)]).cut(12, 33)
    published = {}
    for known in (True, False):
        recorder = TraceRecorder()
        bus = Bus(recorder)
        stream(bus, market["AAA", "1d"], [Sma(3), Ema(4)], 20, known)
        bus.seal()
        drive(bus, market.slice_times().tolist(), 20)
        published[known] = [
            e.values for e in recorder.finish(bus.seq).events() if isinstance(e, Features)
        ]
    assert published[True] == published[False]
    values = [row["sma_3"] for row in published[True]]
    assert values[:2] == [None, None]
    oldest = closes[12]
    terms = [close - oldest for close in closes[12:15]]
    assert values[2] == oldest + (((0.0 + terms[0]) + terms[1]) + terms[2]) / 3


def test_a_warm_up_slice_has_bars_features_and_classifications_alone(make_bars: MakeBars) -> None:
    recorder = TraceRecorder()
    bus = Bus(recorder)
    bars = make_bars("AAA", "1d", [1.0, 2.0, 3.0, 4.0, 1.0])
    classifier = ClassifierContainer("classifier/t", classifier=Trend(UnitContext(252.0), 1, 2))
    strategy = StrategyContainer("strategy/m", strategy=Momentum(1, 2), keep_signals=True)
    stream(bus, bars, [*classifier._classifier.indicators, Sma(1), Sma(2)], 3, True)
    acted: list[int] = []

    class Everywhere(Container):
        def acts(self) -> Mapping[Step, Any]:
            return {step: Act(partial(acted.append, step)) for step in Step}

    for container in (classifier, strategy, Everywhere("everywhere")):
        bus.attach(container)
    bus.connect(EventKind.BAR, "data/AAA/1d", classifier.id)
    bus.connect(EventKind.FEATURES, "features/AAA/1d", classifier.id)
    bus.connect(EventKind.BAR, "data/AAA/1d", strategy.id, TRADING)
    bus.connect(EventKind.FEATURES, "features/AAA/1d", strategy.id, TRADING)
    bus.seal()
    drive(bus, range(5), 3)
    assert acted == [*[1, 3, 4] * 3, *list(Step) * 2]
    events = list(recorder.finish(bus.seq).events())
    labels = [(e.time_ns, e.symbol, e.label) for e in events if isinstance(e, Classification)]
    assert labels[0][0] < 3
    assert classifier.collect() == tuple(Label(*label) for label in labels)
    signals = [e for e in events if isinstance(e, Signal)]
    assert [(s.time_ns, s.direction) for s in signals] == [(3, 1), (4, -1)]
    kept = strategy.collect()
    assert isinstance(kept, tuple)
    assert [(s.time_ns, s.strategy, s.symbol, s.direction, s.strength, s.seq) for s in kept] == [
        (s.time_ns, "m", "AAA", s.direction, 1.0, s.seq) for s in signals
    ]


def test_a_symbol_without_base_bars_publishes_what_it_has_and_is_never_traded(
    make_bars: MakeBars,
) -> None:
    """BBB has a longer timeframe in the window, but no base bar: nobody buys it, none fails."""
    market = MarketData(
        [
            make_bars("AAA", "1d", [10.0, 20.0, 10.0, 20.0]),
            make_bars("BBB", "1d", {0: 5.0}),
            make_bars("BBB", "1w", {1: 5.0, 2: 9.0, 3: 12.0}),
        ]
    ).cut(1, None)
    assert market.last_base_end("BBB") is None
    recorder = TraceRecorder()
    bus = Bus(recorder)
    for bars in market.values():
        stream(bus, bars, [Sma(1), Sma(2)], 1, True)
    strategy = StrategyContainer("strategy/m", strategy=Momentum(1, 2))
    bus.attach(strategy)
    portfolio = PortfolioContainer(
        "portfolio/m.p",
        portfolio="m.p",
        base_timeframes={s: str(market.base_timeframe(s)) for s in market.symbols},
        initial_capital=1000.0,
        sizing=Sizing(
            max_position_size=0.5,
            fixed_quantity=None,
            fractional=False,
            lot_size=1.0,
            allow_short=True,
        ),
        stop_loss=0.01,
        periods_per_year=252.0,
    )
    bus.attach(portfolio)
    bus.attach(
        RiskContainer(
            "risk/m.p",
            portfolio="m.p",
            account=portfolio.account,
            symbols=market.symbols,
            limits=RiskLimits(max_leverage=0.5, max_drawdown=None, drawdown_cooldown_bars=None),
            initial_capital=1000.0,
            fractional=False,
            lot_size=1.0,
        )
    )
    ends = {s: end for s in market.symbols if (end := market.last_base_end(s)) is not None}
    bus.attach(
        ExecutionContainer(
            "execution",
            accounts={"m.p": portfolio.account},
            last_bars=ends,
            fill=FillModel.SAME_CLOSE,
            costs=Costs(),
            close_at_end=True,
        )
    )
    for symbol, timeframe in (("AAA", "1d"), ("BBB", "1w")):
        bus.connect(EventKind.BAR, f"data/{symbol}/{timeframe}", strategy.id, TRADING)
        bus.connect(EventKind.FEATURES, f"features/{symbol}/{timeframe}", strategy.id, TRADING)
    for symbol, timeframe in market:
        bus.connect(EventKind.BAR, f"data/{symbol}/{timeframe}", portfolio.id, TRADING)
    for symbol in market.symbols:
        bus.connect(EventKind.BAR, f"data/{symbol}/1d", "execution", TRADING)
    bus.connect(EventKind.SIGNAL, strategy.id, portfolio.id)
    bus.connect(EventKind.ORDER_REQUEST, portfolio.id, "risk/m.p")
    bus.connect(EventKind.PORTFOLIO_UPDATE, portfolio.id, "risk/m.p")
    for hearer in (portfolio.id, "execution"):
        bus.connect(EventKind.ORDER, "risk/m.p", hearer)
    for kind in (EventKind.FILL, EventKind.CANCELLATION):
        bus.connect(kind, "execution", portfolio.id, "m.p")
    bus.seal()
    drive(bus, market.slice_times().tolist(), 1)
    events = list(recorder.finish(bus.seq).events())
    signalled = {(e.time_ns, e.symbol, e.direction) for e in events if isinstance(e, Signal)}
    assert signalled == {(2, "AAA", -1), (2, "BBB", 1), (3, "AAA", 1)}
    traded = {getattr(e, "symbol", "AAA") for e in events if e.kind is not EventKind.SIGNAL}
    assert traded == {"AAA", "BBB"}  # its BARs and FEATURES
    asked = [e for e in events if e.kind in (EventKind.ORDER_REQUEST, EventKind.FILL)]
    assert asked
    assert {e.symbol for e in asked} == {"AAA"}  # type: ignore[union-attr]
    report = portfolio.collect()
    assert isinstance(report, PortfolioReport)
    assert isinstance(report.equity_curve, EquityCurve)
    assert report.equity_curve.time_ns.tolist() == [1, 2, 3]
