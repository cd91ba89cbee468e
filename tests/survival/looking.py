"""Observe one run, in a process of its own: ``python -m tests.survival.looking JOB``.

JOB is a JSON object with ``engine``, ``study`` and ``executor``; the digests of what was seen are
printed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.survival import studies
from tests.survival.observing import observe


def look(job: dict[str, Any]) -> dict[str, str]:
    """Do a job."""
    with tempfile.TemporaryDirectory(prefix="survival-") as name:
        folder = Path(name)
        study = getattr(studies, job["study"])(folder / "market")
        seen = observe(job["engine"], study, folder, executor=job["executor"])
        if not seen.document["success"]:
            raise RuntimeError(seen.document["error"])
        return seen.digests()


if __name__ == "__main__":
    print(json.dumps(look(json.loads(sys.argv[1]))))  # noqa: T201  # that is its answer
