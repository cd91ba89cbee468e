"""The imperative engine: workflows, sequences and topologies as plain Python classes.

Start with `Coordinator.run_workflow`; `imperative.coordinator` tells the whole story in steps.
A workflow of your own is a subclass of `Workflow`; `imperative.workflows` shows seven.
"""

from imperative.coordinator import Coordinator
from imperative.discovery import Definitions, load_folder
from imperative.sequencer import Sequencer
from imperative.sequences import (
    Conclusion,
    Iteration,
    Iterations,
    PhaseSequence,
    Scope,
    SinglePass,
)
from imperative.topologies import BacktestTopology, Plot, PortfolioOrigin, Topology
from imperative.topology import TopologyBuilder
from imperative.unit import Unit, UnitError, UnitOutcome, run_unit
from imperative.workflow import (
    Branch,
    Context,
    Expression,
    Import,
    MetricThreshold,
    Module,
    Output,
    Phase,
    Ref,
    Sequence,
    Workflow,
)
from imperative.workflows import SimpleBacktest

__all__ = [
    "BacktestTopology",
    "Branch",
    "Conclusion",
    "Context",
    "Coordinator",
    "Definitions",
    "Expression",
    "Import",
    "Iteration",
    "Iterations",
    "MetricThreshold",
    "Module",
    "Output",
    "Phase",
    "PhaseSequence",
    "Plot",
    "PortfolioOrigin",
    "Ref",
    "Scope",
    "Sequence",
    "Sequencer",
    "SimpleBacktest",
    "SinglePass",
    "Topology",
    "TopologyBuilder",
    "Unit",
    "UnitError",
    "UnitOutcome",
    "Workflow",
    "load_folder",
    "run_unit",
]
