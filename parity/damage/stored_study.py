"""A small study that is stored, and what comes of it when it is taken up again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from containers.configuration import UserInput, read_user
from containers.errors import ConfigPath, ContainersError
from containers.journal import Entry, UnitExecuted
from containers.results import WorkflowResult
from parity.damage.frames import is_whole
from parity.damage.observation import Observation, observation_of
from parity.own import Own
from parity.subjects.engine import told

__all__ = ["ID", "RUN", "StoredStudy", "copied", "logs", "plain_text", "raised_by"]

ID: Final = "mine"
RUN: Final = Path("results") / ID
"""Folder of the run, below its root."""

_PARTS: Final = re.compile(r"(\.\d+)\.\d+-[0-9a-f]{8}(\.part)")
_SIZES: Final = re.compile(r"has \d+ bytes; trace.json states \d+")
_ARROW: Final = re.compile(r"(could not be read as [a-z ]+|is damaged or foreign): [^;]*")


def plain_text(text: str, root: Path) -> str:
    """Leave out of a text where it was said, by which process, and what Arrow says of bytes."""
    text = text.replace(str(root), "ROOT").replace(str(root.resolve()), "ROOT")
    text = _SIZES.sub("has another size than trace.json states", text)
    return _ARROW.sub(r"\1", _PARTS.sub(r"\1.PROCESS\2", text))


def raised_by(
    act: Callable[[], Any], root: Path, meant: tuple[type[Exception], ...] = ()
) -> str | None:
    """Give what something raises, as text; null when it raises nothing.

    Args:
        act: What is done.
        root: Left out of the text.
        meant: What may be raised beside our own errors.
    """
    try:
        act()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told
        text = f"{type(error).__name__}: {error}"
        is_meant = isinstance(error, (ContainersError, *meant))
        return plain_text(text if is_meant else f"not meant: {text}", root)
    return None


class _Interruption(KeyboardInterrupt):
    """Raised in place of a Ctrl-C."""


class StoredStudy:
    """The study of a folder, through one engine.

    Args:
        engine: Its name.
        home: Has ``study.yaml``, ``patterns`` and ``components``.
        settings: What is otherwise than the file says, by path.
    """

    def __init__(
        self, engine: str, home: Path, settings: Mapping[ConfigPath, Any] | None = None
    ) -> None:
        self.engine: Final = engine
        self._home: Final = home
        self._own: Final = Own(home / "patterns", home / "components")
        # What is no text is put in as a configuration made in Python has it.
        self._settings: Final[Mapping[ConfigPath, Any]] = settings or {}

    def given(self, **more: Any) -> UserInput:
        """Give the configuration, with more settings: ``results__storage`` is results.storage."""
        settings: dict[ConfigPath, Any] = {**self._settings}
        settings.update({tuple(name.split("__")): value for name, value in more.items()})
        return told(read_user(self._home / "study.yaml"), settings)

    def run(
        self,
        root: Path,
        *,
        workflow_id: str | None = ID,
        resume: bool = False,
        given: UserInput | None = None,
        consumers: Sequence[Callable[[Entry], None]] = (),
        **options: Any,
    ) -> WorkflowResult:
        """Run it below ``root``; ``options`` are more for the engine's constructor."""
        engine = self._own.engine(self.engine, root=root, consumers=consumers, **options)
        return engine.run_workflow(given or self.given(), workflow_id, resume=resume)

    def observed(self, root: Path, **how: Any) -> Observation:
        """Run it, and look at everything."""
        entries: list[Entry] = []
        result = self.run(root, consumers=[entries.append], **how)
        return observation_of(result, entries, root / RUN, root)

    def interrupted(self, root: Path, units: int, **how: Any) -> None:
        """Run it until so many units have finished, then leave as Ctrl-C does."""
        finished = 0

        def hear(entry: Entry) -> None:
            nonlocal finished
            # The record behind it: what has finished is kept by then.
            if finished >= units:
                raise _Interruption
            finished += isinstance(entry.record, UnitExecuted)

        try:
            self.run(root, consumers=[hear], **how)
        except _Interruption:
            return
        raise AssertionError(f"it came to its end before {units} units had finished")

    def outcome(
        self, root: Path, expected: Observation, damaged: Path | None = None, **how: Any
    ) -> str:
        """Take a run up again: say that all is the same, or what is said of it instead.

        Args:
            root: Where it lies.
            expected: What it comes to when nothing is damaged.
            damaged: A file that may be read as it is, and stay so.
            how: As for `run`.
        """
        folder = root / RUN
        before = _recorded(folder)
        seen: list[Observation] = []
        said = raised_by(lambda: seen.append(self.observed(root, resume=True, **how)), root)
        if said is not None:
            return said
        (one,) = seen
        error = one.document["error"]
        if error is not None:
            return plain_text(f"{error['type']} of {error['path']}: {error['message']}", root)
        kept = None if damaged is None else damaged.relative_to(RUN).as_posix()
        there, due = one.files, expected.files
        others = sorted(name for name in {**there, **due} if there.get(name) != due.get(name))
        listed = "manifest.json" if there.keys() != due.keys() else None
        for name in others:
            if name in there and name in due and name not in (kept, listed):
                return f"not meant: another file {name}"
        if one.document != expected.document:
            return "not meant: another result"
        if one.journal != expected.journal:
            return "not meant: another journal"
        left = sorted(
            plain_text(file.relative_to(folder).as_posix(), root)
            for file in folder.rglob(".*")
            if file.name != ".lock"
        )
        torn = [
            f"a torn {log.relative_to(folder).as_posix()}"
            for log in sorted(folder.rglob("*.log"))
            if log.is_file() and not is_whole(log.read_bytes())
        ]
        units = len(_recorded(folder) - before)
        less = [f"without {name}" for name in others if name not in there]
        more = [f"with {name}" for name in others if name not in due]
        ran = [f"{units} units run"] if units else []
        return ", ".join(["the same", *ran, *less, *more, *left, *torn])


def logs(engine: str, home: Path, storage: str = "disk") -> StoredStudy:
    """Give the study whose logs are damaged: with little beside them, since it runs often."""
    settings: dict[ConfigPath, object] = {
        ("workflow",): "logged",
        ("trace_level",): "minimal",
        ("results", "storage"): storage,
        ("results", "store_full_results"): False,
    }
    return StoredStudy(engine, home, settings)


def copied(base: Path, root: Path) -> Path:
    """Copy a run; answer its root."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(base, root, symlinks=True)
    return root


def _recorded(folder: Path) -> set[int]:
    """Say of each trace when it was written: that of a unit which is not run again stays."""
    return {file.stat().st_mtime_ns for file in folder.rglob("trace.json") if file.is_file()}
