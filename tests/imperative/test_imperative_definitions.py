from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from containers.errors import ConfigurationError
from imperative import (
    Coordinator,
    Expression,
    Import,
    MetricThreshold,
    Module,
    Output,
    Phase,
    Ref,
    Workflow,
)
from imperative import Sequence as Nested


def workflow(*phases: Any, **attributes: Any) -> type[Workflow]:
    class Made(Workflow):
        name: ClassVar[str] = "made"
        outputs: ClassVar[Mapping[str, Output]] = attributes.get("outputs", {})
        imports: ClassVar[Sequence[Import]] = attributes.get("imports", ())

        def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
            return list(phases)

    return Made


def first(**settings: Any) -> Phase:
    given = {"outputs": {"kept": Output(1)}, **settings}
    return Phase(name="first", topology="backtest", sequence="single_pass", **given)


def second(**settings: Any) -> Phase:
    given = {"depends_on": "first", "topology": "backtest", **settings}
    return Phase(name="second", sequence=given.pop("sequence", "single_pass"), **given)


def refused(config: dict[str, Any], made: type[Workflow], **options: Any) -> str:
    coordinator = Coordinator(workflows={"made": made}, **options)
    with pytest.raises(ConfigurationError) as caught:
        coordinator.run_workflow({**config, "workflow": "made"})
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"config": {"random_seed": Ref("frist.status")}}, "no 'frist' here (did you mean"),
        ({"config": {"random_seed": "${first.metric.bars}"}}, "has no 'metric' (did you mean"),
        ({"config": {"random_seed": Ref("first.metrics.bar")}}, "no metric 'bar' (did you mean"),
        ({"config": {"random_seed": Ref("first.outputs.kep")}}, "has no output 'kep' (did you"),
        ({"config": {"random_seed": Ref("outputs.first.kep")}}, "has no output 'kep' (did you"),
        ({"config": {"random_seed": Ref("config.random_sed")}}, "did you mean 'random_seed'?"),
        ({"config": {"random_seed": Ref("inputs.seed")}}, "the phase has no input 'seed'"),
        ({"config": {"random_seed": Ref("parameters.x")}}, "there is no 'parameters' here"),
        ({"depends_on": (), "config": {"random_seed": Ref("first.metrics.bars")}},
         "phase 'second' reads 'first' without depending on it (add 'first' to depends_on)"),
        ({"config": {"random_seed": Ref("second.metrics.bars")}}, "the phase reads itself"),
        ({"inputs": {"x": 5}}, "inputs.x: found 5, expected a reference"),
        ({"inputs": {"x": Ref("inputs.y")}}, "inputs.x: an input cannot name inputs"),
        ({"topology": "signal_replay"}, "the topology 'signal_replay' needs the input 'signals'"),
        ({"topology": "backtst"}, "names the topology 'backtst', which does not exist (did you"),
        ({"sequence": Nested("monte_carlo", "walk_foward")}, "the sequence 'walk_foward', which"),
        ({"outputs": {"x": 5}}, "outputs.x: found 5, expected an Output"),
        ({"outputs": {"x": Output(1, "../x.json")}}, "expected a path below the folder"),
        ({"outputs": {"x": Output(1, "x.txt")}}, "expected an ending that says its form"),
        ({"conditions": [MetricThreshold("first", "bars", "=>", 1)]}, "there is no operator"),
        ({"conditions": [MetricThreshold("first", "bars", ">", True)]}, "value: found true"),
        ({"conditions": [MetricThreshold("first", "sharp", ">", 1)]}, "there is no metric 'sharp'"),
        ({"conditions": [Expression("results.second.metrics.bars > 1")]}, "the phase reads itself"),
        ({"conditions": [Expression("results.frist.status == 'x'")]}, "there is no phase 'frist'"),
        ({"conditions": [Expression("config.symbol == 1")]}, "did you mean 'symbols'?"),
        ({"conditions": [Expression("len(config) == 1")]}, "'len(config) == 1' holds a call"),
        ({"conditions": ["first"]}, "found text 'first', expected a MetricThreshold"),
        ({"conditions": "first"}, "conditions: expected a list of conditions"),
        ({"config": [1]}, "config: found a list, expected a mapping"),
        ({"depends_on": 5}, "depends_on: expected a name or a list of names"),
    ],
)  # fmt: skip
def test_what_a_definition_shows_to_be_wrong_names_phase_and_field(
    config: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    found = refused(config, workflow(first(), second(**settings)))
    assert message in found
    assert "workflow 'made'" in found


def test_workflow_outputs_are_checked_too(config: dict[str, Any]) -> None:
    outputs = {"x": Output(Ref("first.metrics.bar"))}
    assert "workflow 'made': outputs.x" in refused(config, workflow(first(), outputs=outputs))


def test_what_get_phases_raises_is_told(config: dict[str, Any]) -> None:
    class Broken(Workflow):
        name: ClassVar[str] = "broken"

        def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
            raise KeyError("x")

    assert "get_phases of workflow 'broken'" in refused(config, Broken)
    assert "phase 0 is a str, expected a Phase" in refused(config, workflow("first"))


class Checked(Module):
    name: ClassVar[str] = "checked"
    parameters: ClassVar[Mapping[str, Any]] = {"bars": 1, "seed": 3}

    def get_phases(self, parameters: Mapping[str, Any]) -> Sequence[Phase]:
        return [
            first(config={"random_seed": Ref("parameters.seed")}),
            second(
                outputs={"said": Output("seed ${parameters.seed}, ${first.metrics.bars} bars")},
                conditions=[
                    MetricThreshold("first", "bars", ">=", parameters["bars"]),
                    Expression("results.first.metrics.bars > 0 and outputs.first.kept == 1"),
                ],
            ),
        ]


def test_phases_of_modules_stand_first_under_their_own_names(config: dict[str, Any]) -> None:
    imports = (Import("checked", as_="a"), Import(Checked, as_="b", parameters={"bars": 99}))
    own = Phase(
        name="own",
        topology="backtest",
        sequence="single_pass",
        depends_on=["a.second"],
        outputs={"again": Output(Ref("a.second.outputs.said"))},
    )
    coordinator = Coordinator(
        workflows={"made": workflow(own, imports=imports)}, modules={"checked": Checked}
    )
    result = coordinator.run_workflow({**config, "workflow": "made"})
    assert list(result.phase_results) == ["a.first", "a.second", "b.first", "b.second", "own"]
    assert result.phase_results["a.first"].iterations[0].seed == 3
    assert result.phase_results["own"].outputs == {"again": "seed 3, 8 bars"}
    assert result.phase_results["b.second"].reason == (
        "condition not met: b.first.bars is 8, needed >= 99"
    )


def test_a_module_that_cannot_be_imported_is_told(config: dict[str, Any]) -> None:
    def told(*imports: Import) -> str:
        return refused(config, workflow(imports=imports), modules={"checked": Checked, "l": Loop})

    class Loop(Module):
        name: ClassVar[str] = "l"
        imports: ClassVar[Sequence[Import]] = (Import("l", as_="again"),)

        def get_phases(self, parameters: Mapping[str, Any]) -> Sequence[Phase]:
            return []

    assert "the module 'cheked', which does not exist (did you" in told(Import("cheked", as_="a"))
    assert "no parameter 'bar'" in told(Import("checked", as_="a", parameters={"bar": 1}))
    assert "modules import each other: l -> l" in told(Import("l", as_="a"))
    assert "two phases 'a.first'" in told(Import("checked", as_="a"), Import("checked", as_="a"))
