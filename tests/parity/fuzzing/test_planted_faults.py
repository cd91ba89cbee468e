"""Faults of one token, planted in a copy of an engine, are found, made small, and replayed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.parity.changing import Change, run_python

ROOT = Path(__file__).resolve().parents[3]


class Fault(NamedTuple):
    file: str
    before: str
    after: str


EMBARGO = Fault(
    "imperative/sequences/windows.py", "test.last + embargo + 1", "test.last + embargo + 2"
)


DEFAULT = Fault("imperative/defaults.py", '"max_iterations": 10,', '"max_iterations": 11,')


@pytest.mark.parametrize(
    ("fault", "examples"),
    [
        pytest.param(DEFAULT, 20, id="one that nearly every example shows"),
        pytest.param(EMBARGO, 150, id="one that few show", marks=pytest.mark.deep),
    ],
)
def test_a_fault_of_one_engine_is_found_shrunk_and_replayed(
    changed: Callable[[Change], Path], tmp_path: Path, fault: Fault, examples: int
) -> None:
    source_copy = changed(fault)
    asked = ("--examples", str(examples), "--seed", "2", "--json", "-")
    done = run_python(source_copy, tmp_path, "parity", "fuzz", *asked)
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
