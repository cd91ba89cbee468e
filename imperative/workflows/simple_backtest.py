"""The simplest workflow: every strategy once over all data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from imperative.workflow import Phase, Workflow

__all__ = ["SimpleBacktest"]


class SimpleBacktest(Workflow):
    """One required phase, ``backtest``."""

    name: ClassVar[str] = "simple_backtest"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the one phase, whatever the configuration."""
        return [Phase(name="backtest", topology="backtest", sequence="single_pass")]
