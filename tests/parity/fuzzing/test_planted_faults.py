"""Faults of one token, planted in a copy of an engine, are found, made small, and replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from tests.parity.changing import change, run_python

ROOT = Path(__file__).resolve().parents[3]


class Fault(NamedTuple):
    file: str
    before: str
    after: str


EMBARGO = Fault(
    "imperative/sequences/windows.py", "test.last + embargo + 1", "test.last + embargo + 2"
)


def test_a_fault_of_one_engine_is_found_shrunk_and_replayed(
    source_copy: Path, tmp_path: Path
) -> None:
    change(EMBARGO, source_copy)
    done = run_python(
        source_copy, tmp_path, "parity", "fuzz", "--examples", "150", "--seed", "2", "--json", "-"
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["found"]
    assert found["kind"] == "engines"
    folder = tmp_path / found["folder"]
    example = json.loads((folder / "example.json").read_text())["example"]
    assert sum(len(stream["rows"]) for stream in example["market"]["streams"]) <= 20
    assert len(example["workflows"]) <= 1
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 20_000
    replayed = run_python(source_copy, tmp_path, "parity", "replay", folder)
    assert replayed.returncode == 1
    assert replayed.stdout.startswith(f"FAILED {folder}: ")
    fixed = run_python(ROOT, tmp_path, "parity", "replay", folder)
    assert (fixed.returncode, fixed.stdout) == (0, f"FIXED {folder}\n")
