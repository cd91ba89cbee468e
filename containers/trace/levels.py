"""How much of a unit a trace keeps.

A level changes what is kept and nothing else: events outside it are still published and numbered.
`KINDS` is the whole rule; ``trace.containers`` of the configuration overrides it container by
container.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from containers.events import EventKind

__all__ = ["KINDS", "TraceLevel", "kept_kinds", "lower_level"]


class TraceLevel(StrEnum):
    """Levels from nothing to everything; each keeps what the one before keeps, and more.

    They compare by how much they keep, not by the alphabet:

    >>> min(TraceLevel.DETAILED, TraceLevel.MINIMAL)
    <TraceLevel.MINIMAL: 'minimal'>
    """

    NONE = "none"
    MINIMAL = "minimal"
    STANDARD = "standard"
    DETAILED = "detailed"

    @property
    def rank(self) -> int:
        """How far up the level stands, from 0."""
        return _RANKS[self]

    # Text would order "detailed" before "minimal", and min() of two levels would be silently wrong.
    def __lt__(self, other: str) -> bool:
        return self.rank < TraceLevel(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= TraceLevel(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > TraceLevel(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= TraceLevel(other).rank


_RANKS: Final[Mapping[TraceLevel, int]] = {level: rank for rank, level in enumerate(TraceLevel)}

_MINIMAL: Final = frozenset({EventKind.FILL})
_STANDARD: Final = _MINIMAL | {
    EventKind.SIGNAL,
    EventKind.ORDER_REQUEST,
    EventKind.ORDER,
    EventKind.REJECTION,
    EventKind.CANCELLATION,
    EventKind.PORTFOLIO_UPDATE,
    EventKind.CLASSIFICATION,
}

KINDS: Final[Mapping[TraceLevel, frozenset[EventKind]]] = {
    TraceLevel.NONE: frozenset(),
    TraceLevel.MINIMAL: _MINIMAL,
    TraceLevel.STANDARD: _STANDARD,
    TraceLevel.DETAILED: frozenset(EventKind),
}


def kept_kinds(
    container_id: str,
    level: TraceLevel | str,
    overrides: Mapping[str, TraceLevel | str] | None = None,
) -> frozenset[EventKind]:
    """Tell which kinds of a container's events are kept.

    Args:
        container_id: Id of the publisher, for example ``strategy/fast``.
        level: The unit's level, for containers that no override matches.
        overrides: Globs over container ids, matched with case, and the level of what they match.
            ``*`` also matches ``/``. When several match, the last declared decides.

    Raises:
        ValueError: A level does not exist.

    >>> sorted(kept_kinds("strategy/fast", "none", {"*": "minimal", "strategy/*": "none"}))
    []
    """
    chosen = TraceLevel(level)
    for glob, override in (overrides or {}).items():
        if fnmatchcase(container_id, glob):
            chosen = TraceLevel(override)
    return KINDS[chosen]


def lower_level(first: TraceLevel | str, *others: TraceLevel | str) -> TraceLevel:
    """Give the level that keeps least: two traces are comparable up to it.

    >>> lower_level("detailed", "standard")
    <TraceLevel.STANDARD: 'standard'>
    """
    return min(TraceLevel(level) for level in (first, *others))
