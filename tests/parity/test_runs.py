"""`parity runs`: what it says of folders of all kinds, and what it refuses."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.errors import StorageError
from parity.commands.runs import _STATES
from parity.errors import UsageError
from parity.runs import STATUSES, parse_age, runs_below
from tests.parity.conftest import Output
from tests.parity.stored_runs import aged, begun, ended, every_kind, held, tree, with_phases

Parity = Callable[..., Output]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return every_kind(tmp_path)


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
    assert "0/sweep         damaged        unknown" in output.err


def test_a_phase_whose_tree_was_cut_off_is_not_finished(parity: Parity, tmp_path: Path) -> None:
    run = begun(tmp_path / "results", "r")
    with_phases(run)
    run.release()
    log = run.path / "0" / "sweep" / "iterations.log"
    log.write_bytes(log.read_bytes()[:-1])
    phase, _ = parity("runs", "show", "r", "--json", "-").document["phases"]
    assert (phase["finished"], phase["units"], phase["problem"]) == (False, 0, None)


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
