"""What two records have in common: the part of each that can be held against the other.

Who does not declare a channel, covers some units alone, or was told to run in another way than the
other, differs there without being wrong. `common_ground` takes that away from both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from containers.errors import ConfigPath
from containers.events import EventKind
from containers.journal import OutputWritten
from containers.storage.phase_store import ITERATIONS_FILE
from containers.trace import Trace, TraceLevel
from parity.channels import Channel, Content
from parity.levels import due_kinds
from parity.record import Record, TraceSettings

__all__ = ["common_ground"]

_STORAGE: Final[ConfigPath] = ("results", "storage")
_LEVEL: Final[ConfigPath] = ("trace_level",)


def common_ground(
    channel: Channel, control: Record, candidate: Record
) -> tuple[Content, Content] | str:
    """Give the content of a channel on both sides, as far as the two can be compared.

    Neither record is changed. Instead of the two: why nothing of the channel can be compared.
    """
    for record in (control, candidate):
        if channel not in record.declared:
            return f"{record.subject} does not fill it"
    left = _covered(channel, control, by=candidate)
    right = _covered(channel, candidate, by=control)
    other_storage = control.told.get(_STORAGE) != candidate.told.get(_STORAGE)
    if channel is Channel.FILES and other_storage:
        return "the sides were told to store in different places"
    if channel is Channel.CONFIG:
        left, right = (_without(side, control, candidate) for side in (left, right))
    if channel is Channel.STATUS and other_storage:
        left, right = (_without_writing(side) for side in (left, right))
    if channel is Channel.OUTPUTS:
        left, right = (_without_summaries(side, control, candidate) for side in (left, right))
    if channel is Channel.FILES and control.told.get(_LEVEL) != candidate.told.get(_LEVEL):
        left, right = (_without_traces(side) for side in (left, right))
    if channel is Channel.TRACE:
        left, right = _at_common_level(left, right, control, candidate)
        if _keeps_nothing(control, candidate):
            return "a side keeps no events at its trace level"
    return left, right


def _covered(channel: Channel, record: Record, *, by: Record) -> Content:
    """Give what ``record`` has in a channel, of places that the other record is about.

    Who covers some units alone says nothing of what lies above them, and of a unit it shows the
    trace and what belongs to a portfolio. Who has some figures says nothing of the others.
    """
    content = record.channels.get(channel, {})
    figures = by.figures
    if channel is Channel.METRICS and figures is not None:
        content = {
            place: {name: value for name, value in of.items() if name in figures}
            for place, of in content.items()
        }
    if by.covers is None:
        return content
    covers = by.covers
    if channel is Channel.TRACE:
        return {place: value for place, value in content.items() if place in covers}
    return {
        place: value
        for place, value in content.items()
        if place.rpartition("/portfolio=")[0] in covers
    }


def _without_summaries(content: Content, control: Record, candidate: Record) -> Content:
    """Leave out of trace summaries what follows from how a subject was told to run.

    With another level another number of events is kept; where they lie depends on the storage.
    """
    other_level = control.told.get(_LEVEL) != candidate.told.get(_LEVEL)
    other_storage = control.told.get(_STORAGE) != candidate.told.get(_STORAGE)
    if not (other_level or other_storage):
        return content

    def reduced(summary: Mapping[str, Any]) -> dict[str, Any]:
        hidden = {"path"} if other_storage else set()
        if other_level:
            hidden |= set(summary) - {"events"}
        return {key: value for key, value in summary.items() if key not in hidden}

    def strip(tree: Any) -> Any:  # outputs can hold parts of results, at any depth
        if isinstance(tree, Mapping):
            return {
                key: reduced(value)
                if key == "trace_summary" and isinstance(value, Mapping)
                else strip(value)
                for key, value in tree.items()
            }
        return [strip(item) for item in tree] if isinstance(tree, list | tuple) else tree

    return {place: strip(entry) for place, entry in content.items()}


def _without_writing(content: Content) -> Content:
    """Leave out of the order of a path's records that files were written."""

    def order(names: list[str]) -> list[str]:
        left = [name for name in names if name != OutputWritten.__name__]
        return [name for at, name in enumerate(left) if at == 0 or left[at - 1] != name]

    return {
        place: {**entry, "journal": order(entry["journal"])} if "journal" in entry else entry
        for place, entry in content.items()
    }


def _without_traces(content: Content) -> Content:
    """Leave out the files of traces, of which another level keeps another part.

    Of the logs of iterations, which hold summaries of traces, it is left that they are there.
    """

    def reduced(name: str, file: Any) -> Any:
        if name.endswith(f"/{ITERATIONS_FILE}") and isinstance(file, Mapping):
            return {key: value for key, value in file.items() if key not in ("bytes", "digest")}
        return file

    return {
        place: {name: reduced(name, file) for name, file in entry.items() if "/trace/" not in name}
        if isinstance(entry, Mapping)
        else entry
        for place, entry in content.items()
    }


def _without(content: Content, control: Record, candidate: Record) -> Content:
    """Leave out the settings by which a subject was told how to run."""
    hidden = {path for record in (control, candidate) for path in record.told}
    if not hidden:
        return content

    def strip(tree: Any, path: tuple[str, ...]) -> Any:
        if isinstance(tree, Mapping):
            return {k: strip(v, (*path, k)) for k, v in tree.items() if (*path, k) not in hidden}
        return tree

    return {
        place: [
            {**entry, "config": strip(entry["config"], ())} if "config" in entry else entry
            for entry in entries
        ]
        for place, entries in content.items()
    }


def _at_common_level(
    left: Content, right: Content, control: Record, candidate: Record
) -> tuple[Content, Content]:
    """Reduce each unit's traces to the events that both sides' settings keep."""
    ours, theirs = dict(left), dict(right)
    for unit in ours.keys() & theirs.keys():
        a, b = control.settings_of(unit), candidate.settings_of(unit)
        if (a.level, a.overrides) != (b.level, b.overrides):
            mine, other = _reduced(ours[unit], a, b), _reduced(theirs[unit], a, b)
            if a.limit is not None or b.limit is not None:
                # Each side dropped its oldest by its own count; what both kept is the newest.
                shared = min(len(mine), len(other))
                mine, other = mine.newest(shared), other.newest(shared)
            ours[unit], theirs[unit] = mine, other
    return ours, theirs


def _reduced(trace: Trace, *settings: TraceSettings) -> Trace:
    def keep(kind: EventKind, container: str) -> bool:
        return all(kind in due_kinds(container, s.level, s.overrides) for s in settings)

    return trace.filtered(keep)


def _keeps_nothing(control: Record, candidate: Record) -> bool:
    """Whether the settings of one side say that no event of any unit is kept."""
    return any(
        record.trace_settings
        and all(
            s.level == TraceLevel.NONE and not s.overrides for s in record.trace_settings.values()
        )
        for record in (control, candidate)
    )
