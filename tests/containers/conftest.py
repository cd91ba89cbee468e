"""Tiny topologies on a real bus: scripted signals, a few bars, every event kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
import pytest

from containers.bus import Bus
from containers.components import Indicator
from containers.container import Act, Container, Role, Step
from containers.data import Bars, Timeframe
from containers.events import Event, EventKind, Signal
from containers.ports import Outlet, Port
from containers.storage import PortfolioFiles
from containers.trace import TraceRecorder
from containers.trading import (
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
)

Price: TypeAlias = float | tuple[float, float]
"""A close, which is the open too, or an open and a close."""

Stream: TypeAlias = Sequence[Price] | Mapping[int, Price]
"""Bars that end in slices 0, 1, 2 …, or in the slices named. A slice's number is its time."""

Script: TypeAlias = Mapping[int, Sequence[tuple[str, int, float]]]
"""The signals of each slice: symbol, direction, strength."""

Run: TypeAlias = tuple[list[Event], dict[str, PortfolioReport]]


class _Source(Container):
    """Publishes scripted signals in step 5."""

    role: ClassVar[Role] = Role.STRATEGY

    def __init__(self, container_id: str, script: Script) -> None:
        super().__init__(container_id)
        self._script = script
        self._outlet: Outlet
        self._port: Port

    def acts(self) -> Mapping[Step, Act]:
        return {Step.SIGNALS: Act(self.publish)}

    def on_initialize(self, port: Port) -> None:
        self._port, self._outlet = port, port.outlet(EventKind.SIGNAL)

    def publish(self) -> None:
        bus = self._port.clock
        for symbol, direction, strength in self._script.get(bus.time_ns, ()):
            self._outlet.publish(
                Signal(bus.seq, bus.time_ns, self.id, None, symbol, direction, strength)
            )


class RunStreams(Protocol):
    def __call__(
        self,
        streams: Mapping[str, Stream],
        indicators: Sequence[Indicator],
        listeners: Mapping[Container, Sequence[str]],
        hears: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Event]: ...


class RunMarket(Protocol):
    def __call__(
        self,
        streams: Mapping[str, Stream],
        script: Script,
        *,
        portfolios: Mapping[str, Mapping[str, Any]] | None = None,
        capital: float = 1000.0,
        fill: str = "next_open",
        costs: Costs | None = None,
        close_at_end: bool = False,
        fractional: bool = False,
        lot_size: float = 1.0,
        allow_short: bool = False,
        files: Callable[[str], PortfolioFiles] | None = None,
        **profile: Any,
    ) -> Run: ...


def _make_bars(symbol: str, timeframe: str, stream: Stream) -> Bars:
    rows = stream if isinstance(stream, Mapping) else dict(enumerate(stream))
    prices = [p if isinstance(p, tuple) else (p, p) for p in rows.values()]
    ends = np.array(list(rows), dtype=np.int64)
    opens, closes = (np.array([p[i] for p in prices], dtype=np.float64) for i in (0, 1))
    return Bars(
        symbol=symbol,
        timeframe=Timeframe.parse(timeframe),
        label_ns=ends,
        end_ns=ends,
        open=opens,
        high=np.maximum(opens, closes),
        low=np.minimum(opens, closes),
        close=closes,
        volume=np.zeros(len(ends)),
        volume_valid=np.zeros(len(ends), dtype=np.bool_),
    )


@pytest.fixture(scope="session")
def make_bars() -> Callable[[str, str, Stream], Bars]:
    return _make_bars


@pytest.fixture
def run_streams() -> RunStreams:
    """Run classifiers and strategies, each over the streams named; answer all events.

    ``hears`` says whose SIGNALs a container is sent, by ids. Streams are named ``AAA/1d``.
    """

    def run(
        streams: Mapping[str, Stream],
        indicators: Sequence[Indicator],
        listeners: Mapping[Container, Sequence[str]],
        hears: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Event]:
        recorder = TraceRecorder()
        bus = Bus(recorder)
        data = {
            name: _make_bars(name.partition("/")[0], name.partition("/")[2], stream)
            for name, stream in streams.items()
        }
        for name, bars in data.items():
            bus.attach(DataContainer(f"data/{name}", bars=bars))
        for name, bars in data.items():
            bus.attach(
                FeaturesContainer(
                    f"features/{name}",
                    symbol=bars.symbol,
                    timeframe=str(bars.timeframe),
                    indicators=indicators,
                    bars=bars,
                )
            )
            bus.connect(EventKind.BAR, f"data/{name}", f"features/{name}")
        for listener, names in listeners.items():
            bus.attach(listener)
            for name in names:
                bus.connect(EventKind.BAR, f"data/{name}", listener.id)
                bus.connect(EventKind.FEATURES, f"features/{name}", listener.id)
        for hearer, heard in (hears or {}).items():
            for speaker in heard:
                bus.connect(EventKind.SIGNAL, speaker, hearer)
        bus.seal()
        for container in bus.containers:
            container.initialize(bus.port(container))
        for container in bus.containers:
            container.start()
        for time_ns in sorted({int(end) for bars in data.values() for end in bars.end_ns}):
            bus.run_slice(time_ns)
        return list(recorder.finish(bus.seq))

    return run


@pytest.fixture
def run_market() -> RunMarket:
    """Run scripted signals through portfolios, risk and execution; answer events and reports.

    Streams are named ``AAA/1d``; the first of a symbol is its base. ``files`` gives what writes
    the trades and the curve of a portfolio. A portfolio without a word
    aims for all of its equity, with no limit but leverage 1.
    """

    def run(
        streams: Mapping[str, Stream],
        script: Script,
        *,
        portfolios: Mapping[str, Mapping[str, Any]] | None = None,
        capital: float = 1000.0,
        fill: str = "next_open",
        costs: Costs | None = None,
        close_at_end: bool = False,
        fractional: bool = False,
        lot_size: float = 1.0,
        allow_short: bool = False,
        files: Callable[[str], PortfolioFiles] | None = None,
        **profile: Any,
    ) -> Run:
        base: dict[str, str] = {}
        data: dict[str, Bars] = {}
        for name, stream in streams.items():
            symbol, timeframe = name.split("/")
            base.setdefault(symbol, timeframe)
            data[name] = _make_bars(symbol, timeframe, stream)
        recorder = TraceRecorder()
        bus = Bus(recorder)
        for name, bars in data.items():
            bus.attach(DataContainer(f"data/{name}", bars=bars))
        bus.attach(_Source("strategy/s", script))
        owners: dict[str, PortfolioContainer] = {}
        settings = portfolios or {"s.p": profile}
        for name, wanted in settings.items():
            owners[name] = PortfolioContainer(
                f"portfolio/{name}",
                portfolio=name,
                base_timeframes=base,
                initial_capital=capital,
                sizing=Sizing(
                    max_position_size=wanted.get("max_position_size", 1.0),
                    fixed_quantity=wanted.get("fixed_quantity"),
                    fractional=fractional,
                    lot_size=lot_size,
                    allow_short=allow_short,
                ),
                stop_loss=wanted.get("stop_loss"),
                periods_per_year=252.0,
                files=None if files is None else files(name),
            )
            bus.attach(owners[name])
        for name, wanted in settings.items():
            limits = RiskLimits(
                max_leverage=wanted.get("max_leverage", 1.0),
                max_drawdown=wanted.get("max_drawdown"),
                drawdown_cooldown_bars=wanted.get("drawdown_cooldown_bars"),
            )
            bus.attach(
                RiskContainer(
                    f"risk/{name}",
                    portfolio=name,
                    account=owners[name].account,
                    symbols=tuple(base),
                    limits=limits,
                    initial_capital=capital,
                    fractional=fractional,
                    lot_size=lot_size,
                )
            )
        last_bars = {s: int(data[f"{s}/{frame}"].end_ns[-1]) for s, frame in base.items()}
        bus.attach(
            ExecutionContainer(
                "execution",
                accounts={name: owner.account for name, owner in owners.items()},
                last_bars=last_bars,
                fill=FillModel(fill),
                costs=costs or Costs(),
                close_at_end=close_at_end,
            )
        )
        _connect(bus, list(data), base, list(owners))
        bus.seal()
        for container in bus.containers:
            container.initialize(bus.port(container))
        for container in bus.containers:
            container.start()
        for time_ns in sorted({int(end) for bars in data.values() for end in bars.end_ns}):
            bus.run_slice(time_ns)
        events = list(recorder.finish(bus.seq))
        assert [event.seq for event in events] == list(range(len(events)))
        reports: dict[str, PortfolioReport] = {}
        for name, owner in owners.items():
            report = owner.collect()
            assert isinstance(report, PortfolioReport)
            reports[name] = report
        for container in reversed(bus.containers):
            container.stop()
            container.cleanup()
        return events, reports

    return run


def _connect(bus: Bus, streams: list[str], base: dict[str, str], portfolios: list[str]) -> None:
    for name in streams:
        for portfolio in portfolios:
            bus.connect(EventKind.BAR, f"data/{name}", f"portfolio/{portfolio}")
    for symbol, timeframe in base.items():
        bus.connect(EventKind.BAR, f"data/{symbol}/{timeframe}", "execution")
    for portfolio in portfolios:
        owner, risk = f"portfolio/{portfolio}", f"risk/{portfolio}"
        bus.connect(EventKind.SIGNAL, "strategy/s", owner)
        bus.connect(EventKind.ORDER_REQUEST, owner, risk)
        bus.connect(EventKind.PORTFOLIO_UPDATE, owner, risk)
        bus.connect(EventKind.ORDER, risk, owner)
        bus.connect(EventKind.ORDER, risk, "execution")
        bus.connect(EventKind.FILL, "execution", owner, portfolio)
        bus.connect(EventKind.CANCELLATION, "execution", owner, portfolio)
