"""``parity verify --thorough``, and the invariants of every verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity.channels import Channel
from parity.checking import Thorough, held_alone
from parity.checks import CheckKind, CheckOutcome
from parity.invariants import INVARIANTS, check_invariants
from parity.own import Own
from parity.record import Record
from parity.relations import RELATIONS
from parity.relations.relation import Relation
from parity.subjects import SubjectSpec, record_of, subject_for
from parity.verdicts import Verdict
from parity.verifying import verify
from tests.parity.conftest import HANDMADE, Output

_CONFIG = f"""
workflow: simple_backtest
data: {{data_dir: {HANDMADE}}}
symbols: [AAA]
strategies: [{{type: buy_and_hold}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "case.yaml"
    file.write_text(_CONFIG, encoding="utf-8")
    return file


@pytest.fixture
def few_relations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave relations that take no time: what holds of three holds of all."""
    few = {name: RELATIONS[name] for name in ("repeated", "other_between", "mistaken")}
    monkeypatch.setattr("parity.relations.RELATIONS", few)
    return list(few)


def test_every_run_of_a_verification_is_held_against_invariants(
    parity: Callable[..., Output], config: Path
) -> None:
    output = parity("verify", str(config))
    assert output.code == 0
    assert f"invariants ({len(INVARIANTS)} of them): " in output.out


def test_thorough_holds_each_engine_against_every_relation(
    parity: Callable[..., Output], config: Path, few_relations: list[str]
) -> None:
    output = parity("verify", str(config), "--thorough")
    assert output.code == 0
    count = len(few_relations)
    assert f"relations ({count} of them): {2 * count} held" in output.out


def _never(trial: object) -> None:
    trial.found.breaks("somewhere", 1, 2)  # type: ignore[attr-defined]


def test_a_broken_relation_is_no_parity_and_says_what_was_due(
    parity: Callable[..., Output], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = Relation("never", False, "it never holds", "0", _never)
    monkeypatch.setattr("parity.relations.RELATIONS", {"never": never})
    output = parity("verify", str(config), "--thorough")
    assert output.code == 1
    assert "it never holds (semantics 0)" in output.out
    assert "somewhere" in output.out


def test_the_seed_of_thorough_is_said_to_the_relations(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[float] = []

    def draws(trial: object) -> None:
        drawn.append(trial.draw.random())  # type: ignore[attr-defined]
        trial.found.compared += 1  # type: ignore[attr-defined]

    monkeypatch.setattr(
        "parity.relations.RELATIONS", {"draws": Relation("draws", False, "it draws", "0", draws)}
    )
    records = {"imperative": _record("imperative", config, tmp_path)}
    for seed in (1, 1, 2):
        thorough = Thorough(Own(), seed)
        outcomes = list(
            thorough.hold("c", config, records, tmp_path / "r", lambda name, what: None)
        )
        assert [outcome.verdict for outcome in outcomes] == [Verdict.EQUAL]
    assert drawn[0] == drawn[1] != drawn[2]


def _record(engine: str, config: Path, folder: Path, **options: str) -> Record:
    subject = subject_for(SubjectSpec(engine, options))
    return record_of(subject, config, folder / engine)


def test_a_subject_that_was_told_how_to_run_is_run_afresh_for_relations(
    config: Path, tmp_path: Path, few_relations: list[str]
) -> None:
    record = _record("imperative", config, tmp_path, trace="minimal")
    steps: list[str] = []
    outcomes = Thorough(Own()).hold(
        "c", config, {record.subject: record}, tmp_path / "r", lambda name, what: steps.append(what)
    )
    assert {outcome.subject for outcome in outcomes} == {"imperative"}
    assert steps == ["imperative", *(f"imperative · {name}" for name in few_relations)]


def test_subjects_that_are_no_engines_of_ours_are_held_against_no_relation(
    config: Path, tmp_path: Path
) -> None:
    record = _record("imperative", config, tmp_path)
    named = {"oracle": record, "someone else's, v2": record}
    held = Thorough(Own()).hold("c", config, named, tmp_path, lambda name, what: None)
    assert list(held) == []


def test_a_configuration_that_cannot_be_read_is_held_against_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    record = _record("imperative", missing, tmp_path)
    assert record.status == "refused"
    outcomes = held_alone(record, "none", missing)
    assert outcomes == []
    held = Thorough(Own()).hold(
        "none", missing, {"imperative": record}, tmp_path, lambda name, what: None
    )
    assert list(held) == []


class _Cooked:
    """An engine whose figures are better than its trades."""

    name = "imperative"

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        record = subject_for(SubjectSpec("imperative")).run(config, root)
        content = {
            place: {**figures, "sharpe_ratio": 3.0} if figures else figures
            for place, figures in record.channels[Channel.METRICS].items()
        }
        channels = {**record.channels, Channel.METRICS: content}
        return msgspec.structs.replace(record, channels=channels)


def test_a_fault_that_all_subjects_share_is_no_parity(config: Path, tmp_path: Path) -> None:
    verification = verify([("c", config)], _Cooked(), [_Cooked()], tmp_path, oracle=False)
    assert verification.pairs[0].verdict is Verdict.EQUAL
    assert verification.exit_code == 1
    assert {check.name for check in verification.broken} >= {"metrics"}
    assert {check.kind for check in verification.checks} == {CheckKind.INVARIANT}


def test_a_candidate_that_is_the_control_bit_by_bit_is_held_by_the_control_s_checks(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def check(record: Record, name: str, *, base_dir: Path | None) -> list[CheckOutcome]:
        looked_at.append(record.subject)
        return check_invariants(record, name, base_dir=base_dir)

    monkeypatch.setattr("parity.checking.check_invariants", check)
    engines = [subject_for(SubjectSpec(name)) for name in ("imperative", "declarative")]
    verification = verify([("c", config)], engines[0], [engines[1]], tmp_path, oracle=False)
    assert looked_at == ["imperative"]
    subjects = [check.subject for check in verification.checks]
    assert subjects == ["imperative"] * len(INVARIANTS) + ["declarative"] * len(INVARIANTS)
    again = verify([("c", config)], engines[0], [_Cooked()], tmp_path / "2", oracle=False)
    assert looked_at == ["imperative"] * 3
    assert again.exit_code == 1
