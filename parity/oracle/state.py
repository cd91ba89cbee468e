"""What a unit is made of while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from containers.events import Event, Features, OrderRequest, Signal
from parity.oracle.account import Account
from parity.oracle.bars import PricedBar
from parity.oracle.components import View, requested_indicators
from parity.oracle.indicators import History, Indicator, feature_name, make_indicator
from parity.oracle.orders import Drawdown
from parity.oracle.settings import Component, Profile, Settings, Stream

__all__ = ["Portfolio", "Sample", "Slice", "State", "make_state"]


@dataclass(frozen=True)
class Sample:
    """A portfolio at a PORTFOLIO_UPDATE."""

    time_ns: int
    equity: float
    has_position: bool


@dataclass
class Portfolio:
    """One strategy under one risk profile."""

    id: str
    strategy: Component
    profile: Profile
    account: Account
    drawdown: Drawdown
    samples: list[Sample] = field(default_factory=list)
    ruined_at: int | None = None


@dataclass
class SymbolState:
    """What is known of a symbol from its base bars."""

    last_end_ns: int | None  # of the whole unit; null for a symbol that is never traded in it
    bars_seen: int = 0
    bar_seq: int = -1


@dataclass
class StreamState:
    """The bars of a stream so far, and its indicators by feature name."""

    history: History = field(default_factory=History)
    indicators: dict[str, Indicator] = field(default_factory=dict)


@dataclass
class Slice:
    """All bars with one end, and what the steps tell those after them."""

    time_ns: int
    bars: Sequence[tuple[Stream, PricedBar]]
    bar_seqs: dict[Stream, int] = field(default_factory=dict)
    base_bars: dict[str, PricedBar] = field(default_factory=dict)
    features: dict[Stream, Features] = field(default_factory=dict)
    signals: dict[tuple[str, str], Signal] = field(default_factory=dict)
    requests: list[tuple[Portfolio, OrderRequest]] = field(default_factory=list)


@dataclass
class State:
    """A unit between two steps.

    Attributes:
        closes: Last base close by symbol; a symbol without a bar yet is not in it.
        views: Last view by strategy and symbol.
        labels: Last label by classifier and symbol.
    """

    settings: Settings
    periods_per_year: float
    portfolios: list[Portfolio]
    symbols: dict[str, SymbolState]
    streams: dict[Stream, StreamState]
    events: list[Event] = field(default_factory=list)
    closes: dict[str, float] = field(default_factory=dict)
    views: dict[tuple[str, str], View] = field(default_factory=dict)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    slice_count: int = 0

    @property
    def next_seq(self) -> int:
        """Number of the next event: how many came before it."""
        return len(self.events)


def make_state(
    settings: Settings,
    bars: Mapping[Stream, Sequence[PricedBar]],
    periods_per_year: float,
    trading_from_ns: int | None = None,
) -> State:
    """Set a unit up as it is before its first slice."""
    last_ends: dict[str, int | None] = {}
    for symbol in settings.symbols:
        ends = [bar.end_ns for bar in bars[symbol.base]]
        traded = [end for end in ends if trading_from_ns is None or end >= trading_from_ns]
        last_ends[symbol.name] = traded[-1] if traded else None
    return State(
        settings=settings,
        periods_per_year=periods_per_year,
        portfolios=[
            _make_portfolio(strategy, profile, settings)
            for strategy in settings.strategies
            for profile in settings.profiles
        ],
        symbols={name: SymbolState(last_end_ns=end) for name, end in last_ends.items()},
        streams=_declare_features(settings),
    )


def _make_portfolio(strategy: Component, profile: Profile, settings: Settings) -> Portfolio:
    name = f"{strategy.name}.{profile.name}"
    symbols = [symbol.name for symbol in settings.symbols]
    return Portfolio(
        id=name,
        strategy=strategy,
        profile=profile,
        account=Account(name, symbols, settings.initial_capital),
        drawdown=Drawdown(profile, settings.initial_capital),
    )


def _declare_features(settings: Settings) -> dict[Stream, StreamState]:
    """Give each stream its indicators in order of first declaration, strategies first."""
    states = {
        (symbol.name, timeframe.text): StreamState()
        for symbol in settings.symbols
        for timeframe in symbol.timeframes
    }
    for component in (*settings.strategies, *settings.classifiers):
        for stream in component.streams:
            for request in requested_indicators(component.type, component.parameters):
                indicators = states[stream].indicators
                if feature_name(request) not in indicators:
                    indicators[feature_name(request)] = make_indicator(request)
    return states
