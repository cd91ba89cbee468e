"""What a strategy knows of those it hears: their latest views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from containers.components import FLAT, Decision
from containers.events import Signal

__all__ = ["Panel"]


class Panel:
    """The latest view of each member on each symbol, (0, 1.0) before its first.

    Members speak in their own containers, ``strategy/{name}``, when their views change. Those act
    before the one that hears them, so that what is read here is of the same slice.

    Args:
        members: Names of the strategies heard, in the order in which their views are wanted.
    """

    __slots__ = ("_before", "_places", "_views")

    def __init__(self, members: Iterable[str]) -> None:
        self._places = {f"strategy/{name}": place for place, name in enumerate(members)}
        self._before = [FLAT] * len(self._places)
        self._views: dict[str, list[Decision]] = {}

    def hear(self, signal: Signal) -> None:
        """Note a member's new view."""
        views = self._views.setdefault(signal.symbol, self._before.copy())
        views[self._places[signal.container]] = Decision(signal.direction, signal.strength)

    def views(self, symbol: str) -> Sequence[Decision]:
        """Give the members' latest views of a symbol, in order."""
        return tuple(self._views.get(symbol, self._before))
