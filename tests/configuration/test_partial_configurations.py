from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from containers.components import Components
from containers.configuration import validate_partial
from containers.errors import ConfigurationError

Problems = Callable[..., list[str]]

NUMBER = "expected a number"


def test_only_given_keys_come_back(components: Components) -> None:
    data = {"workflow": "w", "portfolio": {"initial_capital": 5}}
    assert validate_partial(data, components=components) == data


def test_an_empty_mapping_is_a_part_of_a_configuration(components: Components) -> None:
    assert validate_partial({}, components=components) == {}


def test_whole_numbers_become_floats_where_the_field_is_one(components: Components) -> None:
    data = {
        "portfolio": {"lot_size": 1},
        "metrics": {"periods_per_year": 252},
        "strategies": [{"type": "mean_reversion", "parameters": {"lookback": 5, "num_std": 2}}],
        "parameter_space": {"a": [5, 1.5], "b": {"low": 1, "high": 2}},
        "random_seed": 3,
    }
    checked = validate_partial(data, components=components)
    assert repr(checked["portfolio"]) == "{'lot_size': 1.0}"
    assert repr(checked["metrics"]) == "{'periods_per_year': 252.0}"
    assert repr(checked["strategies"][0]["parameters"]) == "{'lookback': 5, 'num_std': 2.0}"
    assert repr(checked["parameter_space"]) == "{'a': [5, 1.5], 'b': {'low': 1.0, 'high': 2.0}}"
    assert repr(checked["random_seed"]) == "3"


def test_a_plain_symbol_becomes_a_mapping_and_gets_nothing_else(components: Components) -> None:
    checked = validate_partial({"symbols": ["GOOG", {"symbol": "IBM"}]}, components=components)
    assert checked == {"symbols": [{"symbol": "GOOG"}, {"symbol": "IBM"}]}


def test_the_overrides_of_a_phase_are_normalised_too(components: Components) -> None:
    data = {"phases": {"a": {"symbols": ["GOOG"], "portfolio": {"lot_size": 1}}}}
    checked = validate_partial(data, components=components)
    assert repr(checked["phases"]["a"]["portfolio"]["lot_size"]) == "1.0"
    assert checked["phases"]["a"]["symbols"] == [{"symbol": "GOOG"}]


def test_nulls_are_kept_where_they_mean_something(components: Components) -> None:
    data = {
        "data": {"start_date": None, "end_date": None},
        "strategies": [{"type": "momentum", "symbols": None, "timeframe": None}],
        "risk_profiles": [
            {
                "type": "custom",
                "max_position_size": None,
                "fixed_quantity": None,
                "max_leverage": None,
                "max_drawdown": None,
                "drawdown_cooldown_bars": None,
                "stop_loss": None,
            }
        ],
        "trace": {"max_events": None},
        "parameter_sweep": {"random": None, "only": None},
        "walk_forward": {"step_bars": None},
    }
    assert validate_partial(data, components=components) == data


def test_nothing_is_mutated_or_shared(components: Components, complete: dict[str, Any]) -> None:
    complete["symbols"] = ["GOOG"]
    before = copy.deepcopy(complete)
    first = validate_partial(complete, components=components)
    first["strategies"][0]["parameters"]["fast_period"] = 99
    first["data"]["data_dir"] = "elsewhere"
    first["parameter_space"]["fast.fast_period"].append(7)
    assert complete == before
    assert validate_partial(complete, components=components)["data"]["data_dir"] == "../market"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        # keys
        ({"workflw": "w"}, "workflw: unknown key 'workflw' (did you mean 'workflow'?)"),
        (
            {"initial_capital": 5},
            "initial_capital: unknown key 'initial_capital' (it belongs in 'portfolio')",
        ),
        (
            {"capital": 5},
            "capital: unknown key 'capital' (did you mean 'initial_capital' in 'portfolio'?)",
        ),
        (
            {"close_at_end": True},
            (
                "close_at_end: unknown key 'close_at_end' "
                "(it belongs in 'execution' or 'walk_forward' or 'train_test' or 'k_fold')"
            ),
        ),
        (
            {"results": {"zebra": 1}},
            "results.zebra: unknown key 'zebra' (known: directory, storage, store_full_results)",
        ),
        (
            {"strategies": [{"type": "momentum", "param": {}}]},
            "strategies[0].param: unknown key 'param' (did you mean 'parameters'?)",
        ),
        (
            {"phases": {"a": {"portfolio": {"lotsize": 1}}}},
            "phases.a.portfolio.lotsize: unknown key 'lotsize' (did you mean 'lot_size'?)",
        ),
        (
            {"phases": {"a": {"phases": {}}}},
            "phases.a.phases: unknown key 'phases' (the overrides of a phase hold no phases)",
        ),
        (
            {"phases": {"a": {"workflow": "w"}}},
            "phases.a.workflow: unknown key 'workflow' (a phase cannot change the workflow)",
        ),
        # shapes
        ({"portfolio": 5}, "portfolio: found 5, expected a mapping"),
        ({"portfolio": None}, "portfolio: found nothing (null), expected a mapping"),
        ({"phases": ["a"]}, "phases: found a list, expected a mapping"),
        ({"phases": {"a": None}}, "phases.a: found nothing (null), expected a mapping"),
        ({"trace": {"containers": "x"}}, "trace.containers: found 'x', expected a mapping"),
        ({"parameter_space": []}, "parameter_space: found a list, expected a mapping"),
        (
            {"classifiers": None},
            "classifiers: found nothing (null), expected a list (write [] for none)",
        ),
        ({"symbols": "GOOG"}, "symbols: found 'GOOG', expected a list (write [GOOG])"),
        (
            {"symbols": [600519]},
            "symbols[0]: found 600519, expected a symbol or a mapping (put it in quotes)",
        ),
        ({"strategies": ["momentum"]}, "strategies[0]: found 'momentum', expected a mapping"),
        ({"strategies": {}}, "strategies: found a mapping, expected a list"),
        # text and names
        ({"workflow": 3}, "workflow: found 3, expected text (put it in quotes)"),
        ({"workflow": " "}, "workflow: found ' ', expected text"),
        ({"data": {"data_dir": None}}, "data.data_dir: found nothing (null), expected text"),
        ({"results": {"directory": ""}}, "results.directory: found '', expected text"),
        ({"symbols": ["a/b"]}, "symbols[0].symbol: found 'a/b', expected a name without '/'"),
        ({"symbols": ["a\\b"]}, "symbols[0].symbol: found 'a\\\\b', expected a name without '\\'"),
        (
            {"symbols": [".."]},
            "symbols[0].symbol: found '..', expected a name that does not begin with a dot",
        ),
        (
            {"strategies": [{"type": "momentum", "name": "a#1"}]},
            "strategies[0].name: found 'a#1', expected a name without '#'",
        ),
        (
            {"risk_profiles": [{"type": "moderate", "name": "a "}]},
            (
                "risk_profiles[0].name: found 'a ', expected a name without blanks around it "
                "or invisible characters in it"
            ),
        ),
        (
            {"symbols": ["x" * 101]},
            (
                f"symbols[0].symbol: found '{'x' * 59}…', "
                "expected a name of at most 100 bytes in UTF-8"
            ),
        ),
        (
            {"strategies": [{"type": "momentum", "name": ""}]},
            "strategies[0].name: found '', expected text",
        ),
        # numbers
        (
            {"portfolio": {"initial_capital": "100000"}},
            (
                "portfolio.initial_capital: found '100000', expected a number above 0 "
                "(remove the quotes)"
            ),
        ),
        (
            {"portfolio": {"initial_capital": "ten"}},
            "portfolio.initial_capital: found 'ten', expected a number above 0",
        ),
        (
            {"portfolio": {"initial_capital": 0}},
            "portfolio.initial_capital: found 0, expected a number above 0",
        ),
        (
            {"portfolio": {"lot_size": True}},
            "portfolio.lot_size: found true, expected a number above 0",
        ),
        (
            {"execution": {"slippage_bps": 10000}},
            "execution.slippage_bps: found 10000, expected a number of at least 0 and below 10000",
        ),
        (
            {"execution": {"commission_bps": float("nan")}},
            "execution.commission_bps: found nan, expected a number of at least 0",
        ),
        (
            {"execution": {"commission_fixed": float("inf")}},
            "execution.commission_fixed: found inf, expected a number of at least 0",
        ),
        (
            {"execution": {"commission_per_share": -0.01}},
            "execution.commission_per_share: found -0.01, expected a number of at least 0",
        ),
        (
            {"execution": {"commission_minimum": None}},
            "execution.commission_minimum: found nothing (null), expected a number of at least 0",
        ),
        (
            {"risk_profiles": [{"type": "custom", "max_drawdown": 1}]},
            (
                "risk_profiles[0].max_drawdown: found 1, "
                "expected a number above 0 and below 1, or null"
            ),
        ),
        (
            {"risk_profiles": [{"type": "custom", "stop_loss": 0}]},
            "risk_profiles[0].stop_loss: found 0, expected a number above 0 and below 1, or null",
        ),
        (
            {"risk_profiles": [{"type": "custom", "max_leverage": 0}]},
            "risk_profiles[0].max_leverage: found 0, expected a number above 0, or null",
        ),
        (
            {"risk_profiles": [{"type": "custom", "max_position_size": -1}]},
            "risk_profiles[0].max_position_size: found -1, expected a number above 0, or null",
        ),
        (
            {"metrics": {"periods_per_year": "Auto"}},
            "metrics.periods_per_year: found 'Auto', expected a number above 0, or 'auto'",
        ),
        (
            {"train_test": {"train_ratio": 1.0}},
            "train_test.train_ratio: found 1.0, expected a number above 0 and below 1",
        ),
        (
            {"monte_carlo": {"noise_level": -1}},
            "monte_carlo.noise_level: found -1, expected a number of at least 0",
        ),
        (
            {"objective": {"constraints": [{"metric": "bars", "operator": ">", "value": "x"}]}},
            "objective.constraints[0].value: found 'x', expected a finite number",
        ),
        # whole numbers
        (
            {"random_seed": -1},
            "random_seed: found -1, expected a whole number of at least 0",
        ),
        (
            {"random_seed": 5.0},
            (
                "random_seed: found 5.0, expected a whole number of at least 0 "
                "(write it without a decimal point)"
            ),
        ),
        (
            {"max_iterations": "3"},
            "max_iterations: found '3', expected a whole number of at least 1 (remove the quotes)",
        ),
        (
            {"max_iterations": True},
            "max_iterations: found true, expected a whole number of at least 1",
        ),
        (
            {"trace": {"max_events": -1}},
            "trace.max_events: found -1, expected a whole number of at least 0, or null",
        ),
        (
            {"risk_profiles": [{"type": "custom", "drawdown_cooldown_bars": 0}]},
            (
                "risk_profiles[0].drawdown_cooldown_bars: found 0, "
                "expected a whole number of at least 1, or null"
            ),
        ),
        (
            {"walk_forward": {"warmup_bars": "all"}},
            (
                "walk_forward.warmup_bars: found 'all', "
                "expected a whole number of at least 0, or 'auto'"
            ),
        ),
        ({"k_fold": {"folds": 1}}, "k_fold.folds: found 1, expected a whole number of at least 2"),
        (
            {"parameter_sweep": {"random": {"count": 0}}},
            "parameter_sweep.random.count: found 0, expected a whole number of at least 1",
        ),
        # flags and choices
        (
            {"portfolio": {"fractional": "yes"}},
            "portfolio.fractional: found 'yes', expected true or false (write true or false)",
        ),
        (
            {"portfolio": {"allow_short": 1}},
            "portfolio.allow_short: found 1, expected true or false",
        ),
        (
            {"data": {"source": "cvs"}},
            "data.source: found 'cvs', expected csv or parquet (did you mean 'csv'?)",
        ),
        ({"data": {"source": 5}}, "data.source: found 5, expected csv or parquet"),
        (
            {"execution": {"fill": "zebra"}},
            "execution.fill: found 'zebra', expected next_open or same_close",
        ),
        (
            {"objective": {"metric": "sharp_ratio"}},
            (
                "objective.metric: found 'sharp_ratio', expected a known name "
                "(did you mean 'sharpe_ratio'?)"
            ),
        ),
        ({"objective": {"metric": 5}}, "objective.metric: found 5, expected a known name"),
        (
            {"objective": {"constraints": [{"metric": "bars", "operator": "=>", "value": 1}]}},
            (
                "objective.constraints[0].operator: found '=>', expected >, >=, <, <=, == or != "
                "(did you mean '>='?)"
            ),
        ),
        (
            {"trace": {"containers": {"data/*": "all"}}},
            "trace.containers.data/*: found 'all', expected none, minimal, standard or detailed",
        ),
        # dates and timeframes
        (
            {"data": {"start_date": 2005}},
            "data.start_date: found 2005, expected a date as text, for example 2005-01-03, or null",
        ),
        (
            {"strategies": [{"type": "momentum", "timeframe": 5}]},
            (
                "strategies[0].timeframe: found 5, "
                "expected a timeframe, for example 15m or 1d, or null"
            ),
        ),
        # list items
        (
            {"strategies": [{"name": "a"}]},
            "strategies[0].type: the required key 'type' is missing",
        ),
        (
            {"symbols": [{"timeframes": ["1d"]}]},
            "symbols[0].symbol: the required key 'symbol' is missing",
        ),
        (
            {"objective": {"constraints": [{"metric": "bars", "operator": ">"}]}},
            "objective.constraints[0].value: the required key 'value' is missing",
        ),
        # components
        (
            {"strategies": [{"type": "momentm"}]},
            "strategies[0].type: there is no strategy of type 'momentm' (did you mean 'momentum'?)",
        ),
        (
            {"risk_profiles": [{"type": "agressive"}]},
            (
                "risk_profiles[0].type: there is no risk profile of type 'agressive' "
                "(did you mean 'aggressive'?)"
            ),
        ),
        (
            {"strategies": [{"type": "momentum", "parameters": {"fast": 5}}]},
            (
                "strategies[0].parameters.fast: unknown parameter 'fast' of strategy 'momentum' "
                "(known: fast_period, slow_period)"
            ),
        ),
        (
            {"strategies": [{"type": "momentum", "parameters": {"fast_period": 0}}]},
            "strategies[0].parameters.fast_period: found 0, expected a whole number of at least 1",
        ),
        (
            {"phases": {"a": {"strategies": [{"type": "momentum", "parameters": 5}]}}},
            "phases.a.strategies[0].parameters: found 5, expected a mapping",
        ),
        # parameter space
        (
            {"parameter_space": {"a": 5}},
            (
                "parameter_space.a: found 5, "
                "expected a list of numbers or {low: …, high: …} (write [5])"
            ),
        ),
        (
            {"parameter_space": {"a": []}},
            "parameter_space.a: found an empty list, expected at least one value",
        ),
        (
            {"parameter_space": {"a": [1, True]}},
            "parameter_space.a[1]: found true, expected a finite number",
        ),
        (
            {"parameter_space": {"a": {"low": "x"}}},
            "parameter_space.a.low: found 'x', expected a finite number",
        ),
        (
            {"parameter_space": {"a": {"low": 1, "hihg": 2}}},
            "parameter_space.a.hihg: unknown key 'hihg' (did you mean 'high'?)",
        ),
        (
            {"parameter_space": {"a": {"low": 2, "high": 1}}},
            "parameter_space.a.low: found low 2, expected it below high 1",
        ),
        # values that YAML cannot hold
        (
            {"symbols": {"GOOG"}},
            (
                "symbols: a Python set has no place in a configuration, expected text, a number, "
                "true, false, null, a list or a mapping (write a list, whose order is certain)"
            ),
        ),
    ],
)
def test_one_thing_wrong_is_one_problem(
    data: dict[str, Any], problem: str, problems_of: Problems
) -> None:
    assert problems_of(data) == [problem]


@pytest.mark.parametrize("config", [[], "text", 5, None])
def test_anything_but_a_mapping_is_refused(config: object, problems_of: Problems) -> None:
    (problem,) = problems_of(config)
    assert problem.endswith("expected a mapping")


def test_a_date_that_is_none_and_a_timeframe_that_is_none_say_why(problems_of: Problems) -> None:
    data = {"data": {"end_date": "2005-02-30"}, "symbols": [{"symbol": "A", "timeframes": ["1x"]}]}
    date, timeframe = problems_of(data)
    assert date.startswith("data.end_date: '2005-02-30' ")
    assert timeframe.startswith("symbols[0].timeframes[0]: timeframe '1x' ")


def test_all_problems_are_reported_at_once_in_the_order_of_the_document(
    problems_of_yaml: Callable[[str], list[str]],
) -> None:
    text = """\
random_seed: -1
portfolio:
  lot_szie: 1
  initial_capital: ten
strategies:
  - name: a
  - {type: momentum, parameters: {slow_period: x}}
workflow: 3
"""
    assert problems_of_yaml(text) == [
        "c.yaml:1:14: random_seed: found -1, expected a whole number of at least 0",
        "c.yaml:3:3: portfolio.lot_szie: unknown key 'lot_szie' (did you mean 'lot_size'?)",
        "c.yaml:4:20: portfolio.initial_capital: found 'ten', expected a number above 0",
        "c.yaml:6:5: strategies[0].type: the required key 'type' is missing",
        (
            "c.yaml:7:48: strategies[1].parameters.slow_period: found 'x', "
            "expected a whole number of at least 1"
        ),
        "c.yaml:8:11: workflow: found 3, expected text (put it in quotes)",
    ]


def test_problems_carry_path_and_hint_as_fields(components: Components) -> None:
    with pytest.raises(ConfigurationError) as caught:
        validate_partial({"data": {"source": "cvs"}}, components=components)
    (problem,) = caught.value.problems
    assert problem.path == ("data", "source")
    assert problem.hint == "did you mean 'csv'?"
    assert problem.location is None
