"""One rule of a policy, and the policy itself: what may differ, by how much, why, until when."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from containers.errors import Location
from parity.channels import Channel
from parity.policy.extensions import Cleaner, Comparator
from parity.policy.tolerance import Tolerance

__all__ = ["BOUNDS", "NO_LISTS", "Kind", "Policy", "Rule"]


class Kind(StrEnum):
    """What a rule does about a difference."""

    TOLERANCE = "tolerance"
    IGNORE = "ignore"
    UNORDERED = "unordered"
    COMPARATOR = "comparator"


BOUNDS: Final = ("abs", "rel", "ulp", "nan_equal")
"""The keys that make a tolerance, one or several of them in a rule."""

NO_LISTS: Final = frozenset({Channel.TRACE, Channel.EQUITY})
"""Channels without a list whose order could be of no meaning: they go by time."""


class Rule(msgspec.Struct, frozen=True, eq=False):
    """What is to be done about the differences that it covers.

    Attributes:
        channels: Where it holds.
        path: Glob over the paths of differences, as `parity.policy.globs` reads it.
        pattern: The same as an expression.
        kind: What it does.
        reason: Why, in its author's words.
        text: The rule as written, on one line, without reason, owner and expiry.
        place: Where it stands.
        tolerance: Its bounds, for a tolerance.
        comparator: Name and function, for a comparator.
        owner: Whose it is; null when nobody was named.
        expires: The last day it holds; null: for good.
    """

    channels: frozenset[Channel]
    path: str
    pattern: re.Pattern[str]
    kind: Kind
    reason: str
    text: str
    place: Location
    tolerance: Tolerance = Tolerance()
    comparator: tuple[str, Comparator] | None = None
    owner: str | None = None
    expires: datetime.date | None = None


class Policy(msgspec.Struct, frozen=True, eq=False):
    """What a policy file says.

    Attributes:
        file: Its name as it was given.
        rules: In the order of the file; of those that cover a difference the first decides.
        cleaners: Name to what cleans both sides, in the order of the file.
        places: Where each cleaner stands, ``file:line:column``.
    """

    file: str
    rules: tuple[Rule, ...]
    cleaners: Mapping[str, Cleaner] = {}
    places: Mapping[str, str] = {}


def one_line(entry: Mapping[str, Any]) -> str:
    """Write a rule as it stands in the file, on one line.

    >>> one_line({"channel": "metrics", "path": "**: sharpe_ratio", "ulp": 4, "reason": "sum"})
    'channel: metrics, path: **: sharpe_ratio, ulp: 4'
    """
    told = ("reason", "owner", "expires")
    return ", ".join(f"{key}: {_plain(v)}" for key, v in entry.items() if key not in told)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value)
