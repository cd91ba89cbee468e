"""The story of where two runs part first, put together from a record.

1. The divergence is the one that the verification found; nothing is judged anew.
2. `containers.trace` aligns the unit's traces: what stands around the event, how many more differ.
3. `effects_of` tells what it did to trades and figures, `told_settings` where the settings in play
   come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from containers.errors import StorageError
from containers.trace import Trace, align
from parity.channels import Channel
from parity.comparison.ground import common_ground
from parity.comparison.outcome import ChannelOutcome
from parity.divergence import Divergence
from parity.errors import UsageError
from parity.explaining.effects import Effects, effects_of
from parity.explaining.events import FieldDifference, Neighbour, field_differences, neighbours
from parity.explaining.origins import ToldSetting, read_configuration, told_settings
from parity.explaining.surroundings import Sibling, siblings
from parity.places import unit_of
from parity.record import Record
from parity.records import RecordFolder, StoredPair, StoredRecord
from parity.verdicts import Verdict

__all__ = ["AROUND", "Explanation", "KindsDiffering", "explain"]

AROUND: Final = 3
"""How many events are shown before and after the first that differs."""


class KindsDiffering(msgspec.Struct, frozen=True):
    """How the events of one kind differ in the unit of the divergence, bit by bit."""

    kind: str
    different: int
    missing: int
    extra: int
    fields: Mapping[str, int]


class Explanation(msgspec.Struct, frozen=True):
    """The story.

    Attributes:
        record: The folder of the record.
        config: The configuration as it was named.
        workflow: Name of the workflow; null when it never got that far.
        control: Name of the control.
        candidate: Name of the candidate.
        verdict: Of the comparison.
        ending: What it came to: ``parity``, ``differs``, ``refused``, ``failed`` or ``empty``.
        exit_code: With which the verification left.
        divergence: Where the two part first; null when they don't.
        reasons: Without a divergence, why the comparison is no parity; empty when it is.
        fields: The fields that differ.
        settings: The settings in play.
        neighbours: Of a trace: events before and after.
        siblings: Of other layers: entries beside the one that differs.
        effects: What came of it; null without a divergence.
        channels: Verdict and counts of every channel.
        kinds: Of a trace: how many events of the unit differ, by kind.
        units_differing: How many units' traces differ, this one included.
        units: How many units there are on both sides, of whose traces both keep the same.
        said: What each side said of its refusal or failure; null for nothing.
        others: Other comparisons of the record that are no parity: configuration, candidate.
    """

    record: str
    config: str
    workflow: str | None
    control: str
    candidate: str
    verdict: Verdict
    ending: str
    exit_code: int
    divergence: Divergence | None
    reasons: tuple[str, ...] = ()
    fields: tuple[FieldDifference, ...] = ()
    settings: tuple[ToldSetting, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    effects: Effects | None = None
    channels: Mapping[Channel, ChannelOutcome] = {}
    kinds: tuple[KindsDiffering, ...] = ()
    units_differing: int = 0
    units: int = 0
    said: Mapping[str, str | None] = {}
    others: tuple[tuple[str, str], ...] = ()


def explain(folder: RecordFolder, pair: StoredPair) -> Explanation:
    """Tell the story of one comparison of a record.

    Raises:
        UsageError: A record or a trace is damaged, edited, foreign or of another version.
    """
    index = folder.index()
    control = folder.load(pair.control)
    candidate = None if pair.candidate is None else folder.load(pair.candidate)
    bare = Explanation(
        record=str(folder.path),
        config=pair.config,
        workflow=control.record.workflow,
        control=control.record.subject,
        candidate=pair.candidate_name,
        verdict=pair.verdict,
        ending=pair.ending,
        exit_code=index.exit_code,
        divergence=pair.divergence,
        channels=pair.channels,
        said={
            "control": control.record.explanation,
            "candidate": None if candidate is None else candidate.record.explanation,
        },
        others=tuple(
            (other.config, other.candidate_name)
            for other in index.pairs
            if other.ending != "parity" and other != pair
        ),
    )
    if pair.divergence is None or candidate is None:
        return msgspec.structs.replace(bare, reasons=_reasons(pair))
    try:
        return _told(bare, folder, pair, pair.divergence, control, candidate)
    except StorageError as error:
        raise UsageError(
            f"the record {folder.path} cannot be read: {error}; verify again for a new record"
        ) from error


def _told(
    bare: Explanation,
    folder: RecordFolder,
    pair: StoredPair,
    divergence: Divergence,
    control: StoredRecord,
    candidate: StoredRecord,
) -> Explanation:
    place, _, inside = divergence.path.partition(": ")
    copy = None if pair.configuration is None else folder.path / pair.configuration
    document = read_configuration(copy, pair.config)
    shared = [
        unit
        for unit in control.summaries.keys() & candidate.summaries.keys()
        if _alike_kept(control.record, candidate.record, unit)
    ]
    told = msgspec.structs.replace(
        bare,
        fields=field_differences(divergence.control, divergence.candidate, divergence.fields),
        settings=told_settings(divergence.settings, document, control.record, divergence.path),
        effects=effects_of(control.record, candidate.record, divergence.path),
        units=len(shared),
        units_differing=sum(
            control.summaries[unit].digest != candidate.summaries[unit].digest for unit in shared
        ),
    )
    if divergence.channel is not Channel.TRACE:
        around = siblings(control.record, candidate.record, divergence.channel, place, inside)
        return msgspec.structs.replace(told, siblings=around)
    unit = unit_of(divergence.path) or place
    traces = _comparable(control.record, candidate.record, unit)
    if traces is None:
        return told
    left, right = traces
    ours, theirs = (
        side if isinstance(side, Mapping) else None
        for side in (divergence.control, divergence.candidate)
    )
    return msgspec.structs.replace(
        told,
        neighbours=neighbours(left, right, ours, theirs, AROUND),
        kinds=tuple(
            KindsDiffering(kind.value, n.different, n.missing, n.extra, n.fields)
            for kind, n in align(left, right).kinds.items()
        ),
    )


def _comparable(control: Record, candidate: Record, unit: str) -> tuple[Trace, Trace] | None:
    """Give the traces of a unit, reduced to what both sides keep; null where one has none."""
    ours, theirs = (
        msgspec.structs.replace(
            record,
            channels={
                Channel.TRACE: {
                    place: trace
                    for place, trace in record.channels.get(Channel.TRACE, {}).items()
                    if place == unit
                }
            },
        )
        for record in (control, candidate)
    )
    ground = common_ground(Channel.TRACE, ours, theirs)
    if isinstance(ground, str):
        return None
    left, right = (side.get(unit) for side in ground)
    return (left, right) if isinstance(left, Trace) and isinstance(right, Trace) else None


def _alike_kept(control: Record, candidate: Record, unit: str) -> bool:
    """Whether both sides keep the same of a unit's trace, so that digests can be compared."""
    return control.settings_of(unit) == candidate.settings_of(unit)


def _reasons(pair: StoredPair) -> tuple[str, ...]:
    """Say why a comparison without a divergence is no parity; nothing when it is."""
    if pair.ending == "parity":
        return ()
    if pair.ending in ("refused", "failed"):
        return (f"both sides {pair.ending} alike",)
    reasons = [] if pair.note is None else [pair.note]
    reasons += [
        f"{channel}: {outcome.reason}"
        for channel, outcome in pair.channels.items()
        if outcome.required and outcome.verdict is Verdict.NOT_COMPARABLE and outcome.reason
    ]
    if pair.ending == "empty":
        reasons.append("no event, trade or figure was compared")
    return tuple(reasons)
