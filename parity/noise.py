"""How far a subject is from itself: the noise floor below which no difference means anything."""

from __future__ import annotations

import msgspec

from parity.channels import Channel
from parity.comparison.outcome import Difference
from parity.verdicts import Verdict

__all__ = ["NoiseFloor"]


class NoiseFloor(msgspec.Struct, frozen=True):
    """What came of running one subject several times on one configuration.

    Attributes:
        config: The configuration as it was named.
        subject: Name of the subject.
        runs: How often it ran.
        verdict: The worst of each later run against the first.
        channels: Verdict of each channel that was not equal; empty: the same bits every time.
        max_abs: Largest absolute difference of two numbers; null when none differ.
        max_ulp: The same counted in doubles between them.
        first: The first difference; null when there is none.
    """

    config: str
    subject: str
    runs: int
    verdict: Verdict
    channels: dict[Channel, Verdict] = {}
    max_abs: float | None = None
    max_ulp: int | None = None
    first: Difference | None = None
