"""Which comparison of a record is to be explained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from containers.nearest import did_you_mean
from parity.errors import UsageError
from parity.records import RecordIndex, StoredPair

__all__ = ["choose_pair"]


def choose_pair(
    index: RecordIndex, config: str | None = None, candidate: str | None = None
) -> StoredPair:
    """Choose a comparison: of those asked for the first that is no parity, else the first.

    Args:
        index: What was compared.
        config: A configuration as it was named, or the name of its file; null: any.
        candidate: The name of a candidate; null: any.

    Raises:
        UsageError: There is no such comparison, or a name fits several configurations.
    """
    pairs: Sequence[StoredPair] = index.pairs
    if config is not None:
        pairs = _of_config(pairs, config)
    if candidate is not None:
        names = list(dict.fromkeys(pair.candidate_name for pair in pairs))
        pairs = [pair for pair in pairs if pair.candidate_name == candidate]
        if not pairs:
            hint = did_you_mean(candidate, names)
            raise UsageError(f"the record has no candidate '{candidate}' ({hint})")
    if not pairs:
        raise UsageError("the record holds no comparison at all; verify again for a new record")
    parted = [pair for pair in pairs if pair.divergence is not None]
    unequal = [pair for pair in pairs if pair.ending != "parity"]
    return (parted or unequal or list(pairs))[0]


def _of_config(pairs: Sequence[StoredPair], name: str) -> list[StoredPair]:
    known = list(dict.fromkeys(pair.config for pair in pairs))
    found = [config for config in known if config == name]
    found = found or [c for c in known if name in (PurePath(c).name, PurePath(c).stem)]
    if len(found) > 1:
        raise UsageError(f"'{name}' fits several configurations: {', '.join(found)}; name one")
    if not found:
        hint = did_you_mean(name, known)
        raise UsageError(f"the record has no configuration '{name}' ({hint})")
    return [pair for pair in pairs if pair.config == found[0]]
