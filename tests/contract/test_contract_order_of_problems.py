"""Section 1.2: what is told first when several things are wrong, and of whom it is told."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from tests.contract.conftest import Config, Run
from tests.contract.definitions import workflow


def _problems(run: Run, study: Config, definition: Any) -> list[Any]:
    with pytest.raises(ConfigurationError) as caught:
        run(study, definitions=[definition])
    return list(caught.value.problems)


def test_a_configuration_is_complete_before_phases_are_asked_for(run: Run, study: Config) -> None:
    del study["strategies"]
    study["phases"] = {"nope": {}}
    problems = _problems(run, study, workflow({"name": "work", "topology": "bktest"}))
    assert [problem.path for problem in problems] == [("strategies",)]


def test_a_wrong_definition_is_told_with_the_phases_it_lacks(run: Run, study: Config) -> None:
    study["phases"] = {"nope": {}}
    first, second = _problems(run, study, workflow({"name": "work", "topology": "bktest"}))
    assert "bktest" in first.message
    assert second.path == ("phases", "nope")


def test_what_two_phases_have_wrong_is_told_together(run: Run, study: Config) -> None:
    wrong = {"parameter_space": {"nobody.x": [1]}}
    study["phases"] = {"a": wrong, "b": wrong}
    problems = _problems(run, study, workflow({"name": "a"}, {"name": "b"}))
    assert [problem.path[:2] for problem in problems] == [("phases", "a"), ("phases", "b")]
