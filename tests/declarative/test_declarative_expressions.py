"""The language of conditions: what it gives, and what it refuses, when."""

from __future__ import annotations

from typing import Any

import pytest

from declarative.expressions import ExpressionError, ExpressionSyntaxError, compile_expression

SCOPE: dict[str, Any] = {
    "a": {"b": [1, 2.5], "c d": {"n": None}, "e": True},
    "n": 4,
    "t": "text",
    "z": None,
    "names": ["x", "y"],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("7 % 3", 1),
        ("1 / 4", 0.25),
        ("-n", -4),
        ("- - n", 4),
        ("2 - 3 - 4", -5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("n >= 4 and t == 'text'", True),
        ("not n == 4", False),
        ("false or n > 1", True),
        ("true == 1", False),
        ("1 == 1.0", True),
        ("z == null", True),
        ("z != None", False),
        ("t == 4", False),
        ("'x' in names", True),
        ("'w' not in names", True),
        ("'ex' in t", True),
        ("'b' in a", True),
        ("[1, n] == [1, 4]", True),
        ("a.b[1]", 2.5),
        ("a['b'][0]", 1),
        ("a['c d'].n", None),
        ("a.e and True", True),
        ("names[n - 3]", "y"),
        ("false and z > 1", False),
        ("true or z > 1", True),
        ("[]", []),
        ('"it\'s"', "it's"),
    ],
)
def test_an_expression_gives_its_value(text: str, value: Any) -> None:
    result = compile_expression(text).evaluate(SCOPE)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found the end, expected a value"),
        ("1 +", "found the end, expected a value"),
        ("1 2", "found '2', expected the end"),
        ("a.", "found the end, expected a name after '.', and reserved words in brackets"),
        ("a.class", "found 'class', expected a name after '.', and reserved words in brackets"),
        (r"'a\x62' == 'ab'", "found \"'\", which is not of the language"),
        ("a[1", "found the end, expected ']'"),
        ("2 ** 3", "found '*', expected a value"),
        ("f(1)", "'f(…)' is a call, which is not possible; there are no functions"),
        ("a = 1", "found '=', which is not of the language"),
        ("'open", "found \"'\", which is not of the language"),
        ("1 if a else 2", "found 'if', expected the end"),
        ("+1", "found '+', expected a value"),
        ("9223372036854775809", "9223372036854775809 is beyond the whole numbers of 64 bits"),
        ("lambda: 1", "found ':', which is not of the language"),
        ("1e999", "1e999 is no finite number"),
        ("x" * 1001, "found 1001 characters, expected at most 1000"),
        ("(" * 51 + "1" + ")" * 51, "it is nested deeper than 50 levels"),
        ("not " * 51 + "true", "it is nested deeper than 50 levels"),
    ],
)  # fmt: skip
def test_what_the_text_shows_to_be_wrong_is_refused_at_once(text: str, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_expression(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'a' + 'b'", "found 'a' beside '+', expected a number"),
        ("1 / 0", "1 / 0 divides by zero"),
        ("1 < 'a'", "found 'a' beside '<', expected a number"),
        (
            "9223372036854775807 * 2",
            "9223372036854775807 * 2 is beyond the whole numbers of 64 bits",
        ),
        ("'a'.b", "'a' has no 'b'"),
        ("a.b[-1]", "a list has no -1"),
        ("m", "there is no 'm'"),
        ("a.bb", "a mapping has no 'bb' (did you mean 'b'?)"),
        ("a.b[2]", "a list has no 2"),
        ("a.b['x']", "a list has no 'x'"),
        ("z > 1", "found null beside '>', expected a number"),
        ("t < 'u'", "found 'text' beside '<', expected a number"),
        ("a.e + 1", "found true beside '+', expected a number"),
        ("n % (n - 4)", "4 % 0 divides by zero"),
        ("n and true", "found 4 beside 'and', expected true or false"),
        ("not z", "found null beside 'not', expected true or false"),
        ("1 in n", "found 4 after 'in', expected a list, a mapping or text"),
        ("n.real", "4 has no 'real'"),
        ("t.upper", "'text' has no 'upper'"),
        ("a[z]", "found null in brackets, expected a key or an index"),
    ],
)
def test_what_only_values_show_is_an_error_of_the_evaluation(text: str, message: str) -> None:
    expression = compile_expression(text)
    with pytest.raises(ExpressionError) as caught:
        expression.evaluate(SCOPE)
    assert message in str(caught.value)


def test_lookups_are_the_chains_that_are_written_out() -> None:
    expression = compile_expression(
        "results.a.metrics['x'] > config.b[n].c and results['a.b'].status"
    )
    assert expression.lookups == (
        ("results", "a", "metrics", "x"),
        ("n",),
        ("config", "b"),
        ("results", "a.b", "status"),
    ) or expression.lookups == (
        ("results", "a", "metrics", "x"),
        ("config", "b"),
        ("n",),
        ("results", "a.b", "status"),
    )


def test_functions_are_those_that_are_allowed() -> None:
    expression = compile_expression("least(n, 3) + 1", (("least", min),))
    assert expression.evaluate(SCOPE) == 4
    with pytest.raises(ExpressionSyntaxError, match="known: least"):
        compile_expression("most(1, 2)", (("least", min),))
