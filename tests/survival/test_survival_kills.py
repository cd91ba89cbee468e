"""`kill -9` at random moments: what is resumed comes to what an uninterrupted run comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("imperative", "declarative")


def killed(**job: Any) -> dict[str, Any]:
    """Do a job of `tests.survival.killing` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.survival.killing", json.dumps(job)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def check(answer: dict[str, Any]) -> None:
    """Every run was killed, and came to what the uninterrupted one came to."""
    expected = answer["expected"]
    assert expected["success"]
    for run in answer["runs"]:
        assert run.get("error") is None
        assert (run["digests"], run["units"]) == (expected["digests"], expected["units"])
        assert run["kills"]


@pytest.mark.parametrize(
    ("engine", "study", "executor"),
    [
        ("imperative", "everything", "serial"),
        ("declarative", "everything", "serial"),
        ("declarative", "nested", "processes:2"),
    ],
)
def test_a_killed_run_is_resumed_to_the_same_bits(engine: str, study: str, executor: str) -> None:
    check(killed(engine=engine, study=study, executor=executor, storage="disk", times=2, seed=7))


@pytest.mark.deep
@pytest.mark.parametrize("executor", ["serial", "processes:2"])
@pytest.mark.parametrize("study", ["pipeline", "nested"])
@pytest.mark.parametrize("engine", ENGINES)
def test_25_killed_runs_are_resumed_to_the_same_bits(
    engine: str, study: str, executor: str
) -> None:
    storage = "hybrid" if study == "nested" else "disk"
    check(killed(engine=engine, study=study, executor=executor, storage=storage, times=25, seed=11))
