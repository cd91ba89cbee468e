"""Topologies: which containers a unit has, in which order, and who is sent what.

`docs/semantics.md` 7.5, worked out once more from the configuration and the unit's strategies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from parity.channels import Channel
from parity.invariants.findings import Findings
from parity.invariants.resolved import strategies_of
from parity.invariants.run import Run, Unit
from parity.oracle.times import parse_timeframe

__all__ = ["check_topologies"]

_SHIPPED: Final = ("backtest", "optimization", "signal_generation", "signal_replay", "analysis")
_STEPPING: Final = ("backtest", "optimization", "signal_generation")


class _Route(NamedTuple):
    kind: str
    publisher: str
    subscriber: str
    topic: str | None


def check_topologies(run: Run, found: Findings) -> None:
    """Hold the containers and the routes of every unit against those that there must be."""
    plans: dict[object, tuple[list[tuple[str, str]], list[_Route]]] = {}
    for unit in run.units:
        config = unit.phase.config
        assert config is not None  # it is a unit of a phase that has succeeded
        if unit.phase.topology not in _SHIPPED:
            found.passes_over(f"the topology {unit.phase.topology!r} is a user's own")
            continue
        try:
            strategies = strategies_of(unit, config)
        except LookupError:
            found.passes_over("the space has parameters of a user's own components")
            continue
        members, replayed = _members(unit), _replayed(unit)
        # Most units of a phase must be built alike.
        of_members = tuple((name, tuple(own)) for name, own in members.items())
        key = (unit.phase.place, *strategies), of_members, frozenset(replayed)
        if key not in plans:
            plan = _Plan(unit.phase.topology, config, list(strategies), members)
            plans[key] = list(plan.containers()), sorted(set(plan.routes(replayed)), key=_key)
        containers, due = plans[key]
        shown = [(container["id"], container["role"]) for container in unit.containers]
        if not found.equal(f"{unit.place}: containers", containers, shown):
            continue
        (entry,) = run.channel(Channel.TOPOLOGY)[unit.place]
        routes = [_Route(*map(route.__getitem__, _Route._fields)) for route in entry["routes"]]
        _compare(unit, due, sorted(routes, key=_key), found)


def _key(route: _Route) -> tuple[str, ...]:
    return *route[:3], route.topic or ""


def _compare(unit: Unit, due: Sequence[_Route], shown: Sequence[_Route], found: Findings) -> None:
    found.compared += len(due)
    if due == shown:
        return
    for left, right in zip([*due, None], [*shown, None], strict=False):
        if left != right:
            found.breaks(f"{unit.place}: routes", left, right)
            return


def _members(unit: Unit) -> dict[str, list[str]]:
    """Give the members of every ensemble of a unit, by its name."""
    return {
        container["id"].removeprefix("strategy/"): list(
            container["settings"]["parameters"]["members"]
        )
        for container in unit.containers
        if "members" in container["settings"].get("parameters", {})
    }


def _replayed(unit: Unit) -> set[str]:
    """Give the names of the strategies that publish what was stored."""
    return {
        container["id"].removeprefix("strategy/")
        for container in unit.containers
        if container["role"] == "strategy" and "signals" in container["settings"]
    }


class _Plan:
    def __init__(
        self,
        topology: str,
        config: Mapping[str, Any],
        strategies: Sequence[str],
        members: Mapping[str, Sequence[str]],
    ) -> None:
        self._topology = topology
        self._config = config
        self._members = members
        trades = topology not in ("signal_generation", "analysis")
        self._strategies = [] if topology == "analysis" else list(strategies)
        self._classifiers = (
            [] if topology == "signal_replay" else [c["name"] for c in config["classifiers"]]
        )
        profiles = [profile["name"] for profile in config["risk_profiles"]]
        self._portfolios = [(s, f"{s}.{p}") for s in self._strategies for p in profiles if trades]
        self._streams = [
            (entry["symbol"], timeframe)
            for entry in config["symbols"]
            for timeframe in sorted(entry["timeframes"], key=_length)
        ]
        self._bases = {
            entry["symbol"]: min(entry["timeframes"], key=_length) for entry in config["symbols"]
        }

    def containers(self) -> Iterator[tuple[str, str]]:
        """Give ids and roles in topology order."""
        yield from ((f"data/{s}/{t}", "data") for s, t in self._streams)
        if self._topology != "signal_replay":
            yield from ((f"features/{s}/{t}", "features") for s, t in self._streams)
        yield from ((f"classifier/{name}", "classifier") for name in self._classifiers)
        yield from ((f"strategy/{name}", "strategy") for name in self._strategies)
        yield from ((f"portfolio/{name}", "portfolio") for _, name in self._portfolios)
        yield from ((f"risk/{name}", "risk") for _, name in self._portfolios)
        if self._portfolios:
            yield "execution", "execution"

    def routes(self, replayed: set[str]) -> Iterator[_Route]:
        """Give who is sent what."""
        featured = self._topology != "signal_replay"
        for symbol, timeframe in self._streams:
            data, features = f"data/{symbol}/{timeframe}", f"features/{symbol}/{timeframe}"
            if featured:
                yield _Route("BAR", data, features, None)
            for _, name in self._portfolios:
                yield _Route("BAR", data, f"portfolio/{name}", "trading")
            if self._portfolios and self._bases[symbol] == timeframe:
                yield _Route("BAR", data, "execution", "trading")
        for name in self._classifiers:
            for symbol, timeframe in self._steps("classifiers", name):
                stream = f"{symbol}/{timeframe}"
                yield _Route("BAR", f"data/{stream}", f"classifier/{name}", None)
                yield _Route("FEATURES", f"features/{stream}", f"classifier/{name}", None)
        for name in self._strategies:
            yield from self._to_strategy(name, featured, replayed)
        for strategy, name in self._portfolios:
            portfolio, risk = f"portfolio/{name}", f"risk/{name}"
            yield _Route("SIGNAL", f"strategy/{strategy}", portfolio, None)
            yield _Route("ORDER_REQUEST", portfolio, risk, None)
            yield _Route("PORTFOLIO_UPDATE", portfolio, risk, None)
            yield _Route("ORDER", risk, portfolio, None)
            yield _Route("ORDER", risk, "execution", None)
            yield _Route("FILL", "execution", portfolio, name)
            yield _Route("CANCELLATION", "execution", portfolio, name)

    def _to_strategy(self, name: str, featured: bool, replayed: set[str]) -> Iterator[_Route]:
        own = f"strategy/{name}"
        steps = list(self._steps("strategies", name))
        if name in replayed:
            symbols = {symbol for symbol, _ in steps}
            steps = [stream for stream in self._streams if stream[0] in symbols]
        for symbol, timeframe in steps:
            yield _Route("BAR", f"data/{symbol}/{timeframe}", own, "trading")
            if featured:
                yield _Route("FEATURES", f"features/{symbol}/{timeframe}", own, "trading")
        for member in self._members.get(name, ()):
            yield _Route("SIGNAL", f"strategy/{member}", own, None)

    def _steps(self, section: str, name: str) -> Iterator[tuple[str, str]]:
        """Give the streams that a component steps on."""
        items = {item["name"]: item for item in self._config[section]}
        item = items.get(name) or items[name.rpartition("#")[0]]
        for symbol, base in self._bases.items():
            if item["symbols"] is None or symbol in item["symbols"]:
                yield symbol, item["timeframe"] or base


def _length(timeframe: str) -> int:
    return parse_timeframe(timeframe).nominal_s
