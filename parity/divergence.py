"""The first divergence, told from its cause.

Channels are looked at in order of cause; in the first that differs, the first difference is taken.
A differing event is explained by the chain of events that led to it, back to the bar, on both
sides, and by the settings of the configuration that its container obeys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from containers.events import Event
from containers.trace import Trace
from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome, Difference
from parity.obeying import Setting, settings_in_play
from parity.places import iteration_of, phase_name
from parity.record import Record

__all__ = ["Divergence", "first_divergence"]


class Divergence(msgspec.Struct, frozen=True):
    """Where two runs part first.

    Attributes:
        channel: The layer.
        path: Structural path and place, as in `Difference.path`.
        control: Value, event or row of the control; null when it has none.
        candidate: That of the candidate.
        fields: Names of the fields that differ.
        phase: Name of the phase it lies in; null above the phases.
        iteration: The iterations of the phase's sequence it lies in, outermost first, for example
            ``window=2/window=0``; null above them.
        container: Id of the container that differs: publisher of an event, or the one that was
            built or moved; null elsewhere.
        config_path: Paths of the settings that decide on what differs, joined by ", ", for example
            ``execution.slippage_bps, execution.fill``; null where none is known.
        settings: The same settings with their values.
        control_chain: For events: the event and its causes, nearest first, on the control's side.
            It ends at a bar, where the trace level did not keep a cause, or after 100 events.
        candidate_chain: The same on the candidate's side.
        also: Later channels that differ as well.
    """

    channel: Channel
    path: str
    control: Any
    candidate: Any
    fields: tuple[str, ...] = ()
    phase: str | None = None
    iteration: str | None = None
    container: str | None = None
    config_path: str | None = None
    control_chain: tuple[dict[str, Any], ...] = ()
    candidate_chain: tuple[dict[str, Any], ...] = ()
    also: tuple[Channel, ...] = ()
    settings: tuple[Setting, ...] = ()


_LONGEST_CHAIN: Final = 100
"""A sound chain has less than ten events; that of a foreign trace could have millions."""

_PORTFOLIO: Final = re.compile(r"/portfolio=([^/:]+)")
_ENTRY: Final = re.compile(r"\[(?P<entry>\d+)\](?:\.containers\[(?P<built>\d+)\])?")


def first_divergence(
    control: Record, candidate: Record, outcomes: Mapping[Channel, ChannelOutcome]
) -> Divergence | None:
    """Find and explain the first divergence of two records; null when there is none."""
    differing = [c for c, o in outcomes.items() if o.verdict.is_difference]
    if not differing:
        return None
    nothing_came = (control.workflow is None) != (candidate.workflow is None)
    if nothing_came or "refused" in (control.status, candidate.status):
        # Nothing came of one side: that, and not the channels it left empty, is where they part.
        differing.sort(key=lambda channel: channel not in (Channel.STATUS, Channel.ERRORS))
    channel = differing[0]
    if channel is Channel.LIFECYCLE and Channel.TRACE in differing and _is_count(outcomes[channel]):
        # Another number of events is what another event comes to: the trace knows which it was.
        differing.remove(Channel.TRACE)
        differing.insert(0, Channel.TRACE)
        channel = Channel.TRACE
    first = outcomes[channel].first
    assert first is not None  # a channel that differs says where
    event = first.left or first.right
    container = event.container if event is not None else _container(control, channel, first)
    if container is None:
        container = _container(candidate, channel, first)
    settings = settings_in_play(
        control, candidate, channel, first.path, container, first.fields,
        first.left if first.left is not None else first.control,
        first.right if first.right is not None else first.candidate,
    )  # fmt: skip
    return Divergence(
        channel=channel,
        path=first.path,
        control=first.control,
        candidate=first.candidate,
        fields=first.fields,
        phase=phase_name(first.path),
        iteration=iteration_of(first.path),
        container=container,
        config_path=", ".join(setting.path for setting in settings) or None,
        settings=settings,
        control_chain=_chain(control, first, first.left),
        candidate_chain=_chain(candidate, first, first.right),
        also=tuple(differing[1:]),
    )


def _chain(record: Record, first: Difference, event: Event | None) -> tuple[dict[str, Any], ...]:
    trace: Trace | None = record.channels.get(Channel.TRACE, {}).get(first.unit or "")
    chain: list[dict[str, Any]] = []
    while event is not None and len(chain) < _LONGEST_CHAIN:
        chain.append({"kind": event.kind.value, **msgspec.to_builtins(event)})
        cause = event.cause
        # Causes come before effects; anything else is part of the divergence, not a way to go.
        if trace is None or cause is None or not 0 <= cause < event.seq:
            break
        event = trace.event_by_seq(cause)
    return tuple(chain)


def _is_count(outcome: ChannelOutcome) -> bool:
    """Whether a difference in ``lifecycle`` is of the slices or events that a unit had."""
    return outcome.first is not None and outcome.first.path.endswith((".slices", ".events"))


def _container(record: Record, channel: Channel, first: Difference) -> str | None:
    """Name the container that a difference is about, where it is about one."""
    place, _, path = first.path.partition(": ")
    portfolio = _PORTFOLIO.search(place)
    if portfolio is not None:
        return f"portfolio/{portfolio[1]}"
    match = _ENTRY.match(path)
    if channel not in (Channel.TOPOLOGY, Channel.LIFECYCLE) or match is None:
        return None
    try:
        entry = record.channels[channel][place][int(match["entry"])]
        if match["built"] is not None:
            return str(entry["containers"][int(match["built"])]["id"])
        return str(entry["container"])
    except (LookupError, TypeError):
        return None  # that side does not have it
