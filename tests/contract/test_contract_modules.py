"""Section 7.6: modules, imported with parameters."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.journal import Entry, PlanMade
from tests.contract.conftest import Config, Run
from tests.contract.definitions import module, workflow

CHECKS = module(
    {
        "name": "probe",
        "config": {"portfolio": {"initial_capital": "${parameters.capital}"}},
        "outputs": {"said": {"value": "with ${parameters.capital}"}},
    },
    {
        "name": "again",
        "depends_on": "probe",
        "conditions": [
            {
                "metric": {
                    "phase": "probe",
                    "name": "bars",
                    "operator": ">=",
                    "value": "${parameters.bars}",
                }
            },
            {"expression": "results.probe.metrics.bars == 60 and outputs.probe.said != 'x'"},
        ],
        "outputs": {
            "bars": {"value": "${probe.metrics.bars}"},
            "said": {"value": "${outputs.probe.said}"},
        },
    },
    name="checks",
    parameters={"capital": 5_000, "bars": 1},
)


def test_phases_of_a_module_stand_before_the_workflows_own(run: Run, study: Config) -> None:
    definition = workflow(
        {
            "name": "own",
            "depends_on": "b.again",
            "outputs": {"x": {"value": "${b.again.outputs.bars}"}},
        },
        imports=[
            {"module": "checks", "as": "a", "parameters": {"capital": 9_000}},
            {"module": "checks", "as": "b"},
        ],
    )
    journal: list[Entry] = []
    result = run(study, definitions=[definition, CHECKS], journal=journal)
    assert result.error is None
    assert list(result.phase_results) == ["a.probe", "a.again", "b.probe", "b.again", "own"]
    assert result.phase_results["own"].outputs == {"x": 60}
    capitals = [
        result.phase_results[name].aggregate_metrics["initial_capital"]
        for name in ("a.probe", "b.probe")
    ]
    assert capitals == [9_000.0, 5_000.0]
    assert result.phase_results["a.again"].outputs == {"bars": 60, "said": "with 9000"}
    (plan,) = [e.record for e in journal if isinstance(e.record, PlanMade)]
    assert plan.phases[1].depends_on == ("a.probe",)
    assert plan.phases[1].conditions[0].startswith("a.probe.bars >= ")


def test_a_reason_names_the_phase_in_full(run: Run, study: Config) -> None:
    definition = workflow(imports=[{"module": "checks", "as": "a", "parameters": {"bars": 61}}])
    result = run(study, definitions=[definition, CHECKS])
    phase = result.phase_results["a.again"]
    assert phase.reason == "condition not met: a.probe.bars is 60, needed >= 61"


def test_a_module_may_import_modules(run: Run, study: Config) -> None:
    outer = module(
        {"name": "last", "depends_on": "in.again",
         "outputs": {"x": {"value": "${in.again.outputs.bars}"}}},
        name="outer", imports=[{"module": "checks", "as": "in"}],
    )  # fmt: skip
    definition = workflow({"name": "own"}, imports=[{"module": "outer", "as": "m"}])
    result = run(study, definitions=[definition, outer, CHECKS])
    assert result.error is None
    assert list(result.phase_results) == ["m.in.probe", "m.in.again", "m.last", "own"]
    assert result.phase_results["m.last"].outputs == {"x": 60}


def test_inputs_of_a_modules_phases_are_planned_with_full_names(run: Run, study: Config) -> None:
    recorded = module(
        {"name": "record", "topology": "signal_generation"},
        {"name": "replay", "topology": "signal_replay", "depends_on": "record",
         "inputs": {"signals": "${record.signals}"}},
        name="recorded",
    )  # fmt: skip
    definition = workflow({"name": "own"}, imports=[{"module": "recorded", "as": "m"}])
    journal: list[Entry] = []
    result = run(study, definitions=[definition, recorded], journal=journal)
    assert result.error is None
    (plan,) = [e.record for e in journal if isinstance(e.record, PlanMade)]
    assert dict(plan.phases[1].inputs) == {"signals": "m.record.signals"}


def test_the_user_overrides_an_imported_phase_by_its_full_name(run: Run, study: Config) -> None:
    study["phases"] = {"a.probe": {"portfolio": {"initial_capital": 123}}}
    definition = workflow({"name": "own"}, imports=[{"module": "checks", "as": "a"}])
    result = run(study, definitions=[definition, CHECKS])
    assert result.phase_results["a.probe"].aggregate_metrics["initial_capital"] == 123.0


@pytest.mark.parametrize(
    ("imports", "modules", "fragments"),
    [
        ([{"module": "chekcs", "as": "a"}], [], ["chekcs", "checks"]),
        ([{"module": "checks", "as": "a", "parameters": {"capitl": 1}}], [], ["capitl", "capital"]),
        ([{"module": "checks", "as": "a"}, {"module": "checks", "as": "a"}], [], ["a.probe"]),
        (
            [{"module": "ping", "as": "a"}],
            [
                module(name="ping", imports=[{"module": "pong", "as": "x"}]),
                module(name="pong", imports=[{"module": "ping", "as": "x"}]),
            ],
            ["ping", "pong"],
        ),
        (
            [{"module": "own", "as": "a"}],
            [module({"name": "x"}, name="own", imports=[{"module": "own", "as": "b"}])],
            ["own"],
        ),
    ],
    ids=["unknown", "an unknown parameter", "a phase twice", "a circle", "itself"],
)
def test_a_wrong_import_is_a_configuration_error(
    run: Run, study: Config, imports: list[Any], modules: list[Any], fragments: list[str]
) -> None:
    definition = workflow({"name": "own"}, imports=imports)
    with pytest.raises(ConfigurationError) as caught:
        run(study, definitions=[definition, CHECKS, *modules])
    for fragment in fragments:
        assert fragment in str(caught.value)
