"""What README, layout and documents promise, held against the files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest

import containers.components
import containers.configuration
import containers.data
import containers.trace
import containers.trading
import declarative
import imperative
from containers.components import default_components
from containers.configuration import METRIC_NAMES, json_schema
from containers.events import EVENT_TYPES
from containers.lifecycle import mermaid
from parity.channels import Channel
from parity.cli import COMMANDS, cli
from parity.subjects.specification import OPTIONS
from parity.verdicts import Verdict
from tests.project.wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("containers", "imperative", "declarative", "parity")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sources() -> list[Path]:
    folders = (*PACKAGES, "tests", "benchmarks", "fixtures")
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def test_the_wheel_has_exactly_four_packages_and_their_patterns(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert "declarative/patterns/topologies/backtest.yaml" in names
    assert "containers/py.typed" in names
    (points,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
    text_of_points = zipfile.ZipFile(wheel).read(points).decode()
    assert "[pytest11]\nparity = parity.pytest_plugin" in text_of_points


@pytest.mark.parametrize("command", ["", *COMMANDS, "runs remove"])
def test_help_loads_nothing_that_takes_long(command: str) -> None:
    code = (
        "import sys\n"
        "from parity.cli import main\n"
        f"try:\n    main([*{command.split()!r}, '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'pyarrow', 'deepdiff', 'pydantic', 'rich.progress', 'numpy', 'loky',"
        " 'cloudpickle', 'distributed', 'multiprocessing', 'concurrent.futures'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert f"Usage: parity {command}".rstrip() in done.stdout


def test_the_state_diagram_is_the_one_of_the_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in text("docs/semantics.md")


def test_every_configuration_key_is_documented_and_no_other() -> None:
    schema = json_schema()

    def keys(node: dict[str, Any], path: str) -> set[str]:
        if "$ref" in node:
            return keys(schema["$defs"][node["$ref"].rpartition("/")[2]], path)
        found = {path} if path else set()
        for option in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
            found |= keys(option, path)
        if isinstance(node.get("items"), dict):
            found |= keys(node["items"], f"{path}[]") - {f"{path}[]"}
        for name, child in node.get("properties", {}).items():
            found |= keys(child, f"{path}.{name}" if path else name)
        return found

    known = {key for key in keys(schema, "") if not key.startswith("phases.")}
    documented = set(re.findall(r"^\| `([^`]+)` \|", text("docs/configuration.md"), re.MULTILINE))
    assert {k for k in documented if not k.startswith("phases.")} == known


def test_every_component_is_documented_with_its_parameters_and_defaults() -> None:
    shipped = default_components()
    words = {"integer": "whole", "number": "number", "members": "mapping: name → number"}
    declared = {
        (kind, name, words[p.kind], "required" if p.kind == "members" else str(p.default))
        for kind, cls in {**shipped.strategies, **shipped.classifiers}.items()
        for name, p in cls.parameters.items()
    }
    declared |= {
        (kind, "none", "", "") for kind, c in shipped.strategies.items() if not c.parameters
    }
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in text("docs/configuration.md").splitlines()
        if re.match(r"\| [a-z_]+ \|", line)
    ]
    assert {(kind, name, type_, default) for kind, name, type_, _, default in rows} == declared
    semantics = text("docs/semantics.md")
    for kind in (*shipped.strategies, *shipped.classifiers):
        assert f"| `{kind}` |" in semantics


@pytest.mark.parametrize("name", [*METRIC_NAMES, *(kind.value for kind in EVENT_TYPES)])
def test_every_metric_and_event_is_in_the_semantics(name: str) -> None:
    assert name in text("docs/semantics.md")


def test_every_command_says_in_help_what_the_list_of_commands_says() -> None:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_the_readme_names_every_command_and_only_targets_that_exist() -> None:
    readme, makefile = text("README.md"), text("Makefile")
    for command in COMMANDS:
        assert f"| `parity {command}" in readme
    targets = re.findall(r"`make (\w+)`", readme)
    assert {"verify", "test"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("word", [*Channel, *Verdict, *OPTIONS])
def test_every_channel_verdict_and_subject_key_is_documented(word: str) -> None:
    known = {key for key, values in OPTIONS.items() if values is None}  # not available yet
    assert word in known or f"`{word}`" in text("docs/verification.md")


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    long = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in sources()}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}


@pytest.mark.parametrize(
    "module",
    [
        containers.components,
        containers.configuration,
        containers.data,
        containers.trace,
        containers.trading,
        imperative,
        declarative,
    ],
    ids=lambda module: str(module.__name__),
)
def test_what_a_package_lists_is_there(module: Any) -> None:
    assert all(hasattr(module, name) for name in module.__all__)
    assert list(module.__all__) == list(dict.fromkeys(module.__all__))


def test_no_file_names_a_registry_or_a_machine() -> None:
    files = [*sources(), *ROOT.glob("*.toml"), *ROOT.glob("*.txt"), ROOT / "Makefile"]
    files += [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / ".ci" / "run"]
    suspicious = re.compile(r"index-url|find-links|/simple/|/home/\w|/root/")
    own = Path(__file__)
    assert [f.name for f in files if f != own and suspicious.search(f.read_text())] == []


def test_the_engines_do_not_import_one_another() -> None:
    for engine, other in (("imperative", "declarative"), ("declarative", "imperative")):
        for file in (ROOT / engine).rglob("*.py"):
            content = file.read_text(encoding="utf-8")
            assert not re.search(rf"^\s*(from|import) {other}\b", content, re.MULTILINE), file


def test_the_oracle_takes_only_event_and_result_types_from_containers() -> None:
    for file in (ROOT / "parity" / "oracle").rglob("*.py"):
        modules = re.findall(r"(?:from|import) (containers[\w.]*)", file.read_text())
        assert set(modules) <= {"containers.events", "containers.results"}, file


def test_containers_have_no_function_that_runs_a_topology() -> None:
    """Driving is each engine's own: nothing in containers calls the triggers of a container."""
    for file in (ROOT / "containers").rglob("*.py"):
        content = file.read_text(encoding="utf-8")
        assert not re.search(r"container\w*\.(initialize|start|collect|stop|cleanup)\(", content), (
            file
        )


def test_provenance_names_every_market_file_with_its_digest() -> None:
    import hashlib

    document = json.loads(text("fixtures/market/provenance.json"))
    listed = json.dumps(document)
    for file in (ROOT / "fixtures" / "market").glob("*.csv"):
        assert file.name in listed
        assert hashlib.sha256(file.read_bytes()).hexdigest() in listed
