"""`parity runs remove`: whole runs go, and nothing that is none."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.errors import UsageError
from parity.runs import remove_run, runs_below
from tests.parity.conftest import ROOT, Output
from tests.parity.stored_runs import begun, every_kind, held, tree, with_phases

Parity = Callable[..., Output]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return every_kind(tmp_path)


def test_remove_without_yes_says_what_would_go_and_removes_nothing(
    parity: Parity, results: Path
) -> None:
    before = tree(results)
    output = parity("runs", "remove", "--state", "failed", "--state", "finished", "--json", "-")
    assert output.code == 0
    size = sum(
        f.stat().st_size for name in ("failed-1", "finished-1") for f in (results / name).iterdir()
    )
    document = output.document
    assert (document["schema"], document["removed"]) == ("paritykit/runs-remove/1", False)
    assert [run["id"] for run in document["runs"]] == ["finished-1", "failed-1"]
    assert document["bytes"] == size
    assert "would remove 2 runs, " in output.err
    assert "nothing was removed: --yes does it" in output.err
    assert tree(results) == before


def test_remove_with_yes_removes_exactly_these(parity: Parity, results: Path) -> None:
    before = tree(results)
    output = parity(
        "runs", "remove", "failed-1", "results/resumable-1", "./results/failed-1", "--yes"
    )
    assert output.code == 0
    assert "removed 2 runs" in output.out
    gone = before - tree(results)
    assert {path.partition("/")[0] for path in gone} == {"failed-1", "resumable-1"}
    assert tree(results) <= before


def test_names_and_filters_together_remove_what_is_named_and_fits(
    parity: Parity, results: Path
) -> None:
    parity("runs", "remove", "failed-1", "finished-1", "--older-than", "90m", "--yes")
    assert not (results / "failed-1").exists()
    assert (results / "finished-1").exists()
    assert (results / "resumable-1").exists()


def test_an_unknown_run_is_removed_only_when_it_is_asked_for(parity: Parity, results: Path) -> None:
    parity("runs", "remove", "--older-than", "9d", "--yes")
    assert (results / "broken-1").exists()
    parity("runs", "remove", "--older-than", "9d", "--state", "unknown", "--yes")
    assert not (results / "broken-1").exists()
    assert {"mine", "other-tool", "locked", "empty"} <= tree(results)


def test_nothing_to_remove_is_no_failure(parity: Parity, results: Path) -> None:
    for yes in ((), ("--yes",)):
        output = parity("runs", "remove", "--older-than", "999d", *yes)
        assert output.code == 0
        assert output.out in ("nothing to remove\n", "no run was removed\n")


def test_a_run_that_is_going_on_is_never_removed(parity: Parity, results: Path) -> None:
    with held(results, "going"):
        output = parity("runs", "remove", "failed-1", "going", "--yes")
        assert output.code == 2
        assert "the run 'going' is going on; end it, or wait for it" in output.err
        output = parity("runs", "remove", "--older-than", "0s", "--yes", "--json", "-")
        assert output.code == 0
        assert [run["id"] for run in output.document["left"]] == ["going"]
        assert "stays, for it is going on: results/going" in output.err
        assert (results / "going" / "run.json").exists()
    assert not (results / "failed-1").exists()


def test_a_run_that_is_resumed_after_it_was_found_stays(results: Path) -> None:
    (found,) = runs_below(results, ["resumable"])
    with found.path.joinpath(".lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="the run 'resumable-1' is going on"):
            remove_run(found)
    assert (found.path / "run.json").exists()


def test_a_run_that_vanishes_meanwhile_is_no_error(results: Path) -> None:
    (found,) = runs_below(results, ["failed"])
    assert remove_run(found)
    assert not remove_run(found)


def test_what_links_in_a_run_lead_to_stays(parity: Parity, results: Path) -> None:
    (results / "failed-1" / "0").symlink_to(results / "mine", target_is_directory=True)
    (results / "failed-1" / "kept").symlink_to(results / "notes.txt")
    assert parity("runs", "remove", "failed-1", "--yes").code == 0
    assert (results / "mine" / "thesis.tex").exists()
    assert (results / "notes.txt").exists()


def test_a_run_that_became_a_link_stays(results: Path, tmp_path: Path) -> None:
    (found,) = runs_below(results, ["failed"])
    found.path.rename(tmp_path / "moved")
    found.path.symlink_to(tmp_path / "moved", target_is_directory=True)
    with pytest.raises(UsageError, match="nothing is removed through one"):
        remove_run(found)
    assert (tmp_path / "moved" / "run.json").exists()


def test_what_an_interrupted_removal_left_is_no_run_and_goes_with_the_next(
    parity: Parity, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", interrupted)
        assert parity("runs", "remove", "failed-1", "--yes").code == 130
    assert not (results / "failed-1").exists()
    (left,) = results.glob(".failed-1.*.removed")
    assert "failed-1" not in parity("runs").out
    assert f"removal had left: results/{left.name}" in parity("runs", "remove", "finished-1").out
    assert left.exists()
    assert parity("runs", "remove", "--older-than", "99d", "--yes").code == 0
    assert not left.exists()


def test_what_cannot_be_removed_is_said_and_the_others_go(
    parity: Parity, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = shutil.rmtree

    def refusing(path: Path) -> None:
        if path.name.startswith(".finished"):
            raise PermissionError(13, "Permission denied", str(path / "run.json"))
        remove(path)

    monkeypatch.setattr("shutil.rmtree", refusing)
    output = parity("runs", "remove", "finished-1", "failed-1", "--yes")
    assert output.code == 3
    assert "could not be removed whole" in output.err
    assert "run.json: Permission denied; make it writable, and remove it once more" in output.err
    assert "removed 1 run," in output.out
    assert not (results / "failed-1").exists()


def test_two_who_remove_the_same_runs_end_well(results: Path) -> None:
    for number in range(30):
        with_phases(run := begun(results, f"many-{number}"))
        run.release()
    command = [sys.executable, "-m", "parity", "runs", "remove", "--older-than", "0s", "--yes"]
    both = [
        subprocess.Popen(
            [*command, "--json", "-"],
            cwd=results.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    removed: list[str] = []
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        removed += [run["id"] for run in json.loads(out)["runs"]]
    assert len(removed) == len(set(removed)) == 34
    assert [run.id for run in runs_below(results)] == ["broken-1"]
    assert list(results.glob(".*.removed")) == []
