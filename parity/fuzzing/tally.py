"""Counts of what a search has exercised, and what is still short of its share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from parity.generation.features import FEATURES
from parity.invariants import INVARIANTS
from parity.relations import RELATIONS

__all__ = ["ENOUGH", "ENOUGH_APART", "Tally", "due_counts"]

ENOUGH: Final = 20
"""How often a feature, and a relation held in this process, is to occur."""

ENOUGH_APART: Final = 5
"""How often a relation that starts processes is to be held."""

_FIRST: Final = frozenset({"sequence", "topology", "condition", "storage", "mistake"})
"""Kinds that two of three questions are about: a search of some minutes must have them all."""

_LONG: Final = "boundary:long_run"
"""Takes seconds, and is never asked for by the batch."""

IN_PROCESS: Final = tuple(name for name, r in RELATIONS.items() if not r.needs_process)
APART: Final = tuple(name for name, r in RELATIONS.items() if r.needs_process)


def due_counts() -> dict[str, dict[str, int]]:
    """Give how often each thing is to occur, by kind and name."""
    due = {kind: dict.fromkeys(names, ENOUGH) for kind, names in FEATURES.items()}
    due["invariant"] = dict.fromkeys(INVARIANTS, ENOUGH)
    due["boundary"]["long_run"] = 1
    due["relation"] = dict.fromkeys(IN_PROCESS, ENOUGH)
    due["process_relation"] = dict.fromkeys(APART, ENOUGH_APART)
    return due


class Tally:
    """Counts by kind and name, in a fixed order.

    Attributes:
        counts: How often each thing occurred.
    """

    def __init__(self) -> None:
        self._turns = -1
        self._due: Final = due_counts()
        self.counts: Final[dict[str, Counter[str]]] = {
            kind: Counter(dict.fromkeys(names, 0)) for kind, names in self._due.items()
        }

    def add(self, features: Iterable[str]) -> None:
        """Count features, written ``kind:name``."""
        for feature in features:
            kind, _, name = feature.partition(":")
            self.counts[kind][name] += 1

    def rarest(self, kind: str) -> list[str]:
        """Give the names of a kind, those that occurred least first."""
        counts = self.counts[kind]
        return sorted(counts, key=lambda name: counts[name])

    def short(self) -> dict[str, dict[str, int]]:
        """Give the counts of what has not occurred often enough."""
        short = {
            kind: {
                n: self.counts[kind][n]
                for n, least in names.items()
                if self.counts[kind][n] < least
            }
            for kind, names in self._due.items()
        }
        return {kind: names for kind, names in short.items() if names}

    def lagging(self) -> str | None:
        """Name the feature that is furthest from its share and can be asked for; null: none is."""
        short = self.short()
        self._turns += 1
        first = [kind for kind in short if kind in _FIRST]
        others = [kind for kind in short if kind in FEATURES and kind not in _FIRST]
        kinds = (others or first) if self._turns % 3 == 2 else (first or others)
        wanted = [
            (count, kind, name)
            for kind in kinds
            for name, count in short[kind].items()
            if f"{kind}:{name}" != _LONG
        ]
        if not wanted:
            return None
        fewest = min(count for count, _, _ in wanted)
        # In turn among the equally rare: one that cannot be had must not hold up the others.
        equal = [f"{kind}:{name}" for count, kind, name in wanted if count == fewest]
        return equal[self._turns // 2 % len(equal)]

    def document(self) -> Mapping[str, Mapping[str, int]]:
        """Give all counts as plain mappings."""
        return {kind: dict(counts) for kind, counts in self.counts.items()}
