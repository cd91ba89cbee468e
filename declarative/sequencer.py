"""The sequence of a phase: which windows, and running a unit over each.

1. `plan_iterations` resolves the pattern's windows and cuts the data to them, before anything runs.
2. `run_iterations` runs them in order; the first that fails ends the phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from containers.components import Components
from containers.configuration import Configuration
from containers.configuration.plain import found
from containers.data import Bars, MarketData
from containers.failures import describe_error
from containers.journal import ErrorRaised, IterationStarted, Journal
from containers.results import ErrorInfo, IterationResult, Window
from containers.storage import RunFolder, UnitFolder
from declarative.patterns import Pattern
from declarative.references import Node, Scope
from declarative.schema import SequenceDefinition, TopologyDefinition
from declarative.scope import sequence_scope
from declarative.unit import Unit, UnitResult, run_unit
from declarative.values import resolve

__all__ = ["PhaseFolder", "PlannedIteration", "plan_iterations", "run_iterations"]


@dataclass(frozen=True, slots=True)
class PlannedIteration:
    """One run of the topology: its window, its seed, and what is to be run."""

    window: Window
    seed: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class PhaseFolder:
    """Where the units of a phase keep their data: in the run's folder, below loop and phase."""

    run: RunFolder
    loop: int
    phase: str

    @property
    def relative(self) -> str:
        """Its path inside the run's folder."""
        return f"{self.loop}/{self.phase}"

    def unit(self, index: int) -> UnitFolder:
        """Make the folder of a unit; `StorageError` when that fails."""
        return self.run.unit((self.loop, self.phase, index))


def plan_iterations(
    sequence: Pattern[SequenceDefinition],
    topology: Pattern[TopologyDefinition],
    configuration: Configuration,
    market: MarketData,
    components: Components,
) -> tuple[PlannedIteration, ...]:
    """Say what a sequence runs, over which data.

    Raises:
        PatternError: A window is not inside the data, or a reference leads nowhere.
    """
    scope = sequence_scope(configuration, market)
    periods = market.periods_per_year()
    planned = []
    for index in range(len(sequence.definition.iterations)):
        node = sequence.node("iterations", index)
        window, cut = _window(node.at("window"), scope, market)
        seed = _whole(node.at("seed"), scope)
        unit = Unit(topology, configuration, cut, components, periods)
        planned.append(PlannedIteration(window, seed, unit))
    return tuple(planned)


def run_iterations(
    iterations: tuple[PlannedIteration, ...], journal: Journal, folder: PhaseFolder | None
) -> tuple[tuple[IterationResult, ...], ErrorInfo | None]:
    """Run the iterations in order, up to the first that fails.

    Args:
        iterations: Of one phase.
        journal: Of the phase.
        folder: Where results are kept; null: in memory alone.

    Returns:
        The results of those that succeeded, and the error of the one that did not.
    """
    results: list[IterationResult] = []
    for index, planned in enumerate(iterations):
        inner = journal.child("window", index)
        inner.write(
            IterationStarted(window=planned.window, parameters={}, seed=planned.seed, spawn_key=())
        )
        ran = _run_in_folder(planned.unit, inner.child("unit", 0), folder, index)
        if ran.error is not None:
            return tuple(results), ran.error
        root = None if folder is None else folder.run.path
        results.append(
            IterationResult(
                window=planned.window,
                parameters={},
                seed=planned.seed,
                portfolios=ran.portfolios,
                trace_summary=None if ran.trace is None else ran.trace.summary(root),
                trace=ran.trace,
            )
        )
    return tuple(results), None


def _run_in_folder(
    unit: Unit, journal: Journal, folder: PhaseFolder | None, index: int
) -> UnitResult:
    try:
        place = None if folder is None else folder.unit(index)
    except Exception as error:  # noqa: BLE001  # handed on, in the result
        described = describe_error(error, journal.path)
        journal.write(ErrorRaised(error=described))
        return UnitResult({}, None, described)
    return run_unit(unit, journal, place)


def _window(node: Node, scope: Scope, market: MarketData) -> tuple[Window, MarketData]:
    base = market.base(market.symbols[0])
    first, last = _whole(node.at("first_bar"), scope), _whole(node.at("last_bar"), scope)
    if not 0 <= first <= last < len(base):
        message = f"bars {first} to {last} are no window; expected 0 <= first <= last"
        raise node.error(f"{message}, and last < {len(base)}, the number of bars")
    window = Window(
        name=node.value["name"],
        first_bar=first,
        last_bar=last,
        warmup_bars=0,
        start_ns=int(base.end_ns[first]),
        end_ns=int(base.end_ns[last]),
    )
    if first == 0 and last == len(base) - 1:
        return window, market
    until = int(base.end_ns[last + 1]) if last + 1 < len(base) else None
    pieces = [_cut(bars, window.start_ns, until) for bars in market.values()]
    for piece in pieces:
        if not len(piece):
            what = f"{piece.symbol} {piece.timeframe}"
            raise node.error(f"no bar of {what} lies in bars {first} to {last}")
    return window, MarketData(pieces, market.dropped)


def _cut(bars: Bars, start_ns: int, until_ns: int | None) -> Bars:
    """Give the bars that end from ``start_ns`` on and before ``until_ns``; null: to the last."""
    ends = bars.end_ns
    first = int(np.searchsorted(ends, start_ns, "left"))
    after = len(bars) if until_ns is None else int(np.searchsorted(ends, until_ns, "left"))
    return bars.rows(first, max(first, after) - 1)


def _whole(node: Node, scope: Scope) -> int:
    value: Any = resolve(node, scope)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise node.error(f"found {found(value)}, expected a whole number of at least 0")
