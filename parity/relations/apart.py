"""The other side of `parity.relations.process`: what the process of its own does.

``python -m parity.relations.apart TASK`` runs what a pickled `Task` says and pickles the record
where it says. Both files are this package's own, written and read within one trial.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Task"]


class Task(NamedTuple):
    """What is to be run.

    Attributes:
        engine: Name of the engine.
        config: The configuration, ``data.data_dir`` absolute.
        patterns: Folder of a user's own patterns; null: none.
        components: Folder of a user's own Python files; null: none.
        root: A folder for what is stored.
        record: Where the record goes.
    """

    engine: str
    config: Mapping[str, Any]
    patterns: Path | None
    components: Path | None
    root: Path
    record: Path


def _main(file: Path) -> None:
    from parity.own import Own
    from parity.subjects import SubjectSpec, record_of, subject_for

    task: Task = pickle.loads(file.read_bytes())
    subject = subject_for(SubjectSpec(task.engine), Own(task.patterns, task.components))
    record = record_of(subject, task.config, task.root)
    task.record.write_bytes(pickle.dumps(record))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
