"""The journal's records, sorted into channels under their structural paths.

A record goes to its channel whole, whatever fields it has. The order of unlike records of one path
is kept as well, in the channel ``status``, and so is that of the paths, as they were heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from containers.failures import path_text
from containers.journal import (
    BarDropped,
    ConfigResolved,
    Entry,
    ErrorRaised,
    HookCalled,
    IterationStarted,
    JournalPath,
    LifecycleMoved,
    OutputWritten,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    TopologyBuilt,
    UnitExecuted,
    WorkflowFinished,
    WorkflowStarted,
)
from parity.channels import Channel
from parity.recording.plain import plain, plain_error

__all__ = ["CHANNEL_OF", "add_journal"]

CHANNEL_OF: Final[Mapping[type, Channel]] = {
    ConfigResolved: Channel.CONFIG,
    BarDropped: Channel.CONFIG,
    WorkflowStarted: Channel.PLAN,
    PlanMade: Channel.PLAN,
    PhaseStarted: Channel.PLAN,
    PhaseSkipped: Channel.PLAN,
    PhaseFinished: Channel.PLAN,
    WorkflowFinished: Channel.PLAN,
    IterationStarted: Channel.WINDOWS,
    TopologyBuilt: Channel.TOPOLOGY,
    LifecycleMoved: Channel.LIFECYCLE,
    UnitExecuted: Channel.LIFECYCLE,
    HookCalled: Channel.HOOKS,
    OutputWritten: Channel.FILES,
    ErrorRaised: Channel.ERRORS,
}
"""Where each kind of record goes."""


def add_journal(
    channels: Mapping[Channel, dict[str, Any]], entries: Iterable[Entry], root: Path | None
) -> None:
    """Sort ``entries`` into ``channels``; ``root`` is struck from what errors say."""
    orders: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    heard: list[str] = []
    moves: dict[int, tuple[LifecycleMoved, dict[str, Any]]] = {}
    path: JournalPath = ()
    place = path_text(path)
    for entry in entries:
        record = entry.record
        if entry.path is not path:  # most records stand behind one of the same path
            path, place = entry.path, path_text(entry.path)
        if isinstance(record, LifecycleMoved):
            # Equal moves are mostly one object, which is looked at once.
            if id(record) not in moves:
                moves[id(record)] = record, plain(record)
            content = moves[id(record)][1].copy()
        else:
            content = plain(record)
        if isinstance(record, ErrorRaised):
            content["error"] = plain_error(record.error, root)
        counted = counts[place] = counts.get(place, -1) + 1
        if entry.number != counted:
            content["number"] = entry.number  # else it says nothing that the order does not
        channels[CHANNEL_OF[type(record)]].setdefault(place, []).append(content)
        order = orders.setdefault(place, [])
        if not order or order[-1] != content["type"]:
            order.append(content["type"])
        if not heard or heard[-1] != place:
            heard.append(place)
    if heard:
        channels[Channel.STATUS].setdefault("", {})["heard"] = heard
    for place, order in orders.items():
        channels[Channel.STATUS].setdefault(place, {})["journal"] = order
