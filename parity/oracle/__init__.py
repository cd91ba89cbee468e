"""The oracle: a third, deliberately plain reading of what a single-pass backtest gives.

It shares no code with the engines: no bus, no containers, no streaming. It exists to be right
where both of them could be wrong together, and so it is written to be read.

>>> run_backtest({"workflow": "k_fold_study"}, Path())
Traceback (most recent call last):
...
parity.oracle.refusal.CannotExpress: the workflow is 'k_fold_study', not 'simple_backtest'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from containers.events import Event
from containers.results import EquityCurve, PortfolioResult
from parity.oracle.bars import load_streams
from parity.oracle.metrics import compute_metrics
from parity.oracle.refusal import CannotExpress
from parity.oracle.settings import resolve
from parity.oracle.simulate import simulate
from parity.oracle.state import Portfolio
from parity.oracle.times import periods_per_year

__all__ = ["Backtest", "CannotExpress", "run_backtest"]


@dataclass(frozen=True)
class Backtest:
    """What the oracle says of a backtest.

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
    first = settings.symbols[0]
    per_year = settings.periods_per_year
    if per_year is None:
        labels_ns = [bar.label_ns for bar in streams[first.base]]
        per_year = periods_per_year(first.timeframes[0], labels_ns)
    state = simulate(settings, streams, per_year)
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
