"""The words of the user configuration that are chosen from a list."""

from __future__ import annotations

from typing import Final

from containers.trace.levels import TraceLevel

__all__ = [
    "BAD_BAR_ACTIONS",
    "DIRECTIONS",
    "FILLS",
    "LABELS",
    "METRIC_NAMES",
    "NOISE_METHODS",
    "OPERATORS",
    "SOURCES",
    "STORAGES",
    "TRACE_LEVELS",
]

METRIC_NAMES: Final = (
    "final_equity",
    "total_return",
    "annual_return",
    "annual_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "max_drawdown",
    "calmar_ratio",
    "num_trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "exposure",
    "turnover",
    "total_commission",
    "min_cash",
    "bars",
    "periods_per_year",
    "ruined_at",
)
"""Metrics of a portfolio, in the order in which they are reported."""

OPERATORS: Final = (">", ">=", "<", "<=", "==", "!=")
DIRECTIONS: Final = ("max", "min")
SOURCES: Final = ("csv", "parquet")
LABELS: Final = ("start", "end")
BAD_BAR_ACTIONS: Final = ("error", "drop")
FILLS: Final = ("next_open", "same_close")
TRACE_LEVELS: Final = tuple(level.value for level in TraceLevel)
STORAGES: Final = ("memory", "disk", "hybrid")
NOISE_METHODS: Final = ("parameter_noise", "block_bootstrap")
