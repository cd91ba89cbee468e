"""What sequences draw: combinations of a space, samples, noise (`docs/semantics.md` 8.4, 8.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

import numpy as np

__all__ = [
    "PARAMETERS",
    "changed_strategies",
    "combinations",
    "generator",
    "noisy",
    "space_of",
    "target_of",
]

PARAMETERS: Final[Mapping[str, Mapping[str, int | float | None]]] = {
    "momentum": {"fast_period": 1, "slow_period": 1},
    "mean_reversion": {"lookback": 1, "num_std": 0.0},
    "rsi": {"period": 1, "oversold": 0.0, "overbought": 0.0},
    "breakout": {"lookback": 1},
    "rate_of_change": {"lookback": 1, "threshold": 0.0},
    "buy_and_hold": {},
    "ensemble": {"members": None, "threshold": 0.0},
}
"""Parameters of the shipped strategies with their minimum: whole for a whole number, null for the
weights of members."""

_NAME: Final = "name"


def generator(config: Mapping[str, Any], spawn_key: Sequence[int]) -> np.random.Generator:
    """Give the generator of a random iteration."""
    seeds = np.random.SeedSequence(config["random_seed"], spawn_key=tuple(spawn_key))
    return np.random.Generator(np.random.PCG64(seeds))


def target_of(
    strategies: Sequence[Mapping[str, Any]], key: str
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Give the strategy that a key of a space means, and the path of the value in its parameters.

    Raises:
        LookupError: No strategy fits.
    """
    fitting = [item for item in strategies if key.startswith(f"{item[_NAME]}.")]
    if not fitting:
        raise LookupError(f"no strategy has the parameter {key!r}")
    item = max(fitting, key=lambda item: len(item[_NAME]))
    rest = key.removeprefix(f"{item[_NAME]}.")
    if rest.startswith("members."):
        return item, ("members", rest.removeprefix("members."))
    return item, (rest,)


def space_of(config: Mapping[str, Any], left_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Give the keys of the parameter space that count.

    Args:
        config: Resolved, of a phase.
        left_out: Names of strategies whose keys do not count, those that are replayed.
    """
    sweep = config["parameter_sweep"]
    space: dict[str, Any] = {}
    for key, values in config["parameter_space"].items():
        item, _ = target_of(config["strategies"], key)
        chosen = sweep["only"] is None or item["type"] in sweep["only"]
        if chosen and item["type"] not in sweep["skip"] and item[_NAME] not in left_out:
            space[key] = values
    return space


def combinations(
    config: Mapping[str, Any],
    spawn_key: Sequence[int] = (),
    left_out: frozenset[str] = frozenset(),
) -> Iterator[tuple[dict[str, Any], tuple[int, ...]]]:
    """Give all combinations in order, each with its spawn_key.

    Args:
        config: Resolved, of a phase.
        spawn_key: Of what is around.
        left_out: Names of strategies whose keys do not count.

    Raises:
        LookupError: A strategy is not one of the shipped ones.
    """
    space = space_of(config, left_out)
    random = config["parameter_sweep"]["random"]
    if random is None:
        for values in product(*space.values()):
            yield dict(zip(space, values, strict=True)), tuple(spawn_key)
        return
    for index in range(random["count"]):
        key_of_draw = (*spawn_key, index)
        draw = generator(config, key_of_draw)
        yield {k: _drawn(draw, config, k, values) for k, values in space.items()}, key_of_draw


def _drawn(draw: np.random.Generator, config: Mapping[str, Any], key: str, values: Any) -> Any:
    if not isinstance(values, Mapping):
        return values[int(draw.integers(0, len(values)))]
    value = float(draw.uniform(values["low"], values["high"]))
    item, path = target_of(config["strategies"], key)
    if len(path) > 1:
        return value
    minimum = PARAMETERS[item["type"]][path[0]]
    # A half goes to the even side.
    return max(round(value), minimum) if isinstance(minimum, int) else value


def noisy(
    config: Mapping[str, Any], changes: Mapping[str, Any], spawn_key: Sequence[int]
) -> dict[str, Any]:
    """Give the parameters of a sample of ``parameter_noise``, in the order drawn.

    Args:
        config: Resolved, of a phase.
        changes: Parameters of the iterations around the sample, which are the values disturbed.
        spawn_key: Of the sample.

    Raises:
        LookupError: A strategy is not one of the shipped ones.
    """
    draw, level = generator(config, spawn_key), config["monte_carlo"]["noise_level"]
    found: dict[str, Any] = {}
    for item in changed_strategies(config, changes):
        for name, minimum in PARAMETERS[item["type"]].items():
            if minimum is None:
                continue
            value = item["parameters"][name] * (1.0 + level * float(draw.standard_normal()))
            if isinstance(minimum, int):
                value = max(round(value), 1)
            found[f"{item[_NAME]}.{name}"] = max(value, minimum)
    return found


def changed_strategies(
    config: Mapping[str, Any], changes: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Give the strategies of a configuration with changes put in; it stays as it is."""
    changed = [{**item, "parameters": dict(item["parameters"])} for item in config["strategies"]]
    for key, value in changes.items():
        item, path = target_of(changed, key)
        parameters = item["parameters"]
        if len(path) > 1:
            parameters[path[0]] = {**parameters[path[0]], path[1]: value}
        else:
            parameters[path[0]] = value
    return changed
