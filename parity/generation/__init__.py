"""Hypothesis strategies for markets and workflows, and what they draw as files.

`examples` draws whole examples, `markets` bars alone; `render` writes an example as a folder that
both engines can run.
"""

from parity.generation.examples import examples, workflows
from parity.generation.market import markets
from parity.generation.mistakes import MISTAKES, invalid_examples
from parity.generation.rendering import Rendered, render
from parity.generation.specs import Example, MarketSpec, WorkflowSpec

__all__ = [
    "MISTAKES",
    "Example",
    "MarketSpec",
    "Rendered",
    "WorkflowSpec",
    "examples",
    "invalid_examples",
    "markets",
    "render",
    "workflows",
]
