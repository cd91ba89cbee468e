"""What a workflow is: a class that says which phases there are and what they need.

`Ref("sweep.best_parameters")` stands for a value that is known only when it is needed; it is the
same as the text ``"${sweep.best_parameters}"``. Inside longer text ``${…}`` is put in as text.
"""

from __future__ import annotations

import collections.abc
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from containers.results import LoopIterationResult, PhaseResult

__all__ = [
    "Branch",
    "Condition",
    "Context",
    "Expression",
    "Hook",
    "Import",
    "MetricThreshold",
    "Module",
    "Output",
    "Phase",
    "Ref",
    "Sequence",
    "Workflow",
    "has_hook",
]

Hook: TypeAlias = Literal["get_branches", "should_continue", "modify_config_for_next"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference: the value at ``path``, with its type."""

    path: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence with a body, which stands where a unit would.

    >>> str(Sequence("monte_carlo", body="walk_forward"))
    'monte_carlo(walk_forward)'
    """

    type: str
    body: str | Sequence | None = None

    def __str__(self) -> str:
        return self.type if self.body is None else f"{self.type}({self.body})"

    @property
    def chain(self) -> tuple[str, ...]:
        """The names, outermost first."""
        if self.body is None:
            return (self.type,)
        inner = self.body.chain if isinstance(self.body, Sequence) else (self.body,)
        return (self.type, *inner)


@dataclass(frozen=True, slots=True)
class Output:
    """A value to keep, and the file to write it to, below the phase's folder; null: none."""

    value: Any
    file: str | None = None


@dataclass(frozen=True, slots=True)
class MetricThreshold:
    """Holds when a metric of an earlier phase compares like this; false when it is null.

    Attributes:
        phase: Name of the phase.
        name: Name of the metric.
        operator: ``>``, ``>=``, ``<``, ``<=``, ``==`` or ``!=``.
        value: A number, or a reference to one.
    """

    phase: str
    name: str
    operator: str
    value: float | Ref | str


@dataclass(frozen=True, slots=True)
class Expression:
    """Holds when a text of the expression language (`imperative.expressions`) is true."""

    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a callable condition may look at; copies, all of it.

    Attributes:
        results: Of the phases that have run or were skipped.
        config: The resolved configuration of the workflow.
        outputs: By phase, then name.
        iteration: Index of the pass.
    """

    results: Mapping[str, PhaseResult]
    config: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]
    iteration: int


Condition: TypeAlias = MetricThreshold | Expression | Callable[[Context], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase: a sequence of runs of a topology.

    Attributes:
        name: Its name in the workflow; also the name of its folder.
        topology: Name of the topology that each run builds.
        sequence: Name of the sequence that says which runs there are, or one with a body.
        config: Settings of this phase; the user's win over those without references.
        inputs: What the topology takes from earlier phases: references by name.
        outputs: What is kept once it has succeeded, by name, in order.
        depends_on: Name or names of the phases that must have succeeded before.
        conditions: All must hold for it to run.
        required: Whether its failure is the workflow's.
        own_names: Of an imported phase: by the names its module uses, the phases it can mean.
    """

    name: str
    topology: str
    sequence: str | Sequence
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Ref | str] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    depends_on: str | collections.abc.Sequence[str] = ()
    conditions: collections.abc.Sequence[Condition] = ()
    required: bool = True
    own_names: Mapping[str, str] | None = None

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The names it depends on, each once, in declared order."""
        names = (self.depends_on,) if isinstance(self.depends_on, str) else self.depends_on
        return tuple(dict.fromkeys(names))

    @property
    def chain(self) -> tuple[str, ...]:
        """The names of its sequences, outermost first."""
        return self.sequence.chain if isinstance(self.sequence, Sequence) else (self.sequence,)


@dataclass(frozen=True, slots=True)
class Branch:
    """A workflow to run after a pass, on the user's configuration with ``config`` over it."""

    name: str
    workflow: str
    config: Mapping[str, Any] = field(default_factory=dict)


class Module(ABC):
    """Phases that several workflows share.

    Attributes:
        name: What an import calls it.
        parameters: Its parameters with their defaults, plain values; its phases read them as
            ``Ref("parameters.NAME")``.
        imports: Modules whose phases stand before its own.
    """

    name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Any]] = {}
    imports: ClassVar[collections.abc.Sequence[Import]] = ()

    @abstractmethod
    def get_phases(self, parameters: Mapping[str, Any]) -> collections.abc.Sequence[Phase]:
        """Say which phases there are; they name each other by the names they have here.

        Args:
            parameters: The values of this import, the defaults included; a copy.
        """


@dataclass(frozen=True, slots=True)
class Import:
    """The phases of a module, each called ``{as_}.{phase}``.

    Attributes:
        module: The name it is registered under, or the class.
        as_: What stands before the names of its phases.
        parameters: Values that replace the module's defaults.
    """

    module: str | type[Module]
    as_: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Workflow(ABC):
    """Base of all workflows.

    Attributes:
        name: What a configuration calls it.
        defaults: Settings that stand above the engine's defaults and below the user's.
        fail_fast: Whether a failed phase keeps all later ones from running, not its dependents
            alone.
        outputs: Resolved after the last pass, against its results; files lie in the run's folder.
        imports: Modules whose phases stand before the workflow's own.
    """

    name: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]] = {}
    fail_fast: ClassVar[bool] = False
    outputs: ClassVar[Mapping[str, Output]] = {}
    imports: ClassVar[collections.abc.Sequence[Import]] = ()

    @abstractmethod
    def get_phases(self, config: Mapping[str, Any]) -> collections.abc.Sequence[Phase]:
        """Say which phases there are.

        Args:
            config: The resolved configuration of the workflow; a copy.
        """

    def get_branches(
        self, result: LoopIterationResult, index: int, config: Mapping[str, Any]
    ) -> collections.abc.Sequence[Branch]:
        """Say which workflows run after pass ``index``; all arguments are copies."""
        return ()

    def should_continue(
        self, result: LoopIterationResult, index: int, config: Mapping[str, Any]
    ) -> bool:
        """Say whether another pass follows; without it there is one pass."""
        return False

    def modify_config_for_next(
        self, config: Mapping[str, Any], result: LoopIterationResult, index: int
    ) -> Mapping[str, Any]:
        """Give what changes in the user's configuration for the next pass."""
        return {}


def has_hook(workflow: Workflow, hook: Hook) -> bool:
    """Say whether a workflow brings this hook of its own."""
    return getattr(type(workflow), hook) is not getattr(Workflow, hook)
