"""Where the user wrote a value that a phase uses: in the phase's overrides, or at the top.

The problems of a phase's configuration have paths in what was resolved; `as_written` turns them
into paths of the document that the user has before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec

from containers.configuration import UserInput
from containers.errors import ConfigPath, ConfigurationError, Problem

__all__ = ["Layers", "as_written", "owner_of", "written_path"]


Layers: TypeAlias = Sequence[tuple[str | None, Mapping[str, Any]]]
"""What is merged, topmost first: whose settings they are (null: the user's), and these."""


@contextmanager
def as_written(user: UserInput, phase: str, layers: Layers = ()) -> Iterator[None]:
    """Have the problems of ``phase`` that are raised inside name what the user wrote.

    Where a definition has it and not the user, they name the definition.
    """
    try:
        yield
    except ConfigurationError as error:
        raise type(error)(
            _as_written(problem, user, phase, layers) for problem in error.problems
        ) from error


def _as_written(problem: Problem, user: UserInput, phase: str, layers: Layers) -> Problem:
    path = written_path(problem.path, user, phase)
    owner = owner_of(problem.path, layers)
    if owner is not None and problem.location is None:
        message = f"{problem.message}, in {owner}"
        return msgspec.structs.replace(problem, message=message, path=path)
    location = problem.location or user.locate(path)
    return msgspec.structs.replace(problem, path=path, location=location)


def owner_of(path: ConfigPath, layers: Layers) -> str | None:
    """Name the definition that has what stands at ``path``; null: the user has it, or nobody."""
    for owner, settings in layers:
        if path and _steps_that_lead_somewhere(path, settings) == len(path):
            return owner
    return None


def written_path(path: ConfigPath, user: UserInput, phase: str) -> ConfigPath:
    """Give the path in the user's document of what stands at ``path`` for ``phase``.

    It is among the overrides of the phase when these lead at least as far along it.
    """
    override = user.data.get("phases", {}).get(phase, {})
    far = _steps_that_lead_somewhere(path, override)
    if far and far >= _steps_that_lead_somewhere(path, user.data):
        return ("phases", phase, *path)
    return path


def _steps_that_lead_somewhere(path: ConfigPath, data: Any) -> int:
    for count, step in enumerate(path):
        known = isinstance(data, Mapping) and step in data
        counted = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if not known and not counted:
            return count
        data = data[step]
    return len(path)
