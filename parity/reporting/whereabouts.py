"""Where in a configuration a finding leads: file, line, column.

A divergence leads to the first of the settings in play that the user wrote; a refusal to the place
that it names; a rule to its own. What leads to no line is of the file as a whole.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from containers.errors import ConfigurationError, Location
from containers.strict_yaml import load
from parity.explaining.origins import told_settings
from parity.policy import RuleStanding
from parity.reporting.story import Finding
from parity.verification import Pair

__all__ = ["location_of"]

_PLACE: Final = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?(?=: |$)")


def location_of(finding: Finding) -> Location | None:
    """Give the place a finding leads to; null when it leads to no file."""
    source = finding.source
    if isinstance(source, RuleStanding):
        return _parsed(source.place) or Location(source.place)
    if finding.config is None:
        return None
    if finding.kind.is_error and isinstance(source, Pair):
        named = _parsed((source.control.explanation or "").partition("\n")[0])
        if named is not None and os.path.lexists(named.file):
            return named
    file = Path(finding.config)
    try:
        if not file.is_file():
            return None
        place = _setting(source, file) if isinstance(source, Pair) else None
    except (OSError, ValueError, ConfigurationError):  # a name that no file has, or no YAML
        place = None
    return place or Location(finding.config)


def _setting(pair: Pair, file: Path) -> Location | None:
    """Give where the first setting in play stands that the user wrote; null without one."""
    divergence = pair.divergence
    if divergence is None or not divergence.settings:
        return None
    told = told_settings(divergence.settings, load(file), pair.control, divergence.path)
    return next((_parsed(setting.place) for setting in told if setting.place is not None), None)


def _parsed(place: str) -> Location | None:
    match = _PLACE.match(place)
    if match is None:
        return None
    return Location(match["file"], int(match["line"]), int(match["column"] or 0))
