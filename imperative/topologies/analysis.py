"""The topology `analysis`: classifiers over the data, and what they say of an earlier phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from containers.results import PhaseResult, PortfolioResult
from imperative.analyses import (
    correlation,
    parameter_sensitivity,
    regime_performance,
    strategy_characteristics,
)
from imperative.findings import Findings
from imperative.topologies.base import PortfolioOrigin, Topology
from imperative.topologies.streams import Streams

__all__ = ["AnalysisTopology"]


class AnalysisTopology(Topology):
    """Classifiers alone; the analyses are made of their labels and of the input ``result``."""

    name: ClassVar[str] = "analysis"
    inputs: ClassVar[Mapping[str, type]] = {"result": PhaseResult}
    has_strategies: ClassVar[bool] = False

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; there are no portfolios."""
        streams = Streams(self.plot, self.plot.configuration, with_strategies=False)
        streams.add_data()
        streams.add_features()
        streams.add_classifiers()
        return {}

    def findings(
        self, portfolios: Mapping[str, PortfolioResult], collected: Mapping[str, object]
    ) -> Findings:
        """Make the analyses."""
        plot, result = self.plot, self.plot.inputs["result"]
        configuration = plot.configuration
        labels: dict[str, Any] = {
            entry.name: collected[f"classifier/{entry.name}"] for entry in configuration.classifiers
        }
        capital = configuration.portfolio.initial_capital
        return Findings(
            aggregate_metrics={
                "regime_performance": regime_performance(
                    result.portfolios,
                    labels,
                    symbol=plot.market.symbols[0],
                    initial_capital=capital,
                    periods_per_year=plot.periods_per_year,
                ),
                "parameter_sensitivity": parameter_sensitivity(
                    result.iterations, configuration.objective.metric
                ),
                "correlation": correlation(result.portfolios, initial_capital=capital),
                "strategy_characteristics": strategy_characteristics(result.portfolios),
            }
        )
