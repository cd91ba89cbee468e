"""What topologies may refer to: plain data, with a few leaves to hand on.

    config               the phase's configuration
    market.symbols[]     name, base_timeframe
    market.traded[]      those of them with a base bar in the window, and its last_bar_ns
    market.streams[]     symbol, timeframe, bars, users: what steps on its features, in order
    market.periods_per_year, market.trading_from_ns, market.from_ns
    strategies[]         name, type, parameters, component, symbols, members, combines, streams:
                         those it is sent, indicators[]: name, component
    classifiers[]        name, type, parameters, component, symbols, streams, indicators[]
    inputs               what the phase hands in, by name
    containers[id]       id, role and what the role exports: of the containers declared before
    report               inside an entry that has one: its fields, and ``files``

beside the ``let`` of the topology and its parts, and the variables of loops. Leaves (``bars``,
``component``, exports, ``files``) are Python objects: they can be handed on to settings, never
looked into.

`Cast` holds the components of one unit: what they look back on decides the warm-up, so they are
made before the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from containers.components import Components, UnitContext, members_of
from containers.configuration import ClassifierSettings, Configuration, StrategySettings
from containers.data import MarketData
from declarative.around import with_parameters
from declarative.topology import Assembly
from declarative.variations import Parameters

__all__ = ["Cast", "cast_of", "topology_scope"]


class Cast(msgspec.Struct, frozen=True):
    """The strategies and classifiers of one unit, made.

    Attributes:
        strategies: As a scope shows them, without streams.
        classifiers: Alike.
        users: Those of them that step on features, in order.
        combinations: Parameters of each combination, when the topology runs several at once.
        combination_of: Which of them a strategy belongs to, by its name.
    """

    strategies: list[dict[str, Any]]
    classifiers: list[dict[str, Any]]
    users: list[dict[str, Any]]
    combinations: Sequence[Parameters] = ()
    combination_of: Mapping[str, int] = {}

    @property
    def lookback(self) -> int:
        """The largest look-back of what steps on features; 0 without any."""
        looks = (i["component"].lookback for user in self.users for i in user["indicators"])
        return max(looks, default=0)


def cast_of(
    topology: Assembly,
    configuration: Configuration,
    components: Components,
    periods_per_year: float,
    combinations: Sequence[Parameters] = (),
) -> Cast:
    """Make the components of a unit.

    Args:
        topology: What it is a unit of.
        configuration: Of the unit.
        components: What exists.
        periods_per_year: What ``metrics.periods_per_year`` comes to.
        combinations: To be run at once; empty for the configuration as it is.

    Raises:
        Exception: Whatever a component raises while it is made.
    """
    roles = topology.roles
    strategies: list[dict[str, Any]] = []
    combination_of: dict[str, int] = {}
    if "strategy" in roles:
        for k, parameters in enumerate(combinations):
            for settings in with_parameters(configuration, parameters).strategies:
                numbered = _numbered(settings, k)
                combination_of[numbered.name] = k
                strategies.append(_strategy(numbered, configuration, components))
        if not combinations:
            strategies = [
                _strategy(settings, configuration, components)
                for settings in configuration.strategies
            ]
    classifiers: list[dict[str, Any]] = []
    if "classifier" in roles:
        context = UnitContext(periods_per_year=periods_per_year)
        for each in configuration.classifiers:
            component = components.classifiers[each.type](context, **each.parameters)
            classifiers.append(_entry(each.name, each.type, each.parameters, component))
    users = [*strategies, *classifiers] if "features" in roles else []
    return Cast(strategies, classifiers, users, combinations, combination_of)


def topology_scope(
    topology: Assembly,
    configuration: Configuration,
    market: MarketData,
    cast: Cast,
    *,
    periods_per_year: float,
    trading_from_ns: int | None,
    from_ns: int,
    last_bars: Sequence[tuple[str, int]],
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """Give what a topology may refer to before any of its containers is declared.

    Args:
        topology: The topology.
        configuration: Of the unit.
        market: The unit's own data.
        cast: Its components.
        periods_per_year: What ``metrics.periods_per_year`` comes to.
        trading_from_ns: End of the window's first bar; null without warm-up.
        from_ns: End of the window's first slice.
        last_bars: Of every symbol with a base bar in the window, the end of its last one.
        inputs: What the phase hands in.
    """
    bases = {symbol: str(market.base_timeframe(symbol)) for symbol in market.symbols}
    streams: dict[tuple[str, str], dict[str, Any]] = {
        (symbol, timeframe): {"symbol": symbol, "timeframe": timeframe, "bars": bars, "users": []}
        for (symbol, timeframe), bars in market.items()
    }
    for settings, entry in _with_settings(configuration, cast):
        everything = topology.replays and not entry.get("combines", True)
        symbols = [s for s in market.symbols if settings.symbols is None or s in settings.symbols]
        entry["symbols"] = symbols
        entry["streams"] = [
            stream
            for (symbol, timeframe), stream in streams.items()
            if symbol in symbols
            and (everything or timeframe == (settings.timeframe or bases[symbol]))
        ]
    for user in cast.users:
        for stream in user["streams"]:
            stream["users"].append(user)
    return {
        "config": msgspec.to_builtins(configuration),
        "market": {
            "symbols": [{"name": s, "base_timeframe": bases[s]} for s in market.symbols],
            "traded": [{"name": name, "last_bar_ns": last} for name, last in last_bars],
            "streams": list(streams.values()),
            "periods_per_year": periods_per_year,
            "trading_from_ns": trading_from_ns,
            "from_ns": from_ns,
        },
        "strategies": cast.strategies,
        "classifiers": cast.classifiers,
        "inputs": inputs,
        "containers": {},
    }


def _with_settings(
    configuration: Configuration, cast: Cast
) -> list[tuple[StrategySettings | ClassifierSettings, dict[str, Any]]]:
    strategies, classifiers = configuration.strategies, configuration.classifiers
    found: list[tuple[StrategySettings | ClassifierSettings, dict[str, Any]]] = [
        (strategies[place % len(strategies)], entry) for place, entry in enumerate(cast.strategies)
    ]
    return found + list(zip(classifiers, cast.classifiers, strict=False))


def _numbered(settings: StrategySettings, k: int) -> StrategySettings:
    """Name a strategy, and the members of an ensemble, after their combination."""
    parameters = dict(settings.parameters)
    if isinstance(parameters.get("members"), Mapping):
        parameters["members"] = {f"{m}#{k}": w for m, w in parameters["members"].items()}
    return msgspec.structs.replace(settings, name=f"{settings.name}#{k}", parameters=parameters)


def _strategy(
    settings: StrategySettings, configuration: Configuration, components: Components
) -> dict[str, Any]:
    component = components.strategies[settings.type](**settings.parameters)
    members = members_of(component)
    entry = _entry(settings.name, settings.type, settings.parameters, component)
    return {**entry, "members": members, "combines": bool(members)}


def _entry(name: str, kind: str, parameters: Mapping[str, Any], component: Any) -> dict[str, Any]:
    indicators = [{"name": i.name, "component": i} for i in component.indicators]
    return {
        "name": name,
        "type": kind,
        "parameters": dict(parameters),
        "component": component,
        "indicators": indicators,
        "streams": [],
    }
