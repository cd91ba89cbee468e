"""The order in which phases run: repeatedly the first declared one whose dependencies are done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from containers.errors import ConfigurationError, Problem
from containers.nearest import did_you_mean
from imperative.workflow import Phase

__all__ = ["is_phase_name", "order_phases"]

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def is_phase_name(name: str) -> bool:
    """Say whether a phase, or a branch, can be called so: it becomes the name of a folder."""
    return _NAME.fullmatch(name) is not None


def order_phases(workflow: str, phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """Put the phases of a workflow in the order of execution.

    Raises:
        ConfigurationError: There is no phase, a name cannot be a folder's or stands twice, a
            dependency is unknown, or dependencies go round in a circle.
    """
    problems = list(_problems(workflow, phases))
    if problems:
        raise ConfigurationError(problems)
    ordered: list[Phase] = []
    done: set[str] = set()
    waiting = list(phases)
    while waiting:
        ready = next((phase for phase in waiting if done.issuperset(phase.dependencies)), None)
        if ready is None:
            circle = " -> ".join(_circle(waiting))
            message = f"phases of workflow '{workflow}' depend on each other: {circle}"
            raise ConfigurationError([Problem(message, hint="remove one of these dependencies")])
        waiting.remove(ready)
        ordered.append(ready)
        done.add(ready.name)
    return tuple(ordered)


def _problems(workflow: str, phases: Sequence[Phase]) -> Iterator[Problem]:
    if not phases:
        yield Problem(f"workflow '{workflow}' has no phases, expected at least one")
    names = [phase.name for phase in phases]
    for index, phase in enumerate(phases):
        if not is_phase_name(phase.name):
            yield Problem(
                f"workflow '{workflow}' has a phase {phase.name!r}, expected letters, digits, "
                "'.', '_' or '-'",
                hint="it becomes the name of a folder",
            )
        if phase.name in names[:index]:
            yield Problem(f"workflow '{workflow}' has two phases '{phase.name}', expected one")
        for name in phase.dependencies:
            if name not in names:
                yield Problem(
                    f"phase '{phase.name}' of workflow '{workflow}' depends on '{name}', which "
                    "does not exist",
                    hint=did_you_mean(name, names),
                )


def _circle(waiting: Sequence[Phase]) -> list[str]:
    """Walk from the first phase along first open dependencies until a name comes again.

    The circle is written from its first declared phase, so its text does not depend on where the
    walk began.
    """
    by_name = {phase.name: phase for phase in waiting}
    walked = [waiting[0].name]
    while True:
        following = next(n for n in by_name[walked[-1]].dependencies if n in by_name)
        if following in walked:
            break
        walked.append(following)
    members = walked[walked.index(following) :]
    start = members.index(next(name for name in by_name if name in members))
    return [*members[start:], *members[:start], members[start]]
