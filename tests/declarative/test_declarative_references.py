"""References: what they give, and what they say when they lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from containers.strict_yaml import loads
from declarative import PatternError
from declarative.references import Node, Scope
from declarative.values import resolve

OPAQUE = object()
SCOPE: dict[str, Any] = {
    "config": {"size": 0.5, "lots": 10, "short": False, "none": None, "text": "${config.size}"},
    "streams": [{"symbol": "AAA"}, {"symbol": "BBB"}],
    "containers": {"portfolio/fast.wide": {"account": OPAQUE}},
    "name": "fast",
    "leaf": OPAQUE,
}


def given(value: str, scope: Scope = SCOPE) -> Any:
    document = loads(f"kind: test\nsettings:\n  size: {value}\n", "a.yaml")
    return resolve(Node(document, (), document.data).at("settings", "size"), scope)


def refused(value: str) -> str:
    with pytest.raises(PatternError) as caught:
        given(value)
    assert isinstance(caught.value.problems[0].location, object)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${config.size}", 0.5),
        ("${config.lots}", 10),
        ("${config.short}", False),
        ("${config.none}", None),
        ("${streams}", SCOPE["streams"]),
        ("${leaf}", OPAQUE),
    ],
)
def test_a_reference_alone_keeps_value_and_type(text: str, value: object) -> None:
    found = given(text)
    assert found == value
    assert type(found) is type(value)


def test_a_reference_inside_text_is_written_out_as_yaml_would() -> None:
    text = "${name}/${config.lots}/${config.size}/${config.short}/${config.none}"
    assert given(text) == "fast/10/0.5/false/null"


def test_an_index_picks_an_item_of_a_list() -> None:
    assert given('"${streams[1].symbol}"') == "BBB"


def test_a_quoted_key_may_itself_hold_references() -> None:
    assert given("\"${containers['portfolio/${name}.wide'].account}\"") is OPAQUE


def test_text_without_references_stays_as_it_is() -> None:
    assert given("config.size") == "config.size"
    assert given('"$ {config.size} $"') == "$ {config.size} $"


def test_a_doubled_dollar_writes_the_characters_themselves() -> None:
    assert given('"$${config.size}"') == "${config.size}"


def test_what_a_reference_gives_is_not_resolved_again() -> None:
    assert given("${config.text}") == "${config.size}"
    assert given("a ${config.text}") == "a ${config.size}"


def test_nested_values_are_resolved_and_everything_else_is_kept() -> None:
    value = '{a: ["${name}", 1, {b: "${config.size}"}], c: null}'
    assert given(value) == {"a": ["fast", 1, {"b": 0.5}], "c": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "${confg.size}",
            "${confg.size} leads nowhere: there is no 'confg' (did you mean 'config'?)",
        ),
        (
            "${config.szie}",
            "${config.szie} leads nowhere: 'config' has no 'szie' (did you mean 'size'?)",
        ),
        (
            '"${streams[2].symbol}"',
            ("${streams[2].symbol} leads nowhere: 'streams' has no item 2 "
            "(it has 2, counted from 0)"),
        ),
        (
            "${streams.symbol}",
            ("${streams.symbol}: 'streams' is a list, and 'symbol' no index "
            "(write an index in brackets, from [0])"),
        ),
        (
            "\"${containers['portfolio/${name}.wdie'].account}\"",
            ("${containers['portfolio/${name}.wdie'].account} leads nowhere: 'containers' has no "
            "'portfolio/fast.wdie' (did you mean 'portfolio/fast.wide'?)"),
        ),
        ("${config.size.real}", ("${config.size.real}: 'config.size' is a number, which has no "
         "'real'")),
        ("${config.none.x}", "${config.none.x}: 'config.none' is null, which has no 'x'"),
        (
            "${leaf.__class__}",
            "${leaf.__class__}: 'leaf' is a Python object, which has no '__class__'",
        ),
        (
            "a ${streams}",
            ("${streams} is a list, which cannot be written inside text "
            "(let the reference stand alone, or refer to a part of it)"),
        ),
        ("a ${leaf}", ("${leaf} is a Python object, which cannot be written inside text (let the "
         "reference stand alone, or refer to a part of it)")),
        ("${config.size", "the reference ${config.size is not closed; expected '}'"),
        ('"${}"', "found '}' in '${}', expected a name after '${'"),
        ('"${1 + 1}"', "found ' ' in '${1 + 1}', expected '.', '[' or '}'"),
        ("${config.}", "found '}' in '${config.}', expected a name after '.'"),
        ("${config size}", "found ' ' in '${config size}', expected '.', '[' or '}'"),
        ('"${config()}"', "found '(' in '${config()}', expected '.', '[' or '}'"),
        ('"${streams[x]}"', "found 'x' in '${streams[x]}', expected an index or a quoted key"),
        ('"${streams[0}"', "found '}' in '${streams[0}', expected ']'"),
    ],
)  # fmt: skip
def test_every_mistake_names_place_path_and_remedy(text: str, message: str) -> None:
    assert refused(text) == f"a.yaml:3:9: settings.size: {message}"


def test_attributes_of_objects_are_out_of_reach() -> None:
    class Thing:
        secret = 1

    with pytest.raises(PatternError, match="is a Python Thing, which has no 'secret'"):
        given("${thing.secret}", {"thing": Thing()})
