"""What a caller brings on the command line: folders of patterns and of Python files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from containers.components import Components
    from parity.subjects.engine import Engine

__all__ = ["ENGINES", "Own"]

ENGINES = ("imperative", "declarative")


class Own:
    """A user's own patterns, components and definitions, loaded when they are asked for.

    Components of installed distributions belong to them. All of it is for both engines, except
    that patterns are the declarative engine's and Python definitions the imperative one's.

    Args:
        patterns: A folder of YAML patterns; null: none.
        components: A folder of Python files: strategies, classifiers, workflows, sequences,
            topologies, modules; null: none.
    """

    def __init__(
        self, patterns: Path | str | None = None, components: Path | str | None = None
    ) -> None:
        self.patterns = None if patterns is None else Path(patterns)
        self.folder = None if components is None else Path(components)

    @cached_property
    def components(self) -> Components:
        """The shipped components, those of installed distributions, and the folder's.

        Raises:
            ConfigurationError: Something is no good, or a name is taken.
        """
        from containers.components import default_components
        from containers.components.discovery import with_entry_points, with_folder

        components = with_entry_points(default_components())
        return components if self.folder is None else with_folder(components, self.folder)

    @cached_property
    def definitions(self) -> Any:
        """The folder's workflows, sequences, topologies and modules; null without a folder.

        Raises:
            ConfigurationError: Something is no good, or a name is taken.
        """
        if self.folder is None:
            return None
        from imperative.discovery import load_folder

        return load_folder(self.folder)

    def engine(self, name: str, **options: Any) -> Engine:
        """Make one of the two engines with all of this.

        Args:
            name: One of `ENGINES`.
            options: Further arguments of its constructor.

        Raises:
            ConfigurationError: Something is no good, or a name is taken.
        """
        made: Engine
        if name == "imperative":
            from imperative import Coordinator

            more: Mapping[str, Any] = {}
            if self.folder is not None:
                more = {"definitions": self.definitions}
            made = Coordinator(components=self.components, **more, **options)
        else:
            from declarative import DeclarativeWorkflowManager

            made = DeclarativeWorkflowManager(
                components=self.components, patterns=self.patterns, **options
            )
        return made
