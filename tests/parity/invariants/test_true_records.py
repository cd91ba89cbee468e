"""Every invariant holds of true runs, and each has something to look at in one of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from parity.channels import ORACLE, Channel
from parity.invariants import INVARIANTS, check_invariants
from parity.record import Record
from parity.verdicts import Verdict
from tests.parity.invariants.conftest import CONFIGURATIONS

NAMES = (*CONFIGURATIONS, "fragile")


@pytest.mark.parametrize("name", NAMES)
def test_every_invariant_holds_of_a_true_run(
    name: str, true_record: Callable[[str], Record]
) -> None:
    record = true_record(name)
    assert record.status == "succeeded", record.explanation
    broken = [o for o in check_invariants(record, name) if o.verdict.is_difference]
    assert broken == []


def test_every_invariant_has_something_to_look_at(true_record: Callable[[str], Record]) -> None:
    outcomes = [o for name in NAMES for o in check_invariants(true_record(name), name)]
    looked_at = {o.name for o in outcomes if o.verdict is Verdict.EQUAL and o.compared}
    assert looked_at == set(INVARIANTS)


def test_a_refused_run_is_held_against_nothing(true_record: Callable[[str], Record]) -> None:
    refused = msgspec.structs.replace(true_record("closed"), status="refused", channels={})
    outcomes = check_invariants(refused, "closed")
    assert {o.verdict for o in outcomes} == {Verdict.NOT_COMPARABLE}
    assert {o.reason for o in outcomes} == {"nothing ran"}


def test_what_a_subject_does_not_fill_is_not_held_against_it(
    true_record: Callable[[str], Record],
) -> None:
    few = msgspec.structs.replace(true_record("closed"), declared=ORACLE)
    reasons = {o.name: o.reason for o in check_invariants(few, "closed")}
    assert reasons["equity"] == "the subject does not fill config, plan, topology, windows"


def test_a_record_about_units_alone_is_left_to_comparing(
    true_record: Callable[[str], Record],
) -> None:
    about_units = msgspec.structs.replace(true_record("closed"), covers=frozenset())
    assert {o.reason for o in check_invariants(about_units, "closed")} == {
        "the subject is about single units alone"
    }


def test_what_a_lower_trace_level_leaves_out_is_said_to_be_unknown(
    true_record: Callable[[str], Record],
) -> None:
    from parity.levels import due_kinds
    from parity.record import TraceSettings

    record = true_record("closed")
    traces = {
        unit: trace.filtered(lambda kind, name: kind in due_kinds(name, "standard"))
        for unit, trace in record.channels[Channel.TRACE].items()
    }
    settings = {unit: TraceSettings("standard") for unit in traces}
    lower = msgspec.structs.replace(
        record, channels={**record.channels, Channel.TRACE: traces}, trace_settings=settings
    )
    outcomes = {o.name: o for o in check_invariants(lower, "closed")}
    assert outcomes["cash"].verdict is Verdict.EQUAL
    assert outcomes["positions_value"].verdict is Verdict.NOT_COMPARABLE
    assert outcomes["positions_value"].reason == (
        "the traces of some units do not hold every BAR, FILL and PORTFOLIO_UPDATE"
    )


def test_a_record_that_nobody_can_read_breaks_what_reads_it(
    true_record: Callable[[str], Record],
) -> None:
    record = true_record("closed")
    strange = msgspec.structs.replace(
        record, channels={**record.channels, Channel.PLAN: {"iteration=0": [{"kind": "?"}]}}
    )
    outcomes = {o.name: o for o in check_invariants(strange, "closed")}
    first = outcomes["statuses"].first
    assert outcomes["statuses"].verdict is Verdict.DIFFERENT
    assert first is not None
    assert (first.control, first.candidate) == ("a record that can be read", "KeyError: 'type'")
