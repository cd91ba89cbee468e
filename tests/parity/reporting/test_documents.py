"""Every document that a command gives is what its published schema says, key by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.cli import COMMANDS
from parity.reporting.document import verification_document
from parity.reporting.schemas import DOCUMENTS, document_schema
from tests.parity.conftest import HANDMADE, OWN, Output
from tests.parity.reporting.samples import KINDS, WICKED

TWO = str(HANDMADE / "two_symbols.yaml")
STUDY = [str(OWN / "study.yaml"), "--components", str(OWN / "components")]


@cache
def closed_schema(kind: str) -> dict[str, Any]:
    """Give a schema that, other than the published one, refuses keys that are not in it."""

    def closed(node: Any) -> Any:
        if isinstance(node, list):
            return [closed(item) for item in node]
        if not isinstance(node, dict):
            return node
        more = {"additionalProperties": False} if "properties" in node else {}
        return {**{key: closed(value) for key, value in node.items()}, **more}

    schema = document_schema(kind)
    Draft202012Validator.check_schema(schema)
    result: dict[str, Any] = closed(schema)
    return result


def check(kind: str, document: Any) -> None:
    Draft202012Validator(closed_schema(kind)).validate(document)


@pytest.mark.parametrize("kind", KINDS)
def test_a_verification_is_what_its_schema_says(kind: str) -> None:
    document = verification_document(KINDS[kind][0](), "records/000001")
    check("verify", json.loads(json.dumps(document, allow_nan=False)))
    assert document["exit_code"] == KINDS[kind][1]


def test_a_verification_has_the_keys_that_were_promised() -> None:
    document = verification_document(KINDS["another figure"][0](), "records/000001")
    assert {
        "schema", "verdict", "exit_code", "subjects", "totals", "workflows", "checks",
        "rules", "noise",
    } <= set(document)  # fmt: skip
    (workflow,) = document["workflows"]
    assert {
        "config", "workflow", "control", "candidate", "verdict", "channels",
        "first_divergence", "record",
    } <= set(workflow)  # fmt: skip
    assert set(workflow["channels"]["metrics"]) >= {
        "verdict", "compared", "different", "missing", "extra", "max_abs", "max_ulp",
        "tolerance_used",
    }  # fmt: skip
    assert workflow["first_divergence"]["control"] == 1.5
    assert workflow["record"] == "records/000001"


@pytest.mark.parametrize(
    ("kind", "section", "expected"),
    [
        (
            "a broken invariant",
            "checks",
            {
                "name": "accounting",
                "kind": "invariant",
                "config": "c.yaml",
                "subject": "imperative",
                "verdict": "different",
                "compared": 12,
                "first": {
                    "path": "iteration=0/phase=backtest/window=0/unit=0: update 3",
                    "control": 101.5,
                    "candidate": 101.0,
                    "fields": [],
                },
                "reason": "equity is cash and positions",
            },
        ),
        (
            "a rule that never fired",
            "rules",
            {
                "rule": "metrics **.sharpe_ratio: abs 4.0",
                "place": "policy.yaml:3:5",
                "reason": "rounding differs",
                "owner": "ann",
                "expires": "2031-01-01",
                "fired": 0,
                "used": None,
                "problem": "never fired",
            },
        ),
        (
            "noise",
            "noise",
            {
                "config": "c.yaml",
                "subject": "declarative",
                "runs": 3,
                "verdict": "different",
                "channels": {"equity": "different"},
                "max_abs": 1e-9,
                "max_ulp": 2,
                "first": {
                    "path": "iteration=0/phase=backtest/window=0/unit=0/portfolio=a.b: [1]",
                    "control": 1.0,
                    "candidate": 2.0,
                    "fields": [],
                },
            },
        ),
    ],
)
def test_checks_rules_and_noise_are_in_the_document(
    kind: str, section: str, expected: dict[str, Any]
) -> None:
    assert verification_document(KINDS[kind][0](), None)[section] == [expected]


def test_numbers_that_json_does_not_have_are_text() -> None:
    from parity.channels import Channel
    from tests.parity.reporting.samples import changed, record, verification

    infinite = changed(Channel.METRICS, {"sharpe_ratio": float("inf"), "num_trades": 3})
    document = verification_document(verification(record(), record("x", infinite)), None)
    check("verify", json.loads(json.dumps(document, allow_nan=False)))
    (workflow,) = document["workflows"]
    assert workflow["channels"]["metrics"]["max_abs"] == "inf"
    assert workflow["first_divergence"]["candidate"] == "inf"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("verify", ("verify", TWO)),
        pytest.param(
            "verify",
            ("verify", *STUDY, "--patterns", str(OWN / "patterns")),
            marks=pytest.mark.deep,
        ),
        pytest.param("verify", ("verify", TWO, "--thorough"), marks=pytest.mark.deep),
        ("verify", ("verify", "none.yaml")),
        ("run", ("run", TWO)),
        ("run", ("run", *STUDY)),
        ("plan", ("plan", TWO)),
        ("plan", ("plan", *STUDY)),
        ("list", ("list", "--components", str(OWN / "components"))),
        ("features", ("features",)),
        ("runs", ("runs",)),
    ],
    ids=lambda value: " ".join(Path(v).name for v in value) if isinstance(value, tuple) else value,
)
def test_a_command_gives_what_its_schema_says(
    parity: Callable[..., Output], kind: str, arguments: tuple[str, ...]
) -> None:
    check(kind, parity(*arguments, "--json", "-").document)


def test_stored_runs_are_what_their_schemas_say(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    text = (HANDMADE / "two_symbols.yaml").read_text(encoding="utf-8")
    text = text.replace("data_dir: .", f"data_dir: {HANDMADE}")
    (tmp_path / "c.yaml").write_text(f"{text}results: {{storage: disk}}\n", encoding="utf-8")
    assert parity("run", "c.yaml", "--id", "mine").code == 0
    listed = parity("runs", "--json", "-").document
    assert [run["id"] for run in listed["runs"]] == ["mine"]
    check("runs", listed)
    shown = parity("runs", "show", "mine", "--json", "-").document
    assert len(shown["phases"]) == 1
    check("runs-show", shown)
    check("runs-remove", parity("runs", "remove", "mine", "--json", "-").document)
    (tmp_path / "results" / "mine" / "run.json").write_text("{}")
    check("runs-show", parity("runs", "show", "mine", "--json", "-").document)


def test_what_is_approved_checked_compared_and_explained_is_what_the_schemas_say(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    text = (HANDMADE / "two_symbols.yaml").read_text(encoding="utf-8")
    text = text.replace("data_dir: .", f"data_dir: {HANDMADE}")
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    check("approve", parity("approve", "c.yaml", "--json", "-").document)
    same = parity("check", "--json", "-").document
    assert same["exit_code"] == 0
    check("check", same)
    assert parity("run", "c.yaml", "--json", "before.json").code == 0
    (tmp_path / "c.yaml").write_text(text.replace("100000", "200000"), encoding="utf-8")
    assert parity("run", "c.yaml", "--json", "after.json").code == 0
    changed = parity("check", "--no-stand-in", "--json", "-").document
    assert changed["exit_code"] == 1
    check("check", changed)
    check("approve", parity("approve", "c.yaml", "--json", "-").document)
    check("compare", parity("compare", "before.json", "after.json", "--json", "-").document)
    explained = parity("explain", "--json", "-").document
    assert explained["divergence"] is not None
    check("explain", explained)
    check(
        "verify", parity("verify", "c.yaml", "--thorough", "--repeat", "2", "--json", "-").document
    )
    check("explain", parity("explain", "--json", "-").document)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_schema_says_of_every_key_that_it_is_there(kind: str) -> None:
    def objects(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if "properties" in node:
                yield node
            for value in node.values():
                yield from objects(value)
        elif isinstance(node, list):
            for item in node:
                yield from objects(item)

    found = list(objects(document_schema(kind)))
    assert found
    optional = {n for node in found for n in node["properties"] if n not in node["required"]}
    assert bool(optional) == (kind == "sensitivity")  # faults and mutants in one list
    assert all("default" not in part for node in found for part in node["properties"].values())


def test_searches_replays_and_lists_of_faults_are_what_their_schemas_say(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    check("sensitivity-list", parity("sensitivity", "--list", "--json", "-").document)
    check("fuzz", parity("fuzz", "--examples", "1", "--seed", "3", "--json").document)
    (tmp_path / "no_example").mkdir()
    replayed = parity("replay", "no_example", "--json", "-").document
    assert [one["outcome"] for one in replayed["replays"]] == ["ERROR"]
    check("replay", replayed)


@pytest.mark.deep
def test_the_catalogue_is_what_its_schema_says(parity: Callable[..., Output]) -> None:
    check("sensitivity", parity("sensitivity", "--only", "X01-imperative", "--json", "-").document)


def test_a_document_that_is_not_one_is_refused() -> None:
    from jsonschema import ValidationError

    document = verification_document(KINDS["wicked names"][0](), WICKED)
    for key in document:
        less = {name: value for name, value in document.items() if name != key}
        with pytest.raises(ValidationError):
            check("verify", less)
    with pytest.raises(ValidationError):
        check("verify", {**document, "verdict": "fine"})


def test_every_command_with_a_document_has_its_schema() -> None:
    import click

    from parity.cli import cli

    def documents(group: click.Group, above: str = "") -> Iterator[str]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from documents(command, f"{above}{name}-")
            elif any(parameter.name == "json_target" for parameter in command.params):
                yield f"{above}{name}".replace("runs-list", "runs")
                if any("--list" in parameter.opts for parameter in command.params):
                    yield f"{above}{name}-list"

    assert isinstance(cli, click.Group)
    assert set(COMMANDS) >= {name.partition("-")[0] for name in DOCUMENTS}
    assert set(documents(cli)) == set(DOCUMENTS)
