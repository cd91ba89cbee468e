"""Optimise and test in windows that walk through the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from imperative.workflow import Phase, Workflow

__all__ = ["WalkForwardValidation"]


class WalkForwardValidation(Workflow):
    """One phase, ``validate``."""

    name: ClassVar[str] = "walk_forward_validation"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the one phase, whatever the configuration."""
        return [Phase(name="validate", topology="backtest", sequence="walk_forward")]
