"""Where a baseline has a digest, what lies there now is shown in full."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from parity.baselines.holding import hold
from parity.baselines.showing import LONGEST, shown_now
from parity.baselines.sketch import sketch_of
from parity.channels import Channel
from parity.divergence import first_divergence
from parity.record import Record
from tests.parity.baselines.recorded import file_of, record
from tests.parity.baselines.test_every_channel_is_held import changed_at

NAME = "workflows/search_on_disk"


def only(found: Record, channel: Channel, content: dict[str, Any]) -> Record:
    return msgspec.structs.replace(found, channels={channel: content})


@pytest.mark.parametrize(
    ("channel", "path", "shown"),
    [
        (Channel.TOPOLOGY, (0, "containers", 2, "settings", "timeframe"), '"timeframe":"1dx"'),
        (Channel.TOPOLOGY, (0, "routes", 1, "subscriber"), 'x"'),
        (Channel.LIFECYCLE, (2, "container"), 'x"'),
    ],
    ids=("container", "route", "move"),
)
def test_what_differs_by_digest_is_shown(
    channel: Channel, path: tuple[Any, ...], shown: str
) -> None:
    content = dict(record(NAME).channels[channel])
    place = next(iter(content))
    sound = only(record(NAME), channel, content)
    tampered = only(record(NAME), channel, changed_at(content, place, path))
    held = hold(sketch_of(sound, file_of(NAME)), tampered, file_of(NAME))
    divergence = first_divergence(held.approved, held.record, held.outcomes)
    assert divergence is not None
    assert divergence.channel is channel
    text = shown_now(divergence, tampered)
    assert text is not None
    assert shown in text
    assert len(text) <= LONGEST + 30


def test_where_both_values_are_known_nothing_more_is_shown() -> None:
    content = dict(record(NAME).channels[Channel.METRICS])
    place = next(iter(content))
    tampered = only(record(NAME), Channel.METRICS, changed_at(content, place, ("final_equity",)))
    sound = only(record(NAME), Channel.METRICS, content)
    held = hold(sketch_of(sound, file_of(NAME)), tampered, file_of(NAME))
    divergence = first_divergence(held.approved, held.record, held.outcomes)
    assert divergence is not None
    assert shown_now(divergence, tampered) is None


def test_a_long_part_is_cut_and_tells_how_long_it_is() -> None:
    content = {"p": [{"type": "X", "list": list(range(2000))}]}
    sound = Record("s", "w", "succeeded", frozenset({Channel.PLAN}), {Channel.PLAN: content}, 0.0)
    other = {"p": [{"type": "X", "list": [*range(1999), 5]}]}
    tampered = only(sound, Channel.PLAN, other)
    held = hold(sketch_of(sound, file_of("x")), tampered, file_of("x"))
    divergence = first_divergence(held.approved, held.record, held.outcomes)
    assert divergence is not None
    text = shown_now(divergence, tampered)
    assert text == json.dumps([*range(1887, 1999), 5], separators=(",", ":")) or "…" in str(text)
