"""What fails or is interrupted leaves all that was finished, whatever the storage and executor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import Components, default_components
from containers.container import Act, Container, Role, Step
from containers.errors import ConfigurationError
from containers.journal import Entry
from containers.results import WorkflowResult
from containers.storage import RunCard, read_card
from containers.trading import (
    FeaturesContainer,
    RiskContainer,
)
from declarative import DeclarativeWorkflowManager

from .conftest import Config

SHIPPED: Mapping[Role, type[Container]] = {
    Role.FEATURES: FeaturesContainer,
    Role.RISK: RiskContainer,
}
WORKFLOW = """\
kind: workflow
name: own
phases:
  - {name: first, topology: backtest, sequence: walk_forward}
  - {name: second, topology: backtest, sequence: walk_forward, depends_on: [first]}
"""
UNITS = 9
"""Of a phase: two combinations and a test in each of three windows."""


class BrokenError(Exception):
    """What a test's container raises."""


def failing(
    role: Role, activity: str, at: int, error: BaseException
) -> tuple[Components, list[str]]:
    """Give components whose containers of a role raise in the ``at``-th unit, and a list of units.

    Whatever fails, its stop and cleanup fail as well.
    """
    base, begun = SHIPPED[role], list[str]()

    class Failing(base):  # type: ignore[misc, valid-type]  # chosen by the test
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            begun.append(self.id)
            self.fails = len(begun) == at

        def acts(self) -> Mapping[Step, Act]:
            def act() -> None:
                raise error

            own: Mapping[Step, Act] = super().acts()
            fails = self.fails and activity == "execute"
            return {**own, Step.CLASSIFICATION: Act(act)} if fails else own

    def hook(name: str) -> Callable[..., Any]:
        def run(self: Any, *arguments: Any) -> Any:
            found = getattr(super(Failing, self), f"on_{name}")(*arguments)
            if self.fails and name == activity:
                raise error
            if self.fails and name == "cleanup" and isinstance(error, Exception):
                raise BrokenError("a second one")
            return found

        return run

    for name in ("initialize", "start", "collect", "stop", "cleanup"):
        setattr(Failing, f"on_{name}", hook(name))
    components = msgspec.structs.replace(default_components(), containers={role.value: Failing})
    return components, begun


@pytest.fixture
def run(
    config: Config, pattern_folder: Callable[..., Path], tmp_path: Path
) -> Iterator[Callable[..., WorkflowResult]]:
    config |= {
        "workflow": "own",
        "symbols": ["AAA"],
        "walk_forward": {"train_bars": 10, "test_bars": 10},
        "parameter_space": {"momentum.fast_period": [1, 2]},
    }
    patterns = pattern_folder(own=WORKFLOW)
    with ThreadPoolExecutor(2) as threads:

        def run(
            storage: str,
            components: Components,
            *,
            journal: list[Entry] | None = None,
            executor: str = "serial",
            resume: bool = False,
            full: bool = False,
        ) -> WorkflowResult:
            manager = DeclarativeWorkflowManager(
                components=components,
                consumers=[] if journal is None else [journal.append],
                root=tmp_path,
                patterns=patterns,
                executor=threads if executor == "threads" else executor,
            )
            results = {"storage": storage, "store_full_results": full}
            return manager.run_workflow({**config, "results": results}, "mine", resume=resume)

        yield run


def _forget(tmp_path: Path) -> None:
    (tmp_path / "results" / "mine").rename(tmp_path / "results" / "before")


def test_what_failed_is_tried_again_and_nothing_else_is_run(
    run: Callable[..., WorkflowResult], tmp_path: Path
) -> None:
    components, begun = failing(Role.RISK, "collect", UNITS + 5, BrokenError("no"))
    assert not run("disk", components).success
    assert len(begun) == UNITS + 5
    healed, again = failing(Role.RISK, "collect", 0, BrokenError("no"))
    result = run("disk", healed, resume=True)
    assert result.success
    assert len(again) == UNITS - 4
    assert card(tmp_path).state == "finished"
    taken, nothing = failing(Role.RISK, "collect", 0, BrokenError("no"))
    assert run("hybrid", taken, resume=True).phase_results["second"].metrics == (
        result.phase_results["second"].metrics
    )
    assert nothing == []


def card(tmp_path: Path) -> RunCard:
    return read_card(tmp_path / "results" / "mine")


@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("at", [1, 3, UNITS + 5])
def test_an_interrupted_run_goes_on_where_it_ended_and_comes_to_the_same(
    at: int, full: bool, executor: str, run: Callable[..., WorkflowResult], tmp_path: Path
) -> None:
    whole: list[Entry] = []
    expected = run("disk", default_components(), journal=whole, full=full)
    files = contents(tmp_path)
    _forget(tmp_path)
    interrupted, begun = failing(Role.FEATURES, "execute", at, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run("disk", interrupted, full=full)
    assert card(tmp_path).state == "running"
    assert len(begun) == at
    components, again = failing(Role.FEATURES, "execute", 0, BrokenError("no"))
    heard: list[Entry] = []
    result = run("disk", components, journal=heard, executor=executor, resume=True, full=full)
    assert len(again) == 2 * UNITS - (at - 1)
    assert heard == whole
    assert result.to_document() == expected.to_document()
    assert contents(tmp_path) == files


def contents(tmp_path: Path) -> dict[str, bytes]:
    place = tmp_path / "results" / "mine"
    files = (file for file in sorted(place.rglob("*")) if file.is_file())
    return {
        file.relative_to(place).as_posix(): file.read_bytes()
        for file in files
        if file.name != "run.json"  # components of a test's own are part of what it is known by
    }


def test_a_run_is_resumed_by_its_id_and_only_where_something_was_kept(
    run: Callable[..., WorkflowResult], config: Config, tmp_path: Path
) -> None:
    run("memory", default_components())
    with pytest.raises(ConfigurationError, match="there is no run 'mine'"):
        run("disk", default_components(), resume=True)
    run("disk", default_components())
    with pytest.raises(ConfigurationError, match="its storage is memory now"):
        run("memory", default_components(), resume=True)
    with pytest.raises(ConfigurationError, match="a run is resumed by its id"):
        DeclarativeWorkflowManager(root=tmp_path).run_workflow(
            {**config, "workflow": "simple_backtest"}, resume=True
        )


def test_a_run_is_refused_when_a_pattern_of_the_users_has_changed(
    run: Callable[..., WorkflowResult], pattern_folder: Callable[..., Path]
) -> None:
    run("disk", default_components())
    pattern_folder(own="# another comment\n" + WORKFLOW)
    with pytest.raises(ConfigurationError, match="the installed code is not that of the run"):
        run("disk", default_components(), resume=True)
