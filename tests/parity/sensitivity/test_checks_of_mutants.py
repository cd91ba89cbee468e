"""What mutants are held against beside configurations: each check passes, and can fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.events import Event
from containers.trace import Alignment, Trace, align
from parity.faults.catalogue import CATALOGUE
from parity.faults.marking import VARIABLE
from parity.faults.scenarios import TWO_SYMBOLS
from parity.fuzzing.search import Limits, Search
from parity.sensitivity import alignments
from parity.sensitivity.alignments import long_traces, short_traces
from parity.sensitivity.checks import Alignments, Drawn, Examples, Fixture, Observed
from parity.sensitivity.checks import main as run_checks
from parity.sensitivity.killing import Apart
from parity.sensitivity.standard import ALIGNMENTS
from tests.trace.conftest import endless

Spoil = Callable[[Alignment], Alignment]


def spoilt(monkeypatch: pytest.MonkeyPatch, spoil: Spoil) -> None:
    def wrong(*arguments: Any, **options: Any) -> Alignment:
        return spoil(align(*arguments, **options))

    monkeypatch.setattr(alignments, "align", wrong)


def _without_first(found: Alignment) -> Alignment:
    return msgspec.structs.replace(found, first=None)


def _one_more(found: Alignment) -> Alignment:
    return msgspec.structs.replace(found, different=found.different + 1)


def _turned(found: Alignment) -> Alignment:
    return msgspec.structs.replace(found, missing=found.extra, extra=found.missing)


def test_short_traces_are_aligned_as_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert short_traces(endless(120), 20) is None
    spoils: Sequence[Spoil] = (_without_first, _one_more, _turned)
    for spoil in spoils:
        spoilt(monkeypatch, spoil)
        told = short_traces(endless(120), 20)
        assert told is not None
        assert "due" in told


def test_events_beside_others_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignments, "side_by_side", lambda left, right: [(e, None) for e in left])
    told = short_traces(endless(120), 5)
    assert told is not None
    assert "stand beside others" in told


def test_long_traces_are_told_apart_where_they_were_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spoilt(monkeypatch, _one_more)
    told = long_traces(endless(120), tmp_path / "counts")
    assert told is not None
    assert "the same, by digests" in told


@pytest.mark.parametrize("part", ALIGNMENTS)
def test_the_alignment_passes_its_checks(part: str, tmp_path: Path) -> None:
    assert ALIGNMENTS[part].seen(tmp_path) is None


def test_a_plan_runs_up_to_the_first_check_that_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[Drawn] = []
    limits = Limits(examples=12)
    assert Search(3, limits, on_held=lambda *held: drawn.append(Drawn(*held))).run().found is None
    assert len(drawn) == 12
    mistaken = [each for each in drawn if each.example.mistake is not None]
    sound = [each for each in drawn if each.example.mistake is None]
    # What is no mistake is run by both, though it should be refused.
    false = msgspec.structs.replace(
        sound[0], example=msgspec.structs.replace(sound[0].example, mistake="cycle")
    )
    refused = next(f.scenario for f in CATALOGUE if f.scenario.ending == "refused")
    plan = {
        "held": Examples((*mistaken[:1], *sound[:2])),
        "false": Examples((false,)),
        "observed": Observed(TWO_SYMBOLS),
        "told": Observed(msgspec.structs.replace(refused, refused=("something else",))),
        "short": Alignments(TWO_SYMBOLS, 3),
    }
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    assert run_checks(str(file), "held", "observed", "short") == 0
    assert capsys.readouterr().out == ""
    assert run_checks(str(file), "held", "false", "told") == 1
    assert capsys.readouterr().out.startswith("false: accepted:cycle")
    assert run_checks(str(file), "told") == 1
    assert signal.alarm(0) == 0  # nothing ends this process later
    assert capsys.readouterr().out == "told: refusal\n"


def test_checks_run_apart_tell_each_what_came_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = next(f.scenario for f in CATALOGUE if f.scenario.ending == "refused")
    plan = {
        "held": Observed(refused),
        "told": Observed(msgspec.structs.replace(refused, refused=("something else",))),
        "none": Fixture(str(tmp_path / "nowhere.yaml")),
    }
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    marks = tmp_path / "marks"
    marks.mkdir()
    command = [sys.executable, "-m", "parity.sensitivity.checks", str(file), "--apart"]
    environment = {**os.environ, VARIABLE: str(marks)}
    subprocess.run([*command, "held", "told", "none"], env=environment, check=True)
    came = [msgspec.json.decode((marks / f"{n}.json").read_bytes(), type=Apart) for n in range(3)]
    assert [each.code for each in came] == [0, 1, 1]
    assert [each.said for each in came] == ["", "told: refusal", "none: exit code 2"]
    assert all(each.seconds > 0 for each in came)


def test_traces_of_a_unit_come_back_as_they_were() -> None:
    events: list[Event] = alignments.numbered(endless(150))
    assert events == endless(150)
    assert len(Trace.from_events(events)) == 150
