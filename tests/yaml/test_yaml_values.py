from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.errors import ConfigurationError, Problem
from containers.strict_yaml import loads


def value_of(text: str) -> Any:
    return loads(f"a: {text}\n", "f").data["a"]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        *[(text, False) for text in ("false", "False", "FALSE")],
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("+5", 5),
        ("-0", 0),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1.5e+3", 1500.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_unquoted_words_that_are_not_text(text: str, value: object) -> None:
    read = value_of(text)
    assert (type(read), read) == (type(value), value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "text",
    [
        *("on", "off", "yes", "no", "y", "n", "On", "tRue", "nULL", "None"),
        *("2005-01-03", "2005-01-03T00:00:00Z", "12:30", "190:20:30", "0b1", "1_000", "0o8"),
        *("0x", "-0x1f", "1e", "e5", "+", "-.", ".", "1.2.3", ".Nan", "+.nan", "inf", "nan", "="),
        *("=x", "${sweep.best}", "a b", "5 bps", "-a", "1d", "é"),
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("text", ["true", "5", "1e3", "null", "", "~", "<<"])
def test_quotes_make_text(text: str) -> None:
    assert value_of(f"'{text}'") == text
    assert value_of(f'"{text}"') == text
    assert loads(f'"{text}": 1', "f").data == {text: 1}


def test_nan_is_a_number() -> None:
    assert math.isnan(value_of(".nan"))
    assert math.isnan(value_of(".NaN"))


@pytest.mark.usefixtures("parser")
def test_blocks_of_text_are_text() -> None:
    assert value_of("|\n  5\n  6\n") == "5\n6\n"
    assert value_of(">-\n  5\n  6\n") == "5 6"


@pytest.mark.usefixtures("parser")
def test_aliases_expand_to_fresh_copies() -> None:
    data = loads("a: &x {b: [1, 2]}\nc: *x\nd: [*x]\n", "f").data
    assert data == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": [{"b": [1, 2]}]}
    data["a"]["b"].append(3)
    assert data["c"] == data["d"][0] == {"b": [1, 2]}
    assert data["c"] is not data["d"][0]


@pytest.mark.usefixtures("parser")
def test_an_alias_means_the_nearest_anchor_before_it() -> None:
    assert loads("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "f").data == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert loads("a: &x [&x 1, *x]\nb: *x\n", "f").data == {"a": [1, 1], "b": 1}
    assert loads("a: &x key\n*x : 1\n", "f").data == {"a": "key", "key": 1}


def test_any_value_may_stand_at_the_top_where_the_caller_lets_it() -> None:
    assert loads("[1, a]", "f", mapping=False).data == [1, "a"]
    assert loads("5", "f", mapping=False).data == 5


def test_a_byte_order_mark_and_windows_line_ends_are_no_text() -> None:
    document = loads("\ufeffa: 1\r\nb: 2\r\n", "f")
    assert document.data == {"a": 1, "b": 2}
    assert str(document.locate(("b",))) == "f:2:4"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**50), 10**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(
                st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=20
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from("abc"), plain))
def test_json_reads_back_as_it_was_written(data: dict[str, Any]) -> None:
    written = json.dumps(data, ensure_ascii=False)
    assert json.dumps(loads(written, "f").data, ensure_ascii=False) == written


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.text("ab:-[]{},&*!|>'\"%@`#? \n\t019.~<=\\", max_size=30))
def test_no_text_does_anything_but_read_or_raise_a_configuration_error(text: str) -> None:
    problems: tuple[Problem, ...] | None = None
    try:
        loads(text, "f", mapping=False)
    except ConfigurationError as error:
        problems = error.problems
    assert problems is None or problems
    assert all(problem.location is not None for problem in problems or ())
