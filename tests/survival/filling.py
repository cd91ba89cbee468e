"""Run a study on a disk that is full: ``python -m tests.survival.filling JOB``.

JOB is a JSON object with ``engine``, ``root``, ``limit`` and ``since``. Since the run begins
(``begin``), all its phases have finished (``phases``) or its result is written (``result``) no file
can grow beyond ``limit`` bytes. What came of it is printed.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from containers.errors import ContainersError
from containers.journal import Entry, OutputWritten, PhaseFinished, WorkflowStarted
from tests.survival.damaging import study_of
from tests.survival.observing import observe

__all__ = ["fill"]


def fill(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job; give the error, or what was raised."""
    root = Path(job["root"])
    since = {"begin": _begun, "phases": _last_phase, "result": _result}[job["since"]]

    def hear(entry: Entry) -> None:
        if since(entry):
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], resource.RLIM_INFINITY))

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        seen = observe(job["engine"], study_of(root.parent / "market"), root, consumers=[hear])
    except ContainersError as raised:
        return {"raised": type(raised).__name__, "message": str(raised)}
    return {"error": seen.document["error"]}


def _begun(entry: Entry) -> bool:
    return isinstance(entry.record, WorkflowStarted)


def _last_phase(entry: Entry) -> bool:
    return isinstance(entry.record, PhaseFinished) and "replayed" in str(entry.path)


def _result(entry: Entry) -> bool:
    return isinstance(entry.record, OutputWritten) and entry.record.path == "result.json"


if __name__ == "__main__":
    answer = json.dumps(fill(json.loads(sys.argv[1])))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    print(answer)  # noqa: T201  # that is its answer
