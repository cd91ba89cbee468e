"""What an engine says of a configuration that it refuses or that fails, word by word.

Comparing engines, and results with approved ones, leaves wording to each engine. What each says is
held here against texts that were looked at: ``fixtures/told`` has one for each configuration, with
a section for each engine, or one for both where they say the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

import containers
from containers.errors import ConfigurationError
from containers.results import ErrorInfo, WorkflowResult
from parity.own import ENGINES, Own

__all__ = ["Telling", "read_told", "tell", "tellings", "written"]

_MARK: Final = "== "


class Telling(msgspec.Struct, frozen=True, tag=True):
    """A configuration, and what an engine must say of it.

    Attributes:
        config: Its file.
        engine: Who says it.
        told: What must be said.
        root: Folder whose name is struck from what is said.
        patterns: Folder of a user's own patterns; null: none.
        components: Folder of a user's own components and definitions; null: none.
    """

    config: str
    engine: str
    told: str
    root: str
    patterns: str | None = None
    components: str | None = None

    def seen(self, folder: Path) -> str | None:
        """Ask the engine; say what it says when that is something else."""
        now = tell(
            Path(self.config), self.engine, Path(self.root), folder, self.patterns, self.components
        )
        if now == self.told:
            return None
        return f"{self.engine} says: {now}"


def tell(
    config: Path,
    engine: str,
    root: Path,
    folder: Path,
    patterns: str | None = None,
    components: str | None = None,
) -> str:
    """Give what an engine says of a configuration: a line for its status, and one per problem.

    Args:
        config: Its file.
        engine: Name of the engine.
        root: Folder whose name is struck from what is said.
        folder: Where results go.
        patterns: Folder of a user's own patterns; null: none.
        components: Folder of a user's own components and definitions; null: none.
    """
    try:
        engine_ = _own(patterns, components).engine(engine, root=folder)
        result = engine_.run_workflow(config, "told")
    except ConfigurationError as error:
        text = "\n".join(["refused", *map(str, error.problems)])
    else:
        status = "succeeded" if result.success else "failed"
        text = "\n".join([status, *_said(result)])
    code = Path(containers.__file__).resolve().parents[1]  # elsewhere, when it is a changed copy
    text = text.replace(f"{code}{os.sep}", "")
    return text.replace(f"{root}{os.sep}", "").replace(str(folder), "ROOT")


@cache
def _own(patterns: str | None, components: str | None) -> Own:
    """Load what is a user's own once in a process."""
    return Own(patterns, components)


def _said(result: WorkflowResult) -> Iterator[str]:
    """Give every error and every reason of a run, in order; what decides it last."""
    for each in result.iterations:
        for name, phase in each.phase_results.items():
            if phase.error is not None:
                yield from _of_error(phase.error)
            if phase.reason is not None:
                yield f"{each.index}/{name}: {phase.reason}"
        for branch in each.branches.values():
            yield from _said(branch)
    if result.error is not None:
        yield f"the run: {next(_of_error(result.error))}"


def _of_error(error: ErrorInfo) -> Iterator[str]:
    where = f" in {error.container} ({error.activity})" if error.container else ""
    yield f"{error.path}: {error.type}{where}: {error.message}"
    for cause in error.causes:
        yield f"  because of {cause}"
    for attached in error.attached:
        for line in _of_error(attached):
            yield f"  then {line}"


def written(told: Mapping[str, str]) -> str:
    """Write what engines say, by their names; once where all say the same."""
    if len(set(told.values())) == 1:
        told = {", ".join(told): next(iter(told.values()))}
    return "".join(f"{_MARK}{names}\n{text}\n" for names, text in told.items())


def read_told(file: Path) -> dict[str, str]:
    """Read what `written` gave.

    Raises:
        ValueError: The file is something else.
    """
    told: dict[str, str] = {}
    content = file.read_bytes().decode().removesuffix("\n")
    for section in content.split(f"\n{_MARK}"):
        names, _, text = section.removeprefix(_MARK).partition("\n")
        for name in names.split(", "):
            if name not in ENGINES:
                raise ValueError(f"{file}: found {name!r}, expected the name of an engine")
            told[name] = text
    return told


def tellings(root: Path) -> Iterator[tuple[str, Telling]]:
    """Give what each engine must say of what is wrong or fails, by configuration and engine.

    Args:
        root: Folder of the project.
    """
    fixtures = root / "fixtures"
    for file in sorted((fixtures / "told").rglob("*.txt")):
        config = fixtures / file.relative_to(fixtures / "told").with_suffix(".yaml")
        own = config.parent if config.parent.parent.name == "wrong" else fixtures / "own"
        patterns, components = own / "patterns", own / "components"
        for engine, told in read_told(file).items():
            yield (
                f"{config.relative_to(root).as_posix()} by {engine}",
                Telling(
                    config=str(config),
                    engine=engine,
                    told=told,
                    root=str(root),
                    patterns=str(patterns) if patterns.is_dir() else None,
                    components=str(components) if components.is_dir() else None,
                ),
            )
