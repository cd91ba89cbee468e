"""``parity features``: a tick is evidence, and nothing else is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity.channels import Channel
from parity.evidence import FEATURES, EvidenceStore, Run, observed, standings
from parity.record import Record
from parity.reporting.features import features_markdown
from parity.subjects import parse_subject, subject_for
from parity.verdicts import Verdict
from tests.parity.conftest import HANDMADE, ROOT, Output
from tests.parity.test_whole_workflows import STUDY, WALK

TWO = str(HANDMADE / "two_symbols.yaml")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NOT_SHOWN = ("Memory management", "Error recovery", "Resume", "Parallel and distributed")


def row(document: dict[str, Any], feature: str) -> dict[str, Any]:
    (found,) = [row for row in document["rows"] if row["feature"] == feature]
    return dict(found)


def test_without_evidence_there_is_no_tick(parity: Callable[..., Output], tmp_path: Path) -> None:
    output = parity("features")
    assert output.code == 0
    assert "✓" not in output.out
    assert output.out.count("none yet") == 2 * len(FEATURES)
    assert "run parity verify first" in output.out
    assert list(tmp_path.iterdir()) == []


def test_a_verification_leaves_evidence_of_what_it_showed(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    assert parity("verify", *STUDY).code == 0
    document = parity("features", "--json").document
    assert document["schema"] == "paritykit/features/1"
    modes = row(document, "Execution modes")
    assert modes["imperative"] == modes["declarative"]
    assert modes["imperative"] == {
        "runs": 1, "workflows": ["study"], "verdict": "equal", "missing": [],
    }  # fmt: skip
    sequences = row(document, "Sequences")["imperative"]
    assert sequences["missing"] == ["parameter_sweep"]
    assert row(document, "Resume")["imperative"] == {
        "runs": 0, "workflows": [], "verdict": None, "missing": ["interrupted and resumed"],
    }  # fmt: skip
    text = parity("features").out
    assert "✓" in text
    for line in text.splitlines():
        if line.startswith(NOT_SHOWN):
            assert "✓" not in line


def test_evidence_of_another_configuration_is_added_and_of_the_same_replaced(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    for config in (TWO, TWO, str(HANDMADE / "drawdown.yaml")):
        assert parity("verify", config, "--evidence", "there").code == 0
    runs = EvidenceStore(tmp_path / "there").runs()
    assert [(Path(run.config).stem, run.engine) for run in runs] == [
        ("drawdown", "imperative"),
        ("drawdown", "declarative"),
        ("two_symbols", "imperative"),
        ("two_symbols", "declarative"),
    ]
    assert {run.verdict for run in runs} == {Verdict.EQUAL}


def test_runs_that_differ_give_no_tick() -> None:
    features = {feature.name: list(feature.parts) for feature in FEATURES}
    run = Run("c", "w", "imperative", Verdict.EQUAL, features)
    good = standings([run])
    bad = standings([run, msgspec.structs.replace(run, verdict=Verdict.DIFFERENT)])
    for feature in FEATURES:
        assert good[feature.name]["imperative"].is_shown is True
        assert bad[feature.name]["imperative"].is_shown is False
        assert good[feature.name]["declarative"].is_shown is False
    assert features_markdown(bad).count("different") == len(FEATURES)


def test_a_part_that_no_run_showed_gives_no_tick() -> None:
    for feature in FEATURES:
        for left_out in feature.parts:
            parts = [part for part in feature.parts if part != left_out]
            run = Run("c", "w", "imperative", Verdict.EQUAL, {feature.name: parts})
            standing = standings([run])[feature.name]["imperative"]
            assert (standing.is_shown, standing.missing) == (False, (left_out,))


def test_what_failed_or_was_refused_is_no_evidence(
    parity: Callable[..., Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise RuntimeError("the feed broke")

    monkeypatch.setattr("containers.trading.DataContainer.publish_bar", broken)
    assert parity("verify", TWO).code == 3
    assert EvidenceStore(tmp_path / ".parity" / "evidence").runs() == []


def test_the_readme_has_the_table_of_what_make_verify_shows(
    parity: Callable[..., Output], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (makefile,) = re.findall(r"^CONFIGS := .*wildcard (.*)\)\)$", MAKEFILE, re.MULTILINE)
    configs = sorted(str(c.relative_to(ROOT)) for glob in makefile.split() for c in ROOT.glob(glob))
    (own,) = re.findall(r"^OWN := (.*)$", MAKEFILE, re.MULTILINE)
    monkeypatch.chdir(ROOT)
    kept = ("--records", str(tmp_path / "records"), "--evidence", str(tmp_path / "evidence"))
    output = parity("verify", *configs, *own.split(), *kept)
    assert output.code == 0, output.out
    (subjects,) = re.findall(r"^SUBJECTS := ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    (spread,) = re.findall(r"^SPREAD := (.*)$", MAKEFILE, re.MULTILINE)
    beside = [sys.executable, "fixtures/cluster.py", sys.executable, "-m", "parity", "verify"]
    told = [*spread.split(), *own.split(), *subjects.replace("\\", "").split(), *kept]
    done = subprocess.run([*beside, *told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    table = parity("features", "--markdown", "--evidence", str(tmp_path / "evidence")).out
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (there,) = re.findall(r"<!-- parity features --markdown -->\n(.*?)\n\n", readme, re.DOTALL)
    assert there == table.rstrip("\n")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    root = tmp_path_factory.mktemp("features")
    return subject_for(parse_subject("imperative:storage=disk")).run(WALK, root)


def without(record: Record, channel: Channel) -> Record:
    channels = {name: {} if name is channel else c for name, c in record.channels.items()}
    return msgspec.structs.replace(record, channels=channels)


def test_signs_are_read_off_the_record(record: Record) -> None:
    seen = observed(record)
    assert seen["Container lifecycle"] == list(FEATURES[0].parts)
    assert seen["Sequences"] == ["walk_forward"]
    assert seen["Execution modes"] == ["backtest"]
    assert "Composable workflows" not in seen
    assert set(seen["Result collection"]) == {
        "metrics", "aggregation", "trades", "equity curves", "result folders",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "feature", "lost"),
    [
        (Channel.LIFECYCLE, "Container lifecycle", None),
        (Channel.LIFECYCLE, "Sequences", None),
        (Channel.TRACE, "Real execution", None),
        (Channel.TRADES, "Result collection", "trades"),
        (Channel.EQUITY, "Result collection", "equity curves"),
        (Channel.METRICS, "Result collection", "metrics"),
        (Channel.FILES, "Result collection", "result folders"),
        (Channel.TOPOLOGY, FEATURES[10].name, "container roles"),
    ],
)
def test_without_its_records_a_feature_is_not_seen(
    record: Record, channel: Channel, feature: str, lost: str | None
) -> None:
    before, after = observed(record), observed(without(record, channel))
    if lost is None:
        assert feature in before
        assert feature not in after
    else:
        assert set(before[feature]) - set(after.get(feature, ())) == {lost}


@pytest.mark.parametrize("text", ["{", '{"schema": "other/1", "runs": []}', '{"runs": 3}'])
def test_evidence_that_is_none_leaves_with_two(
    parity: Callable[..., Output], tmp_path: Path, text: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "features.json").write_text(text, encoding="utf-8")
    for command in (("features",), ("verify", TWO)):
        output = parity(*command, "--evidence", "there")
        assert output.code == 2
        assert "features.json" in output.err
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_the_document_and_the_markdown_have_the_same_rows(parity: Callable[..., Output]) -> None:
    document = parity("features", "--json", "-").document
    lines = parity("features", "--markdown").out.splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == [
        row["feature"] for row in document["rows"]
    ]
