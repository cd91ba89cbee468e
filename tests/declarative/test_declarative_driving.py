"""Driving a unit whose containers fail: what is stopped and cleaned, in which order, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from containers.components import Components, default_components
from containers.journal import (
    Entry,
    ErrorRaised,
    LifecycleMoved,
    PhaseFinished,
    TopologyBuilt,
    UnitExecuted,
    WorkflowFinished,
)
from containers.results import WorkflowResult
from containers.trading import (
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    PortfolioContainer,
    RiskContainer,
    StrategyContainer,
)
from declarative import DeclarativeWorkflowManager

SHIPPED: dict[str, Any] = {
    "data": DataContainer,
    "features": FeaturesContainer,
    "strategy": StrategyContainer,
    "portfolio": PortfolioContainer,
    "risk": RiskContainer,
    "execution": ExecutionContainer,
}
ORDER = ["data", "features", "strategy", "portfolio", "risk", "execution"]
"""One symbol, one strategy, one profile: one container of each role."""


class BrokenError(Exception):
    """What a test's container raises."""


def failing(role: str, **hooks: BaseException) -> Any:
    """Make a container class of ``role`` whose hooks raise; ``execute`` is any event it is sent."""
    members = {name: raising(error) for name, error in hooks.items() if name != "execute"}
    if "execute" in hooks:
        handler = raising(hooks["execute"])
        members["handlers"] = lambda self: dict.fromkeys(SHIPPED[role].handlers(self), handler)
    return type(f"Failing{role.title()}", (SHIPPED[role],), members)


def raising(error: BaseException) -> Callable[..., Any]:
    def act(*arguments: Any) -> Any:
        del arguments
        raise error

    return act


class Run:
    """A run with some classes replaced, and what it journalled."""

    def __init__(self, config: dict[str, Any], **classes: Any) -> None:
        self.entries: list[Entry] = []
        components: Components = msgspec.structs.replace(default_components(), containers=classes)
        self.manager = DeclarativeWorkflowManager(
            components=components, consumers=[self.entries.append]
        )
        self.config = config

    def result(self) -> WorkflowResult:
        return self.manager.run_workflow(self.config)

    def moves(self, trigger: str) -> list[str]:
        return [
            entry.record.container.split("/")[0]
            for entry in self.entries
            if isinstance(entry.record, LifecycleMoved) and entry.record.trigger == trigger
        ]

    def names(self) -> list[str]:
        return [type(entry.record).__name__ for entry in self.entries]


@pytest.fixture
def one(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "symbols": ["AAA"]}


def test_all_six_phases_pass_all_containers_in_order(one: dict[str, Any]) -> None:
    run = Run(one)
    assert run.result().success
    for trigger in ("initialize", "start", "collect"):
        assert run.moves(trigger) == ORDER
    for trigger in ("stop", "cleanup"):
        assert run.moves(trigger) == ORDER[::-1]
    assert run.moves("fail") == []
    unit = [entry.record for entry in run.entries if entry.path[-1:] == (("unit", 0),)]
    executed = next(i for i, record in enumerate(unit) if isinstance(record, UnitExecuted))
    assert isinstance(unit[0], TopologyBuilt)
    before = [record.trigger for record in unit[1:executed] if isinstance(record, LifecycleMoved)]
    assert before == ["initialize"] * 6 + ["start"] * 6


@pytest.mark.parametrize(
    ("hook", "activity", "stopped", "cleaned"),
    [
        ("on_initialize", "initialize", [], ORDER[3::-1]),
        ("on_start", "start", ORDER[2::-1], ORDER[::-1]),
        ("execute", "execute", ["execution", "risk", *ORDER[2::-1]], ORDER[::-1]),
        ("on_collect", "collect", ["execution", "risk", *ORDER[2::-1]], ORDER[::-1]),
        ("on_stop", "stop", ["execution", "risk", *ORDER[2::-1]], ORDER[::-1]),
        ("on_cleanup", "cleanup", ORDER[::-1], ["execution", "risk", *ORDER[2::-1]]),
    ],
)
def test_a_container_that_raises_in_any_phase_ends_the_unit_in_order(
    hook: str, activity: str, stopped: list[str], cleaned: list[str], one: dict[str, Any]
) -> None:
    run = Run(one, portfolio=failing("portfolio", **{hook: BrokenError("no")}))
    result = run.result()
    assert not result.success
    error = result.error
    assert error is not None
    assert (error.type, error.message, error.activity) == ("BrokenError", "no", activity)
    assert error.container == "portfolio/momentum.moderate"
    assert error.path == "iteration=0/phase=backtest/window=0/unit=0"
    assert error.attached == ()
    assert run.moves("fail") == ["portfolio"]
    assert run.moves("stop") == stopped
    assert run.moves("cleanup") == cleaned
    assert ("UnitExecuted" in run.names()) == (activity in ("collect", "stop", "cleanup"))
    raised = next(e for e in run.entries if isinstance(e.record, ErrorRaised))
    assert raised.path[-1] == ("unit", 0)
    assert run.names()[-3:] == ["ErrorRaised", "PhaseFinished", "WorkflowFinished"]
    phase = result.phase_results["backtest"]
    assert (phase.status, phase.error) == ("failed", error)
    assert (phase.iterations, phase.metrics, phase.portfolios) == ((), {}, {})
    assert result.aggregated_results == {"primary_metric": None, "best_phase": None}
    assert result.trace_summary is None


def test_errors_of_stop_and_cleanup_are_attached_to_the_first_cause(one: dict[str, Any]) -> None:
    run = Run(
        one,
        strategy=failing("strategy", execute=BrokenError("first")),
        risk=failing("risk", on_stop=BrokenError("second")),
        data=failing("data", on_stop=BrokenError("third"), on_cleanup=BrokenError("fifth")),
        portfolio=failing("portfolio", on_cleanup=BrokenError("fourth")),
    )
    error = run.result().error
    assert error is not None
    assert (error.message, error.container) == ("first", "strategy/momentum")
    assert [(e.message, e.container, e.activity) for e in error.attached] == [
        ("second", "risk/momentum.moderate", "stop"),
        ("third", "data/AAA/1d", "stop"),
        ("fourth", "portfolio/momentum.moderate", "cleanup"),
        ("fifth", "data/AAA/1d", "cleanup"),
    ]


def test_alone_the_first_error_of_stop_is_the_cause(one: dict[str, Any]) -> None:
    run = Run(
        one,
        risk=failing("risk", on_stop=BrokenError("first")),
        data=failing("data", on_stop=BrokenError("second")),
        execution=failing("execution", on_cleanup=BrokenError("third")),
    )
    error = run.result().error
    assert error is not None
    assert error.message == "first"
    assert [attached.message for attached in error.attached] == ["second", "third"]


def test_the_chain_of_causes_is_told(one: dict[str, Any]) -> None:
    broken = BrokenError("outer")
    broken.__cause__ = ValueError("inner")
    error = Run(one, data=failing("data", on_start=broken)).result().error
    assert error is not None
    assert error.causes == ("ValueError: inner",)


@pytest.mark.parametrize(
    ("hook", "executed"), [("execute", False), ("on_collect", True), ("on_stop", True)]
)
def test_an_interruption_stops_and_cleans_up_in_order_and_goes_on_its_way(
    hook: str, executed: bool, one: dict[str, Any]
) -> None:
    interruptions = iter([KeyboardInterrupt()])

    def interrupt_once(*arguments: Any) -> None:
        del arguments
        for interruption in interruptions:
            raise interruption

    impatient = failing("portfolio", execute=KeyboardInterrupt())
    if hook != "execute":
        impatient = type("Impatient", (PortfolioContainer,), {hook: interrupt_once})
    run = Run(one, portfolio=impatient)
    with pytest.raises(KeyboardInterrupt) as caught:
        run.result()
    assert run.moves("stop") == ORDER[::-1]
    assert run.moves("cleanup") == ORDER[::-1]
    assert ("UnitExecuted" in run.names()) is executed
    assert not any(isinstance(e.record, PhaseFinished | WorkflowFinished) for e in run.entries)
    assert not hasattr(caught.value, "__notes__")


def test_what_goes_wrong_after_an_interruption_is_noted_on_it(one: dict[str, Any]) -> None:
    run = Run(
        one,
        portfolio=failing("portfolio", execute=KeyboardInterrupt()),
        risk=failing("risk", on_stop=BrokenError("stuck")),
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        run.result()
    assert caught.value.__notes__ == [
        "while ending: container 'risk/momentum.moderate' failed in stop: BrokenError: stuck"
    ]


def test_a_container_that_cannot_be_made_fails_the_unit(one: dict[str, Any]) -> None:
    class Unmade(DataContainer):
        def __init__(self, container_id: str, **settings: Any) -> None:
            raise BrokenError("never")

    run = Run(one, data=Unmade)
    error = run.result().error
    assert error is not None
    assert (error.type, error.container, error.activity) == ("BrokenError", None, None)
    assert "TopologyBuilt" not in run.names()
    assert run.names()[-3:] == ["ErrorRaised", "PhaseFinished", "WorkflowFinished"]


def test_a_strategy_that_cannot_be_made_fails_the_unit(one: dict[str, Any]) -> None:
    momentum: Any = default_components().strategies["momentum"]

    class Unmade(momentum):  # type: ignore[misc]  # found by name
        def __post_init__(self) -> None:
            raise BrokenError("never")

    entries: list[Entry] = []
    components = msgspec.structs.replace(default_components(), strategies={"momentum": Unmade})
    manager = DeclarativeWorkflowManager(components=components, consumers=[entries.append])
    result = manager.run_workflow(one)
    assert result.error is not None
    assert result.error.path == "iteration=0/phase=backtest/window=0/unit=0"
    assert [type(e.record).__name__ for e in entries[-4:]] == [
        "IterationStarted", "ErrorRaised", "PhaseFinished", "WorkflowFinished",
    ]  # fmt: skip
