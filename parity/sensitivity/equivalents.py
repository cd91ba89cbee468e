"""Mutants that do nothing anyone could see, listed by hand with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from containers.errors import ConfigurationError, Problem
from containers.strict_yaml import Document, loads

__all__ = ["equivalents", "read_equivalents"]

_SHIPPED: Final = "equivalents.yaml"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant, as in `parity.sensitivity.mutants.Mutant.id`, and why it is equivalent."""

    id: str
    reason: str


def equivalents() -> Mapping[str, str]:
    """Give the reasons, by the mutant's id, of the list that is shipped."""
    shipped = files("parity.sensitivity").joinpath(_SHIPPED)
    return read_equivalents(loads(shipped.read_text(encoding="utf-8"), _SHIPPED))


def read_equivalents(document: Document) -> Mapping[str, str]:
    """Read a list under ``equivalents`` with ``id`` and ``reason`` each.

    Raises:
        ConfigurationError: An entry is not of that form, or is there twice.
    """
    entries = document.data.get("equivalents")
    if not isinstance(entries, list) or len(document.data) != 1:
        message = "expected a list under 'equivalents', and nothing else"
        raise ConfigurationError([Problem(message, location=document.locate(()))])
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
        found[entry.id] = entry.reason
    if problems:
        raise ConfigurationError(problems)
    return found


def read_file(path: Path) -> Mapping[str, str]:
    """Read such a list from a file of a user's own.

    Raises:
        ConfigurationError: It cannot be read, or is no such list.
    """
    from containers.strict_yaml import load

    return read_equivalents(load(path))
