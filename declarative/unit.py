"""One unit, one execution of one topology over one range of data: what there is to run.

`declarative.running` runs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from containers.components import Components
from containers.configuration import Configuration
from containers.data import MarketData
from containers.results import ErrorInfo, Label, PortfolioResult, Signals
from containers.trace import Trace
from declarative.scope import Cast, cast_of, topology_scope
from declarative.topology import Assembly, Blueprint, expand
from declarative.variations import Parameters

__all__ = ["Unit", "UnitResult"]


class Unit(msgspec.Struct, frozen=True):
    """What there is to run.

    Attributes:
        topology: Put together from its pattern.
        configuration: Resolved, with the changes of the iterations it is in.
        market: The unit's own data, with the bars that warm up.
        components: What exists.
        periods_per_year: For ``metrics.periods_per_year: auto``; null: from the unit's own data.
        trading_from_ns: End of the first bar that is no warm-up; null when there is none.
        inputs: What the phase hands in, by name.
        combinations: Parameters that run at once, where the topology combines.
        saves: Whether portfolios save trades and curve into the unit's folder.
    """

    topology: Assembly
    configuration: Configuration
    market: MarketData
    components: Components
    periods_per_year: float | None = None
    trading_from_ns: int | None = None
    inputs: Mapping[str, Any] = {}
    combinations: Sequence[Parameters] = ()
    saves: bool = True

    @property
    def periods(self) -> float:
        """What ``metrics.periods_per_year`` comes to."""
        periods = self.configuration.metrics.periods_per_year
        if isinstance(periods, str):
            return self.periods_per_year or self.market.periods_per_year()
        return periods

    def cast(self) -> Cast:
        """Make the components; whatever one raises is raised."""
        return cast_of(
            self.topology, self.configuration, self.components, self.periods, self.combinations
        )

    def blueprint(self, cast: Cast | None = None) -> Blueprint:
        """Expand the topology.

        Raises:
            PatternError: The topology is wrong.
            Exception: Whatever a component raises while it is made.
        """
        scope = self.scope(self.cast() if cast is None else cast)
        return expand(self.topology, scope, self.components)

    def scope(self, cast: Cast) -> dict[str, Any]:
        """Give what its topology may refer to."""
        return topology_scope(
            self.topology,
            self.configuration,
            self.market,
            cast,
            periods_per_year=self.periods,
            trading_from_ns=self.trading_from_ns,
            from_ns=self.from_ns(),
            last_bars=self.last_bars(),
            inputs=_plain(self.inputs),
        )

    def last_bars(self) -> list[tuple[str, int]]:
        """Give the end of the last base bar of every symbol that has one in the window."""
        since = self.trading_from_ns
        lasts = ((symbol, self.market.last_base_end(symbol)) for symbol in self.market.symbols)
        return [(s, last) for s, last in lasts if last is not None and (since or last) <= last]

    def from_ns(self) -> int:
        """Give the end of the window's first slice."""
        if self.trading_from_ns is not None:
            return self.trading_from_ns
        streams = [bars for bars in self.market.values() if len(bars)]
        return min((int(bars.end_ns[0]) for bars in streams), default=0)


class UnitResult(msgspec.Struct, frozen=True):
    """What came of a unit, or the error.

    Attributes:
        portfolios: By id.
        trace: Null after an error.
        error: Null on success.
        signals: Null when the topology keeps none.
        labels: What each classifier said, by its name.
        combination_of: Which combination a portfolio belongs to, where several ran at once.
    """

    portfolios: Mapping[str, PortfolioResult]
    trace: Trace | None
    error: ErrorInfo | None = None
    signals: Signals | None = None
    labels: Mapping[str, Sequence[Label]] = {}
    combination_of: Mapping[str, int] = {}


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Let topologies look into stored signals; everything else is handed on whole."""
    return {
        name: {"strategies": value.strategies, "rows": value.rows}
        if isinstance(value, Signals)
        else value
        for name, value in inputs.items()
    }
