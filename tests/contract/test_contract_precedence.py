"""Sections 1.2 and 7.1: who has the last word about a setting of a phase."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.journal import ConfigResolved, Entry
from tests.contract.conftest import Config, Run
from tests.contract.definitions import workflow

FIRST = {"name": "first", "outputs": {"capital": {"value": 5_000}, "seed": {"value": 11},
                                      "items": {"value": [{"type": "conservative"}]}}}  # fmt: skip


def settings(
    run: Run, study: Config, config: Config, defaults: Config | None = None
) -> dict[str, Any]:
    """Give the configuration that the second phase ran with."""
    definition = workflow(
        FIRST, {"name": "second", "depends_on": "first", "config": config}, defaults=defaults or {}
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition], journal=journal)
    assert result.error is None, result.error
    (found,) = [
        e.record.config
        for e in journal
        if isinstance(e.record, ConfigResolved) and e.path[-1:] == (("phase", "second"),)
    ]
    return dict(found)


def test_engine_then_workflow_then_phase_then_user(run: Run, study: Config) -> None:
    defaults = {"random_seed": 1, "portfolio": {"lot_size": 2, "initial_capital": 222}}
    config = {"portfolio": {"initial_capital": 333, "lot_size": 3}}
    study.pop("portfolio")
    assert settings(run, study, {})["random_seed"] == 0
    assert settings(run, study, {}, defaults)["random_seed"] == 1
    found = settings(run, study, config, defaults)
    assert (found["portfolio"]["initial_capital"], found["portfolio"]["lot_size"]) == (333.0, 3.0)
    study["portfolio"] = {"initial_capital": 444}
    found = settings(run, study, config, defaults)
    assert (found["portfolio"]["initial_capital"], found["portfolio"]["lot_size"]) == (444.0, 3.0)


def test_a_reference_stands_above_the_user_and_below_his_word_for_the_phase(
    run: Run, study: Config
) -> None:
    config = {"portfolio": {"initial_capital": "${first.outputs.capital}", "lot_size": 3}}
    study["portfolio"] = {"initial_capital": 444, "lot_size": 4}
    found = settings(run, study, config)
    # Leaf by leaf: the one without a reference is the user's.
    assert (found["portfolio"]["initial_capital"], found["portfolio"]["lot_size"]) == (5_000.0, 4.0)
    study["phases"] = {"second": {"portfolio": {"initial_capital": 555}}}
    found = settings(run, study, config)
    assert found["portfolio"]["initial_capital"] == 555.0


def test_a_list_that_holds_a_reference_anywhere_is_one_leaf(run: Run, study: Config) -> None:
    profiles = [{"type": "custom", "max_position_size": 0.2},
                {"type": "custom", "name": "b", "fixed_quantity": "${first.outputs.seed}",
                 "max_position_size": None}]  # fmt: skip
    found = settings(run, study, {"risk_profiles": profiles})
    assert [p["name"] for p in found["risk_profiles"]] == ["custom", "b"]
    assert found["risk_profiles"][1]["fixed_quantity"] == 11.0
    found = settings(run, study, {"risk_profiles": "${first.outputs.items}"})
    assert [p["name"] for p in found["risk_profiles"]] == ["conservative"]


def test_a_null_replaces_at_every_step(run: Run, study: Config) -> None:
    study["data"] |= {"start_date": "2024-01-05"}
    study["phases"] = {"second": {"data": {"start_date": None}}}
    assert settings(run, study, {})["data"]["start_date"] is None
    study["phases"] = {"second": {"walk_forward": {"step_bars": None}}}
    study["walk_forward"] = {"step_bars": 5}
    assert settings(run, study, {})["walk_forward"]["step_bars"] is None


def test_the_resolved_configuration_of_a_phase_has_no_phases(run: Run, study: Config) -> None:
    study["phases"] = {"second": {"random_seed": 3}}
    found = settings(run, study, {})
    assert "phases" not in found
    assert found["random_seed"] == 3


def test_settings_without_references_are_checked_before_anything_runs(
    run: Run, study: Config
) -> None:
    wrong: tuple[Config, ...] = ({"portfolio": {"initial_capital": "much"}}, {"portfolo": {}})
    for config in wrong:
        definition = workflow(FIRST, {"name": "second", "depends_on": "first", "config": config})
        journal: list[Entry] = []
        with pytest.raises(ConfigurationError):
            run(study, definitions=[definition], journal=journal)
        assert journal == []


def test_an_overridden_phase_may_use_other_data(run: Run, study: Config) -> None:
    study["phases"] = {"second": {"symbols": ["BBB"], "data": {"end_date": "2024-02-01"}}}
    found = settings(run, study, {})
    assert found["symbols"] == [{"symbol": "BBB", "timeframes": ["1d"]}]


def test_a_phase_that_the_workflow_does_not_have_is_told_with_the_nearest(
    run: Run, study: Config
) -> None:
    study["phases"] = {"secnd": {"random_seed": 3}}
    definition = workflow(FIRST, {"name": "second"})
    with pytest.raises(ConfigurationError, match="second"):
        run(study, definitions=[definition])


def test_sections_of_sequences_can_be_overridden_for_a_phase(run: Run, study: Config) -> None:
    study |= {"walk_forward": {"train_bars": 20, "test_bars": 10},
              "phases": {"b": {"walk_forward": {"test_bars": 20}}}}  # fmt: skip
    definition = workflow(
        {"name": "a", "sequence": "walk_forward"}, {"name": "b", "sequence": "walk_forward"}
    )
    result = run(study, definitions=[definition])
    assert [len(p.iterations) for p in result.phase_results.values()] == [4, 2]


def test_an_iterations_changes_stand_above_everything(run: Run, study: Config) -> None:
    study |= {"parameter_space": {"momentum.fast_period": [1, 3]}, "phases": {"second": {
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 4, "slow_period": 6}}],
    }}}  # fmt: skip
    definition = workflow(FIRST, {"name": "second", "sequence": "parameter_sweep"})
    result = run(study, definitions=[definition])
    given = [
        dict(i.portfolios["momentum.aggressive"].parameters)
        for i in result.phase_results["second"].iterations
    ]
    assert given == [
        {"fast_period": 1, "slow_period": 6}, {"fast_period": 3, "slow_period": 6},
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["workflow", "phases", "max_iterations"])
def test_a_phase_cannot_set_what_belongs_to_the_workflow(run: Run, study: Config, key: str) -> None:
    value: Any = {"workflow": "simple_backtest", "phases": {}, "max_iterations": 3}[key]
    definition = workflow({"name": "work", "config": {key: value}})
    with pytest.raises(ConfigurationError, match=key):
        run(study, definitions=[definition])
