"""From a topology pattern to containers on a bus.

1. `expand` unrolls the pattern against a scope (`declarative.scope`) into a `Blueprint`: every
   container with its settings, every route. What only a built container can give, such as a
   portfolio's account, is a `Deferred` in it.
2. Settings are held against the constructor they are for and take its types (`_settings_for`).
3. `build` makes the containers in order, filling in what was deferred, and wires the bus.

Nothing here knows a topology: classes are found by role.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from containers.bus import Bus
from containers.components import Components
from containers.container import Container, Role
from containers.events import EventKind
from containers.nearest import did_you_mean
from containers.storage import UnitFolder
from containers.trading import (
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    PortfolioContainer,
    RiskContainer,
    StrategyContainer,
)
from declarative.patterns import Pattern
from declarative.references import Node, Scope
from declarative.schema import ContainerDefinition, RouteDefinition, TopologyDefinition
from declarative.values import loops, resolve, text_of

__all__ = ["EXPORTS", "SHIPPED", "Blueprint", "ContainerPlan", "Report", "build", "expand"]

SHIPPED: Final[Mapping[Role, type[Container]]] = {
    Role.DATA: DataContainer,
    Role.FEATURES: FeaturesContainer,
    Role.STRATEGY: StrategyContainer,
    Role.PORTFOLIO: PortfolioContainer,
    Role.RISK: RiskContainer,
    Role.EXECUTION: ExecutionContainer,
}
"""Classes by role, where `Components.containers` names no other."""

EXPORTS: Final[Mapping[Role, tuple[str, ...]]] = {Role.PORTFOLIO: ("account",)}
"""What later containers may be given of an earlier one, by its role."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A value that exists once ``container`` is built: its export, or the saving of its report."""

    container: str
    name: str


@dataclass(frozen=True, slots=True)
class Report:
    """Under which names a container's report appears in the result."""

    portfolio: str
    strategy: str
    profile: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """A container that is to be built: ``make(id, **settings)``."""

    id: str
    make: Callable[..., Container]
    settings: Mapping[str, Any]
    report: Report | None


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """A route that is to be connected."""

    kind: EventKind
    publisher: str
    subscriber: str
    topic: str | None


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Containers in topology order and routes in the order of the pattern."""

    containers: tuple[ContainerPlan, ...]
    routes: tuple[RoutePlan, ...]

    @property
    def reports(self) -> dict[str, Report]:
        """Reports by the id of the container that gives them, in topology order."""
        return {plan.id: plan.report for plan in self.containers if plan.report is not None}


def expand(pattern: Pattern[TopologyDefinition], scope: Scope, components: Components) -> Blueprint:
    """Unroll a topology.

    Args:
        pattern: The topology.
        scope: What it may refer to.
        components: Which classes replace the shipped ones.

    Raises:
        PatternError: A reference leads nowhere, or what comes out cannot be built.
    """
    names = dict(scope)
    for name in pattern.definition.let:
        node = pattern.node("let", name)
        if name in names:
            raise node.error(f"'{name}' hides what has this name already", key=True)
        names[name] = resolve(node, names)
    built: dict[str, Any] = names["containers"]
    plans: list[ContainerPlan] = []
    for index, entry in enumerate(pattern.definition.containers):
        node = pattern.node("containers", index)
        for inner in loops(_optional(node, "foreach"), names):
            plan = _container(node, entry, inner, components)
            if plan.id in built:
                raise node.at("id").error(f"two containers have the id '{plan.id}'")
            role = Role(entry.role)
            exports = {name: Deferred(plan.id, name) for name in EXPORTS.get(role, ())}
            built[plan.id] = {"id": plan.id, "role": role.value, **exports}
            plans.append(plan)
    routes = [
        route
        for index, entry in enumerate(pattern.definition.routes)
        for route in _routes(pattern.node("routes", index), entry, names)
    ]
    _refuse_shared_reports(pattern, plans)
    return Blueprint(tuple(plans), tuple(routes))


def build(blueprint: Blueprint, bus: Bus, folder: UnitFolder | None = None) -> None:
    """Make the containers, attach and connect them, and seal the bus.

    Args:
        blueprint: What to build.
        bus: An empty bus.
        folder: Where reports are saved; null: nowhere.

    Raises:
        WiringError: A route cannot be connected.
    """
    built: dict[str, Container] = {}

    def given(value: Any) -> Any:
        if isinstance(value, Deferred):
            if value.name == "save":
                report = reports[value.container]
                return _saver(folder, report.portfolio) if folder is not None else None
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


def _saver(folder: UnitFolder, portfolio: str) -> Callable[[Any], None]:
    return lambda report: folder.save_portfolio(portfolio, report)


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
        scope = {**scope, "report": {**names, "save": Deferred(container_id, "save")}}
    role = Role(entry.role)
    make = components.containers.get(role, SHIPPED.get(role))
    if make is None:
        raise node.at("role").error(
            f"no class is known for the role '{entry.role}'", did_you_mean(entry.role, SHIPPED)
        )
    return ContainerPlan(container_id, make, _settings_for(role, make, node, scope), report)


def _report(node: Node, scope: Scope) -> Report:
    parameters = resolve(node.at("parameters"), scope)
    if not isinstance(parameters, Mapping):
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


def _refuse_shared_reports(
    pattern: Pattern[TopologyDefinition], plans: SequenceOf[ContainerPlan]
) -> None:
    seen: set[str] = set()
    for plan in plans:
        if plan.report is not None:
            if plan.report.portfolio in seen:
                message = f"two containers report as the portfolio '{plan.report.portfolio}'"
                raise pattern.node("containers").error(message)
            seen.add(plan.report.portfolio)


def _settings_for(
    role: Role, make: Callable[..., Container], node: Node, scope: Scope
) -> dict[str, Any]:
    """Resolve the settings of a container and hold them against its constructor."""
    here = _optional(node, "settings")
    given: dict[str, Any] = {} if here is None else here.value
    accepted, required = _parameters(role, make)
    for name in given:
        if name not in accepted:
            message = f"unknown setting '{name}' of a {role} container; "
            message += f"allowed: {', '.join(accepted) or 'none'}"
            assert here is not None  # it has this name in it
            raise here.at(name).error(message, did_you_mean(name, accepted), key=True)
    missing = [name for name in required if name not in given]
    if missing:
        message = f"the settings of a {role} container lack: {', '.join(missing)}"
        raise (here or node).error(message, key=True)
    if here is None:
        return {}
    hints = _hints(role)
    return {
        name: _typed(here.at(name), resolve(here.at(name), scope), hints.get(name, Any))
        for name in given
    }


def _parameters(role: Role, make: Callable[..., Container]) -> tuple[list[str], list[str]]:
    """Give the settings that a constructor takes, and those it needs.

    One that takes any keyword hands them on to the shipped class.
    """
    own = list(inspect.signature(make).parameters.values())
    anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in own)
    if anything and role in SHIPPED and make is not SHIPPED[role]:
        own += inspect.signature(SHIPPED[role]).parameters.values()
    named = {
        p.name: p.default is inspect.Parameter.empty
        for p in own
        if p.kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        and p.name not in ("container_id", "self")
    }
    return list(named), [name for name, needed in named.items() if needed]


@cache
def _hints(role: Role) -> Mapping[str, Any]:
    shipped = SHIPPED.get(role)
    return {} if shipped is None else get_type_hints(shipped.__init__)


def _typed(node: Node, value: Any, hint: Any) -> Any:
    """Give ``value`` as the type that is annotated, when that is one of plain data."""
    if not _is_plain(hint):
        return value
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        text = str(error).replace("`", "'")
        raise node.error(text[:1].lower() + text[1:]) from None


def _is_plain(hint: Any) -> bool:
    """Say whether a type is made of text, numbers, enums, structs, lists and mappings alone."""
    origin = get_origin(hint)
    if origin in (Union, UnionType, list, tuple, dict, Mapping, SequenceOf):
        return all(_is_plain(part) for part in get_args(hint) if part is not Ellipsis)
    if not isinstance(hint, type):
        return False
    return hint in (str, int, float, bool, NoneType) or issubclass(hint, Enum | msgspec.Struct)
