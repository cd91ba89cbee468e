"""Configurations: their digests, what must fit together, and what units ran with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import xxhash

from parity.channels import Channel
from parity.invariants.draws import changed_strategies, combinations
from parity.invariants.findings import Findings
from parity.invariants.run import Run, Unit

__all__ = ["check_configurations", "check_digests", "check_settings", "strategies_of"]

_HOW: Final = ("results", "trace", "trace_level")


def check_digests(run: Run, found: Findings) -> None:
    """Work out the config hash of every resolved configuration once more."""
    for place, entries in run.channel(Channel.CONFIG).items():
        for entry in entries:
            if "config" in entry:
                found.equal(f"{place}: digest", _digest(entry["config"]), entry["digest"])
    for place, content in run.channel(Channel.OUTPUTS).items():
        metadata = content.get("metadata")
        config = run.config_of(place)
        if metadata is not None and config is not None:
            due = {"config_digest": _digest(config), "random_seed": config["random_seed"]}
            found.equal(f"{place}: metadata", due, metadata)


def _digest(config: Mapping[str, Any]) -> str:
    kept = _kept(config)
    if "phases" in config:
        phases = {name: _kept(own) for name, own in config["phases"].items()}
        kept["phases"] = {name: own for name, own in phases.items() if own}
    else:
        kept["phases"] = {}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return xxhash.xxh3_128_hexdigest(text.encode())


def _kept(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if key not in _HOW}
    if isinstance(kept.get("data"), Mapping):
        kept["data"] = {key: value for key, value in kept["data"].items() if key != "data_dir"}
        if not kept["data"]:
            del kept["data"]
    return kept


def check_configurations(run: Run, found: Findings) -> None:
    """Hold every resolved configuration against what must fit together."""
    for place, entries in run.channel(Channel.CONFIG).items():
        for entry in entries:
            if "config" not in entry:
                continue
            for what, holds in _demands(entry["config"]):
                found.holds(f"{place}: configuration", holds, what, "another")


def _demands(config: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Give the sentences of `docs/semantics.md` 1.4, and whether each holds."""
    strategies, profiles = config["strategies"], config["risk_profiles"]
    symbols = [entry["symbol"] for entry in config["symbols"]]
    yield (
        "at least one symbol, strategy and risk profile",
        bool(strategies and profiles and symbols),
    )
    yield "a timeframe for every symbol", all(entry["timeframes"] for entry in config["symbols"])
    for what, items in (
        ("strategies", strategies),
        ("classifiers", config["classifiers"]),
        ("risk profiles", profiles),
    ):
        names = [item["name"] for item in items]
        yield f"unique names of {what}", len(set(names)) == len(names)
    ids = [f"{s['name']}.{p['name']}" for s in strategies for p in profiles]
    yield "unique ids of portfolios", len(set(ids)) == len(ids)
    yield "each symbol once", len(set(symbols)) == len(symbols)
    timeframes = {entry["symbol"]: entry["timeframes"] for entry in config["symbols"]}
    for item in [*strategies, *config["classifiers"]]:
        own = item["symbols"]
        yield (
            "configured symbols, each once",
            own is None or (bool(own) and len(set(own)) == len(own) and set(own) <= set(symbols)),
        )
        if item["timeframe"] is not None:
            steps = [timeframes[symbol] for symbol in own or symbols]
            yield "a timeframe that its symbols have", all(item["timeframe"] in s for s in steps)
    before: list[str] = []
    for item in strategies:
        members = item["parameters"].get("members")
        if item["type"] == "ensemble":
            yield (
                "members declared before their ensemble",
                bool(members) and set(members) <= set(before),
            )
            yield "weights that are not all 0", any(members.values())
        before.append(item["name"])
    for profile in profiles:
        sized = profile["max_position_size"] is not None or profile["fixed_quantity"] is not None
        yield "a size for every risk profile", sized


def check_settings(run: Run, found: Findings) -> None:
    """Hold what every container of a unit was built with against configuration and parameters."""
    for unit in run.units:
        config = unit.phase.config
        assert config is not None  # it is a unit of a phase that has succeeded
        by_id = {container["id"]: container["settings"] for container in unit.containers}
        try:
            strategies = strategies_of(unit, config)
        except LookupError:
            found.passes_over("parameters of a user's own components")
            continue
        for name, (kind, parameters) in strategies.items():
            settings = by_id.get(f"strategy/{name}", {})
            if "parameters" in settings:
                due = {"type": kind, "parameters": parameters}
                shown = {key: settings[key] for key in due}
                found.equal(f"{unit.place}: strategy/{name}", due, shown)
        for item in config["classifiers"]:
            settings = by_id.get(f"classifier/{item['name']}", {})
            if "parameters" in settings:
                due = {"type": item["type"], "parameters": item["parameters"]}
                shown = {key: settings[key] for key in due}
                found.equal(f"{unit.place}: classifier/{item['name']}", due, shown)
        _hold_traders(unit, config, by_id, list(strategies), found)


def strategies_of(
    unit: Unit, config: Mapping[str, Any]
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Give the strategies that a unit must have: type and parameters by name.

    Raises:
        LookupError: The space has parameters of a user's own components.
    """
    changed = changed_strategies(config, unit.leaf.changes)
    if not any("#" in container["id"] for container in unit.containers):
        return {item["name"]: (item["type"], item["parameters"]) for item in changed}
    made: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for number, (combination, _) in enumerate(combinations(config, unit.leaf.started["spawn_key"])):
        for item in changed_strategies(config, {**unit.leaf.changes, **combination}):
            parameters = item["parameters"]
            if "members" in parameters:
                members = {f"{m}#{number}": w for m, w in parameters["members"].items()}
                parameters = {**parameters, "members": members}
            made[f"{item['name']}#{number}"] = (item["type"], parameters)
    return made


def _hold_traders(
    unit: Unit,
    config: Mapping[str, Any],
    by_id: Mapping[str, Any],
    strategies: Sequence[str],
    found: Findings,
) -> None:
    if not any(name.startswith("portfolio/") for name in by_id):
        return
    portfolio = config["portfolio"]
    for strategy in strategies:
        for profile in config["risk_profiles"]:
            name = f"{strategy}.{profile['name']}"
            settings = by_id.get(f"portfolio/{name}", {})
            sizing = {
                "max_position_size": profile["max_position_size"],
                "fixed_quantity": profile["fixed_quantity"],
                **{key: portfolio[key] for key in ("fractional", "lot_size", "allow_short")},
            }
            due = {
                "initial_capital": portfolio["initial_capital"],
                "sizing": sizing,
                "stop_loss": profile["stop_loss"],
            }
            if due.keys() <= settings.keys():
                shown = {key: settings[key] for key in due}
                found.equal(f"{unit.place}: portfolio/{name}", due, shown)
            limits = by_id.get(f"risk/{name}", {}).get("limits")
            if limits is not None:
                due = {key: profile[key] for key in limits}
                found.equal(f"{unit.place}: risk/{name}", due, limits)
    execution = by_id.get("execution", {})
    if {"fill", "costs", "close_at_end"} <= execution.keys():
        section = config["execution"]
        due = {
            "fill": section["fill"],
            "costs": {key: section[key] for key in execution["costs"]},
            "close_at_end": unit.close_at_end,
        }
        found.equal(f"{unit.place}: execution", due, {key: execution[key] for key in due})
