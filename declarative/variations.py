"""What iterations change of parameters: combinations of them, and noise on them.

All of it is drawn from one generator per iteration, `generator`, whose key says which iteration it
is; so an iteration draws the same numbers wherever and whenever it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from containers.components import Components, Parameter
from containers.configuration import Configuration, ParameterRange, SpaceKey

__all__ = [
    "Parameters",
    "combinations",
    "count_combinations",
    "generator",
    "noisy",
    "sample",
]

Parameters: TypeAlias = dict[str, Any]
"""Values by ``{strategy}.{parameter}``."""


def generator(random_seed: int, spawn_key: tuple[int, ...]) -> np.random.Generator:
    """Give the generator of one iteration."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(random_seed, spawn_key=spawn_key))
    )


def count_combinations(space: Sequence[SpaceKey]) -> int:
    """Count what `combinations` gives."""
    count = 1
    for key in space:
        count *= len(key.values or ())
    return count if space else 0


def combinations(space: Sequence[SpaceKey]) -> Iterator[Parameters]:
    """Give the product of the values, in declared order, the last key fastest."""
    names = [key.key for key in space]
    for chosen in product(*(key.values or () for key in space)):
        yield dict(zip(names, chosen, strict=True))


def sample(space: Sequence[SpaceKey], draws: np.random.Generator) -> Parameters:
    """Draw one value for each key, in order."""
    drawn: Parameters = {}
    for key in space:
        if isinstance(key.range, ParameterRange):
            value = float(draws.uniform(key.range.low, key.range.high))
            drawn[key.key] = _whole(value, key.minimum) if key.integer else value
        else:
            values = key.values or ()
            drawn[key.key] = values[int(draws.integers(0, len(values)))]
    return drawn


def _whole(value: float, minimum: float | None) -> int:
    rounded = round(value)  # half to even
    return rounded if minimum is None else max(rounded, int(minimum))


def noisy(
    configuration: Configuration, components: Components, draws: np.random.Generator
) -> Parameters:
    """Vary every numeric parameter: value x (1 + noise_level x z), one z each, in order.

    Whole numbers are rounded half to even and at least 1; none falls below its parameter's minimum.
    Weights of an ensemble stay.
    """
    level = configuration.monte_carlo.noise_level
    varied: Parameters = {}
    for strategy in configuration.strategies:
        for name, declared in components.strategies[strategy.type].parameters.items():
            if declared.kind not in ("integer", "number"):
                continue
            value = strategy.parameters[name] * (1 + level * float(draws.standard_normal()))
            varied[f"{strategy.name}.{name}"] = _allowed(value, declared)
    return varied


def _allowed(value: float, declared: Parameter) -> int | float:
    if declared.kind == "integer":
        return max(_whole(value, declared.minimum), 1)
    return value if declared.minimum is None else max(value, float(declared.minimum))
