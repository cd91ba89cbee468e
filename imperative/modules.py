"""Phases of modules, put before a workflow's own.

An imported phase is called ``{as}.{phase}``. What it names (dependencies, references, thresholds)
is renamed alike; an expression keeps its text and sees the module's phases by their own names.
Parameters are put in at once, so a setting that holds nothing else is one without references.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from containers.errors import ConfigurationError, Problem
from containers.nearest import did_you_mean
from imperative.references import map_references, starting_name, take_name
from imperative.values import kind_of
from imperative.workflow import Condition, Import, MetricThreshold, Module, Output, Phase, Ref

__all__ = ["imported_phases"]


def imported_phases(
    owner: str,
    imports: Sequence[Import],
    modules: Mapping[str, type[Module]],
    trail: tuple[str, ...] = (),
) -> list[Phase]:
    """Give the phases of all modules that are imported, in order.

    Args:
        owner: Who imports, for messages.
        imports: What it imports.
        modules: Modules by name.
        trail: Names of the modules around, outermost first.

    Raises:
        ConfigurationError: A module or a parameter does not exist, or modules import each other.
    """
    found: list[Phase] = []
    for place, entry in enumerate(imports):
        if not isinstance(entry, Import):
            kind = type(entry).__name__
            raise _refused(f"{owner}: imports[{place}]: found a {kind}, expected an Import")
        module = _find(owner, entry, modules)
        if module.name in trail:
            circle = " -> ".join([*trail[trail.index(module.name) :], module.name])
            raise _refused(f"{owner}: modules import each other: {circle}")
        found += _renamed_phases(owner, entry, module, modules, (*trail, module.name))
    return found


def _find(owner: str, entry: Import, modules: Mapping[str, type[Module]]) -> type[Module]:
    if isinstance(entry.module, str):
        if entry.module not in modules:
            hint = did_you_mean(entry.module, modules)
            raise _refused(
                f"{owner} imports the module '{entry.module}', which does not exist", hint
            )
        return modules[entry.module]
    return entry.module


def _renamed_phases(
    owner: str,
    entry: Import,
    module: type[Module],
    modules: Mapping[str, type[Module]],
    trail: tuple[str, ...],
) -> list[Phase]:
    unknown = [name for name in entry.parameters if name not in module.parameters]
    if unknown:
        hint = did_you_mean(unknown[0], module.parameters)
        raise _refused(f"{owner}: module '{module.name}' has no parameter '{unknown[0]}'", hint)
    values = deepcopy({**module.parameters, **entry.parameters})
    name = f"module '{module.name}'"
    inner = imported_phases(name, module.imports, modules, trail)
    own = [*inner, *_own_phases(module, values)]
    names = {phase.name: f"{entry.as_}.{phase.name}" for phase in own}

    def change(path: str) -> Any:
        word, rest = starting_name(path, names)
        if word == "parameters" and word not in names:
            parameter, further = take_name(rest, values)
            if parameter is None:
                found = rest[0] if rest else ""
                hint = did_you_mean(found, values)
                raise _refused(f"{name}: ${{{path}}}: there is no parameter '{found}'", hint)
            if not further:
                return values[parameter]
            raise _refused(f"{name}: ${{{path}}}: expected the name of a parameter alone")
        if word == "outputs" and rest:
            phase, rest = take_name(rest, names)
            return Ref(".".join(["outputs", names[phase], *rest])) if phase else Ref(path)
        return Ref(".".join([names[word], *rest])) if word in names else Ref(path)

    return [_renamed(phase, names, change) for phase in own]


def _own_phases(module: type[Module], values: Mapping[str, Any]) -> list[Phase]:
    """Ask a module for its phases; only then is it clear that they are some."""
    what = f"get_phases of module '{module.name}' ({module.__name__})"
    try:
        given: object = module().get_phases(deepcopy(dict(values)))
    except Exception as error:
        raise _refused(f"{what} raised {type(error).__name__}: {error}") from error
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise _refused(f"{what} gave {kind_of(given)}, expected a list of Phase")
    for place, phase in enumerate(given):
        if not isinstance(phase, Phase):
            kind = type(phase).__name__
            raise _refused(f"module '{module.name}': phase {place} is a {kind}, expected a Phase")
    return list(given)


def _renamed(phase: Phase, names: Mapping[str, str], change: Callable[[str], Any]) -> Phase:
    depends_on = tuple(names.get(name, name) for name in phase.dependencies)
    seen = phase.own_names or {name: name for name in names}
    return dataclasses.replace(
        phase,
        name=names[phase.name],
        config=map_references(phase.config, change),
        inputs=map_references(phase.inputs, change),
        outputs={
            name: Output(map_references(output.value, change), output.file)
            for name, output in phase.outputs.items()
        },
        depends_on=depends_on,
        conditions=tuple(_condition(entry, names, change) for entry in phase.conditions),
        own_names={name: names.get(full, full) for name, full in seen.items()},
    )


def _condition(
    condition: Condition, names: Mapping[str, str], change: Callable[[str], Any]
) -> Condition:
    if not isinstance(condition, MetricThreshold):
        return condition
    return dataclasses.replace(
        condition,
        phase=names.get(condition.phase, condition.phase),
        value=map_references(condition.value, change),
    )


def _refused(message: str, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError([Problem(message, hint=hint)])
