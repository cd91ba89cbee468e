"""The life of a container: one table of states and triggers, and nothing beside it.

A failure takes a container to ``faulted`` from wherever it is; from there only ``cleanup`` is
allowed. Asking for a move that the table does not have raises and changes nothing, so a second
start after a failed one is as illegal as a first stop before any start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from types import TracebackType
from typing import Final, TypeAlias

from containers.errors import ContainerError, LifecycleError

__all__ = ["TRANSITIONS", "Lifecycle", "LifecycleObserver", "State", "Trigger", "mermaid"]


class State(StrEnum):
    """Where a container is in its life."""

    CREATED = "created"
    INITIALIZED = "initialized"
    RUNNING = "running"
    STOPPED = "stopped"
    CLEANED = "cleaned"
    FAULTED = "faulted"


class Trigger(StrEnum):
    """What an engine asks of a container, and the one thing that happens to it: ``fail``."""

    INITIALIZE = "initialize"
    START = "start"
    COLLECT = "collect"
    STOP = "stop"
    CLEANUP = "cleanup"
    FAIL = "fail"


TRANSITIONS: Final[Mapping[tuple[State, Trigger], State]] = {
    (State.CREATED, Trigger.INITIALIZE): State.INITIALIZED,
    (State.INITIALIZED, Trigger.START): State.RUNNING,
    (State.RUNNING, Trigger.COLLECT): State.RUNNING,
    (State.RUNNING, Trigger.STOP): State.STOPPED,
    (State.STOPPED, Trigger.CLEANUP): State.CLEANED,
    # Initialised, but never started because another container failed first.
    (State.INITIALIZED, Trigger.CLEANUP): State.CLEANED,
    (State.FAULTED, Trigger.CLEANUP): State.CLEANED,
    (State.CREATED, Trigger.FAIL): State.FAULTED,
    (State.INITIALIZED, Trigger.FAIL): State.FAULTED,
    (State.RUNNING, Trigger.FAIL): State.FAULTED,
    (State.STOPPED, Trigger.FAIL): State.FAULTED,
    # A cleanup of a faulted container can fail as well.
    (State.FAULTED, Trigger.FAIL): State.FAULTED,
}

LifecycleObserver: TypeAlias = Callable[[str, Trigger, State, State], None]
"""Called with (container id, trigger, state before, state after) once a move is made."""


def mermaid() -> str:
    """Draw the table as a Mermaid state diagram, the way the documentation shows it."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.CREATED}"]
    lines += [f"    {source} --> {target}: {t}" for (source, t), target in TRANSITIONS.items()]
    return "\n".join([*lines, f"    {State.CLEANED} --> [*]"])


class Lifecycle:
    """The state of one container, moved by `moving` and `fail` alone."""

    def __init__(self, container: str, observer: LifecycleObserver | None = None) -> None:
        self.container: Final = container
        self.observer = observer
        self._state = State.CREATED

    @property
    def state(self) -> State:
        """The state it is in."""
        return self._state

    def moving(self, trigger: Trigger) -> AbstractContextManager[None]:
        """Wrap the work of one trigger; the state changes when the work is done.

        Raises:
            LifecycleError: The table has no such move. The work is not begun, the state unchanged.
            ContainerError: The work raised. The container is faulted, the cause chained.
        """
        target = TRANSITIONS.get((self._state, trigger))
        if target is None:
            allowed = [t for (state, t) in TRANSITIONS if state is self._state]
            raise LifecycleError(self.container, self._state, trigger, allowed)
        return _Moving(self, trigger, target)

    def fail(self) -> None:
        """Record that the container raised; a cleaned one stays as it is."""
        target = TRANSITIONS.get((self._state, Trigger.FAIL))
        if target is not None:
            self._move(Trigger.FAIL, target)

    def _move(self, trigger: Trigger, target: State) -> None:
        source, self._state = self._state, target
        if self.observer is not None:
            self.observer(self.container, trigger, source, target)


class _Moving(AbstractContextManager[None]):
    """The work of one trigger. A class, since every unit has thirty of them and more."""

    __slots__ = ("_lifecycle", "_target", "_trigger")

    def __init__(self, lifecycle: Lifecycle, trigger: Trigger, target: State) -> None:
        self._lifecycle = lifecycle
        self._trigger = trigger
        self._target = target

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        lifecycle = self._lifecycle
        if error is None:
            lifecycle._move(self._trigger, self._target)
        elif isinstance(error, Exception):
            lifecycle.fail()
            raise ContainerError(lifecycle.container, self._trigger, error) from error
        elif lifecycle.state is State.CREATED:
            # Ctrl-C leaves a state from which the container can be stopped or cleaned; one that
            # was being initialised may hold something by now, and `created` is never cleaned.
            lifecycle.fail()
