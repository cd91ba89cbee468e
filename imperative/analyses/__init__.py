"""What the topology `analysis` makes of an earlier phase; sums run in order, from 0.0."""

from imperative.analyses.correlation import correlation
from imperative.analyses.regimes import regime_performance
from imperative.analyses.sensitivity import parameter_sensitivity
from imperative.analyses.trades import strategy_characteristics

__all__ = [
    "correlation",
    "parameter_sensitivity",
    "regime_performance",
    "strategy_characteristics",
]
