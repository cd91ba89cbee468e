"""What comes of damaged runs, kept traces and workers is what was approved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from parity.damage import check
from parity.damage.check import APPROVED_FILE, MISUSED, PARTS, Damage, main, outcomes
from parity.damage.frames import frames_of, written
from parity.damage.told import Outcomes

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "fixtures" / "damage"
QUICK = (
    "code: changes",
    "traces: cuts",
    "traces: refusals",
    "workers: options",
    "files",
    "declarative: locked",
    *(part for part in PARTS if part.startswith(MISUSED)),
)


@pytest.mark.parametrize(
    "part",
    [part if part in QUICK else pytest.param(part, marks=pytest.mark.deep) for part in PARTS],
)
def test_a_part_comes_to_what_was_approved(part: str, tmp_path: Path) -> None:
    assert Damage(part, str(HOME)).seen(tmp_path) is None


def test_what_is_left_open_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = []

    def part(home: Path, folder: Path) -> Outcomes:
        left.append((folder / "left").open("w"))
        return {}

    monkeypatch.setattr(check, "PARTS", {"one": part})
    assert list(outcomes("one", HOME, tmp_path)["left open"]) == ["left"]
    left.pop().close()
    monkeypatch.setattr(check, "PARTS", {"one": lambda home, folder: {}})
    assert outcomes("one", HOME, tmp_path) == {}


def test_another_text_is_told_and_approved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "damage"
    shutil.copytree(HOME, home)
    file = home / APPROVED_FILE
    approved = file.read_text()
    file.write_text(approved.replace("serial takes no number", "serial takes two numbers"))
    told = Damage("workers: options", str(home)).seen(tmp_path / "run")
    assert told is not None
    assert "takes no number" in told
    assert "takes two numbers" in told
    assert main([str(home), "--only", "workers: options"]) == 1
    assert "takes two numbers" in capsys.readouterr().out
    assert main([str(home), "--only", "workers: options", "--update"]) == 0
    assert json.loads(file.read_text()) == json.loads(approved)
    assert main([str(home), "--only", "workers: options"]) == 0


def test_a_part_that_was_never_approved_is_told(tmp_path: Path) -> None:
    told = Damage("traces: cuts", str(tmp_path)).seen(tmp_path / "run")
    assert told is not None
    assert "'nothing' was approved" in told


def test_a_log_is_put_together_as_it_was(tmp_path: Path) -> None:
    from parity.damage.stored_study import RUN, logs

    logs("imperative", HOME).run(tmp_path)
    content = (tmp_path / RUN / "0/work/iterations.log").read_bytes()
    assert written(frames_of(content)) == content
