"""Where the user wrote a value that a phase uses: in the phase's overrides, or at the top.

The problems of a phase's configuration have paths in what was resolved; `as_written` turns them
into paths of the document that the user has before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from containers.configuration import UserInput
from containers.errors import ConfigPath, ConfigurationError, Problem

__all__ = ["as_written", "written_path"]


@contextmanager
def as_written(user: UserInput, phase: str) -> Iterator[None]:
    """Have the problems of ``phase`` that are raised inside name what the user wrote."""
    try:
        yield
    except ConfigurationError as error:
        raise type(error)(
            _as_written(problem, user, phase) for problem in error.problems
        ) from error


def _as_written(problem: Problem, user: UserInput, phase: str) -> Problem:
    path = written_path(problem.path, user, phase)
    location = problem.location or user.locate(path)
    return msgspec.structs.replace(problem, path=path, location=location)


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
