"""Repetition: ``foreach`` as a list, a list of the first of each name, a mapping."""

from __future__ import annotations

from typing import Any

import pytest

from containers.strict_yaml import loads
from declarative import PatternError
from declarative.references import Node
from declarative.values import loops, resolve

SCOPE: dict[str, Any] = {
    "numbers": [1, 2, 3],
    "pairs": [{"name": "a", "items": ["x", "y"]}, {"name": "b", "items": ["y"]}],
    "text": "abc",
}


def node(text: str) -> Node:
    document = loads(f"value: {text}\n", "a.yaml")
    return Node(document, (), document.data).at("value")


def given(text: str) -> Any:
    return resolve(node(text), SCOPE)


def refused(text: str) -> str:
    with pytest.raises(PatternError) as caught:
        given(text)
    return str(caught.value)


def test_foreach_gives_one_value_per_item_in_order() -> None:
    assert given('{foreach: {n: "${numbers}"}, value: {twice: ["${n}", "${n}"]}}') == [
        {"twice": [1, 1]},
        {"twice": [2, 2]},
        {"twice": [3, 3]},
    ]


def test_the_last_variable_is_fastest_and_may_depend_on_those_before() -> None:
    text = '{foreach: {p: "${pairs}", i: "${p.items}"}, value: "${p.name}${i}"}'
    assert given(text) == ["ax", "ay", "by"]


def test_foreach_may_run_over_a_list_that_is_written_there() -> None:
    assert given('{foreach: {n: [1, "${text}"]}, value: "${n}"}') == [1, "abc"]


def test_unique_keeps_the_first_of_each_name() -> None:
    loop = 'foreach: {p: "${pairs}", i: "${p.items}"}'
    text = f'{{{loop}, value: "${{p.name}}${{i}}", unique: "${{i}}"}}'
    assert given(text) == ["ax", "ay"]


def test_key_makes_a_mapping() -> None:
    text = '{foreach: {p: "${pairs}"}, key: "${p.name}", value: "${p.items}"}'
    assert given(text) == {"a": ["x", "y"], "b": ["y"]}


def test_no_item_gives_an_empty_list() -> None:
    assert given("{foreach: {n: []}, value: 1}") == []


def test_without_foreach_there_is_one_pass() -> None:
    assert list(loops(None, SCOPE)) == [SCOPE]


def test_the_scope_is_left_as_it_was() -> None:
    before = dict(SCOPE)
    given('{foreach: {n: "${numbers}"}, value: "${n}"}')
    assert before == SCOPE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{foreach: {n: "${numbers}"}, valeu: 1}',
            (
                "a.yaml:1:37: value.valeu: unknown key 'valeu' beside foreach; allowed: foreach, "
                "key, value, unique (did you mean 'value'?)"
            ),
        ),
        (
            '{foreach: {n: "${numbers}"}}',
            "a.yaml:1:8: value: the required key 'value' is missing beside foreach",
        ),
        (
            "{foreach: {n: [1]}, key: a, value: 1, unique: a}",
            "a.yaml:1:46: value.unique: a mapping has each key once; drop 'unique'",
        ),
        (
            '{foreach: {n: "${text}"}, value: 1}',
            "a.yaml:1:22: value.foreach.n: 'n' runs over a str, expected a list",
        ),
        (
            "{foreach: {text: [1]}, value: 1}",
            "a.yaml:1:19: value.foreach.text: the variable 'text' hides what has this name already",
        ),
        (
            "{foreach: [1, 2], value: 1}",
            (
                "a.yaml:1:18: value.foreach: expected a mapping of variables to lists "
                "(for example {x: [1, 2]})"
            ),
        ),
        (
            "{foreach: {n: [1, 2]}, key: same, value: 1}",
            "a.yaml:1:36: value.key: the key 'same' is given twice",
        ),
        (
            '{foreach: {n: [1]}, key: "${n}", value: 1}',
            "a.yaml:1:33: value.key: found 1, expected text",
        ),
    ],
)
def test_every_mistake_has_a_position(text: str, message: str) -> None:
    assert refused(text) == message
