"""A verification as workflow commands of GitHub Actions, which become annotations of files.

GitHub shows ten errors of a step; of more, the tenth says how many were left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from containers.errors import Location
from parity.reporting.story import (
    Finding,
    conclusion,
    counts_words,
    findings,
    headline,
    told,
)
from parity.reporting.whereabouts import location_of
from parity.reporting.words import count, visible
from parity.verification import Verification

__all__ = ["SHOWN", "github_annotations"]

SHOWN: Final = 10
"""Errors that GitHub shows of one step."""

_LONGEST: Final = 4_000
"""Characters of one message."""


def github_annotations(verification: Verification, base: Path) -> Iterator[str]:
    """Give a line for each finding, and one with the verdict.

    Args:
        verification: What came of it.
        base: The folder of the repository, which paths of files are relative to.
    """
    found = findings(verification)
    shown = found if len(found) <= SHOWN else found[: SHOWN - 1]
    for finding in shown:
        yield _command("error", _title(finding), "\n".join(_lines(finding)), _place(finding, base))
    if len(shown) < len(found):
        left = len(found) - len(shown)
        text = f"{count(left, 'finding')} more: see the report"
        yield _command("error", "and more", text, {})
    end = conclusion(verification)
    yield _command("notice", f"parity: {end}", counts_words(end), {})


def _title(finding: Finding) -> str:
    where = "" if finding.config is None else f"{visible(finding.config)}: "
    return f"{where}{headline(finding)}"


def _lines(finding: Finding) -> tuple[str, ...]:
    lines = told(finding)
    text = "\n".join(lines)
    return lines if len(text) <= _LONGEST else (f"{text[:_LONGEST]}…",)


def _place(finding: Finding, base: Path) -> dict[str, str]:
    location = location_of(finding)
    if location is None:
        return {}
    place = {"file": _relative(location, base)}
    if location.line:
        place["line"] = str(location.line)
        place["col"] = str(location.column or 1)
    return place


def _relative(location: Location, base: Path) -> str:
    """Give a file as the repository calls it; one outside keeps the name it was given."""
    file, top = Path(os.path.abspath(location.file)), Path(os.path.abspath(base))  # noqa: PTH100
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else location.file


def _command(kind: str, title: str, text: str, place: dict[str, str]) -> str:
    properties = {**place, "title": title}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
