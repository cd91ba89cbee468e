"""A plan is what a run then does: phases, iterations and windows, by both engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from containers.results import IterationResult, PlannedIteration, PlannedRun
from parity.own import ENGINES, Own
from parity.sensitivity.checks import Planned

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
OWN = Own(FIXTURES / "own" / "patterns", FIXTURES / "own" / "components")
PLANNED = [
    "own/nests",
    "own/study",
    "workflows/ensemble_adapted",
    "workflows/pipeline_bootstrap",
    "workflows/walk_forward_overlapping",
]


def unlike(
    planned: Sequence[PlannedIteration],
    ran: Sequence[IterationResult],
    place: str,
    chosen: bool = False,
) -> Iterator[str]:
    """Say which iterations did not run as planned; the first stands for those that repeat it.

    How much warms up parameters that are ``chosen`` on the way shows when they are.
    """
    at = 0
    for each in planned:
        if at >= len(ran):
            break
        due, found = each.window, ran[at].window
        others = chosen or bool(ran[at].parameters)
        if (due.name, due.first_bar, due.last_bar, due.start_ns, due.end_ns) != (
            found.name, found.first_bar, found.last_bar, found.start_ns, found.end_ns
        ) or (due.warmup_bars != found.warmup_bars and not others):  # fmt: skip
            yield f"{place}/{at}: planned {due}, ran {found}"
        yield from unlike(each.iterations, ran[at].iterations, f"{place}/{at}", others)
        at += each.repeats
    if sum(each.repeats for each in planned) != len(ran):
        yield f"{place}: {len(ran)} ran"


def plan_of(name: str, engine: str, folder: Path) -> PlannedRun:
    return OWN.engine(engine, root=folder).plan_workflow(FIXTURES / f"{name}.yaml")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PLANNED)
def test_what_is_planned_is_what_runs(name: str, engine: str, tmp_path: Path) -> None:
    plan = plan_of(name, engine, tmp_path)
    assert list(tmp_path.iterdir()) == []  # nothing is written
    result = OWN.engine(engine, root=tmp_path).run_workflow(FIXTURES / f"{name}.yaml", "run")
    phases = result.iterations[0].phase_results
    assert [phase.name for phase in plan.phases] == list(phases)
    held = 0
    for phase in plan.phases:
        if phases[phase.name].status == "succeeded" and phase.units is not None:
            assert list(unlike(phase.iterations, phases[phase.name].iterations, phase.name)) == []
            assert phase.units == sum(each.units for each in phase.iterations)
            held += phase.units
    assert held


@pytest.mark.parametrize("engine", ENGINES)
def test_a_component_that_cannot_be_made_is_planned_and_fails_its_unit(
    engine: str, tmp_path: Path
) -> None:
    plan = {phase.name: phase for phase in plan_of("own/breaks", engine, tmp_path).phases}
    assert (plan["made"].units, plan["made"].containers) == (1, ())
    assert "strategy/breaking" in plan["steps"].containers


def test_the_check_of_plans_sees_another_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Planned(
        str(FIXTURES / "own" / "nests.yaml"),
        str(FIXTURES / "own" / "patterns"),
        str(FIXTURES / "own" / "components"),
    )
    assert check.seen(tmp_path) is None
    monkeypatch.setattr("imperative.preview.count_combinations", lambda *of: 999)
    monkeypatch.setattr("imperative.preview._walks", lambda iterations: True)
    swept = Planned(str(FIXTURES / "own" / "study.yaml"), check.patterns, check.components)
    assert (swept.seen(tmp_path) or "").startswith("the engines plan otherwise: phase ")
