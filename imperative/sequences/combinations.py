"""Combinations of a parameter space: the whole product, or random samples of it.

A combination is a mapping from key to value, in declared order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from containers.configuration import RandomSampling, SpaceKey
from containers.errors import ConfigurationError, Problem
from imperative.sequences.noise import generator

__all__ = [
    "combination_of",
    "combinations",
    "count_combinations",
    "is_numbered",
    "need_keys",
    "numbered",
]


def numbered(name: str, k: int) -> str:
    """Name a strategy in combination k, where all combinations are in one unit."""
    return f"{name}#{k}"


def combination_of(
    strategy: str,
    space: Sequence[SpaceKey],
    random: RandomSampling | None,
    *,
    seed: int,
    spawn_key: tuple[int, ...],
) -> dict[str, Any]:
    """Give the combination that a strategy, as `numbered` names it, belongs to."""
    k = int(strategy.rpartition("#")[2])
    tried = combinations(space, random, seed=seed, spawn_key=spawn_key)
    return next(itertools.islice(tried, k, None))


def is_numbered(strategy: str) -> bool:
    """Say whether a strategy is named as `numbered` does; no user's name has the sign."""
    return "#" in strategy


def need_keys(space: Sequence[SpaceKey], what: str) -> None:
    """Make sure that there is something to combine.

    Raises:
        ConfigurationError: There is not.
    """
    if not space:
        message = f"{what} has no key of the parameter space to walk, expected at least one"
        hint = (
            "name a parameter of a strategy, for example parameter_space: "
            "{momentum.fast_period: [5, 10]}; what a sequence around it walks is used up"
        )
        raise ConfigurationError([Problem(message, path=("parameter_space",), hint=hint)])


def count_combinations(space: Sequence[SpaceKey], random: RandomSampling | None) -> int:
    """Count the combinations without making them."""
    return random.count if random is not None else math.prod(len(_listed(key)) for key in space)


def combinations(
    space: Sequence[SpaceKey],
    random: RandomSampling | None,
    *,
    seed: int,
    spawn_key: tuple[int, ...],
) -> Iterator[dict[str, Any]]:
    """Give the combinations: in declared order, the last key fastest; or sample by sample.

    Args:
        space: The keys.
        random: Null: all of them.
        seed: The configuration's.
        spawn_key: Of what is around; sample i draws with i behind it.
    """
    keys = [key.key for key in space]
    if random is None:
        for values in itertools.product(*map(_listed, space)):
            yield dict(zip(keys, values, strict=True))
        return
    for index in range(random.count):
        draw = generator(seed, (*spawn_key, index))
        yield {key.key: _drawn(key, draw) for key in space}


def _listed(key: SpaceKey) -> Sequence[Any]:
    if key.values is None:
        raise TypeError(f"'{key.key}' is a range, which has no product")
    return key.values


def _drawn(key: SpaceKey, draw: np.random.Generator) -> Any:
    if key.range is None:
        listed = _listed(key)
        return listed[int(draw.integers(0, len(listed)))]
    value = float(draw.uniform(key.range.low, key.range.high))
    if not key.integer:
        return value
    return round(value) if key.minimum is None else max(round(value), int(key.minimum))
