"""Section 7.3: thresholds and the expression language; nothing wrong is ever a silent skip."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.results import PhaseResult
from tests.contract.conftest import Config, Run
from tests.contract.definitions import workflow


@pytest.fixture(autouse=True)
def _no_trades(study: Config) -> None:
    """Have a run with plain figures: 60 bars, no trade, so that many metrics are null."""
    study["strategies"] = [
        {"type": "momentum", "parameters": {"fast_period": 58, "slow_period": 61}}
    ]


def gated(run: Run, study: Config, *conditions: Any) -> PhaseResult:
    """Run a phase behind conditions on ``first``."""
    definition = workflow(
        {
            "name": "first",
            "outputs": {"items": {"value": [1, 2.5, "x", None, True]}, "class": {"value": 1}},
        },
        {"name": "second", "depends_on": "first", "when": list(conditions)},
    )
    return run(study, definitions=[definition]).phase_results["second"]


def threshold(operator: str, value: Any, name: str = "bars") -> dict[str, Any]:
    return {"metric": {"phase": "first", "name": name, "operator": operator, "value": value}}


def expression(text: str) -> dict[str, Any]:
    return {"expression": text}


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        (">", (59,)),
        (">=", (59, 60)),
        ("<", (61,)),
        ("<=", (60, 61)),
        ("==", (60, 60.0)),
        ("!=", (59, 61)),
    ],
)
@pytest.mark.parametrize("value", [59, 60, 60.0, 61])
def test_each_operator_compares(
    run: Run, study: Config, operator: str, holds: tuple[float, ...], value: float
) -> None:
    phase = gated(run, study, threshold(operator, value))
    if value in holds:
        assert (phase.status, phase.reason) == ("succeeded", None)
    else:
        reason = f"condition not met: first.bars is 60, needed {operator} {value!r}"
        assert (phase.status, phase.reason) == ("skipped", reason)


@pytest.mark.parametrize("operator", [">", ">=", "<", "<=", "==", "!="])
def test_a_null_metric_is_false_for_every_operator(run: Run, study: Config, operator: str) -> None:
    phase = gated(run, study, threshold(operator, 0.5, "sharpe_ratio"))
    reason = f"condition not met: first.sharpe_ratio is null, needed {operator} 0.5"
    assert (phase.status, phase.reason) == ("skipped", reason)


def test_a_threshold_may_be_a_reference(run: Run, study: Config) -> None:
    phase = gated(run, study, threshold(">", "${first.metrics.final_equity}", "min_cash"))
    reason = "condition not met: first.min_cash is 100000.0, needed > 100000.0"
    assert (phase.status, phase.reason) == ("skipped", reason)


def test_a_threshold_that_turns_out_to_be_no_number_fails_the_phase(
    run: Run, study: Config
) -> None:
    for path in ("first.metrics.sharpe_ratio", "first.status", "first.best_parameters"):
        phase = gated(run, study, threshold(">", f"${{{path}}}"))
        assert phase.status == "failed"
        assert phase.error is not None
        assert (phase.error.type, phase.error.path) == (
            "ConditionError", "iteration=0/phase=second",
        )  # fmt: skip


def test_all_conditions_must_hold_and_the_first_that_does_not_is_the_reason(
    run: Run, study: Config
) -> None:
    assert gated(run, study, threshold(">", 1), expression("true")).status == "succeeded"
    phase = gated(run, study, threshold(">", 1), expression("1 > 2"), threshold(">", 99))
    assert phase.reason == "condition not met: 1 > 2"


@pytest.mark.parametrize(
    ("condition", "fragments"),
    [
        (threshold("=>", 1), ["=>"]),
        (threshold("is", 1), ["is"]),
        (threshold(">", 1, "sharp_ratio"), ["sharp_ratio", "sharpe_ratio"]),
        (threshold(">", "1"), []),
        (threshold(">", True), []),
        (threshold(">", None), []),
        (
            {"metric": {"phase": "frist", "name": "bars", "operator": ">", "value": 1}},
            ["frist", "first"],
        ),
    ],
)
def test_a_threshold_that_is_wrong_is_a_configuration_error(
    run: Run, study: Config, condition: Any, fragments: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        gated(run, study, condition)
    for fragment in fragments:
        assert fragment in str(caught.value)


TRUE = [
    "outputs.first['class'] == 1",
    "true",
    "True",
    "not false",
    "not False",
    "null == None",
    "1 < 2",
    "1 < 2 < 3",
    "not 1 < 3 < 2",
    "1 + 2 * 3 == 7",
    "(1 + 2) * 3 == 9",
    "7 // 2 == 3",
    "-7 // 2 == -4",
    "7 % 3 == 1",
    "-7 % 3 == 2",
    "7 / 2 == 3.5",
    "2 - 3 - 4 == -5",
    "- 2 * -3 == 6",
    "1e3 == 1000",
    ".5 + .5 == 1",
    "0.1 + 0.2 != 0.3",
    "1 == 1.0",
    "not 1 == true",
    "true != 1",
    "'a' == \"a\"",
    "'a' != 1",
    "null != 0",
    "not null == false",
    "1 in [1, 2]",
    "3 not in [1, 2]",
    "not 1 in []",
    "'b' in 'abc'",
    "'bars' in results.first.metrics",
    "'x' not in results.first.metrics",
    "[1, 'a'] == [1, 'a']",
    "not true in [1]",
    "false or true",
    "not (true and false)",
    "true or 1 / 0 > 1",
    "not (false and 1 / 0 > 1)",
    "not 3 < 2 < 1 / 0",
    "results.first.metrics.bars == 60",
    "results['first']['metrics']['bars'] == 60",
    "results.first.metrics.sharpe_ratio == null",
    "results.first.status == 'succeeded'",
    "results.first.best_portfolio == 'momentum.aggressive'",
    "results.first.portfolios['momentum.aggressive'].metrics.num_trades == 0",
    "outputs.first.items[0] == 1",
    "outputs.first.items[1 + 1] == 'x'",
    "results.first.outputs.items[4]",
    "config.risk_profiles[0].type == 'aggressive'",
    "config.max_iterations == 10",
    "iteration == 0",
    "config.data.start_date == null",
    "4611686018427387904 + 4611686018427387903 == 9223372036854775807",
    " 1\n  <\n  2 ",
    "(" * 40 + "true" + ")" * 40,
    "not " * 40 + "true",
    "1" + " + 0" * 200 + " == 1",
    "true" + " and true" * 100,
    "1 == 1" + " " * 994,
    "[" * 50 + "]" * 50 + " != 0",
    "(config).max_iterations == 10",
    "config[('max_iterations')] == 10",
]


@pytest.mark.parametrize("text", TRUE, ids=range(len(TRUE)))
def test_an_expression_that_is_true_lets_the_phase_run(run: Run, study: Config, text: str) -> None:
    assert len(text) <= 1000
    phase = gated(run, study, expression(text))
    assert (phase.status, phase.error) == ("succeeded", None)


WRONG = [
    "[" * 51 + "]" * 51 + " != 0",
    "1" + "0" * 40 + " > 1",
    "'a\nb' != 'a'",
    "1\u00a0== 1",
    "(config).nothing == 1",
    "(results.first).metric == 1",
    "config[('nothing')] == 1",
    "outputs.first.class == 1",
    "",
    " ",
    "1 <",
    "results.first.metrics.bars > ",
    "(true",
    "true)",
    "true true",
    "len(results) > 0",
    "__import__('os').system('true') == 0",
    "results.get('first')",
    "open('x')",
    "().__class__ == 1",
    "results.first.__class__ == 1",
    "results.__len__ == 1",
    "lambda: 1",
    "x := 1",
    "1 if true else 2",
    "[x for x in [1]] == []",
    "{} == {}",
    "{'a': 1} == 1",
    "(1, 2) == 1",
    "1, 2",
    "2 ** 3 == 8",
    "9 ** 9 ** 9 ** 9 > 1",
    "1 << 3 == 8",
    "1 & 1",
    "1 | 1",
    "1 ^ 1",
    "~1 == -2",
    "+1 == 1",
    "1 @ 2",
    "1 is 1",
    "1 is not 2",
    "f'{1}' == '1'",
    "b'a' == 'a'",
    "'a' 'b' == 'ab'",
    "'a\\x62' == 'ab'",
    "'''a''' == 'a'",
    "0x10 == 16",
    "01 == 1",
    "1_000 == 1000",
    "1j == 1",
    "0b1 == 1",
    "nan == 1",
    "inf > 1",
    "Infinity > 1",
    "99999999999999999999 > 1",
    "outputs.first.items[0:1] == []",
    "yield 1",
    "await x",
    "...",
    "import os",
    "import",
    "true; true",
    "true # comment",
    "result.first.metrics.bars > 1",
    "unknown > 1",
    "first.metrics.bars > 1",
    "results.frist.metrics.bars > 1",
    "results.first.metric.bars > 1",
    "results.first.metrics.sharp_ratio > 1",
    "results.second.metrics.bars > 1",
    "parameters.x == 1",
    "inputs.x == 1",
    "config.max_iteration == 10",
    "outputs.first.item == 1",
    "outputs.frist.items == 1",
    "bars > 1",
    "(" * 60 + "true" + ")" * 60,
    "not " * 60 + "true",
    "-" * 60 + "1 == 1",
    "[" * 60 + "]" * 60 + " == 1",
    "1 == 1" + " " * 995,
    "true and " * 120 + "true",
    "étoile == 1",
    "$x == 1",
    "`x` == 1",
    "a ? b : c",
    "1 == 1 && true",
    "!true",
    "null.x == 1 \x00",
]


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_an_expression_outside_the_language_is_a_configuration_error(
    run: Run, study: Config, text: str
) -> None:
    with pytest.raises(ConfigurationError):
        gated(run, study, expression(text))


FAILING = [
    "1",
    "'true'",
    "null",
    "results.first.metrics.bars",
    "[true]",
    "1 and true",
    "true and 1",
    "0 or true",
    "not 1",
    "not null",
    "results.first.metrics.sharpe_ratio > 1",
    "null < 1",
    "1 < 'a'",
    "'a' < 'b'",
    "true < 2",
    "[1] < [2]",
    "1 / 0 > 1",
    "1 // 0 > 1",
    "1 % 0 > 1",
    "1.0 / 0.0 > 1",
    "'a' + 'b' == 'ab'",
    "'a' * 3 == 'aaa'",
    "[1] + [2] == [1, 2]",
    "[0] * 3 == 1",
    "'%s' % 1 == '1'",
    "true + 1 == 2",
    "-true == -1",
    "-'a' == 1",
    "-null == 1",
    "null + 1 == 1",
    "4611686018427387904 * 4 > 1",
    "9223372036854775807 + 9223372036854775807 > 1",
    "1e308 * 10 > 1",
    "1 in 5",
    "1 in 'a'",
    "null in 1",
    "outputs.first.items[9] == 1",
    "outputs.first.items[-1] == 1",
    "outputs.first.items['a'] == 1",
    "outputs.first.items[1.0] == 1",
    "outputs.first.items[true] == 1",
    "outputs.first.items.x == 1",
    "results.first.best_parameters.x == 1",
    "results.first.metrics.bars.x == 1",
    "results.first.portfolios.nobody == 1",
    "'abc'[0] == 'a'",
    "results.first.status.x == 1",
    "true and results.first.metrics.sharpe_ratio > 1",
    "1 < 2 < null",
]


@pytest.mark.parametrize("text", FAILING, ids=range(len(FAILING)))
def test_what_only_values_show_fails_the_phase(run: Run, study: Config, text: str) -> None:
    phase = gated(run, study, expression(text))
    assert phase.status == "failed"
    assert phase.error is not None
    assert (phase.error.type, phase.error.path) == ("ConditionError", "iteration=0/phase=second")


def test_an_expression_that_is_false_is_the_reason_as_it_is_written(
    run: Run, study: Config
) -> None:
    text = "results.first.metrics.bars   >=  1000"
    assert gated(run, study, expression(text)).reason == f"condition not met: {text}"


def test_a_threshold_on_a_metric_that_the_phase_does_not_have_fails_the_phase(
    run: Run, study: Config
) -> None:
    condition = {"metric": {"phase": "made", "name": "num_trades", "operator": ">=", "value": 0}}
    definition = workflow(
        {"name": "made", "topology": "signal_generation"},
        {"name": "work", "depends_on": "made", "when": condition},
    )
    result = run(study, definitions=[definition])
    assert result.error is not None
    assert (result.error.type, result.error.path) == ("ConditionError", "iteration=0/phase=work")
