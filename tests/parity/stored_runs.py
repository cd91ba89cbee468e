"""Stored runs of every kind, made without an engine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from containers.results import IterationResult, PhaseResult, Window
from containers.storage import Identity, RunCard, RunFolder, UnitRecord, encode_unit

ROOT = Path(__file__).resolve().parents[2]
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


@contextmanager
def held(where: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a run in a process of its own."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.parity.stored_runs import begun\n"
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


def every_kind(tmp_path: Path) -> Path:
    """Make a results directory with a run of every state, and much that is none."""
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
