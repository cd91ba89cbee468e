"""The page about CI, held against the commands, the plugin, and itself: its examples run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from containers.strict_yaml import loads
from parity.cli import cli
from parity.commands.reports import report_options
from parity.pytest_plugin import pytest_addoption
from parity.reporting.folder import REPORT_FILES
from parity.reporting.schemas import DOCUMENTS
from parity.testing.choosing import CHECKING, VERIFYING
from tests.parity.conftest import HANDMADE, ROOT
from tests.parity.plugin.conftest import run

pytest_plugins = ("pytester",)

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def options_of(command: str) -> set[str]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None, command
    return {name for parameter in found.params for name in parameter.opts}


def test_every_option_that_reports_is_on_the_page() -> None:
    @report_options
    def nothing(**options: Any) -> None: ...

    parameters: list[click.Parameter] = nothing.__click_params__  # type: ignore[attr-defined]
    named = set(re.findall(r"^\| `(--(?!parity)\w+)", PAGE, re.MULTILINE))
    assert {name for parameter in parameters for name in parameter.opts} == named
    assert named <= options_of("verify")
    assert all(f"`{name}`" in PAGE for name in REPORT_FILES)


def test_the_commands_of_the_workflow_have_all_the_options_they_are_given() -> None:
    workflow = loads(block("yaml"), "ci.md").data
    lines = [step["run"] for step in workflow["jobs"]["parity"]["steps"] if "run" in step]
    ours = [shlex.split(line) for line in lines if line.startswith("parity ")]
    assert [words[1] for words in ours] == ["verify", "check"]
    for words in ours:
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given
        assert given <= options_of(words[1])


def test_every_option_and_setting_of_the_plugin_is_on_the_page() -> None:
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    (group,) = (each for each in parser._groups if each.name == "parity")
    options = {name for option in group.options for name in option.names()}
    named = set(re.findall(r"^\| `(--parity-[\w-]+)", PAGE, re.MULTILINE))
    assert options == named
    settings = set(re.findall(r"^\| `(parity_\w+)` \|", PAGE, re.MULTILINE))
    assert set(parser._inidict) == settings
    for keyword in (*VERIFYING, *CHECKING):
        assert f"`{keyword}`" in PAGE


def test_every_document_is_on_the_page() -> None:
    assert [kind for kind in DOCUMENTS if f"`{kind}`" not in PAGE and kind != "verify"] == []


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([\w.-]+\.md)(?:#([\w-]+))?\)", PAGE)
    assert links
    for file, heading in links:
        text = (ROOT / "docs" / file).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
        assert not heading or heading in slugs, (file, heading)


def test_the_tests_on_the_page_run(project: pytest.Pytester) -> None:
    text = (HANDMADE / "two_symbols.yaml").read_text(encoding="utf-8")
    study = project.path / "studies" / "momentum.yaml"
    study.write_text(text.replace("data_dir: .", f"data_dir: {HANDMADE}"), encoding="utf-8")
    for name in ("one", "two"):
        (project.path / "studies" / f"{name}.yaml").unlink()
    run(project, block("python"), "--parity-approve").assert_outcomes(passed=3)
    run(project, block("python"), "--parity-unused").assert_outcomes(passed=3)
    assert Path("baselines/studies/momentum.yaml.json").is_file()
