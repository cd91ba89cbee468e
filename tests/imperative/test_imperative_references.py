from __future__ import annotations

from typing import Any

import pytest

from containers.errors import MissingReferenceError
from containers.results import PhaseResult
from imperative import Ref
from imperative.references import (
    Names,
    find_references,
    map_references,
    phase_view,
    resolve,
    split_settings,
    starting_name,
)


def names(**others: Any) -> Names:
    result = PhaseResult(
        status="succeeded",
        sequence="single_pass",
        topology="backtest",
        metrics={"bars": 8, "sharpe_ratio": None},
        best_parameters={"a.b.x": 5},
        outputs={"kept": [1, {"deep.er": 2}]},
    )
    results = {"sweep": result, "late.sweep": result}
    views = {name: phase_view(held, []) for name, held in results.items()}
    return Names(results, views, others)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sweep.metrics.bars", 8),
        ("sweep.metrics.sharpe_ratio", None),
        ("late.sweep.status", "succeeded"),
        ("sweep.best_parameters.a.b.x", 5),
        ("sweep.outputs.kept.1.deep.er", 2),
        ("iteration", 3),
        ("config.symbols.0", "AAA"),
        ("inputs.seed", 7),
    ],
)
def test_a_path_leads_to_a_value_with_its_type(path: str, value: Any) -> None:
    held = names(iteration=3, config={"symbols": ["AAA"]}, inputs=lambda: {"seed": 7})
    found = held.look_up(path)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("swep.status", "there is no 'swep' here; did you mean 'sweep'?"),
        ("sweep.metrics.bar", "there is no 'bar'; did you mean 'bars'?"),
        ("sweep.metrics.bars.x", "8 has nothing called 'x'"),
        ("sweep.outputs.kept.2", "a list of 2 has no item '2'; they count from 0"),
        ("sweep.outputs.kept.-1", "no item '-1'"),
        ("inputs.seed", "there is no 'inputs' here"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_the_nearest(path: str, message: str) -> None:
    with pytest.raises(MissingReferenceError) as caught:
        names(iteration=0).look_up(path)
    assert message in str(caught.value)
    assert f"${{{path}}}" in str(caught.value)


def test_a_phase_alone_is_its_result() -> None:
    assert isinstance(names().look_up("sweep"), PhaseResult)


def test_references_are_found_everywhere_and_resolved_once() -> None:
    value = {"a": [Ref("x"), {"b": "${y} and ${x}"}], "c": "plain $x {y}"}
    assert list(find_references(value)) == ["x", "y", "x"]
    table = {"x": "${y}", "y": [1, None]}
    assert resolve(value, table.__getitem__) == {
        "a": ["${y}", {"b": "[1, null] and ${y}"}],
        "c": "plain $x {y}",
    }


def test_settings_are_parted_leaf_by_leaf() -> None:
    settings = {"a": {"b": {"c": 1, "d": "${x}"}}, "e": [{"f": Ref("x")}, 2], "g": {}}
    assert split_settings(settings) == (
        {"a": {"b": {"c": 1}}, "g": {}},
        {"a": {"b": {"d": "${x}"}}, "e": [{"f": Ref("x")}, 2]},
    )


def test_the_longest_phase_name_counts() -> None:
    assert starting_name("a.b.metrics", ["a", "a.b"]) == ("a.b", ["metrics"])
    assert starting_name("c.x", ["a"]) == (None, ["c", "x"])


def test_references_can_be_renamed_and_values_put_in() -> None:
    def change(path: str) -> Any:
        return {"p": 5}.get(path, Ref(f"m.{path}"))

    assert map_references(["${p}", "n ${p} ${q}", Ref("q"), "${q}"], change) == [
        5, "n 5 ${m.q}", Ref("m.q"), Ref("m.q"),
    ]  # fmt: skip
