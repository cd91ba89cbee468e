"""Data, features and strategy containers on a bus: what they publish, and from what."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import pytest

from containers.bus import Bus
from containers.components import (
    Atr,
    Decision,
    Ema,
    Highest,
    Indicator,
    Momentum,
    Parameter,
    Roc,
    Rsi,
    Sma,
    Std,
    Strategy,
)
from containers.container import Container, Role, Step
from containers.data import Bars
from containers.errors import ContainerError
from containers.events import Bar, Event, EventKind, Features, Signal
from containers.lifecycle import State
from containers.trace import TraceRecorder
from containers.trading import DataContainer, FeaturesContainer, StrategyContainer

MakeBars: TypeAlias = Callable[[str, str, Sequence[float] | Mapping[int, float]], Bars]


class Listed:
    """Answers what its list says, bar by bar, and notes what it was asked."""

    type_name: ClassVar[str] = "listed"
    parameters: ClassVar[Mapping[str, Parameter]] = {}

    def __init__(self, answers: Sequence[Decision], indicators: Sequence[Indicator] = ()) -> None:
        self.indicators = tuple(indicators)
        self.asked: list[tuple[Decision, float, list[float | None]]] = []
        self._answers = list(answers)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        self.asked.append((last, close, list(values)))
        return self._answers[len(self.asked) - 1]


class Since:
    """An indicator that can only be stepped: how many bars came before, null on every third."""

    name = "since"
    ready = lookback = 1
    initial = 0

    def step(self, state: int, bar: Bar) -> tuple[int, float | None]:
        return state + 1, None if state % 3 == 2 else bar.close + state


LONG, FLAT, SHORT = Decision(1, 1.0), Decision(0, 1.0), Decision(-1, 1.0)


def run(
    bars: Sequence[Bars],
    indicators: Sequence[Indicator],
    strategy: Strategy,
    ahead: Bars | None = None,
) -> list[Event]:
    recorder = TraceRecorder()
    bus = Bus(recorder)
    names = [f"{b.symbol}/{b.timeframe}" for b in bars]
    for name, stream in zip(names, bars, strict=True):
        bus.attach(DataContainer(f"data/{name}", bars=stream))
    for name in names:
        symbol, timeframe = name.split("/")
        bus.attach(
            FeaturesContainer(
                f"features/{name}",
                symbol=symbol,
                timeframe=timeframe,
                indicators=indicators,
                bars=ahead,
            )
        )
    bus.attach(StrategyContainer("strategy/s", strategy=strategy))
    for name in names:
        bus.connect(EventKind.BAR, f"data/{name}", f"features/{name}")
        bus.connect(EventKind.BAR, f"data/{name}", "strategy/s")
        bus.connect(EventKind.FEATURES, f"features/{name}", "strategy/s")
    bus.seal()
    for container in bus.containers:
        container.initialize(bus.port(container))
    for container in bus.containers:
        container.start()
    for time_ns in sorted({int(end) for stream in bars for end in stream.end_ns}):
        bus.run_slice(time_ns)
    return list(recorder.finish(bus.seq))


def test_a_slice_publishes_bars_then_features_then_signals(make_bars: MakeBars) -> None:
    streams = [make_bars("BBB", "1d", [3.0, 5.0]), make_bars("AAA", "1d", {1: 7.0})]
    events = run(streams, [Sma(1)], Listed([FLAT, LONG, SHORT]))
    assert events == [
        Bar(0, 0, "data/BBB/1d", None, "BBB", "1d", 3.0, 3.0, 3.0, 3.0, None),
        Features(1, 0, "features/BBB/1d", 0, "BBB", "1d", {"sma_1": 3.0}),
        Bar(2, 1, "data/BBB/1d", None, "BBB", "1d", 5.0, 5.0, 5.0, 5.0, None),
        Bar(3, 1, "data/AAA/1d", None, "AAA", "1d", 7.0, 7.0, 7.0, 7.0, None),
        Features(4, 1, "features/BBB/1d", 2, "BBB", "1d", {"sma_1": 5.0}),
        Features(5, 1, "features/AAA/1d", 3, "AAA", "1d", {"sma_1": 7.0}),
        Signal(6, 1, "strategy/s", 4, "BBB", 1, 1.0),
        Signal(7, 1, "strategy/s", 5, "AAA", -1, 1.0),
    ]


def test_features_are_published_while_they_warm_up_and_in_their_order(make_bars: MakeBars) -> None:
    events = run([make_bars("AAA", "1d", [1.0, 5.0])], [Std(2), Sma(1)], Listed([FLAT, FLAT]))
    published = [list(e.values.items()) for e in events if isinstance(e, Features)]
    assert published == [[("std_2", None), ("sma_1", 1.0)], [("std_2", 2.0), ("sma_1", 5.0)]]


def test_features_without_indicators_are_published_empty(make_bars: MakeBars) -> None:
    strategy = Listed([LONG])
    events = run([make_bars("AAA", "1d", [1.0])], [], strategy)
    assert [type(e) for e in events] == [Bar, Features, Signal]
    assert [dict(e.values) for e in events if isinstance(e, Features)] == [{}]
    assert strategy.asked == [(FLAT, 1.0, [])]


@pytest.mark.parametrize("block", [1, 3, 4, 8192])
@pytest.mark.parametrize("count", [1, 2, 11, 12])
def test_features_computed_ahead_have_the_bits_of_those_computed_bar_by_bar(
    block: int, count: int, make_bars: MakeBars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("containers.trading.features._BLOCK", block)
    closes = [0.1, 0.7, 0.2, 10.01, 9.99, 0.3, 0.3, 1e-3, 77.7, 5.0, 0.1, 0.2][:count]
    bars = make_bars("AAA", "1d", closes)
    indicators: list[Indicator] = [
        Sma(1), Std(3), Ema(3), Since(), Atr(2), Rsi(4), Sma(12), Highest(5), Roc(3), Sma(40),
    ]  # fmt: skip
    published = []
    for stream in (None, bars):
        events = run([bars], indicators, Listed([FLAT] * count), ahead=stream)
        published.append([list(e.values.items()) for e in events if isinstance(e, Features)])
    assert published[0] == published[1]
    assert len(published[1]) == count
    assert [name for name, _ in published[1][0]] == [i.name for i in indicators]


def test_an_indicator_that_can_only_be_stepped_is_stepped_on_the_bars_themselves(
    make_bars: MakeBars,
) -> None:
    bars = make_bars("AAA", "1d", [5.0, 7.0, 9.0, 11.0])
    events = run([bars], [Since(), Sma(2)], Listed([FLAT] * 4), ahead=bars)
    assert [dict(e.values) for e in events if isinstance(e, Features)] == [
        {"since": 5.0, "sma_2": None},
        {"since": 8.0, "sma_2": 6.0},
        {"since": None, "sma_2": 8.0},
        {"since": 14.0, "sma_2": 10.0},
    ]


def test_features_computed_ahead_without_indicators_are_empty(make_bars: MakeBars) -> None:
    bars = make_bars("AAA", "1d", [1.0, 2.0, 3.0])
    events = run([bars], [], Listed([FLAT] * 3), ahead=bars)
    assert [dict(e.values) for e in events if isinstance(e, Features)] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ({0: 1.0, 2: 5.0}, ", expected 2 and 5.0"),
        ({0: 1.0, 1: 4.0}, ", expected 1 and 4.0"),
        ({0: 1.0}, ", expected "),
    ],
)
def test_features_computed_ahead_are_let_out_for_their_own_bar_alone(
    stream: dict[int, float], expected: str, make_bars: MakeBars
) -> None:
    # A feature of a bar that has not come would look into the future.
    with pytest.raises(ContainerError) as raised:
        run(
            [make_bars("AAA", "1d", [1.0, 5.0])],
            [Sma(1)],
            Listed([FLAT, FLAT]),
            ahead=make_bars("AAA", "1d", stream),
        )
    assert raised.value.container == "features/AAA/1d"
    assert str(raised.value.cause).startswith(
        "BAR 2 of AAA 1d is not the next bar of the stream: it ends at 1 and closes at 5.0"
        + expected
    )


def test_indicators_of_streams_are_kept_apart(make_bars: MakeBars) -> None:
    streams = [make_bars("AAA", "1d", [1.0, 3.0]), make_bars("BBB", "1d", [10.0, 30.0])]
    events = run(streams, [Sma(2)], Listed([FLAT] * 4))
    values = [(e.symbol, e.values["sma_2"]) for e in events if isinstance(e, Features)]
    assert values == [("AAA", None), ("BBB", None), ("AAA", 2.0), ("BBB", 20.0)]


def test_a_signal_is_published_when_the_view_changes_and_only_then(make_bars: MakeBars) -> None:
    answers = [FLAT, LONG, LONG, FLAT, FLAT, SHORT, Decision(-1, 0.5), Decision(-1, 0.5)]
    events = run([make_bars("AAA", "1d", [1.0] * 8)], [], Listed(answers))
    signals = [(e.time_ns, e.direction, e.strength) for e in events if isinstance(e, Signal)]
    assert signals == [(1, 1, 1.0), (3, 0, 1.0), (5, -1, 1.0), (6, -1, 0.5)]


def test_a_first_view_other_than_flat_at_full_strength_is_a_change(make_bars: MakeBars) -> None:
    events = run([make_bars("AAA", "1d", [1.0])], [], Listed([Decision(0, 0.5)]))
    signals = [(e.direction, e.strength) for e in events if isinstance(e, Signal)]
    assert signals == [(0, 0.5)]


def test_a_strategy_gets_its_own_features_in_its_own_order(make_bars: MakeBars) -> None:
    strategy = Listed([FLAT, FLAT], indicators=[Sma(2), Sma(1)])
    run([make_bars("AAA", "1d", [1.0, 3.0])], [Sma(1), Std(2), Sma(2)], strategy)
    assert strategy.asked == [(FLAT, 1.0, [None, 1.0]), (FLAT, 3.0, [2.0, 3.0])]


def test_a_strategy_gets_a_single_feature_as_a_list_of_one(make_bars: MakeBars) -> None:
    strategy = Listed([FLAT], indicators=[Sma(1)])
    run([make_bars("AAA", "1d", [3.0])], [Sma(2), Sma(1)], strategy)
    assert strategy.asked == [(FLAT, 3.0, [3.0])]


def test_a_strategy_that_does_not_see_closes_is_spared_the_bars(make_bars: MakeBars) -> None:
    class Blind(Listed):
        sees_closes: ClassVar[bool] = False

    strategy = Blind([FLAT, LONG, LONG], indicators=[Sma(1)])
    assert StrategyContainer("strategy/s", strategy=strategy).handlers()[EventKind.BAR] is None
    streams = [make_bars("AAA", "1d", [1.0, 3.0]), make_bars("BBB", "1d", {1: 9.0})]
    events = run(streams, [Sma(1)], strategy)
    assert [values for _, _, values in strategy.asked] == [[1.0], [3.0], [9.0]]
    assert all(math.isnan(close) for _, close, _ in strategy.asked)
    signals = [event for event in events if isinstance(event, Signal)]
    assert [(s.symbol, s.direction) for s in signals] == [("AAA", 1), ("BBB", 1)]


def test_a_strategy_remembers_each_symbol_on_its_own(make_bars: MakeBars) -> None:
    strategy = Listed([LONG, SHORT, LONG, SHORT])
    streams = [make_bars("AAA", "1d", [1.0, 2.0]), make_bars("BBB", "1d", [3.0, 4.0])]
    events = run(streams, [], strategy)
    assert strategy.asked == [
        (FLAT, 1.0, []), (FLAT, 3.0, []), (LONG, 2.0, []), (SHORT, 4.0, []),
    ]  # fmt: skip
    assert [e.symbol for e in events if isinstance(e, Signal)] == ["AAA", "BBB"]


def test_equal_periods_share_one_feature(make_bars: MakeBars) -> None:
    events = run([make_bars("AAA", "1d", [1.0, 3.0, 2.0])], [Sma(2)], Momentum(2, 2))
    assert not [e for e in events if isinstance(e, Signal)]


def test_a_strategy_steps_only_on_bars_of_its_slice(make_bars: MakeBars) -> None:
    strategy = Listed([FLAT] * 3)
    run([make_bars("AAA", "1d", {0: 1.0, 2: 2.0}), make_bars("BBB", "1d", {1: 9.0})], [], strategy)
    assert [close for _, close, _ in strategy.asked] == [1.0, 9.0, 2.0]


def test_a_volume_is_null_where_the_file_has_none(make_bars: MakeBars) -> None:
    bars = make_bars("AAA", "1d", [1.0, 2.0])
    known = bars.volume_valid.copy()
    known[1] = True
    volumes = bars.volume.copy()
    volumes[1] = 500.0
    part = Bars(
        bars.symbol, bars.timeframe, bars.label_ns, bars.end_ns,
        bars.open, bars.high, bars.low, bars.close, volumes, known,
    )  # fmt: skip
    events = run([part], [], Listed([FLAT, FLAT]))
    assert [e.volume for e in events if isinstance(e, Bar)] == [None, 500.0]


@pytest.mark.parametrize(
    ("make", "role", "settings"),
    [
        (
            lambda bars: DataContainer("data/AAA/1d", bars=bars),
            Role.DATA,
            {"symbol": "AAA", "timeframe": "1d", "bars": 2, "trading_from_ns": None},
        ),
        (
            lambda _: FeaturesContainer(
                "features/AAA/1d", symbol="AAA", timeframe="1d", indicators=[Sma(2), Std(3)]
            ),
            Role.FEATURES,
            {
                "symbol": "AAA",
                "timeframe": "1d",
                "features": ["sma_2", "std_3"],
                "trading_from_ns": None,
            },
        ),
        (
            lambda _: StrategyContainer("strategy/s", strategy=Momentum(2, 5)),
            Role.STRATEGY,
            {
                "type": "momentum",
                "parameters": {"fast_period": 2, "slow_period": 5},
                "keep_signals": False,
                "on_bars": False,
            },
        ),
    ],
)
def test_a_container_says_what_it_is_and_what_decides_its_behaviour(
    make: Callable[[Bars], Container], role: Role, settings: dict[str, Any], make_bars: MakeBars
) -> None:
    container = make(make_bars("AAA", "1d", [1.0, 2.0]))
    assert container.role is role
    assert dict(container.settings()) == settings


def test_each_kind_acts_in_the_step_of_the_contract(make_bars: MakeBars) -> None:
    data = DataContainer("data/AAA/1d", bars=make_bars("AAA", "1d", [1.0]))
    features = FeaturesContainer("f", symbol="AAA", timeframe="1d", indicators=[])
    strategy = StrategyContainer("strategy/s", strategy=Momentum(2, 5))
    assert [list(c.acts()) for c in (data, features, strategy)] == [
        [Step.BARS], [Step.FEATURES], [Step.SIGNALS],
    ]  # fmt: skip
    assert [list(c.handlers()) for c in (data, features, strategy)] == [
        [], [EventKind.BAR], [EventKind.BAR, EventKind.FEATURES],
    ]  # fmt: skip


def test_a_data_container_can_be_cleaned_before_it_ever_started(make_bars: MakeBars) -> None:
    bus = Bus(TraceRecorder())
    data = DataContainer("data/AAA/1d", bars=make_bars("AAA", "1d", [1.0]))
    bus.attach(data)
    bus.seal()
    data.initialize(bus.port(data))
    data.cleanup()
    assert data.state is State.CLEANED
