"""Stored signals on a bus: when they are published again, why, and what an ensemble makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import pytest

from containers.bus import Bus
from containers.components import Ensemble, Momentum, Sma
from containers.container import Container
from containers.data import Bars
from containers.events import Bar, EventKind, Features, Signal
from containers.results import StoredSignal
from containers.trace import TraceRecorder
from containers.trading import (
    DataContainer,
    FeaturesContainer,
    ReplayContainer,
    StrategyContainer,
)

MakeBars: TypeAlias = Callable[[str, str, Sequence[float] | Mapping[int, float]], Bars]
Published: TypeAlias = list[tuple[int, str, int, float, int | None]]


def stored(
    time_ns: int,
    symbol: str,
    direction: int,
    strength: float = 1.0,
    *,
    seq: int = 0,
    name: str = "m",
) -> StoredSignal:
    return StoredSignal(time_ns, name, symbol, direction, strength, seq)


def run(
    bars: Sequence[Bars], strategies: Sequence[Container], hears: Mapping[str, str] | None = None
) -> tuple[list[Bar], list[Signal]]:
    """Run over all slices; every strategy is sent every BAR."""
    recorder = TraceRecorder()
    bus = Bus(recorder)
    names = [f"data/{b.symbol}/{b.timeframe}" for b in bars]
    for name, stream in zip(names, bars, strict=True):
        bus.attach(DataContainer(name, bars=stream))
    for strategy in strategies:
        bus.attach(strategy)
        for name in names:
            bus.connect(EventKind.BAR, name, strategy.id)
    for speaker, hearer in (hears or {}).items():
        bus.connect(EventKind.SIGNAL, speaker, hearer)
    bus.seal()
    for container in bus.containers:
        container.initialize(bus.port(container))
    for container in bus.containers:
        container.start()
    bus.run_slices(sorted({int(end) for stream in bars for end in stream.end_ns}))
    events = list(recorder.finish(bus.seq).events())
    return (
        [event for event in events if isinstance(event, Bar)],
        [event for event in events if isinstance(event, Signal)],
    )


def replay(
    signals: Sequence[StoredSignal], symbols: Sequence[str] = ("AAA",), from_ns: int = 0
) -> ReplayContainer:
    return ReplayContainer(
        "strategy/m", strategy="m", signals=signals, symbols=symbols, from_ns=from_ns
    )


def said(signals: Sequence[Signal]) -> Published:
    return [(s.time_ns, s.symbol, s.direction, s.strength, s.origin) for s in signals]


def test_a_signal_comes_again_in_its_slice_with_its_number_as_origin(make_bars: MakeBars) -> None:
    signals = [stored(1, "AAA", 1, seq=7), stored(3, "AAA", -1, 0.25, seq=19)]
    bars, published = run([make_bars("AAA", "1d", [1.0] * 5)], [replay(signals)])
    assert published == [
        Signal(2, 1, "strategy/m", bars[1].seq, "AAA", 1, 1.0, 7),
        Signal(5, 3, "strategy/m", bars[3].seq, "AAA", -1, 0.25, 19),
    ]


def test_symbols_come_in_config_order_each_caused_by_its_own_bar(make_bars: MakeBars) -> None:
    signals = [stored(1, "AAA", 1, seq=3), stored(1, "BBB", -1, seq=4)]
    streams = [make_bars(symbol, "1d", [1.0, 1.0]) for symbol in ("BBB", "AAA")]
    bars, published = run(streams, [replay(signals, ("BBB", "AAA"))])
    assert [(s.symbol, s.origin) for s in published] == [("BBB", 4), ("AAA", 3)]
    causes = {bar.seq: bar.symbol for bar in bars}
    assert [causes[s.cause or 0] for s in published] == ["BBB", "AAA"]


def test_the_cause_is_the_bar_of_the_shortest_timeframe_in_the_slice(make_bars: MakeBars) -> None:
    signals = [stored(2, "AAA", 1), stored(3, "AAA", 0)]
    streams = [
        make_bars("AAA", "1h", {1: 1.0, 2: 1.0}),
        make_bars("AAA", "1d", {2: 1.0, 3: 1.0}),
        make_bars("AAA", "1w", {2: 1.0, 3: 1.0}),
    ]
    bars, published = run(streams, [replay(signals)])
    timeframes = {bar.seq: bar.timeframe for bar in bars}
    assert [timeframes[s.cause or 0] for s in published] == ["1h", "1d"]


@pytest.mark.parametrize(
    ("before", "own", "expected"),
    [
        ([(0, 1, 1.0), (1, -1, 1.0)], [], [(3, "AAA", -1, 1.0, 1)]),
        ([(0, 1, 1.0), (2, 0, 1.0)], [], []),
        ([(0, 1, 1.0), (2, 0, 0.5)], [], [(3, "AAA", 0, 0.5, 2)]),
        ([(1, 1, 1.0)], [(3, -1, 1.0)], [(3, "AAA", -1, 1.0, 3)]),
        ([(1, 1, 1.0)], [(3, 0, 1.0)], [(3, "AAA", 0, 1.0, 3)]),
        ([(1, 1, 1.0)], [(4, -1, 1.0)], [(3, "AAA", 1, 1.0, 1), (4, "AAA", -1, 1.0, 4)]),
        ([], [(2, 1, 1.0), (4, -1, 1.0)], [(3, "AAA", 1, 1.0, 2), (4, "AAA", -1, 1.0, 4)]),
        ([], [(9, 1, 1.0)], []),
    ],
)
def test_the_last_signal_before_a_symbols_first_bar_counts_as_well(
    before: list[tuple[int, int, float]],
    own: list[tuple[int, int, float]],
    expected: Published,
    make_bars: MakeBars,
) -> None:
    """The window begins with slice 2, in which AAA has no bar yet; seq is the signal's time."""
    signals = [stored(time, "AAA", side, size, seq=time) for time, side, size in [*before, *own]]
    streams = [
        make_bars("BBB", "1d", {2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0}),
        make_bars("AAA", "1d", {3: 1.0, 4: 1.0, 5: 1.0}),
    ]
    for symbols in (("AAA",), ("BBB", "AAA")):
        _, published = run(streams, [replay(signals, symbols, from_ns=2)])
        assert said(published) == expected


def test_a_signal_without_a_bar_of_its_symbol_is_left_out(make_bars: MakeBars) -> None:
    signals = [stored(0, "AAA", 1, seq=1), stored(1, "AAA", -1, seq=2), stored(2, "BBB", 1, seq=3)]
    streams = [
        make_bars("AAA", "1d", {0: 1.0, 2: 1.0}),
        make_bars("BBB", "1d", {1: 1.0, 2: 1.0}),
    ]
    _, published = run(streams, [replay(signals, ("AAA", "BBB"))])
    assert said(published) == [(0, "AAA", 1, 1.0, 1), (2, "BBB", 1, 1.0, 3)]


def test_signals_of_others_are_passed_over_and_the_later_of_two_counts(make_bars: MakeBars) -> None:
    signals = [
        stored(1, "AAA", 1, seq=1, name="other"),
        stored(1, "CCC", 1, seq=2),
        stored(2, "AAA", 1, seq=3),
        stored(1, "AAA", -1, seq=4),  # of a second window, that begins again
        stored(2, "AAA", 0, seq=5),
    ]
    container = replay(signals)
    _, published = run([make_bars("AAA", "1d", [1.0] * 4)], [container])
    assert said(published) == [(1, "AAA", -1, 1.0, 4), (2, "AAA", 0, 1.0, 5)]
    assert container.settings() == {
        "strategy": "m", "symbols": ["AAA"], "signals": 3, "from_ns": 0,
    }  # fmt: skip


def test_an_ensemble_steps_on_bars_and_needs_no_features(make_bars: MakeBars) -> None:
    ensemble = StrategyContainer(
        "strategy/e",
        strategy=Ensemble({"m": 1.0}, threshold=0.5),
        keep_signals=True,
        on_bars=True,
    )
    assert list(ensemble.handlers()) == [EventKind.BAR, EventKind.SIGNAL]
    member = replay([stored(1, "AAA", 1, seq=5), stored(2, "AAA", -1, 0.25, seq=6)])
    bars, published = run(
        [make_bars("AAA", "1d", [1.0] * 4)], [member, ensemble], {"strategy/m": "strategy/e"}
    )
    own = [s for s in published if s.container == "strategy/e"]
    assert said(own) == [
        (0, "AAA", 0, 0.0, None), (1, "AAA", 1, 1.0, None), (2, "AAA", 0, 0.25, None),
    ]  # fmt: skip
    assert [s.cause for s in own] == [bar.seq for bar in bars[:3]]
    kept = ensemble.collect()
    assert isinstance(kept, tuple)
    assert [(s.strategy, s.seq) for s in kept] == [("e", s.seq) for s in own]


def test_what_needs_features_cannot_step_on_bars_alone() -> None:
    with pytest.raises(ValueError, match="a momentum needs the features sma_2, sma_5"):
        StrategyContainer("strategy/m", strategy=Momentum(2, 5), on_bars=True)


def test_a_replay_of_kept_signals_says_the_same_again(make_bars: MakeBars) -> None:
    closes = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]
    bars = make_bars("AAA", "1d", closes)
    recorder = TraceRecorder()
    bus = Bus(recorder)
    strategy = StrategyContainer("strategy/m", strategy=Momentum(1, 3), keep_signals=True)
    features = FeaturesContainer(
        "features/AAA/1d", symbol="AAA", timeframe="1d", indicators=[Sma(1), Sma(3)], bars=bars
    )
    for container in (DataContainer("data/AAA/1d", bars=bars), features, strategy):
        bus.attach(container)
    bus.connect(EventKind.BAR, "data/AAA/1d", features.id)
    bus.connect(EventKind.BAR, "data/AAA/1d", strategy.id)
    bus.connect(EventKind.FEATURES, features.id, strategy.id)
    bus.seal()
    for one in bus.containers:
        one.initialize(bus.port(one))
    for one in bus.containers:
        one.start()
    bus.run_slices(range(len(closes)))
    kept = strategy.collect()
    assert isinstance(kept, tuple)
    assert len(kept) > 2
    events = list(recorder.finish(bus.seq).events())
    assert [e.seq for e in events if isinstance(e, Signal)] == [s.seq for s in kept]
    assert any(isinstance(e, Features) for e in events)
    _, published = run([bars], [replay(kept)])
    assert said(published) == [(s.time_ns, s.symbol, s.direction, s.strength, s.seq) for s in kept]
