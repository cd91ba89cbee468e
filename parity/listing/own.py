"""What a user brings: components and definitions in Python, patterns in YAML.

Loading them means loading the engines, which is why this is a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from containers.components import default_components
from containers.components.discovery import place_of
from parity.listing.item import Item
from parity.own import Own

__all__ = ["own_components", "own_patterns"]


def own_components(folder: Path | None) -> Iterator[Item]:
    """Give the components of installed distributions and of a folder, and a folder's definitions.

    Raises:
        ConfigurationError: Something is no good, or a name is taken.
    """
    own, shipped = Own(components=folder), default_components()
    for kind, there, here in (
        ("strategy", shipped.strategies, own.components.strategies),
        ("classifier", shipped.classifiers, own.components.classifiers),
    ):
        for name, cls in here.items():
            if name not in there:
                yield Item(kind, name, "both", _origin(cls))
    if own.definitions is not None:
        for kind, found in (
            ("workflow", own.definitions.workflows),
            ("sequence", own.definitions.sequences),
            ("topology", own.definitions.topologies),
            ("module", own.definitions.modules),
        ):
            for name, cls in found.items():
                yield Item(kind, name, "imperative", _origin(cls))


def own_patterns(folder: Path) -> Iterator[Item]:
    """Give the patterns of a folder.

    Raises:
        ConfigurationError: Something in it is no pattern, or a name is taken.
    """
    from declarative import shipped

    library, there = shipped().with_folder(folder), shipped()
    kinds: Mapping[str, Any] = {
        "workflow": library.workflows(),
        "sequence": library.sequences(),
        "topology": library.topologies(),
    }
    if hasattr(library, "modules"):
        kinds = {**kinds, "module": library.modules()}
    for kind, found in kinds.items():
        for name, pattern in found.items():
            if name not in there.names(kind):
                yield Item(kind, name, "declarative", pattern.origin)


def _origin(thing: object) -> str:
    return place_of(thing).rpartition(":")[0]
