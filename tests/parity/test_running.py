"""`parity run`: where units run, under which id, and how one goes on with what was interrupted."""

from __future__ import annotations

import os
import shlex
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
from containers.journal import ConfigResolved, Journal, WorkflowStarted
from containers.storage import Identity, PhaseStore, RunCard, RunFolder
from containers.storage.log import recover
from parity.commands.resuming import Whereabouts
from tests.parity.conftest import HANDMADE, MARKET, ROOT, Output

Parity = Callable[..., Output]
Configure = Callable[..., str]

TWO = str(HANDMADE / "two_symbols.yaml")
DIGEST = "0123456789abcdef"


@pytest.fixture
def study(tmp_path: Path) -> Configure:
    """Give a function that writes the configuration of a study of a dozen units."""

    def write(storage: str = "disk", directory: str = "results", name: str = "s.yaml") -> str:
        (tmp_path / name).write_text(
            "workflow: walk_forward_validation\n"
            f"data: {{data_dir: {MARKET}, start_date: 2003-01-01, end_date: 2003-12-31}}\n"
            "symbols: [IBM]\n"
            "strategies: [{type: momentum}]\n"
            "parameter_space: {momentum.fast_period: [5, 8]}\n"
            "walk_forward: {train_bars: 60, test_bars: 40}\n"
            f"results: {{storage: {storage}, directory: {directory}}}\n",
            encoding="utf-8",
        )
        return name

    return write


@contextmanager
def ended_after(units: int, error: BaseException) -> Iterator[None]:
    """Let ``error`` come as soon as so many units have been kept."""
    kept = 0
    keep = PhaseStore.keep

    def ending(self: PhaseStore, keys: tuple[int, ...], content: bytes) -> None:
        nonlocal kept
        keep(self, keys, content)
        kept += 1
        if kept == units:
            raise error

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PhaseStore, "keep", ending)
        yield


def advised(output: Output, word: str) -> list[str]:
    """Give the arguments of the one command that standard error names after ``word``."""
    begin = f"{word}: parity "
    (line,) = [line for line in output.err.splitlines() if line.startswith(begin)]
    return shlex.split(line.removeprefix(begin))


def of_session(session: int) -> list[str]:
    """Give the processes of a session that run; not those that only wait to be noticed as dead."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = status.read_text(encoding="utf-8").rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        state, _, _, its_session, *_ = fields.split()
        if int(its_session) == session and state != "Z":
            found.append(name)
    return found


def without_id(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "workflow_id"}


# --- going on ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_what_an_interruption_advises_goes_on_and_gives_the_same(
    parity: Parity, study: Configure, tmp_path: Path, engine: str
) -> None:
    arguments = (study(), "--engine", engine, "--out", "a place")
    with ended_after(5, KeyboardInterrupt()):
        output = parity("run", *arguments)
    assert (output.code, output.out) == (130, "")
    assert output.err.strip().startswith("interrupted\n")
    (folder,) = (tmp_path / "a place" / "results").iterdir()
    again = advised(output, "go on with")
    named = [] if engine == "imperative" else ["--engine", engine]
    assert again == ["run", "s.yaml", *named, "--out", "a place", "--resume", folder.name]
    (run,) = parity("runs", "a place/results", "--json", "-").document["runs"]
    assert run["state"] == "resumable"
    (phase,) = parity("runs", "show", str(folder), "--json", "-").document["phases"]
    assert (phase["finished"], phase["units"]) == (False, 5)
    went_on = parity(*again, "--json", "-")
    assert went_on.code == 0
    whole = parity("run", *arguments, "--id", "whole", "--json", "-")
    assert whole.document["workflow_id"] == "whole"
    assert without_id(went_on.document) == without_id(whole.document)


def test_ctrl_c_ends_workers_and_advises_how_to_go_on(
    parity: Parity, study: Configure, tmp_path: Path
) -> None:
    """A terminal sends the signal to all processes of the command, workers included."""
    command = ["run", study(), "--executor", "processes:2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "parity", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def kept() -> int:
        return sum(len(recover(log, None)[0]) for log in tmp_path.glob("results/*/0/*/units.log"))

    while not kept() and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    output = Output(process.returncode, "", errors)
    assert output.code == 130
    assert "Traceback" not in errors
    deadline = time.monotonic() + 10
    while left := of_session(process.pid):
        assert time.monotonic() < deadline, f"these live on: {left}"
        time.sleep(0.01)
    went_on = parity(*advised(output, "go on with"), "--json", "-")
    assert went_on.code == 0
    assert without_id(went_on.document) == without_id(
        parity("run", command[1], "--json", "-").document
    )


def test_all_options_are_in_the_advice(parity: Parity, study: Configure, tmp_path: Path) -> None:
    (tmp_path / "own patterns").mkdir()
    (tmp_path / "own").mkdir()
    options = ["--patterns", "own patterns", "--components", "own", "--executor", "serial"]
    with ended_after(1, KeyboardInterrupt()):
        output = parity("run", study(), "--id", "mine", *options)
    again = advised(output, "go on with")
    assert again[:2] + again[-2:] == ["run", "s.yaml", "--resume", "mine"]
    assert sorted(again[2:-2]) == sorted(options)


def test_a_run_that_was_resumed_and_interrupted_is_advised_again(
    parity: Parity, study: Configure
) -> None:
    with ended_after(3, KeyboardInterrupt()):
        first = advised(parity("run", study()), "go on with")
    with ended_after(3, KeyboardInterrupt()):
        output = parity(*first)
    assert output.code == 130
    assert advised(output, "go on with") == first


def test_nothing_is_advised_where_nothing_is_kept(
    parity: Parity, study: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("containers.trading.DataContainer.publish_bar", interrupted)
    output = parity("run", study("memory"))
    assert (output.code, output.err.strip()) == (130, "interrupted")


def test_a_failed_run_says_how_to_try_again(parity: Parity, study: Configure) -> None:
    config = study("hybrid")
    with ended_after(5, StorageError("the disk is full")):
        output = parity("run", config)
    assert output.code == 3
    assert "StorageError: the disk is full" in output.out
    again = advised(output, "try again")
    assert parity(*again).code == 0
    assert parity("runs", "--json", "-").document["runs"][0]["state"] == "finished"


def test_a_failed_run_in_memory_advises_nothing(
    parity: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise RuntimeError("the feed broke")

    monkeypatch.setattr("containers.trading.DataContainer.publish_bar", broken)
    output = parity("run", TWO)
    assert (output.code, output.err) == (3, "")


def test_a_run_is_resumed_by_the_path_of_its_folder(
    parity: Parity, study: Configure, tmp_path: Path
) -> None:
    config = study(directory="kept/here")
    with ended_after(2, KeyboardInterrupt()):
        parity("run", config, "--id", "r", "--out", "there")
    for path in ("there/kept/here/r", str(tmp_path / "there" / "kept" / "here" / "r") + "/"):
        assert parity("run", config, "--resume", path, "--out", "there").code == 0


def test_a_path_in_another_results_directory_is_refused_and_both_are_named(
    parity: Parity, study: Configure, tmp_path: Path
) -> None:
    config = study()
    with ended_after(2, KeyboardInterrupt()):
        parity("run", config, "--id", "r", "--out", "there")
    output = parity("run", config, "--resume", "there/results/r")
    assert output.code == 2
    assert f"this run lies in {tmp_path / 'there' / 'results'}, but results.directory" in output.err
    assert f"lead to {tmp_path / 'results'}; give the --out that it was begun with" in output.err


class Begun:
    """A run that is going on, of a workflow and digest that others have as well."""

    def __init__(self, where: Path, storage: str = "disk") -> None:
        identity = Identity(configuration="c", data={}, code="c", seed="0")
        card = RunCard(engine="imperative", workflow="study", storage=storage, identity=identity)
        self.folder = RunFolder.create(where, card=card, digest=DIGEST, workflow_id=None)
        self.whereabouts = Whereabouts(where.parent, None)
        journal = Journal([self.whereabouts])
        journal.write(WorkflowStarted(workflow="study"))
        results = {"storage": storage, "directory": where.name}
        journal.write(ConfigResolved(config={"results": results}, digest=DIGEST))


def test_of_several_runs_of_one_configuration_each_is_advised_its_own(tmp_path: Path) -> None:
    where = tmp_path / "results"
    before = Begun(where)
    before.folder.release()
    going_on, ours = Begun(where), Begun(where)
    ours.folder.release()
    assert ours.whereabouts.resumable() == ["study-01234567-3"]
    assert going_on.folder.workflow_id == "study-01234567-2"


def test_of_several_that_were_interrupted_together_all_are_advised(tmp_path: Path) -> None:
    other, ours = Begun(tmp_path / "results"), Begun(tmp_path / "results")
    other.folder.release()
    ours.folder.release()
    assert sorted(ours.whereabouts.resumable()) == ["study-01234567-1", "study-01234567-2"]


def test_a_run_that_has_not_begun_has_nothing_to_go_on_with(tmp_path: Path) -> None:
    assert Whereabouts(tmp_path, "mine").resumable() == []
    assert Begun(tmp_path / "results", storage="memory").whereabouts.resumable() == []


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--executor", "proceses"), "'proceses' is not understood: expected serial, processes"),
        (("--executor", "processes:none"), "found 'none' as the number of processes"),
        (("--executor", "dask:somewhere"), "expected the scheduler's address"),
        (("--unit-timeout", "5"), "--unit-timeout is a limit for workers: give it with --executor"),
        (("--unit-timeout", "5", "--executor", "serial"), "is a limit for workers"),
        (("--unit-timeout", "0", "--executor", "processes"), "0.0 is not in the range x>0"),
        (("--unit-timeout", "nan", "--executor", "processes"), "found nan as the limit of a unit"),
        (("--id", "a", "--resume", "b"), "--id names a new run, and --resume one that is there"),
        (("--id", "a/b"), "found the workflow id 'a/b', expected letters"),
        (("--resume", "nobody"), "there is no run 'nobody' in"),
        (("--resume", "results/nobody"), "there is no run 'nobody' in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_options_leave_with_two_and_write_nothing(
    parity: Parity, study: Configure, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    output = parity("run", study(), *arguments)
    assert output.code == 2
    assert message in " ".join(output.err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]


def test_a_run_is_resumed_only_with_what_it_was_begun_with(
    parity: Parity, study: Configure, tmp_path: Path
) -> None:
    with ended_after(2, KeyboardInterrupt()):
        parity("run", study(), "--id", "r")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")}
    for config, engine, message in (
        (study("memory", name="m.yaml"), "imperative", "its storage is memory now"),
        (study(), "declarative", "its engine was imperative, and is declarative now"),
    ):
        output = parity("run", config, "--engine", engine, "--resume", "r")
        assert output.code == 2
        assert f"the run 'r' cannot be resumed: {message}" in output.err
    (tmp_path / "s.yaml").write_text(
        (tmp_path / "s.yaml").read_text().replace("[5, 8]", "[8, 5]"), encoding="utf-8"
    )
    output = parity("run", "s.yaml", "--resume", "r")
    assert output.code == 2
    assert "the configuration is not that of the run" in output.err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")} == before


# --- where units run --------------------------------------------------------------------------


def test_processes_give_the_document_that_one_process_gives(
    parity: Parity, study: Configure
) -> None:
    config = study("memory")
    alone = parity("run", config, "--json", "-")
    spread = parity(
        "run", config, "--executor", "processes:2", "--unit-timeout", "60", "--json", "-"
    )
    assert (alone.code, spread.code) == (0, 0)
    assert without_id(spread.document) == without_id(alone.document)


def test_the_document_of_a_run_on_disk_is_that_of_one_in_memory(
    parity: Parity, study: Configure
) -> None:
    """It is written piece by piece; only where things lie is another."""

    def figures(document: Any) -> Any:
        if isinstance(document, dict):
            return {
                key: figures(value)
                for key, value in document.items()
                if key not in ("path", "results_path", "workflow_id")
            }
        return list(map(figures, document)) if isinstance(document, list) else document

    documents = [
        parity("run", study(storage), "--json", "-").document
        for storage in ("memory", "disk", "hybrid")
    ]
    assert figures(documents[0]) == figures(documents[1]) == figures(documents[2])


def test_the_document_is_ascii_whatever_the_names(parity: Parity, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        f"workflow: simple_backtest\ndata: {{data_dir: {HANDMADE}}}\nsymbols: [AAA]\n"
        "strategies: [{type: buy_and_hold, name: 日本 🗻}]\n",
        encoding="utf-8",
    )
    printed = parity("run", "c.yaml", "--json", "-")
    assert parity("run", "c.yaml", "--json", "out.json").code == 0
    written = (tmp_path / "out.json").read_bytes()
    assert printed.out.encode() == written
    assert written.isascii()
    assert "日本 🗻.moderate" in printed.document["phase_results"]["backtest"]["portfolios"]
