"""The kinds of pattern, one model each: which keys there are, and of what type.

What may hold references is checked where these are resolved, with the same positions; names of
other patterns where the pattern is used. Everything else is checked when a pattern is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from declarative.fields import (
    AlsoText,
    AnalysisName,
    ConditionText,
    Expressions,
    ExpressionValue,
    KindName,
    Listed,
    Loops,
    MetricName,
    ModuleAlone,
    Name,
    NamedAlone,
    Names,
    OperatorName,
    RoleName,
    Text,
    Threshold,
    exactly_one,
    refused,
)

__all__ = [
    "KINDS",
    "BranchDefinition",
    "ConditionDefinition",
    "ContainerDefinition",
    "DefaultsDefinition",
    "Definition",
    "GivesDefinition",
    "ImportDefinition",
    "IterateDefinition",
    "IterationDefinition",
    "ModuleDefinition",
    "OutputDefinition",
    "PartDefinition",
    "PhaseDefinition",
    "RouteDefinition",
    "SequenceDefinition",
    "SequenceUse",
    "TopologyDefinition",
    "WorkflowDefinition",
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


# -- workflows


class MetricCondition(_Model):
    """A metric of an earlier phase, held against a number or a reference to one."""

    phase: Name
    name: MetricName
    operator: OperatorName
    value: Threshold


class ConditionDefinition(_Model):
    """A condition: a metric threshold, or an expression that gives true or false."""

    metric: MetricCondition | None = None
    expression: ConditionText | None = None

    @model_validator(mode="after")
    def _one(self) -> ConditionDefinition:
        return exactly_one(self, "metric", "expression")


class SequenceUse(_Model):
    """A sequence, and the one that stands where its units would; a name alone has no body."""

    type: Name
    body: Annotated[SequenceUse | None, NamedAlone, AlsoText()] = None

    @property
    def text(self) -> str:
        """As records write it: ``monte_carlo(walk_forward)``."""
        return self.type if self.body is None else f"{self.type}({self.body.text})"


class OutputDefinition(_Model):
    """A value of a phase or workflow, and the file it is written to."""

    value: Any
    file: Text | None = None


class PhaseDefinition(_Model):
    """A phase: a sequence of runs of a topology, after the phases it depends on.

    ``when`` is another word for ``conditions``; what stands under either must hold.
    """

    name: Name
    topology: Name
    sequence: Annotated[SequenceUse, NamedAlone, AlsoText()]
    config: dict[str, Any] = {}
    inputs: dict[str, Text] = {}
    outputs: dict[str, OutputDefinition] = {}
    depends_on: Names = []
    conditions: Listed[ConditionDefinition] = []
    when: Listed[ConditionDefinition] = []
    required: bool = True


class ImportDefinition(_Model):
    """The phases of a module, each called ``{as}.{phase}`` here.

    ``module`` is its name, or its file, relative to the importing one. An import that is text is
    the module alone; ``as`` is then the module's own name.
    """

    module: Text
    prefix: Annotated[Name | None, Field(alias="as")] = None
    parameters: dict[str, Any] = {}


class BranchDefinition(_Model):
    """Another workflow, run after a pass when the conditions hold."""

    name: Name
    workflow: Name
    when: Listed[ConditionDefinition] = []
    config: dict[str, Any] = {}


class IterateDefinition(_Model):
    """Whether another pass follows, and what it changes in the user's configuration.

    A leaf of ``change`` is a value, a reference, ``{expression: text}``, or, on a mapping of
    lists, ``{widen: factor}``.
    """

    proceed: Annotated[ConditionDefinition, Field(alias="while")]
    change: dict[str, Any] = {}


class WorkflowDefinition(_Model):
    """Phases, what their configurations have in common, and what happens after them."""

    kind: Literal["workflow"]
    name: Name
    defaults: dict[str, Any] = {}
    imports: list[Annotated[ImportDefinition, ModuleAlone, AlsoText()]] = []
    phases: list[PhaseDefinition] = []
    fail_fast: bool = False
    iterate: IterateDefinition | None = None
    branches: list[BranchDefinition] = []
    outputs: dict[str, OutputDefinition] = {}

    @model_validator(mode="after")
    def _has_phases(self) -> WorkflowDefinition:
        if self.phases or self.imports:
            return self
        raise refused("found no phase, expected at least one, of its own or imported")


class ModuleDefinition(_Model):
    """Phases that several workflows share, with parameters and their defaults."""

    kind: Literal["module"]
    name: Name
    parameters: dict[str, Any] = {}
    imports: list[Annotated[ImportDefinition, ModuleAlone, AlsoText()]] = []
    phases: list[PhaseDefinition] = []


# -- sequences


class GivesDefinition(_Model):
    """What several iterations come to.

    ``like`` one of them, with the ``best_parameters`` of another; ``chained``: their portfolios
    one after the other, of each the first ``bars`` bars; the ``best`` of them; their ``means``.
    """

    like: Name | None = None
    best_parameters: Name | None = None
    chained: Name | None = None
    bars: ExpressionValue | None = None
    best: Name | None = None
    means: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> GivesDefinition:
        return exactly_one(self, "like", "chained", "best", "means")


class IterationDefinition(_Model):
    """An iteration, or several: a window, what changes in it, and what runs there.

    What runs is, in this order: its own ``iterations``; else the body that the phase gives; else
    a unit. ``optimizes`` puts another sequence between, when there is a space to optimise over.
    """

    name: Name
    # how often
    when: ExpressionValue | None = None
    times: ExpressionValue | None = None
    proceed: Annotated[ExpressionValue | None, Field(alias="while")] = None
    each: Literal["combination"] | None = None
    # where
    let: Expressions = {}
    first: ExpressionValue | None = None
    last: ExpressionValue | None = None
    spans: Literal["iterations"] | None = None
    warmup: ExpressionValue | None = None
    # with what
    varies: ExpressionValue | None = None
    best_of: Name | None = None
    closes: ExpressionValue | None = None
    # what
    optimizes: Name | None = None
    iterations: list[IterationDefinition] = []
    gives: GivesDefinition | None = None


class SequenceDefinition(_Model):
    """The runs that make a phase, as a tree, and what they come to.

    ``section`` is where the user sets it up, and what is named when it does not fit the data.
    """

    kind: Literal["sequence"]
    name: Name
    section: Text | None = None
    let: Expressions = {}
    iterations: Annotated[list[IterationDefinition], Field(min_length=1)]
    gives: GivesDefinition
    needs_keys: bool = False


# -- topologies


class ReportDefinition(_Model):
    """Under which names a container's report appears in the result."""

    portfolio: Text
    strategy: Text
    profile: Text
    parameters: Any


class VariantDefinition(_Model):
    """How a container is made when a reference gives true; the last variant needs none."""

    when: Text | None = None
    made_by: Literal["replay"] | None = None
    settings: dict[str, Any] = {}


class ContainerDefinition(_Model):
    """One container, or one for each pass of ``foreach``.

    ``made_by`` chooses another class than the first of its role. Of ``variants`` the first that
    applies gives class and settings. ``gives`` says what is collected for the result.
    """

    id: Text
    role: RoleName
    made_by: Literal["replay"] | None = None
    variants: list[VariantDefinition] = []
    foreach: Loops | None = None
    report: ReportDefinition | None = None
    gives: Literal["signals", "labels"] | None = None
    settings: dict[str, Any] = {}


class RouteDefinition(_Model):
    """One route for each event, and for each pass of ``foreach``."""

    events: Annotated[list[KindName], Field(min_length=1)]
    foreach: Loops | None = None
    publisher: Annotated[Text, Field(alias="from")]
    subscriber: Annotated[Text, Field(alias="to")]
    topic: Text | None = None


class PartDefinition(_Model):
    """Containers and routes that several topologies share."""

    kind: Literal["part"]
    name: Name
    let: dict[str, Any] = {}
    containers: list[ContainerDefinition] = []
    routes: list[RouteDefinition] = []


class TopologyDefinition(_Model):
    """The containers of a unit, in topology order, and the routes between them.

    The parts come first, in the order of ``uses``, then its own. ``combines`` runs all
    combinations of the parameter space in one unit, and names the topology that tests the best.
    ``sweeps: ensembles`` leaves other strategies out of the parameter space.
    """

    kind: Literal["topology"]
    name: Name
    uses: Names = []
    let: dict[str, Any] = {}
    containers: list[ContainerDefinition] = []
    routes: list[RouteDefinition] = []
    inputs: dict[str, Literal["signals", "result"]] = {}
    combines: Annotated[Name | None, Field(alias="combines_and_tests_with")] = None
    sweeps: Literal["all", "ensembles"] = "all"
    analyses: list[AnalysisName] = []


# -- defaults


class ItemDefaults(_Model):
    """What items of the configuration's lists are completed with."""

    symbols: dict[str, Any] = {}
    strategies: dict[str, Any] = {}
    classifiers: dict[str, Any] = {}
    risk_profiles: dict[str, Any] = {}


class DefaultsDefinition(_Model):
    """The configuration below all others."""

    kind: Literal["defaults"]
    name: Name
    configuration: dict[str, Any]
    items: ItemDefaults


Definition: TypeAlias = (
    WorkflowDefinition
    | ModuleDefinition
    | SequenceDefinition
    | TopologyDefinition
    | PartDefinition
    | DefaultsDefinition
)

KINDS: Final[Mapping[str, type[Definition]]] = {
    "workflow": WorkflowDefinition,
    "module": ModuleDefinition,
    "sequence": SequenceDefinition,
    "topology": TopologyDefinition,
    "part": PartDefinition,
    "defaults": DefaultsDefinition,
}
"""Models by what a pattern says under ``kind``."""
