"""``parity list`` and ``parity schema``: names, engines, origins, and what they cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import declarative
from containers.components import default_components
from imperative.discovery import all_definitions
from parity.listing import inventory
from tests.parity.conftest import OWN, ROOT, Output


def names(engine: str, kind: str) -> list[str]:
    return [item.name for item in inventory() if (item.engine, item.kind) == (engine, kind)]


def test_what_is_listed_is_what_the_imperative_engine_has() -> None:
    there = all_definitions()
    assert names("imperative", "workflow") == sorted(there.workflows)
    assert names("imperative", "sequence") == sorted(there.sequences)
    assert names("imperative", "topology") == sorted(there.topologies)
    assert names("imperative", "module") == sorted(there.modules)


@pytest.mark.parametrize("kind", ["workflow", "sequence", "topology", "module"])
def test_what_is_listed_is_what_the_declarative_engine_has(kind: str) -> None:
    assert names("declarative", kind) == list(declarative.shipped().names(kind))


def test_what_is_listed_are_the_components_there_are() -> None:
    there = default_components()
    assert names("both", "strategy") == sorted(there.strategies)
    assert names("both", "classifier") == sorted(there.classifiers)
    assert names("both", "risk profile") == sorted(there.profiles)


def test_both_engines_ship_the_same_names() -> None:
    for kind in ("workflow", "sequence", "topology"):
        assert names("imperative", kind) == names("declarative", kind)


def test_every_origin_is_a_file() -> None:
    assert all((ROOT / item.origin).is_file() for item in inventory())


def test_the_list_as_json_and_as_text(parity: Callable[..., Output]) -> None:
    output = parity("list", "--json")
    assert output.code == 0
    assert {
        "name": "simple_backtest",
        "engine": "imperative",
        "origin": "imperative/workflows/simple_backtest.py",
    } in output.document["workflows"]
    assert output.document["components"][0]["kind"] == "strategy"
    assert "momentum" in parity("list").out


def test_a_users_own_are_listed_with_their_files(parity: Callable[..., Output]) -> None:
    folders = ("--components", str(OWN / "components"), "--patterns", str(OWN / "patterns"))
    document = parity("list", "--json", "-", *folders).document
    study = [item for item in document["workflows"] if item["name"] == "study"]
    assert [(item["engine"], Path(item["origin"]).name) for item in study] == [
        ("declarative", "study.yaml"),
        ("imperative", "study.py"),
    ]
    own = [i for i in document["components"] if str(OWN) in i["origin"]]
    assert [(i["kind"], i["name"]) for i in own] == [
        *(("strategy", name) for name in ("blind", "both_ways", "breaking", "brittle", "fade")),
        *(("strategy", name) for name in ("judge", "reach")),
        *(("classifier", name) for name in ("breaking", "gaps", "reaching")),
    ]
    modules = [(item["engine"], item["name"]) for item in document["modules"]]
    assert modules.count(("declarative", "around_heard")) == 1
    assert [engine for engine, name in modules if name != "around_heard"] == [
        "declarative",
        "imperative",
    ]


def test_listing_loads_nothing_that_takes_long() -> None:
    code = (
        "import sys\n"
        "from parity.cli import main\n"
        "try:\n    main(['list', '--json'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'pydantic', 'msgspec', 'rich', 'imperative'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


CLASH = """
from containers.components import FLAT
class Mine:
    type_name = "momentum"
    parameters = {}
    indicators = ()
    def decide(self, last, close, values): return FLAT
"""


@pytest.mark.parametrize("command", [("list",), ("run", "c.yaml"), ("plan", "c.yaml")])
def test_a_name_that_is_taken_leaves_with_two_and_shows_both_places(
    parity: Callable[..., Output], tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "clash.py").write_text(CLASH, encoding="utf-8")
    output = parity(*command, "--components", "mine")
    assert output.code == 2
    assert "clash.py:3: a component 'momentum' exists already, at " in output.err
    assert "containers/components/strategies.py:" in output.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_pattern_with_a_taken_name_leaves_with_two(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    phase = "{name: a, topology: backtest, sequence: single_pass}"
    text = f"kind: workflow\nname: simple_backtest\nphases: [{phase}]\n"
    (tmp_path / "mine" / "clash.yaml").write_text(text, encoding="utf-8")
    output = parity("list", "--patterns", "mine")
    assert output.code == 2
    assert "clash.yaml" in output.err
    assert "workflows/simple_backtest.yaml" in output.err


@pytest.mark.parametrize("option", ["--patterns", "--components"])
def test_a_folder_that_is_none_leaves_with_two(parity: Callable[..., Output], option: str) -> None:
    output = parity("list", option, "nowhere")
    assert output.code == 2
    assert "nowhere" in output.err


def test_schemas_are_printed_alone_and_together(parity: Callable[..., Output]) -> None:
    every = parity("schema").document
    assert {"configuration", "workflow", "sequence", "topology"} <= set(every)
    for kind, schema in every.items():
        assert parity("schema", kind).document == schema
        assert "properties" in schema or "$defs" in schema


def test_a_schema_that_does_not_exist_leaves_with_two(parity: Callable[..., Output]) -> None:
    output = parity("schema", "workflw")
    assert output.code == 2
    assert "there is no schema of 'workflw'; did you mean 'workflow'?" in output.err
