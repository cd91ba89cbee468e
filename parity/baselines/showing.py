"""What lies now at a place of which a baseline has a digest, as text.

A difference is told by its place in an outline. `shown_now` goes the same way through what the run
really recorded, up to where the outline has a digest in place of a part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from parity.baselines.outline import canonical
from parity.channels import Channel
from parity.divergence import Divergence
from parity.record import Record

__all__ = ["LONGEST", "shown_now"]

LONGEST: Final = 600
"""Characters of what is shown."""

_STEP: Final = re.compile(r"\.?(?P<name>[^.\[\]]+)|\['(?P<quoted>[^']*)'\]|\[(?P<index>\d+)\]")
_ITEMS: Final = re.compile(r"items (\d+) to (\d+)")
_MOVES: Final = "UnitExecuted"


def shown_now(divergence: Divergence, record: Record) -> str | None:
    """Show what a run has where a baseline has a digest; null where both values are there anyway.

    Args:
        divergence: The first difference.
        record: The run.
    """
    place, _, inside = divergence.path.partition(": ")
    content = record.channels.get(divergence.channel, {}).get(place)
    if content is None or not isinstance(content, Mapping | list | tuple):
        return None
    steps = [
        int(found["index"]) if found["index"] else found["name"] or found["quoted"]
        for found in _STEP.finditer(inside)
    ]
    try:
        value = _walked(content, steps, moves=divergence.channel is Channel.LIFECYCLE)
    except (LookupError, TypeError):
        return None
    if not isinstance(value, Mapping | list | tuple):
        return None
    text = canonical(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _walked(node: Any, steps: list[int | str], *, moves: bool) -> Any:
    """Follow steps; of items that are told by one digest give all."""
    items = _ITEMS.fullmatch(str(steps[-1])) if steps else None
    if items is not None:
        # The piece is an item of the list itself: ``[12].items 12 to 27``.
        for step in steps[:-2]:
            node = node[step]
        if moves:
            node = [entry for entry in node if entry.get("type") != _MOVES]
        return node[int(items[1]) : int(items[2]) + 1]
    if steps and steps[-1] == "digest":
        steps = steps[:-1]
    for step in steps:
        node = node[step]
    return node
