"""The classes behind the roles, and the settings that they take.

`settings_for` resolves the settings of one container, holds their names against the constructor
they are for, and gives plain data the types it annotates: ``{slippage_bps: 5.0, …}`` becomes
`Costs`, ``next_open`` a `FillModel`. Values that are objects already are handed on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from containers.components import Components
from containers.container import Container, Role
from containers.nearest import did_you_mean
from containers.trading import (
    ClassifierContainer,
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    PortfolioContainer,
    ReplayContainer,
    RiskContainer,
    StrategyContainer,
)
from declarative.references import Node, Scope
from declarative.slots import NeedsValueError, has_slots
from declarative.values import resolve

__all__ = ["EXPORTS", "SHIPPED", "class_for", "settings_for"]

SHIPPED: Final[Mapping[Role, type[Container]]] = {
    Role.DATA: DataContainer,
    Role.FEATURES: FeaturesContainer,
    Role.CLASSIFIER: ClassifierContainer,
    Role.STRATEGY: StrategyContainer,
    Role.PORTFOLIO: PortfolioContainer,
    Role.RISK: RiskContainer,
    Role.EXECUTION: ExecutionContainer,
}
"""Classes by role, where `Components.containers` names no other."""

OTHERS: Final[Mapping[str, type[Container]]] = {"replay": ReplayContainer}
"""Further classes of a role, by the name under ``made_by``."""

EXPORTS: Final[Mapping[Role, tuple[str, ...]]] = {Role.PORTFOLIO: ("account",)}
"""What later containers may be given of an earlier one, by its role."""


def class_for(
    role: Role, made_by: str | None, components: Components
) -> Callable[..., Container] | None:
    """Find what makes a container of this role; null when nothing is known."""
    if made_by is not None:
        return OTHERS[made_by]
    made: Callable[..., Container] | None = components.containers.get(role, SHIPPED.get(role))
    return made


def settings_for(
    role: Role, make: Callable[..., Container], node: Node, scope: Scope
) -> dict[str, Any]:
    """Resolve the settings of a container.

    Args:
        role: Its role.
        make: Its class, or whatever makes it, called with its id and the settings by keyword.
        node: Its entry in the topology.
        scope: What the settings may refer to.

    Raises:
        PatternError: A setting is unknown, missing, of the wrong type, or refers to nothing.
    """
    given: dict[str, Any] = node.value.get("settings") or {}
    here = node.at("settings") if "settings" in node.value else node
    accepted, required = _parameters(role, make)
    for name in given:
        if name not in accepted:
            allowed = ", ".join(accepted) or "none"
            message = f"unknown setting '{name}' for the role '{role}'; allowed: {allowed}"
            raise here.at(name).error(message, did_you_mean(name, accepted), key=True)
    missing = [name for name in required if name not in given]
    if missing:
        message = f"the settings for the role '{role}' lack: {', '.join(missing)}"
        raise here.error(message, key=True)
    hints = _hints(role)
    return {
        name: _typed(here.at(name), resolve(here.at(name), scope), hints.get(name, Any))
        for name in given
    }


@cache
def _parameters(role: Role, make: Callable[..., Container]) -> tuple[list[str], list[str]]:
    """Give the settings that a constructor takes, and those it needs.

    One that takes any keyword hands them on to the shipped class.
    """
    own = list(inspect.signature(make).parameters.values())
    needed = _needed(own)
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in own) and role in SHIPPED:
        needed = _needed(inspect.signature(SHIPPED[role]).parameters.values()) | needed
    return list(needed), [name for name, is_needed in needed.items() if is_needed]


def _needed(parameters: Iterable[inspect.Parameter]) -> dict[str, bool]:
    """Say of each parameter but the first, which is the id, whether it must be given."""
    positional, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    named = [p for p in parameters if p.kind in (positional, keyword)]
    if named and named[0].kind is positional:
        del named[0]
    return {p.name: p.default is inspect.Parameter.empty for p in named}


@cache
def _hints(role: Role) -> Mapping[str, Any]:
    shipped = SHIPPED.get(role)
    return {} if shipped is None else get_type_hints(shipped.__init__)


def _typed(node: Node, value: Any, hint: Any) -> Any:
    """Give ``value`` as the type that is annotated, when that is one of plain data."""
    if not _is_plain(hint):
        return value
    if has_slots(value):
        if _holds_struct(hint):
            raise NeedsValueError
        return value  # numbers and texts, as they are
    for known in (part for part in (hint, *get_args(hint)) if _is_struct(part)):
        for key in value if isinstance(value, Mapping) else ():
            if key not in known.__struct_fields__:
                allowed = ", ".join(known.__struct_fields__)
                place = node.at(key) if isinstance(node.value, dict) and key in node.value else node
                hint_text = did_you_mean(str(key), known.__struct_fields__)
                raise place.error(f"unknown key '{key}'; allowed: {allowed}", hint_text, key=True)
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        text = str(error).replace("`", "'")
        raise node.error(text[:1].lower() + text[1:]) from None


def _is_plain(hint: Any) -> bool:
    """Say whether a type is made of text, numbers, enums, structs, lists and mappings alone."""
    origin = get_origin(hint)
    if origin in (Union, UnionType, list, tuple, dict, Mapping, Sequence):
        return all(_is_plain(part) for part in get_args(hint) if part is not Ellipsis)
    if not isinstance(hint, type):
        return False
    return hint in (str, int, float, bool, NoneType) or issubclass(hint, Enum) or _is_struct(hint)


def _holds_struct(hint: Any) -> bool:
    return _is_struct(hint) or any(map(_holds_struct, get_args(hint))) or _is_enum(hint)


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)
