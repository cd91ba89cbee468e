"""Everything `containers` raises on purpose.

    ContainersError
    ├── ConfigurationError      the user's input cannot be run; every problem at once
    │   └── DataError           … because of its market data
    ├── WiringError             an engine connected containers in a way that cannot work
    ├── LifecycleError          an illegal move of a container; its state is unchanged
    ├── ContainerError          a container raised while it was driven; the cause is chained
    ├── MissingReferenceError   a reference, condition or expression leads to nothing
    ├── ConditionError          a condition cannot be decided
    ├── HookError               a hook of a workflow gave what it must not
    ├── WorkflowError           a pass came to no result as a whole
    ├── InvalidEventError       an event that no trace can hold; see `containers.trace.errors`
    ├── OutputError             an output has a value or a file name that cannot be written
    ├── StorageError            a result could not be written or read back
    ├── WorkerError             the worker of a unit died, or did not finish it in time
    └── ExecutorError           an executor cannot be had, or went away with its units

A message says what was found, where, what was expected and what to do next; the same facts are
fields of the exception, so a program need not parse text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

__all__ = [
    "ConditionError",
    "ConfigPath",
    "ConfigurationError",
    "ContainerError",
    "ContainersError",
    "DataError",
    "ExecutorError",
    "HookError",
    "LifecycleError",
    "Location",
    "MissingReferenceError",
    "OutputError",
    "Problem",
    "StorageError",
    "WiringError",
    "WorkerError",
    "WorkflowError",
    "dotted",
]

ConfigPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the root of a document to a value."""


def dotted(path: ConfigPath) -> str:
    """Write a path as people do.

    >>> dotted(("strategies", 0, "parameters", "fast_period"))
    'strategies[0].parameters.fast_period'
    """
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key}" if text else key
    return text


class Location(msgspec.Struct, frozen=True):
    """A place in a file. ``line`` and ``column`` count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return (
            f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"
        )


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the input.

    Attributes:
        message: What was found and what was expected.
        path: Where in the configuration; empty when it is about a file as a whole.
        location: Where in a file; null for a configuration made in Python.
        hint: What to do next, often the nearest valid name; null when there is nothing to add.
    """

    message: str
    path: ConfigPath = ()
    location: Location | None = None
    hint: str | None = None

    def __str__(self) -> str:
        parts = [str(self.location)] if self.location is not None else []
        if self.path:
            parts.append(dotted(self.path))
        text = ": ".join([*parts, self.message])
        return f"{text} ({self.hint})" if self.hint else text


class ContainersError(Exception):
    """Base of all errors this package raises on purpose."""


class ConfigurationError(ContainersError):
    """The input cannot be run. Raised before anything runs; nothing has been written.

    Attributes:
        problems: Everything found wrong, in the order of the document.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Final = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ConfigurationError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class DataError(ConfigurationError):
    """The market data that the configuration names cannot be used."""


class WiringError(ContainersError):
    """An engine asked for a route, publisher or container that does not exist."""


class LifecycleError(ContainersError):
    """An illegal move was asked of a container, whose state is as it was before.

    Attributes:
        container: Its id.
        state: The state it was in and still is.
        trigger: What was asked.
    """

    def __init__(self, container: str, state: str, trigger: str, allowed: Iterable[str]) -> None:
        self.container: Final = container
        self.state: Final = state
        self.trigger: Final = trigger
        self.allowed: Final = tuple(allowed)
        super().__init__(
            f"container '{container}' cannot {trigger} while {state}; "
            f"allowed now: {', '.join(self.allowed) or 'nothing'}"
        )

    def __reduce__(self) -> tuple[type[LifecycleError], tuple[str, str, str, tuple[str, ...]]]:
        return type(self), (self.container, self.state, self.trigger, self.allowed)


class ContainerError(ContainersError):
    """A container raised. The container is faulted; ``__cause__`` is what it raised.

    Attributes:
        container: Its id.
        activity: What it was doing: initialize, start, execute, collect, stop or cleanup.
    """

    def __init__(self, container: str, activity: str, cause: BaseException) -> None:
        self.container: Final = container
        self.activity: Final = activity
        self.cause: Final = cause
        super().__init__(
            f"container '{container}' failed in {activity}: {type(cause).__name__}: {cause}"
        )

    def __reduce__(self) -> tuple[type[ContainerError], tuple[str, str, BaseException]]:
        return type(self), (self.container, self.activity, self.cause)


class MissingReferenceError(ContainersError):
    """A reference leads to a name that is not there, as only the run shows."""


class ConditionError(ContainersError):
    """An expression, a threshold or a callable cannot be decided."""


class HookError(ContainersError):
    """A hook of a workflow gave the wrong type, or changed what it was shown."""


class WorkflowError(ContainersError):
    """A pass came to no result as a whole, for example because no phase ran."""


class OutputError(ContainersError):
    """An output cannot be written as its definition says; nothing has been written."""


class StorageError(ContainersError):
    """A result could not be written or read back; what was complete before stays intact."""


class WorkerError(ContainersError):
    """A unit has no result: its worker died, was too slow, or could not send what came of it."""


class ExecutorError(ContainersError):
    """An executor is not understood, cannot be reached, has no workers, or went away.

    Units that had finished before keep their results; those that were waiting have none.
    """
