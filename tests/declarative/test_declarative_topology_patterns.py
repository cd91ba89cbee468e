"""Topology and sequence patterns decide what is built and run; nothing in Python does."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.container import Role
from containers.journal import Entry, IterationStarted, TopologyBuilt, UnitExecuted
from containers.trading import DataContainer
from declarative import DeclarativeWorkflowManager, PatternError

Config = dict[str, Any]
PatternFolder = Callable[..., Path]


def shipped_text(name: str) -> str:
    """Give a shipped pattern under the name ``mine``; a topology as one piece, without parts."""
    folder = files("declarative") / "patterns"
    text = (folder / name).read_text(encoding="utf-8")
    if not name.startswith("topologies/"):
        return text.replace("name: single_pass", "name: mine", 1)
    lets, containers, routes = ["let:", "  keep_signals: false"], ["containers:"], ["routes:"]
    for part in ("data", "features", "classifiers", "strategies", "trading"):
        piece = (folder / f"parts/{part}.yaml").read_text(encoding="utf-8")
        into = None
        for line in piece.splitlines():
            if line in ("let:", "containers:", "routes:"):
                into = {"let:": lets, "containers:": containers, "routes:": routes}[line]
            elif into is not None:
                into.append(line)
    return "\n".join(["kind: topology", "name: mine", *lets, *containers, *routes, ""])


@pytest.fixture
def run(pattern_folder: PatternFolder, config: Config) -> Callable[..., dict[type, Any]]:
    """Run patterns called ``mine`` in place of the shipped ones; answer its records by type."""

    def act(topology: str | None = None, sequence: str | None = None) -> dict[type, Any]:
        files = {
            "topology": topology,
            "sequence": sequence,
            "workflow": "kind: workflow\nname: mine\nphases:\n"
            f"- {{name: a, topology: {'mine' if topology else 'backtest'}, "
            f"sequence: {'mine' if sequence else 'single_pass'}}}\n",
        }
        folder = pattern_folder(**{name: text for name, text in files.items() if text})
        entries: list[Entry] = []
        manager = DeclarativeWorkflowManager(patterns=folder, consumers=[entries.append])
        result = manager.run_workflow({**config, "workflow": "mine"})
        assert result.success, result.error
        return {type(entry.record): entry.record for entry in entries}

    return act


@pytest.fixture
def message(run: Callable[..., object]) -> Callable[..., str]:
    """Give the one problem of a changed topology or sequence, from its line on."""

    def act(**patterns: str) -> str:
        with pytest.raises(PatternError) as caught:
            run(**patterns)
        (problem,) = caught.value.problems
        assert problem.location is not None
        return str(problem).partition(".yaml:")[2].partition(": ")[2]

    return act


def test_containers_and_routes_are_those_of_the_pattern(run: Callable[..., Any]) -> None:
    text = shipped_text("topologies/backtest.yaml")
    head, _, routes = text.partition("routes:\n")
    plain = run()[TopologyBuilt]
    changed = run(topology=f"{head.replace('risk/', 'guard/')}routes:\n{routes}".replace(
        "risk/", "guard/"
    ))[TopologyBuilt]  # fmt: skip
    ids = [container.id for container in plain.containers]
    assert ids == [
        "data/AAA/1d", "data/BBB/1d", "features/AAA/1d", "features/BBB/1d",
        "strategy/momentum", "portfolio/momentum.moderate", "risk/momentum.moderate", "execution",
    ]  # fmt: skip
    renamed = [container.id for container in changed.containers]
    assert renamed == [name.replace("risk/", "guard/") for name in ids]


def test_a_route_that_is_left_out_is_not_there(run: Callable[..., Any]) -> None:
    text = shipped_text("topologies/backtest.yaml")
    without = text.replace("[ORDER_REQUEST, PORTFOLIO_UPDATE]", "[ORDER_REQUEST]")
    kinds = {route.kind for route in run(topology=without)[TopologyBuilt].routes}
    assert "ORDER_REQUEST" in kinds
    assert "PORTFOLIO_UPDATE" not in kinds


def test_indicators_that_strategies_share_are_declared_once(config: Config) -> None:
    strategies = [
        {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 3}},
        {"type": "mean_reversion", "parameters": {"lookback": 3}, "symbols": ["BBB"]},
    ]
    entries: list[Entry] = []
    manager = DeclarativeWorkflowManager(consumers=[entries.append])
    manager.run_workflow({**config, "strategies": strategies})
    built = next(e.record for e in entries if isinstance(e.record, TopologyBuilt))
    features = {c.id: c.settings["features"] for c in built.containers if c.role == "features"}
    assert features == {
        "features/AAA/1d": ["sma_2", "sma_3"],
        "features/BBB/1d": ["sma_2", "sma_3", "std_3"],
    }
    to_reversion = [r.publisher for r in built.routes if r.subscriber == "strategy/mean_reversion"]
    assert to_reversion == ["data/BBB/1d", "features/BBB/1d"]


def test_the_window_of_the_sequence_cuts_the_data(run: Callable[..., Any]) -> None:
    text = shipped_text("sequences/single_pass.yaml")
    text = text.replace("name: full", "name: part\n    first: 5\n    last: 2 * 7")
    records = run(sequence=text.replace("like: full", "like: part"))
    window = records[IterationStarted].window
    assert (window.name, window.first_bar, window.last_bar) == ("part", 5, 14)
    assert records[UnitExecuted].slices == 10
    data = {c.id: c.settings for c in records[TopologyBuilt].containers if c.role == "data"}
    assert {name: settings["bars"] for name, settings in data.items()} == {
        "data/AAA/1d": 10,
        "data/BBB/1d": 5,
    }


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            "last: 40",
            ("iterations[0]: 'full' would be bars 0 to 40 of 40, which is no window; there are "
             "40 bars"),
        ),
        ("while: index > 0", "iterations: there is no window that fits; there are 40 bars"),
        (
            "times: config.data.source",
            ("iterations[0].times: 'config.data.source' is 'csv', expected a whole number of at "
             "least 0"),
        ),
        ("when: bars", "iterations[0].when: 'bars' is 40, expected true or false"),
        (
            "first: config.train_tset",
            ("iterations[0].first: 'config.train_tset': a mapping has no 'train_tset' (did you "
             "mean 'train_test'?)"),
        ),
        (
            "varies: \"'wind'\"",
            ("iterations[0].varies: found 'wind', expected one of parameter_noise, "
             "block_bootstrap"),
        ),
        ("optimizes: nothing", "iterations[0].optimizes: there is no sequence 'nothing' (known: "),
    ],
)  # fmt: skip
def test_a_sequence_that_cannot_be_laid_over_the_data_is_an_error(
    keys: str, expected: str, message: Callable[..., str]
) -> None:
    text = shipped_text("sequences/single_pass.yaml")
    assert message(sequence=text.replace("name: full", f"name: full\n    {keys}")).startswith(
        expected
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "bars: ${stream.bars}", "bar: ${stream.bars}",
            ("containers[0].settings.bar: unknown setting 'bar' for the role 'data'; allowed: "
            "bars, trading_from_ns (did you mean 'bars'?)"),
        ),
        (
            "      fill: ${config.execution.fill}\n", "",
            "containers[6].settings: the settings for the role 'execution' lack: fill",
        ),
        (
            "fill: ${config.execution.fill}", "fill: ${config.execution.close_at_end}",
            "containers[6].settings.fill: expected 'str', got 'bool'",
        ),
        (
            "fill: ${config.execution.fill}", "fill: whenever",
            "containers[6].settings.fill: invalid enum value 'whenever'",
        ),
        (
            "lot_size: ${config.portfolio.lot_size}\n        allow_short",
            "lot: 1.0\n        allow_short",
            ("containers[4].settings.sizing.lot: unknown key 'lot'; allowed: max_position_size, "
            "fixed_quantity, fractional, lot_size, allow_short (known: "
            "allow_short, fixed_quantity, fractional, lot_size, max_position_size)"),
        ),
        (
            "        lot_size: ${config.portfolio.lot_size}\n", "",
            "containers[4].settings.sizing: object missing required field 'lot_size'",
        ),
        (
            "bars: ${stream.bars}", "bars: ${stream.bras}",
            ("containers[0].settings.bars: ${stream.bras} leads nowhere: 'stream' has no 'bras' "
            "(did you mean 'bars'?)"),
        ),
        (
            "account: ${containers['portfolio/", "account: ${containers['execution/",
            ("containers[5].settings.account: ${containers['execution/${portfolio.id}'].account} "
            "leads nowhere: 'containers' has no 'execution/momentum.moderate' (did you mean "
            "'portfolio/momentum.moderate'?)"),
        ),
        (
            "id: data/${stream.symbol}/${stream.timeframe}", "id: data",
            "containers[0].id: two containers have the id 'data'",
        ),
        (
            "to: execution", "to: executoin",
            "routes[7].to: there is no container 'executoin' (did you mean 'execution'?)",
        ),
        (
            "let:", "let:\n  market: 1",
            "let.market: 'market' hides what has this name already",
        ),
        (
            "parameters: ${portfolio.strategy.parameters}", "parameters: 1",
            "containers[4].report.parameters: found 1, expected a mapping",
        ),
        (
            "portfolio: ${portfolio.id}\n      strategy:", "portfolio: [1]\n      strategy:",
            "containers[4].report.portfolio: found a list, expected text",
        ),
    ],
)  # fmt: skip
def test_a_wrong_topology_is_found_before_anything_runs(
    old: str, new: str, expected: str, message: Callable[..., str]
) -> None:
    text = shipped_text("topologies/backtest.yaml")
    assert old in text
    assert message(topology=text.replace(old, new, 1)) == expected


def test_two_containers_cannot_report_as_one_portfolio(
    message: Callable[..., str], config: Config
) -> None:
    text = shipped_text("topologies/backtest.yaml")
    config["risk_profiles"] = [{"type": "moderate"}, {"type": "aggressive"}]
    old = "portfolio: ${portfolio.id}\n      strategy:"
    changed = text.replace(old, old.replace("${portfolio.id}", "p"))
    assert message(topology=changed) == "name: two containers report as the portfolio 'p'"


class Counting(DataContainer):
    """Takes whatever the shipped class takes, and says so."""

    def __init__(self, container_id: str, **settings: Any) -> None:
        super().__init__(container_id, **settings)
        self.given = tuple(settings)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "given": self.given}


class Choosy(DataContainer):
    """Needs more than the shipped pattern gives."""

    def __init__(self, container_id: str, *, bars: Any, trading_from_ns: Any, colour: str) -> None:
        super().__init__(container_id, bars=bars)


def test_a_class_replaces_the_shipped_one_of_its_role(config: Config) -> None:
    components = msgspec.structs.replace(default_components(), containers={"data": Counting})
    entries: list[Entry] = []
    manager = DeclarativeWorkflowManager(components=components, consumers=[entries.append])
    assert manager.run_workflow(config).success
    built = next(e.record for e in entries if isinstance(e.record, TopologyBuilt))
    assert built.containers[0].settings["given"] == ("bars", "trading_from_ns")


def test_a_class_that_needs_more_is_named_at_the_settings(config: Config) -> None:
    components = msgspec.structs.replace(default_components(), containers={Role.DATA: Choosy})
    with pytest.raises(PatternError) as caught:
        DeclarativeWorkflowManager(components=components).run_workflow(config)
    place = "declarative/patterns/parts/data.yaml:11:5"
    assert str(caught.value) == (
        f"{place}: containers[0].settings: the settings for the role 'data' lack: colour"
    )


def test_anything_that_makes_a_container_can_stand_for_its_class(config: Config) -> None:
    def make(name: str, /, **settings: Any) -> DataContainer:
        return DataContainer(name, **settings)

    components = msgspec.structs.replace(default_components(), containers={"data": make})
    assert DeclarativeWorkflowManager(components=components).run_workflow(config).success
