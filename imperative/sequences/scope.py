"""What an iteration runs over and with: a stretch of bars, a configuration, what it may still try.

A `Scope` is frozen. Sequences make narrower ones of it: part of the bars, other parameters, no
space left; what is changed holds for everything inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from containers.components import Components
from containers.configuration import Configuration, SpaceKey
from containers.data import MarketData
from containers.errors import ConfigurationError, Problem
from containers.results import Window
from imperative.parameters import with_parameters
from imperative.sequences.bootstrap import Draw
from imperative.sequences.windows import Stretch

__all__ = ["Cut", "Scope", "Span", "WarmupBars"]

WarmupBars = int | Literal["auto"]


class Cut(NamedTuple):
    """The data of a unit.

    Attributes:
        market: Warm-up and window.
        times_ns: (k,) int64 nanoseconds UTC, ascending: the end of every slice.
        warm_up_slices: How many of them come before the window.
        warmup_bars: Base bars of the first symbol before the window.
        trading_from_ns: End of the first bar of the window; null without warm-up.
        from_ns: Where the window begins: its first slice.
        last_bars: End of the last base bar of every symbol that has one in the window.
    """

    market: MarketData
    times_ns: npt.NDArray[np.int64]
    warm_up_slices: int
    warmup_bars: int
    trading_from_ns: int | None
    from_ns: int
    last_bars: Mapping[str, int]


class Span:
    """A stretch of the bars of a market; units over the same stretch share what is cut.

    Args:
        market: Where the bars are.
        origin: Index, in the configured range, of the market's first base bar.
        bars: Indexes in the configured range of the first symbol's base bars, both included.
        whole: Take all of the market, also what ends before the first bar.
        given: The market that bars were drawn from; null: none were, it is the market itself.
        draws: How, one drawing after the other: enough to do so again in another process.
    """

    __slots__ = ("_cuts", "bars", "draws", "given", "market", "origin", "whole")

    def __init__(
        self,
        market: MarketData,
        *,
        origin: int,
        bars: Stretch,
        whole: bool = False,
        given: MarketData | None = None,
        draws: tuple[Draw, ...] = (),
    ) -> None:
        self.market: Final = market
        self.given: Final = market if given is None else given
        self.draws: Final = draws
        self.origin: Final = origin
        self.bars: Final = bars
        self.whole: Final = whole
        self._cuts: dict[int, Cut] = {}

    def __len__(self) -> int:
        return self.bars.last - self.bars.first + 1

    def end_ns(self, bar: int) -> int | None:
        """Give the end of a bar, by its index in the configured range; null behind the data."""
        ends = self.market.base(self.market.symbols[0]).end_ns
        place = bar - self.origin
        return int(ends[place]) if place < len(ends) else None

    def part(self, stretch: Stretch) -> Span:
        """Give a part of it, by bars counted from its own first.

        Raises:
            ConfigurationError: It has no bar, or one that is not of this.
        """
        if not 0 <= stretch.first <= stretch.last < len(self):
            message = f"bars {stretch.first} to {stretch.last} are no window of {len(self)} bars"
            raise ConfigurationError([Problem(message)])
        first = self.bars.first
        bars = Stretch(first + stretch.first, first + stretch.last)
        return Span(self.market, origin=self.origin, bars=bars, given=self.given, draws=self.draws)

    def drawn(self, block_bars: int, seed: int, spawn_key: tuple[int, ...]) -> Span:
        """Give the same stretch of a market whose bars are drawn anew from it; none comes before.

        Raises:
            ValueError: A price came out as 0 or beyond all floats.
        """
        draw = Draw(self._ends(), len(self), block_bars, seed, spawn_key)
        return Span(
            draw.of(self.market),
            origin=self.origin if self.whole else self.bars.first,
            bars=self.bars,
            whole=self.whole,
            given=self.given,
            draws=(*self.draws, draw),
        )

    def window(self, name: str, warmup_bars: int = 0) -> Window:
        """Describe it."""
        start_ns, end_ns = self.end_ns(self.bars.first), self.end_ns(self.bars.last)
        if start_ns is None or end_ns is None:
            raise IndexError(f"bars {self.bars} lie behind the data")
        return Window(name, self.bars.first, self.bars.last, warmup_bars, start_ns, end_ns)

    def alone(self) -> MarketData:
        """Give the window's own bars, without any before or behind."""
        ends = self._ends()
        return self.market if ends is None else self.market.cut(*ends)

    def _ends(self) -> tuple[int | None, int | None] | None:
        if self.whole:
            return None
        return self.end_ns(self.bars.first), self.end_ns(self.bars.last + 1)

    def warm_up(self, warmup_bars: int) -> int:
        """Say how many of the bars of warm-up that are asked for there are."""
        return 0 if self.whole else min(warmup_bars, self.bars.first - self.origin)

    def cut(self, warmup_bars: int) -> Cut:
        """Give the data of a unit with up to ``warmup_bars`` bars of warm-up."""
        before = self.warm_up(warmup_bars)
        if before not in self._cuts:
            self._cuts[before] = self._cut(before)
        return self._cuts[before]

    def _cut(self, before: int) -> Cut:
        start_ns = self.end_ns(self.bars.first)
        if self.whole:
            market = self.market
        else:
            first, behind = self.bars.first - before, self.bars.last + 1
            market = self.market.cut(self.end_ns(first), self.end_ns(behind))
        times_ns = market.slice_times()
        if self.whole or start_ns is None:
            start_ns = int(times_ns[0])
        ends = {symbol: market.last_base_end(symbol) for symbol in market.symbols}
        return Cut(
            market=market,
            times_ns=times_ns,
            warm_up_slices=int(np.searchsorted(times_ns, start_ns)) if before else 0,
            warmup_bars=before,
            trading_from_ns=start_ns if before else None,
            from_ns=start_ns,
            last_bars={s: end for s, end in ends.items() if end is not None and end >= start_ns},
        )


class Scope(msgspec.Struct, frozen=True):
    """What an iteration runs over and with.

    Attributes:
        span: The bars.
        configuration: Of the phase, with the changes of all iterations around.
        topology: What a unit in it builds.
        components: What exists.
        space: Keys of the parameter space that are not used up.
        warmup_bars: Before every unit in it; ``auto``: as many as the unit looks back.
        spawn_key: Indexes of the random iterations around, outermost first.
        periods_per_year: N of the metrics.
    """

    span: Span
    configuration: Configuration
    topology: str
    components: Components
    space: tuple[SpaceKey, ...]
    warmup_bars: WarmupBars
    spawn_key: tuple[int, ...]
    periods_per_year: float

    def part(self, stretch: Stretch, warmup_bars: WarmupBars) -> Scope:
        """Give the scope of some of its bars, counted from its own first."""
        return msgspec.structs.replace(self, span=self.span.part(stretch), warmup_bars=warmup_bars)

    def used_up(self) -> Scope:
        """Give the scope in which nothing is left to try."""
        return msgspec.structs.replace(self, space=())

    def closing(self, *, at_end: bool) -> Scope:
        """Give the scope of a test, whose units close their positions in the end if they shall."""
        execution = self.configuration.execution
        if not at_end or execution.close_at_end:
            return self
        closing = msgspec.structs.replace(execution, close_at_end=True)
        configuration = msgspec.structs.replace(self.configuration, execution=closing)
        return msgspec.structs.replace(self, configuration=configuration)

    def tested(self, parameters: Mapping[str, Any], *, close_at_end: bool) -> Scope:
        """Give the scope of a test: with what training chose, and nothing left to try."""
        closed = self.closing(at_end=close_at_end)
        return msgspec.structs.replace(
            closed,
            configuration=with_parameters(closed.configuration, parameters),
            topology="backtest" if self.topology == "optimization" else self.topology,
            space=(),
        )

    def changed(self, parameters: Mapping[str, Any], spawn_key: tuple[int, ...]) -> Scope:
        """Give the scope with other parameters."""
        return msgspec.structs.replace(
            self,
            configuration=with_parameters(self.configuration, parameters),
            spawn_key=spawn_key,
        )
