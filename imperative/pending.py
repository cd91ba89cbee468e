"""Portfolios whose files lie in a folder that may still be hidden.

A unit's folder gets its name when the unit's turn has come in path order. What it came to can be
needed before: by the topology that made it, and by the conclusion of a sequence that runs ahead.
"""

from __future__ import annotations

from typing import Final

from containers.results import PortfolioResult
from containers.storage import StoredPortfolios

__all__ = ["PendingPortfolios"]


class PendingPortfolios(StoredPortfolios):
    """Stored portfolios of a unit, which can be read before its folder has its name.

    Args:
        stored: The portfolios, as they are once the folder has its name.
        part: Name of the hidden folder.
    """

    __slots__ = ("_hidden", "_part")

    def __init__(self, stored: StoredPortfolios, part: str) -> None:
        root = stored._root
        super().__init__(root, stored.relative, stored.bare)
        self._part: Final = (root / stored.relative).with_name(part)
        hidden = self._part.relative_to(root).as_posix()
        self._hidden: Final = StoredPortfolios(root, hidden, stored.bare)

    def __getitem__(self, name: str) -> PortfolioResult:
        return self._hidden[name] if self._part.is_dir() else super().__getitem__(name)
