"""The channels of a record: everything observable of a run, sorted by kind.

Cause comes before effect: a wrong configuration changes the plan, a wrong plan the windows, and so
on down to the outputs. Comparing in this order names the cause first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

__all__ = ["ALL", "CAUSE_FIRST", "ORACLE", "REQUIRED", "Channel", "Content"]

Content: TypeAlias = Mapping[str, Any]
"""What a channel holds, by structural path: plain trees, traces, trades, curves or metrics."""


class Channel(StrEnum):
    """What can be seen of a run, cause first."""

    CONFIG = "config"
    PLAN = "plan"
    WINDOWS = "windows"
    TOPOLOGY = "topology"
    LIFECYCLE = "lifecycle"
    HOOKS = "hooks"
    TRACE = "trace"
    TRADES = "trades"
    EQUITY = "equity"
    METRICS = "metrics"
    OUTPUTS = "outputs"
    FILES = "files"
    STATUS = "status"
    ERRORS = "errors"


CAUSE_FIRST: Final = tuple(Channel)

REQUIRED: Final = frozenset(
    {
        Channel.STATUS,
        Channel.CONFIG,
        Channel.PLAN,
        Channel.TOPOLOGY,
        Channel.LIFECYCLE,
        Channel.TRACE,
        Channel.METRICS,
    }
)
"""Channels that two full engines must both fill; the others count once either side fills them."""

ALL: Final = frozenset(Channel)

ORACLE: Final = frozenset({Channel.TRACE, Channel.TRADES, Channel.EQUITY, Channel.METRICS})
"""What the oracle declares: it has no phases, containers or files of its own."""
