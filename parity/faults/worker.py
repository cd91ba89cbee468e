"""The process in which scenarios are verified: ``python -m parity.faults.worker JOB.json``.

It runs with the packages of a tree of `parity.faults.tree` first on its path. A job is a list of
tasks (see `parity.faults.jobs`); each leaves its observation in a file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from parity.faults.jobs import Job

__all__ = ["main"]


def main(file: str) -> None:
    """Do the job in ``file``."""
    job = msgspec.json.decode(Path(file).read_bytes(), type=Job)
    watch(job.watched)
    import declarative
    import imperative
    from parity.faults.observing import Observation, observe

    del declarative, imperative  # an engine that cannot be imported is no fault that was run
    Path(job.begun).touch()
    for task in job.tasks:
        Path(task.folder).mkdir(parents=True)
        try:
            found = observe(task.scenario, Path(task.folder), task.approved)
        except Exception as error:  # noqa: BLE001  # changed code may do anything, unseen it is not
            found = Observation((f"crash:{type(error).__name__}",))
        aside = Path(f"{task.result}.part")
        aside.write_bytes(msgspec.json.encode(found))
        aside.replace(task.result)


def watch(files: Mapping[str, str]) -> None:
    """Show that a file was opened by making another, in this process."""
    if not files:
        return
    left = {str(Path(path).resolve()): Path(mark) for path, mark in files.items()}

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | Path) and left:
            mark = left.pop(str(Path(str(arguments[0])).resolve()), None)
            if mark is not None:
                mark.touch()

    sys.addaudithook(hear)


if __name__ == "__main__":
    main(sys.argv[1])
