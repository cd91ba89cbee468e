"""What there is, as a document. Nothing that takes long is loaded for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypedDict

from parity.listing import KINDS, Item
from parity.listing.item import Engine

__all__ = ["SCHEMA", "ListDocument", "list_document"]

SCHEMA: Final = "paritykit/list/1"


class ItemPart(TypedDict):
    """A thing that a name can mean: who has it, and the file it is written in."""

    name: str
    engine: Engine
    origin: str


class ComponentPart(ItemPart):
    """A component, with its kind: strategy, classifier, risk profile."""

    kind: str


class ListDocument(TypedDict):
    """Everything that a name in a configuration or a pattern can mean."""

    schema: Literal["paritykit/list/1"]
    workflows: list[ItemPart]
    sequences: list[ItemPart]
    topologies: list[ItemPart]
    modules: list[ItemPart]
    components: list[ComponentPart]


def list_document(items: Sequence[Item]) -> ListDocument:
    """Give the document."""

    def of(section: str) -> list[ItemPart]:
        return [_part(item) for item in items if KINDS[item.kind] == section]

    return {
        "schema": SCHEMA,
        "workflows": of("workflows"),
        "sequences": of("sequences"),
        "topologies": of("topologies"),
        "modules": of("modules"),
        "components": [
            {**_part(item), "kind": item.kind} for item in items if KINDS[item.kind] == "components"
        ],
    }


def _part(item: Item) -> ItemPart:
    return {"name": item.name, "engine": item.engine, "origin": item.origin}
