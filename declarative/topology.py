"""From a topology pattern to containers on a bus.

1. `assemble` puts the parts that a topology uses before its own containers and routes, once.
2. `expand` unrolls that against a scope (`declarative.scope`) into a `Blueprint`: every container
   with its settings, every route. What only a built container can give, such as a portfolio's
   account, is a `Deferred` in it.
3. Settings are held against the constructor they are for (`declarative.settings`).
4. `build` makes the containers in order, filling in what was deferred, and wires the bus.

Nothing here knows a topology: classes are found by role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from containers.bus import Bus
from containers.components import Components
from containers.container import Container, Role
from containers.events import EventKind
from containers.nearest import did_you_mean
from containers.storage import UnitFolder
from declarative.definitions import (
    ContainerDefinition,
    PartDefinition,
    RouteDefinition,
    TopologyDefinition,
)
from declarative.patterns import Library, Pattern
from declarative.references import Node, Scope
from declarative.settings import EXPORTS, SHIPPED, class_for, settings_for
from declarative.slots import Slot
from declarative.values import loops, resolve, text_of

__all__ = ["Assembly", "Blueprint", "ContainerPlan", "Report", "assemble", "build", "expand"]


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """A topology with its parts.

    Attributes:
        definition: The topology itself.
        name: Its name.
        lets: Names and where they stand, those of the parts first.
        containers: Entries and where they stand, in topology order.
        routes: Entries and where they stand.
        roles: The roles of its containers.
    """

    definition: TopologyDefinition
    name: str
    lets: tuple[tuple[str, Node], ...]
    containers: tuple[tuple[Node, ContainerDefinition], ...]
    routes: tuple[tuple[Node, RouteDefinition], ...]
    roles: frozenset[str]
    root: Node

    @property
    def replays(self) -> bool:
        """Whether strategies publish what was stored, and nothing computes features."""
        return "signals" in self.definition.inputs.values()


def assemble(topology: Pattern[TopologyDefinition], library: Library) -> Assembly:
    """Put a topology together.

    Raises:
        PatternError: A part does not exist, or a name is there twice.
    """
    pieces: list[tuple[Node, PartDefinition | TopologyDefinition]] = []
    parts = library.parts()
    for place, name in enumerate(topology.definition.uses):
        if name not in parts:
            node = topology.node("uses")
            node = node.at(place) if isinstance(node.value, list) else node
            raise node.error(f"there is no part '{name}'", did_you_mean(name, parts))
        pieces.append((parts[name].node(), parts[name].definition))
    pieces.append((topology.node(), topology.definition))
    lets: dict[str, Node] = {}
    for node, piece in pieces:
        for name in piece.let:
            here = node.at("let", name)
            if name in lets and lets[name].value != here.value:
                raise here.error(f"'{name}' is something else in another part", key=True)
            lets[name] = here
    return Assembly(
        definition=topology.definition,
        name=topology.name,
        lets=tuple(lets.items()),
        containers=tuple(
            (node.at("containers", place), entry)
            for node, piece in pieces
            for place, entry in enumerate(piece.containers)
        ),
        routes=tuple(
            (node.at("routes", place), entry)
            for node, piece in pieces
            for place, entry in enumerate(piece.routes)
        ),
        roles=frozenset(entry.role for _, piece in pieces for entry in piece.containers),
        root=topology.node(),
    )


@dataclass(frozen=True, slots=True)
class Deferred:
    """A value that exists once ``container`` is built: its export, or the files of its report."""

    container: str
    name: str


class Report(msgspec.Struct, frozen=True):
    """Under which names a container's report appears in the result."""

    portfolio: str
    strategy: str
    profile: str
    parameters: Mapping[str, Any] | Slot


class ContainerPlan(msgspec.Struct, frozen=True):
    """A container that is to be built: ``make(id, **settings)``; and what it gives."""

    id: str
    make: Callable[..., Container]
    settings: Mapping[str, Any]
    report: Report | None
    gives: str | None = None


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """A route that is to be connected."""

    kind: EventKind
    publisher: str
    subscriber: str
    topic: str | None


class Blueprint(msgspec.Struct, frozen=True):
    """Containers in topology order and routes in the order of the pattern."""

    containers: tuple[ContainerPlan, ...]
    routes: tuple[RoutePlan, ...]

    @property
    def reports(self) -> dict[str, Report]:
        """Reports by the id of the container that gives them, in topology order."""
        return {plan.id: plan.report for plan in self.containers if plan.report is not None}

    def giving(self, what: str) -> list[str]:
        """Give the ids of the containers that give ``signals`` or ``labels``, in order."""
        return [plan.id for plan in self.containers if plan.gives == what]


def expand(topology: Assembly, scope: Scope, components: Components) -> Blueprint:
    """Unroll a topology.

    Args:
        topology: The topology.
        scope: What it may refer to.
        components: Which classes replace the shipped ones.

    Raises:
        PatternError: A reference leads nowhere, or what comes out cannot be built.
    """
    names = dict(scope)
    for name, node in topology.lets:
        if name in names:
            raise node.error(f"'{name}' hides what has this name already", key=True)
        names[name] = resolve(node, names)
    built: dict[str, Any] = names["containers"]
    plans: list[ContainerPlan] = []
    for node, entry in topology.containers:
        role = Role(entry.role)
        for inner in loops(_optional(node, "foreach"), names):
            plan = _container(node, entry, inner, components)
            if plan.id in built:
                raise node.at("id").error(f"two containers have the id '{plan.id}'")
            exports = {name: Deferred(plan.id, name) for name in EXPORTS.get(role, ())}
            built[plan.id] = {"id": plan.id, "role": role.value, **exports}
            plans.append(plan)
    routes = [route for node, entry in topology.routes for route in _routes(node, entry, names)]
    _refuse_shared_reports(topology, plans)
    return Blueprint(tuple(plans), tuple(routes))


def build(blueprint: Blueprint, bus: Bus, folder: UnitFolder | None = None) -> None:
    """Make the containers, attach and connect them, and seal the bus.

    Args:
        blueprint: What to build.
        bus: An empty bus.
        folder: Where trades and curves of reports are written; null: nowhere.

    Raises:
        WiringError: A route cannot be connected.
    """
    built: dict[str, Container] = {}

    def given(value: Any) -> Any:
        if isinstance(value, Deferred):
            if value.name == "files":
                report = reports[value.container]
                return folder.portfolio_files(report.portfolio) if folder is not None else None
            return getattr(built[value.container], value.name)
        if isinstance(value, dict):
            return {key: given(item) for key, item in value.items()}
        if isinstance(value, list):
            return [given(item) for item in value]
        return value

    reports = blueprint.reports
    for plan in blueprint.containers:
        settings = {name: given(value) for name, value in plan.settings.items()}
        built[plan.id] = plan.make(plan.id, **settings)
        bus.attach(built[plan.id])
    for route in blueprint.routes:
        bus.connect(route.kind, route.publisher, route.subscriber, route.topic)
    bus.seal()


def _optional(node: Node, key: str) -> Node | None:
    return node.at(key) if node.value.get(key) is not None else None


def _container(
    node: Node, entry: ContainerDefinition, scope: Scope, components: Components
) -> ContainerPlan:
    container_id = text_of(node.at("id"), scope)
    report = None
    if entry.report is not None:
        report = _report(node.at("report"), scope)
        names = {name: getattr(report, name) for name in entry.report.model_fields_set}
        scope = {**scope, "report": {**names, "files": Deferred(container_id, "files")}}
    role = Role(entry.role)
    where, made_by = _variant(node, entry, scope)
    make = class_for(role, made_by, components)
    if make is None:
        raise node.at("role").error(
            f"no class is known for the role '{entry.role}'", did_you_mean(entry.role, SHIPPED)
        )
    settings = settings_for(role, make, where, scope)
    return ContainerPlan(container_id, make, settings, report, entry.gives)


def _variant(node: Node, entry: ContainerDefinition, scope: Scope) -> tuple[Node, str | None]:
    """Find the first variant whose ``when`` is true; an entry without variants is its own."""
    for place, variant in enumerate(entry.variants):
        here = node.at("variants", place)
        if variant.when is None or resolve(here.at("when"), scope) is True:
            return here, variant.made_by
    if entry.variants:
        raise node.at("variants").error("none of the variants applies; let the last have no 'when'")
    return node, entry.made_by


def _report(node: Node, scope: Scope) -> Report:
    parameters = resolve(node.at("parameters"), scope)
    if not isinstance(parameters, Mapping | Slot):
        raise node.at("parameters").error(f"found {parameters!r}, expected a mapping")
    texts = {key: text_of(node.at(key), scope) for key in ("portfolio", "strategy", "profile")}
    return Report(parameters=parameters, **texts)


def _routes(node: Node, entry: RouteDefinition, names: Scope) -> list[RoutePlan]:
    routes: list[RoutePlan] = []
    containers = names["containers"]
    topic = _optional(node, "topic")
    for scope in loops(_optional(node, "foreach"), names):
        ends = [text_of(node.at(end), scope) for end in ("from", "to")]
        for key, end in zip(("from", "to"), ends, strict=True):
            if end not in containers:
                message = f"there is no container '{end}'"
                raise node.at(key).error(message, did_you_mean(end, containers))
        about = None if topic is None else text_of(topic, scope)
        routes += [RoutePlan(EventKind(kind), ends[0], ends[1], about) for kind in entry.events]
    return routes


def _refuse_shared_reports(topology: Assembly, plans: Sequence[ContainerPlan]) -> None:
    seen: set[str] = set()
    for plan in plans:
        if plan.report is not None:
            if plan.report.portfolio in seen:
                message = f"two containers report as the portfolio '{plan.report.portfolio}'"
                raise topology.root.at("name").error(message)
            seen.add(plan.report.portfolio)
