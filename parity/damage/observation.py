"""Everything that can be seen of a run, as plain data that two runs either share or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from containers.journal import Entry
from containers.results import WorkflowResult

__all__ = ["Observation", "observation_of"]


@dataclass(frozen=True)
class Observation:
    """A run as it can be seen: result, journal in the order in which it was heard, and files."""

    document: dict[str, Any]
    journal: list[Any]
    files: dict[str, str]

    def digests(self) -> dict[str, str]:
        """Give a digest of each part, for runs in other processes."""
        parts = {"document": self.document, "journal": self.journal, "files": self.files}
        return {
            name: hashlib.sha256(json.dumps(part, sort_keys=False).encode()).hexdigest()
            for name, part in parts.items()
        }


def observation_of(
    result: WorkflowResult, entries: Sequence[Entry], folder: Path, root: Path
) -> Observation:
    """Look at everything.

    Args:
        result: What a run came to.
        entries: Its journal.
        folder: Its folder, whether there is one or not.
        root: What stands as ROOT in texts: it is another for every run.

    Raises:
        StorageError: A part of the result lies in a file that is damaged or gone.
    """
    text = json.dumps(result.to_document()).replace(str(root), "ROOT")
    journal = json.dumps([_plain(entry) for entry in entries])
    return Observation(
        {key: value for key, value in json.loads(text).items() if key != "engine"},
        json.loads(journal.replace(str(root), "ROOT")),
        dict(_files(folder)) if folder.is_dir() else {},
    )


def _plain(entry: Entry) -> Any:
    return msgspec.to_builtins(entry, enc_hook=_hook)


def _hook(value: Any) -> Any:
    if isinstance(value, np.generic):
        return {"numpy": value.dtype.str, "value": value.item()}
    raise TypeError(type(value))


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Give every file that is a result, but what names engine and moment, with its digest."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if file.is_file() and not hidden and name.name not in ("run.json", "units.log"):
            content = file.read_bytes()
            if name.as_posix() == "manifest.json":
                listed = [entry["path"] for entry in json.loads(content)["files"]]
                content = json.dumps(listed).encode()
            if name.as_posix() != "result.json":  # the document says it all
                yield name.as_posix(), hashlib.sha256(content).hexdigest()
