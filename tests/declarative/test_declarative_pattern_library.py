"""A user's own patterns beside the shipped ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.errors import ConfigurationError
from containers.strict_yaml import loads
from declarative import DeclarativeWorkflowManager, PatternError
from declarative.patterns import pattern_of

PatternFolder = Callable[..., Path]

MINE = """
    kind: workflow
    name: mine
    phases: [{name: once, topology: backtest, sequence: single_pass}]
"""


def test_a_users_workflow_is_found_by_the_name_inside_its_file(
    pattern_folder: PatternFolder, config: dict[str, object]
) -> None:
    manager = DeclarativeWorkflowManager(patterns=pattern_folder(some_file=MINE))
    result = manager.run_workflow({**config, "workflow": "mine"})
    assert (result.workflow, list(result.phase_results)) == ("mine", ["once"])


def test_a_name_that_is_shipped_already_is_an_error_with_both_places(
    pattern_folder: PatternFolder,
) -> None:
    folder = pattern_folder(mine=MINE.replace("mine", "simple_backtest"))
    with pytest.raises(PatternError) as caught:
        DeclarativeWorkflowManager(patterns=folder)
    assert str(caught.value) == (
        f"{folder}/mine.yaml:2:7: name: the workflow 'simple_backtest' exists already, at "
        "declarative/patterns/workflows/simple_backtest.yaml:4:7 (choose another name)"
    )


def test_two_files_with_one_name_are_an_error(pattern_folder: PatternFolder) -> None:
    folder = pattern_folder(one=MINE, two=MINE)
    with pytest.raises(PatternError, match=r"two\.yaml:2:7: .* exists already, at .*one\.yaml"):
        DeclarativeWorkflowManager(patterns=folder)


def test_every_wrong_file_of_a_folder_is_reported(pattern_folder: PatternFolder) -> None:
    folder = pattern_folder(one="kind: workflw", two="kind: sequence\nkind: sequence", ok=MINE)
    with pytest.raises(PatternError) as caught:
        DeclarativeWorkflowManager(patterns=folder)
    files = [p.location.file for p in caught.value.problems if p.location is not None]
    assert files == [f"{folder}/one.yaml", f"{folder}/two.yaml"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PatternError, match=r"nowhere: there is no such folder of patterns$"):
        DeclarativeWorkflowManager(patterns=tmp_path / "nowhere")


def test_an_unknown_workflow_is_the_users_mistake(
    tmp_path: Path, config: dict[str, object]
) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("workflow: simple_backtst\n")
    with pytest.raises(ConfigurationError) as caught:
        DeclarativeWorkflowManager().run_workflow(path)
    assert not isinstance(caught.value, PatternError)
    assert str(caught.value) == (
        f"{path}:1:11: workflow: there is no workflow 'simple_backtst' "
        "(did you mean 'simple_backtest'?)"
    )


def test_the_examples_of_the_documents_are_patterns() -> None:
    text = (Path(__file__).parents[2] / "docs" / "patterns.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    names = [pattern_of(loads(example, "patterns.md")).name for example in examples]
    assert names == ["swept_then_checked", "walk_forward"]
