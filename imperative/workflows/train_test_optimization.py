"""Optimise on the first part of the data, test on the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from imperative.workflow import Phase, Workflow

__all__ = ["TrainTestOptimization"]


class TrainTestOptimization(Workflow):
    """One phase, ``optimize``."""

    name: ClassVar[str] = "train_test_optimization"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the one phase, whatever the configuration."""
        return [Phase(name="optimize", topology="backtest", sequence="train_test")]
