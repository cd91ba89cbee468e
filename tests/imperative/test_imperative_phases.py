from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from containers.components import Components
from containers.errors import ConfigurationError
from containers.journal import Entry, PhaseSkipped, PhaseStarted, PlanMade
from imperative import Coordinator, Phase, Workflow

MakeComponents = Callable[[Mapping[tuple[str, str], BaseException]], Components]

BROKEN = {"strategies": [{"type": "buy_and_hold", "name": "broken"}]}
FAULT: Mapping[tuple[str, str], BaseException] = {
    ("portfolio/broken.moderate", "execute"): ValueError("broken")
}


def workflow_of(*phases: Phase, **attributes: Any) -> type[Workflow]:
    class Made(Workflow):
        name: ClassVar[str] = "made"
        defaults: ClassVar[Mapping[str, Any]] = attributes.get("defaults", {})
        fail_fast: ClassVar[bool] = attributes.get("fail_fast", False)

        def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
            return phases

    return Made


def phase(name: str, **settings: Any) -> Phase:
    return Phase(name=name, topology="backtest", sequence="single_pass", **settings)


def breaking(name: str, **settings: Any) -> Phase:
    """Give a phase that `run` makes fail, by giving it the strategy that breaks."""
    return phase(f"breaking_{name}", **settings)


@pytest.fixture
def run(config: dict[str, Any], failing_components: MakeComponents) -> Any:
    def run(*phases: Phase, user: Mapping[str, Any] | None = None, **attributes: Any) -> Any:
        entries: list[Entry] = []
        coordinator = Coordinator(components=failing_components(FAULT), consumers=[entries.append])
        coordinator.workflows["made"] = workflow_of(*phases, **attributes)
        overrides = {p.name: BROKEN for p in phases if p.name.startswith("breaking_")}
        result = coordinator.run_workflow(
            {**config, "workflow": "made", "phases": overrides, **(user or {})}
        )
        return result, [entry.record for entry in entries]

    return run


def statuses(result: Any) -> dict[str, str]:
    return {name: phase.status for name, phase in result.phase_results.items()}


def test_phases_run_in_dependency_order_and_the_plan_says_so(run: Any) -> None:
    result, records = run(phase("check", depends_on="sweep"), phase("sweep"))
    assert list(result.phase_results) == ["sweep", "check"]
    [plan] = [record for record in records if isinstance(record, PlanMade)]
    assert [(p.name, p.depends_on) for p in plan.phases] == [("sweep", ()), ("check", ("sweep",))]
    assert result.success


def test_a_failed_phase_stops_its_dependents_and_others_still_run(run: Any) -> None:
    result, records = run(
        breaking("a"), phase("b", depends_on="breaking_a"), phase("c", depends_on=["b"]), phase("d")
    )
    assert statuses(result) == {
        "breaking_a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "succeeded",
    }
    assert result.phase_results["b"].reason == "dependency 'breaking_a' failed"
    assert result.phase_results["c"].reason == "dependency 'b' was skipped"
    assert PhaseSkipped(reason="dependency 'b' was skipped") in records
    assert sum(isinstance(record, PhaseStarted) for record in records) == 2
    assert not result.success


def test_a_failed_phase_has_its_error_and_no_figures(run: Any) -> None:
    result, _ = run(breaking("a"))
    failed = result.phase_results["breaking_a"]
    assert failed.error.message == "broken"
    assert failed.error.path == "iteration=0/phase=breaking_a/window=0/unit=0"
    assert (failed.iterations, failed.metrics, failed.portfolios) == ((), {}, {})
    assert result.error == failed.error
    assert result.trace_summary is None
    assert result.aggregated_results == {"primary_metric": None, "best_phase": None}


def test_a_phase_that_is_not_required_may_fail(run: Any) -> None:
    result, _ = run(breaking("a", required=False), phase("b"))
    assert result.success
    assert result.error is None
    assert result.aggregated_results["best_phase"] == "b"


def test_a_required_phase_behind_one_that_is_not_makes_the_workflow_fail(run: Any) -> None:
    result, _ = run(breaking("a", required=False), phase("b", depends_on="breaking_a"))
    assert not result.success
    assert result.error == result.phase_results["breaking_a"].error


def test_with_fail_fast_nothing_runs_after_a_failure(run: Any) -> None:
    result, _ = run(breaking("a"), phase("b"), fail_fast=True)
    assert result.phase_results["b"].reason == (
        "phase 'breaking_a' failed, and the workflow is fail_fast"
    )


def test_the_user_wins_over_workflow_and_phase_and_is_overruled_per_phase(run: Any) -> None:
    result, _ = run(
        phase("a", config={"portfolio": {"initial_capital": 3000, "lot_size": 2}}),
        phase("b"),
        defaults={"portfolio": {"initial_capital": 2000}, "random_seed": 7},
        user={"phases": {"b": {"portfolio": {"initial_capital": 5000}}}},
    )
    capitals = {
        name: phase.aggregate_metrics["initial_capital"]
        for name, phase in result.phase_results.items()
    }
    assert capitals == {"a": 3000.0, "b": 5000.0}
    assert result.phase_results["a"].iterations[0].seed == 7
    result, _ = run(
        phase("a", config={"portfolio": {"initial_capital": 3000}}),
        user={"portfolio": {"initial_capital": 4000}},
    )
    assert result.phase_results["a"].aggregate_metrics["initial_capital"] == 4000.0


def test_an_unknown_sequence_or_topology_is_named_with_the_nearest(run: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        run(Phase(name="a", topology="backtst", sequence="singlepass"))
    assert str(caught.value) == (
        "phase 'a' of workflow 'made' names the topology 'backtst', which does not exist "
        "(did you mean 'backtest'?)\n"
        "phase 'a' of workflow 'made' names the sequence 'singlepass', which does not exist "
        "(did you mean 'single_pass'?)"
    )


def test_wrong_settings_of_a_definition_name_it(run: Any) -> None:
    with pytest.raises(ConfigurationError, match="in the defaults of workflow 'made'"):
        run(phase("a"), defaults={"random_seed": "x"})
    with pytest.raises(ConfigurationError, match="in the settings of phase 'a' of workflow 'made'"):
        run(phase("a", config={"random_seed": "x"}))


@pytest.mark.parametrize(
    "setting", [{"results": {"storage": "disk"}}, {"max_iterations": 3}, {"workflow": "other"}]
)
def test_a_phase_cannot_set_what_belongs_to_the_workflow(run: Any, setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="in the settings of phase 'a' of workflow 'made'"):
        run(phase("a", config=setting))
