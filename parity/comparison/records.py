"""Comparing two records, channel by channel, cause first.

1. `_compare` says which channels count: those both subjects declare, if they belong to every run
   or either side filled them. It takes from both sides what they were told to do differently, and
   has them cleaned.
2. `_MEANS` compares the content by the means of its kind; traces first reduced to what both kept.
   Where bits differ the policy is asked, and nowhere else.
3. `_outcome` turns the counts into a verdict. A channel in which everything is ignored was not
   compared, whatever its bits.
4. The overall verdict is the worst of the channels that count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from containers.errors import ConfigPath
from containers.events import EventKind
from containers.journal import OutputWritten
from containers.storage.phase_store import ITERATIONS_FILE
from containers.trace import Trace, TraceLevel, kept_kinds
from parity.channels import CAUSE_FIRST, REQUIRED, Channel, Content
from parity.comparison.curves import compare_curves, looks_at_curves
from parity.comparison.outcome import ChannelOutcome, Tally
from parity.comparison.rows import compare_rows, looks_at_rows
from parity.comparison.traces import compare_traces, looks_at_traces
from parity.comparison.trees import compare_trees, looks_at_trees
from parity.policy.judging import NOBODY, AppliedPolicy, Judge
from parity.record import Record, TraceSettings
from parity.verdicts import Verdict, worst

__all__ = ["compare_records", "overall"]

_STORAGE: Final[ConfigPath] = ("results", "storage")
_LEVEL: Final[ConfigPath] = ("trace_level",)


def compare_records(
    control: Record, candidate: Record, policy: AppliedPolicy | None = None
) -> dict[Channel, ChannelOutcome]:
    """Compare everything that both subjects declare; the result is in order of cause.

    Args:
        control: The reference.
        candidate: What is held against it.
        policy: Says which differences are excused, and keeps account of what its rules did once
            everything is compared; null: none are.

    Raises:
        UsageError: A comparator or cleaner of the policy failed; nothing was added to its account.
    """
    judges: dict[Channel, Judge] = {}
    outcomes = {}
    for channel in CAUSE_FIRST:
        judges[channel] = _judge(channel, control, candidate, policy)
        outcomes[channel] = _compare(channel, control, candidate, judges[channel], policy)
    if policy is not None:
        policy.take(judges.values())
    return outcomes


def overall(outcomes: Mapping[Channel, ChannelOutcome]) -> Verdict:
    """Give the worst verdict of the channels that count."""
    return worst(outcome.verdict for outcome in outcomes.values() if outcome.required)


def _judge(
    channel: Channel, control: Record, candidate: Record, policy: AppliedPolicy | None
) -> Judge:
    # That one run failed and the other did not is beyond all rules.
    told_apart = control.status != candidate.status
    if policy is None or (told_apart and channel in (Channel.STATUS, Channel.ERRORS)):
        return NOBODY
    return policy.judge(channel)


def _compare(
    channel: Channel,
    control: Record,
    candidate: Record,
    judge: Judge,
    policy: AppliedPolicy | None,
) -> ChannelOutcome:
    for record in (control, candidate):
        if channel not in record.declared:
            return _not_comparable(f"{record.subject} does not fill it")
    left = _covered(channel, control, by=candidate)
    right = _covered(channel, candidate, by=control)
    other_storage = control.told.get(_STORAGE) != candidate.told.get(_STORAGE)
    if channel is Channel.FILES and other_storage:
        return _not_comparable("the sides were told to store in different places")
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
            return _not_comparable("a side keeps no events at its trace level")
    if policy is not None:
        left, right = (policy.cleaned(channel, side) for side in (left, right))
    if not left and not right:
        return _not_comparable("neither side filled it", required=channel in REQUIRED)
    compare, looks_at = _MEANS.get(channel, (compare_trees, looks_at_trees))
    tally = compare(left, right, judge)
    if judge.may_ignore and not tally.verdict.is_difference and not looks_at(left, right, judge):
        tally.compared = 0
        tally.ignored += not tally.ignored
    # What both filled with nothing (no trade on either side) agrees.
    verdict = tally.verdict
    if verdict is Verdict.NOT_COMPARABLE and left.keys() == right.keys():
        verdict = Verdict.EQUAL
    return _outcome(verdict, tally)


_MEANS: Final[Mapping[Channel, tuple[Callable[..., Tally], Callable[..., bool]]]] = {
    Channel.TRACE: (compare_traces, looks_at_traces),
    Channel.TRADES: (compare_rows, looks_at_rows),
    Channel.EQUITY: (compare_curves, looks_at_curves),
}
"""What compares a channel, and what says whether rules leave anything of it to be compared; all
others hold trees."""


def _outcome(verdict: Verdict, tally: Tally) -> ChannelOutcome:
    excused = [f"{count:,} by {at} ({why})" for (at, why), count in tally.rules.items()]
    nothing = verdict is Verdict.IGNORED and not tally.compared
    words = ["everything in it is ignored"] if nothing else []
    words += [f"excused: {', '.join(excused)}"] if excused else []
    return ChannelOutcome(
        verdict=verdict,
        required=True,
        compared=tally.compared,
        different=tally.different,
        missing=tally.missing,
        extra=tally.extra,
        max_abs=tally.max_abs,
        max_ulp=tally.max_ulp,
        tolerance_used=tally.used,
        first=tally.first,
        reason="; ".join(words) or None,
        tolerated=tally.tolerated,
        ignored=tally.ignored,
        rules=tuple(at for at, _ in tally.rules),
    )


def _not_comparable(reason: str, *, required: bool = False) -> ChannelOutcome:
    return ChannelOutcome(verdict=Verdict.NOT_COMPARABLE, required=required, reason=reason)


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
