"""Kill a run at random moments, resume it until it comes to its end, and look at everything.

A program of its own, because it forks: ``python -m tests.survival.killing JOB``, JOB being a JSON
object with ``engine``, ``study`` (a function of `tests.survival.studies`), ``executor``,
``storage``, ``times`` (how often) and ``seed``. It prints what the uninterrupted run came to, and
for each time how often the run was killed and what it came to in the end.

Each run is a child of its own that has everything imported already. It is killed with SIGKILL a
random while, up to some milliseconds, after a random record of its journal: so the moments are
spread over all that a run does, however fast the machine is. What the run began itself (workers)
must see to its own end.
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
_LATEST_S: Final = 0.02
"""How long after a record a run is killed at the latest."""


def kill_and_resume(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job; answer the digests of the uninterrupted run, and of each that was killed."""
    draw = random.Random(job["seed"])
    with tempfile.TemporaryDirectory(prefix="survival-") as name:
        folder = Path(name)
        study = _study(job, folder / "market")
        expected = _uninterrupted(job, study, folder / "whole")
        runs = [
            _killed(job, study, folder / f"run-{number}", expected["records"], draw)
            for number in range(job["times"])
        ]
    return {"expected": expected, "runs": runs}


def _study(job: dict[str, Any], folder: Path) -> Study:
    if job["study"] == "pipeline":
        return studies.pipeline(job["storage"])
    make: Any = getattr(studies, job["study"])
    return make(folder, job["storage"])  # type: ignore[no-any-return]  # a function of studies


def _uninterrupted(job: dict[str, Any], study: Study, root: Path) -> dict[str, Any]:
    child, heard = _begun(job, study, root)
    while os.read(heard, 65_536):
        pass
    os.close(heard)
    os.waitpid(child, 0)
    return _answer(root)


def _killed(
    job: dict[str, Any], study: Study, root: Path, records: int, draw: random.Random
) -> dict[str, Any]:
    """Run a study, kill it, resume it, perhaps kill it again, and let it come to its end."""
    wanted = draw.choice((1, 1, 2, _MOST_KILLS))
    for _ in range(wanted):
        child, heard = _begun(job, study, root)
        _kill_at(child, heard, draw.randrange(records), draw.uniform(0.0, _LATEST_S))
        os.close(heard)
    return {"kills": wanted, **_uninterrupted(job, study, root)}


def _kill_at(child: int, heard: int, record: int, pause_s: float) -> None:
    """Kill a child a while after it has written so many records to its journal."""
    while record > 0:
        record -= len(os.read(heard, min(record, 65_536))) or record
    time.sleep(pause_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _begun(job: dict[str, Any], study: Study, root: Path) -> tuple[int, int]:
    """Begin a run in a child; give it, and a pipe that gets a byte for each record."""
    root.mkdir(exist_ok=True)
    heard, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, heard
    os.close(heard)
    try:
        _run(job, study, root, write)
    except BaseException as error:  # noqa: BLE001  # told to the parent, whatever it is
        (root / "answer.json").write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    finally:
        os._exit(0)


def _run(job: dict[str, Any], study: Study, root: Path, pipe: int) -> None:
    """Run or resume, and write down what was seen; in a child."""
    there = (root / "results" / ID / "run.json").exists()
    ran: list[str] = []
    executor = job["executor"]

    def note(entry: Entry) -> None:
        os.write(pipe, b".")
        if isinstance(entry.record, UnitExecuted):
            ran.append(str(entry.path))

    seen = observe(
        job["engine"], study, root, resume=there, consumers=[note],
        executor=None if executor == "serial" else executor,
    )  # fmt: skip
    answer = {
        "digests": seen.digests(),
        "success": seen.document["success"],
        "units": len(ran),
        "records": len(seen.journal),
    }
    (root / "answer.json").write_text(json.dumps(answer))


def _answer(root: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((root / "answer.json").read_text())
    return answer


if __name__ == "__main__":
    print(json.dumps(kill_and_resume(json.loads(sys.argv[1]))))  # noqa: T201  # that is its answer
