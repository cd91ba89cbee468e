"""Names in a configuration that only an engine can know to be wrong, told alike by every engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from containers.configuration.plain import found
from containers.configuration.validation import Locate
from containers.errors import Problem
from containers.nearest import did_you_mean

__all__ = ["unknown_phases", "unknown_workflow"]


def unknown_workflow(name: str, known: Iterable[str], locate: Locate) -> Problem:
    """Say that there is no workflow ``name``."""
    path = ("workflow",)
    hint = did_you_mean(name, known)
    return Problem(f"there is no workflow {found(name)}", path, locate(path, False), hint)


def unknown_phases(
    workflow: str, names: Iterable[str], known: Sequence[str], locate: Locate
) -> list[Problem]:
    """Say which of ``names``, keys of ``phases``, are no phases of the workflow."""
    problems = []
    for name in names:
        if name not in known:
            message = f"workflow '{workflow}' has no phase {found(name)}"
            path = ("phases", name)
            problems.append(Problem(message, path, locate(path, True), did_you_mean(name, known)))
    return problems
