"""The shipped workflows, by name."""

from collections.abc import Mapping
from typing import Final

from imperative.workflow import Workflow
from imperative.workflows.adaptive_ensemble import AdaptiveEnsemble
from imperative.workflows.adaptive_strategy_search import AdaptiveStrategySearch
from imperative.workflows.research_pipeline import ResearchPipeline
from imperative.workflows.signal_generation_and_replay import SignalGenerationAndReplay
from imperative.workflows.simple_backtest import SimpleBacktest
from imperative.workflows.train_test_optimization import TrainTestOptimization
from imperative.workflows.walk_forward_validation import WalkForwardValidation

__all__ = [
    "WORKFLOWS",
    "AdaptiveEnsemble",
    "AdaptiveStrategySearch",
    "ResearchPipeline",
    "SignalGenerationAndReplay",
    "SimpleBacktest",
    "TrainTestOptimization",
    "WalkForwardValidation",
]

_SHIPPED: Final[tuple[type[Workflow], ...]] = (
    SimpleBacktest,
    TrainTestOptimization,
    WalkForwardValidation,
    SignalGenerationAndReplay,
    ResearchPipeline,
    AdaptiveEnsemble,
    AdaptiveStrategySearch,
)
WORKFLOWS: Final[Mapping[str, type[Workflow]]] = {cls.name: cls for cls in _SHIPPED}
