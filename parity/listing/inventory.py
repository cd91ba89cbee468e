"""The shipped things, those of installed distributions, and a user's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parity.listing import shipped
from parity.listing.item import KINDS, Item

__all__ = ["inventory"]

_PATTERNS: Final = frozenset({"workflow", "sequence", "topology", "module"})
_IMPERATIVE: Final = {
    "workflow": "workflows", "sequence": "sequences", "topology": "topologies", "module": "modules",
}  # fmt: skip


def inventory(patterns: Path | None = None, components: Path | None = None) -> list[Item]:
    """Give everything there is, by kind, engine and name.

    Args:
        patterns: A folder of YAML patterns of the user's own.
        components: A folder of Python files of the user's own.

    Raises:
        ConfigurationError: A folder is none, or something in it is no good.
    """
    items = [*_shipped()]
    if _has_entry_points() or components is not None:
        from parity.listing.own import own_components

        items += own_components(components)
    if patterns is not None:
        from parity.listing.own import own_patterns

        items += own_patterns(patterns)
    order = list(KINDS)
    return sorted(items, key=lambda item: (order.index(item.kind), item.engine, item.name))


def _shipped() -> Iterator[Item]:
    for kind, package in _IMPERATIVE.items():
        for name, file in shipped.definitions(package):
            yield Item(kind, name, "imperative", file.as_posix())
    for kind, name, file in shipped.patterns():
        if kind in _PATTERNS:
            yield Item(kind, name, "declarative", file.as_posix())
    for kind, name, file in shipped.components():
        yield Item(kind, name, "both", file.as_posix())


def _has_entry_points() -> bool:
    from importlib.metadata import entry_points

    return bool(entry_points(group="paritykit.components"))
