"""The patterns and definitions of an example, made ready once for all its runs."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from parity.own import Own

if TYPE_CHECKING:
    from containers.components import Components
    from declarative.patterns import Library
    from parity.subjects.engine import Engine

__all__ = ["ExampleOwn"]


class ExampleOwn(Own):
    """What an example brings.

    It has no components of its own. What installed distributions bring is looked up once in a
    process and not for each of thousands of examples, which would take longer than running them.
    """

    @cached_property
    def components(self) -> Components:
        """The shipped components, and those of installed distributions."""
        return _components()

    @cached_property
    def library(self) -> Library:
        """All patterns, the example's among them.

        Raises:
            ConfigurationError: One of them is no good.
        """
        return _library() if self.patterns is None else _library().with_folder(self.patterns)

    def engine(self, name: str, **options: Any) -> Engine:
        """Make one of the two engines; as `Own.engine`."""
        if name != "declarative":
            return super().engine(name, **options)
        from declarative import DeclarativeWorkflowManager

        return DeclarativeWorkflowManager(
            components=self.components, patterns=self.library, **options
        )


@cache
def _components() -> Components:
    from containers.components import default_components
    from containers.components.discovery import with_entry_points

    return with_entry_points(default_components())


@cache
def _library() -> Library:
    from declarative.patterns import installed

    return installed()
