from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from containers.components import Components, default_components
from containers.errors import ContainerError
from containers.journal import ErrorRaised, Journal, LifecycleMoved, TopologyBuilt, UnitExecuted
from containers.lifecycle import State
from containers.results import ErrorInfo
from imperative import TopologyBuilder, Unit, UnitError, run_unit
from imperative.preparation import prepare
from imperative.workflows import WORKFLOWS

MakeComponents = Callable[[Mapping[tuple[str, str], BaseException]], Components]

FIRST = "portfolio/momentum.moderate"
SECOND = "portfolio/momentum.aggressive"
ORDER = [
    "data/AAA/1d",
    "features/AAA/1d",
    "strategy/momentum",
    FIRST,
    SECOND,
    "risk/momentum.moderate",
    "risk/momentum.aggressive",
    "execution",
]
BEFORE_SECOND, AFTER_SECOND = ORDER[: ORDER.index(SECOND)], ORDER[ORDER.index(SECOND) + 1 :]
JOURNAL_PATH = (("iteration", 0), ("phase", "backtest"), ("window", 0), ("unit", 0))


def build(config: dict[str, Any], components: Components) -> Unit:
    config = {**config, "risk_profiles": [{"type": "moderate"}, {"type": "aggressive"}]}
    [phase] = prepare(config, workflows=WORKFLOWS, components=components).phases
    assert phase.resolved is not None
    ready = phase.resolved
    return TopologyBuilder(components).build(ready.configuration.settings, ready.market)


def new_journal() -> Journal:
    return Journal(path=JOURNAL_PATH, keeps=True)  # type: ignore[arg-type]  # the levels are literals


def moves(journal: Journal, *triggers: str) -> list[tuple[str, str]]:
    records = [entry.record for entry in journal.records()]
    return [
        (record.trigger, record.container)
        for record in records
        if isinstance(record, LifecycleMoved) and record.trigger in triggers
    ]


def all_of(trigger: str, containers: list[str]) -> list[tuple[str, str]]:
    return [(trigger, container) for container in containers]


def failure(config: dict[str, Any], components: Components) -> tuple[ErrorInfo, Journal, Unit]:
    unit, journal = build(config, components), new_journal()
    with pytest.raises(UnitError) as caught:
        run_unit(unit, journal)
    return caught.value.info, journal, unit


def test_a_unit_goes_through_six_phases_in_order(config: dict[str, Any]) -> None:
    unit, journal = build(config, default_components()), new_journal()
    run_unit(unit, journal)
    backwards = ORDER[::-1]
    assert moves(journal, "initialize", "start", "collect", "stop", "cleanup", "fail") == [
        *all_of("initialize", ORDER),
        *all_of("start", ORDER),
        *all_of("collect", ORDER),
        *all_of("stop", backwards),
        *all_of("cleanup", backwards),
    ]


def test_the_journal_of_a_unit_begins_with_its_topology_and_counts_its_slices(
    config: dict[str, Any],
) -> None:
    unit, journal = build(config, default_components()), new_journal()
    outcome = run_unit(unit, journal)
    records = [entry.record for entry in journal.records()]
    assert isinstance(records[0], TopologyBuilt)
    assert [built.id for built in records[0].containers] == ORDER
    assert UnitExecuted(slices=8, events=outcome.trace.events_total) in records
    executed = records.index(UnitExecuted(slices=8, events=outcome.trace.events_total))
    before, after = records[executed - 1], records[executed + 1]
    assert isinstance(before, LifecycleMoved)
    assert before.trigger == "start"
    assert isinstance(after, LifecycleMoved)
    assert after.trigger == "collect"


def test_a_unit_runs_without_a_journal(config: dict[str, Any]) -> None:
    outcome = run_unit(build(config, default_components()))
    assert list(outcome.reports) == ["momentum.moderate", "momentum.aggressive"]


def test_a_failure_in_initialize_stops_nothing_and_cleans_what_was_touched(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components({(SECOND, "initialize"): ValueError("no")})
    error, journal, unit = failure(config, components)
    assert (error.type, error.message) == ("ValueError", "no")
    assert (error.container, error.activity) == (SECOND, "initialize")
    assert moves(journal, "start", "stop", "fail", "cleanup") == [
        ("fail", SECOND),
        ("cleanup", SECOND),
        *all_of("cleanup", BEFORE_SECOND[::-1]),
    ]
    untouched = [c.id for c in unit.bus.containers if c.state is State.CREATED]
    assert untouched == AFTER_SECOND


def test_a_failure_in_start_stops_those_that_run_and_cleans_all(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components({(SECOND, "start"): ValueError("no")})
    error, journal, _ = failure(config, components)
    assert (error.container, error.activity) == (SECOND, "start")
    assert moves(journal, "stop", "fail", "cleanup") == [
        ("fail", SECOND),
        *all_of("stop", BEFORE_SECOND[::-1]),
        *all_of("cleanup", ORDER[::-1]),
    ]


@pytest.mark.parametrize("activity", ["execute", "collect"])
def test_a_failure_while_running_stops_all_others_and_cleans_all(
    config: dict[str, Any], failing_components: MakeComponents, activity: str
) -> None:
    components = failing_components({(SECOND, activity): ValueError("no")})
    error, journal, unit = failure(config, components)
    assert (error.container, error.activity) == (SECOND, activity)
    assert error.path == "iteration=0/phase=backtest/window=0/unit=0"
    assert moves(journal, "stop", "fail", "cleanup") == [
        ("fail", SECOND),
        *all_of("stop", [name for name in ORDER[::-1] if name != SECOND]),
        *all_of("cleanup", ORDER[::-1]),
    ]
    assert all(container.state is State.CLEANED for container in unit.bus.containers)


def test_a_unit_that_failed_in_execute_was_not_executed_nor_collected(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components({(SECOND, "execute"): ValueError("no")})
    _, journal, _ = failure(config, components)
    records = [entry.record for entry in journal.records()]
    assert not any(isinstance(record, UnitExecuted) for record in records)
    assert moves(journal, "collect") == []


def test_a_failure_in_stop_alone_fails_the_unit_and_the_others_are_stopped(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components({(SECOND, "stop"): ValueError("no")})
    error, journal, _ = failure(config, components)
    assert (error.container, error.activity, error.attached) == (SECOND, "stop", ())
    assert moves(journal, "stop", "fail", "cleanup") == [
        *all_of("stop", AFTER_SECOND[::-1]),
        ("fail", SECOND),
        *all_of("stop", BEFORE_SECOND[::-1]),
        *all_of("cleanup", ORDER[::-1]),
    ]


def test_a_failure_in_cleanup_alone_fails_the_unit_and_the_others_are_cleaned(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components({(SECOND, "cleanup"): ValueError("no")})
    error, journal, _ = failure(config, components)
    assert (error.container, error.activity, error.attached) == (SECOND, "cleanup", ())
    assert moves(journal, "cleanup", "fail") == [
        *all_of("cleanup", AFTER_SECOND[::-1]),
        ("fail", SECOND),
        *all_of("cleanup", BEFORE_SECOND[::-1]),
    ]


def test_later_errors_are_attached_and_never_replace_the_first(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components(
        {
            (FIRST, "stop"): RuntimeError("stop too"),
            (SECOND, "execute"): ValueError("first"),
            (FIRST, "cleanup"): KeyError("cleanup too"),
            (SECOND, "cleanup"): OSError("and this"),
        }
    )
    error, _, _ = failure(config, components)
    assert error.message == "first"
    assert [(later.type, later.container, later.activity) for later in error.attached] == [
        ("RuntimeError", FIRST, "stop"),
        ("OSError", SECOND, "cleanup"),
        ("KeyError", FIRST, "cleanup"),
    ]


def test_without_a_first_cause_the_first_error_in_stop_is_the_cause(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    components = failing_components(
        {(FIRST, "stop"): ValueError("second"), (SECOND, "stop"): ValueError("first")}
    )
    error, _, _ = failure(config, components)
    assert error.message == "first"
    assert [later.message for later in error.attached] == ["second"]


def test_the_error_is_the_last_record_of_the_unit_and_the_first_cause_is_chained(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    unit = build(config, failing_components({(SECOND, "start"): ValueError("no")}))
    journal = new_journal()
    with pytest.raises(UnitError, match="ValueError: no") as caught:
        run_unit(unit, journal)
    *_, last = journal.records()
    assert last.record == ErrorRaised(error=caught.value.info)
    assert isinstance(caught.value.__cause__, ContainerError)


@pytest.mark.parametrize(
    ("activity", "stopped", "cleaned"),
    [
        ("initialize", [], [*BEFORE_SECOND, SECOND]),
        ("start", BEFORE_SECOND, ORDER),
        ("execute", ORDER, ORDER),
        ("collect", ORDER, ORDER),
        ("stop", ORDER, ORDER),
        ("cleanup", ORDER, ORDER),
    ],
)
def test_ctrl_c_stops_and_cleans_in_order_and_goes_on_its_way(
    config: dict[str, Any],
    failing_components: MakeComponents,
    activity: str,
    stopped: list[str],
    cleaned: list[str],
) -> None:
    interruption = KeyboardInterrupt()
    unit = build(config, failing_components({(SECOND, activity): interruption}))
    journal = new_journal()
    with pytest.raises(KeyboardInterrupt) as caught:
        run_unit(unit, journal)
    assert caught.value is interruption
    assert moves(journal, "stop", "cleanup") == [
        *all_of("stop", stopped[::-1]),
        *all_of("cleanup", cleaned[::-1]),
    ]
    assert not any(isinstance(entry.record, ErrorRaised) for entry in journal.records())


def test_errors_after_ctrl_c_are_noted_on_it(
    config: dict[str, Any], failing_components: MakeComponents
) -> None:
    errors = {(SECOND, "execute"): KeyboardInterrupt(), (FIRST, "stop"): ValueError("no")}
    unit = build(config, failing_components(errors))
    with pytest.raises(KeyboardInterrupt) as caught:
        run_unit(unit)
    assert caught.value.__notes__ == [
        f"also: ContainerError: container '{FIRST}' failed in stop: ValueError: no"
    ]
