"""Comparators and cleaners of installed distributions, by entry point.

- A **comparator** (group ``parity.comparators``) is asked about two values of one type at a path
  that a rule names. It answers True for equal, False for different, or the share of its own
  tolerance that they use: a float of 0 or more, beyond 1 different.
- A **cleaner** (group ``parity.cleaners``) is given the name of a channel and a copy of one side's
  content, by structural path, and gives the content to be compared. It never sees the other side.

Both are foreign code. What they raise, or answer against these rules, is a `UsageError` that names
them: a verdict that rests on one that is broken is worth nothing.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeAlias

import numpy as np

from containers.nearest import did_you_mean
from parity.channels import Channel
from parity.contents import problem_of_content
from parity.errors import UsageError

__all__ = ["CLEANERS", "COMPARATORS", "Cleaner", "Comparator", "ask", "clean", "load"]

Comparator: TypeAlias = Callable[[Any, Any], Any]
Cleaner: TypeAlias = Callable[[str, Mapping[str, Any]], Any]

COMPARATORS: Final = "parity.comparators"
CLEANERS: Final = "parity.cleaners"


def load(group: str, name: str) -> Callable[..., Any]:
    """Load what an entry point names.

    Args:
        group: `COMPARATORS` or `CLEANERS`.
        name: As the policy calls it.

    Raises:
        UsageError: There is none of that name, or two; it can't be loaded, or can't be called.
    """
    what = group.removeprefix("parity.").removesuffix("s")
    points = sorted(entry_points(group=group), key=lambda point: (point.name, point.value))
    found = [point for point in points if point.name == name]
    if not found:
        hint = did_you_mean(name, [point.name for point in points])
        raise UsageError(
            f"there is no {what} '{name}' among the entry points of the group '{group}' ({hint})"
        )
    if len(found) > 1:
        both = " and ".join(_described(point) for point in found)
        raise UsageError(f"two {what}s are called '{name}', {both}: rename one")
    try:
        loaded = found[0].load()
    except (Exception, SystemExit) as error:  # foreign code; nothing has been run yet
        raise UsageError(
            f"the {what} {_described(found[0])} can't be loaded: {_said(error)}"
        ) from error
    if not callable(loaded):
        raise UsageError(f"the {what} {_described(found[0])} is no function: {loaded!r}")
    function: Callable[..., Any] = loaded
    return function


def ask(name: str, comparator: Comparator, path: str, left: Any, right: Any) -> float | None:
    """Ask a comparator about two values; give the share they use, null when they are different.

    Raises:
        UsageError: It raised, or answered with neither a truth value nor a share.
    """
    try:
        answer = comparator(copy.deepcopy(left), copy.deepcopy(right))
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"the comparator '{name}' failed on {path}: {_said(error)}; nothing is known of these "
            "values: mend it, or take it out of the policy"
        ) from error
    if isinstance(answer, bool | np.bool_):
        return 0.0 if answer else None
    if isinstance(answer, float) and not math.isnan(answer) and answer >= 0.0:
        return float(answer) if answer <= 1.0 else None
    raise UsageError(
        f"the comparator '{name}' answered {answer!r} on {path}; expected True for equal, False "
        "for different, or the share of its tolerance that is used: a float of 0 or more"
    )


def clean(
    name: str, cleaner: Cleaner, channel: Channel, content: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Give one side's content of a channel as a cleaner leaves it; ``content`` is not changed.

    Raises:
        UsageError: It raised, or gave what that channel can't hold.
    """
    try:
        cleaned = cleaner(channel.value, copy.deepcopy(dict(content)))
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"the cleaner '{name}' failed on the channel {channel}: {_said(error)}; mend it, or "
            "take it out of the policy"
        ) from error
    problem = problem_of_content(channel, cleaned)
    if problem is not None:
        raise UsageError(
            f"the cleaner '{name}' gave {problem}; it must give the whole content of the channel, "
            "changed or not"
        )
    given: Mapping[str, Any] = cleaned
    return given


def _described(point: EntryPoint) -> str:
    owner = "an unknown distribution" if point.dist is None else point.dist.name
    return f"'{point.name}' ({point.value} of {owner})"


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
