"""Kill a run at random moments, resume it until it comes to its end, and look at everything.

A program of its own, because it forks: ``python -m tests.survival.killing JOB``, JOB being a JSON
object with ``engine``, ``study`` (a function of `tests.survival.studies`), ``executor``,
``storage``, ``times`` (how often) and ``seed``. It prints what the uninterrupted run came to, and
for each time how often the run was killed and what it came to in the end.

Each run is a child of its own that has everything imported already. It is killed with SIGKILL after
a random share of the time that the uninterrupted run took; what it began itself (workers) must see
to its own end.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from containers.journal import Entry, UnitExecuted
from tests.survival import studies
from tests.survival.observing import ID, Study, observe

__all__ = ["kill_and_resume"]

_MOST_KILLS: Final = 3
"""Of one run: then it is let alone, so that it comes to its end."""


def kill_and_resume(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job; answer the digests of the uninterrupted run, and of each that was killed."""
    draw = random.Random(job["seed"])
    with tempfile.TemporaryDirectory(prefix="survival-") as name:
        folder = Path(name)
        study = _study(job, folder / "market")
        began = time.perf_counter()
        expected = _uninterrupted(job, study, folder / "whole")
        took_s = time.perf_counter() - began
        runs = [
            _killed(job, study, folder / f"run-{number}", took_s, draw)
            for number in range(job["times"])
        ]
    return {"expected": expected, "took_s": took_s, "runs": runs}


def _study(job: dict[str, Any], folder: Path) -> Study:
    if job["study"] == "pipeline":
        return studies.pipeline(job["storage"])
    make: Any = getattr(studies, job["study"])
    return make(folder, job["storage"])  # type: ignore[no-any-return]  # a function of studies


def _uninterrupted(job: dict[str, Any], study: Study, root: Path) -> dict[str, Any]:
    child = _begun(job, study, root)
    os.waitpid(child, 0)
    return _answer(root)


def _killed(
    job: dict[str, Any], study: Study, root: Path, took_s: float, draw: random.Random
) -> dict[str, Any]:
    """Run a study, kill it, resume it, perhaps kill it again, and let it come to its end."""
    kills = 0
    wanted = draw.choice((1, 1, 2, _MOST_KILLS))
    while True:
        child = _begun(job, study, root)
        if kills < wanted and _kill_after(child, draw.uniform(0.0, took_s) / (1 + kills)):
            kills += 1
            continue
        if kills >= wanted:
            os.waitpid(child, 0)
        return {"kills": kills, **_answer(root)}


def _kill_after(child: int, seconds: float) -> bool:
    """Kill a child after a while; false when it had come to its end before."""
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _begun(job: dict[str, Any], study: Study, root: Path) -> int:
    root.mkdir(exist_ok=True)
    child = os.fork()
    if child:
        return child
    try:
        _run(job, study, root)
    except BaseException as error:  # noqa: BLE001  # told to the parent, whatever it is
        (root / "answer.json").write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    finally:
        os._exit(0)


def _run(job: dict[str, Any], study: Study, root: Path) -> None:
    """Run or resume, and write down what was seen; in a child."""
    there = (root / "results" / ID / "run.json").exists()
    ran: list[str] = []
    executor = job["executor"]

    def note(entry: Entry) -> None:
        if isinstance(entry.record, UnitExecuted):
            ran.append(str(entry.path))

    seen = observe(
        job["engine"], study, root, resume=there, consumers=[note],
        executor=None if executor == "serial" else executor,
    )  # fmt: skip
    answer = {"digests": seen.digests(), "success": seen.document["success"], "units": len(ran)}
    (root / "answer.json").write_text(json.dumps(answer))


def _answer(root: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((root / "answer.json").read_text())
    return answer


if __name__ == "__main__":
    print(json.dumps(kill_and_resume(json.loads(sys.argv[1]))))  # noqa: T201  # that is its answer
