"""One unit, driven through the six phases of its life.

1. `_announce` journals the topology;
2. `_initialize` and `_start` take all containers, in topology order, to running;
3. `_execute` runs every slice, those before the window only as far as they warm up;
4. `_collect` asks all containers for results while they run;
5. `_stop` stops what runs, in reverse;
6. `_clean_up` cleans up what was touched, in reverse; containers save what they collected. Then
   the trace is finished.

A failure in 1 to 4 leads straight to 5. Failures in 5 and 6 don't end them: the other containers
are stopped and cleaned up as well. The first failure of all is the cause, later ones are attached.
An interruption (Ctrl-C) leads to 5 and 6 too, and then goes on its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from containers.bus import Bus
from containers.container import Container
from containers.failures import describe_error
from containers.journal import (
    ContainerBuilt,
    ErrorRaised,
    Journal,
    LifecycleMoved,
    TopologyBuilt,
    UnitExecuted,
)
from containers.lifecycle import State, Trigger
from containers.results import ErrorInfo
from containers.trace import Trace, TraceRecorder
from containers.trading import PortfolioReport
from imperative.topologies.base import PortfolioOrigin, Topology

__all__ = ["Unit", "UnitError", "UnitOutcome", "journal_failure", "keeping", "run_unit"]

_TIMES_AT_ONCE: Final = 65_536
"""Slice times that are Python objects at one time."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A built topology and the slices to run it over.

    Attributes:
        bus: Sealed; holds the containers in topology order.
        recorder: Where the bus keeps events.
        times_ns: (k,) int64 nanoseconds UTC, ascending: the end of every slice.
        portfolios: What each portfolio was made of, by id, in topology order.
        topology: What built it, and says what it came to.
        warm_up_slices: How many of the first slices only warm up.
    """

    bus: Bus
    recorder: TraceRecorder
    times_ns: npt.NDArray[np.int64]
    portfolios: Mapping[str, PortfolioOrigin]
    topology: Topology
    warm_up_slices: int = 0


@dataclass(frozen=True, slots=True)
class UnitOutcome:
    """What came of a unit.

    Attributes:
        reports: Of each portfolio by id, in topology order.
        trace: What was kept of its events.
        collected: What each container gave, by its id.
    """

    reports: Mapping[str, PortfolioReport]
    trace: Trace
    collected: Mapping[str, object]


class UnitError(Exception):
    """A unit failed. It has been stopped, cleaned up and journalled; ``info`` says what happened.

    The first failure is chained.
    """

    def __init__(self, info: ErrorInfo) -> None:
        self.info: Final = info
        super().__init__(f"{info.path}: {info.type}: {info.message}")

    def __reduce__(self) -> tuple[type[UnitError], tuple[ErrorInfo]]:
        return type(self), (self.info,)


def run_unit(unit: Unit, journal: Journal | None = None) -> UnitOutcome:
    """Drive ``unit`` from created to cleaned.

    Args:
        unit: Fresh from the builder; a unit runs once.
        journal: The unit's own journal; null: one that nobody reads.

    Raises:
        UnitError: Anything failed. No container is running, all that were touched are cleaned.
    """
    journal = Journal() if journal is None else journal
    errors: list[Exception] = []
    _observe(unit, journal)
    try:
        with keeping(errors):
            _announce(unit, journal)
            _initialize(unit)
            _start(unit)
            _execute(unit)
            journal.write(UnitExecuted(slices=len(unit.times_ns), events=unit.bus.seq))
            collected = _collect(unit)
        _stop(unit, errors)
        _clean_up(unit, errors)
        if not errors:
            with keeping(errors):
                trace = unit.recorder.finish(unit.bus.seq)
                return UnitOutcome(_reports(unit, collected), trace, collected)
        _abandon(unit, errors)
    except BaseException as interruption:
        later: list[Exception] = []
        _stop(unit, later)
        _clean_up(unit, later)
        _abandon(unit, later)
        for error in (*errors, *later):
            interruption.add_note(f"also: {type(error).__name__}: {error}")
        raise
    raise journal_failure(journal, errors) from errors[0]


@contextmanager
def keeping(errors: list[Exception]) -> Iterator[None]:
    """End the block at a failure, keep it in ``errors``, and go on behind the block."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # whatever it is, what remains must be put away
        errors.append(error)


def journal_failure(journal: Journal, errors: list[Exception]) -> UnitError:
    """Journal the first of ``errors`` with the others attached; answer what is to be raised."""
    info = describe_error(errors[0], journal.path, errors[1:])
    journal.write(ErrorRaised(error=info))
    return UnitError(info)


def _observe(unit: Unit, journal: Journal) -> None:
    """Have every move of a container's life journalled."""

    def moved(container: str, trigger: Trigger, source: State, target: State) -> None:
        journal.write(LifecycleMoved.of(container, trigger, source, target))

    for container in unit.bus.containers:
        container.lifecycle.observer = moved


def _announce(unit: Unit, journal: Journal) -> None:
    built = tuple(
        ContainerBuilt(id=container.id, role=container.role.value, settings=container.settings())
        for container in unit.bus.containers
    )
    journal.write(TopologyBuilt(containers=built, routes=unit.bus.routes))


def _initialize(unit: Unit) -> None:
    for container in unit.bus.containers:
        container.initialize(unit.bus.port(container))


def _start(unit: Unit) -> None:
    for container in unit.bus.containers:
        container.start()


def _execute(unit: Unit) -> None:
    before, window = np.split(unit.times_ns, [unit.warm_up_slices])
    for times_ns, run in (
        (before, unit.bus.run_warm_up_slices),
        (window, unit.bus.run_slices),
    ):
        for first in range(0, len(times_ns), _TIMES_AT_ONCE):
            run(times_ns[first : first + _TIMES_AT_ONCE].tolist())


def _collect(unit: Unit) -> dict[str, object]:
    return {container.id: container.collect() for container in unit.bus.containers}


def _stop(unit: Unit, errors: list[Exception]) -> None:
    for container in reversed(unit.bus.containers):
        if container.state is State.RUNNING:
            with keeping(errors):
                container.stop()


def _clean_up(unit: Unit, errors: list[Exception]) -> None:
    for container in reversed(unit.bus.containers):
        if _was_touched(container):
            with keeping(errors):
                container.cleanup()


def _was_touched(container: Container) -> bool:
    return container.state not in (State.CREATED, State.CLEANED)


def _abandon(unit: Unit, errors: list[Exception]) -> None:
    """Let go of a trace that will not be complete."""
    with keeping(errors):
        unit.recorder.abandon()


def _reports(unit: Unit, collected: Mapping[str, object]) -> dict[str, PortfolioReport]:
    return {
        portfolio: cast(PortfolioReport, collected[origin.container])
        for portfolio, origin in unit.portfolios.items()
    }
