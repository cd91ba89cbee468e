"""A workflow with the phases of its modules, as one list: what there is to run, and in what order.

1. `flatten` puts the phases of every imported module before the workflow's own, each under its
   full name ``{as}.{phase}``, with the module's parameters put in.
2. `PhaseSpec.readable` says what a phase may read; `check_workflow` holds references, conditions
   and inputs against it.
3. `order_phases` gives the order of execution.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from containers.errors import Problem
from containers.nearest import did_you_mean
from declarative.conditions import check_condition, conditions_of, text_of_condition
from declarative.definitions import (
    ConditionDefinition,
    ImportDefinition,
    ModuleDefinition,
    PhaseDefinition,
    WorkflowDefinition,
)
from declarative.errors import PatternError
from declarative.patterns import Library, Pattern
from declarative.reading import RESERVED, Read, Readable, check, parts_of, references_in
from declarative.references import Node
from declarative.schema import model_of
from declarative.views import walk

__all__ = ["PhaseSpec", "Workflow", "check_workflow", "flatten", "order_phases"]


@dataclass(frozen=True, slots=True)
class PhaseSpec:
    """A phase of a workflow, its own or a module's.

    Attributes:
        name: Its full name.
        definition: With the parameters of its module put in.
        node: Where it stands.
        names: Full names of the phases that it can name, by the names it uses.
        depends_on: Full names, each once, in declared order.
    """

    name: str
    definition: PhaseDefinition
    node: Node
    names: Mapping[str, str]
    depends_on: tuple[str, ...]

    @property
    def conditions(self) -> list[tuple[ConditionDefinition, Node]]:
        """All conditions, with where they stand."""
        nodes = conditions_of(self.node, "when")
        return list(zip(self.definition.when, nodes, strict=True))

    @property
    def condition_texts(self) -> tuple[str, ...]:
        """All conditions as plans write them."""
        return tuple(text_of_condition(condition, self.names) for condition, _ in self.conditions)

    @property
    def input_paths(self) -> dict[str, str]:
        """The paths of the references that give the inputs, with full names of phases."""
        return {
            name: self._full(reference)
            for name in self.definition.inputs
            for _, reference in references_in(self.node.at("inputs", name))
        }

    def _full(self, reference: Read) -> str:
        """Write a path with the full name of the phase that it begins with."""
        for local in sorted(self.names, key=len, reverse=True):
            if reference.text == local or reference.text.startswith((f"{local}.", f"{local}[")):
                return self.names[local] + reference.text[len(local) :]
        return reference.text

    def part(self, key: str) -> Node:
        """Give an optional mapping of the phase; an empty one where it is left out."""
        if self.node.value.get(key) is not None:
            return self.node.at(key)
        return Node(self.node.document, (*self.node.path, key), {})


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow with all its phases, in declared order."""

    pattern: Pattern[WorkflowDefinition]
    phases: tuple[PhaseSpec, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.pattern.name

    @property
    def definition(self) -> WorkflowDefinition:
        """What the pattern says, but for imported phases."""
        return self.pattern.definition

    @property
    def outputs(self) -> dict[str, list[str]]:
        """Names of the outputs of every phase."""
        return {phase.name: list(phase.definition.outputs) for phase in self.phases}

    @property
    def writes_files(self) -> bool:
        """Whether an output, of a phase or its own, has a file."""
        outputs = [o for phase in self.phases for o in phase.definition.outputs.values()]
        return any(o.file is not None for o in [*outputs, *self.definition.outputs.values()])

    def behind(self, phase: PhaseSpec) -> set[str]:
        """Give the phases that are done before ``phase``, because it waits for them."""
        by_name = {each.name: each for each in self.phases}
        found: set[str] = set()
        waiting = list(phase.depends_on)
        while waiting:
            name = waiting.pop()
            if name not in found and name in by_name:
                found.add(name)
                waiting += by_name[name].depends_on
        return found

    def readable(
        self, phase: PhaseSpec, config: Mapping[str, Any] | None, *, itself: bool = False
    ) -> Readable:
        """Say what a phase may read; ``itself`` as well, once it is done."""
        behind, outputs = self.behind(phase), self.outputs
        if itself:
            behind.add(phase.name)
        return Readable(
            reader=f"the phase '{phase.name}'",
            outputs={local: outputs[full] for local, full in phase.names.items()},
            reachable={local for local, full in phase.names.items() if full in behind},
            config=config,
            roots={"inputs": dict.fromkeys(phase.definition.inputs)},
        )

    def readable_afterwards(self, reader: str, config: Mapping[str, Any] | None) -> Readable:
        """Say what may be read when all phases are done."""
        return Readable(reader, self.outputs, set(self.outputs), config)


def flatten(workflow: Pattern[WorkflowDefinition], library: Library) -> Workflow:
    """Put the phases of all modules before the workflow's own.

    Raises:
        PatternError: A module is unknown, imports itself, or lacks a parameter it is given; two
            phases have one name; a name means something else in references.
    """
    phases = list(_phases(workflow, "", {}, library, ()))
    problems: list[Problem] = []
    seen: set[str] = set()
    for phase in phases:
        at = phase.node.at("name")
        if phase.name in seen:
            problems += at.error(f"two phases are called '{phase.name}'").problems
        elif phase.name in RESERVED:
            hint = "references begin with that word; choose another"
            problems += at.error(f"a phase cannot be called '{phase.name}'", hint).problems
        seen.add(phase.name)
    if problems:
        raise PatternError(problems)
    return Workflow(workflow, tuple(phases))


def _phases(
    pattern: Pattern[WorkflowDefinition] | Pattern[ModuleDefinition],
    prefix: str,
    parameters: Mapping[str, Any],
    library: Library,
    around: tuple[str, ...],
) -> Iterator[PhaseSpec]:
    """Give the phases of a workflow or module: imported ones first."""
    imported: list[PhaseSpec] = []
    for place, each in enumerate(pattern.definition.imports):
        node = pattern.node("imports", place)
        imported += _imported(each, node, prefix, parameters, library, around)
    own = [phase.name for phase in pattern.definition.phases]
    full = [phase.name for phase in imported] + [prefix + name for name in own]
    names = {name.removeprefix(prefix): name for name in full}
    yield from imported
    in_module = isinstance(pattern.definition, ModuleDefinition)
    for place, definition in enumerate(pattern.definition.phases):
        node = pattern.node("phases", place)
        if in_module:
            node = _with_parameters(node, parameters)
            definition = model_of(PhaseDefinition, node)  # noqa: PLW2901  # the same, filled in
        depends_on = dict.fromkeys(definition.depends_on)
        yield PhaseSpec(
            name=prefix + definition.name,
            definition=definition,
            node=node,
            names=names,
            depends_on=tuple(names.get(name, name) for name in depends_on),
        )


def _imported(
    each: ImportDefinition,
    node: Node,
    prefix: str,
    parameters: Mapping[str, Any],
    library: Library,
    around: tuple[str, ...],
) -> Iterator[PhaseSpec]:
    at = node.at("module") if isinstance(node.value, dict) else node
    module = _module(each.module, at, library)
    if module.name in around:
        circle = " -> ".join([*around[around.index(module.name) :], module.name])
        raise at.error(f"modules import each other in a circle: {circle}")
    known = module.definition.parameters
    given: dict[str, Any] = dict(known)
    for name in each.parameters:
        here = node.at("parameters", name)
        if name not in known:
            message = f"the module '{module.name}' has no parameter '{name}'"
            raise here.error(message, did_you_mean(name, known), key=True)
        filled = _with_parameters(here, parameters) if around else here
        if next(references_in(filled), None) is not None:
            raise here.error("a parameter is a plain value, without references")
        given[name] = filled.value
    inner = (*around, module.name)
    name_here = each.prefix or module.name
    yield from _phases(module, f"{prefix}{name_here}.", given, library, inner)


def _module(name: str, node: Node, library: Library) -> Pattern[ModuleDefinition]:
    """Find a module by its name, or by its file, relative to the importing one."""
    modules = library.modules()
    if name in modules:
        return modules[name]
    if name.endswith((".yaml", ".yml")):
        path = os.path.normpath(PurePath(node.document.file).parent / name)
        by_file = {os.path.normpath(m.origin): m for m in modules.values()}
        if path in by_file:
            return by_file[path]
        message = f"there is no module in the file '{name}'"
        raise node.error(message, f"looked for {path} among the patterns")
    raise node.error(f"there is no module '{name}'", did_you_mean(name, modules))


def _with_parameters(node: Node, parameters: Mapping[str, Any]) -> Node:
    """Put the parameters of a module in; other references stay as they are."""
    return Node(node.document, node.path, _filled(node, {"parameters": parameters}))


def _filled(node: Node, scope: Mapping[str, Any]) -> Any:
    value = node.value
    if isinstance(value, dict):
        return {key: _filled(node.at(key), scope) for key in value}
    if isinstance(value, list):
        return [_filled(node.at(index), scope) for index in range(len(value))]
    if not isinstance(value, str) or "${parameters" not in value:
        return value
    filled: list[Any] = []
    for part in parts_of(node):
        if isinstance(part, Read) and part.steps[0] == "parameters":
            steps = part.steps[1:]
            found, place = walk(scope["parameters"], steps)
            if place < len(steps):
                known = scope["parameters"]
                hint = did_you_mean(str(steps[0]), known) if not place else None
                raise node.error(f"${{{part.text}}}: there is no parameter '{steps[place]}'", hint)
            filled.append(found)
        else:
            filled.append(part if isinstance(part, str) else f"${{{part.text}}}")
    if len(filled) == 1:
        return filled[0]
    return "".join(part if isinstance(part, str) else _text(part) for part in filled)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def check_workflow(workflow: Workflow, config: Mapping[str, Any] | None) -> None:
    """Check what the definition shows: dependencies, and everything that is read.

    Args:
        workflow: The workflow.
        config: Its resolved configuration; null: not known yet.

    Raises:
        PatternError: With every problem.
    """
    problems: list[Problem] = []
    for phase in workflow.phases:
        readable = workflow.readable(phase, config)
        for condition, node in phase.conditions:
            problems += check_condition(condition, node, readable)
        for name in phase.definition.inputs:
            problems += _check_input(phase.part("inputs").at(name), readable)
        problems += check(phase.part("config"), readable)
        problems += check(phase.part("outputs"), workflow.readable(phase, config, itself=True))
    afterwards = workflow.readable_afterwards("the workflow", config)
    definition, pattern = workflow.definition, workflow.pattern
    for place, branch in enumerate(definition.branches):
        node = pattern.node("branches", place)
        for condition, at in zip(branch.when, conditions_of(node, "when"), strict=True):
            problems += check_condition(condition, at, afterwards)
        if branch.config:
            problems += check(node.at("config"), afterwards)
    if definition.iterate is not None:
        node = pattern.node("iterate")
        problems += check_condition(definition.iterate.proceed, node.at("while"), afterwards)
        if definition.iterate.change:
            problems += check(node.at("change"), afterwards)
    if definition.outputs:
        problems += check(pattern.node("outputs"), afterwards)
    if problems:
        raise PatternError(problems)


def _check_input(node: Node, readable: Readable) -> list[Problem]:
    parts = parts_of(node)
    if len(parts) != 1 or isinstance(parts[0], str):
        message = f"found '{node.value}', expected one reference and nothing else"
        return list(node.error(message, "for example ${generate.signals}").problems)
    if parts[0].steps[0] == "inputs":
        return list(node.error("an input cannot name inputs").problems)
    return check(node, readable)


def order_phases(workflow: Workflow) -> tuple[PhaseSpec, ...]:
    """Give the phases: repeatedly the first declared whose dependencies are done.

    Raises:
        PatternError: A dependency is unknown, or phases wait for each other.
    """
    phases = workflow.phases
    known = {phase.name for phase in phases}
    problems: list[Problem] = []
    for phase in phases:
        for name in phase.depends_on:
            if name not in known:
                message = f"phase '{phase.name}' depends on '{name}', which does not exist"
                hint = did_you_mean(name, phase.names)
                problems += phase.node.at("depends_on").error(message, hint).problems
    if problems:
        raise PatternError(problems)
    order: list[PhaseSpec] = []
    done: set[str] = set()
    while len(order) < len(phases):
        ready = (p for p in phases if p.name not in done and done.issuperset(p.depends_on))
        chosen = next(ready, None)
        if chosen is None:
            raise _circle(phases, done)
        order.append(chosen)
        done.add(chosen.name)
    return tuple(order)


def _circle(phases: Sequence[PhaseSpec], done: Collection[str]) -> PatternError:
    """Name a circle, from its first declared phase on."""
    by_name = {phase.name: phase for phase in phases}
    walked = [next(name for name in by_name if name not in done)]
    while True:
        waits_for = next(name for name in by_name[walked[-1]].depends_on if name not in done)
        if waits_for in walked:
            break
        walked.append(waits_for)
    circle = walked[walked.index(waits_for) :]
    names = list(by_name)
    start = circle.index(min(circle, key=names.index))
    circle = [*circle[start:], *circle[:start]]
    text = " -> ".join([*circle, circle[0]])
    node = by_name[circle[0]].node.at("depends_on")
    return node.error(f"phases depend on each other in a circle: {text}")
