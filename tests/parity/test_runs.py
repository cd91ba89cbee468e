"""`parity runs`: what it says of folders of all kinds, and that it removes runs alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from containers.errors import StorageError
from containers.results import IterationResult, PhaseResult, Window
from containers.storage import (
    Identity,
    RunCard,
    RunFolder,
    UnitRecord,
    encode_unit,
)
from parity.commands.runs import _STATES
from parity.errors import UsageError
from parity.runs import STATUSES, parse_age, remove_run, runs_below
from tests.parity.conftest import ROOT, Output

Parity = Callable[..., Output]

IDENTITY = Identity(configuration="c0ffee", data={"AAA_1d": "da7a"}, code="c0de", seed="7")
ITERATION = IterationResult(window=Window("full", 0, 9, 0, 0, 9), parameters={}, seed=7)


def begun(
    where: Path, name: str, *, storage: str = "disk", engine: str = "imperative"
) -> RunFolder:
    card = RunCard(engine=engine, workflow="study", storage=storage, identity=IDENTITY)
    return RunFolder.create(where, card=card, digest="0" * 32, workflow_id=name)


def ended(where: Path, name: str, state: str, **card: str) -> Path:
    """Make a run that came to its end, was interrupted (`running`), or failed."""
    run = begun(where, name, **card)
    if state == "running":
        run.release()
    else:
        run.close(success=state == "finished")
    return run.path


def aged(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for file in (folder, *folder.rglob("*")):
        os.utime(file, (then, then))


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def with_phases(run: RunFolder) -> None:
    """Give it a finished phase of three units in two windows, and one with two units so far."""
    store = run.phase(["0", "sweep"]).store("identity")
    for keys in ((0, 0), (0, 1), (1,)):
        store.add(keys, ITERATION)
    store.add((0,), ITERATION, children=2)
    store.finish(PhaseResult(status="succeeded", sequence="s", topology="backtest"))
    store = run.phase(["0", "wide", "0", "check"]).store("identity")
    for key in (1, 0):
        store.keep((key,), encode_unit(UnitRecord(journal=(), result=ITERATION)))
    store.close()


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Give a results directory with a run of every state, and much that is none."""
    where = tmp_path / "results"
    for age, (name, state, storage) in enumerate(
        (
            ("finished-1", "finished", "disk"),
            ("failed-1", "failed", "hybrid"),
            ("resumable-1", "running", "hybrid"),
            ("abandoned-1", "running", "memory"),
        )
    ):
        aged(ended(where, name, state, storage=storage), 3_600.0 * (age + 1))
    broken = ended(where, "broken-1", "finished")
    (broken / "run.json").write_text("{", encoding="utf-8")
    aged(broken, 10 * 86_400)
    (where / "mine").mkdir()
    (where / "mine" / "thesis.tex").write_text("years of work", encoding="utf-8")
    (where / "other-tool").mkdir()
    (where / "other-tool" / "run.json").write_text('{"epochs": 3}', encoding="utf-8")
    (where / "locked").mkdir()
    (where / "locked" / ".lock").touch()
    (where / "locked" / "data.db").write_text("data", encoding="utf-8")
    (where / "empty").mkdir()
    (where / "notes.txt").write_text("notes", encoding="utf-8")
    (where / "linked").symlink_to(where / "finished-1", target_is_directory=True)
    return where


# --- listing ----------------------------------------------------------------------------------


def test_states_that_can_be_asked_for_are_those_that_there_are() -> None:
    assert _STATES == STATUSES


def test_runs_are_listed_newest_first_and_nothing_else_is(parity: Parity, results: Path) -> None:
    output = parity("runs", "--json", "-")
    assert output.code == 0
    assert output.document["schema"] == "paritykit/runs/1"
    assert [(run["id"], run["state"]) for run in output.document["runs"]] == [
        ("finished-1", "finished"),
        ("failed-1", "failed"),
        ("resumable-1", "resumable"),
        ("abandoned-1", "abandoned"),
        ("broken-1", "unknown"),
    ]
    first, *_, last = output.document["runs"]
    sizes = sum(f.stat().st_size for f in (results / "finished-1").rglob("*"))
    assert (first["workflow"], first["engine"], first["storage"]) == ("study", "imperative", "disk")
    assert (first["bytes"], first["problem"], first["folder"]) == (
        sizes,
        None,
        "results/finished-1",
    )
    assert 3_600 <= first["age_s"] < 3_700
    assert (last["workflow"], last["bytes"]) == (None, 1)
    assert "does not describe a run" in last["problem"]


def test_the_table_says_states_ages_and_sizes_in_words(parity: Parity, results: Path) -> None:
    output = parity("runs")
    lines = output.out.splitlines()
    assert lines[0].split() == ["run", "workflow", "engine", "state", "age", "size"]
    assert lines[3].split()[:6] == ["resumable-1", "study", "imperative", "resumable", "3", "h"]
    assert lines[5].split() == ["broken-1", "–", "–", "unknown", "10", "d", "1", "byte"]
    assert "broken-1/run.json does not describe a run" in lines[6]


def test_runs_of_several_directories_are_listed_with_their_folders(
    parity: Parity, results: Path, tmp_path: Path
) -> None:
    ended(tmp_path / "list", "other", "finished")
    output = parity("runs", "list", "results", "list", "results", "--state", "finished")
    assert [line.split()[0] for line in output.out.splitlines()[1:]] == [
        "list/other",
        "results/finished-1",
    ]


def test_runs_are_chosen_by_state_and_age(parity: Parity, results: Path) -> None:
    def ids(*arguments: str) -> list[str]:
        document = parity("runs", *arguments, "--json", "-").document
        return [run["id"] for run in document["runs"]]

    assert ids("--state", "failed", "--state", "abandoned") == ["failed-1", "abandoned-1"]
    assert ids("--older-than", "150m") == ["resumable-1", "abandoned-1", "broken-1"]
    assert ids("--older-than", "9d") == ["broken-1"]
    assert ids("--older-than", "9d", "--state", "failed") == []


def test_without_a_run_the_list_says_so(parity: Parity, results: Path, tmp_path: Path) -> None:
    assert parity("runs", "results", "--state", "running").out == "no such run in results\n"
    (tmp_path / "none").mkdir()
    assert parity("runs", "none").out == "no run in none\n"


def test_without_any_results_the_list_is_empty(parity: Parity) -> None:
    output = parity("runs")
    assert (output.code, output.out) == (0, "no run in results\n")


def test_the_age_of_a_run_is_that_of_the_last_unit_it_kept(parity: Parity, tmp_path: Path) -> None:
    run = begun(tmp_path / "results", "r")
    with_phases(run)
    run.release()
    aged(run.path, 7_200)
    log = run.path / "0" / "wide" / "0" / "check" / "units.log"
    os.utime(log)
    (document,) = parity("runs", "--json", "-").document["runs"]
    assert document["age_s"] < 60


@contextmanager
def held(where: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a run in a process of its own."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.parity.test_runs import begun\n"
        f"run = begun(Path({str(where)!r}), {name!r})\n"
        "print(flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_run_is_running_until_its_process_ends_however_that_may_be(
    parity: Parity, tmp_path: Path
) -> None:
    def states() -> list[str]:
        return [run["state"] for run in parity("runs", "--json", "-").document["runs"]]

    with held(tmp_path / "results", "r") as process:
        assert states() == ["running"]
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert states() == ["resumable"]


def test_a_run_that_was_killed_before_it_had_a_card_is_unknown(
    parity: Parity, tmp_path: Path
) -> None:
    folder = tmp_path / "results" / "r"
    folder.mkdir(parents=True)
    (folder / ".lock").touch()
    (run,) = parity("runs", "--json", "-").document["runs"]
    assert run["state"] == "unknown"


def test_a_card_of_a_later_version_is_unknown_and_says_so(parity: Parity, tmp_path: Path) -> None:
    card = ended(tmp_path / "results", "r", "finished") / "run.json"
    card.write_text(card.read_text().replace("run-card/1", "run-card/2"), encoding="utf-8")
    (run,) = parity("runs", "--json", "-").document["runs"]
    assert run["state"] == "unknown"
    assert "'paritykit/run-card/2'" in run["problem"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("runs", "remov"), "the folder remov does not exist; did you mean the command 'remove'?"),
        (("runs", "nowhere"), "the folder nowhere does not exist; name a results directory"),
        (("runs", "results/notes.txt"), "the folder results/notes.txt is not a folder; name"),
        (("runs", "results/failed-1"), "is the folder of a run, no results directory; name the"),
        (("runs", "--state", "fine"), "'fine' is not one of"),
        (("runs", "--older-than", "soon"), "found the age 'soon', expected a number and one of s"),
        (("runs", "show"), "Missing argument 'RUN'"),
        (
            ("runs", "show", "finishd-1"),
            "no run 'finishd-1' in results (did you mean 'finished-1'?",
        ),
        (("runs", "show", "r", "--dir", "results/mine"), "there is none at all"),
        (("runs", "show", "mine"), "results/mine is not the folder of a run"),
        (("runs", "show", "linked"), "results/linked is a link; name the folder that it leads to"),
        (("runs", "remove"), "name the runs to remove, or say which: --state, --older-than"),
        (("runs", "remove", "--state", "running"), "a run that is going on is never removed"),
        (("runs", "remove", "mine", "--yes"), "results/mine is not the folder of a run"),
        (("runs", "remove", "other-tool", "--yes"), "is not the folder of a run"),
        (("runs", "remove", "locked", "--yes"), "is not the folder of a run"),
        (("runs", "remove", "linked", "--yes"), "results/linked is a link"),
        (("runs", "remove", "results/", "--yes"), "results is not the folder of a run"),
        (("runs", "remove", "..", "--yes"), "is not the folder of a run"),
        (("runs", "remove", "finished-1", "nope", "--yes"), "there is no run 'nope' in results"),
        (("runs", "remove", "--state", "failed", "--dir", "nowhere"), "nowhere does not exist"),
    ],
    ids=lambda value: " ".join(value)[5:40] if isinstance(value, tuple) else "",
)
def test_wrong_usage_leaves_with_two_and_everything_as_it_was(
    parity: Parity, results: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = tree(results)
    output = parity(*arguments)
    assert output.code == 2
    assert message in " ".join(output.err.split())
    assert tree(results) == before


# --- showing ----------------------------------------------------------------------------------


def test_show_says_what_is_kept_and_how_to_go_on(parity: Parity, tmp_path: Path) -> None:
    run = begun(tmp_path / "results", "r", engine="declarative")
    with_phases(run)
    run.release()
    output = parity("runs", "show", "r", "--json", "-")
    document = output.document
    assert document["state"] == "resumable"
    assert document["identity"] == {
        "configuration": "c0ffee", "data": {"AAA_1d": "da7a"}, "code": "c0de", "seed": "7",
    }  # fmt: skip
    assert [(p["path"], p["finished"], p["units"]) for p in document["phases"]] == [
        ("0/sweep", True, 3),
        ("0/wide/0/check", False, 2),
    ]
    assert all(phase["bytes"] > 0 for phase in document["phases"])
    command = "parity run CONFIG --engine declarative --resume results/r"
    assert document["resume"] == command
    assert f"go on with: {command}" in output.err
    text = parity("runs", "show", "results/r").out
    assert "0/wide/0/check  unfinished           2" in text


def test_show_of_a_finished_run_says_nothing_of_going_on(parity: Parity, results: Path) -> None:
    for name, resumable in (("finished-1", False), ("failed-1", True), ("abandoned-1", False)):
        assert ("go on with" in parity("runs", "show", name).out) is resumable


def test_show_says_which_log_is_damaged(parity: Parity, tmp_path: Path) -> None:
    run = begun(tmp_path / "results", "r")
    with_phases(run)
    run.release()
    log = run.path / "0" / "sweep" / "iterations.log"
    log.write_bytes(b"nonsense" + log.read_bytes())
    output = parity("runs", "show", "r", "--json", "-")
    phase, other = output.document["phases"]
    assert phase["units"] is None
    assert "iterations.log is no log of a run" in phase["problem"]
    assert other["units"] == 2
    assert "0/sweep         finished       unknown" in output.err


# --- removing ---------------------------------------------------------------------------------


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
        import fcntl

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
    import shutil

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


# --- their parts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("90m", 5_400), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)],
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "3", "-3d", "3.5d", "3 days", "3mo", "9" * 12 + "d"])
def test_an_age_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="like 30d"):
        parse_age(text)


def test_a_directory_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be read"):
        list(runs_below(tmp_path / "none"))
