"""Of a true record one thing is changed: the invariant that speaks of it breaks.

`seen_by` is everything that breaks: mostly the one invariant alone. Where what was changed is what
others go by (an update's equity is a sample of the curve, and the figures are made of it), they
break as well, and are named.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parity.invariants import INVARIANTS, check_invariants
from parity.record import Record
from parity.verdicts import Verdict
from tests.parity.invariants.changing_records import Tampering
from tests.parity.invariants.tampered_decisions import DECISIONS
from tests.parity.invariants.tampered_events import EVENTS

TAMPERINGS = (*DECISIONS, *EVENTS)


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda t: t.what)
def test_a_tampered_record_is_seen(
    tampering: Tampering, true_record: Callable[[str], Record]
) -> None:
    record = tampering.tamper(true_record(tampering.record))
    outcomes = check_invariants(record, tampering.record)
    broken = {o.name: o for o in outcomes if o.verdict is Verdict.DIFFERENT}
    assert set(broken) == tampering.seen_by
    for outcome in broken.values():
        assert outcome.first is not None
        assert repr(outcome.first.control) != repr(outcome.first.candidate)
        assert outcome.reason is not None
        assert outcome.reason.startswith(INVARIANTS[outcome.name].rule)


def test_every_invariant_has_a_tampered_record() -> None:
    assert {name for t in TAMPERINGS for name in t.seen_by} == set(INVARIANTS)
