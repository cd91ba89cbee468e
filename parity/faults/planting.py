"""A candidate whose record differs from the control's for certain: what compares must see that.

What compares traces lies in `containers.trace`, so a fault there makes two engines alike that are
not. It is seen on a record that is known to differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.events import Event, PortfolioUpdate
from containers.trace import Trace
from parity.channels import Channel
from parity.record import Record
from parity.subjects import Subject

__all__ = ["Planted"]


class Planted:
    """A subject whose last portfolio update has its cash one ulp higher.

    Args:
        subject: What runs.
        channel: Where that shows.
    """

    prefix: Final = "planted:"

    def __init__(self, subject: Subject, channel: Channel) -> None:
        self._subject = subject
        self._channel = channel
        self.name = f"{self.prefix}{subject.name}"

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run, and change what was recorded."""
        record = self._subject.run(config, root)
        traces = dict(record.channels[self._channel])
        place = list(traces)[-1]
        traces[place] = _changed(traces[place])
        channels = {**record.channels, self._channel: traces}
        return msgspec.structs.replace(record, subject=self.name, channels=channels)


def _changed(trace: Trace) -> Trace:
    events: list[Event] = list(trace)
    at = max(i for i, event in enumerate(events) if isinstance(event, PortfolioUpdate))
    update = events[at]
    assert isinstance(update, PortfolioUpdate)
    events[at] = msgspec.structs.replace(update, cash=math.nextafter(update.cash, math.inf))
    return Trace.from_events(events)
