"""What a workflow is: a class that says which phases there are and what they need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

__all__ = ["Phase", "Workflow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase: a sequence of runs of a topology.

    Attributes:
        name: Its name in the workflow; also the name of its folder.
        topology: Name of the topology that each run builds.
        sequence: Name of the sequence that says which runs there are.
        config: Settings of this phase; the user's win over them.
        depends_on: Name or names of the phases that must have succeeded before.
        required: Whether its failure is the workflow's.
    """

    name: str
    topology: str
    sequence: str
    config: Mapping[str, Any] = field(default_factory=dict)
    depends_on: str | Sequence[str] = ()
    required: bool = True

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The names it depends on, each once, in declared order."""
        names = (self.depends_on,) if isinstance(self.depends_on, str) else self.depends_on
        return tuple(dict.fromkeys(names))


class Workflow(ABC):
    """Base of all workflows.

    Attributes:
        name: What a configuration calls it.
        defaults: Settings that stand above the engine's defaults and below the user's.
        fail_fast: Whether a failed phase keeps all later ones from running, not its dependents
            alone.
    """

    name: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]] = {}
    fail_fast: ClassVar[bool] = False

    @abstractmethod
    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Say which phases there are.

        Args:
            config: The resolved configuration of the workflow; a copy.
        """
