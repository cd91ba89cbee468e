"""The two checks of a configuration: of a part as someone wrote it, and of a complete one.

1. `to_plain` copies the data, so that nothing of the caller's is touched.
2. `check_structure` checks keys, types and ranges, and normalises.
3. `missing_keys` finds what is not there, `check_components` what the components cannot take,
   `check_rules` (complete ones only) what does not fit together.
4. All findings get their positions and are raised at once, in the order of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeAlias

import msgspec

from containers.components import Components
from containers.configuration.component_rules import check_components, normalise_components
from containers.configuration.plain import found, to_plain
from containers.configuration.rules import check_rules
from containers.configuration.settings import Configuration
from containers.configuration.space import check_space
from containers.configuration.structure import (
    Finding,
    check_structure,
    expand_symbols,
    missing_keys,
)
from containers.errors import ConfigPath, ConfigurationError, Location, Problem

__all__ = ["Locate", "nowhere", "validate_partial", "validate_resolved"]

Locate: TypeAlias = Callable[[ConfigPath, bool], Location | None]
"""From a path, and whether its key is meant rather than its value, to a place in a file."""


def nowhere(path: ConfigPath, key: bool) -> None:
    """Locate nothing: for configurations that come from no file."""
    del path, key


def validate_partial(
    data: object, *, components: Components, locate: Locate = nowhere
) -> dict[str, Any]:
    """Check a part of a configuration: the user's, a phase's overrides, a modified one.

    Every key must be known, every value well typed and in range; nothing need be there, but that
    an item of a list, which is never merged with anything, must say what it is.

    Args:
        data: Any mapping; it is not changed and nothing is shared with the answer.
        components: What exists.
        locate: Where in a file a path stands.

    Returns:
        Plain data with exactly the given keys: whole numbers are floats where the field is one,
        and a plain symbol is a mapping.

    Raises:
        ConfigurationError: With every problem, in the order of the document.
    """
    return _validated(data, components, locate, complete=False)


def validate_resolved(
    data: object, *, components: Components, locate: Locate = nowhere
) -> Configuration:
    """Check a complete configuration: every key is there and everything fits together.

    Args:
        data: Any mapping; it is not changed and nothing is shared with the answer.
        components: What exists.
        locate: Where in a file a path stands.

    Raises:
        ConfigurationError: With every problem, in the order of the document.
    """
    checked = _validated(data, components, locate, complete=True)
    return msgspec.convert(checked, Configuration)


def _validated(
    data: object, components: Components, locate: Locate, *, complete: bool
) -> dict[str, Any]:
    plain, problems = to_plain(data)
    if problems:
        _raise([Finding(p.path, p.message, p.hint) for p in problems], plain, locate)
    if not isinstance(plain, dict):
        _raise([Finding((), f"found {found(plain)}, expected a mapping")], plain, locate)
    expand_symbols(plain)
    normalised, findings = check_structure(plain)
    findings += missing_keys(plain, complete=complete)
    findings += check_components(plain, components, complete=complete)
    if complete:
        findings += check_space(plain, components)
        findings += check_rules(plain)
    if findings or normalised is None:
        _raise(findings, plain, locate)
    normalise_components(normalised, components)
    return normalised


def _raise(findings: Iterable[Finding], data: Any, locate: Locate) -> NoReturn:
    ordered = sorted(findings, key=lambda finding: _place(finding.path, data))
    raise ConfigurationError(
        Problem(
            message=finding.message,
            path=finding.path,
            location=locate(finding.path, finding.at_key),
            hint=finding.hint,
        )
        for finding in ordered
    )


def _place(path: ConfigPath, data: Any) -> tuple[int, ...]:
    """Give the place of ``path`` in the order of the document; missing keys come last."""
    place: list[int] = []
    for step in path:
        if isinstance(data, dict) and step in data:
            place.append(list(data).index(step))
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            place.append(step)
        else:
            place.append(len(data) if isinstance(data, dict | list) else 0)
            break
        data = data[step]
    return tuple(place)
