"""Keys, types and ranges: from plain data to findings and normalised data.

1. `expand_symbols` writes a plain ``GOOG`` as ``{symbol: GOOG}``.
2. `check_structure` lets the models of `containers.configuration.schema` see everything at once
   and says what they found in our words.
3. `missing_keys` walks models and data together and finds what a complete configuration lacks, or
   what even a part must have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from containers.configuration.plain import found
from containers.configuration.schema import Section, SymbolEntry, UserConfiguration
from containers.errors import ConfigPath
from containers.nearest import did_you_mean, nearest

__all__ = ["Finding", "check_structure", "expand_symbols", "missing_keys", "value_at"]


class Finding(NamedTuple):
    """A problem without its position. ``at`` is which place in the file it is about."""

    path: ConfigPath
    message: str
    hint: str | None = None
    at_key: bool = False


_EXAMPLES: Final[Mapping[ConfigPath, str]] = {
    ("workflow",): "write the name of a workflow, for example workflow: simple_backtest",
    ("data",): "write at least data: {data_dir: FOLDER}",
    ("data", "data_dir"): "write the folder that holds the files of market data",
    ("symbols",): "write what to trade, for example symbols: [GOOG]",
    ("strategies",): "write at least one, for example strategies: [{type: momentum}]",
}
"""What to write for keys that have no default."""


def expand_symbols(data: dict[str, Any]) -> None:
    """Write every symbol of ``data``, which is changed, as a mapping; also those of phases."""
    phases = data.get("phases")
    parts = [data, *(phases.values() if isinstance(phases, dict) else ())]
    for part in parts:
        symbols = part.get("symbols") if isinstance(part, dict) else None
        if isinstance(symbols, list):
            part["symbols"] = [
                {"symbol": item} if isinstance(item, str) else item for item in symbols
            ]


def check_structure(data: dict[str, Any]) -> tuple[dict[str, Any] | None, list[Finding]]:
    """Check keys, types and ranges.

    Returns:
        The normalised data with exactly the keys that were given, or null when there are
        findings; and the findings.
    """
    try:
        model = UserConfiguration.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [_finding(detail, data) for detail in details]
    return model.model_dump(exclude_unset=True), []


def missing_keys(data: Mapping[str, Any], *, complete: bool) -> Iterator[Finding]:
    """Find keys that are not there but must be.

    Args:
        data: A configuration, well-formed or not; what is malformed is passed over.
        complete: Whether every key must be there; else only those of list items that have no
            meaning without them.
    """
    yield from _missing(UserConfiguration, data, (), complete)


def _missing(
    model: type[Section], data: Any, path: ConfigPath, complete: bool
) -> Iterator[Finding]:
    if not isinstance(data, Mapping):
        return
    for name in model.model_fields:
        here = (*path, name)
        if name in data:
            part = _section_of(model, name)
            if part is None:
                continue
            value = data[name]
            if name == "phases":  # parts of a configuration by their nature
                for phase, override in value.items() if isinstance(value, Mapping) else ():
                    yield from _missing(part, override, (*here, phase), False)
            elif _is_list(model, name):
                for index, item in enumerate(value) if isinstance(value, list) else ():
                    yield from _missing(part, item, (*here, index), complete)
            else:
                yield from _missing(part, value, here, complete)
        elif name in model.always or (complete and name not in model.may_be_absent):
            yield Finding(here, f"the required key '{name}' is missing", _EXAMPLES.get(here))


@cache
def _section_of(model: type[Section], name: str) -> type[Section] | None:
    """Give the section that a field holds, alone, in a list or in a mapping; null for others."""
    return _section_in(model.model_fields[name].annotation)


def _is_list(model: type[Section], name: str) -> bool:
    return get_origin(model.model_fields[name].annotation) is list


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation if issubclass(annotation, Section) else None
    for part in get_args(annotation):
        section = _section_in(part)
        if section is not None:
            return section
    return None


@cache
def _owners() -> Mapping[str, tuple[str, ...]]:
    """Give, for each key of a section, the sections of the top level that have it."""
    owners: dict[str, tuple[str, ...]] = {}
    for name in UserConfiguration.model_fields:
        section = _section_of(UserConfiguration, name)
        if section is not None and name != "phases":
            for key in section.model_fields:
                owners[key] = (*owners.get(key, ()), name)
    return owners


def _finding(detail: ErrorDetails, data: Any) -> Finding:
    path: ConfigPath = tuple(detail["loc"])
    kind = detail["type"]
    if kind == "refused":
        context = detail["ctx"]
        return Finding(path, context["message"], context["hint"])
    if kind == "extra_forbidden":
        return _unknown_key(path)
    value = value_at(data, path)
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "list_type":
        hint = "write [] for none" if value is None else None
        if numeric or isinstance(value, str):
            hint = f"write [{value}]"
        return Finding(path, f"found {found(value)}, expected a list", hint)
    if _model_at(path) is SymbolEntry:
        hint = "put it in quotes" if numeric else None
        return Finding(path, f"found {found(value)}, expected a symbol or a mapping", hint)
    return Finding(path, f"found {found(value)}, expected a mapping")


def _unknown_key(path: ConfigPath) -> Finding:
    key, parent = str(path[-1]), path[:-1]
    section = _model_at(parent)
    known = tuple(section.model_fields) if section is not None else ()
    message = f"unknown key '{key}'"
    if parent[:1] == ("phases",) and len(parent) == 2:
        if key == "phases":
            return Finding(path, message, "the overrides of a phase hold no phases", True)
        if key == "workflow":
            return Finding(path, message, "a phase cannot change the workflow", True)
        if key in ("results", "max_iterations"):
            return Finding(path, message, f"'{key}' holds for the whole workflow", True)
    at_top = not parent or (len(parent) == 2 and parent[0] == "phases")
    elsewhere = nearest(key, _owners()) if at_top and nearest(key, known) is None else None
    if elsewhere is not None:
        owners = " or ".join(f"'{owner}'" for owner in _owners()[elsewhere])
        hint = f"did you mean '{elsewhere}' in {owners}?"
        return Finding(path, message, f"it belongs in {owners}" if key == elsewhere else hint, True)
    return Finding(path, message, did_you_mean(key, known), True)


def _model_at(path: ConfigPath) -> type[Section] | None:
    """Give the section whose data stand at ``path``; null where none do."""
    section: type[Section] | None = UserConfiguration
    for step in path:
        if section is None:
            return None
        if isinstance(step, str) and step in section.model_fields:
            field = step
            section = _section_of(section, field)
        # other steps are list indexes and phase names: the same section goes on
    return section


def value_at(data: Any, path: ConfigPath) -> Any:
    """Give what stands at ``path``, which must be there."""
    for step in path:
        data = data[step]
    return data
