"""What a phase brings to its units: configuration and data, sequence and topology, inputs.

`Work.start` gives what surrounds everything, `Work.unit` what one place in it runs. Workers are
handed a phase's work once, and of each unit only its `Spot`, from which `Work.around` gives what
surrounds it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from containers.components import Components
from containers.configuration import Configuration, SpaceKey, space_of
from containers.data import MarketData
from declarative.around import Around, Spot, with_parameters
from declarative.definitions import SequenceDefinition
from declarative.moulds import Moulds
from declarative.patterns import Pattern
from declarative.resampling import Drawn
from declarative.scope import Cast
from declarative.sequences import Inner, chosen, no_keys
from declarative.topology import Assembly
from declarative.unit import Unit
from declarative.variations import Parameters

__all__ = ["Work", "warmed"]


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do in a phase.

    Attributes:
        configuration: Resolved.
        market: The phase's data.
        components: What exists.
        inner: Its sequence, with its bodies.
        sequences: All patterns by name, for sequences that optimise.
        topology: What its units are of.
        tests_with: What tests the best, where the topology combines; null otherwise.
        inputs: By name.
        periods_per_year: N, for all windows that of the whole range.
        several: Whether it is more than one unit, so that its portfolios lie in its own folder.
        moulds: Its topologies, expanded.
        drawn: The data of its bootstraps.
    """

    configuration: Configuration
    market: MarketData
    components: Components
    inner: Inner
    sequences: Mapping[str, Pattern[SequenceDefinition]]
    topology: Assembly
    tests_with: Assembly | None
    periods_per_year: float
    inputs: Mapping[str, Any] = field(default_factory=dict)
    several: bool = False
    moulds: Moulds = field(default_factory=Moulds)
    drawn: Drawn = field(init=False)

    def __post_init__(self) -> None:
        drawn = Drawn(self.market, self.configuration.random_seed)
        object.__setattr__(self, "drawn", drawn)

    def start(self) -> Around:
        """Give what surrounds the sequence: all data, and what of the space is to be walked."""
        count = len(self.market.base(self.market.symbols[0]))
        return Around(
            market=self.market,
            origin=0,
            first=0,
            last=count - 1,
            everything=True,
            warmup=0,
            configuration=self.configuration,
            space=self._space(),
        )

    def around(self, spot: Spot) -> Around:
        """Give what surrounds a unit, from its short form."""
        configuration = with_parameters(self.configuration, spot.changes)
        if spot.closes != configuration.execution.close_at_end:
            execution = replace(configuration.execution, close_at_end=spot.closes)
            configuration = replace(configuration, execution=execution)
        return Around(
            market=self.drawn.market(spot.resampled),
            origin=spot.origin,
            first=spot.first,
            last=spot.last,
            everything=spot.everything,
            warmup=spot.warmup,
            configuration=configuration,
            space=self._space() if spot.walks else (),
            tested=spot.tested,
            spawn_key=spot.spawn_key,
            changes=spot.changes,
            resampled=spot.resampled,
        )

    def data(self, around: Around, warmup_bars: int) -> MarketData:
        """Give the data of a unit here, drawn if they are a bootstrap's."""
        if around.resampled:
            around = replace(around, market=self.drawn.market(around.resampled))
        return around.cut(warmup_bars)

    def _space(self) -> tuple[SpaceKey, ...]:
        keys = space_of(self.configuration, self.components)
        if self.topology.definition.sweeps == "all":
            return keys
        combining = {
            settings.name
            for settings in self.configuration.strategies
            if hasattr(self.components.strategies[settings.type], "combine")
        }
        return tuple(key for key in keys if key.strategy in combining)

    def topology_of(self, around: Around) -> Assembly:
        """Give the topology of a unit here."""
        return self.tests_with if around.tested and self.tests_with is not None else self.topology

    def combines(self, around: Around) -> bool:
        """Say whether a unit here runs all combinations at once."""
        return self.topology_of(around).definition.combines is not None

    def combinations(self, around: Around) -> list[Parameters]:
        """Give those combinations; none where the topology does not combine.

        Raises:
            ConfigurationError: The space is empty.
        """
        if not self.combines(around):
            return []
        if not around.space:
            raise no_keys()
        return [parameters for parameters, _ in chosen(around)]

    def unit(self, around: Around) -> Unit:
        """Give a unit that runs here, but for its data.

        Raises:
            ConfigurationError: It runs all combinations, and there are none.
        """
        return Unit(
            topology=self.topology_of(around),
            configuration=around.configuration,
            market=self.market,
            components=self.components,
            periods_per_year=self.periods_per_year,
            inputs=self.inputs,
            combinations=self.combinations(around),
            saves=self.configuration.results.store_full_results or not self.several,
        )


def warmed(unit: Unit, around: Around) -> tuple[Cast | None, int]:
    """Make the components of a unit, and say how many bars warm them up.

    What cannot be made is told by the unit, which makes it once more.
    """
    before = around.first - around.origin
    try:
        cast = unit.cast()
    except Exception:  # noqa: BLE001  # it will be raised again, in the unit
        return None, 0
    wanted = cast.lookback if around.warmup == "auto" else around.warmup
    return cast, 0 if around.everything else min(wanted, before)
