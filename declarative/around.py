"""What surrounds an iteration: data, range of bars, configuration, seed; and its short form.

Bars are counted absolutely, in the configured range, wherever an iteration is nested. A `Spot` is
what of an `Around` cannot be taken from the work of its phase (`declarative.work`): it is small
and plain, for it travels to workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from containers.configuration import Configuration, SpaceKey
from containers.data import MarketData
from containers.results import Window
from declarative.resampling import Resampling
from declarative.variations import Parameters
from declarative.views import split_key

__all__ = ["Around", "Spot", "with_parameters"]


class Spot(msgspec.Struct, frozen=True):
    """Of what surrounds a unit, what its phase does not say; attributes as those of `Around`.

    Attributes:
        closes: What ``execution.close_at_end`` has come to.
        walks: Whether the parameter space is left to be walked.
    """

    origin: int
    first: int
    last: int
    everything: bool
    warmup: int | Literal["auto"]
    closes: bool
    walks: bool
    tested: bool
    spawn_key: tuple[int, ...]
    changes: Parameters
    resampled: tuple[Resampling, ...]


class Around(msgspec.Struct, frozen=True):
    """What surrounds an iteration.

    Attributes:
        market: The data; in a bootstrap those of its range alone, as they were: times are all that
            is read of them, and these stay.
        origin: Which bar of the configured range is the first of ``market``.
        first: First bar of the range around.
        last: Its last bar, inclusive.
        everything: Whether all data belong to it, also what is before ``first``.
        warmup: Bars before a unit's window that warm up; ``auto``: as many as it looks back.
        configuration: With all changes so far.
        space: Keys of the parameter space that are left to be walked.
        tested: Whether parameters have been chosen for what runs here.
        spawn_key: Indexes of the random iterations around.
        shown: Window of whatever places itself nowhere, where that is not all of the range.
        changes: All parameters that were changed so far, as they are now.
        resampled: How the data come of those of the phase, one bootstrap after the other.
    """

    market: MarketData
    origin: int
    first: int
    last: int
    everything: bool
    warmup: int | Literal["auto"]
    configuration: Configuration
    space: tuple[SpaceKey, ...]
    tested: bool = False
    spawn_key: tuple[int, ...] = ()
    shown: tuple[int, int] | None = None
    changes: Parameters = {}
    resampled: tuple[Resampling, ...] = ()

    @property
    def bars(self) -> int:
        """How many base bars of the first symbol there are."""
        return self.last - self.first + 1

    def changed(self, parameters: Mapping[str, Any]) -> Around:
        """Give what surrounds the same with other parameters."""
        if not parameters:
            return self
        return replace(
            self,
            configuration=with_parameters(self.configuration, parameters),
            changes={**self.changes, **parameters},
        )

    def end_ns(self, bar: int) -> int | None:
        """Give the end of a bar of the configured range; null behind the last."""
        ends = self.market.base(self.market.symbols[0]).end_ns
        place = bar - self.origin
        return int(ends[place]) if place < len(ends) else None

    def window(self, name: str, first: int, last: int, warmup_bars: int = 0) -> Window:
        """Describe a range of bars."""
        ends = self.market.base(self.market.symbols[0]).end_ns
        return Window(
            name=name,
            first_bar=first,
            last_bar=last,
            warmup_bars=warmup_bars,
            start_ns=int(ends[first - self.origin]),
            end_ns=int(ends[last - self.origin]),
        )

    def cut(self, warmup_bars: int) -> MarketData:
        """Give the data of the range, and of so many bars before it."""
        if self.everything:
            return self.market
        return self.market.cut(self.end_ns(self.first - warmup_bars), self.end_ns(self.last + 1))

    def bootstrap(self, block_bars: int) -> Around:
        """Give what is inside a bootstrap of the range: it has no bar before it.

        Its key is the spawn key here.
        """
        until_ns = None if self.everything else self.end_ns(self.last + 1)
        since_ns = None if self.everything else self.end_ns(self.first)
        step = Resampling(since_ns, until_ns, block_bars, self.spawn_key)
        return replace(
            self, market=self.cut(0), origin=self.first, resampled=(*self.resampled, step)
        )

    def spot(self) -> Spot:
        """Give its short form; `declarative.work.Work.around` is the way back."""
        return Spot(
            origin=self.origin,
            first=self.first,
            last=self.last,
            everything=self.everything,
            warmup=self.warmup,
            closes=self.configuration.execution.close_at_end,
            walks=bool(self.space),
            tested=self.tested,
            spawn_key=self.spawn_key,
            changes=self.changes,
            resampled=self.resampled,
        )


def with_parameters(configuration: Configuration, parameters: Mapping[str, Any]) -> Configuration:
    """Put parameters, by ``{strategy}.{parameter}``, into a typed configuration."""
    by_name = {strategy.name: dict(strategy.parameters) for strategy in configuration.strategies}
    for key, value in parameters.items():
        name, steps = split_key(key, by_name)
        target = by_name[name]
        for step in steps[:-1]:
            target[step] = dict(target[step])
            target = target[step]
        target[steps[-1]] = value
    strategies = tuple(
        replace(strategy, parameters=by_name[strategy.name])
        for strategy in configuration.strategies
    )
    return replace(configuration, strategies=strategies)
