"""What a user hands in, as plain data that knows where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from containers.configuration.plain import found, to_plain
from containers.errors import ConfigPath, ConfigurationError, Location, Problem
from containers.strict_yaml import Document, load

__all__ = ["UserInput", "read_user"]


class UserInput(msgspec.Struct, frozen=True):
    """A configuration as it was written, not yet checked.

    Attributes:
        data: Plain data; it is this object's own.
        document: The file it was read from; null for a configuration made in Python.
        base_dir: The folder that relative folders in it start from: the file's own, or the
            working directory.
    """

    data: dict[str, Any]
    document: Document | None
    base_dir: Path

    def locate(self, path: ConfigPath, key: bool = False) -> Location | None:
        """Give the position of a value, or of its key; null without a file."""
        return None if self.document is None else self.document.locate(path, key=key)


def read_user(config: Mapping[str, Any] | str | Path | UserInput) -> UserInput:
    """Read a YAML file, or copy a mapping; the mapping is not changed.

    Args:
        config: The path of a file, a configuration as a mapping, or what was read already.

    Raises:
        ConfigurationError: The file cannot be read, or something is not plain data: text, numbers,
            true, false, null, lists and mappings with text for keys.
    """
    if isinstance(config, UserInput):
        return config
    if isinstance(config, str | Path):
        if isinstance(config, str) and "\n" in config:
            message = "found text of several lines, expected a mapping or the path of a YAML file"
            raise ConfigurationError([Problem(message, hint="save the text as a file")])
        path = Path(config)
        document = load(path)
        return UserInput(data=document.data, document=document, base_dir=path.parent)
    if not isinstance(config, Mapping):
        message = f"found {found(config)}, expected a mapping or the path of a YAML file"
        raise ConfigurationError([Problem(message)])
    data, problems = to_plain(config)
    if problems:
        raise ConfigurationError(problems)
    return UserInput(data=data, document=None, base_dir=Path())
