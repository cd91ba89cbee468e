"""Random numbers of iterations, and noise on the parameters of strategies.

Iteration i draws from Generator(PCG64(SeedSequence(random_seed, spawn_key=(…, i)))), so that it
gives the same numbers whatever ran before it, and wherever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from containers.components import Components, Parameter
from containers.configuration import StrategySettings

__all__ = ["generator", "noisy_parameters"]


def generator(seed: int, spawn_key: tuple[int, ...]) -> np.random.Generator:
    """Give the generator of an iteration, by the indexes of all random iterations it is in."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=spawn_key)))


def noisy_parameters(
    strategies: Sequence[StrategySettings],
    components: Components,
    noise_level: float,
    draw: np.random.Generator,
) -> dict[str, Any]:
    """Give every number of every strategy x (1 + noise_level x z), z a standard normal of its own.

    Strategies in config order, parameters in the component's. Integers are rounded half to even;
    they are at least 1, and no parameter is below its minimum. Weights of an ensemble stay.

    Returns:
        ``{strategy}.{parameter}`` to value.
    """
    found: dict[str, Any] = {}
    for strategy in strategies:
        for name, parameter in components.strategies[strategy.type].parameters.items():
            if parameter.kind in ("integer", "number"):
                z = float(draw.standard_normal())
                value = strategy.parameters[name] * (1 + noise_level * z)
                found[f"{strategy.name}.{name}"] = _kept_in_range(value, parameter)
    return found


def _kept_in_range(value: float, parameter: Parameter) -> int | float:
    if parameter.kind == "integer":
        return max(round(value), 1, int(parameter.minimum or 1))
    return value if parameter.minimum is None else max(value, float(parameter.minimum))
