"""How far a subject is from itself: the noise floor below which no difference means anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome, Difference
from parity.verdicts import Verdict

__all__ = ["NoiseFloor", "is_within"]


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


def is_within(outcomes: Mapping[Channel, ChannelOutcome], floors: Iterable[NoiseFloor]) -> bool:
    """Whether all that differs differs as well between runs of one subject, and as far.

    It is no excuse: who differs from himself can be compared with nobody. It tells where to begin.

    Args:
        outcomes: Of comparing two subjects on a configuration.
        floors: Of these two on that configuration.
    """
    floors = list(floors)
    parting = {name: each for name, each in outcomes.items() if each.verdict.is_difference}
    noisy = {name for floor in floors for name in floor.channels}
    absolute = max((floor.max_abs or 0.0 for floor in floors), default=0.0)
    ulp = max((floor.max_ulp or 0 for floor in floors), default=0)
    return bool(parting) and all(
        name in noisy and (each.max_abs or 0.0) <= absolute and (each.max_ulp or 0) <= ulp
        for name, each in parting.items()
    )
