"""Running a case in a process of its own, where the surroundings are others."""

from __future__ import annotations

from collections.abc import Mapping

from parity.relations.trial import Trial
from parity.subjects import SubjectSpec, record_of
from parity.subjects.isolated import ProcessSubject

__all__ = ["fresh_process", "hash_seed"]


def fresh_process(trial: Trial) -> None:
    """Run the case in a new process, with another time zone and another language."""
    around = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "C"}
    _run_apart(trial, {}, around, "run in a process of its own")


def hash_seed(trial: Trial) -> None:
    """Run the case in a process where texts hash otherwise."""
    seed = str(trial.draw.randint(1, 2**32 - 1))
    _run_apart(trial, {"hash_seed": seed}, {}, f"run with PYTHONHASHSEED={seed}")


def _run_apart(
    trial: Trial, options: Mapping[str, str], environment: Mapping[str, str], what: str
) -> None:
    spec = SubjectSpec(trial.engine, options)
    subject = ProcessSubject(spec, trial.case.own, environment=environment)
    trial.agree(trial.base, record_of(subject, trial.config, trial.folder()), what)
