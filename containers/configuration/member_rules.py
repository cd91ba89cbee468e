"""Whom a strategy may hear: those that are declared before it.

That order is what lets it read, in each slice, what its members have just said; and it makes a
circle of strategies impossible to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from containers.components import Components
from containers.configuration.structure import Finding
from containers.errors import ConfigPath
from containers.nearest import did_you_mean

__all__ = ["check_members"]


def check_members(
    path: ConfigPath, strategies: Sequence[Any], components: Components
) -> Iterator[Finding]:
    """Find members that are no strategies, come later, or are the strategy itself.

    A list of strategies is never merged with another, so a part of a configuration that has one
    can be checked as well as a complete one. What is malformed is passed over.

    Args:
        path: Of the list.
        strategies: The list, plain data.
        components: What exists.
    """
    names = [_name(item) for item in strategies]
    for place, item in enumerate(strategies):
        own, before = names[place], [name for name in names[:place] if name is not None]
        for parameter, members in _members(item, components):
            for member in members:
                if member in before:
                    continue
                here = (*path, place, "parameters", parameter, member)
                if member == own:
                    message = f"the strategy '{own}' cannot be its own member"
                    hint = "remove it"
                elif member in names:
                    message = f"the member '{member}' is declared after '{own}'"
                    hint = f"move the strategy '{member}' before '{own}'"
                else:
                    message = f"there is no strategy '{member}' before '{own}'"
                    hint = did_you_mean(member, before) if before else "declare it before this one"
                yield Finding(here, message, hint, at_key=True)


def _name(item: Any) -> str | None:
    name = item.get("name", item.get("type")) if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else None


def _members(item: Any, components: Components) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the parameters of a strategy that name members, with what they name."""
    if not isinstance(item, Mapping):
        return
    kind, given = item.get("type"), item.get("parameters")
    if not isinstance(kind, str) or kind not in components.strategies:
        return
    declared = components.strategies[kind].parameters
    for name, value in given.items() if isinstance(given, Mapping) else ():
        hears = name in declared and declared[name].kind == "members"
        if hears and isinstance(value, Mapping):
            yield name, value
