"""Parameters of strategies by key: ``{strategy}.{parameter}``, ``{strategy}.members.{member}``.

Names may have dots; the longest strategy name that fits counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from containers.configuration import Configuration, StrategySettings

__all__ = ["strategies_with", "strategy_of", "with_parameters"]


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
        own = dict(changed[name].parameters)
        parameter, _, member = key[len(name) + 1 :].partition(".")
        own[parameter] = {**own[parameter], member: value} if member else value
        changed[name] = msgspec.structs.replace(changed[name], parameters=own)
    return tuple(changed.values())


def strategy_of(key: str, names: Iterable[str]) -> str:
    """Give the longest of ``names`` that ``key`` begins with, before a dot.

    Raises:
        KeyError: None fits.
    """
    fitting = [name for name in names if key.startswith(f"{name}.")]
    if not fitting:
        raise KeyError(key)
    return max(fitting, key=len)
