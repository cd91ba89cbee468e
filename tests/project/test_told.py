"""What the engines say of what is wrong is what was looked at, and all of it is verified."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parity.sensitivity.checks import Tellings
from parity.sensitivity.telling import Telling, read_told, tellings, written

ROOT = Path(__file__).resolve().parents[2]
TOLD = ROOT / "fixtures" / "told"


def test_the_engines_say_what_was_looked_at() -> None:
    script = str(ROOT / "fixtures" / "told.py")
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_every_refusal_and_failure_has_a_text() -> None:
    for folder in ("refusals", "failures"):
        configs = {file.stem for file in (ROOT / "fixtures" / folder).glob("*.yaml")}
        assert {file.stem for file in (TOLD / folder).glob("*.txt")} == configs


def test_every_text_is_held_against_the_engine_that_says_it() -> None:
    texts = [read_told(file) for file in TOLD.rglob("*.txt")]
    assert len(dict(tellings(ROOT))) == sum(map(len, texts))


def test_another_word_is_seen(tmp_path: Path) -> None:
    config = ROOT / "fixtures" / "refusals" / "misspelt_keys.yaml"
    told = read_told(TOLD / "refusals" / "misspelt_keys.txt")["declarative"]
    same = Telling(str(config), "declarative", told, str(ROOT))
    other = Telling(str(config), "declarative", told.replace("unknown", "known"), str(ROOT))
    assert same.seen(tmp_path) is None
    assert "unknown key" in str(other.seen(tmp_path))
    assert Tellings((same, same)).seen(tmp_path) is None
    assert Tellings((same, other)).seen(tmp_path) == other.seen(tmp_path)


def test_texts_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    for told in (
        {"imperative": "refused\na == b", "declarative": "refused\na == b"},
        {"imperative": "refused\n", "declarative": "failed\n\nx"},
    ):
        file.write_text(written(told), encoding="utf-8")
        assert read_told(file) == told
    file.write_text("== somebody\nrefused\n", encoding="utf-8")
    with pytest.raises(ValueError, match="somebody"):
        read_told(file)
