"""Parameters of strategies by key: ``{strategy}.{parameter}``, ``{strategy}.members.{member}``.

Names may have dots; the longest strategy name that fits counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from containers.configuration import Configuration, StrategySettings

__all__ = ["items_with", "strategies_with", "strategy_of", "with_parameters"]


def with_parameters(configuration: Configuration, parameters: Mapping[str, Any]) -> Configuration:
    """Give the configuration with some parameters replaced; everything else is shared.

    Raises:
        KeyError: A key names no strategy.
    """
    if not parameters:
        return configuration
    return msgspec.structs.replace(
        configuration, strategies=strategies_with(configuration.strategies, parameters)
    )


def strategies_with(
    strategies: tuple[StrategySettings, ...], parameters: Mapping[str, Any]
) -> tuple[StrategySettings, ...]:
    """Give strategies with some parameters replaced."""
    changed = {strategy.name: strategy for strategy in strategies}
    for key, value in parameters.items():
        name = strategy_of(key, changed)
        own = _with_value(changed[name].parameters, key[len(name) + 1 :], value)
        changed[name] = msgspec.structs.replace(changed[name], parameters=own)
    return tuple(changed.values())


def items_with(
    strategies: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Give strategies, as a configuration writes them, with some parameters replaced."""
    changed = {item.get("name", item["type"]): dict(item) for item in strategies}
    for key, value in parameters.items():
        name = strategy_of(key, changed)
        own = _with_value(changed[name].get("parameters", {}), key[len(name) + 1 :], value)
        changed[name]["parameters"] = own
    return list(changed.values())


def _with_value(parameters: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    parameter, _, member = place.partition(".")
    inner = {**parameters.get(parameter, {}), member: value} if member else value
    return {**parameters, parameter: inner}


def strategy_of(key: str, names: Iterable[str]) -> str:
    """Give the longest of ``names`` that ``key`` begins with, before a dot.

    Raises:
        KeyError: None fits.
    """
    fitting = [name for name in names if key.startswith(f"{name}.")]
    if not fitting:
        raise KeyError(key)
    return max(fitting, key=len)
