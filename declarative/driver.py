"""Taking the containers of one unit through the six phases of their life.

1. `_initialize` all, in topology order; then
2. `_start` all; then
3. `_execute` every slice; then
4. `_collect` from all, while they run; then
5. `_stop` what runs, in reverse; then
6. `_clean_up` whatever has been touched, in reverse.

The first error in 1 to 4 ends these; 5 and 6 happen in any case, to all containers, whatever any of
them raises. An interruption (Ctrl-C) goes on its way once 5 and 6 are done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from containers.bus import Bus
from containers.container import Container
from containers.journal import Journal, LifecycleMoved, UnitExecuted
from containers.lifecycle import State, Trigger

__all__ = ["CHUNK_SLICES", "Driven", "drive"]

CHUNK_SLICES: Final = 65_536
"""Slice times that are Python integers at one time."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What came of a unit.

    Attributes:
        collected: What each container gave, by id, in topology order; of no use after an error.
        errors: What was raised: the first cause, then what followed it. Empty after success.
    """

    collected: dict[str, object]
    errors: tuple[Exception, ...]


def drive(
    bus: Bus,
    times_ns: npt.NDArray[np.int64],
    journal: Journal,
    trading_from_ns: int | None = None,
) -> Driven:
    """Drive all containers of a sealed bus over ``times_ns``, and leave none running.

    Args:
        bus: Its containers are created, and nothing more.
        times_ns: End of every slice, (k,) int64 ascending, nanoseconds UTC.
        journal: Of the unit; lifecycle moves are written to it.
        trading_from_ns: Slices before this time only warm up; null: none does.
    """
    containers = bus.containers
    observer = _observer(journal)
    for container in containers:
        container.lifecycle.observer = observer
    collected: dict[str, object] = {}
    errors: list[Exception] = []
    try:
        try:
            _initialize(containers, bus)
            _start(containers)
            _execute(bus, times_ns, trading_from_ns)
            journal.write(UnitExecuted(slices=len(times_ns), events=bus.seq))
            collected = _collect(containers)
        except Exception as error:  # noqa: BLE001  # handed on, as the first cause
            errors.append(error)
        errors += _stop(containers)
        errors += _clean_up(containers)
    except BaseException as interruption:
        for later in (*_stop(containers), *_clean_up(containers)):
            interruption.add_note(f"while ending: {later}")
        raise
    return Driven(collected, tuple(errors))


def _initialize(containers: Iterable[Container], bus: Bus) -> None:
    for container in containers:
        container.initialize(bus.port(container))


def _start(containers: Iterable[Container]) -> None:
    for container in containers:
        container.start()


def _execute(bus: Bus, times_ns: npt.NDArray[np.int64], trading_from_ns: int | None) -> None:
    warming = 0 if trading_from_ns is None else int(np.searchsorted(times_ns, trading_from_ns))
    bus.run_warm_up_slices(times_ns[:warming].tolist())
    for first in range(warming, len(times_ns), CHUNK_SLICES):
        bus.run_slices(times_ns[first : first + CHUNK_SLICES].tolist())


def _collect(containers: Iterable[Container]) -> dict[str, object]:
    return {container.id: container.collect() for container in containers}


def _stop(containers: Sequence[Container]) -> Iterator[Exception]:
    for container in reversed(containers):
        if container.state is State.RUNNING:
            yield from _raised_by(container.stop)


def _clean_up(containers: Sequence[Container]) -> Iterator[Exception]:
    for container in reversed(containers):
        if container.state not in (State.CREATED, State.CLEANED):
            yield from _raised_by(container.cleanup)


def _raised_by(act: Callable[[], None]) -> Iterator[Exception]:
    try:
        act()
    except Exception as error:  # noqa: BLE001  # handed on; the others must still be ended
        yield error


def _observer(journal: Journal) -> Callable[[str, Trigger, State, State], None]:
    def moved(container: str, trigger: Trigger, source: State, target: State) -> None:
        journal.write(LifecycleMoved.of(container, trigger, source, target))

    return moved
