"""Layers of a configuration: what overrides what, what is completed, where mistakes are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import yaml

from containers.components import Momentum, Parameter, default_components
from containers.configuration import read_user
from containers.errors import ConfigurationError
from declarative import DeclarativeWorkflowManager, PatternError, shipped
from declarative.plan import Plan
from declarative.resolution import merge

Config = dict[str, Any]
PatternFolder = Callable[..., Path]

LAYERED = """
    kind: workflow
    name: layered
    defaults:
      portfolio: {initial_capital: 1, lot_size: 2}
      execution: {commission_bps: 1, slippage_bps: 1}
      risk_profiles: [{type: custom, max_position_size: 1, max_leverage: null}]
    phases:
      - name: first
        topology: backtest
        sequence: single_pass
        config:
          portfolio: {lot_size: 3}
          execution: {commission_bps: 2, commission_fixed: 2}
      - {name: second, topology: backtest, sequence: single_pass}
"""


@pytest.fixture
def plan_of(pattern_folder: PatternFolder) -> Callable[[Config], Plan]:
    manager = DeclarativeWorkflowManager(patterns=pattern_folder(layered=LAYERED))
    return lambda config: manager.prepare(config)


def test_merge_shares_nothing_and_changes_nothing() -> None:
    lower, upper = {"a": {"b": [1]}, "c": [2]}, {"a": {"d": {"e": [3]}}}
    before = deepcopy((lower, upper))
    merged = merge(lower, upper)
    assert merged == {"a": {"b": [1], "d": {"e": [3]}}, "c": [2]}
    merged["a"]["b"].append(0)
    merged["a"]["d"]["e"].append(0)
    merged["c"].append(0)
    assert (lower, upper) == before


def test_lists_scalars_and_null_replace() -> None:
    assert merge({"a": [1, 2], "b": {"c": 1}, "d": 1}, {"a": [3], "b": None, "d": {"e": 1}}) == {
        "a": [3],
        "b": None,
        "d": {"e": 1},
    }


def test_each_layer_overrides_the_one_below(
    plan_of: Callable[[Config], Plan], config: Config
) -> None:
    plan = plan_of(
        {
            **config,
            "workflow": "layered",
            "execution": {"slippage_bps": 5, "commission_fixed": 4},
            "phases": {"first": {"execution": {"commission_fixed": 6}}},
        }
    )
    first, second = (phase.resolved.typed for phase in plan.phases if phase.resolved)
    whole = plan.resolved.typed
    assert [c.portfolio.lot_size for c in (whole, first, second)] == [2.0, 3.0, 2.0]
    assert [c.execution.commission_bps for c in (whole, first, second)] == [1.0, 2.0, 1.0]
    assert [c.execution.commission_fixed for c in (whole, first, second)] == [4.0, 6.0, 4.0]
    assert {c.execution.slippage_bps for c in (whole, first, second)} == {5.0}
    assert {c.execution.commission_per_share for c in (whole, first, second)} == {0.0}


def test_the_workflow_keeps_phases_and_a_phase_has_none(
    plan_of: Callable[[Config], Plan], config: Config
) -> None:
    override = {"first": {"random_seed": 7}}
    plan = plan_of({**config, "workflow": "layered", "phases": override})
    assert plan.resolved.plain["phases"] == override
    assert all("phases" not in phase.resolved.plain for phase in plan.phases if phase.resolved)
    assert [p.resolved.typed.random_seed for p in plan.phases if p.resolved] == [7, 0]


def test_items_of_lists_are_completed_last(config: Config) -> None:
    resolved = DeclarativeWorkflowManager().prepare(config).resolved.plain
    assert resolved["symbols"] == [
        {"symbol": "AAA", "timeframes": ["1d"]},
        {"symbol": "BBB", "timeframes": ["1d"]},
    ]
    assert resolved["strategies"] == [
        {
            "type": "momentum",
            "parameters": {"fast_period": 2, "slow_period": 3},
            "name": "momentum",
            "symbols": None,
            "timeframe": None,
        }
    ]
    assert resolved["risk_profiles"] == [
        {
            "type": "moderate",
            "name": "moderate",
            "max_position_size": 0.25,
            "fixed_quantity": None,
            "max_leverage": 1.0,
            "max_drawdown": None,
            "drawdown_cooldown_bars": None,
            "stop_loss": None,
        }
    ]


def test_a_preset_is_at_most_an_even_share_and_null_is_left_alone(config: Config) -> None:
    profiles = [
        {"type": "aggressive"},
        {"type": "aggressive", "name": "all", "max_position_size": 1},
        {"type": "custom", "fixed_quantity": 5, "max_leverage": None},
    ]
    plan = DeclarativeWorkflowManager().prepare({**config, "risk_profiles": profiles})
    typed = plan.resolved.typed.risk_profiles
    assert [profile.max_position_size for profile in typed] == [0.5, 1.0, None]
    assert [profile.max_leverage for profile in typed] == [1.0, 1.0, None]


def test_parameters_come_in_the_order_of_the_component(config: Config) -> None:
    strategies = [{"type": "momentum", "parameters": {"slow_period": 5}}]
    plan = DeclarativeWorkflowManager().prepare({**config, "strategies": strategies})
    parameters = plan.resolved.plain["strategies"][0]["parameters"]
    assert list(parameters.items()) == [("fast_period", 10), ("slow_period", 5)]


def test_text_of_a_user_is_never_a_reference(config: Config) -> None:
    strategies = [{"type": "momentum", "name": "${item.type}"}]
    plan = DeclarativeWorkflowManager().prepare({**config, "strategies": strategies})
    assert plan.resolved.typed.strategies[0].name == "${item.type}"
    assert "strategy/${item.type}" in plan.phases[0].containers


def test_the_configuration_of_the_user_is_not_changed(config: Config) -> None:
    before = deepcopy(config)
    manager = DeclarativeWorkflowManager()
    first = manager.prepare(config).resolved
    manager.prepare({**config, "portfolio": {"initial_capital": 5}})
    again = manager.prepare(config).resolved
    assert config == before
    assert first.plain == again.plain
    assert first.digest == again.digest


def test_the_shipped_defaults_are_complete_but_for_what_has_none() -> None:
    with pytest.raises(ConfigurationError) as caught:
        DeclarativeWorkflowManager().prepare({})
    paths = {problem.path for problem in caught.value.problems}
    assert paths == {("workflow",), ("symbols",), ("strategies",), ("data", "data_dir")}
    assert shipped().defaults.name == "engine"


def test_an_unknown_phase_is_named_with_the_nearest(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "run.yaml"
    text = yaml.safe_dump(config, sort_keys=False)
    path.write_text(f"phases:\n  backtset: {{random_seed: 1}}\n{text}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        DeclarativeWorkflowManager().prepare(path)
    assert str(caught.value) == (
        f"{path}:2:3: phases.backtset: workflow 'simple_backtest' has no phase 'backtset' "
        "(did you mean 'backtest'?)"
    )


def test_a_mistake_in_the_overrides_of_a_phase_is_found_there(tmp_path: Path, market: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        "workflow: simple_backtest\n"
        "data: {data_dir: market}\n"
        "symbols: [AAA]\n"
        "strategies: [{type: momentum}]\n"
        "phases:\n"
        "  backtest:\n"
        "    strategies: [{type: momentum, symbols: [BBB]}]\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        DeclarativeWorkflowManager().prepare(path)
    assert str(caught.value.problems[0].location) == f"{path}:7:45"


def test_a_default_takes_the_type_that_the_component_declares(config: Config) -> None:
    class Wide(Momentum, frozen=True):
        parameters: ClassVar[Mapping[str, Parameter]] = {
            **Momentum.parameters, "width": Parameter(kind="number", default=2),
        }  # fmt: skip
        width: float = 0.0

    shipped_ones = default_components()
    components = msgspec.structs.replace(
        shipped_ones, strategies={**shipped_ones.strategies, "wide": Wide}
    )
    manager = DeclarativeWorkflowManager(components=components)
    plan = manager.prepare({**config, "strategies": [{"type": "wide"}]})
    assert repr(plan.resolved.plain["strategies"][0]["parameters"]["width"]) == "2.0"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "defaults: {portfolio: {lotsize: 1}}",
            (
                "mine.yaml:3:24: defaults.portfolio.lotsize: unknown key 'lotsize' "
                "(did you mean 'lot_size'?)"
            ),
        ),
        (
            "defaults: {workflow: other}",
            "mine.yaml:3:12: defaults.workflow: 'workflow' cannot be set here",
        ),
        (
            'defaults: {strategies: [{type: "${a.b}"}]}',
            (
                "mine.yaml:3:32: defaults.strategies[0].type: a workflow's settings cannot hold "
                "references"
            ),
        ),
    ],
)
def test_what_a_workflow_sets_is_checked_where_it_stands(
    settings: str, message: str, pattern_folder: PatternFolder, config: Config
) -> None:
    folder = pattern_folder(
        mine=f"kind: workflow\nname: mine\n{settings}\n"
        "phases: [{name: a, topology: backtest, sequence: single_pass}]\n"
    )
    manager = DeclarativeWorkflowManager(patterns=folder)
    with pytest.raises(PatternError) as caught:
        manager.prepare({**config, "workflow": "mine"})
    assert str(caught.value) == f"{folder}/{message}"


@pytest.mark.parametrize("key", ["workflow", "phases", "results", "max_iterations"])
def test_a_phase_cannot_set_what_belongs_to_the_workflow(
    key: str, write_workflow: Callable[..., Path], config: Config
) -> None:
    folder = write_workflow(a={"config": f"{{{key}: {{}}}}"})
    manager = DeclarativeWorkflowManager(patterns=folder)
    with pytest.raises(PatternError, match=rf"phases\[0\]\.config\.{key}: '{key}' cannot be set"):
        manager.prepare({**config, "workflow": "mine"})


def test_reading_leaves_components_to_the_registry(config: Config) -> None:
    user = read_user({**config, "strategies": [{"type": "momentm"}]})
    with pytest.raises(ConfigurationError, match="did you mean 'momentum'"):
        DeclarativeWorkflowManager(components=default_components()).prepare(user.data)
