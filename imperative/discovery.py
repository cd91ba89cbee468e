"""Where workflows, sequences, topologies and modules come from.

Shipped ones; those of installed distributions (entry points of the group `GROUP`, each a class);
those of a folder that the caller names (`load_folder`), never a configuration; and those handed to
the coordinator. Two of one name are an error that shows both places.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from containers.components.discovery import load_modules
from containers.errors import ConfigurationError, Problem
from imperative.sequences import SEQUENCES, PhaseSequence
from imperative.topologies import TOPOLOGIES, Topology
from imperative.workflow import Module, Workflow
from imperative.workflows import WORKFLOWS

__all__ = ["GROUP", "Definitions", "all_definitions", "load_folder"]

GROUP: Final = "paritykit.imperative"

Class = TypeVar("Class", bound=type)


class Definitions(msgspec.Struct, frozen=True):
    """Classes by what phases and configurations call them."""

    workflows: Mapping[str, type[Workflow]] = {}
    sequences: Mapping[str, type[PhaseSequence]] = {}
    topologies: Mapping[str, type[Topology]] = {}
    modules: Mapping[str, type[Module]] = {}


def load_folder(folder: str | Path) -> Definitions:
    """Import the .py files of a folder, and give the definitions in them.

    Args:
        folder: Code in it runs; name only folders whose code you would run.

    Raises:
        ConfigurationError: It is no folder, a file cannot be imported, or two definitions have
            one name.
    """
    classes: list[type] = []
    for module in load_modules(Path(folder)):
        own = [value for value in vars(module).values() if inspect.isclass(value)]
        classes += (cls for cls in own if cls.__module__ == module.__name__)
    return _sorted_out(classes)


@cache
def _installed() -> Definitions:
    """Give the definitions of installed distributions."""
    classes: list[type] = []
    for point in entry_points(group=GROUP):
        loaded = point.load()
        if not inspect.isclass(loaded) or not issubclass(loaded, tuple(_KINDS.values())):
            message = f"the entry point {point.name} = {point.value} of {GROUP} is no definition"
            hint = "it must be a subclass of Workflow, PhaseSequence, Topology or Module"
            raise ConfigurationError([Problem(message, hint=hint)])
        classes.append(loaded)
    return _sorted_out(classes)


def all_definitions(*own: Definitions | None) -> Definitions:
    """Put shipped, installed and further definitions together.

    Raises:
        ConfigurationError: Two have one name.
    """
    shipped = Definitions(workflows=WORKFLOWS, sequences=SEQUENCES, topologies=TOPOLOGIES)
    held = [shipped, _installed(), *(part for part in own if part is not None)]
    return Definitions(
        **{noun: _joined(noun, [getattr(part, noun) for part in held]) for noun in _KINDS}
    )


_KINDS: Final[Mapping[str, type]] = {
    "workflows": Workflow,
    "sequences": PhaseSequence,
    "topologies": Topology,
    "modules": Module,
}


def _sorted_out(classes: Iterable[type]) -> Definitions:
    found: dict[str, dict[str, Any]] = {noun: {} for noun in _KINDS}
    for cls in classes:
        for noun, kind in _KINDS.items():
            if issubclass(cls, kind) and not inspect.isabstract(cls):
                name = getattr(cls, "name", None)
                if not isinstance(name, str) or not name:
                    message = f"{_place(cls)} has no name, expected one as a class attribute"
                    raise ConfigurationError([Problem(message)])
                found[noun] = _joined(noun, [found[noun], {name: cls}])
    return Definitions(**found)


def _joined(noun: str, parts: Iterable[Mapping[str, Class]]) -> dict[str, Class]:
    joined: dict[str, Class] = {}
    for part in parts:
        for name, cls in part.items():
            if joined.setdefault(name, cls) is not cls:
                message = f"two {noun} are called '{name}': {_place(joined[name])}, {_place(cls)}"
                raise ConfigurationError([Problem(message, hint="rename one of them")])
    return joined


def _place(cls: type) -> str:
    """Say where a class is written."""
    try:
        file, line = inspect.getsourcefile(cls), inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return f"{cls.__module__}.{cls.__qualname__}"
    return f"{cls.__qualname__} in {file}:{line}"
