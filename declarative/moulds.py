"""Expanding a topology once for all units of one structure.

Units of a phase mostly differ in parameters and data alone. The first of them is expanded over a
scope in which these are slots (`declarative.slots`); what comes out is a mould, and every further
unit of the same structure fills it.

1. `_structure` says what two units must have in common: the cast of strategies, which of their
   indicators are one and the same, which symbols are traded, how positions end.
2. `_with_slots` puts slots into a scope; `_values` says what a unit has for them.
3. A topology that looks into such a value has no mould, and is expanded for every unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from declarative.scope import Cast
from declarative.slots import NeedsValueError, Slot, SlotKey, TextSlot, filled, has_slots
from declarative.topology import Assembly, Blueprint, ContainerPlan, expand
from declarative.unit import Unit

__all__ = ["Moulds"]


@dataclass(frozen=True, slots=True)
class _Mould:
    """A blueprint with slots, and where they are.

    Attributes:
        blueprint: With slots in it.
        open: Of each container, by its place, the names of the settings with slots.
        reports: Places of the containers whose reports have slots.
    """

    blueprint: Blueprint
    open: tuple[tuple[int, tuple[str, ...]], ...]
    reports: frozenset[int]


@dataclass(slots=True)
class Moulds:
    """The moulds of one phase: same configuration but for parameters, same inputs.

    None in place of a mould: this topology can have none.
    """

    moulds: dict[Any, _Mould | None] = field(default_factory=dict)

    def blueprint(self, unit: Unit, cast: Cast) -> Blueprint:
        """Give the blueprint of a unit.

        Raises:
            PatternError: The topology is wrong.
        """
        key = _structure(unit, cast)
        if key not in self.moulds:
            self.moulds[key] = _moulded(unit, cast)
        mould = self.moulds[key]
        if mould is None:
            return unit.blueprint(cast)
        return _cast(mould, _values(unit, cast))


def _moulded(unit: Unit, cast: Cast) -> _Mould | None:
    try:
        scope = _with_slots(unit.scope(cast), cast)
        blueprint = expand(unit.topology, scope, unit.components)
    except NeedsValueError:
        return None
    finally:
        _without_streams(cast)
    places, reports = [], set()
    for place, plan in enumerate(blueprint.containers):
        names = tuple(name for name, value in plan.settings.items() if has_slots(value))
        if names:
            places.append((place, names))
        if plan.report is not None and has_slots(plan.report.parameters):
            reports.add(place)
    return _Mould(blueprint, tuple(places), frozenset(reports))


def _cast(mould: _Mould, values: Mapping[SlotKey, Any]) -> Blueprint:
    """Fill a mould."""
    plans = list(mould.blueprint.containers)
    for place, names in mould.open:
        plan = plans[place]
        settings = dict(plan.settings)
        for name in names:
            settings[name] = filled(settings[name], values)
        plans[place] = ContainerPlan(plan.id, plan.make, settings, plan.report, plan.gives)
    for place in mould.reports:
        report = plans[place].report
        assert report is not None  # it is one of those that have one
        parameters = filled(report.parameters, values)
        plans[place] = replace(plans[place], report=replace(report, parameters=parameters))
    return Blueprint(tuple(plans), mould.blueprint.routes)


def _structure(unit: Unit, cast: Cast) -> Any:
    """Give what two units have in common that fit one mould."""
    seen: dict[str, int] = {}
    names = tuple(
        seen.setdefault(indicator["name"], len(seen))
        for user in cast.users
        for indicator in user["indicators"]
    )
    who = tuple((s["name"], s["members"], len(s["indicators"])) for s in cast.strategies)
    market = unit.market
    traded = tuple(_traded(unit))
    topology: Assembly = unit.topology
    execution = unit.configuration.execution
    return topology.name, who, names, market.symbols, traded, execution


def _traded(unit: Unit) -> list[str]:
    return [symbol for symbol, _ in unit.last_bars()]


def _with_slots(scope: dict[str, Any], cast: Cast) -> dict[str, Any]:
    """Put slots where the values of units differ."""
    market = scope["market"]
    market["trading_from_ns"] = Slot(("trading_from_ns",))
    market["from_ns"] = Slot(("from_ns",))
    for symbol in market["traded"]:
        symbol["last_bar_ns"] = Slot(("last_bar_ns", symbol["name"]))
    for stream in market["streams"]:
        stream["bars"] = Slot(("bars", stream["symbol"], stream["timeframe"]))
    scope["config"] = {**scope["config"], "strategies": Slot(("strategies",))}
    slotted: dict[int, dict[str, Any]] = {}
    for place, strategy in enumerate(cast.strategies):
        slotted[id(strategy)] = {
            **strategy,
            "parameters": Slot(("parameters", place)),
            "component": Slot(("component", place)),
            "indicators": [
                {
                    "name": TextSlot.of(each["name"], ("name", place, number)),
                    "component": Slot(("indicator", place, number)),
                }
                for number, each in enumerate(strategy["indicators"])
            ],
        }
    scope["strategies"] = [slotted[id(strategy)] for strategy in cast.strategies]
    for stream in market["streams"]:
        stream["users"] = [slotted.get(id(user), user) for user in stream["users"]]
    return scope


def _without_streams(cast: Cast) -> None:
    """Let the cast be used again: a scope puts it onto streams."""
    for user in cast.users:
        user["streams"] = []


def _values(unit: Unit, cast: Cast) -> dict[SlotKey, Any]:
    """Give what a unit has for each slot."""
    values: dict[SlotKey, Any] = {
        ("trading_from_ns",): unit.trading_from_ns,
        ("from_ns",): unit.from_ns(),
    }
    for symbol, last_ns in unit.last_bars():
        values["last_bar_ns", symbol] = last_ns
    for (symbol, timeframe), bars in unit.market.items():
        values["bars", symbol, timeframe] = bars
    for place, strategy in enumerate(cast.strategies):
        values["parameters", place] = strategy["parameters"]
        values["component", place] = strategy["component"]
        for number, each in enumerate(strategy["indicators"]):
            values["name", place, number] = each["name"]
            values["indicator", place, number] = each["component"]
    return values
