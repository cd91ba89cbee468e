"""The journal: what an engine decides, as typed records under structural paths.

A path says where in the run a record belongs, outermost first, for example
``(("iteration", 0), ("phase", "backtest"), ("window", 0), ("unit", 0))``. Records are numbered per
path and never globally, so parts of a run can be written anywhere and joined. `Journal.records`
gives them in path order: a child stands where it was opened. Consumers hear of each record at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec

from containers.lifecycle import State, Trigger
from containers.results import ErrorInfo, Window

__all__ = [
    "BarDropped",
    "ConfigResolved",
    "ContainerBuilt",
    "Entry",
    "ErrorRaised",
    "HeldJournal",
    "HookCalled",
    "IterationStarted",
    "Journal",
    "JournalConsumer",
    "JournalPath",
    "Level",
    "LifecycleMoved",
    "OutputWritten",
    "PhaseFinished",
    "PhaseSkipped",
    "PhaseStarted",
    "PlanMade",
    "PlannedPhase",
    "Record",
    "Route",
    "TopologyBuilt",
    "UnitExecuted",
    "WorkflowFinished",
    "WorkflowStarted",
]

Level: TypeAlias = Literal["iteration", "branch", "phase", "window", "unit"]
JournalPath: TypeAlias = tuple[tuple[Level, int | str], ...]


class _Record(msgspec.Struct, frozen=True, tag=True):
    pass


class WorkflowStarted(_Record, frozen=True):
    """First record of a run."""

    workflow: str


class BarDropped(_Record, frozen=True):
    """A bad bar was removed from the data. ``line`` counts from 1, the header included."""

    file: str
    line: int
    column: str
    value: str
    reason: str


class ConfigResolved(_Record, frozen=True):
    """The configuration after defaults and merging; ``digest`` is its config hash."""

    config: Mapping[str, Any]
    digest: str


class PlannedPhase(msgspec.Struct, frozen=True):
    """A phase as it is about to run, in the order of execution.

    Attributes:
        name: Of the phase.
        topology: Its name.
        sequence: As text, a body in brackets: ``monte_carlo(walk_forward)``.
        depends_on: Names of phases, in declared order, each once.
        required: Whether its failure is the workflow's.
        conditions: As texts, in declared order.
        inputs: Name to the path of the reference, without ``${}``.
        units: How many will run; null where references decide.
    """

    name: str
    topology: str
    sequence: str
    depends_on: tuple[str, ...]
    required: bool
    conditions: tuple[str, ...]
    inputs: Mapping[str, str]
    units: int | None


class PlanMade(_Record, frozen=True):
    """The phases of one loop iteration, in the order in which they will run."""

    phases: tuple[PlannedPhase, ...]


class PhaseStarted(_Record, frozen=True):
    """A phase begins."""


class PhaseSkipped(_Record, frozen=True):
    """A phase does not run, and why."""

    reason: str


class PhaseFinished(_Record, frozen=True):
    """A phase ended: succeeded or failed."""

    status: str


class IterationStarted(_Record, frozen=True):
    """One iteration of a sequence begins.

    ``parameters`` are its own changes; ``spawn_key`` has the indexes of the random iterations it
    is in, outermost first.
    """

    window: Window
    parameters: Mapping[str, Any]
    seed: int
    spawn_key: tuple[int, ...]


class ContainerBuilt(msgspec.Struct, frozen=True):
    """One container of a topology with the settings that decide its behaviour."""

    id: str
    role: str
    settings: Mapping[str, Any]


class Route(msgspec.Struct, frozen=True):
    """Events of ``kind`` from ``publisher`` are delivered to ``subscriber``.

    ``topic`` narrows a kind to one portfolio's events, or to those of the warm-up or of the window
    behind it; null means all.
    """

    kind: str
    publisher: str
    subscriber: str
    topic: str | None = None


class TopologyBuilt(_Record, frozen=True):
    """The containers of a unit in topology order and the routes between them."""

    containers: tuple[ContainerBuilt, ...]
    routes: tuple[Route, ...]


class LifecycleMoved(_Record, frozen=True):
    """A container moved from one state to another (which may be the same)."""

    container: str
    trigger: str
    source: str
    target: str

    @classmethod
    def of(cls, container: str, trigger: Trigger, source: State, target: State) -> LifecycleMoved:
        """Make one; equal moves are one object, for all units of a study move alike."""
        return _moved(container, trigger, source, target)


@lru_cache(maxsize=4_096)
def _moved(container: str, trigger: Trigger, source: State, target: State) -> LifecycleMoved:
    return LifecycleMoved(container, trigger.value, source.value, target.value)


class UnitExecuted(_Record, frozen=True):
    """All slices of a unit went through its containers."""

    slices: int
    events: int


class HookCalled(_Record, frozen=True):
    """A hook of a workflow definition was called."""

    hook: str
    arguments: Mapping[str, Any]
    result: Any


class OutputWritten(_Record, frozen=True):
    """A file was written, relative to the folder of the run."""

    path: str


class ErrorRaised(_Record, frozen=True):
    """Something failed; the first cause, with later errors attached."""

    error: ErrorInfo


class WorkflowFinished(_Record, frozen=True):
    """Last record of a run."""

    success: bool


Record: TypeAlias = (
    WorkflowStarted
    | BarDropped
    | ConfigResolved
    | PlanMade
    | PhaseStarted
    | PhaseSkipped
    | PhaseFinished
    | IterationStarted
    | TopologyBuilt
    | LifecycleMoved
    | UnitExecuted
    | HookCalled
    | OutputWritten
    | ErrorRaised
    | WorkflowFinished
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record with its place: ``number`` counts the records of that path from 0.

    ``gc=False``: what it holds was there before it and knows nothing of it, so it is in no cycle,
    and a study keeps too many for the garbage collector to walk them all again and again.
    """

    path: JournalPath
    number: int
    record: Record


JournalConsumer: TypeAlias = Callable[[Entry], None]


class Journal:
    """Records of one run, as a tree of paths.

    Args:
        consumers: Hear every record, of children as well, as it is written.
        path: Where in the run it belongs.
        keeps: Whether records are kept for `records`; a long run has more than memory can hold.

    >>> journal = Journal(keeps=True)
    >>> journal.write(WorkflowStarted(workflow="simple_backtest"))
    >>> journal.child("phase", "backtest").write(PhaseStarted())
    >>> [(entry.path, entry.number) for entry in journal.records()]
    [((), 0), ((('phase', 'backtest'),), 0)]
    """

    __slots__ = ("_consumers", "_content", "_count", "path")

    def __init__(
        self,
        consumers: Sequence[JournalConsumer] = (),
        *,
        path: JournalPath = (),
        keeps: bool = False,
    ) -> None:
        self.path: Final = path
        self._consumers = tuple(consumers)
        self._content: list[Entry | Journal] | None = [] if keeps else None
        self._count = 0

    def write(self, record: Record) -> None:
        """Append ``record`` here and hand it to every consumer."""
        entry = Entry(path=self.path, number=self._count, record=record)
        self._count += 1
        if self._content is not None:
            self._content.append(entry)
        for consumer in self._consumers:
            consumer(entry)

    def child(self, level: Level, key: int | str) -> Journal:
        """Open the journal of a part; its records stand where it was opened."""
        keeps = self._content is not None
        child = Journal(self._consumers, path=(*self.path, (level, key)), keeps=keeps)
        if self._content is not None:
            self._content.append(child)
        return child

    def held(self) -> HeldJournal:
        """Open a journal of the same path for a part that runs ahead of its turn.

        It counts from 0, so it is written to in place of this one, not beside it.
        """
        held = HeldJournal(self._consumers, self.path, keeps=self._content is not None)
        if self._content is not None:
            self._content.append(held)
        return held

    def records(self) -> Iterator[Entry]:
        """Give every record of this journal and its children, in path order.

        Raises:
            RuntimeError: It keeps none.
        """
        if self._content is None:
            raise RuntimeError("this journal keeps no records; make it with keeps=True")
        for item in self._content:
            if isinstance(item, Journal):
                yield from item.records()
            else:
                yield item


class HeldJournal(Journal):
    """A journal whose records, and those of its children, wait until they are released.

    So parts of a run can go on side by side, and what is heard of them keeps the order of paths.
    Of a part whose turn never comes nothing is heard.
    """

    __slots__ = ("_listeners", "_waiting")

    def __init__(
        self, consumers: Sequence[JournalConsumer], path: JournalPath, *, keeps: bool
    ) -> None:
        self._listeners = tuple(consumers)
        self._waiting: list[Entry] | None = []
        super().__init__((self._hear,), path=path, keeps=keeps)

    def release(self) -> None:
        """Hand on what has been written so far; from now on records wait no more."""
        waiting, self._waiting = self._waiting or (), None
        for entry in waiting:
            self._hear(entry)

    def _hear(self, entry: Entry) -> None:
        if self._waiting is not None:
            self._waiting.append(entry)
            return
        for listener in self._listeners:
            listener(entry)
