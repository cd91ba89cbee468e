"""The oracle: a third, deliberately plain reading of what a unit gives.

`run_backtest` takes a simple backtest from what its user wrote. `run_unit` takes one unit of any
longer study, at the window and with the parameters that a record says it had.

It shares no code with the engines: no bus, no containers, no streaming. It exists to be right
where both of them could be wrong together, and so it is written to be read.

>>> run_backtest({"workflow": "k_fold_study"}, Path())
Traceback (most recent call last):
...
parity.oracle.refusal.CannotExpress: the workflow is 'k_fold_study', not 'simple_backtest'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from containers.events import Event
from containers.results import EquityCurve, PortfolioResult
from parity.oracle.bars import PricedBar, load_streams
from parity.oracle.metrics import compute_metrics
from parity.oracle.refusal import CannotExpress
from parity.oracle.settings import Settings, Stream, resolve
from parity.oracle.simulate import simulate
from parity.oracle.state import Portfolio
from parity.oracle.times import periods_per_year
from parity.oracle.units import Unit, cut, settings_of

__all__ = [
    "Backtest",
    "CannotExpress",
    "Market",
    "Unit",
    "load_streams",
    "run_backtest",
    "run_unit",
]

Market: TypeAlias = Mapping[Stream, Sequence[PricedBar]]
"""All bars in the configured range, by stream."""


@dataclass(frozen=True)
class Backtest:
    """What the oracle says of a unit.

    Attributes:
        events: All events of the unit in order, whatever the configured trace level.
        slices: How many slices there were.
        portfolios: By id, strategies outer, profiles inner.
    """

    events: Sequence[Event]
    slices: int
    portfolios: Mapping[str, PortfolioResult]


def run_backtest(config: Mapping[str, Any], base_dir: Path) -> Backtest:
    """Run a simple backtest from the user's configuration as it was written.

    Args:
        config: The parsed configuration, without any defaults.
        base_dir: The folder that ``data.data_dir`` is relative to.

    Raises:
        CannotExpress: When the workflow, or a part of it, is beyond the oracle.
        ValueError: When the data cannot be used; the engines refuse such data before.
    """
    settings = resolve(config, base_dir)
    streams = load_streams(settings)
    return _run(settings, streams, _periods_per_year(settings, streams), None)


def run_unit(
    unit: Unit, base_dir: Path, load: Callable[[Settings], Market] = load_streams
) -> Backtest:
    """Run one unit of a longer study.

    Args:
        unit: What a record says of it.
        base_dir: The folder that ``data.data_dir`` is relative to.
        load: Gives the bars; a caller with many units over the same ones can keep them.

    Raises:
        CannotExpress: It is of a kind that the oracle does not cover.
        ValueError: When the data cannot be used.
    """
    settings = settings_of(unit, base_dir)
    streams = load(settings)
    bars, trading_from_ns = cut(streams, settings.symbols[0].base, unit)
    return _run(settings, bars, _periods_per_year(settings, streams), trading_from_ns)


def _periods_per_year(settings: Settings, streams: Market) -> float:
    """Give N; ``auto`` goes by the whole configured range, whatever the window."""
    if settings.periods_per_year is not None:
        return settings.periods_per_year
    first = settings.symbols[0]
    return periods_per_year(first.timeframes[0], [bar.label_ns for bar in streams[first.base]])


def _run(
    settings: Settings, bars: Market, per_year: float, trading_from_ns: int | None
) -> Backtest:
    state = simulate(settings, bars, per_year, trading_from_ns)
    return Backtest(
        events=state.events,
        slices=state.slice_count,
        portfolios={
            portfolio.id: _result(portfolio, settings.initial_capital, per_year)
            for portfolio in state.portfolios
        },
    )


def _result(portfolio: Portfolio, initial_capital: float, per_year: float) -> PortfolioResult:
    return PortfolioResult(
        strategy=portfolio.strategy.name,
        profile=portfolio.profile.name,
        parameters=portfolio.strategy.parameters,
        metrics=compute_metrics(portfolio, initial_capital, per_year),
        trades=tuple(portfolio.account.trades),
        equity_curve=EquityCurve(
            time_ns=np.array([sample.time_ns for sample in portfolio.samples], dtype=np.int64),
            equity=np.array([sample.equity for sample in portfolio.samples], dtype=np.float64),
        ),
    )
