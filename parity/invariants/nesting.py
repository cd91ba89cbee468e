"""What every iteration of a phase is: which sequence made it, and what stands inside.

``monte_carlo(walk_forward)`` makes samples, in each of them windows, in each of these a train and a
test, in a train that optimises combinations. `roles_of` says so of every iteration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from parity.invariants.run import Iteration, Phase

__all__ = ["SHIPPED", "Role", "body_of", "roles_of", "sequences_of"]

SHIPPED: Final = (
    "single_pass", "in_sample", "out_of_sample", "train_test", "walk_forward", "k_fold",
    "parameter_sweep", "monte_carlo",
)  # fmt: skip
"""The sequences whose iterations `roles_of` knows."""


class Role(msgspec.Struct, frozen=True):
    """What an iteration is.

    Attributes:
        made_by: The sequence that made it.
        inside: The sequences of its body, outermost first; empty: it is a unit, or holds only what
            the sequence that made it puts below.
        holds: What the sequence that made it puts below it: ``halves`` (a train and a test),
            ``combinations``, ``pieces``; null: its body, or nothing.
    """

    made_by: str
    inside: tuple[str, ...] = ()
    holds: str | None = None


def sequences_of(phase: Phase) -> list[str]:
    """Give the sequence of a phase and its bodies, outermost first."""
    return re.findall(r"[^()\s]+", phase.sequence)


def body_of(role: Role) -> Sequence[str]:
    """Give the sequences that stand where a unit would."""
    return role.inside


def roles_of(phase: Phase) -> dict[str, Role]:
    """Say what every iteration of a phase is, by place.

    Raises:
        LookupError: A sequence is not one of the shipped ones, or makes other iterations.
    """
    return dict(_roles(phase.iterations, tuple(sequences_of(phase))))


def _roles(
    iterations: Sequence[Iteration], sequences: tuple[str, ...]
) -> Iterator[tuple[str, Role]]:
    made_by, *rest = sequences
    if made_by not in SHIPPED:
        raise LookupError(f"the sequence {made_by!r} is a user's own")
    for iteration in iterations:
        yield from _one(iteration, made_by, tuple(rest))


def _one(iteration: Iteration, made_by: str, body: tuple[str, ...]) -> Iterator[tuple[str, Role]]:
    if iteration.name in ("window", "fold"):
        yield iteration.place, Role(made_by, body, "halves")
        for half in iteration.below:
            yield from _one(half, made_by, body)
        return
    below = {one.name for one in iteration.below}
    trains = iteration.name == "train" and made_by not in ("in_sample", "parameter_sweep")
    if trains and _optimises(iteration, body, made_by):
        yield iteration.place, Role(made_by, body, "combinations")
        for one in iteration.below:
            yield from _one(one, made_by, body)
        return
    if made_by == "k_fold" and iteration.name != "test" and below == {"piece"}:
        yield iteration.place, Role(made_by, body, "pieces")
        for one in iteration.below:
            yield from _one(one, made_by, body)
        return
    yield iteration.place, Role(made_by, body)
    if body:
        yield from _roles(iteration.below, body)


def _optimises(iteration: Iteration, body: tuple[str, ...], made_by: str) -> bool:
    """Whether a train's own combinations stand below it.

    Those of a sweep in its body are no optimisation of its own: with a space, a sweep inside a
    training is a configuration error, so that what is below is either the one or the other.
    """
    below = {one.name for one in iteration.below}
    return below == {"combination"} and (not body or body[0] != "parameter_sweep")
