"""Comparing two records, channel by channel, cause first.

1. `_required` says which channels count: those both subjects declare, if they belong to every run
   or either side filled them.
2. `_tally` compares the content by the means of its kind; traces first reduced to what both kept.
3. The overall verdict is the worst of the channels that count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from containers.errors import ConfigPath
from containers.events import EventKind
from containers.trace import Trace, TraceLevel, kept_kinds
from parity.channels import CAUSE_FIRST, REQUIRED, Channel, Content
from parity.comparison.curves import compare_curves
from parity.comparison.outcome import ChannelOutcome, Tally
from parity.comparison.rows import compare_rows
from parity.comparison.traces import compare_traces
from parity.comparison.trees import compare_trees
from parity.record import Record, TraceSettings
from parity.verdicts import Verdict, worst

__all__ = ["compare_records", "overall"]

_STORAGE: Final[ConfigPath] = ("results", "storage")


def compare_records(control: Record, candidate: Record) -> dict[Channel, ChannelOutcome]:
    """Compare everything that both subjects declare; the result is in order of cause."""
    return {channel: _compare(channel, control, candidate) for channel in CAUSE_FIRST}


def overall(outcomes: Mapping[Channel, ChannelOutcome]) -> Verdict:
    """Give the worst verdict of the channels that count."""
    return worst(outcome.verdict for outcome in outcomes.values() if outcome.required)


def _compare(channel: Channel, control: Record, candidate: Record) -> ChannelOutcome:
    for record in (control, candidate):
        if channel not in record.declared:
            return _not_comparable(f"{record.subject} does not fill it")
    left = control.channels.get(channel, {})
    right = candidate.channels.get(channel, {})
    if channel is Channel.FILES and control.told.get(_STORAGE) != candidate.told.get(_STORAGE):
        return _not_comparable("the sides were told to store in different places")
    if channel is Channel.CONFIG:
        left, right = (_without(side, control, candidate) for side in (left, right))
    if channel is Channel.TRACE:
        left, right = _at_common_level(left, right, control, candidate)
        if _keeps_nothing(control, candidate):
            return _not_comparable("a side keeps no events at its trace level")
    if not left and not right:
        return _not_comparable("neither side filled it", required=channel in REQUIRED)
    tally = _tally(channel, left, right)
    # What both filled with nothing (no trade on either side) agrees.
    verdict = tally.verdict
    if verdict is Verdict.NOT_COMPARABLE and left.keys() == right.keys():
        verdict = Verdict.EQUAL
    return ChannelOutcome(
        verdict=verdict,
        required=True,
        compared=tally.compared,
        different=tally.different,
        missing=tally.missing,
        extra=tally.extra,
        max_abs=tally.max_abs,
        max_ulp=tally.max_ulp,
        first=tally.first,
    )


def _tally(channel: Channel, left: Content, right: Content) -> Tally:
    if channel is Channel.TRACE:
        return compare_traces(left, right)
    if channel is Channel.TRADES:
        return compare_rows(left, right)
    if channel is Channel.EQUITY:
        return compare_curves(left, right)
    return compare_trees(left, right)


def _not_comparable(reason: str, *, required: bool = False) -> ChannelOutcome:
    return ChannelOutcome(verdict=Verdict.NOT_COMPARABLE, required=required, reason=reason)


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
        return all(kind in kept_kinds(container, s.level, s.overrides) for s in settings)

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
