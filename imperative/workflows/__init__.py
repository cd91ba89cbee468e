"""The shipped workflows, by name."""

from collections.abc import Mapping
from typing import Final

from imperative.workflow import Workflow
from imperative.workflows.simple_backtest import SimpleBacktest

__all__ = ["WORKFLOWS", "SimpleBacktest"]

WORKFLOWS: Final[Mapping[str, type[Workflow]]] = {cls.name: cls for cls in (SimpleBacktest,)}
