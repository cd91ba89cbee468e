"""Hypothesis strategies for markets and workflows, and what they draw as files.

`examples` draws whole examples, `invalid_examples` those with one thing wrong, `markets` bars
alone; `render` writes an example as a folder that both engines can run. See docs/fuzzing.md.
"""

from parity.generation.examples import BAR_STEPS, examples, workflows
from parity.generation.features import FEATURES, features
from parity.generation.market import SIZES, markets
from parity.generation.mistakes import MISTAKES, invalid_examples
from parity.generation.rendering import Rendered, render
from parity.generation.specs import (
    BarRow,
    BranchSpec,
    ChangeSpec,
    ConditionSpec,
    ConfigSpec,
    Example,
    ImportSpec,
    LoopSpec,
    MarketSpec,
    ModuleSpec,
    OutputSpec,
    PhaseSpec,
    StreamSpec,
    WorkflowSpec,
)

__all__ = [
    "BAR_STEPS",
    "FEATURES",
    "MISTAKES",
    "SIZES",
    "BarRow",
    "BranchSpec",
    "ChangeSpec",
    "ConditionSpec",
    "ConfigSpec",
    "Example",
    "ImportSpec",
    "LoopSpec",
    "MarketSpec",
    "ModuleSpec",
    "OutputSpec",
    "PhaseSpec",
    "Rendered",
    "StreamSpec",
    "WorkflowSpec",
    "examples",
    "features",
    "invalid_examples",
    "markets",
    "render",
    "workflows",
]
