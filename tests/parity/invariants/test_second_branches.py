"""A pass that names a branch twice: the second cannot be begun, and that is how it must look."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest

from parity.case import Case
from parity.channels import Channel
from parity.invariants import check_invariants
from parity.own import Own
from parity.record import Record
from parity.subjects import SubjectSpec, record_of, subject_for
from tests.parity.invariants.conftest import MARKET
from tests.parity.invariants.tampering import Tamper, edited

FIRST = "iteration=0/branch=a"
OTHER = "iteration=0/branch=b"

_PATTERN = """
kind: workflow
name: doubled
phases: [{name: work, topology: backtest, sequence: single_pass}]
branches:
  - {name: a, workflow: simple_backtest}
  - {name: b, workflow: simple_backtest}
  - {name: a, workflow: simple_backtest}
  - {name: c, workflow: simple_backtest}
"""

_PYTHON = """
from imperative import Branch, Phase, Workflow


class Doubled(Workflow):
    name = "doubled"

    def get_phases(self, config):
        return [Phase(name="work", topology="backtest", sequence="single_pass")]

    def get_branches(self, result, index, config):
        return [Branch(name, "simple_backtest", {}) for name in ("a", "b", "a", "c")]
"""


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @cache
    def give(engine: str) -> Record:
        folder = tmp_path_factory.mktemp(engine)
        for kind, file, text in (("p", "w.yaml", _PATTERN), ("d", "w.py", _PYTHON)):
            (folder / kind).mkdir()
            (folder / kind / file).write_text(text, encoding="utf-8")
        config = {
            "workflow": "doubled",
            "data": {
                "data_dir": str(MARKET), "start_date": "2004-12-01", "end_date": "2004-12-31"
            },
            "symbols": ["GOOG"],
            "strategies": [{"type": "buy_and_hold"}],
        }  # fmt: skip
        case = Case("doubled", config, Own(folder / "p", folder / "d"))
        subject = subject_for(SubjectSpec(engine), case.own)
        return record_of(subject, case.config, folder / "run")

    return give


def _broken(record: Record) -> dict[str, tuple[Any, Any]]:
    return {
        outcome.name: (outcome.first.control, outcome.first.candidate)
        for outcome in check_invariants(record, "doubled")
        if outcome.first is not None
    }


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_a_second_branch_of_one_name_fails_the_run_and_breaks_nothing(
    doubled: Any, engine: str
) -> None:
    record = doubled(engine)
    assert record.status == "failed"
    assert f"are called 'a' at {FIRST}" in record.explanation
    assert _broken(record) == {}


def _without(channel: Channel, place: str) -> Tamper:
    def tamper(record: Record) -> Record:
        content = {k: v for k, v in record.channels[channel].items() if k != place}
        return msgspec.structs.replace(record, channels={**record.channels, channel: content})

    return tamper


_DUE = (
    "(WorkflowStarted (BarDropped )?ConfigResolved (OutputWritten )?WorkflowFinished |ErrorRaised )"
)
_JOURNAL = ["WorkflowStarted", "ConfigResolved", "WorkflowFinished"]


@pytest.mark.parametrize(
    ("tamper", "seen"),
    [
        (
            edited(Channel.STATUS, "iteration=0/branch=c", to={"success": True}),
            {"branches": (["a", "b"], ["a", "b", "c"])},
        ),
        (
            _without(Channel.STATUS, OTHER),
            {"branches": (2, 1)},
        ),
        (
            _without(Channel.ERRORS, FIRST),
            {"branches": ("one, since the name is there twice", "none")},
        ),
        (
            edited(Channel.STATUS, OTHER, "journal", to=[*_JOURNAL, "ErrorRaised"]),
            {"journal": (_DUE, "WorkflowStarted ConfigResolved WorkflowFinished ErrorRaised")},
        ),
        (
            edited(Channel.STATUS, "", "heard", to=lambda heard: [*heard[:-1], OTHER, ""]),
            {"journal": ("each part in one piece", OTHER)},
        ),
    ],
    ids=["goes on", "a lost one", "no error", "an error at another", "heard thrice"],
)
def test_what_else_comes_of_a_second_branch_is_seen(
    doubled: Any, tamper: Tamper, seen: dict[str, Any]
) -> None:
    broken = _broken(tamper(doubled("imperative")))
    assert {name: broken.get(name) for name in seen} == seen
