"""Running a case in a process of its own, where the surroundings are others."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping

from parity.errors import SubjectError
from parity.record import Record, record_of_crash
from parity.relations.apart import Task
from parity.relations.trial import Trial

__all__ = ["fresh_process", "hash_seed"]


def fresh_process(trial: Trial) -> None:
    """Run the case in a new process, elsewhere, with another zone and language."""
    record = _run_apart(trial, {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "C"})
    trial.agree(trial.base, record, "run in a process of its own")


def hash_seed(trial: Trial) -> None:
    """Run the case in a process where texts hash otherwise."""
    seed = str(trial.draw.randint(1, 2**32 - 1))
    record = _run_apart(trial, {"PYTHONHASHSEED": seed})
    trial.agree(trial.base, record, f"run with PYTHONHASHSEED={seed}")


def _run_apart(trial: Trial, environment: Mapping[str, str]) -> Record:
    folder = trial.folder()
    folder.mkdir(parents=True)
    own = trial.case.own
    task = Task(
        trial.engine, trial.config, own.patterns, own.folder, folder / "run", folder / "record"
    )
    spec = folder / "task"
    spec.write_bytes(pickle.dumps(task))
    done = subprocess.run(
        [sys.executable, "-m", "parity.relations.apart", str(spec)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not task.record.exists():
        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return record_of_crash(trial.engine, SubjectError(f"the process ended: {said[0]}"), 0.0)
    record: Record = pickle.loads(task.record.read_bytes())  # written by `apart`
    return record
