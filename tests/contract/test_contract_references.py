"""Section 7.2: references keep types, are formatted inside text, resolve once."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.results import EquityCurve, PhaseResult, WorkflowResult
from tests.contract.conftest import Config, Run
from tests.contract.definitions import workflow


def resolved(run: Run, study: Config, value: Any, **first: Any) -> WorkflowResult:
    """Give the run in which a second phase puts out ``value``."""
    definition = workflow(
        {
            "name": "first",
            "outputs": {
                "number": {"value": 3},
                "float": {"value": 2.50},
                "text": {"value": "plain"},
                "flag": {"value": False},
                "none": {"value": None},
                "list": {"value": [1, 2.5, "a", None, {"b": True}]},
                "map": {"value": {"a": 1, "b": [2]}},
                "path": {"value": "first.metrics.bars"},
            },
            **first,
        },
        {"name": "second", "depends_on": "first", "outputs": {"x": {"value": value}}},
    )
    return run(study, definitions=[definition])


def out(run: Run, study: Config, value: Any) -> Any:
    result = resolved(run, study, value)
    assert result.error is None, result.error
    return result.phase_results["second"].outputs["x"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("first.metrics.bars", 60),
        ("first.metrics.periods_per_year", 252.0),
        ("first.metrics.ruined_at", None),
        ("first.status", "succeeded"),
        ("first.best_portfolio", "momentum.aggressive"),
        ("first.best_parameters", {}),
        ("first.aggregate_metrics.portfolios", 1),
        ("first.outputs.number", 3),
        ("first.outputs.list", [1, 2.5, "a", None, {"b": True}]),
        ("first.outputs.list.4.b", True),
        ("first.outputs.map.b.0", 2),
        ("outputs.first.flag", False),
        ("first.portfolios.momentum.aggressive.profile", "aggressive"),
        ("first.portfolios.momentum.aggressive.metrics.bars", 60),
        ("first.portfolios.momentum.aggressive.parameters", {"fast_period": 2, "slow_period": 5}),
        ("config.risk_profiles.0.type", "aggressive"),
        ("config.portfolio.lot_size", 1.0),
        ("config.data.start_date", None),
        ("iteration", 0),
    ],
)
def test_a_whole_reference_keeps_its_type(run: Run, study: Config, path: str, value: Any) -> None:
    found = out(run, study, f"${{{path}}}")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("after ${first.metrics.bars} bars", "after 60 bars"),
        ("${first.outputs.float}${first.outputs.number}", "2.53"),
        ("N = ${first.metrics.periods_per_year}", "N = 252.0"),
        (
            "${outputs.first.text}, ${outputs.first.flag}, ${outputs.first.none}",
            "plain, false, null",
        ),
        ("list ${outputs.first.list}", 'list [1, 2.5, "a", null, {"b": true}]'),
        ("map ${outputs.first.map}", 'map {"a": 1, "b": [2]}'),
        (" ${first.metrics.bars}", " 60"),
        ("costs $5 {not} this", "costs $5 {not} this"),
    ],
)
def test_inside_text_a_reference_is_formatted(
    run: Run, study: Config, text: str, formatted: str
) -> None:
    assert out(run, study, text) == formatted


def test_references_resolve_inside_nested_values(run: Run, study: Config) -> None:
    value = {"a": ["${first.metrics.bars}", {"b": "n=${first.outputs.number}"}], "c": 1}
    assert out(run, study, value) == {"a": [60, {"b": "n=3"}], "c": 1}


def test_a_string_that_is_a_path_stays_a_string(run: Run, study: Config) -> None:
    assert out(run, study, "first.metrics.bars") == "first.metrics.bars"
    assert out(run, study, "${outputs.first.path}") == "first.metrics.bars"


def test_what_comes_out_is_not_searched_again(run: Run, study: Config) -> None:
    # The user's configuration holds no references: this text is what it is.
    study["strategies"][0]["name"] = "$" + "{first.metrics.bars}"
    portfolio = "$" + "{first.metrics.bars}.aggressive"
    assert out(run, study, "${first.best_portfolio}") == portfolio
    assert out(run, study, "best: ${first.best_portfolio}") == f"best: {portfolio}"


def test_results_curves_and_trades_can_be_referred_to(run: Run, study: Config) -> None:
    result = resolved(run, study, "${first.portfolios.momentum.aggressive.equity_curve}")
    curve = result.phase_results["second"].outputs["x"]
    first = result.phase_results["first"]
    assert isinstance(curve, EquityCurve)
    expected = first.portfolios["momentum.aggressive"].equity_curve
    assert expected is not None
    assert curve.equity.tolist() == expected.equity.tolist()
    trades = out(run, study, "${first.portfolios.momentum.aggressive.trades}")
    assert list(trades) == list(first.portfolios["momentum.aggressive"].trades or ())


def test_best_strategies_have_the_best_parameters_put_in(run: Run, study: Config) -> None:
    study["parameter_space"] = {"momentum.slow_period": [5, 9]}
    study["strategies"].append({"type": "buy_and_hold"})
    definition = workflow(
        {"name": "first", "sequence": "parameter_sweep",
         "outputs": {"best": {"value": "${first.best_strategies}"}}},
        {"name": "second", "depends_on": "first",
         "config": {"strategies": "${first.best_strategies}", "parameter_space": {}}},
    )  # fmt: skip
    first, second = run(study, definitions=[definition]).phase_results.values()
    assert second.error is None
    best = first.best_parameters["momentum.slow_period"]
    assert [s["parameters"] for s in first.outputs["best"]] == [
        {"fast_period": 2, "slow_period": best}, {},
    ]  # fmt: skip
    assert second.metrics == first.metrics


def test_best_strategies_keep_the_order_of_keys(run: Run, study: Config) -> None:
    study["strategies"] = [
        {"type": "momentum", "parameters": {"slow_period": 9}},
        {"name": "other", "parameters": {}, "type": "buy_and_hold"},
    ]
    value = out(run, study, "${first.best_strategies}")
    assert [list(item) for item in value] == [
        ["type", "parameters", "name", "symbols", "timeframe"],
        ["type", "name", "parameters", "symbols", "timeframe"],
    ]
    assert list(value[0]["parameters"]) == ["fast_period", "slow_period"]


def test_brackets_lead_nowhere_in_references(run: Run, study: Config) -> None:
    definition = workflow(
        {
            "name": "first",
            "outputs": {"x[0]": {"value": 7}, "y": {"value": "${first.outputs.x[0]}"}},
        }
    )
    assert run(study, definitions=[definition]).phase_results["first"].outputs["y"] == 7
    for path in ("first.iterations[0]", "config.symbols[0].symbol", "first.outputs['y']"):
        wrong = workflow({"name": "first", "outputs": {"y": {"value": f"${{{path}}}"}}})
        with pytest.raises(ConfigurationError):
            run(study, definitions=[wrong])


def test_inputs_can_be_read_by_their_name(run: Run, study: Config) -> None:
    definition = workflow(
        {"name": "first"},
        {"name": "second", "depends_on": "first",
         "inputs": {"bars": "${first.metrics.bars}", "whole": "${first}"},
         "outputs": {"x": {"value": "${inputs.bars}"}, "y": {"value": "${inputs.whole.status}"}}},
    )  # fmt: skip
    result = run(study, definitions=[definition])
    assert result.phase_results["second"].outputs == {"x": 60, "y": "succeeded"}


def test_an_input_cannot_name_inputs(run: Run, study: Config) -> None:
    wrong = workflow(
        {"name": "first"},
        {"name": "second", "depends_on": "first",
         "inputs": {"a": "${first}", "b": "${inputs.a}"}},
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match="an input cannot name inputs"):
        run(study, definitions=[wrong])


@pytest.mark.parametrize(
    ("path", "fragments"),
    [
        ("frist.metrics.bars", ["frist", "first"]),
        ("first.metric.bars", ["metric", "metrics"]),
        ("first.metrics.sharp_ratio", ["sharp_ratio", "sharpe_ratio"]),
        ("first.outputs.numbr", ["numbr", "number"]),
        ("outputs.first.numbr", ["numbr", "number"]),
        ("config.max_iteration", ["max_iteration", "max_iterations"]),
        ("second.metrics.sharp_ratio", ["sharp_ratio"]),
        ("inputs.nothing", ["nothing"]),
        ("parameters.nothing", ["nothing"]),
        ("", []),
        ("first..metrics", []),
        ("first metrics", []),
    ],
)
def test_a_name_that_the_definition_does_not_have_is_a_configuration_error(
    run: Run, study: Config, path: str, fragments: list[str]
) -> None:
    for value in (f"${{{path}}}", f"text ${{{path}}}", {"deep": [f"${{{path}}}"]}):
        with pytest.raises(ConfigurationError) as caught:
            resolved(run, study, value)
        for fragment in fragments:
            assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "first.best_parameters.nothing",
        "first.outputs.list.9",
        "first.outputs.map.zzz",
        "first.portfolios.nobody",
        "first.aggregate_metrics.nothing",
        "first.outputs.number.x",
    ],
)
def test_a_name_that_only_values_show_to_be_missing_fails_the_phase(
    run: Run, study: Config, path: str
) -> None:
    for value in (f"${{{path}}}", f"text ${{{path}}}"):
        phase: PhaseResult = resolved(run, study, value).phase_results["second"]
        assert phase.status == "failed"
        assert phase.error is not None
        assert (phase.error.type, phase.error.path) == (
            "MissingReferenceError", "iteration=0/phase=second",
        )  # fmt: skip
        assert path.rsplit(".", 1)[-1] in phase.error.message


def test_a_config_reference_makes_the_phase_fail_when_it_is_wrong_then(
    run: Run, study: Config
) -> None:
    definition = workflow(
        {"name": "first"},
        {"name": "second", "depends_on": "first",
         "config": {"portfolio": {"initial_capital": "${first.status}"}}},
    )  # fmt: skip
    phase = run(study, definitions=[definition]).phase_results["second"]
    assert phase.error is not None
    assert (phase.error.type, phase.error.path) == (
        "ConfigurationError", "iteration=0/phase=second",
    )  # fmt: skip
    assert "initial_capital" in phase.error.message


def test_the_users_text_is_never_a_reference(run: Run, study: Config) -> None:
    study["results"]["directory"] = "$" + "{config.random_seed}"
    result = resolved(run, study, "${config.results.directory}")
    assert result.phase_results["second"].outputs["x"] == "$" + "{config.random_seed}"
