"""Finding patterns: the shipped ones, and a user's own beside them.

1. `shipped` reads the packaged patterns, once per process; `installed` adds those of plugins.
2. `Library.with_folder` adds every ``.yaml`` file below a user's folder; ``kind`` and ``name``
   inside the file say what it is, wherever it lies.
3. A library answers by kind and name; what isn't there is an error with the nearest name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Generic, TypeVar

from containers.errors import ConfigurationError, Location, Problem
from containers.strict_yaml import Document, load, loads
from declarative.definitions import (
    DefaultsDefinition,
    Definition,
    ModuleDefinition,
    PartDefinition,
    SequenceDefinition,
    TopologyDefinition,
    WorkflowDefinition,
)
from declarative.errors import PatternError
from declarative.references import Node
from declarative.schema import definition_of

__all__ = ["PLUGINS", "Library", "Pattern", "installed", "pattern_of", "shipped"]

D = TypeVar("D", bound=Definition, covariant=True)
Of = TypeVar("Of", bound=Definition)

DEFAULTS: Final = "engine"
"""Name of the defaults pattern below all configurations."""

PLUGINS: Final = "paritykit.patterns"
"""Group of entry points whose packages hold patterns."""


@dataclass(frozen=True, slots=True)
class Pattern(Generic[D]):
    """A checked pattern and the document it was read from."""

    definition: D
    document: Document

    @property
    def name(self) -> str:
        """The name it is found by."""
        return self.definition.name

    @property
    def origin(self) -> str:
        """The file it stands in."""
        return self.document.file

    def node(self, *path: str | int) -> Node:
        """Give the value at ``path``, which must be there, with its position."""
        return Node(self.document, (), self.document.data).at(*path)


def pattern_of(document: Document) -> Pattern[Definition]:
    """Check a document.

    Raises:
        PatternError: It is no pattern.
    """
    return Pattern(definition_of(document), document)


class Library:
    """Patterns by kind and name; frozen.

    Raises:
        PatternError: Two patterns of one kind have the same name.
    """

    def __init__(self, patterns: Iterable[Pattern[Definition]]) -> None:
        self._patterns: dict[tuple[str, str], Pattern[Definition]] = {}
        problems: list[Problem] = []
        for pattern in patterns:
            kind, name = pattern.definition.kind, pattern.name
            first = self._patterns.setdefault((kind, name), pattern)
            if first is not pattern:
                place = pattern.document.locate(("name",))
                other = first.document.locate(("name",))
                message = f"the {kind} '{name}' exists already, at {other}"
                hint = "choose another name"
                problems.append(Problem(message, path=("name",), location=place, hint=hint))
        if problems:
            raise PatternError(problems)

    def with_folder(self, folder: Path) -> Library:
        """Give a library that also has the patterns below ``folder``.

        Raises:
            PatternError: There is no such folder, or something in it is no pattern or has the name
                of another.
        """
        if not folder.is_dir():
            message = "there is no such folder of patterns"
            raise PatternError([Problem(message, location=Location(str(folder)))])
        paths = sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml"))
        found: list[Pattern[Definition]] = []
        problems: list[Problem] = []
        for path in paths:
            try:
                found.append(pattern_of(load(path)))
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            raise PatternError(problems)
        return Library([*self._patterns.values(), *found])

    def __iter__(self) -> Iterator[Pattern[Definition]]:
        return iter(self._patterns.values())

    def names(self, kind: str) -> tuple[str, ...]:
        """Give the names of all patterns of a kind, sorted."""
        return tuple(sorted(name for found, name in self._patterns if found == kind))

    def workflows(self) -> Mapping[str, Pattern[WorkflowDefinition]]:
        """Give all workflows by name."""
        return self._of(WorkflowDefinition)

    def sequences(self) -> Mapping[str, Pattern[SequenceDefinition]]:
        """Give all sequences by name."""
        return self._of(SequenceDefinition)

    def topologies(self) -> Mapping[str, Pattern[TopologyDefinition]]:
        """Give all topologies by name."""
        return self._of(TopologyDefinition)

    def modules(self) -> Mapping[str, Pattern[ModuleDefinition]]:
        """Give all modules by name."""
        return self._of(ModuleDefinition)

    def parts(self) -> Mapping[str, Pattern[PartDefinition]]:
        """Give all parts of topologies by name."""
        return self._of(PartDefinition)

    @property
    def defaults(self) -> Pattern[DefaultsDefinition]:
        """The defaults below all configurations."""
        return self._of(DefaultsDefinition)[DEFAULTS]

    def _of(self, kind: type[Of]) -> dict[str, Pattern[Of]]:
        return {
            pattern.name: Pattern(pattern.definition, pattern.document)
            for pattern in self._patterns.values()
            if isinstance(pattern.definition, kind)
        }


def installed() -> Library:
    """Give the shipped patterns and those of plugins: entry points of the group `PLUGINS`.

    An entry point names a package or module; every ``.yaml`` file in its folder, and below, is a
    pattern.

    Raises:
        PatternError: A plugin cannot be found, or something in it is no pattern or has the name of
            another.
    """
    library = shipped()
    for point in sorted(entry_points(group=PLUGINS), key=lambda point: (point.name, point.value)):
        try:
            folder = Path(str(files(point.module)))
        except (ModuleNotFoundError, TypeError, ValueError) as error:
            message = f"the patterns '{point.name}' ({point.value}) cannot be found: {error}"
            raise PatternError([Problem(message, hint="is the package installed?")]) from None
        library = library.with_folder(folder)
    return library


@cache
def shipped() -> Library:
    """Give the patterns that come with this package."""
    folder = files("declarative") / "patterns"
    return Library(
        pattern_of(loads(file.read_text(encoding="utf-8"), name))
        for name, file in _yaml_files(folder, "declarative/patterns")
    )


def _yaml_files(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _yaml_files(entry, path)
        elif entry.name.endswith(".yaml"):
            yield path, entry
