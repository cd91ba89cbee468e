"""Running a case in a process of its own.

``python -m parity.relations.process SPEC`` runs what a pickled `_Task` says and pickles the record
beside it. Only what this module itself has written is unpickled.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from parity.errors import SubjectError
from parity.own import Own
from parity.record import Record
from parity.relations.trial import Trial

__all__ = ["fresh_process", "hash_seed"]


class _Task(NamedTuple):
    engine: str
    config: Mapping[str, Any]
    patterns: Path | None
    components: Path | None
    root: Path
    record: Path


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
    task = _Task(
        trial.engine, trial.config, own.patterns, own.folder, folder / "run", folder / "record"
    )
    spec = folder / "task"
    spec.write_bytes(pickle.dumps(task))
    done = subprocess.run(
        [sys.executable, "-m", "parity.relations.process", str(spec)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not task.record.exists():
        from parity.record import record_of_crash

        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return record_of_crash(trial.engine, SubjectError(f"the process ended: {said[0]}"), 0.0)
    record: Record = pickle.loads(task.record.read_bytes())  # noqa: S301  # written by `_main`
    return record


def _main(spec: Path) -> None:
    from parity.subjects import SubjectSpec, record_of, subject_for

    task: _Task = pickle.loads(spec.read_bytes())  # noqa: S301  # written by `_run_apart`
    own = Own(task.patterns, task.components)
    subject = subject_for(SubjectSpec(task.engine), own)
    record = record_of(subject, task.config, task.root)
    task.record.write_bytes(pickle.dumps(record))


if __name__ == "__main__":
    # By its full name, so that what is unpickled is this module's and not `__main__`'s.
    from parity.relations import process

    process._main(Path(sys.argv[1]))
