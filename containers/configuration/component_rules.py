"""What only the components know: their types, and the names and ranges of their parameters.

Also the parameter space, whose keys belong to components. Everything here takes parts of a
configuration as well as complete ones, passes over what is malformed (others report that), and
looks into the overrides of phases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from containers.components import Components, Parameter
from containers.configuration.member_rules import check_members
from containers.configuration.plain import found
from containers.configuration.space import check_values, normalise_space
from containers.configuration.structure import Finding
from containers.errors import ConfigPath
from containers.nearest import did_you_mean

__all__ = ["check_components", "normalise_components"]

_KINDS: Final = (
    ("strategies", "strategy", "strategies"),
    ("classifiers", "classifier", "classifiers"),
    ("risk_profiles", "risk profile", "profiles"),
)
"""Key of the configuration, its noun, the field of `Components`."""


def check_components(
    data: Mapping[str, Any], components: Components, *, complete: bool
) -> Iterator[Finding]:
    """Find unknown components, parameters and members, and values they cannot take.

    Args:
        data: Plain data, symbols expanded.
        components: What exists.
        complete: Whether every parameter must be there.
    """
    for prefix, part in _parts(data):
        whole = complete and not prefix
        for key, noun, field in _KINDS:
            known: Mapping[str, Any] = getattr(components, field)
            for path, item in _items(part, prefix, key):
                yield from _check_item(path, item, noun, known, whole)
        strategies = part.get("strategies")
        if isinstance(strategies, list):
            yield from check_members((*prefix, "strategies"), strategies, components)
        sweep = part.get("parameter_sweep")
        if isinstance(sweep, Mapping):
            yield from _check_types((*prefix, "parameter_sweep"), sweep, components)
        space = part.get("parameter_space")
        if isinstance(space, Mapping):
            for name, values in space.items():
                yield from check_values((*prefix, "parameter_space", name), values, whole)


def normalise_components(data: dict[str, Any], components: Components) -> None:
    """Store floats where a parameter, a weight or a range takes numbers; ``data`` is changed.

    It must have been checked.
    """
    for _, part in _parts(data):
        for key, _, field in _KINDS:
            known: Mapping[str, Any] = getattr(components, field)
            for item in part.get(key, ()):
                declared = _declared(known[item["type"]])
                given = item.get("parameters", {})
                given.update((name, declared[name].stored(value)) for name, value in given.items())
        normalise_space(part, data, components)


def _parts(data: Mapping[str, Any]) -> Iterator[tuple[ConfigPath, Any]]:
    yield (), data
    phases = data.get("phases")
    if isinstance(phases, Mapping):
        for name, override in phases.items():
            if isinstance(override, Mapping):
                yield ("phases", name), override


def _items(
    part: Mapping[str, Any], prefix: ConfigPath, key: str
) -> Iterator[tuple[ConfigPath, Mapping[str, Any]]]:
    items = part.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, Mapping) and isinstance(item.get("type"), str) and item["type"]:
            yield (*prefix, key, index), item


def _declared(component: Any) -> Mapping[str, Parameter]:
    parameters: Mapping[str, Parameter] = getattr(component, "parameters", {})
    return parameters


def _check_item(
    path: ConfigPath, item: Mapping[str, Any], noun: str, known: Mapping[str, Any], complete: bool
) -> Iterator[Finding]:
    kind = item["type"]
    if kind not in known:
        hint = did_you_mean(kind, known)
        yield Finding((*path, "type"), f"there is no {noun} of type {found(kind)}", hint)
        return
    declared = _declared(known[kind])
    given = item.get("parameters", {})
    if not isinstance(given, Mapping) or noun == "risk profile":  # whose settings are keys
        return
    here = (*path, "parameters")
    for name, value in given.items():
        if name not in declared:
            hint = did_you_mean(name, declared)
            message = f"unknown parameter '{name}' of {noun} '{kind}'"
            yield Finding((*here, name), message, hint, at_key=True)
            continue
        for wrong in declared[name].problems(value):
            yield Finding((*here, name, *wrong.below), wrong.message, wrong.hint)
    if complete and "parameters" in item:
        for name in declared:
            if name not in given:
                yield Finding((*here, name), f"the required key '{name}' is missing")


def _check_types(
    path: ConfigPath, sweep: Mapping[str, Any], components: Components
) -> Iterator[Finding]:
    """Find types of strategies that do not exist in what a sweep is narrowed to."""
    for key in ("only", "skip"):
        types = sweep.get(key)
        for index, kind in enumerate(types if isinstance(types, list) else ()):
            if isinstance(kind, str) and kind not in components.strategies:
                hint = did_you_mean(kind, components.strategies)
                message = f"there is no strategy of type {found(kind)}"
                yield Finding((*path, key, index), message, hint)
