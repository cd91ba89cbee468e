"""Mutants that do nothing anyone could see, listed by hand with the reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from containers.errors import ConfigurationError, Problem
from containers.strict_yaml import Document, load, loads
from parity.sensitivity.mutants import Mutant

__all__ = ["EQUIVALENTS", "equivalents", "equivalents_in", "read_equivalents"]

EQUIVALENTS: Final = "equivalents.yaml"
"""The file of this package that lists them."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant, as in `parity.sensitivity.mutants.Mutant.id`, and why it is equivalent."""

    id: str
    reason: str


def equivalents(mutants: Sequence[Mutant], paths: Collection[str]) -> Mapping[str, str]:
    """Give the reasons, by the mutant's id, of the list that is shipped.

    Args:
        mutants: All that there are below ``paths``.
        paths: Packages, folders and files, as `parity.sensitivity.mutants.mutants_of` takes them.

    Raises:
        ConfigurationError: An entry names no mutant.
    """
    shipped = files("parity.sensitivity").joinpath(EQUIVALENTS)
    document = loads(shipped.read_text(encoding="utf-8"), EQUIVALENTS)
    return read_equivalents(document, mutants, paths)


def equivalents_in(
    path: Path, mutants: Sequence[Mutant], paths: Collection[str]
) -> Mapping[str, str]:
    """Give those of another list.

    Raises:
        ConfigurationError: The file cannot be read, is no such list, or an entry names no mutant.
    """
    return read_equivalents(load(path), mutants, paths)


def read_equivalents(
    document: Document, mutants: Sequence[Mutant], paths: Collection[str]
) -> Mapping[str, str]:
    """Read a list under ``equivalents`` with ``id`` and ``reason`` each.

    An entry whose line has changed or gone names no mutant any more. It would stay in the list
    unseen, and excuse another mutant should the line come back; so it is an error. Entries of
    files outside ``paths`` cannot be judged, and are left alone.

    Args:
        document: The list.
        mutants: All mutants that there are below ``paths``.
        paths: Packages, folders and files that were looked at.

    Raises:
        ConfigurationError: An entry is not of that form, is there twice, or names no mutant.
    """
    entries = document.data.get("equivalents")
    if not isinstance(entries, list) or len(document.data) != 1:
        message = "expected a list under 'equivalents', and nothing else"
        raise ConfigurationError([Problem(message, location=document.locate(()))])
    known = {mutant.id for mutant in mutants}
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for number, data in enumerate(entries):
        location = document.locate(("equivalents", number))
        try:
            entry = msgspec.convert(data, _Entry)
        except msgspec.ValidationError as error:
            problems.append(Problem(f"expected id and reason: {error}", location=location))
            continue
        if entry.id in found:
            problems.append(Problem(f"'{entry.id}' is there twice", location=location))
        if not entry.reason.strip():
            problems.append(Problem(f"'{entry.id}' has no reason", location=location))
        if entry.id not in known and _is_below(entry.id, paths):
            problems.append(Problem(f"'{entry.id}' {_STALE}", hint=_ANEW, location=location))
        found[entry.id] = entry.reason
    if problems:
        raise ConfigurationError(problems)
    return found


_STALE: Final = "names no mutant: its line has changed or gone"
_ANEW: Final = "take the entry off; if the new line's mutant is equivalent too, list that one"


def _is_below(mutant: str, paths: Collection[str]) -> bool:
    """Say whether the file of a mutant's id is one of these, or in one of these folders.

    >>> [_is_below(f"{file}:NumberReplacer:0f:0", ["a"]) for file in ("a/b.py", "ab.py")]
    [True, False]
    """
    file = mutant.partition(":")[0]
    return any(file == path or file.startswith(f"{path.rstrip('/')}/") for path in paths)
