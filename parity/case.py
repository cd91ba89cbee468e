"""A case: one workflow of one user, with everything needed to run it any number of times."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from containers.configuration import read_user
from parity.own import Own

__all__ = ["Case", "Configured", "case_of"]

Configured: TypeAlias = Mapping[str, Any] | Path
"""A configuration, as a mapping or as a file."""


class Case(msgspec.Struct, frozen=True):
    """What is run.

    Attributes:
        name: How reports call it.
        config: The user's configuration, ``data.data_dir`` absolute; never changed in place.
        own: His patterns, components and definitions.
    """

    name: str
    config: Mapping[str, Any]
    own: Own


def case_of(name: str, config: Configured, own: Own | None = None) -> Case:
    """Make a case that no longer depends on where the configuration lies.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    user = read_user(config)
    data = copy.deepcopy(dict(user.data))
    section = data.get("data")
    if isinstance(section, dict) and isinstance(section.get("data_dir"), str):
        section["data_dir"] = str((user.base_dir / section["data_dir"]).resolve())
    return Case(name, data, Own() if own is None else own)
