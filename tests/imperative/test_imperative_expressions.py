from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConditionError
from imperative.expressions import ExpressionSyntaxError, compile_expression

NAMES: dict[str, Any] = {
    "results": {"sweep": {"metrics": {"num_trades": 3, "sharpe_ratio": None, "x y": 1.5}}},
    "config": {
        "walk_forward": {"train_bars": 252},
        "symbols": ["AAA", "BBB"],
        "flag": True,
        "in": {"if": 1},
    },
    "outputs": {},
    "iteration": 2,
}


def value(text: str) -> Any:
    return compile_expression(text).evaluate(NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3 - -4", 13),
        ("7 // 2 + 7 % 4 + 1 / 4", 6.25),
        ("results.sweep.metrics.num_trades >= 3", True),
        ("results['sweep'].metrics['x y']", 1.5),
        ("config.symbols[1]", "BBB"),
        ("config.symbols[iteration - 1]", "BBB"),
        ("'AAA' in config.symbols and not 'CCC' in config.symbols", True),
        ("'train_bars' in config.walk_forward", True),
        ("'B' not in 'AAA'", True),
        ("1 < 2 < 3", True),
        ("1 < 2 > 3 > null", False),
        ("true == 1", False),
        ("1 == 1.0 and [1] == [1.0] and null == None and 'a' != 1", True),
        ("iteration\n  == 2", True),
        ("false and null or True", True),
        ("[1, 'a', true, null][3]", None),
        (".5 + 1e1", 10.5),
        ("config['in']['if']", 1),
    ],
)
def test_an_expression_has_its_value(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "f(1)", "config.get('a')", "x", "results.a if true else 1", "1 ** 2", "+1",
        "a = 1", "(1, 2)", "config[1:2]", "lambda: 1", "0x10", "1_000", "1j", "'a' 'b'", "'''a'''",
        "'\\n'", "1 # 2", "x := 1", "config is null", "~1", "`1`", "1) or (1", "not", "f'{1}'",
        "{1: 2}", "naïve", "9223372036854775809", "1e999", "1or 2", "[*config.symbols]", "1;2",
        "__import__('os')", "(" * 51 + "1" + ")" * 51, "-" * 51 + "1", "1 + " * 400 + "1",
        "(" * 25 + "-" * 26 + "1" + ")" * 25, "[x for x in config]", "await config", "1 .a.b.c()",
    ],
)  # fmt: skip
def test_what_the_language_has_not_is_refused(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        compile_expression(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0 == 1", "divides by zero"),
        ("1 < 'a'", "has 1 < text 'a', expected numbers"),
        ("results.sweep.metrics.sharpe_ratio > 1", "has null > 1, expected numbers"),
        ("true + 1", "has true + 1, expected numbers"),
        ("'a' + 'b'", "expected numbers"),
        ("'a' * 3", "expected numbers"),
        ("1 and true", "and of 1, expected true or false"),
        ("config.symbols[2]", "a list of 2 has no item 2; they count from 0"),
        ("config.symbols[-1]", "no item -1"),
        ("config.walkforward", "there is no 'walkforward'; did you mean 'walk_forward'?"),
        ("config.symbols.append", "a list of 2 has no item text 'append'"),
        ("iteration.real", "2 has no item text 'real'"),
        ("9223372036854775807 * 2", "too large"),
        ("1e308 * 10", "too large"),
        ("1 in 5", "has 1 in 5, expected a list"),
    ],
)
def test_what_only_values_show_is_told_when_it_is_evaluated(text: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        value(text)
    assert message in str(caught.value)


def test_a_condition_is_true_or_false() -> None:
    with pytest.raises(ConditionError, match="gave 3, expected true or false"):
        compile_expression("1 + 2").decide(NAMES)


def test_fixed_paths_are_known_before_anything_runs() -> None:
    text = "results.sweep.metrics['x y'] > 1 and config[config.symbols[0]] == 2"
    assert compile_expression(text).paths == (
        ("results", "sweep", "metrics", "x y"),
        ("config", "symbols", 0),
        ("config",),
    )


def test_fifty_levels_are_allowed() -> None:
    assert value("-" * 50 + "1") == 1
    assert value("+".join("1" * 500)) == 500
    assert value("(" * 25 + "-" * 25 + "1" + ")" * 25) == -1
    assert value("(" * 50 + "1" + ")" * 50) == 1
