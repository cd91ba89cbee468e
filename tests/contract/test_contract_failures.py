"""A container that raises in any phase of its life: stopped, cleaned, told; alike by both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from containers.components import Components, default_components
from containers.container import Act, Container, Role, Step
from containers.journal import Entry, ErrorRaised, LifecycleMoved
from containers.results import ErrorInfo
from containers.trading import (
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    PortfolioContainer,
    RiskContainer,
    StrategyContainer,
)
from tests.contract.conftest import Config, Run

ACTIVITIES = ("initialize", "start", "execute", "collect", "stop", "cleanup")
SHIPPED: Mapping[Role, type[Container]] = {
    Role.DATA: DataContainer,
    Role.FEATURES: FeaturesContainer,
    Role.STRATEGY: StrategyContainer,
    Role.PORTFOLIO: PortfolioContainer,
    Role.RISK: RiskContainer,
    Role.EXECUTION: ExecutionContainer,
}


class BoomError(RuntimeError):
    """What the failing containers raise."""


def failing(role: Role, *activities: str) -> Components:
    """Give components in which every container of ``role`` raises in ``activities``."""
    base = SHIPPED[role]

    def raising(activity: str) -> Any:
        hook = getattr(base, f"on_{activity}")

        def wrapped(self: Any, *arguments: Any) -> Any:
            hook(self, *arguments)
            raise BoomError(f"{activity} of {self.id}")

        return wrapped

    def acts(self: Any) -> Mapping[Step, Act]:
        def boom() -> None:
            raise BoomError(f"execute of {self.id}")

        # A bound method belongs to its container; this one is the container's own act.
        return {**base.acts(self), Step.CLASSIFICATION: Act(boom)}

    body: dict[str, Any] = {
        f"on_{activity}": raising(activity) for activity in activities if activity != "execute"
    }
    if "execute" in activities:
        body["acts"] = acts
    made = type(f"Failing{base.__name__}", (base,), body)
    return msgspec.structs.replace(default_components(), containers={role.value: made})


def told(entries: list[Entry]) -> list[tuple[str, str, str]]:
    """List the moves of containers as (container, trigger, target)."""
    moves = [entry.record for entry in entries if isinstance(entry.record, LifecycleMoved)]
    return [(move.container, move.trigger, move.target) for move in moves]


@pytest.mark.parametrize("role", SHIPPED)
@pytest.mark.parametrize("activity", ACTIVITIES)
def test_a_failure_stops_and_cleans_in_reverse_and_keeps_the_first_cause(
    run: Run, config: Config, role: Role, activity: str
) -> None:
    journal: list[Entry] = []
    result = run(config, components=failing(role, activity), journal=journal)

    assert not result.success
    error = result.error
    assert error is not None
    assert (error.type, error.activity) == ("BoomError", activity)
    assert error.message == f"{activity} of {error.container}"
    assert error.path == "iteration=0/phase=backtest/window=0/unit=0"
    assert result.phase_results["backtest"].status == "failed"
    assert result.phase_results["backtest"].error == error

    moves = told(journal)
    order = list(dict.fromkeys(container for container, *_ in moves))
    stopped = [c for c, trigger, _ in moves if trigger == "stop"]
    cleaned = [c for c, trigger, target in moves if trigger == "cleanup"]
    assert stopped == [c for c in reversed(order) if c in stopped]
    assert cleaned == [c for c in reversed(order) if c in cleaned]
    faulted = [c for c, trigger, _ in moves if trigger == "fail"]
    started = [c for c, trigger, _ in moves if trigger == "start"]
    assert error.container == faulted[0]
    # Whatever had started and did not fail is stopped; whatever was touched is cleaned, or
    # failed in its cleanup.
    assert set(stopped) == {
        c for c in started if c not in faulted or (activity == "cleanup" and c in faulted)
    }
    touched = {c for c, *_ in moves}
    failed_in_cleanup = set(faulted) if activity == "cleanup" else set()
    assert set(cleaned) == touched - failed_in_cleanup
    assert [e.record.error for e in journal if isinstance(e.record, ErrorRaised)] == [error]


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_both_engines_tell_a_failure_alike(
    both: dict[str, Run], config: Config, activity: str
) -> None:
    journals: dict[str, list[Entry]] = {name: [] for name in both}
    errors: dict[str, ErrorInfo | None] = {}
    for name, run in both.items():
        components = failing(Role.RISK, activity, "cleanup")
        errors[name] = run(config, components=components, journal=journals[name]).error
    assert errors["imperative"] == errors["declarative"]
    assert journals["imperative"] == journals["declarative"]


def test_later_errors_are_attached_and_never_replace_the_first(run: Run, config: Config) -> None:
    error = run(config, components=failing(Role.RISK, "collect", "cleanup")).error
    assert error is not None
    assert error.activity == "collect"
    assert [later.activity for later in error.attached] == ["cleanup", "cleanup"]


def test_an_interruption_stops_cleans_and_goes_on_its_way(run: Run, config: Config) -> None:
    class Interrupting(StrategyContainer):
        def publish_signals(self) -> None:
            raise KeyboardInterrupt

    journal: list[Entry] = []
    components = msgspec.structs.replace(
        default_components(), containers={Role.STRATEGY.value: Interrupting}
    )
    with pytest.raises(KeyboardInterrupt):
        run(config, components=components, journal=journal)
    moves = told(journal)
    started = [c for c, trigger, _ in moves if trigger == "start"]
    assert [c for c, trigger, _ in moves if trigger == "stop"] == started[::-1]
    assert [c for c, trigger, _ in moves if trigger == "cleanup"] == started[::-1]


def test_the_cause_of_a_cause_is_told(run: Run, config: Config) -> None:
    class Chained(FeaturesContainer):
        def publish_features(self) -> None:
            try:
                raise KeyError("inner")
            except KeyError as inner:
                raise BoomError("outer") from inner

    components = msgspec.structs.replace(
        default_components(), containers={Role.FEATURES.value: Chained}
    )
    error = run(config, components=components).error
    assert error is not None
    assert (error.message, error.causes) == ("outer", ("KeyError: 'inner'",))


def test_a_handler_that_raises_is_blamed_and_not_the_publisher(run: Run, config: Config) -> None:
    class Deaf(PortfolioContainer):
        def on_bar(self, bar: Any) -> None:
            raise BoomError("deaf")

    components = msgspec.structs.replace(
        default_components(), containers={Role.PORTFOLIO.value: Deaf}
    )
    error = run(config, components=components).error
    assert error is not None
    assert error.container == "portfolio/momentum.aggressive"
