"""Everything that can be seen of a run, as plain data that two runs either share or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from containers.journal import Entry
from containers.results import WorkflowResult
from tests.contract.conftest import made
from tests.contract.definitions import Definition

__all__ = ["ID", "Observation", "Study", "observe"]

ID: Final = "mine"


@dataclass(frozen=True)
class Study:
    """What is run: a configuration, the definitions it needs, and how a subject is made."""

    config: Mapping[str, Any]
    definitions: Sequence[Definition] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


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


def observe(
    engine: str,
    study: Study,
    root: Path,
    *,
    resume: bool = False,
    consumers: Sequence[Callable[[Entry], None]] = (),
    **options: Any,
) -> Observation:
    """Run a study through an engine and look at everything.

    Args:
        engine: Its name.
        study: What to run.
        root: Where it writes: results, and the patterns it is given.
        resume: Whether the run that is there goes on.
        consumers: Hear the journal, before it is noted.
        options: More for the engine's constructor.
    """
    entries: list[Entry] = []
    subject = made(
        engine,
        study.definitions,
        root / "patterns",
        root=root,
        consumers=[*consumers, entries.append],
        **{**study.options, **options},
    )
    result = subject.run_workflow(study.config, ID, resume=resume)
    return _observation(result, entries, root / "results" / ID)


def _observation(result: WorkflowResult, entries: list[Entry], folder: Path) -> Observation:
    document = result.to_document()
    # An error's text may name the folder, which is another for every run.
    text = json.dumps(document).replace(str(folder.parents[1]), "ROOT")
    journal = json.dumps([_plain(entry) for entry in entries])
    files = {} if not folder.is_dir() else dict(_files(folder))
    return Observation(
        {key: value for key, value in json.loads(text).items() if key != "engine"},
        json.loads(journal.replace(str(folder.parents[1]), "ROOT")),
        files,
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
