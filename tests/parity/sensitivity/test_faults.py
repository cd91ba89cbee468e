"""A fault is caught, caught elsewhere, escaped or invalid, and each is told for what it is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from parity.faults import Edit, Fault, Outcome, Scenario, run_faults
from parity.faults.scenarios import SIMPLE

_METRICS = "containers/metrics.py"
_SAMPLE = "math.sqrt(self._m2 / (n - 1))"
_DEVIATION = Edit(_METRICS, _SAMPLE, "math.sqrt(self._m2 / n)")
_COLUMNS = "        columns = [bars.end_ns for bars in self.values() if len(bars)]\n"
_FOREVER = "        while True:\n            pass\n"


def fault(id: str, *edits: Edit, scenario: Scenario = SIMPLE, expected: str = "trace") -> Fault:
    return Fault(id, "T", "a test's", "both", edits, scenario, expected)


FAULTS = (
    fault("named", _DEVIATION, expected="oracle:metrics"),
    fault("elsewhere", _DEVIATION, expected="windows"),
    fault(
        "escaped",
        Edit(
            "containers/nearest.py", "LONGEST: Final = 100", "LONGEST: Final = 101"
        ),
    ),
    fault("not-there", Edit("containers/metrics.py", "no such line", "")),
    fault("no-file", Edit("containers/no_such_file.py", "x", "y")),
    fault("nothing", Edit(_METRICS, _SAMPLE, _SAMPLE)),
    fault("no-python", Edit(_METRICS, _SAMPLE, "math.sqrt(")),
    fault(
        "not-reached",
        Edit("containers/executors/spec.py", 'return f"dask://{self.address}"', 'return "dask"'),
    ),
    fault(
        "not-opened",
        Edit(
            "declarative/schemas/sequence.json", '"$schema"', '"$scheme"'
        ),
    ),
    fault("no-import", Edit("containers/lifecycle.py", 'CREATED = "created"', "CREATED = created")),
    fault(
        "hanging",
        Edit("containers/data/market.py", _COLUMNS, _FOREVER),
    ),
    fault(
        "unsound",
        _DEVIATION,
        scenario=msgspec.structs.replace(SIMPLE, config="workflow: no_such\n"),
    ),
    fault(
        "one-of-two",
        _DEVIATION,
        Edit("containers/executors/spec.py", 'return f"dask://{self.address}"', 'return "dask"'),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, Outcome]:
    """Put all of them in, once."""
    heard: list[str] = []
    found = run_faults(FAULTS, limit_s=10.0, on_done=lambda done: heard.append(done.fault.id))
    assert heard == [each.id for each in FAULTS]
    return {outcome.fault.id: outcome for outcome in found}


def test_what_sees_a_fault_as_expected_has_caught_it(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["named"]
    assert (outcome.standing, outcome.first_seen_by) == ("caught", "oracle:metrics")
    assert "invariant:metrics" in outcome.seen_by


def test_what_something_else_sees_is_caught_elsewhere(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["elsewhere"]
    assert (outcome.standing, outcome.first_seen_by) == ("elsewhere", "oracle:metrics")


def test_what_nobody_sees_has_escaped(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["escaped"]
    assert (outcome.standing, outcome.first_seen_by, outcome.note) == ("escaped", None, None)


@pytest.mark.parametrize(
    ("id", "note"),
    [
        ("not-there", "has 0 times what is to be changed, expected once"),
        ("no-file", "containers/no_such_file.py cannot be read"),
        ("nothing", "the change changes nothing"),
        ("no-python", "containers/metrics.py: invalid syntax"),
        ("not-reached", "the change in containers/executors/spec.py was not reached"),
        ("not-opened", "the change in declarative/schemas/sequence.json was not opened"),
        ("no-import", "the changed source cannot be run: NameError: name 'created' is not defined"),
        ("unsound", "unchanged code does not end in parity: ending:refused"),
        ("one-of-two", "the change in containers/executors/spec.py was not reached"),
    ],
)
def test_a_fault_that_did_not_take_effect_is_invalid(
    outcomes: Mapping[str, Outcome], id: str, note: str
) -> None:
    assert outcomes[id].standing == "invalid"
    assert note in str(outcomes[id].note)


def test_a_fault_that_hangs_comes_to_no_verdict(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["hanging"].standing == "escaped"
    assert outcomes["hanging"].note == "no verdict: cut off after 10 s"
