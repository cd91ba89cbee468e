from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from containers.components import default_components
from imperative.defaults import ENGINE_DEFAULTS, complete, merge, resolve

SHIPPED = default_components()


def test_mappings_merge_deeply() -> None:
    base = {"a": {"b": {"x": 1, "y": 2}}, "c": 3}
    assert merge(base, {"a": {"b": {"y": 5}}}) == {"a": {"b": {"x": 1, "y": 5}}, "c": 3}


@pytest.mark.parametrize("value", [[1], "text", None, 0, False, {}])
def test_everything_but_mappings_replaces(value: Any) -> None:
    assert merge({"a": [1, 2, 3]}, {"a": value}) == {"a": value}


def test_an_explicit_null_replaces_a_mapping() -> None:
    assert merge({"a": {"x": 1}}, {"a": None}) == {"a": None}


def test_a_mapping_replaces_a_null() -> None:
    assert merge({"a": None}, {"a": {"x": 1}}) == {"a": {"x": 1}}


def test_merging_changes_neither_side() -> None:
    base, over = {"a": {"x": 1}}, {"a": {"y": 2}}
    merge(base, over)
    assert (base, over) == ({"a": {"x": 1}}, {"a": {"y": 2}})


def test_a_resolved_configuration_shares_nothing_with_the_defaults() -> None:
    before = deepcopy(dict(ENGINE_DEFAULTS))
    resolved = resolve(SHIPPED, {})
    resolved["risk_profiles"].append("rubbish")
    resolved["execution"]["fill"] = "rubbish"
    assert before == ENGINE_DEFAULTS
    assert resolve(SHIPPED, {})["execution"]["fill"] == "next_open"


def test_later_layers_win() -> None:
    resolved = resolve(SHIPPED, {"random_seed": 1}, {"random_seed": 2}, {"max_iterations": 3})
    assert (resolved["random_seed"], resolved["max_iterations"]) == (2, 3)


def completed(**config: Any) -> dict[str, Any]:
    return complete({"classifiers": [], "risk_profiles": [], **config}, SHIPPED)


def test_a_strategy_is_completed_with_name_parameters_symbols_and_timeframe() -> None:
    [strategy] = completed(strategies=[{"type": "momentum", "parameters": {"slow_period": 60}}])[
        "strategies"
    ]
    assert strategy == {
        "type": "momentum",
        "name": "momentum",
        "parameters": {"fast_period": 10, "slow_period": 60},
        "symbols": None,
        "timeframe": None,
    }


def test_parameters_stand_in_declared_order_however_they_were_given() -> None:
    given = {"slow_period": 60, "fast_period": 5}
    [strategy] = completed(strategies=[{"type": "momentum", "parameters": given}])["strategies"]
    assert list(strategy["parameters"]) == ["fast_period", "slow_period"]


def test_a_symbol_is_completed_with_daily_bars() -> None:
    symbols = completed(symbols=[{"symbol": "A"}, {"symbol": "B", "timeframes": ["1h"]}])["symbols"]
    assert [symbol["timeframes"] for symbol in symbols] == [["1d"], ["1h"]]


@pytest.mark.parametrize(
    ("profile", "symbols", "size"),
    [("moderate", 1, 0.25), ("moderate", 4, 0.25), ("moderate", 5, 0.2), ("aggressive", 3, 1 / 3)],
)
def test_the_size_of_a_preset_is_at_most_an_equal_share(
    profile: str, symbols: int, size: float
) -> None:
    config = completed(
        symbols=[{"symbol": str(n)} for n in range(symbols)], risk_profiles=[{"type": profile}]
    )
    assert config["risk_profiles"][0]["max_position_size"] == size


def test_a_size_that_was_set_is_not_capped() -> None:
    config = completed(
        symbols=[{"symbol": "A"}, {"symbol": "B"}],
        risk_profiles=[{"type": "aggressive", "max_position_size": 1.0}],
    )
    assert config["risk_profiles"][0]["max_position_size"] == 1.0


def test_a_rule_switched_off_by_null_stays_off() -> None:
    [profile] = completed(risk_profiles=[{"type": "moderate", "max_leverage": None}])[
        "risk_profiles"
    ]
    assert profile["max_leverage"] is None


def test_a_risk_profile_has_all_its_rules() -> None:
    [profile] = completed(risk_profiles=[{"type": "custom", "fixed_quantity": 10.0}])[
        "risk_profiles"
    ]
    assert profile == {
        "type": "custom",
        "name": "custom",
        "max_position_size": None,
        "fixed_quantity": 10.0,
        "max_leverage": 1.0,
        "max_drawdown": None,
        "drawdown_cooldown_bars": None,
        "stop_loss": None,
    }
