"""Going on with a run: which one is meant, and how to say it to whoever was interrupted."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from containers.configuration import read_user
from containers.errors import StorageError
from containers.journal import ConfigResolved, Entry, WorkflowStarted
from containers.storage import default_workflow_id, read_card
from parity.errors import UsageError
from parity.runs import RunStatus, status_of

__all__ = ["Whereabouts", "command_line", "id_of"]

_DIRECTORY: Final = "results"


def id_of(run: str, config: Path, out: Path | None) -> str:
    """Give the id of a run that is to be resumed.

    Args:
        run: Its id, or the path of its folder.
        config: The configuration that it is resumed with.
        out: Folder that ``results.directory`` starts from; null: the working directory.

    Raises:
        ConfigurationError: The configuration cannot be read.
        UsageError: A path leads to another results directory than those two.
    """
    if os.sep not in run and run not in (".", ".."):
        return run
    path = Path(run).resolve()
    results = read_user(config).data.get("results")
    said = results.get("directory") if isinstance(results, Mapping) else None
    due = (out or Path()) / (said if isinstance(said, str) else _DIRECTORY)
    if path.parent != due.resolve():
        raise UsageError(
            f"--resume {run}: this run lies in {path.parent}, but results.directory and --out "
            f"lead to {due.resolve()}; give the --out that it was begun with"
        )
    return path.name


def command_line(config: Path, options: Mapping[str, object], workflow_id: str) -> str:
    """Give the command that goes on with a run.

    Args:
        config: Its configuration.
        options: Further options by name, as they were given; null: not at all.
        workflow_id: Its id.
    """
    given = [part for name, value in options.items() if value for part in (name, str(value))]
    return shlex.join(["parity", "run", str(config), *given, "--resume", workflow_id])


class Whereabouts:
    """Hears from the journal where a run keeps what it comes to.

    Args:
        out: Folder that ``results.directory`` starts from; null: the working directory.
        workflow_id: Id of the run; null: the engine gives it one, which the journal does not say.

    Attributes:
        keeps: Whether what has finished is kept; false before the run has begun.
    """

    def __init__(self, out: Path | None, workflow_id: str | None) -> None:
        self._out = out or Path()
        self._id = workflow_id
        self._workflow = ""
        self._candidates: Sequence[Path] | None = None
        self.keeps = False

    def __call__(self, entry: Entry) -> None:
        """Hear of a journal's record; only the first ones say something."""
        if self._candidates is not None or entry.path:
            return
        record = entry.record
        if isinstance(record, WorkflowStarted):
            self._workflow = record.workflow
        elif isinstance(record, ConfigResolved):
            results = record.config["results"]
            self.keeps = results["storage"] != "memory"
            directory = self._out / results["directory"]
            self._candidates = self._held(directory, record.digest) if self.keeps else ()

    def resumable(self) -> list[str]:
        """Give the id of the run, now that it was interrupted.

        There are none when there is nothing to go on with, and several when others of the same
        workflow and configuration were interrupted with it.
        """
        if self._id is not None:
            return [self._id] if self.keeps else []
        return [folder.name for folder in self._candidates or () if _status(folder) == "resumable"]

    def _held(self, directory: Path, digest: str) -> list[Path]:
        """Give the folders of the runs that are going on, this one among them."""
        if self._id is not None:
            return []
        prefix = default_workflow_id(self._workflow, digest, 0).removesuffix("0")
        return [
            folder
            for folder in directory.iterdir()
            if folder.name.startswith(prefix) and _status(folder) == "running"
        ]


def _status(folder: Path) -> RunStatus:
    try:
        return status_of(folder, read_card(folder))
    except StorageError:
        return "unknown"  # somebody else's, or removed meanwhile
