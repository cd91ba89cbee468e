"""The imperative engine: workflows, sequences and topologies as plain Python classes.

Start with `Coordinator.run_workflow`; `imperative.coordinator` tells the whole story in steps.
"""

from imperative.coordinator import Coordinator
from imperative.sequencer import Sequencer
from imperative.sequences import Iteration, PhaseSequence, SinglePass
from imperative.topologies import BacktestTopology, Topology
from imperative.topology import TopologyBuilder
from imperative.unit import Unit, UnitError, UnitOutcome, run_unit
from imperative.workflow import Phase, Workflow
from imperative.workflows import SimpleBacktest

__all__ = [
    "BacktestTopology",
    "Coordinator",
    "Iteration",
    "Phase",
    "PhaseSequence",
    "Sequencer",
    "SimpleBacktest",
    "SinglePass",
    "Topology",
    "TopologyBuilder",
    "Unit",
    "UnitError",
    "UnitOutcome",
    "Workflow",
    "run_unit",
]
