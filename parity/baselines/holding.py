"""Holding a run against what was approved.

Both sides are reduced alike and compared by the means of every comparison (`compare_records`), so
verdicts, places and rules are those of a verification. Trades, curves and traces, of which a
baseline has digests alone, are compared by these: `_by_digest`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.events import EventKind
from containers.results import EquityCurve
from containers.trace import CHUNK_ROWS, Trace, TraceLevel, lower_level
from parity.baselines.marks import mark_of_rows, range_of, rows_of
from parity.baselines.sketch import BY_DIGEST, Sketch, sketch_of
from parity.channels import REQUIRED, Channel
from parity.comparison.outcome import ChannelOutcome, Difference, Tally
from parity.comparison.records import compare_records
from parity.errors import UsageError
from parity.levels import due_kinds
from parity.policy.judging import NOBODY, AppliedPolicy, Judge
from parity.record import Record, TraceSettings
from parity.verdicts import Verdict

__all__ = ["APPROVED", "Held", "differing_rows", "hold"]

APPROVED: Final = "approved"
"""Name of the side that was approved."""

_LEVEL: Final = ("trace_level",)


class Held(msgspec.Struct, frozen=True):
    """A run, held against what was approved.

    Attributes:
        approved: The approved side as a record, without trades, curves and traces.
        reduced: The run, reduced likewise.
        record: The run itself, its traces at the level of the approved ones.
        sketch: Its sketch.
        outcomes: Verdict on every channel, cause first.
    """

    approved: Record
    reduced: Record
    record: Record
    sketch: Sketch
    outcomes: Mapping[Channel, ChannelOutcome]


def hold(
    approved: Sketch, record: Record, config: Path, policy: AppliedPolicy | None = None
) -> Held:
    """Compare a run with what was approved.

    Args:
        approved: What was approved.
        record: The run.
        config: The file that it is a run of.
        policy: Says which differences are excused, and keeps account; null: none are. Of what is
            known by digest it can excuse a place as a whole.

    Raises:
        UsageError: The policy has a cleaner, which digests can't be cleaned by; or the run keeps
            less of its traces than was approved, so that digests of the two say nothing of each
            other.
    """
    if policy is not None and policy.policy.cleaners:
        names = ", ".join(policy.policy.cleaners)
        raise UsageError(
            f"{policy.policy.file}: its cleaners ({names}) change runs before they are compared, "
            "and of an approved one there are digests alone; leave them out"
        )
    record = _at_level(approved, record)
    sketch = sketch_of(record, config)
    left = _tree_record(APPROVED, approved)
    right = msgspec.structs.replace(
        _tree_record(record.subject, sketch),
        explanation=record.explanation,
        covers=record.covers,
    )
    outcomes = dict(compare_records(left, right, policy))
    judges = []
    for channel in BY_DIGEST:
        judges.append(NOBODY if policy is None else policy.judge(channel))
        outcomes[channel] = _by_digest(channel, approved, sketch, record, judges[-1])
    if policy is not None:
        policy.take(judges)
    return Held(left, right, record, sketch, outcomes)


def _tree_record(name: str, sketch: Sketch) -> Record:
    return Record(
        subject=name,
        workflow=sketch.workflow,
        status=sketch.status,
        declared=sketch.declared - BY_DIGEST,
        channels={c: content for c, content in sketch.channels.items() if c not in BY_DIGEST},
        duration_s=0.0,
        explanation=sketch.said,
        told=sketch.told,
        trace_settings=sketch.trace_settings,
    )


def _at_level(approved: Sketch, record: Record) -> Record:
    """Reduce the traces of a run to the level that was approved, where that is lower."""
    traces: dict[str, Trace] = dict(record.channels.get(Channel.TRACE, {}))
    settings = dict(record.trace_settings)
    for unit, trace in traces.items():
        theirs = approved.trace_settings.get(unit)
        ours = record.settings_of(unit)
        if theirs is None or (theirs.level, theirs.overrides) == (ours.level, ours.overrides):
            continue
        if record.told.get(_LEVEL) == approved.told.get(_LEVEL):
            continue  # the configuration has changed, which is a difference like any other
        limited = theirs.limit is not None or ours.limit is not None
        lower = theirs.level == lower_level(TraceLevel(theirs.level), TraceLevel(ours.level))
        if theirs.overrides != ours.overrides or limited or not lower:
            raise UsageError(
                f"traces were approved at the level '{theirs.level}', and {record.subject} keeps "
                f"'{ours.level}': digests of the two say nothing of each other; leave its 'trace' "
                f"out, or give it trace={theirs.level}"
            )
        traces[unit] = trace.filtered(_kept(theirs))
        settings[unit] = theirs
    return msgspec.structs.replace(
        record,
        channels={**record.channels, Channel.TRACE: traces},
        trace_settings=settings,
    )


def _kept(settings: TraceSettings) -> Any:
    def keep(kind: EventKind, container: str) -> bool:
        return kind in due_kinds(container, settings.level, settings.overrides)

    return keep


def _by_digest(
    channel: Channel, approved: Sketch, sketch: Sketch, record: Record, judge: Judge
) -> ChannelOutcome:
    """Compare what is known by digest; ``different`` counts the places where digests differ."""
    for name, side in ((APPROVED, approved), (record.subject, sketch)):
        if channel not in side.declared:
            return ChannelOutcome(
                Verdict.NOT_COMPARABLE, required=False, reason=f"{name} does not fill it"
            )
    left = approved.channels.get(channel, {})
    right = sketch.channels.get(channel, {})
    if record.covers is not None:
        covers = record.covers
        left = {p: v for p, v in left.items() if {p, p.rpartition("/portfolio=")[0]} & covers}
    if not left and not right:
        return ChannelOutcome(
            Verdict.NOT_COMPARABLE, required=channel in REQUIRED, reason="neither side filled it"
        )
    tally = Tally()
    for place in [*left, *(place for place in right if place not in left)]:
        ours, theirs = left.get(place), right.get(place)
        if ours != theirs and (ruling := judge.on_absence(place)) is not None:
            tally.excuse([ruling])
            continue
        if judge.ignores(place):
            continue  # it is the same, and nobody asked
        content = record.channels.get(channel, {}).get(place)
        _compare_marks(tally, channel, place, ours, theirs, content)
    if judge.may_ignore and not tally.verdict.is_difference and not tally.compared:
        tally.ignored = max(tally.ignored, 1)  # what is ignored was not compared, even if equal
    verdict = tally.verdict
    if verdict is Verdict.NOT_COMPARABLE:
        verdict = Verdict.EQUAL  # both have nothing at the same places
    reasons = {rule.reason: None for rule in judge.accounts if judge.accounts[rule].fired}
    return ChannelOutcome(
        verdict=verdict,
        required=True,
        compared=tally.compared,
        different=tally.different,
        missing=tally.missing,
        extra=tally.extra,
        first=tally.first,
        reason="; ".join(reasons) or None,
        ignored=tally.ignored,
        rules=tuple(at for at, _ in tally.rules),
    )


def _count(marks: Mapping[str, Any] | None) -> int:
    return 0 if marks is None else int(marks.get("kept", marks.get("count", 0)))


def _compare_marks(
    tally: Tally,
    channel: Channel,
    place: str,
    left: Mapping[str, Any] | None,
    right: Mapping[str, Any] | None,
    content: Any,
) -> None:
    ours, theirs = _count(left), _count(right)
    unit = place if channel is Channel.TRACE else None
    if left is None or right is None:
        # A place with nothing in it counts as one: that it is there is what differs.
        tally.missing += max(ours, 1) if right is None else 0
        tally.extra += max(theirs, 1) if left is None else 0
        told = {"count": ours or theirs, "digest": (left or right or {}).get("digest")}
        only = (told, None) if right is None else (None, told)
        tally.note(Difference(path=place, control=only[0], candidate=only[1], unit=unit))
        return
    tally.compared += min(ours, theirs)
    if ours == theirs and left.get("digest") == right.get("digest"):
        return
    tally.different += 1
    tally.missing += max(ours - theirs, 0)
    tally.extra += max(theirs - ours, 0)
    rows = differing_rows(left, content)
    where = f": rows {range_of(*rows)}" if rows else ""
    kinds = "kinds" if channel is Channel.TRACE else "columns"
    a, b = left.get(kinds, {}), right.get(kinds, {})
    fields = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
    tally.note(
        Difference(
            path=f"{place}{where}",
            control=_told(left, a, fields),
            candidate=_told(right, b, fields),
            fields=tuple(fields),
            position=rows[0] if rows else None,
            unit=unit,
        )
    )


def _told(
    marks: Mapping[str, Any], parts: Mapping[str, Any], fields: Sequence[str]
) -> dict[str, Any]:
    """Tell a side by what differs of it, and by its count and digest."""
    count = {"kept": marks["kept"]} if "kept" in marks else {"count": marks["count"]}
    return {**count, "digest": marks.get("digest"), **{name: parts.get(name) for name in fields}}


def differing_rows(marks: Mapping[str, Any], content: Any) -> tuple[int, int] | None:
    """Find the first range of rows that differs: by prefixes of chunks, then by the marks.

    Args:
        marks: What was approved.
        content: The trace, curve or trades there are now.

    Returns:
        First and last row of it in what was approved; beyond its end, those that follow. Null when
        no mark of rows differs.
    """
    kept = _count(marks)
    names = list(marks.get("rows", {})) or ([range_of(0, kept - 1)] if kept else [])
    known = marks.get("rows", {})
    prefixes: list[str] = marks.get("prefixes", [])
    if isinstance(content, Trace) and prefixes:
        # A chunk whose prefix is the same need not be looked into.
        same = [info.prefix.digest for info in content.infos]
        equal = sum(1 for a, b in zip(prefixes, same, strict=False) if a == b)
        names = [name for name in names if rows_of(name)[0] >= equal * CHUNK_ROWS]
    for name in names:
        if name not in known or known[name] != mark_of_rows(content, *rows_of(name)):
            return rows_of(name)
    now = len(content.equity) if isinstance(content, EquityCurve) else len(content)
    return (kept, now - 1) if now > kept else None
