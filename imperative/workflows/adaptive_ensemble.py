"""Weigh strategies by how their signals did, and validate the ensemble out of sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from imperative import workflow as w

__all__ = ["AdaptiveEnsemble"]


class AdaptiveEnsemble(w.Workflow):
    """Sweeps the strategies, then the weights of the ensembles over replayed signals.

    It needs an ensemble among the strategies; without one ``weights`` has nothing to sweep, and
    fails.
    """

    name: ClassVar[str] = "adaptive_ensemble"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[w.Phase]:
        """Give the phases, whatever the configuration."""
        swept = {"strategies": w.Ref("sweep.best_strategies")}
        return [
            w.Phase(
                name="sweep",
                topology="backtest",
                sequence=w.Sequence("in_sample", body="walk_forward"),
                config={"parameter_sweep": {"skip": ["ensemble"]}},
            ),
            w.Phase(
                name="regimes",
                topology="analysis",
                sequence="in_sample",
                inputs={"result": w.Ref("sweep")},
                depends_on="sweep",
            ),
            w.Phase(
                name="signals",
                topology="signal_generation",
                sequence="in_sample",
                config=swept,
                depends_on="sweep",
            ),
            w.Phase(
                name="weights",
                topology="signal_replay",
                sequence=w.Sequence("in_sample", body="parameter_sweep"),
                config={**swept, "parameter_sweep": {"only": ["ensemble"]}},
                inputs={"signals": w.Ref("signals.signals")},
                depends_on="signals",
            ),
            w.Phase(
                name="validation",
                topology="backtest",
                sequence="out_of_sample",
                config={"strategies": w.Ref("weights.best_strategies")},
                depends_on="weights",
                conditions=[w.MetricThreshold("weights", "num_trades", ">=", 1)],
            ),
        ]
