"""One thing that there is, and the kinds of things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["KINDS", "Engine", "Item"]

Engine: TypeAlias = Literal["imperative", "declarative", "both"]

KINDS: Final[Mapping[str, str]] = {
    "workflow": "workflows",
    "sequence": "sequences",
    "topology": "topologies",
    "module": "modules",
    "strategy": "components",
    "classifier": "components",
    "risk profile": "components",
}
"""Kinds of things, and the list each is in."""


class Item(NamedTuple):
    """One thing that a name in a configuration or definition can mean.

    Attributes:
        kind: A key of `KINDS`.
        name: By which it is found.
        engine: ``imperative``, ``declarative``, or ``both`` for components, which they share.
        origin: The file it is written in, or what says so.
    """

    kind: str
    name: str
    engine: Engine
    origin: str
