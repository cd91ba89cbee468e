"""A complete configuration, typed and frozen: what engines and containers read.

Field for field the sections of the user configuration. Nothing here has a default value: which
value applies is the engines' business. Money in currency, sizes as shares of equity, ``_bps`` in
1/10,000, ``_bars`` in base bars of the first symbol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from containers.trace.levels import TraceLevel

__all__ = [
    "ClassifierSettings",
    "Configuration",
    "Constraint",
    "DataSettings",
    "ExecutionSettings",
    "KFoldSettings",
    "MetricsSettings",
    "MonteCarloSettings",
    "ObjectiveSettings",
    "Operator",
    "ParameterRange",
    "ParameterSweepSettings",
    "PortfolioSettings",
    "RandomSampling",
    "ResultsSettings",
    "RiskSettings",
    "StrategySettings",
    "SymbolSettings",
    "TraceSettings",
    "TrainTestSettings",
    "WalkForwardSettings",
]

Operator: TypeAlias = Literal[">", ">=", "<", "<=", "==", "!="]


class DataSettings(msgspec.Struct, frozen=True):
    """Where the market data are. ``data_dir`` is as written; dates are ISO 8601, null is open."""

    source: Literal["csv", "parquet"]
    data_dir: str
    start_date: str | None
    end_date: str | None
    timestamp: Literal["start", "end"]
    on_bad_bar: Literal["error", "drop"]


class SymbolSettings(msgspec.Struct, frozen=True):
    """A symbol and its timeframes in declared order, each a different length."""

    symbol: str
    timeframes: tuple[str, ...]


class StrategySettings(msgspec.Struct, frozen=True):
    """A strategy. ``symbols`` null: all; ``timeframe`` null: each symbol's base timeframe."""

    type: str
    name: str
    parameters: Mapping[str, Any]
    symbols: tuple[str, ...] | None
    timeframe: str | None


class ClassifierSettings(msgspec.Struct, frozen=True):
    """A classifier. ``symbols`` null: all; ``timeframe`` null: each symbol's base timeframe."""

    type: str
    name: str
    parameters: Mapping[str, Any]
    symbols: tuple[str, ...] | None
    timeframe: str | None


class RiskSettings(msgspec.Struct, frozen=True):
    """A risk profile; null switches a rule off. It has a size or a fixed quantity, or both."""

    type: str
    name: str
    max_position_size: float | None
    fixed_quantity: float | None
    max_leverage: float | None
    max_drawdown: float | None
    drawdown_cooldown_bars: int | None
    stop_loss: float | None


class ExecutionSettings(msgspec.Struct, frozen=True):
    """How orders fill and what they cost."""

    fill: Literal["next_open", "same_close"]
    slippage_bps: float
    commission_bps: float
    commission_per_share: float
    commission_fixed: float
    commission_minimum: float
    close_at_end: bool


class PortfolioSettings(msgspec.Struct, frozen=True):
    """What every portfolio starts with and may hold."""

    initial_capital: float
    fractional: bool
    lot_size: float
    allow_short: bool


class Constraint(msgspec.Struct, frozen=True):
    """A condition that a result must meet to be ranked first."""

    metric: str
    operator: Operator
    value: float


class ObjectiveSettings(msgspec.Struct, frozen=True):
    """By which metric results are ranked."""

    metric: str
    direction: Literal["max", "min"]
    constraints: tuple[Constraint, ...]


class MetricsSettings(msgspec.Struct, frozen=True):
    """How metrics are computed; ``auto`` takes the periods from the data."""

    periods_per_year: float | Literal["auto"]


class TraceSettings(msgspec.Struct, frozen=True):
    """Levels by glob over container ids, and how many of the newest events are kept."""

    containers: Mapping[str, TraceLevel]
    max_events: int | None


class ResultsSettings(msgspec.Struct, frozen=True):
    """Where results are kept. ``directory`` is as written."""

    storage: Literal["memory", "disk", "hybrid"]
    directory: str
    store_full_results: bool


class ParameterRange(msgspec.Struct, frozen=True):
    """A range to sample from, low < high."""

    low: float
    high: float


class RandomSampling(msgspec.Struct, frozen=True):
    """How many samples are drawn."""

    count: int


class ParameterSweepSettings(msgspec.Struct, frozen=True):
    """How the parameter space is walked.

    Attributes:
        random: Null: the whole product of the space.
        only: Types of the strategies whose keys are walked; null: of all.
        skip: Types of the strategies whose keys are left out.
    """

    random: RandomSampling | None
    only: tuple[str, ...] | None
    skip: tuple[str, ...]


class WalkForwardSettings(msgspec.Struct, frozen=True):
    """Windows in bars. ``step_bars`` null: test_bars; ``close_at_end``: of a test's positions."""

    train_bars: int
    test_bars: int
    step_bars: int | None
    anchored: bool
    warmup_bars: int | Literal["auto"]
    close_at_end: bool


class TrainTestSettings(msgspec.Struct, frozen=True):
    """The split. ``close_at_end``: of the test's positions."""

    train_ratio: float
    warmup_bars: int | Literal["auto"]
    close_at_end: bool


class KFoldSettings(msgspec.Struct, frozen=True):
    """The folds. ``close_at_end``: of a test's positions."""

    folds: int
    embargo_bars: int
    warmup_bars: int | Literal["auto"]
    close_at_end: bool


class MonteCarloSettings(msgspec.Struct, frozen=True):
    """How iterations vary."""

    iterations: int
    method: Literal["parameter_noise", "block_bootstrap"]
    noise_level: float
    block_bars: int


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A complete, checked configuration.

    Attributes:
        phases: Per-phase overrides as plain data, each a part of a configuration; empty for the
            configuration of a phase.
    """

    workflow: str
    data: DataSettings
    symbols: tuple[SymbolSettings, ...]
    strategies: tuple[StrategySettings, ...]
    classifiers: tuple[ClassifierSettings, ...]
    risk_profiles: tuple[RiskSettings, ...]
    execution: ExecutionSettings
    portfolio: PortfolioSettings
    objective: ObjectiveSettings
    metrics: MetricsSettings
    trace_level: TraceLevel
    trace: TraceSettings
    results: ResultsSettings
    random_seed: int
    max_iterations: int
    parameter_space: Mapping[str, tuple[int | float, ...] | ParameterRange]
    parameter_sweep: ParameterSweepSettings
    walk_forward: WalkForwardSettings
    train_test: TrainTestSettings
    k_fold: KFoldSettings
    monte_carlo: MonteCarloSettings
    phases: Mapping[str, Mapping[str, Any]] = {}
