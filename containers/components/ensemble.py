"""The ensemble: a strategy that decides by the weighted vote of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from containers.components.interfaces import Decision, Indicator
from containers.components.parameters import Parameter, members, number

__all__ = ["Ensemble"]


class Ensemble(msgspec.Struct, frozen=True):
    """Goes where the weighted mean of its members' views points, if it is beyond the threshold.

    v = (sum of (weight x direction) x strength) / (sum of |weight|), in declared order; the
    strength is |v|, at most 1, also when the direction is 0. So members that are all flat give
    (0, 0.0), which differs from what holds before the first bar, (0, 1.0).
    """

    type_name: ClassVar[str] = "ensemble"
    sees_closes: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "members": members(),
        "threshold": number(0.0, minimum=0.0),
    }
    members: Mapping[str, float]
    threshold: float

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """None: it looks at its members alone."""
        return ()

    def combine(
        self,
        last: Decision,
        close: float,
        values: Sequence[float | None],
        views: Sequence[Decision],
    ) -> Decision:
        """Weigh the views."""
        votes, weights = 0.0, 0.0
        for weight, (direction, strength) in zip(self.members.values(), views, strict=True):
            votes += (weight * direction) * strength
            weights += abs(weight)
        vote = votes / weights
        direction = 1 if vote > self.threshold else -1 if vote < -self.threshold else 0
        return Decision(direction, min(1.0, abs(vote)))
