"""What a trace keeps at each level, written down once more from `docs/semantics.md` 11.

Engines ask `containers.trace` what to keep. Whoever judges what they kept asks here: a mistake in
the engines' table would else be looked at by the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from containers.events import EventKind

__all__ = ["due_kinds"]

_DUE: Final[Mapping[str, frozenset[EventKind]]] = {
    "none": frozenset(),
    "minimal": frozenset({EventKind.FILL}),
    "standard": frozenset(
        {
            EventKind.FILL,
            EventKind.SIGNAL,
            EventKind.ORDER_REQUEST,
            EventKind.ORDER,
            EventKind.REJECTION,
            EventKind.CANCELLATION,
            EventKind.PORTFOLIO_UPDATE,
            EventKind.CLASSIFICATION,
        }
    ),
    "detailed": frozenset(EventKind),
}


def due_kinds(
    container: str, level: str, overrides: Mapping[str, str] | None = None
) -> frozenset[EventKind]:
    """Give the kinds of events of a container that a trace must keep, and may keep.

    Args:
        container: Id of the publisher, for example ``strategy/fast``.
        level: The unit's level.
        overrides: Globs over ids, matched with case, and a level each; the last that fits decides.

    Raises:
        KeyError: There is no such level.

    >>> sorted(due_kinds("execution", "none", {"*": "minimal"}))
    [<EventKind.FILL: 'FILL'>]
    """
    fitting = [other for glob, other in (overrides or {}).items() if fnmatchcase(container, glob)]
    return _DUE[fitting[-1] if fitting else level]
