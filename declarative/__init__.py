"""The declarative engine: workflows, sequences and topologies are YAML patterns.

`DeclarativeWorkflowManager` has the interface of the imperative engine's coordinator. `Unit` and
`run_unit` are the level below: one topology over data in memory.
"""

from declarative.errors import PatternError
from declarative.manager import DeclarativeWorkflowManager
from declarative.patterns import Library, Pattern, shipped
from declarative.running import run_unit
from declarative.schema import json_schemas
from declarative.unit import Unit, UnitResult

__all__ = [
    "DeclarativeWorkflowManager",
    "Library",
    "Pattern",
    "PatternError",
    "Unit",
    "UnitResult",
    "json_schemas",
    "run_unit",
    "shipped",
]
