"""Components that kill, hold or confuse workers: the failure is told, and nothing else is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from containers.components import Components
from tests.survival import wicked
from tests.survival.observing import Observation, Study, observe
from tests.survival.studies import nested

ENGINES = ("imperative", "declarative")
UNIT = "iteration=0/phase=work/window=0/window=0/window=0/window=2/unit=0"
"""The first that the components do not agree with."""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def study_of(folder: Path, components: Components) -> Study:
    """Give a study of eight units, of which two have a fast period of 3."""
    settings: dict[str, Any] = {
        "parameter_space": {"momentum.fast_period": [1, 2, wicked.FAST]},
        "monte_carlo": {"iterations": 1, "noise_level": 0.0},
    }
    study = nested(folder, **settings)
    return Study(study.config, study.definitions, {"components": components})


def failed(engine: str, study: Study, root: Path, **options: Any) -> dict[str, Any]:
    """Give the error with which a study fails in two processes."""
    root.mkdir()
    seen = observe(engine, study, root, executor="processes:2", **options)
    error: dict[str, Any] = seen.document["error"]
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("components", "words", "options"),
    [
        (wicked.dying, "died 3 times, the last with EXIT(7)", {}),
        (wicked.hanging, "not finished within 1 s", {"unit_timeout_s": 1.0}),
    ],
)
def test_a_component_that_takes_its_worker_with_it_fails_its_unit_and_no_other(
    engine: str,
    components: Callable[[], Components],
    words: str,
    options: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = study_of(tmp_path / "market", components())
    (tmp_path / "whole").mkdir()
    expected = observe(engine, study, tmp_path / "whole")
    monkeypatch.setenv(wicked.SWITCH, "on")
    error = failed(engine, study, tmp_path / "run", **options)
    assert (error["type"], error["path"]) == ("WorkerError", UNIT)
    assert words in error["message"]
    monkeypatch.delenv(wicked.SWITCH)
    assert observe(engine, study, tmp_path / "run", resume=True) == expected


def test_an_error_that_cannot_be_sent_is_told_as_serial_running_tells_it(
    engine: str, tmp_path: Path
) -> None:
    study = study_of(tmp_path / "market", wicked.raising())
    error = failed(engine, study, tmp_path / "run")
    assert (error["type"], error["path"]) == ("UnsendableError", UNIT)
    (tmp_path / "serial").mkdir()
    assert observe(engine, study, tmp_path / "serial").document["error"] == error


def test_a_class_that_cannot_be_sent_fails_the_phase_and_runs_serially(
    engine: str, tmp_path: Path
) -> None:
    study = study_of(tmp_path / "market", wicked.holding_a_lock())
    error = failed(engine, study, tmp_path / "run")
    assert (error["type"], error["path"]) == ("ExecutorError", "iteration=0/phase=work")
    assert "Locked' of tests.survival.wicked cannot be taken to a worker" in error["message"]
    assert observe(engine, study, tmp_path / "run", resume=True).document["success"]


def test_workers_see_modules_as_they_are_imported_and_not_what_became_of_them(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path / "market", wicked.leaning())

    def seen(name: str, executor: str | None = None) -> Observation:
        (tmp_path / name).mkdir()
        return observe(engine, study, tmp_path / name, executor=executor)

    as_imported = seen("imported")
    monkeypatch.setitem(wicked.state, "factor", 4)
    assert seen("changed") != as_imported
    assert seen("workers", "processes:2") == as_imported
