"""From a sweep, by way of a Monte Carlo and a walk-forward, to performance by regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from imperative.workflow import Expression, MetricThreshold, Output, Phase, Ref, Workflow

__all__ = ["ResearchPipeline"]


class ResearchPipeline(Workflow):
    """Four phases, each gated by what the one before came to."""

    name: ClassVar[str] = "research_pipeline"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the phases, whatever the configuration."""
        return [
            Phase(
                name="sweep",
                topology="backtest",
                sequence="parameter_sweep",
                outputs={"best": Output(Ref("sweep.best_parameters"), "best.json")},
            ),
            Phase(
                name="monte_carlo",
                topology="backtest",
                sequence="monte_carlo",
                config={"strategies": Ref("sweep.best_strategies"), "parameter_space": {}},
                depends_on="sweep",
                conditions=[MetricThreshold("sweep", "num_trades", ">=", 1)],
            ),
            Phase(
                name="walk_forward",
                topology="backtest",
                sequence="walk_forward",
                depends_on="monte_carlo",
                conditions=[MetricThreshold("monte_carlo", "total_return", ">", 0.0)],
            ),
            Phase(
                name="regimes",
                topology="analysis",
                sequence="single_pass",
                inputs={"result": Ref("walk_forward")},
                depends_on="walk_forward",
                conditions=[Expression("results.walk_forward.metrics.num_trades >= 1")],
            ),
        ]
