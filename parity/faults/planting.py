"""A candidate whose trace differs from the control's for certain: what compares must see that.

What compares traces lies in `containers.trace`, so a fault there makes two engines alike that are
not. It is seen on a record that is known to differ, and how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from containers.events import Event, PortfolioUpdate
from containers.trace import Trace
from parity.channels import Channel
from parity.record import Record
from parity.subjects import Subject
from parity.verification import Pair

__all__ = ["PlantedSubject", "is_seen"]

_Planted: TypeAlias = Literal["field", "event"]


class PlantedSubject:
    """A subject whose trace is changed once it has run.

    Args:
        subject: What runs.
        planted: ``field``: the last portfolio update has its cash one ulp higher. ``event``: the
            first one is there twice, and all events behind it have other numbers.
    """

    prefix: Final = "planted:"

    def __init__(self, subject: Subject, planted: _Planted) -> None:
        self._subject = subject
        self._planted = planted
        self.name = f"{self.prefix}{subject.name}"

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run, and change what was recorded."""
        record = self._subject.run(config, root)
        traces = dict(record.channels[Channel.TRACE])
        place = list(traces)[-1]
        change = _with_other_field if self._planted == "field" else _with_event
        traces[place] = Trace.from_events(change(list(traces[place])))
        channels = {**record.channels, Channel.TRACE: traces}
        return msgspec.structs.replace(record, subject=self.name, channels=channels)


def is_seen(pair: Pair, planted: _Planted) -> bool:
    """Whether a comparison saw what was planted, as what it is, and no other change of events."""
    outcome = pair.channels[Channel.TRACE]
    counts = outcome.different, outcome.missing, outcome.extra
    if planted == "event":
        return counts == (0, 0, 1)
    return counts == (1, 0, 0) and outcome.max_ulp == 1


def _with_other_field(events: list[Event]) -> list[Event]:
    at, update = [(i, e) for i, e in enumerate(events) if isinstance(e, PortfolioUpdate)][-1]
    events[at] = msgspec.structs.replace(update, cash=math.nextafter(update.cash, math.inf))
    return events


def _with_event(events: list[Event]) -> list[Event]:
    at, update = next((i, e) for i, e in enumerate(events) if isinstance(e, PortfolioUpdate))
    twin = msgspec.structs.replace(update, seq=update.seq + 1)
    behind = [_renumbered(event, update.seq) for event in events[at + 1 :]]
    return [*events[: at + 1], twin, *behind]


def _renumbered(event: Event, behind: int) -> Event:
    cause = event.cause
    if cause is not None and cause > behind:
        cause += 1
    return msgspec.structs.replace(event, seq=event.seq + 1, cause=cause)
