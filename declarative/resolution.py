"""From what a user wrote to complete configurations: of the workflow, and of each phase.

1. `Resolver` checks what the patterns say, as the user's part is checked.
2. `merge` lays the layers over one another: engine defaults < workflow defaults < the phase's
   settings in the workflow < user < those of the phase's settings that hold references, once these
   are resolved < the user's ``phases.NAME``.
3. `_complete` adds to the items of lists what they leave out; only now can they see the whole.
4. `validate_resolved` checks the result; `Blame` tells it in which layer a value stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import msgspec

from containers.components import Components, Parameter
from containers.components.profiles import DEFAULT_MAX_LEVERAGE
from containers.configuration import (
    Configuration,
    DataSettings,
    Locate,
    SymbolSettings,
    UserInput,
    config_digest,
    unknown_phases,
    unknown_workflow,
    validate_partial,
    validate_resolved,
)
from containers.configuration.space import normalise_space
from containers.errors import ConfigPath, ConfigurationError, Location, Problem
from declarative.definitions import WorkflowDefinition
from declarative.errors import PatternError
from declarative.patterns import Library, Pattern
from declarative.reading import split
from declarative.references import Node
from declarative.values import resolve
from declarative.workflows import PhaseSpec, flatten

__all__ = ["Resolved", "Resolver", "merge"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A complete configuration: as plain data, typed, its hash, and whom to blame for it."""

    plain: Mapping[str, Any]
    typed: Configuration
    digest: str
    blame: Blame


@dataclass(frozen=True, slots=True)
class _Layer:
    """A part of a configuration, checked, and where its values stand."""

    data: Mapping[str, Any]
    locate: Locate
    shipped: bool = False  # the engine's defaults: nobody is told to look there

    def below(self, *steps: str) -> _Layer:
        data: Any = self.data
        for step in steps:
            data = data.get(step, {})
        return _Layer(data, lambda path, key: self.locate((*steps, *path), key), self.shipped)

    def without(self, *keys: str) -> _Layer:
        left = {k: v for k, v in self.data.items() if k not in keys}
        return _Layer(left, self.locate, self.shipped)


class Resolver:
    """Resolves the configurations of one pass of a workflow.

    Attributes:
        workflow: The workflow, with the phases of its modules.

    Raises:
        ConfigurationError: What the user wrote is wrong by itself, names no workflow, or comes to
            no complete configuration.
        PatternError: What a pattern says is wrong by itself.
    """

    def __init__(self, user: UserInput, library: Library, components: Components) -> None:
        self._components = components
        data = validate_partial(user.data, components=components, locate=user.locate)
        self._user = _Layer(data, user.locate)
        self._items = library.defaults.node("items")
        node = library.defaults.node("configuration")
        engine = self._checked(node, ())
        # In the order of the pattern, which files of outputs show.
        ordered = {key: engine.data[key] for key in node.value}
        self._engine = _Layer(ordered, engine.locate, shipped=True)
        if "workflow" not in data:
            self._resolved([self._engine, self._user])  # says so, and what else is missing
        pattern = _find_workflow(data["workflow"], library, user.locate)
        defaults = _part(pattern, "defaults")
        _refuse_references(defaults)
        self._defaults = self._checked(defaults, ("workflow",))
        self._whole = self._resolved([self._engine, self._defaults, self._user])
        self.workflow = flatten(pattern, library)

    def for_workflow(self) -> Resolved:
        """Give the workflow's configuration, which keeps ``phases``."""
        return self._whole

    def for_phase(self, phase: PhaseSpec, references: Mapping[str, Any] | None = None) -> Resolved:
        """Give the configuration of a phase, which has no ``phases``.

        Args:
            phase: The phase.
            references: Those of its settings that hold references, resolved.

        Raises:
            ConfigurationError: It is not complete, or something in it does not fit together.
        """
        layers, writing = self._layers(phase, references or {})
        return self._resolved(layers, writing)

    def selection(self, phase: PhaseSpec) -> Resolved:
        """Give the configuration of a phase as far as it is known: without its references.

        What does not fit together in it may yet do so, and is not told; data and symbols are
        complete.
        """
        layers, writing = self._layers(phase, {})
        plain = self._merged(layers)
        typed = msgspec.structs.replace(
            self.for_workflow().typed,
            data=msgspec.convert(plain["data"], DataSettings),
            symbols=msgspec.convert(plain["symbols"], tuple[SymbolSettings, ...]),
        )
        return Resolved(plain, typed, config_digest(plain), Blame(layers, writing))

    def _layers(
        self, phase: PhaseSpec, references: Mapping[str, Any]
    ) -> tuple[list[_Layer], _Writing]:
        node = phase.part("config")
        plain, _ = split(node)
        settings = self._checked(Node(node.document, node.path, plain), _NOT_A_PHASES)
        layers = [self._engine, self._defaults, settings, self._user]
        overrides = [layer.below("phases", phase.name) for layer in layers]
        lower = [layer.without("phases") for layer in layers]
        if references:
            lower.append(self._layer(references, node, ()))
        return [*lower, *overrides], _Writing(self._user, ("phases", phase.name))

    def _checked(self, node: Node, refused: Sequence[str]) -> _Layer:
        """Check a configuration inside a pattern; what is wrong is the pattern's."""
        try:
            return self._layer(node.value, node, refused)
        except ConfigurationError as error:
            raise PatternError(
                msgspec.structs.replace(p, path=(*node.path, *p.path))
                if p.path[: len(node.path)] != node.path
                else p
                for p in error.problems
            ) from None

    def _layer(self, data: Mapping[str, Any], node: Node, refused: Sequence[str]) -> _Layer:
        """Check a part of a configuration that stands at ``node``."""

        def locate(path: ConfigPath, key: bool) -> Location:
            return node.document.locate((*node.path, *path), key=key)

        for key in refused:
            if key in data:
                raise node.at(key).error(f"'{key}' cannot be set here", key=True)
        return _Layer(validate_partial(data, components=self._components, locate=locate), locate)

    def unknown_phases(self) -> list[Problem]:
        """Say which keys of ``phases`` are no phases of the workflow."""
        known = [phase.name for phase in self.workflow.phases]
        return [
            problem
            for layer in (self._defaults, self._user)
            for problem in unknown_phases(
                self.workflow.name, layer.data.get("phases", {}), known, layer.locate
            )
        ]

    def _resolved(self, layers: Sequence[_Layer], writing: _Writing | None = None) -> Resolved:
        plain = self._merged(layers)
        blame = Blame(layers, writing or _Writing(self._user, ()))
        with blame.as_written():
            typed = validate_resolved(plain, components=self._components, locate=blame.locate)
        return Resolved(plain, typed, config_digest(plain), blame)

    def _merged(self, layers: Sequence[_Layer]) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for layer in layers:
            plain = merge(plain, layer.data)
        plain = self._complete(plain)
        for part in (plain, *plain.get("phases", {}).values()):
            normalise_space(part, plain, self._components)
        return plain

    def _complete(self, config: Mapping[str, Any]) -> dict[str, Any]:
        completed = dict(config)
        for key in self._items.value:
            if key in config:
                completed[key] = [self._completed(key, item, config) for item in config[key]]
        return completed

    def _completed(
        self, key: str, item: Mapping[str, Any], config: Mapping[str, Any]
    ) -> dict[str, Any]:
        known = self._known_of(key, item, len(config.get("symbols", ())))
        defaults = resolve(self._items.at(key), {"item": item, "component": known})
        whole = merge(defaults, item)
        return {name: whole[name] for name in dict.fromkeys([*item, *defaults])}

    def _known_of(self, key: str, item: Mapping[str, Any], symbols: int) -> Mapping[str, Any]:
        """Say what the registry knows of an item's type."""
        if key == "strategies":
            return {"parameters": _defaults(self._components.strategies[item["type"]].parameters)}
        if key == "classifiers":
            return {"parameters": _defaults(self._components.classifiers[item["type"]].parameters)}
        if key == "risk_profiles":
            size = self._components.profiles[item["type"]].max_position_size
            if size is not None:
                size = min(float(size), 1 / max(symbols, 1))
            return {"max_position_size": size, "max_leverage": DEFAULT_MAX_LEVERAGE}
        return {}


_NOT_A_PHASES = ("workflow", "phases", "results", "max_iterations")


def merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``upper`` over ``lower``; neither is changed and nothing is shared with the answer.

    Mappings merge deeply; anything else, null included, replaces.

    >>> merge({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"y": None}, "b": []})
    {'a': {'x': 1, 'y': None}, 'b': []}
    """
    return deepcopy(_laid_over(lower, upper))


def _laid_over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _laid_over(below, value) if both else value  # type: ignore[arg-type]  # both
    return merged


def _defaults(declared: Mapping[str, Parameter]) -> dict[str, int | float]:
    """Give the default of every parameter, as what it is declared to be."""
    return {
        name: float(parameter.default) if parameter.kind == "number" else parameter.default
        for name, parameter in declared.items()
    }


def _find_workflow(name: str, library: Library, locate: Locate) -> Pattern[WorkflowDefinition]:
    workflows = library.workflows()
    if name in workflows:
        return workflows[name]
    raise ConfigurationError([unknown_workflow(name, workflows, locate)])


def _part(workflow: Pattern[WorkflowDefinition], *path: str | int) -> Node:
    """Give an optional mapping of a workflow; an empty one where it is left out."""
    *parent, key = path
    above = workflow.node(*parent)
    if key in above.value:
        return above.at(key)
    return Node(workflow.document, tuple(path), {})


def _refuse_references(node: Node) -> None:
    if isinstance(node.value, str) and "${" in node.value:
        raise node.error("a workflow's settings cannot hold references")
    if isinstance(node.value, dict | list):
        for key in node.value if isinstance(node.value, dict) else range(len(node.value)):
            _refuse_references(node.at(key))


@dataclass(frozen=True, slots=True)
class _Writing:
    """What the user wrote, and below which keys he wrote it for one phase alone."""

    user: _Layer
    below: tuple[str, ...]

    def path_of(self, path: ConfigPath) -> ConfigPath:
        """Say where he wrote what stands at ``path``: for the phase, if that leads as far."""
        own = _reach(self.user.below(*self.below).data, path) if self.below else 0
        return (*self.below, *path) if own and own >= _reach(self.user.data, path) else path


@dataclass(frozen=True, slots=True)
class Blame:
    """Whom to blame for what stands in a resolved configuration."""

    layers: Sequence[_Layer]
    writing: _Writing

    def locate(self, path: ConfigPath, key: bool) -> Location | None:
        """Find the topmost layer that has ``path``; what none has is for the user to write.

        So is what the engine's defaults alone have.
        """
        for layer in reversed(self.layers):
            if path and not layer.shipped and _reach(layer.data, path) == len(path):
                return layer.locate(path, key)
        return self.writing.user.locate(self.writing.path_of(path), key)

    @contextmanager
    def as_written(self) -> Iterator[None]:
        """Have problems that are raised inside name the path and place that the user knows."""
        try:
            yield
        except PatternError:  # which stands in a pattern, and says so
            raise
        except ConfigurationError as error:
            raise type(error)(self._told(problem) for problem in error.problems) from None

    def _told(self, problem: Problem) -> Problem:
        location = problem.location or self.locate(problem.path, False)
        return msgspec.structs.replace(
            problem, path=self.writing.path_of(problem.path), location=location
        )


def _reach(data: Any, path: ConfigPath) -> int:
    """Count the steps of ``path`` that lead somewhere in ``data``."""
    for count, step in enumerate(path):
        inside = isinstance(data, Mapping) and step in data
        inside = inside or (isinstance(data, list) and isinstance(step, int) and step < len(data))
        if not inside:
            return count
        data = data[step]
    return len(path)
