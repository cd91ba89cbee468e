"""Where in a configuration a finding leads: file, line, column.

A difference in a resolved configuration lies at its key; one of a container at the section that the
container obeys, of a strategy or classifier at its own entry. What does not lead into the file, or
lies in a default, is of the file as a whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from containers.errors import ConfigPath, ConfigurationError, Location
from containers.strict_yaml import Document, load
from parity.channels import Channel
from parity.divergence import Divergence
from parity.reporting.story import Finding
from parity.verification import Pair

__all__ = ["location_of"]

_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]")
_CONFIG: Final = re.compile(r"^\[\d+\]\.config\.")
_PLACE: Final = re.compile(r"^(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?$")


def location_of(finding: Finding) -> Location | None:
    """Give the place a finding leads to; null when it leads to no file."""
    if finding.config is None:
        place = getattr(finding.source, "place", None)
        return None if place is None else _parsed(place)
    explained = _explained(finding)
    if explained is not None:
        return explained
    divergence = finding.source.divergence if isinstance(finding.source, Pair) else None
    file = Path(finding.config)
    if not file.is_file():
        return None
    if divergence is None:
        return Location(finding.config)
    try:
        document = load(file)
    except ConfigurationError:
        return Location(finding.config)
    return document.locate(_path(divergence, document), key=True)


def _parsed(place: str) -> Location:
    match = _PLACE.match(place)
    if match is None:
        return Location(place)
    return Location(match["file"], int(match["line"]), int(match["column"] or 0))


def _explained(finding: Finding) -> Location | None:
    """Read the place that a refusal begins with, if it is one in a file."""
    if not isinstance(finding.source, Pair) or not finding.kind.is_error:
        return None
    first = (finding.source.control.explanation or "").partition("\n")[0]
    match = re.match(r"^(.+?):(\d+):(\d+): ", first)
    if match is None or not os.path.lexists(match[1]):
        return None
    return Location(match[1], int(match[2]), int(match[3]))


def _path(divergence: Divergence, document: Document) -> ConfigPath:
    """Give the path in the configuration that a divergence leads to; empty: the whole file."""
    if divergence.channel is Channel.CONFIG:
        inside = divergence.path.partition(": ")[2]
        stripped = _CONFIG.sub("", inside)
        return _steps(stripped) if stripped != inside else ()
    if divergence.config_path is None:
        return ()
    section = re.split(r"[\[(,. ]", divergence.config_path, maxsplit=1)[0]
    entries = document.data.get(section)
    role, _, name = (divergence.container or "").partition("/")
    if isinstance(entries, list) and role in ("strategy", "classifier", "risk"):
        wanted = name.partition(".")[0] if role == "risk" else name
        for index, entry in enumerate(entries):
            if isinstance(entry, Mapping) and wanted in _names(entry):
                return (section, index)
    return (section,)


def _names(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return (entry["name"],) if "name" in entry else (entry.get("type"),)


def _steps(path: str) -> ConfigPath:
    """Read a path as `dotted` writes it.

    >>> _steps("strategies[0].parameters.fast_period")
    ('strategies', 0, 'parameters', 'fast_period')
    """
    return tuple(
        int(index) if index else (name or quoted) for name, index, quoted in _STEP.findall(path)
    )
