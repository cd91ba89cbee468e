"""What may stand in a pattern, and how a mistake in one is reported."""

from __future__ import annotations

import json
from importlib.resources import files
from textwrap import dedent

import jsonschema
import pytest

from containers.strict_yaml import loads
from declarative import PatternError, json_schemas, shipped
from declarative.patterns import pattern_of


def problems(text: str) -> list[str]:
    with pytest.raises(PatternError) as caught:
        pattern_of(loads(dedent(text).lstrip("\n"), "a.yaml"))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x", ("a.yaml: kind: the required key 'kind' is missing "
         "(kind says what the file is a pattern of)")),
        ("kind: worklow", ("a.yaml:1:7: kind: found the kind 'worklow', expected one of workflow, "
         "module, sequence, topology, part, defaults (did you mean 'workflow'?)")),
        ("kind: 3", ("a.yaml:1:7: kind: found the kind 3, expected one of workflow, module, "
         "sequence, topology, part, defaults (kind says what the file is a pattern of)")),
    ],
)  # fmt: skip
def test_a_file_must_say_which_kind_it_is(text: str, message: str) -> None:
    assert problems(text) == [message]


def test_an_unknown_key_names_the_allowed_ones_and_the_nearest() -> None:
    assert problems("""
        kind: workflow
        name: mine
        phases:
          - name: backtest
            topolgy: backtest
            topology: backtest
            sequence: single_pass
    """) == [
        (
            "a.yaml:5:5: phases[0].topolgy: unknown key 'topolgy'; allowed: name, topology, "
            "sequence, config, inputs, outputs, depends_on, when, required "
            "(did you mean 'topology'?)"
        )
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("iterate: {change: {}}", "3:10: iterate.while: the required key 'while' is missing"),
        (
            "iterate: {while: {}}",
            "3:18: iterate.while: found none, expected exactly one of metric, expression",
        ),
        (
            "iterate: {while: {expression: '1 <'}}",
            (
                "3:31: iterate.while.expression: '1 <' is no expression: found the end, expected a "
                "value"
            ),
        ),
        ("imports: [{as: x}]", "3:11: imports[0].module: the required key 'module' is missing"),
        (
            (
                "branches: [{name: a, workflow: b, when: {metric: {phase: a, name: sharp_ratio, "
                "operator: '>', value: 1}}}]"
            ),
            "3:67: branches[0].when.metric.name: found 'sharp_ratio', expected one of",
        ),
        (
            (
                "branches: [{name: a, workflow: b, when: [{metric: {phase: a, name: bars, "
                "operator: '>', value: true}}]}]"
            ),
            "3:96: branches[0].when[0].metric.value: found true, expected a number or a reference",
        ),
        (
            "outputs: {a: {value: 1, fil: x}}",
            "3:25: outputs.a.fil: unknown key 'fil'; allowed: value, file (did you mean 'file'?)",
        ),
        ("outputs: {a: {file: x}}", "3:14: outputs.a.value: the required key 'value' is missing"),
    ],
)
def test_what_stands_after_the_phases_is_checked(text: str, message: str) -> None:
    (problem,) = problems(f"""
        kind: workflow
        name: mine
        {text}
        phases: [{{name: a, topology: backtest, sequence: single_pass}}]
    """)
    assert problem.startswith(f"a.yaml:{message}")


def test_every_problem_of_a_file_is_reported_in_its_order() -> None:
    assert problems("""
        kind: workflow
        name: my workflow
        phases:
          - name: backtest
            required: 1
            depends_on: {a: b}
            config: []
        extra: true
    """) == [
        (
            "a.yaml:2:7: name: found 'my workflow', expected a name of letters, digits, '.', "
            "'_' or "
            "'-'"
        ),
        "a.yaml:4:5: phases[0].topology: the required key 'topology' is missing",
        "a.yaml:4:5: phases[0].sequence: the required key 'sequence' is missing",
        "a.yaml:5:15: phases[0].required: found 1, expected true or false",
        "a.yaml:6:17: phases[0].depends_on: found a mapping, expected a list",
        "a.yaml:7:13: phases[0].config: found a list, expected a mapping",
        (
            "a.yaml:8:1: extra: unknown key 'extra'; allowed: kind, name, defaults, imports, "
            "phases, fail_fast, iterate, branches, outputs (known: branches, defaults, fail_fast, "
            "imports, iterate, kind, name, outputs, phases)"
        ),
    ]


def test_a_workflow_needs_a_phase() -> None:
    assert problems("{kind: workflow, name: mine, phases: []}") == [
        "a.yaml: found no phase, expected at least one, of its own or imported"
    ]


def test_a_sequence_says_which_windows_and_what_they_come_to() -> None:
    assert problems("""
        kind: sequence
        name: mine
        let: {half: bars //}
        iterations:
          - {name: full, first: 0, lats: 9}
          - 3
        gives: {best: full, means: full}
    """) == [
        ("a.yaml:3:13: let.half: 'bars //' is no expression: found the end, expected a value"),
        (
            "a.yaml:5:28: iterations[0].lats: unknown key 'lats'; allowed: name, when, times, "
            "while, each, let, first, last, spans, warmup, varies, best_of, closes, optimizes, "
            "iterations, gives (did you mean 'last'?)"
        ),
        "a.yaml:6:5: iterations[1]: found 3, expected a mapping",
        (
            "a.yaml:7:8: gives: found best and means, expected exactly one of like, chained, best, "
            "means"
        ),
    ]


def test_a_topology_knows_roles_and_events() -> None:
    assert problems("""
        kind: topology
        name: mine
        containers:
          - {id: data, role: dtaa}
          - {id: "", role: 7}
        routes:
          - {events: [BAR, BARS], from: data, tu: risk}
    """) == [
        (
            "a.yaml:4:22: containers[0].role: found 'dtaa', expected one of data, features, "
            "classifier, strategy, portfolio, risk, execution (did you mean 'data'?)"
        ),
        "a.yaml:5:10: containers[1].id: found nothing in it, expected text",
        (
            "a.yaml:5:20: containers[1].role: found 7, expected one of data, features, classifier, "
            "strategy, portfolio, risk, execution"
        ),
        "a.yaml:7:5: routes[0].to: the required key 'to' is missing",
        (
            "a.yaml:7:20: routes[0].events[1]: found 'BARS', expected one of BAR, FILL, FEATURES, "
            "CLASSIFICATION, SIGNAL, ORDER_REQUEST, ORDER, REJECTION, CANCELLATION, "
            "PORTFOLIO_UPDATE "
            "(did you mean 'BAR'?)"
        ),
        (
            "a.yaml:7:39: routes[0].tu: unknown key 'tu'; allowed: events, foreach, from, "
            "to, topic "
            "(did you mean 'to'?)"
        ),
    ]


def test_one_dependency_may_be_written_without_a_list() -> None:
    text = """
        kind: workflow
        name: mine
        phases:
          - {name: a, topology: backtest, sequence: single_pass}
          - {name: b, topology: backtest, sequence: single_pass, depends_on: a}
    """
    definition = pattern_of(loads(dedent(text), "a.yaml")).definition
    assert definition.kind == "workflow"
    assert [phase.depends_on for phase in definition.phases] == [[], ["a"]]


def test_the_shipped_patterns_have_relative_origins() -> None:
    library = shipped()
    assert library.workflows()["simple_backtest"].origin == (
        "declarative/patterns/workflows/simple_backtest.yaml"
    )
    assert library.names("sequence") == (
        "in_sample", "k_fold", "monte_carlo", "out_of_sample", "parameter_sweep", "single_pass",
        "train_test", "walk_forward",
    )  # fmt: skip
    assert library.names("topology") == (
        "analysis", "backtest", "optimization", "signal_generation", "signal_replay",
    )  # fmt: skip
    assert library.names("workflow") == (
        "adaptive_ensemble", "adaptive_strategy_search", "research_pipeline",
        "signal_generation_and_replay", "simple_backtest", "train_test_optimization",
        "walk_forward_validation",
    )  # fmt: skip


def test_the_published_schemas_are_those_of_the_models() -> None:
    """To write them anew: ``python -m declarative``."""
    folder = files("declarative") / "schemas"
    published = {kind: json.loads((folder / f"{kind}.json").read_text()) for kind in json_schemas()}
    assert published == json_schemas()


def test_shipped_patterns_name_their_schema_and_keep_to_it() -> None:
    folder = files("declarative") / "patterns"
    seen = set()
    for pattern in shipped():
        schema = json_schemas()[pattern.definition.kind]
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(pattern.document.data, schema)
        name = pattern.origin.removeprefix("declarative/patterns/")
        first = (folder / name).read_text(encoding="utf-8").splitlines()[0]
        up = "../" * (name.count("/") + 1)
        assert first == (
            f"# yaml-language-server: $schema={up}schemas/{pattern.definition.kind}.json"
        )
        seen.add(pattern.definition.kind)
    assert seen == {"workflow", "sequence", "topology", "part", "defaults"}


@pytest.mark.parametrize(
    "text",
    [
        "{kind: workflow, name: a, phases: [{name: a, topology: b, sequence: {body: c}}]}",
        "{kind: workflow, name: a, phases: [{name: a, topology: b, sequence: c, colour: red}]}",
        "{kind: workflow, name: a, imports: [{as: b}]}",
        "{kind: sequence, name: a, iterations: [], gives: {like: a}}",
        "{kind: topology, name: a, analyses: everything}",
    ],
)
def test_a_schema_refuses_what_the_models_refuse(text: str) -> None:
    document = loads(text, "a.yaml")
    with pytest.raises(PatternError):
        pattern_of(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document.data, json_schemas()[document.data["kind"]])


def test_there_is_a_json_schema_of_every_kind() -> None:
    schemas = json_schemas()
    assert list(schemas) == ["workflow", "module", "sequence", "topology", "part", "defaults"]
    route = schemas["topology"]["$defs"]["RouteDefinition"]
    assert set(route["required"]) == {"events", "from", "to"}
    assert route["additionalProperties"] is False
