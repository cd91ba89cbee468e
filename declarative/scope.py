"""What sequences and topologies may refer to: plain data, with a few leaves to hand on.

A sequence sees ``config``, the phase's configuration, and ``bars``, the base bars of the first
symbol. A topology sees ``config`` and

    market.symbols[]     name, base_timeframe, last_bar_ns
    market.streams[]     symbol, timeframe, bars, strategies: those that step on it, in config order
    market.periods_per_year
    strategies[]         name, type, parameters, component, streams: those it steps on,
                         indicators[]: name, component
    containers[id]       id, role and what the role exports: of the containers declared before
    report               inside an entry that has one: its fields, and ``save``

beside its own ``let`` and the variables of its loops. Leaves (``bars``, ``component``, exports,
``save``) are Python objects: they can be handed on to settings, never looked into.
"""

from __future__ import annotations

from typing import Any

import msgspec

from containers.components import Components
from containers.configuration import Configuration, StrategySettings
from containers.data import MarketData

__all__ = ["sequence_scope", "topology_scope"]


def sequence_scope(configuration: Configuration, market: MarketData) -> dict[str, Any]:
    """Give what a sequence may refer to."""
    count = len(market.base(market.symbols[0]))
    return {
        "config": msgspec.to_builtins(configuration),
        "bars": {"first": 0, "last": count - 1, "count": count},
    }


def topology_scope(
    configuration: Configuration,
    market: MarketData,
    components: Components,
    periods_per_year: float,
) -> dict[str, Any]:
    """Give what a topology may refer to before any of its containers is declared.

    Args:
        configuration: Of the phase.
        market: The unit's own data.
        components: What exists.
        periods_per_year: What ``metrics.periods_per_year`` comes to.
    """
    bases = {symbol: str(market.base_timeframe(symbol)) for symbol in market.symbols}
    streams: dict[tuple[str, str], dict[str, Any]] = {
        (symbol, timeframe): {
            "symbol": symbol, "timeframe": timeframe, "bars": bars, "strategies": [],
        }
        for (symbol, timeframe), bars in market.items()
    }  # fmt: skip
    strategies = [_strategy(settings, components) for settings in configuration.strategies]
    for settings, strategy in zip(configuration.strategies, strategies, strict=True):
        for symbol in market.symbols:
            if settings.symbols is None or symbol in settings.symbols:
                stream = streams[symbol, settings.timeframe or bases[symbol]]
                strategy["streams"].append(stream)
                stream["strategies"].append(strategy)
    symbols = [
        {
            "name": symbol,
            "base_timeframe": bases[symbol],
            "last_bar_ns": market.last_base_end(symbol),
        }
        for symbol in market.symbols
    ]
    return {
        "config": msgspec.to_builtins(configuration),
        "market": {
            "symbols": symbols,
            "streams": list(streams.values()),
            "periods_per_year": periods_per_year,
        },
        "strategies": strategies,
        "containers": {},
    }


def _strategy(settings: StrategySettings, components: Components) -> dict[str, Any]:
    component = components.strategies[settings.type](**settings.parameters)
    indicators = [{"name": i.name, "component": i} for i in component.indicators]
    return {
        "name": settings.name,
        "type": settings.type,
        "parameters": dict(settings.parameters),
        "component": component,
        "indicators": indicators,
        "streams": [],
    }
