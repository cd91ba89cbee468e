"""What each channel of a record can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from containers.results import EquityCurve
from containers.trace import Trace
from parity.channels import Channel

__all__ = ["problem_of_content"]

_CONTENTS: Final[Mapping[Channel, type]] = {
    Channel.TRACE: Trace,
    Channel.TRADES: Sequence,
    Channel.EQUITY: EquityCurve,
    Channel.METRICS: Mapping,
}


def problem_of_content(channel: Channel, content: object) -> str | None:
    """Say what keeps ``content`` from being that of a channel; null when nothing does.

    >>> problem_of_content(Channel.METRICS, {"x": 5})
    "int at 'x' of the channel metrics, expected Mapping"
    """
    if not isinstance(content, Mapping):
        return f"{type(content).__name__} in the channel {channel}, expected a mapping"
    due = _CONTENTS.get(channel, object)
    for place, value in content.items():
        if not isinstance(place, str):
            return f"{type(place).__name__} for a place of the channel {channel}, expected text"
        if not isinstance(value, due):
            found = f"{type(value).__name__} at {place!r} of the channel {channel}"
            return f"{found}, expected {due.__name__}"
    return None
